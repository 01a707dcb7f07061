//! A socket of the original's kind, with any number of clients: what a daemon serves on.

use hb_base::ClientId;
use hb_ipc::{Framed, Framing, Incoming, Limits, Listener, Peer};
use hb_runtime::{Class, EventLoop, Interest, SourceId};
use std::collections::BTreeMap;
use std::path::Path;

/// The folder decides who may connect.
const SOCKET_MODE: u32 = 0o777;
/// Connections accepted at a turn.
const ACCEPTS_PER_TURN: usize = 16;
/// Frames taken from one connection before others get their turn.
const FRAMES_PER_TURN: usize = 256;

/// What happened on the socket.
pub(super) enum Heard {
    Connected(ClientId, Peer),
    Frame(ClientId, Vec<u8>),
    Gone(ClientId),
}

struct Connection {
    framed: Framed,
    source: SourceId,
    /// Whole frames may be here already although the descriptor is silent.
    more: bool,
}

/// The socket and its connections. `K` is the event loop's key.
pub(super) struct Server<K> {
    listener: Listener,
    key: fn(ClientId) -> K,
    class: Class,
    limits: Limits,
    max: usize,
    clients: BTreeMap<ClientId, Connection>,
    next_id: u32,
}

impl<K: Clone> Server<K> {
    /// Listens at `path`; its own events come as `own`, those of clients as `key` makes them. At most `max` clients.
    pub(super) fn open(
        path: &Path,
        events: &mut EventLoop<K>,
        (own, key): (K, fn(ClientId) -> K),
        class: Class,
        (limits, max): (Limits, usize),
    ) -> Result<Server<K>, String> {
        let listener = Listener::bind(path, SOCKET_MODE, None).map_err(|e| e.to_string())?;
        events
            .add(&listener, own, Class::Clients, Interest::Read)
            .map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Server { listener, key, class, limits, max, clients: BTreeMap::new(), next_id: 0 })
    }

    /// Takes new connections. One that there is no room for is closed.
    pub(super) fn accept(&mut self, events: &mut EventLoop<K>) -> Vec<Heard> {
        let mut heard = Vec::new();
        for _ in 0..ACCEPTS_PER_TURN {
            // No descriptor left: the listener has refused the connection.
            let Ok(Some((fd, peer))) = self.listener.accept() else { break };
            if self.clients.len() >= self.max {
                continue;
            }
            let Ok(framed) = Framed::with_framing(fd, Framing::Classic, self.limits) else { continue };
            self.next_id = self.next_id.wrapping_add(1);
            let client = ClientId(self.next_id);
            let Ok(source) = events.add(&framed, (self.key)(client), self.class, Interest::Read) else {
                continue;
            };
            self.clients.insert(client, Connection { framed, source, more: false });
            heard.push(Heard::Connected(client, peer));
        }
        heard
    }

    /// Takes what a client has sent, up to its share.
    pub(super) fn read(&mut self, client: ClientId, events: &mut EventLoop<K>) -> Vec<Heard> {
        let mut heard = Vec::new();
        let Some(connection) = self.clients.get_mut(&client) else { return heard };
        connection.more = true;
        let flushed = connection.framed.flush().is_ok();
        if flushed {
            let interest = if connection.framed.wants_write() { Interest::Both } else { Interest::Read };
            let _gone = events.watch(connection.source, interest);
        }
        for _ in 0..FRAMES_PER_TURN {
            match connection.framed.receive() {
                Ok(Incoming::Frame(frame)) => heard.push(Heard::Frame(client, frame)),
                Ok(Incoming::Pending) if flushed => {
                    connection.more = false;
                    return heard;
                }
                Ok(Incoming::Pending | Incoming::Closed) | Err(_) => {
                    self.close(client, events);
                    heard.push(Heard::Gone(client));
                    return heard;
                }
            }
        }
        heard
    }

    /// Clients with frames that no event will tell of. While there are any, do not wait.
    pub(super) fn with_more(&self) -> Vec<ClientId> {
        self.clients.iter().filter(|(_, connection)| connection.more).map(|(id, _)| *id).collect()
    }

    /// Sends a frame. One that does not read its answers is found gone at its next turn.
    pub(super) fn send(&mut self, client: ClientId, body: &[u8], events: &mut EventLoop<K>) {
        let Some(connection) = self.clients.get_mut(&client) else { return };
        let sent = connection.framed.send(body).is_ok();
        if !sent {
            let _shut = rustix::net::shutdown(&connection.framed, rustix::net::Shutdown::Both);
        } else if connection.framed.wants_write() {
            let _gone = events.watch(connection.source, Interest::Both);
        }
    }

    /// Closes a connection; nothing more is heard of it.
    pub(super) fn close(&mut self, client: ClientId, events: &mut EventLoop<K>) {
        if let Some(connection) = self.clients.remove(&client) {
            events.remove(connection.source);
        }
    }
}
