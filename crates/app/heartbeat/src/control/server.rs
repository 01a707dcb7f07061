//! The master's side: connections, what they ask, what they are sent.

use super::SOCKET;
use hb_base::ClientId;
use hb_ipc::{Framed, Incoming, Limits, Listener, ListenerError, Peer, Request, Share};
use hb_runtime::{Class, EventLoop, Interest, SourceId, User};
use hb_wire::{Codec, Message};
use serde_json::json;
use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::path::Path;

/// Connections at once; the next one waits until one ends.
const CLIENTS_MAX: usize = 256;
/// Requests of one connection before others get their turn.
pub(crate) const FRAMES_PER_TURN: usize = 64;

/// What a connection asks.
#[derive(Debug)]
pub(crate) enum Ask {
    Status,
    Nodes,
    Links,
    Reload,
    /// What the flight recorder holds.
    Recorder,
    /// For the node's machines.
    Node(hb_node::Request),
}

/// What comes next from a connection.
#[derive(Debug)]
pub(crate) enum Next {
    /// This.
    Ask(Ask),
    /// Something that it may not ask, or that nobody understands; it has been told.
    Refused,
    /// Nothing for now.
    Nothing,
    /// It is gone.
    Gone,
}

/// All connections.
pub(crate) struct Server {
    listener: Listener,
    clients: BTreeMap<ClientId, Connection>,
    next_id: u32,
    /// May change the node: root and this user, and this group.
    trusted: (u32, Option<u32>),
    paused: bool,
}

struct Connection {
    framed: Framed,
    source: SourceId,
    trusted: bool,
    /// It sends messages, so it is not read while senders are paused.
    sends: bool,
    /// Whole frames may be here already although the descriptor is silent.
    more: bool,
}

impl Server {
    pub(crate) fn bind(run_dir: &Path) -> Result<Server, String> {
        let group = User::lookup("hacluster").ok().map(|user| user.gid);
        let path = run_dir.join(SOCKET);
        let mine = |gid: Option<u32>| Listener::bind(&path, 0o666, gid);
        let listener = match mine(group) {
            // The group cannot own files here, as in a user namespace that does not know it.
            Err(ListenerError::Io { .. }) if group.is_some() => mine(None),
            other => other,
        };
        let listener = listener.map_err(|e| e.to_string())?;
        let own = rustix::process::geteuid().as_raw();
        Ok(Server { listener, clients: BTreeMap::new(), next_id: 1, trusted: (own, group), paused: false })
    }

    pub(crate) fn listener(&self) -> &Listener {
        &self.listener
    }

    /// Takes what waits at the listening socket.
    pub(crate) fn accept<K: Clone>(&mut self, events: &mut EventLoop<K>, key: impl Fn(ClientId) -> K) {
        while self.clients.len() < CLIENTS_MAX {
            let Ok(Some((fd, peer))) = self.listener.accept() else { return };
            let id = ClientId(self.next_id);
            self.next_id = self.next_id.wrapping_add(1);
            let Ok(framed) = Framed::new(fd, Limits::CONTROL) else { continue };
            let Ok(source) = events.add(framed.as_fd(), key(id), Class::Clients, Interest::Read) else {
                continue;
            };
            let trusted = self.trusts(&peer);
            self.clients.insert(id, Connection { framed, source, trusted, sends: false, more: false });
        }
    }

    fn trusts(&self, peer: &Peer) -> bool {
        let (user, group) = self.trusted;
        peer.uid == 0 || peer.uid == user || group == Some(peer.gid)
    }

    /// The next request that a connection has for us. One at a time, because each may be the one that
    /// pauses senders: what has been read could not be held back any more.
    pub(crate) fn request(&mut self, client: ClientId, codec: &Codec) -> Next {
        let paused = self.paused;
        let Some(connection) = self.clients.get_mut(&client) else { return Next::Gone };
        let _late = connection.framed.flush();
        connection.more = true;
        if connection.sends && paused {
            return Next::Nothing;
        }
        match connection.framed.receive() {
            Ok(Incoming::Frame(frame)) => match understand(&frame, connection, codec) {
                Ok(ask) => Next::Ask(ask),
                Err(why) => {
                    refuse(&mut connection.framed, "bad_request", &why);
                    Next::Refused
                }
            },
            Ok(Incoming::Pending) => {
                connection.more = false;
                Next::Nothing
            }
            Ok(Incoming::Closed) | Err(_) => Next::Gone,
        }
    }

    /// Connections that may have whole frames here although their descriptor is silent.
    pub(crate) fn with_more(&self) -> Vec<ClientId> {
        let ready = |c: &Connection| c.more && !(c.sends && self.paused);
        self.clients.iter().filter(|(_, c)| ready(c)).map(|(id, _)| *id).collect()
    }

    /// Stops or resumes reading from connections that send messages.
    pub(crate) fn pause<K: Clone>(&mut self, paused: bool, events: &mut EventLoop<K>) {
        self.paused = paused;
        for connection in self.clients.values().filter(|c| c.sends) {
            let _gone = events.watch(connection.source, interest(connection, paused));
        }
    }

    /// Sends a document. False: the connection is of no use any more.
    pub(crate) fn answer<K: Clone>(
        &mut self,
        client: ClientId,
        bytes: &[u8],
        events: &mut EventLoop<K>,
    ) -> bool {
        let Some(connection) = self.clients.get_mut(&client) else { return true };
        let sent = connection.framed.send(bytes).is_ok();
        let _gone = events.watch(connection.source, interest(connection, self.paused));
        sent
    }

    /// A connection took what waited: watch it for requests only.
    pub(crate) fn rewatch<K: Clone>(&mut self, client: ClientId, events: &mut EventLoop<K>) {
        if let Some(connection) = self.clients.get(&client) {
            let _gone = events.watch(connection.source, interest(connection, self.paused));
        }
    }

    pub(crate) fn drop_client<K: Clone>(&mut self, client: ClientId, events: &mut EventLoop<K>) {
        if let Some(connection) = self.clients.remove(&client) {
            events.remove(connection.source);
        }
    }
}

fn interest(connection: &Connection, paused: bool) -> Interest {
    match (connection.sends && paused, connection.framed.wants_write()) {
        (true, true) => Interest::Write,
        (true, false) => Interest::Nothing,
        (false, true) => Interest::Both,
        (false, false) => Interest::Read,
    }
}

fn refuse(framed: &mut Framed, code: &str, why: &str) {
    let document = json!({"error": {"code": code, "message": why}});
    let _gone = framed.send(document.to_string().as_bytes());
}

/// A frame that begins like a message is one; anything else is a JSON request.
fn understand(frame: &[u8], connection: &mut Connection, codec: &Codec) -> Result<Ask, String> {
    if frame.starts_with(b"###\n") || frame.starts_with(b">>>\n") {
        let message = codec.decode_local(frame).map_err(|e| e.to_string())?;
        return send(message, connection);
    }
    let request = Request::decode(frame)?;
    if !connection.trusted && !request.is_harmless() {
        return Err(format!("only root and group haclient may {}", request.word()));
    }
    Ok(match request {
        Request::Status => Ask::Status,
        Request::Nodes => Ask::Nodes,
        Request::Links => Ask::Links,
        Request::Recorder => Ask::Recorder,
        Request::Reload => Ask::Reload,
        Request::Stop => Ask::Node(hb_node::Request::Stop),
        Request::Online => Ask::Node(hb_node::Request::Online),
        Request::Standby(share) => Ask::Node(hb_node::Request::Standby(which(share))),
        Request::Takeover(share) => Ask::Node(hb_node::Request::Takeover(which(share))),
        Request::Receive { kind } => Ask::Node(hb_node::Request::Subscribe { kind }),
    })
}

fn send(message: Message, connection: &mut Connection) -> Result<Ask, String> {
    if !connection.trusted {
        return Err("only root and group haclient may send messages".to_owned());
    }
    connection.sends = true;
    Ok(Ask::Node(hb_node::Request::Send(message)))
}

const fn which(share: Share) -> hb_node::Share {
    match share {
        Share::All => hb_node::Share::All,
        Share::Local => hb_node::Share::Local,
        Share::Foreign => hb_node::Share::Foreign,
        Share::Failback => hb_node::Share::Failback,
    }
}
