//! What can happen to the machine.

use crate::{Fact, Options, Peer, Treatment};
use alloc::boxed::Box;
use alloc::sync::Arc;
use hb_base::ClientId;
use hb_wire::Message;

/// Inputs of [`Session`](crate::Session). Each says who sends it and when.
#[derive(Debug)]
pub enum Input {
    /// From the shell: a connection was accepted. Its id is new.
    Connected {
        /// The connection.
        client: ClientId,
        /// Who it is, by the kernel.
        peer: Peer,
    },
    /// From the shell: a message came on a connection.
    Received {
        /// The connection.
        client: ClientId,
        /// The message.
        message: Message,
    },
    /// From the shell: a frame came that is no message.
    Garbage {
        /// The connection.
        client: ClientId,
    },
    /// From the shell: the connection has ended.
    Closed {
        /// The connection.
        client: ClientId,
        /// How.
        ending: Ending,
    },
    /// From the shell, whenever it has changed: so many messages wait because the client does not read.
    Waiting {
        /// The connection.
        client: ClientId,
        /// How many.
        messages: usize,
    },
    /// From the shell: the answer to [`Output::Probe`](crate::Output::Probe).
    Probed {
        /// The connection.
        client: ClientId,
        /// The process that was asked about.
        pid: u32,
        /// Whether there is such a process.
        alive: bool,
    },
    /// From the node, at once: the answer to [`Output::Ask`](crate::Output::Ask).
    Fact {
        /// The connection.
        client: ClientId,
        /// The request, back again.
        request: Box<Message>,
        /// The answer.
        fact: Fact,
    },
    /// From the cluster: a message at arrival, or one that this daemon made for its clients.
    Delivered {
        /// The message.
        message: Arc<Message>,
        /// Why it is shown.
        treatment: Treatment,
    },
    /// From the shell: the configuration changed. Who is signed on stays.
    Configure(Box<Options>),
    /// From the event loop, at or after [`Session::deadline`](crate::Session::deadline).
    Timer,
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The client closed it, or ended.
    Closed,
    /// What it sent had a header that is refused.
    Hostile,
    /// It could not be written to.
    SendFailed,
}

impl Ending {
    /// The reason in `hbapi-clstat`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Ending::Closed | Ending::Hostile => "EOF",
            Ending::SendFailed => "sendfail",
        }
    }
}
