//! One connection.

use crate::filter::Filter;
use crate::{QUEUE_DEFAULT, Snapshot};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use hb_base::ClientId;
use hb_wire::Message;

/// Longest client name (spec: ipc 3.3).
pub const NAME_BYTES_MAX: usize = 31;

/// Who is at the other end, by the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Its process; 0 when it is in a process-id namespace that this daemon does not see.
    pub pid: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

/// How far a connection is.
#[derive(Debug)]
pub(crate) enum State {
    /// It has not signed on.
    New,
    /// Its sign-on waits for an answer about a process.
    Checking(Box<Message>),
    /// It has signed on.
    On(Identity),
}

/// As whom a client has signed on.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// Its name; the process id in digits for a casual client.
    pub(crate) name: String,
    /// It has no name of its own: it may ask and listen.
    pub(crate) casual: bool,
    pub(crate) pid: u32,
}

/// A connection and what it has asked for.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) peer: Peer,
    pub(crate) state: State,
    /// Number of its first message among those of all connections: the field `client_gen`.
    pub(crate) generation: u64,
    pub(crate) filter: Filter,
    /// Sent with each message; 0 for none.
    pub(crate) signal: u8,
    pub(crate) queue: Queue,
    pub(crate) garbage: u64,
    /// Of these nodes, older messages are not its business.
    pub(crate) snapshots: Vec<Snapshot>,
}

/// What it leaves unread.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) limit: usize,
    pub(crate) waiting: usize,
    pub(crate) held: bool,
}

impl Client {
    pub(crate) fn new(id: ClientId, peer: Peer) -> Client {
        Client {
            id,
            peer,
            state: State::New,
            generation: 0,
            filter: Filter::DEFAULT,
            signal: 0,
            queue: Queue { limit: QUEUE_DEFAULT, waiting: 0, held: false },
            garbage: 0,
            snapshots: Vec::new(),
        }
    }

    pub(crate) fn identity(&self) -> Option<&Identity> {
        match &self.state {
            State::On(identity) => Some(identity),
            State::New | State::Checking(_) => None,
        }
    }

    /// What notices call it.
    pub(crate) fn subject(&self) -> String {
        match self.identity() {
            Some(identity) => alloc::format!("client {}", identity.name),
            None => alloc::format!("client pid {}", self.peer.pid),
        }
    }
}
