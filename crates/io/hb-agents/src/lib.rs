//! Running external programs under a contract: OCF, LSB, heartbeat scripts, fence agents.
//!
//! [`Executor`] is the body of the executor roles: it joins `hb-lrm`'s machine with the two parts that do the
//! work and with the channel to the master.
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
//! Queues, time limits and the meaning of exit codes (`hb-lrm`), announcing addresses (`hb-address`), why
//! something is to be started or stopped.

mod capture;
mod channel;
mod executor;
pub mod notices;
mod places;
mod plan;
mod runner;
mod stonith;

pub use capture::{HEAD_BYTES, LINE_BYTES, LOGGED_LINES};
pub use channel::{call_executor, retire_executor};
pub use executor::{Executor, ExecutorError, MAX_NOTICES, MAX_UNSENT, ORPHAN_PATIENCE, Settings};
pub use places::Places;
pub use plan::{DEVICE_FILE, Missing, Plan, plan};
pub use runner::{Event, Runner};
pub use stonith::{
    QUESTION_LIMIT, StonithProblem, read_stonith_parameters, read_stonith_types, stonith_parameters,
    stonith_types,
};
