//! Sessions of the Heartbeat API: who may sign on, what a client asks and hears, when it is cut off (spec: ipc section 3).
//!
//! [`Session`] is one pure machine for all local clients of a node. It gets their messages decoded, and what the
//! cluster delivers; it answers with messages for clients, messages for the cluster, and questions about the
//! cluster's state that its owner answers at once. Read [`Input`] and [`Output`] first.
//!
//! The machine in ten lines: a connection is nobody until its first good message, a sign-on, has passed the checks in
//! the original's order (`signon`). A client with a name of its own may send messages to the clients of that name
//! on all nodes, and their comings and goings are told to those (`departure`). A casual client, known by its process id,
//! only asks and listens. Requests (`requests`) become an answer, or a question first (`answers`). What the cluster
//! delivers goes to the addressed client or to all whose filter wants it (`delivery`). The owner tells how many
//! messages a client leaves unread: at some point its requests are no longer read, at another it is cut off (`queue`).
//!
//! # Invariants
//! - Nothing but a refusal is sent to a connection before its sign-on has passed.
//! - One name, one client.
//! - A request is answered in its turn and once; requests that have no answer are marked.
//! - Of what concerns one client, deliveries that a request caused come before the answer to it.
//! - What a client does, or does not do, changes nothing for another one.
//!
//! # Does not know about
//! Sockets, processes, files, encodings, liveness, resources.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod answers;
mod client;
mod delivery;
mod departure;
mod facts;
mod filter;
mod input;
mod machine;
pub mod notices;
mod options;
mod output;
mod queue;
mod requests;
mod signon;
mod view;

pub use client::{NAME_BYTES_MAX, Peer};
pub use facts::{Fact, LinkFact, NodeFact, Question, Snapshot};
pub use filter::Treatment;
pub use input::{Ending, Input};
pub use machine::{AUDIT_EVERY, CLIENTS_MAX, Session};
pub use options::{Allowed, Options, Permissions};
pub use output::Output;
pub use queue::{HOLD_AT, QUEUE_DEFAULT, QUEUE_MAX};
pub use view::{ClientView, View};
