//! Takeover by haresources: the release-1 resource manager.
//!
//! [`Classic`] is one pure machine for one node of a pair. It knows the groups of `haresources`, which of the two
//! halves (local: groups that prefer us, foreign: the others) it holds and what the other node said that it holds.
//! A half changes hands in five ways only: a starting node takes what the other does not hold; a dead node's half
//! is taken after its fencing was confirmed, or was not needed, or is impossible because there is no device; a
//! standby in three steps (`ask_resources` me, other, done); a node that leaves (`shutdone`); and after a healed
//! partition one of the two gives up what both hold (`heal`). Groups start from left to right and stop from right
//! to left, each by its own small machine ([`GroupRun`]), side by side.
//!
//! # Invariants
//! - A half is acquired only when the peer said that it has released it, never held it, is confirmed dead, or
//!   (without a device, and shown as [`Mode::Unprotected`]) is taken for dead.
//! - `done` and `shutdone` are sent only when every stop has succeeded or the resource was seen not running.
//! - A resource that will not stop is `blocked`: its release is never announced.
//! - A half is handed over because of a failed start at most once in a row.
//! - Outputs are drained after each input; between inputs the machine stores nothing that grows.
//!
//! # Does not know about
//! Sockets, processes, how nodes are found dead, how fencing is done, more than two nodes.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod claims;
mod group;
mod heal;
mod held;
mod input;
mod inputs;
mod leave;
mod legacy;
mod machine;
mod messages;
mod moves;
pub mod notices;
mod options;
mod output;
mod peer;
#[cfg(feature = "planted-bugs")]
mod plant;
mod reason;
mod standby;
mod takeover;
mod timers;
mod view;

pub use group::{
    BLOCKED_RETRY_DELAY, Conflict, GroupRun, GroupState, LOSS_WINDOW, LOSSES_MAX, ResourceRun, ResourceState,
    STOP_RETRY_DELAY,
};
pub use hb_stonith::{FenceResult, Mode};
pub use held::Held;
pub use input::{Command, Input, PeerChange, Request, Which};
pub use machine::Classic;
pub use moves::HANDOVER_ATTEMPTS;
pub use options::{AutoFailback, Group, Options, StopUnheld};
pub use output::{Done, Output};
pub use peer::{Peer, Presence};
#[cfg(feature = "planted-bugs")]
pub use plant::Bug;
pub use reason::{Reason, Refusal};
pub use timers::{
    ASK_AGAIN, GRANT_LIMIT, MOVE_RETRY_DELAY, RESTART_DELAY, SHUTDOWN_PATIENCE, STANDBY_LIMIT, TIE_BREAK,
};
pub use view::{FencingView, Phase, StandbyView, State, View};

#[cfg(test)]
mod tests;
