//! The sockets of the Heartbeat API: connections in, frames out. What they mean is the node's business.

use super::{Key, Master};
use hb_base::{ClientId, Instant, Notice, Severity};
use hb_ipc::{Framed, Framing, Incoming, Limits, Listener};
use hb_node::{ApiAction, ApiEvent, Ending, Input, Peer};
use hb_runtime::{Class, EventLoop, Interest, Ready, SourceId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where programs connect, in the run folder.
const SOCKET: &str = "register";
/// The folder decides who may connect, the session who may stay.
const SOCKET_MODE: u32 = 0o777;
/// Connections accepted at a turn.
const ACCEPTS_PER_TURN: usize = 16;
/// Frames taken from one connection before others get their turn.
const FRAMES_PER_TURN: usize = 32;

/// All connections.
#[derive(Default)]
pub(crate) struct Api {
    listener: Option<Listener>,
    clients: BTreeMap<ClientId, Connection>,
    next_id: u32,
    paused: bool,
}

struct Connection {
    framed: Framed,
    /// `None` once the other end is gone and only what it had sent is still to be read.
    source: Option<SourceId>,
    held: bool,
    /// Whole frames may be here already although the descriptor is silent.
    more: bool,
    /// Frames that wait, as told last.
    told: usize,
}

impl Connection {
    fn interest(&self, paused: bool) -> Interest {
        match (self.held || paused, self.framed.wants_write()) {
            (true, true) => Interest::Write,
            (true, false) => Interest::Nothing,
            (false, true) => Interest::Both,
            (false, false) => Interest::Read,
        }
    }

    fn watch(&self, paused: bool, events: &mut EventLoop<Key>) {
        if let Some(source) = self.source {
            let _gone = events.watch(source, self.interest(paused));
        }
    }
}

impl Api {
    /// Stops or resumes reading from all of them.
    pub(super) fn pause(&mut self, paused: bool, events: &mut EventLoop<Key>) {
        self.paused = paused;
        for connection in self.clients.values() {
            connection.watch(paused, events);
        }
    }

    /// Connections that may have whole frames here although their descriptor is silent.
    pub(super) fn with_more(&self) -> Vec<ClientId> {
        let paused = self.paused;
        let ready = |connection: &Connection| connection.more && !connection.held && !paused;
        self.clients.iter().filter(|(_, connection)| ready(connection)).map(|(id, _)| *id).collect()
    }
}

impl Master {
    /// The node is in service: programs may connect.
    pub(super) fn api_ready(&mut self) {
        let path = self.places.run_dir.join(SOCKET);
        let opened =
            Listener::bind(&path, SOCKET_MODE, None).map_err(|e| e.to_string()).and_then(|listener| {
                let added = self.events.add(&listener, Key::ApiListener, Class::Clients, Interest::Read);
                added.map_err(|e| format!("{}: {e}", path.display()))?;
                Ok(listener)
            });
        match opened {
            Ok(listener) => self.api.listener = Some(listener),
            Err(why) => {
                let notice = Notice::new(Severity::Error, "api_not_served", why);
                self.journal.notice(&notice, &self.posts.logd);
            }
        }
    }

    pub(super) fn api_accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTS_PER_TURN {
            let Some(listener) = &mut self.api.listener else { return };
            let (fd, peer) = match listener.accept() {
                Ok(Some(accepted)) => accepted,
                Ok(None) => return,
                Err(error) => return self.api_refused(&error.to_string()),
            };
            self.api.next_id = self.api.next_id.wrapping_add(1);
            let client = ClientId(self.api.next_id);
            let Ok(framed) = Framed::with_framing(fd, Framing::Classic, Limits::CLASSIC) else { continue };
            let source =
                match self.events.add(&framed, Key::ApiClient(client), Class::Clients, Interest::Read) {
                    Ok(source) => Some(source),
                    Err(error) => return self.api_refused(&error.to_string()),
                };
            let connection = Connection { framed, source, held: false, more: false, told: 0 };
            connection.watch(self.api.paused, &mut self.events);
            self.api.clients.insert(client, connection);
            let peer = Peer { pid: peer.pid, uid: peer.uid, gid: peer.gid };
            self.api_event(now, client, ApiEvent::Connected(peer));
        }
    }

    fn api_refused(&mut self, why: &str) {
        let notice = Notice::new(Severity::Warning, "connection_refused", SOCKET).with("why", why.to_owned());
        self.journal.notice(&notice, &self.posts.logd);
    }

    fn api_event(&mut self, now: Instant, client: ClientId, event: ApiEvent) {
        self.node.handle(now, Input::Api { client, event });
        self.carry_out(now);
    }

    pub(super) fn api_client(&mut self, now: Instant, client: ClientId, ready: Ready) {
        if ready.writable {
            self.api_flush(now, client);
        }
        if ready.closed
            && let Some(connection) = self.api.clients.get_mut(&client)
        {
            // Nobody is left to read, so its unread messages are no reason to wait. A pause of all is: its end reads on.
            connection.held = false;
            connection.more = true;
            if let Some(source) = connection.source.take() {
                self.events.remove(source);
            }
        } else if ready.readable {
            self.api_read(now, client);
        }
    }

    /// Takes what a connection has sent, up to its share.
    pub(super) fn api_read(&mut self, now: Instant, client: ClientId) {
        for _ in 0..FRAMES_PER_TURN {
            let paused = self.api.paused;
            let Some(connection) = self.api.clients.get_mut(&client) else { return };
            connection.more = true;
            if connection.held || paused {
                return;
            }
            let event = match connection.framed.receive() {
                Ok(Incoming::Frame(frame)) => ApiEvent::Frame(frame),
                Ok(Incoming::Pending) => {
                    connection.more = false;
                    return;
                }
                Ok(Incoming::Closed) => ApiEvent::Closed(Ending::Closed),
                Err(hb_ipc::FramedError::Length { .. } | hb_ipc::FramedError::Magic { .. }) => {
                    ApiEvent::Closed(Ending::Hostile)
                }
                Err(_) => ApiEvent::Closed(Ending::Closed),
            };
            if matches!(event, ApiEvent::Closed(_)) {
                self.api_forget(client);
            }
            self.api_event(now, client, event);
        }
    }

    fn api_flush(&mut self, now: Instant, client: ClientId) {
        let Some(connection) = self.api.clients.get_mut(&client) else { return };
        let flushed = connection.framed.flush().is_ok();
        self.api_sent(now, client, flushed);
    }

    /// After sending: the node hears how much is left, or that the client is gone.
    fn api_sent(&mut self, now: Instant, client: ClientId, sent: bool) {
        if !sent {
            self.api_forget(client);
            let event = ApiEvent::Closed(Ending::SendFailed);
            self.node.handle(now, Input::Api { client, event });
            return;
        }
        let Some(connection) = self.api.clients.get_mut(&client) else { return };
        connection.watch(self.api.paused, &mut self.events);
        let waiting = connection.framed.waiting_frames();
        if std::mem::replace(&mut connection.told, waiting) != waiting {
            self.node.handle(now, Input::Api { client, event: ApiEvent::Waiting(waiting) });
        }
    }

    fn api_forget(&mut self, client: ClientId) {
        if let Some(source) = self.api.clients.remove(&client).and_then(|connection| connection.source) {
            self.events.remove(source);
        }
    }

    pub(super) fn api_action(&mut self, now: Instant, client: ClientId, action: ApiAction) {
        match action {
            ApiAction::Send(frame) => self.api_send(now, client, frame),
            ApiAction::Hold(hold) => {
                if let Some(connection) = self.api.clients.get_mut(&client) {
                    connection.held = hold;
                    // What was read together with earlier frames waits here, not in the descriptor.
                    connection.more = true;
                    connection.watch(self.api.paused, &mut self.events);
                }
            }
            ApiAction::Probe { pid } => {
                let alive = is_alive(pid);
                self.node.handle(now, Input::Api { client, event: ApiEvent::Probed { pid, alive } });
            }
            ApiAction::Signal { pid, signal } => send_signal(pid, signal),
            ApiAction::Close => self.api_forget(client),
        }
    }

    fn api_send(&mut self, now: Instant, client: ClientId, frame: Arc<[u8]>) {
        let Some(connection) = self.api.clients.get_mut(&client) else { return };
        let sent = connection.framed.send_shared(frame).is_ok();
        self.api_sent(now, client, sent);
    }
}

fn process(pid: u32) -> Option<rustix::process::Pid> {
    i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw)
}

fn is_alive(pid: u32) -> bool {
    let found = process(pid).map(rustix::process::test_kill_process);
    matches!(found, Some(Ok(()) | Err(rustix::io::Errno::PERM)))
}

fn send_signal(pid: u32, signal: u8) {
    use rustix::process::{Signal, kill_process};
    if let (Some(process), Some(signal)) = (process(pid), Signal::from_named_raw(i32::from(signal))) {
        let _gone = kill_process(process, signal);
    }
}
