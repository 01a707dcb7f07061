//! Fencing decisions: devices, requests, retries.
//!
//! The machine [`Stonith`](Input) knows the devices that this node may use and the nodes that somebody wants
//! down. It asks an executor to run the device, tries again 5 s after each failure for ever, and answers
//! [`FenceResult::Confirmed`] only when the executor reported success for the very operation that was started
//! for that request.
//!
//! # Does not know about
//! Takeover, messages, who holds what, processes.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod device;
mod interface;

pub use device::{Device, Line, Parameters};
pub use interface::{
    ALERT_INTERVAL, ANSWER_GRACE, FenceResult, Input, MAX_REQUESTS, Mode, OPERATION_TIMEOUT, Options, Output,
    POLL_INTERVAL, RETRY_DELAY,
};
