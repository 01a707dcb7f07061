//! Local channels: between the master and its children, and to clients.
//!
//! - [`Pair`]: packets between two processes of a node, many a system call, never blocking the master.
//! - [`Framed`]: frames over a stream, each behind its header ([`Framing`]): the control socket, and the sockets
//!   of the original, which its programs connect to.
//! - [`Listener`]: such a socket itself, with the peer's credentials from the kernel.
//! - [`Request`]: what may be asked there.
//! - [`Batch`]: up to [`BATCH`] packets received or sent with one system call; also used on media sockets.
//!
//! # Invariants
//! - Nothing here waits for a peer, except [`Framed::call`] and [`Framed::settle`] up to their limits.
//! - No peer makes us hold more than the limits it was given.
//!
//! # Does not know about
//! What a packet means, or how a request is carried out.

mod batch;
mod framed;
mod framing;
mod listener;
mod pair;
mod request;
mod sys;

pub use batch::{BATCH, Batch, Wait, send_packets};
pub use framed::{Framed, FramedError, Incoming, Limits};
pub use framing::Framing;
pub use listener::{Listener, ListenerError, Peer};
pub use pair::{Pair, Received, Sent};
pub use request::{Request, Share};
