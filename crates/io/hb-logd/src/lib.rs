//! From notices to lines, and from lines to files, syslog and the terminal.
//!
//! Machines emit [`hb_base::Notice`] values; [`render`] makes the sentence a person reads. The logging
//! role owns the [`Sinks`]; everybody else sends it [`Line`]s over a channel that never blocks the sender.
//!
//! # Invariants
//! - A sink that fails (full disk, no syslog) is retried at the next line and costs the others nothing;
//!   lines that no sink took are counted and reported once it works again.
//!
//! # Does not know about
//! Who decided what, and why.
#![forbid(unsafe_code)]

mod line;
mod render;
mod sinks;

pub use line::Line;
pub use render::render;
pub use sinks::{Facility, Sinks, SinksOptions};
