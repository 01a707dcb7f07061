//! The state, read only.

use crate::Peer;
use crate::client::Client;
use crate::machine::Session;

/// A read-only picture of all sessions.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    session: &'a Session,
}

/// One connection.
#[derive(Clone, Copy, Debug)]
pub struct ClientView<'a> {
    client: &'a Client,
}

impl<'a> View<'a> {
    pub(crate) fn new(session: &'a Session) -> View<'a> {
        View { session }
    }

    /// All connections.
    pub fn clients(&self) -> impl Iterator<Item = ClientView<'a>> + use<'a> {
        self.session.clients.values().map(|client| ClientView { client })
    }

    /// Whether a client of this name, or a casual one of this process id, is on.
    pub fn is_online(&self, name: &str) -> bool {
        self.session.names.contains_key(name)
    }

    /// Whether anybody has signed on.
    pub fn has_clients(&self) -> bool {
        !self.session.names.is_empty()
    }

    /// Refusals since the start.
    pub fn refusals(&self) -> u64 {
        self.session.refusals
    }

    /// Outputs that nobody has fetched yet.
    pub fn outputs_waiting(&self) -> usize {
        self.session.outputs.len() + self.session.replies.len()
    }
}

impl<'a> ClientView<'a> {
    /// The name that it has signed on with; the process id in digits for a casual one; `None` before the sign-on.
    pub fn name(&self) -> Option<&'a str> {
        self.client.identity().map(|identity| identity.name.as_str())
    }

    /// Whether it has no name of its own.
    pub fn is_casual(&self) -> bool {
        self.client.identity().is_some_and(|identity| identity.casual)
    }

    /// Who it is, by the kernel.
    pub fn peer(&self) -> Peer {
        self.client.peer
    }

    /// Messages that it has not read.
    pub fn unread(&self) -> usize {
        self.client.queue.waiting
    }

    /// Whether its requests wait until it reads.
    pub fn is_held(&self) -> bool {
        self.client.queue.held
    }
}
