//! The vocabulary that every other crate speaks: ids, time, randomness, notices, the shape of a machine.
//!
//! Nothing here decides anything. A state machine of this project has four methods, see [`Machine`]; the
//! module [`machine`] shows a complete toy one.
//!
//! # Invariants
//! - [`Instant`] never leaves the node that made it; [`WallTime`] never decides liveness.
//! - [`Rng`] gives the same numbers for the same seed in every later version.
//!
//! # Does not know about
//! Sockets, files, clocks, the wire format, resources.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ids;
pub mod machine;
mod notice;
mod rng;
mod time;

pub use ids::{CallId, ClientId, Generation, MediumId, NodeId, NodeName, Seq, Token, Uuid};
pub use machine::Machine;
pub use notice::{Field, Notice, Severity, Value};
pub use rng::Rng;
pub use time::{Instant, WallTime};
