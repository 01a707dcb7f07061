//! Local resource manager: operation queues and the meaning of results.
//!
//! A [`Resource`] is something an agent can start, stop and ask for its status. An [`Operation`] is one such
//! request with its limits; it ends in exactly one [`Outcome`], whatever the agent does. [`interpret`] says
//! what an agent's exit means, class by class.
//!
//! [`Lrm`] is the machine of the executor: it keeps one queue per resource and lets the shell run what is
//! due. An operation that takes longer than it may is ended by TERM, five seconds later by KILL, each to its
//! whole process group; five seconds after that the machine complains. When the master is gone, what runs
//! runs on, queued starts are cancelled, and addresses are released unless a master returns and names them
//! within [`ADOPTION_GRACE`].
//!
//! # Invariants
//! - At most one operation per resource id runs; a resource's operations run in the order of their arrival.
//! - At most `max_children` programs run at once; fencing and addresses do not count.
//! - Every submitted call is answered exactly once, to whichever master is there then.
//! - Without a master nothing is started.
//!
//! # Does not know about
//! Processes, sockets, who asked, and which node should own what.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod channel;
mod lane;
mod machine;
pub mod notices;
mod outcome;
mod resource;

pub use machine::{
    ADOPTION_GRACE, Done, FENCING_EXTRA, Input, KILL_AFTER, Lrm, MAX_KEPT_RESULTS, MAX_QUEUED_PER_RESOURCE,
    MAX_RESOURCES, Output, Running, SLOW_QUEUE, Signal, State, View, max_children,
};
pub use outcome::{Ending, Exit, Outcome, interpret, ocf_meaning, stonith_meaning};
pub use resource::{Action, Class, Operation, Resource};
