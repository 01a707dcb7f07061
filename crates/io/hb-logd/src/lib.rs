//! From notices to lines, and from lines to files, the system's log and the terminal, without anybody waiting.
//!
//! Machines emit [`hb_base::Notice`] values; [`render`] makes the sentence a person reads. The logging role owns a
//! [`LogWriter`]: a bounded queue, and a thread that feeds the [`Sinks`]. Everybody else sends it [`Line`]s over a
//! channel, or [`record`]s over the original's socket; neither blocks the sender.
//!
//! # Invariants
//! - [`LogWriter::push`] never waits for a sink, and the queue never holds more than [`QUEUE_BYTES_MAX`].
//! - A sink that fails (full disk, no syslog) is retried at the next line and costs the others nothing. What it did not
//!   take, and what the queue had no room for, is counted and reported there once it works again.
//! - A log file holds whole lines only, also after the disk was full.
//!
//! # Does not know about
//! Who decided what, and why.
#![forbid(unsafe_code)]

mod config;
mod file;
mod line;
mod queue;
pub mod record;
pub mod recorder;
mod render;
mod sinks;
mod stamp;
mod system;

pub use config::{DaemonConfig, parse_facility};
pub use file::Keep;
pub use line::{Line, Priority};
pub use queue::{LogWriter, QUEUE_BYTES_MAX};
pub use render::render;
pub use sinks::{Forward, Sinks, SinksOptions};
pub use system::Facility;
