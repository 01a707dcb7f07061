//! Running external programs under a contract: OCF, LSB, heartbeat scripts, fence agents.
//!
//! [`Runner`] starts the program of an operation in its own process group, reads what it prints within
//! bounds, and reports its end; a daemon that keeps the pipes open delays nothing. [`Places`] says where
//! agents live, [`plan`] how an operation becomes a command line and an environment.
//!
//! # Invariants
//! - Completion is the end of the started process, never the end of its output.
//! - A signal goes to the whole process group; what survives a signalled leader is killed with its end.
//! - What a program prints is bounded in memory and in the log.
//!
//! # Does not know about
//! Queues, time limits and the meaning of exit codes (`hb-lrm`), who asked.

mod capture;
pub mod notices;
mod places;
mod plan;
mod runner;
mod stonith;

pub use capture::{HEAD_BYTES, LINE_BYTES, LOGGED_LINES};
pub use places::Places;
pub use plan::{DEVICE_FILE, Missing, Plan, plan};
pub use runner::{Event, Runner};
pub use stonith::{QUESTION_LIMIT, StonithProblem, stonith_parameters, stonith_types};
