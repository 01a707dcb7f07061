//! Nodes, links, liveness, reliable messages, retransmission, flow control.
//!
//! [`Cluster`] is one pure machine: it gets frames with the kernel's receive stamps, timers, and messages
//! to send, and answers with frames, deliveries, and verdicts about nodes. Read [`Input`] and [`Output`] first.
//!
//! The machine in ten lines: `Start` settles generation and uuid and has them made durable; only then the
//! first `status` leaves. Every frame of a peer passes one table (`receive`): is the sender known, is it its
//! current generation, is the number new, does it leave a gap. New messages are delivered at arrival and, for
//! native clients, again in the sender's order (`order`). Gaps are asked for by the receiver (`missing`),
//! the sender keeps a window of frames (`history`) and pauses its clients when peers do not acknowledge
//! (`flow`). A node whose statuses stop is dead after its own announced deadtime, but only after every
//! reader has confirmed that no frame of it waits unread (`barrier`), and never because we were stalled.
//! Once everybody was heard or is dead, peers are asked for the node list and the status becomes `active`
//! (`startup`).
//!
//! # Invariants
//! - Nothing is sent before the new generation is durable.
//! - Each message of a peer's generation is delivered at most once; on [`Output::Ordered`] in order, and what
//!   cannot be had is reported by [`Output::Gap`] exactly once.
//! - No node is declared dead on silence before all live readers were drained after its deadline.
//! - Wall time decides nothing.
//! - Every queue is bounded by a constant in `bounds` or by [`Options::history`].
//!
//! # Does not know about
//! Sockets, files, clocks, keys' meaning, resources, membership agreement.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod announce;
mod barrier;
mod bounds;
mod bugs;
mod counters;
mod flow;
mod history;
mod hostcache;
mod input;
mod inputs;
mod links;
mod liveness;
mod machine;
mod missing;
mod native;
mod nodes;
pub mod notices;
mod options;
mod order;
mod output;
mod pace;
mod receive;
mod recent;
mod retransmit;
mod roster;
mod send;
mod sequence;
mod startup;
mod status;
mod stored;
mod timers;
mod view;

#[cfg(feature = "planted-bugs")]
pub use bugs::{Bug, Bugs};
pub use counters::{Counters, LinkCounters, MediumCounters, NodeCounters};
pub use input::Input;
pub use machine::Cluster;
pub use options::{Autojoin, GenerationFrom, Medium, MediumKind, Options, Timing, UuidFrom};
pub use output::{Class, Flow, Output, StatusChange, StatusReason};
pub use status::{DeathReason, GapReason, Status};
pub use stored::{Record, Stored};
pub use view::{FlowView, NodeView, Phase, View};
