//! `ha_logd`: log lines of programs that must not wait for a disk. The node's logging role serves the same socket.

use super::launch::Launch;
use super::server::{Heard, Server};
use super::{host_name, read_config};
use hb_base::{ClientId, Severity};
use hb_ipc::Limits;
use hb_logd::{DaemonConfig, Line, LogWriter, SinksOptions, record};
use hb_runtime::{Class, Event, EventLoop, Signal};
use std::path::Path;

/// Where programs connect, in the state folder.
pub(crate) const SOCKET: &str = "log_daemon";
/// The longest record has a text of about 5 KiB. Nothing is ever answered.
const LIMITS: Limits = Limits { receive_bytes: 64 << 10, queue_bytes: 1 << 10 };
/// Connections at a time.
const MAX_CLIENTS: usize = 512;

/// The socket, for whoever has an event loop.
pub(crate) struct LogSocket<K>(Server<K>);

impl<K: Clone> LogSocket<K> {
    /// Listens in `state_dir`.
    ///
    /// # Errors
    /// When somebody serves there already, or the kernel refuses.
    pub(crate) fn open(
        state_dir: &Path,
        events: &mut EventLoop<K>,
        keys: (K, fn(ClientId) -> K),
    ) -> Result<LogSocket<K>, String> {
        let path = state_dir.join(SOCKET);
        Server::open(&path, events, keys, Class::Housekeeping, (LIMITS, MAX_CLIENTS)).map(LogSocket)
    }

    pub(crate) fn accept(&mut self, events: &mut EventLoop<K>) {
        let _nothing_to_do_for_them = self.0.accept(events);
    }

    /// Queues what a client has said.
    pub(crate) fn read(&mut self, client: ClientId, events: &mut EventLoop<K>, log: &LogWriter) {
        for heard in self.0.read(client, events) {
            if let Heard::Frame(_, record) = heard
                && let Some(line) = record::decode(&record)
            {
                log.push(line);
            }
        }
    }

    /// Reads on where no event will tell; says whether there is more.
    pub(crate) fn read_on(&mut self, events: &mut EventLoop<K>, log: &LogWriter) -> bool {
        for client in self.0.with_more() {
            self.read(client, events, log);
        }
        !self.0.with_more().is_empty()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Listener,
    Client(ClientId),
}

pub(super) fn serve(mut launch: Launch) -> Result<(), String> {
    let text = read_config(&launch)?.unwrap_or_default();
    let config = DaemonConfig::parse(&text);
    let config = config.map_err(|(line, why)| format!("{}:{line}: error: {why}", launch.config.display()))?;
    let sinks = SinksOptions { host: host_name(), stderr: launch.foreground, ..config.sinks };
    let mut events = EventLoop::new().map_err(|e| format!("no event loop: {e}"))?;
    events.take_signals().map_err(|e| format!("no signals: {e}"))?;
    std::fs::create_dir_all(&launch.state_dir).map_err(|e| format!("{}: {e}", launch.state_dir.display()))?;
    let keys: (Key, fn(ClientId) -> Key) = (Key::Listener, Key::Client);
    let mut socket = LogSocket::open(&launch.state_dir, &mut events, keys)?;
    let log = LogWriter::start(sinks).map_err(|e| format!("no thread for the log: {e}"))?;
    launch.is_ready();
    log.push(Line::new(Severity::Info, &config.entity, "logd started: lines are taken from programs"));
    loop {
        let more = socket.read_on(&mut events, &log);
        let deadline = more.then(|| events.now());
        let event = events.next(deadline).map_err(|e| format!("the kernel refuses to wait: {e}"))?;
        match event {
            Event::Ready { key: Key::Listener, .. } => socket.accept(&mut events),
            Event::Ready { key: Key::Client(client), .. } => socket.read(client, &mut events, &log),
            Event::Signal(Signal::Term | Signal::Int) => return Ok(()),
            Event::Signal(Signal::Hup) => log.reopen(),
            Event::Signal(_)
            | Event::Deadline
            | Event::Stalled { .. }
            | Event::Overrun(_)
            | Event::Demoted => {}
        }
    }
}
