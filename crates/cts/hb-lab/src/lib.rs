//! The laboratory: real processes in network namespaces.
//!
//! A [`world::World`] is a switch with networks, nodes that are namespaces of their own, a client,
//! and a power switch outside the nodes. Everything is asked of the kernel directly, so a machine
//! needs nothing installed. The real `heartbeat` binary runs in the nodes; this crate never links
//! the daemon's own crates.
//!
//! *Invariants*: nothing of a world outlives the process that built it, however that process ends;
//! no packet leaves the world; only processes that the laboratory started are ever signalled.
//!
//! *Does not know about*: what the daemon decides. What a heartbeat looks like it knows from the
//! wire format alone ([`wire`]).

mod api_client;
pub mod bench;
pub mod cluster;
pub mod cts;
pub mod demo;
pub mod error;
mod incarnation;
mod netlink;
pub mod netns;
pub mod permit;
pub mod power;
pub mod probe;
pub mod proc;
mod process;
mod service;
mod sys;
mod wait;
pub mod watch;
pub mod wire;
pub mod world;

pub use error::{LabError, Result};
pub use process::{FLAG, intercept};
pub use service::PORT as SERVICE_PORT;
pub use wait::until;
