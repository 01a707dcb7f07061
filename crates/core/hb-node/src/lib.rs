//! Pure composition: which machines make up the master of a node, and whose output is whose input.
//!
//! [`Node`] is itself a machine. The master role feeds it from descriptors and children; the simulator feeds
//! it from a virtual world. It decides nothing that one of its parts could decide.
//!
//! ```text
//! frames, drains ──> hb-cluster ──> frames, drain requests, durable records
//!                      │   ▲ messages
//!          node states ▼   │
//!                    hb-classic ──> operations for the executor
//!                      │   ▲
//!              fence   ▼   │ confirmed
//!                    hb-stonith ──> operations for the fencing role
//!
//! programs of the Heartbeat API <──> hb-session <──> hb-cluster
//! ```
//!
//! # Invariants
//! - Every output of a part is routed before `handle` returns; no part is called from within another.
//! - A frame leaves for every medium, or waits in that medium's [`Outbox`].
//!
//! # Does not know about
//! Descriptors, processes, files, JSON.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod api;
mod changes;
mod configure;
mod io;
mod node;
mod outbox;
mod request;
mod route;
mod scripts;
mod subscribers;

pub use api::{ApiAction, ApiEvent};
pub use configure::supported_media;
pub use hb_session::{Allowed, Ending, Options as SessionOptions, Peer, Permissions};
pub use io::{ExecutorEvent, FencerEvent, Half, Input, Output};
pub use node::{Live, Node, Options, View};
pub use outbox::{FRAMES_MAX, Offer, Outbox};
pub use request::{Reply, Request, Share};
