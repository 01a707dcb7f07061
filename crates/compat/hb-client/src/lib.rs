//! A client of the Heartbeat API (spec: ipc section 3), for our daemon and for the original's.
//!
//! [`Client::sign_on`] connects. Questions ([`Client::nodes`], [`Client::parameter`], …) wait for their answer, up to a
//! limit. What happens in the cluster comes as [`Event`]s: watch the descriptor ([`std::os::fd::AsFd`]) for reading and
//! call [`Client::poll`] until it has nothing more; or call [`Client::wait`]. No runtime, no threads.
//!
//! ```no_run
//! use hb_client::{Client, Event, SignOn};
//! use std::time::Duration;
//!
//! let mut client = Client::sign_on(&SignOn::named("example"))?;
//! for node in client.nodes()? {
//!     println!("{} is {}", node.name, node.status);
//! }
//! client.send_ordered(hb_client::Message::new("greeting").with("text", "hello"))?;
//! while let Some(event) = client.wait(Duration::from_secs(60))? {
//!     if let Event::Message(message) = event {
//!         println!("{message:?}");
//!     }
//! }
//! # Ok::<(), hb_client::Error>(())
//! ```
//!
//! # Invariants
//! - Messages sent with [`Client::send_ordered`] come in the order in which their sender sent them, each once; what cannot
//!   be had is told by [`Event::Gap`].
//! - Nothing that the daemon sends makes us hold more than the named bounds.
//!
//! # Does not know about
//! What messages mean; the C interface.
#![forbid(unsafe_code)]

mod channel;
mod client;
mod error;
mod event;
mod order;
mod queries;
mod send;

pub use client::{ANSWER_LIMIT, Client, SOCKET, SignOn};
pub use error::Error;
pub use event::Event;
pub use hb_wire::{Message, Value};
pub use queries::{ClientState, Filter, Link, Node};
