//! Media: one file a medium; the sockets, and the bodies of the reader, writer and FIFO children.
//!
//! A medium describes itself and opens its sockets ([`Medium`]: [`Ucast`], [`Mcast`], [`Bcast`]). The master opens them as root,
//! keeps them, and lends them to a reader and a writer child ([`ReaderChild`], [`WriterChild`]), so that a
//! child that was killed is replaced without losing what the kernel has queued. Frames pass unchanged.
//!
//! # Invariants
//! - A frame's stamp is when the kernel received it, on our monotonic clock, and never in the future.
//! - A reader answers a drain request only after everything that was in its socket at the time was forwarded.
//! - A send error is counted and reported, and never ends a writer.
//!
//! # Does not know about
//! Message encodings, signatures, which nodes exist, what a link's silence means.

mod bcast;
mod children;
pub mod fifo;
mod holder;
mod interfaces;
mod mcast;
mod medium;
pub mod protocol;
mod reader;
mod report;
mod roles;
mod sockets;
mod stamps;
mod sys;
mod ucast;
mod writer;

pub use bcast::Bcast;
pub use children::{FifoChild, ReaderChild, WriterChild, reader_batch, writer_batch};
pub use holder::Holder;
pub use interfaces::{Address, Interface, interface, interfaces};
pub use mcast::Mcast;
pub use medium::{MAX_DATAGRAM_BYTES, Medium, OpenError, Opened};
pub use roles::{ROLES, run};
pub use ucast::Ucast;
