//! Fencing decisions: devices, requests, retries.
//!
//! [`Stonith`] knows the devices that this node may use and the nodes that somebody wants down. It asks an executor
//! to run the device, tries again 5 s after each failure for ever (with a rate-limited alert), and asks the device
//! for its status at the start and every hour, which decides the [`Mode`] that people see.
//!
//! # Invariants
//! - [`FenceResult::Confirmed`] is reported only when the executor reported success for the very operation that was
//!   started for that request: results of cancelled, timed out or unknown operations prove nothing.
//! - At most one try per node is under way; a second request for the same node joins the first.
//! - At most [`MAX_REQUESTS`] nodes are waited for.
//!
//! # Does not know about
//! Takeover, messages, who holds what, processes.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod device;
mod inputs;
mod interface;
mod machine;
pub mod notices;
#[cfg(feature = "planted-bugs")]
mod plant;
mod view;

pub use device::{Device, Line, Parameters};
pub use interface::{
    ALERT_INTERVAL, ANSWER_GRACE, FenceResult, Input, MAX_REQUESTS, Mode, OPERATION_TIMEOUT, Options, Output,
    POLL_INTERVAL, RETRY_DELAY,
};
pub use machine::Stonith;
#[cfg(feature = "planted-bugs")]
pub use plant::Bug;
pub use view::{Health, RequestView, View};

#[cfg(test)]
mod tests;
