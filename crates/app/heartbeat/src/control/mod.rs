//! The control socket: how commands talk to a running node.
//!
//! A frame is a length and one JSON document. A request names its command; the answer is the document that
//! the command prints with `--json`, or `{"error": {"code": …, "message": …}}`. A connection that subscribed
//! gets messages as frames of their own.

mod client;
mod server;

pub(crate) use client::{Client, Failure};
pub(crate) use server::{Ask, FRAMES_PER_TURN, Next, Server};

/// Name of the socket in the run folder.
pub(crate) const SOCKET: &str = "control";
