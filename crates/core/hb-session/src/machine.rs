//! Dispatch, and what all handlers share.

use crate::client::{Client, State};
use crate::{Ending, Input, Options, Output, Peer, Treatment, View, notices};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;
use hb_base::{ClientId, Instant, Machine, Notice, Severity};
use hb_wire::Message;

/// Connections at once; a further one is closed.
pub const CLIENTS_MAX: usize = 512;
/// How often clients' processes are looked for: a connection can outlive its client in another process.
pub const AUDIT_EVERY: Duration = Duration::from_secs(9);
/// Shortest time between two notices about refusals.
const REFUSALS_EVERY: Duration = Duration::from_secs(1);

/// All sessions of a node: see the crate's page.
#[derive(Debug)]
pub struct Session {
    pub(crate) options: Options,
    pub(crate) clients: BTreeMap<ClientId, Client>,
    /// Who has signed on under which name.
    pub(crate) names: BTreeMap<String, ClientId>,
    /// Connections that have sent a first message.
    pub(crate) generations: u64,
    pub(crate) refusals: u64,
    /// When refusals were told last, and how many there were then.
    refusals_told: Option<(Instant, u64)>,
    pub(crate) now: Instant,
    audit_at: Instant,
    /// For the cluster, and what comes from it.
    pub(crate) outputs: VecDeque<Output>,
    /// Answers to clients: after all of the above, which they may have caused.
    pub(crate) replies: VecDeque<Output>,
}

impl Session {
    /// Nobody is connected yet.
    pub fn new(options: Options) -> Session {
        Session {
            options,
            clients: BTreeMap::new(),
            names: BTreeMap::new(),
            generations: 0,
            refusals: 0,
            refusals_told: None,
            now: Instant::ZERO,
            audit_at: Instant::ZERO,
            outputs: VecDeque::new(),
            replies: VecDeque::new(),
        }
    }

    /// Takes one input. Never blocks.
    pub fn handle(&mut self, now: Instant, input: Input) {
        self.now = self.now.max(now);
        match input {
            Input::Connected { client, peer } => self.connected(client, peer),
            Input::Received { client, message } => self.received(client, message),
            Input::Garbage { client } => self.garbage(client, "no message"),
            Input::Closed { client, ending } => self.closed(client, ending),
            Input::Waiting { client, messages } => self.waiting(client, messages),
            Input::Probed { client, pid, alive } => self.probed(client, pid, alive),
            Input::Fact { client, request, fact } => self.answer(client, &request, fact),
            Input::Delivered { message, treatment } => self.deliver(&message, treatment),
            Input::Configure(options) => self.options = *options,
            Input::Timer => self.audit(),
        }
    }

    /// The next thing to do: what concerns the cluster first, then answers.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front().or_else(|| self.replies.pop_front())
    }

    /// When to send [`Input::Timer`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        (!self.names.is_empty()).then_some(self.audit_at)
    }

    /// The state, read only.
    pub fn view(&self) -> View<'_> {
        View::new(self)
    }

    fn connected(&mut self, id: ClientId, peer: Peer) {
        if self.clients.len() >= CLIENTS_MAX {
            self.tell_refusal(alloc::format!("client pid {}", peer.pid), "too many clients");
            self.replies.push_back(Output::Close { client: id });
            return;
        }
        if self.names.is_empty() {
            self.audit_at = self.now + AUDIT_EVERY;
        }
        self.clients.insert(id, Client::new(id, peer));
    }

    fn received(&mut self, id: ClientId, message: Message) {
        let message = if self.somebody_debugs() {
            let message = Arc::new(message);
            self.deliver(&message, Treatment::ApiCall);
            Arc::unwrap_or_clone(message)
        } else {
            message
        };
        match self.clients.get(&id).map(|client| &client.state) {
            Some(State::On(_)) => self.request(id, message),
            Some(State::New) => self.first_message(id, message),
            Some(State::Checking(_)) | None => {}
        }
    }

    fn closed(&mut self, id: ClientId, ending: Ending) {
        let Some(client) = self.depart(id, ending.word()) else { return };
        if ending == Ending::Hostile {
            let notice = Notice::new(Severity::Warning, notices::DROPPED, client.subject());
            self.notice(notice.with("cause", "a header that is refused"));
        }
    }

    pub(crate) fn garbage(&mut self, id: ClientId, cause: &'static str) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.garbage += 1;
        if client.garbage.is_power_of_two() {
            let notice = Notice::new(Severity::Warning, notices::GARBAGE, client.subject())
                .with("cause", cause)
                .with("times", client.garbage);
            self.notice(notice);
        }
    }

    fn audit(&mut self) {
        if self.now < self.audit_at {
            return;
        }
        self.audit_at = self.now + AUDIT_EVERY;
        for client in self.clients.values() {
            // A process that this daemon cannot see cannot be looked for either.
            if let Some(identity) = client.identity().filter(|_| client.peer.pid != 0) {
                self.replies.push_back(Output::Probe { client: client.id, pid: identity.pid });
            }
        }
    }

    fn probed(&mut self, id: ClientId, pid: u32, alive: bool) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        match core::mem::replace(&mut client.state, State::New) {
            State::Checking(signon) => self.checked(id, &signon, pid, alive),
            State::On(identity) => {
                let gone = !alive && identity.pid == pid;
                client.state = State::On(identity);
                if gone {
                    self.cut_off(id, "died-audit");
                }
            }
            State::New => {}
        }
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.replies.push_back(Output::Notice(notice));
    }

    /// Counts a refusal, and tells of it at most once a second.
    pub(crate) fn tell_refusal(&mut self, subject: String, cause: &'static str) {
        self.refusals += 1;
        let told = self.refusals_told.filter(|(at, _)| self.now.since(*at) < REFUSALS_EVERY);
        if told.is_some() {
            return;
        }
        let before = self.refusals_told.map_or(0, |(_, count)| count);
        self.refusals_told = Some((self.now, self.refusals));
        let notice = Notice::new(Severity::Warning, notices::REFUSED, subject)
            .with("cause", cause)
            .with("times", self.refusals - before);
        self.notice(notice);
    }
}

impl Machine for Session {
    type Input = Input;
    type Output = Output;
    type View<'a> = View<'a>;

    fn handle(&mut self, now: Instant, input: Input) {
        Session::handle(self, now, input);
    }

    fn poll(&mut self) -> Option<Output> {
        Session::poll(self)
    }

    fn deadline(&self) -> Option<Instant> {
        Session::deadline(self)
    }

    fn view(&self) -> View<'_> {
        Session::view(self)
    }
}
