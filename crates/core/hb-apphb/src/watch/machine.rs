//! The machine.

use super::client::Client;
use super::{MAX_CLIENTS, Peer, WatchInput, WatchOutput, WatchView};
use crate::event::EventKind;
use crate::notices;
use crate::record::{Registration, Request, answer};
use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;
use hb_base::{ClientId, Instant, Machine, Notice, Severity};

/// The machine of `apphbd`.
#[derive(Debug, Default)]
pub struct Watch {
    clients: BTreeMap<ClientId, Client>,
    outputs: VecDeque<WatchOutput>,
}

impl Watch {
    /// Without any connection.
    pub fn new() -> Watch {
        Watch::default()
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: WatchInput) {
        match input {
            WatchInput::Connected { client, peer } => self.connected(now, client, peer),
            WatchInput::Received { client, record } => self.received(now, client, &record),
            WatchInput::Gone { client } => self.gone(client),
            WatchInput::Stalled { by } => {
                for client in self.clients.values_mut() {
                    client.due = client.due.map(|due| due + by);
                    client.last_beat += by;
                }
            }
            WatchInput::Timer => self.timer(now),
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<WatchOutput> {
        self.outputs.pop_front()
    }

    /// When the next client has missed its interval.
    pub fn deadline(&self) -> Option<Instant> {
        self.clients.values().filter_map(|client| client.due).min()
    }

    /// The state.
    pub fn view(&self) -> WatchView {
        let clients = self.clients.values().filter_map(Client::view).collect();
        WatchView { clients, connections: self.clients.len() }
    }

    fn connected(&mut self, now: Instant, client: ClientId, peer: Peer) {
        if self.clients.len() >= MAX_CLIENTS {
            self.answer(client, answer::ENOSPC);
            self.outputs.push_back(WatchOutput::Close { client });
            let notice = notice(Severity::Error, notices::DROPPED, &Client::new(now, peer));
            self.tell(notice.with("connections", MAX_CLIENTS as u64));
            return;
        }
        self.clients.insert(client, Client::new(now, peer));
    }

    fn received(&mut self, now: Instant, client: ClientId, record: &[u8]) {
        let Some(request) = Request::decode(record) else { return };
        let Some(state) = self.clients.get(&client) else { return };
        let known = state.registration.is_some();
        let errno = match request {
            Request::Unknown => answer::EINVAL,
            Request::Register(_) if known => answer::EEXIST,
            Request::Register(registration) => self.register(now, client, registration),
            Request::Beat if known => return self.beat(now, client),
            Request::Beat => return,
            _ if !known => answer::ESRCH,
            Request::Unregister => return self.unregister(client),
            Request::Interval(ms) => self.set_interval(now, client, ms),
            Request::Warn(ms) => self.set_warn(client, ms),
            Request::Reboot(on) => self.set_reboot(client, on),
        };
        if errno != answer::OK {
            self.refused(client, errno);
        }
        self.answer(client, errno);
    }

    fn register(&mut self, now: Instant, client: ClientId, registration: Option<Registration>) -> i32 {
        let Some(state) = self.clients.get_mut(&client) else { return answer::EINVAL };
        let Some(registration) = registration.filter(|r| state.is_truly(r)) else { return answer::EINVAL };
        state.registration = Some(registration);
        let _first = state.beat(now);
        let notice =
            notice(Severity::Info, notices::REGISTERED, state).with("pid", u64::from(state.peer.pid));
        self.tell(notice);
        answer::OK
    }

    fn beat(&mut self, now: Instant, client: ClientId) {
        let Some(state) = self.clients.get_mut(&client) else { return };
        let (late, again) = state.beat(now);
        if let Some(took) = late {
            let notice = notice(Severity::Warning, notices::LATE, state).with("after", took);
            self.outputs.push_back(WatchOutput::Notice(notice));
        }
        if again {
            self.event(client, Severity::Warning, notices::AGAIN, EventKind::HeartbeatAgain);
        }
    }

    fn unregister(&mut self, client: ClientId) {
        self.answer(client, answer::OK);
        self.event(client, Severity::Info, notices::UNREGISTERED, EventKind::Unregistered);
        self.outputs.push_back(WatchOutput::Close { client });
        self.clients.remove(&client);
    }

    fn set_interval(&mut self, now: Instant, client: ClientId, ms: Option<u64>) -> i32 {
        let (Some(state), Some(ms)) = (self.clients.get_mut(&client), ms) else { return answer::EINVAL };
        state.interval = Duration::from_millis(ms);
        // The original counts it as a heartbeat.
        self.beat(now, client);
        answer::OK
    }

    fn set_warn(&mut self, client: ClientId, ms: Option<u64>) -> i32 {
        let (Some(state), Some(ms)) = (self.clients.get_mut(&client), ms) else { return answer::EINVAL };
        state.warn = Duration::from_millis(ms);
        answer::OK
    }

    fn set_reboot(&mut self, client: ClientId, on: Option<bool>) -> i32 {
        let (Some(state), Some(on)) = (self.clients.get_mut(&client), on) else { return answer::EINVAL };
        if on && !state.peer.may_reboot {
            return answer::EPERM;
        }
        state.reboot = on;
        answer::OK
    }

    fn gone(&mut self, client: ClientId) {
        let registered = self.clients.get(&client).is_some_and(|state| state.registration.is_some());
        if registered {
            self.event(client, Severity::Warning, notices::HUNG_UP, EventKind::HungUp);
            self.reboot_for(client);
        }
        self.clients.remove(&client);
    }

    fn timer(&mut self, now: Instant) {
        let due = |(_, state): &(&ClientId, &Client)| state.due.is_some_and(|due| due <= now);
        let late: alloc::vec::Vec<ClientId> = self.clients.iter().filter(due).map(|(id, _)| *id).collect();
        for client in late {
            let Some(state) = self.clients.get_mut(&client) else { continue };
            state.due = None;
            if state.registration.is_none() {
                let notice =
                    notice(Severity::Warning, notices::DROPPED, state).with("why", "it never registered");
                self.tell(notice);
                self.outputs.push_back(WatchOutput::Close { client });
                self.clients.remove(&client);
                continue;
            }
            state.silent = true;
            self.event(client, Severity::Warning, notices::SILENT, EventKind::NoHeartbeat);
            self.reboot_for(client);
        }
    }

    fn event(&mut self, client: ClientId, severity: Severity, code: &'static str, kind: EventKind) {
        let Some(state) = self.clients.get(&client) else { return };
        let Some(occurrence) = state.occurrence(kind) else { return };
        let told = notice(severity, code, state)
            .with("pid", u64::from(state.peer.pid))
            .with("interval", state.interval);
        self.tell(told);
        self.outputs.push_back(WatchOutput::Tell(occurrence));
    }

    fn reboot_for(&mut self, client: ClientId) {
        let Some(state) = self.clients.get(&client).filter(|state| state.reboot) else { return };
        let notice = notice(Severity::Critical, notices::REBOOT, state);
        self.tell(notice);
        self.outputs.push_back(WatchOutput::Reboot);
    }

    fn refused(&mut self, client: ClientId, errno: i32) {
        let Some(state) = self.clients.get(&client) else { return };
        let code = u64::try_from(errno).unwrap_or_default();
        let notice = notice(Severity::Warning, notices::REFUSED, state).with("errno", code);
        self.tell(notice);
    }

    fn answer(&mut self, client: ClientId, errno: i32) {
        self.outputs.push_back(WatchOutput::Answer { client, errno });
    }

    fn tell(&mut self, notice: Notice) {
        self.outputs.push_back(WatchOutput::Notice(notice));
    }
}

fn notice(severity: Severity, code: &'static str, client: &Client) -> Notice {
    Notice::new(severity, code, client.subject())
}

impl Machine for Watch {
    type Input = WatchInput;
    type Output = WatchOutput;
    type View<'a> = WatchView;

    fn handle(&mut self, now: Instant, input: WatchInput) {
        Watch::handle(self, now, input);
    }

    fn poll(&mut self) -> Option<WatchOutput> {
        Watch::poll(self)
    }

    fn deadline(&self) -> Option<Instant> {
        Watch::deadline(self)
    }

    fn view(&self) -> WatchView {
        Watch::view(self)
    }
}
