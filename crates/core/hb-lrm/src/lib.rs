//! Local resource manager: operation queues and the meaning of results.
//!
//! A [`Resource`] is something an agent can start, stop and ask for its status. An [`Operation`] is one such
//! request with its limits; it ends in exactly one [`Outcome`], whatever the agent does. [`interpret`] says
//! what an agent's exit means, class by class.
//!
//! # Does not know about
//! Processes, sockets, who asked, and which node should own what.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod outcome;
mod resource;

pub use outcome::{Ending, Exit, Outcome, interpret, ocf_meaning, stonith_meaning};
pub use resource::{Action, Class, Operation, Resource};
