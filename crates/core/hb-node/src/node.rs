//! The master of one node.

use crate::changes::Changes;
use crate::io::{ExecutorEvent, FencerEvent, Half, Input, Output};
use crate::outbox::Outbox;
use crate::request::{Reply, Request};
use crate::scripts::Scripts;
use crate::subscribers::Subscribers;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use hb_base::{CallId, ClientId, Instant, Machine, MediumId, NodeName, WallTime};
use hb_classic::Classic;
use hb_cluster::{Cluster, Timing};
use hb_session::Session;
use hb_stonith::{Mode, Stonith};
use hb_wire::Codec;

/// What the parts of a node are set up with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Messaging.
    pub cluster: hb_cluster::Options,
    /// Takeover by haresources; `None` when this daemon manages no resources.
    pub classic: Option<hb_classic::Options>,
    /// Fencing.
    pub stonith: hb_stonith::Options,
    /// The Heartbeat API.
    pub session: hb_session::Options,
    /// Signs and verifies.
    pub codec: Codec,
}

/// Configuration that may change while running.
#[derive(Debug, Default)]
pub struct Live {
    /// New intervals and timeouts.
    pub timing: Option<Timing>,
    /// New keys.
    pub codec: Option<Codec>,
    /// When groups move back; only between `on` and `off`.
    pub auto_failback: Option<hb_classic::AutoFailback>,
    /// The lines that name fencing devices, all of them.
    pub devices: Option<Vec<hb_stonith::Line>>,
    /// What programs of the Heartbeat API are told, and who may sign on.
    pub session: Option<hb_session::Options>,
}

/// The master of one node: see the crate's page.
#[derive(Debug)]
pub struct Node {
    pub(crate) own: NodeName,
    pub(crate) codec: Codec,
    pub(crate) cluster: Cluster,
    pub(crate) classic: Option<Classic>,
    pub(crate) stonith: Stonith,
    pub(crate) session: Session,
    pub(crate) outboxes: Vec<Outbox>,
    pub(crate) subscribers: Subscribers,
    pub(crate) scripts: Scripts,
    pub(crate) mode: Mode,
    pub(crate) changes: Changes,
    pub(crate) outputs: VecDeque<Output>,
    /// Added to the calls of our own parts, so that results of an earlier master's calls are recognised.
    pub(crate) call_base: u64,
    pub(crate) leaving: Leaving,
    /// Adopted resources were named to the executor.
    pub(crate) executor_seen: bool,
}

/// How far this node is on its way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leaving {
    /// Not at all.
    No,
    /// Resources are being released.
    Releasing,
    /// Good-bye is being said.
    Parting { restart: bool },
    /// Nothing more will be done.
    Gone,
}

/// A read-only picture of the node.
#[derive(Debug)]
pub struct View<'a> {
    node: &'a Node,
}

impl Node {
    /// A node that waits for [`Input::Start`].
    pub fn new(options: Options) -> Node {
        let media = options.cluster.media.len();
        Node {
            own: options.cluster.node.clone(),
            cluster: Cluster::new(options.cluster, options.codec.clone()),
            codec: options.codec,
            classic: options.classic.map(Classic::new),
            stonith: Stonith::new(options.stonith),
            session: Session::new(options.session),
            outboxes: (0..media).map(|_| Outbox::default()).collect(),
            subscribers: Subscribers::default(),
            scripts: Scripts::default(),
            mode: Mode::Unprotected,
            changes: Changes::default(),
            outputs: VecDeque::new(),
            call_base: 0,
            leaving: Leaving::No,
            executor_seen: false,
        }
    }

    /// Takes one input. Never blocks.
    pub fn handle(&mut self, now: Instant, input: Input) {
        self.dispatch(now, input);
        self.route(now);
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to send [`Input::Timer`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let classic = self.classic.as_ref().and_then(Classic::deadline);
        [self.cluster.deadline(), classic, self.stonith.deadline(), self.session.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The state, read only.
    pub fn view(&self) -> View<'_> {
        View { node: self }
    }

    fn dispatch(&mut self, now: Instant, input: Input) {
        use hb_cluster::Input as C;
        match input {
            Input::Start { stored, entropy, wall } => self.start(now, stored, entropy, wall),
            Input::Environment { wall, load } => self.cluster.handle(now, C::Environment { wall, load }),
            Input::Frame { medium, stamp, bytes } => {
                self.cluster.handle(now, C::Packet { medium, stamp, bytes });
            }
            Input::Drained { medium, token } => self.cluster.handle(now, C::Drained { medium, token }),
            Input::ChildUp { medium, half } => self.child(now, medium, half, true),
            Input::ChildDown { medium, half } => self.child(now, medium, half, false),
            Input::WriterRefused { medium, class, frame } => {
                if let Some(outbox) = self.outboxes.get_mut(usize::from(medium.0)) {
                    outbox.refused(class, frame);
                }
            }
            Input::WriterReady { medium } => self.flush(medium, Outbox::ready),
            Input::Executor(event) => self.executor(now, event),
            Input::Fencer(event) => self.fencer(now, event),
            Input::Fifo(bytes) => self.fifo(now, &bytes),
            Input::Request { client, request } => self.request(now, client, request),
            Input::ClientGone(client) => self.subscribers.remove(client),
            Input::Api { client, event } => self.api(now, client, event),
            Input::Persisted(token) => self.cluster.handle(now, C::Persisted { token }),
            Input::Stalled { by } => self.cluster.handle(now, C::Stalled { by }),
            Input::Reload(live) => self.reload(now, *live),
            Input::Scripts(names) => self.scripts.set(names),
            Input::Terminate => self.terminate(now),
            Input::Timer => self.timer(now),
        }
    }

    fn start(&mut self, now: Instant, stored: hb_cluster::Stored, entropy: u64, wall: WallTime) {
        self.changes.start(now);
        self.call_base = wall.unix_millis() << 20;
        let load = alloc::string::String::from("n/a");
        self.cluster.handle(now, hb_cluster::Input::Start { stored, entropy });
        self.cluster.handle(now, hb_cluster::Input::Environment { wall, load });
        self.stonith.handle(now, hb_stonith::Input::Start);
        self.tell_classic(now, hb_classic::Input::Start);
    }

    fn timer(&mut self, now: Instant) {
        let due = |deadline: Option<Instant>| deadline.is_some_and(|at| at <= now);
        if due(self.cluster.deadline()) {
            self.cluster.handle(now, hb_cluster::Input::Timer);
        }
        if due(self.stonith.deadline()) {
            self.stonith.handle(now, hb_stonith::Input::Timer);
        }
        if due(self.session.deadline()) {
            self.session.handle(now, hb_session::Input::Timer);
        }
        if due(self.classic.as_ref().and_then(Classic::deadline)) {
            self.tell_classic(now, hb_classic::Input::Timer);
        }
    }

    fn child(&mut self, now: Instant, medium: MediumId, half: Half, up: bool) {
        match half {
            Half::Reader => self.cluster.handle(now, hb_cluster::Input::MediumState { medium, up }),
            Half::Writer if up => self.flush(medium, Outbox::replaced),
            Half::Writer => {}
        }
    }

    /// Opens an outbox and hands over what waited in it.
    fn flush(&mut self, medium: MediumId, open: fn(&mut Outbox)) {
        let Some(outbox) = self.outboxes.get_mut(usize::from(medium.0)) else { return };
        open(outbox);
        while let Some((class, frame)) = outbox.next_frame() {
            self.outputs.push_back(Output::Write { medium, class, frame });
        }
    }

    fn executor(&mut self, now: Instant, event: ExecutorEvent) {
        match event {
            ExecutorEvent::Up { active } => {
                let returned = core::mem::replace(&mut self.executor_seen, true);
                self.outputs.push_back(Output::Adopt(active.clone()));
                self.run_scripts();
                let input = if returned || !active.is_empty() {
                    hb_classic::Input::ExecutorBack { active }
                } else {
                    hb_classic::Input::ExecutorUp
                };
                self.tell_classic(now, input);
            }
            ExecutorEvent::Down => {
                self.scripts.forget();
                self.tell_classic(now, hb_classic::Input::ExecutorLost);
            }
            ExecutorEvent::Lost { resource } => {
                self.tell_classic(now, hb_classic::Input::Lost { resource });
            }
            ExecutorEvent::Conflict { resource, with } => {
                self.tell_classic(now, hb_classic::Input::Conflict { resource, with });
            }
            ExecutorEvent::Ran { call, .. } if self.scripts.ran(call) => self.run_scripts(),
            ExecutorEvent::Ran { call, outcome } => {
                // A call below the base is an earlier master's.
                if let Some(own) = call.0.checked_sub(self.call_base) {
                    self.tell_classic(now, hb_classic::Input::Ran { call: CallId(own), outcome });
                }
            }
        }
    }

    fn fencer(&mut self, now: Instant, event: FencerEvent) {
        match event {
            FencerEvent::Up => {}
            FencerEvent::Down => self.stonith.handle(now, hb_stonith::Input::ExecutorLost),
            FencerEvent::Executed { call, outcome } => {
                if let Some(own) = call.0.checked_sub(self.call_base) {
                    self.stonith.handle(now, hb_stonith::Input::Executed { call: CallId(own), outcome });
                }
            }
        }
    }

    fn fifo(&mut self, now: Instant, bytes: &[u8]) {
        match self.codec.decode_local(bytes) {
            Ok(message) => self.cluster.handle(now, hb_cluster::Input::Submit { message }),
            Err(_) => self.outputs.push_back(Output::Notice(crate::route::fifo_garbage(bytes.len()))),
        }
    }

    fn request(&mut self, now: Instant, client: ClientId, request: Request) {
        use hb_classic::Request as R;
        match request {
            Request::Standby(share) => self.command(now, client, R::Standby(share)),
            Request::Takeover(share) => self.command(now, client, R::Takeover(share)),
            Request::Online => self.command(now, client, R::Online),
            Request::Stop => {
                self.outputs.push_back(Output::Reply { client, reply: Reply::Done });
                if self.leaving == Leaving::No {
                    self.terminate(now);
                }
            }
            Request::Send(message) => self.cluster.handle(now, hb_cluster::Input::Submit { message }),
            Request::Subscribe { kind } => {
                let reply = self.subscribers.add(client, kind);
                self.outputs.push_back(Output::Reply { client, reply });
            }
        }
    }

    fn command(&mut self, now: Instant, client: ClientId, request: hb_classic::Request) {
        if self.classic.is_some() {
            self.tell_classic(now, hb_classic::Input::Command(hb_classic::Command { client, request }));
        } else {
            let why = "this node manages no resources".into();
            let reply = Reply::Refused { code: "no_resource_management", why };
            self.outputs.push_back(Output::Reply { client, reply });
        }
    }

    fn reload(&mut self, now: Instant, live: Live) {
        if let Some(timing) = live.timing {
            self.cluster.handle(now, hb_cluster::Input::Retune(timing));
        }
        if let Some(codec) = live.codec {
            self.codec = codec.clone();
            self.cluster.handle(now, hb_cluster::Input::Rekey(alloc::boxed::Box::new(codec)));
        }
        if let Some(auto_failback) = live.auto_failback {
            self.tell_classic(now, hb_classic::Input::AutoFailback(auto_failback));
        }
        if let Some(lines) = live.devices {
            self.stonith.handle(now, hb_stonith::Input::Devices(lines));
        }
        if let Some(options) = live.session {
            self.session.handle(now, hb_session::Input::Configure(alloc::boxed::Box::new(options)));
        }
    }

    pub(crate) fn terminate(&mut self, now: Instant) {
        match self.leaving {
            Leaving::No if self.classic.is_some() => {
                self.leaving = Leaving::Releasing;
                self.tell_classic(now, hb_classic::Input::Shutdown);
            }
            Leaving::No => self.part(now, false),
            Leaving::Releasing | Leaving::Parting { .. } => {
                self.tell_left_running();
                self.exit(false);
            }
            Leaving::Gone => {}
        }
    }

    /// Resources are released: say good-bye.
    pub(crate) fn part(&mut self, now: Instant, restart: bool) {
        if matches!(self.leaving, Leaving::No | Leaving::Releasing) {
            self.leaving = Leaving::Parting { restart };
            self.cluster.handle(now, hb_cluster::Input::Leave);
        }
    }

    pub(crate) fn exit(&mut self, restart: bool) {
        if self.leaving != Leaving::Gone {
            self.leaving = Leaving::Gone;
            self.outputs.push_back(Output::Exit { restart });
        }
    }

    pub(crate) fn tell_classic(&mut self, now: Instant, input: hb_classic::Input) {
        if let Some(classic) = &mut self.classic {
            classic.handle(now, input);
        }
    }
}

impl Machine for Node {
    type Input = Input;
    type Output = Output;
    type View<'a> = View<'a>;

    fn handle(&mut self, now: Instant, input: Input) {
        Node::handle(self, now, input);
    }
    fn poll(&mut self) -> Option<Output> {
        Node::poll(self)
    }
    fn deadline(&self) -> Option<Instant> {
        Node::deadline(self)
    }
    fn view(&self) -> View<'_> {
        Node::view(self)
    }
}

impl<'a> View<'a> {
    /// Nodes, links, liveness, flow.
    pub fn cluster(&self) -> hb_cluster::View<'a> {
        self.node.cluster.view()
    }

    /// Resources; `None` when this daemon manages none.
    pub fn classic(&self) -> Option<hb_classic::View<'a>> {
        self.node.classic.as_ref().map(Classic::view)
    }

    /// Programs of the Heartbeat API.
    pub fn session(&self) -> hb_session::View<'a> {
        self.node.session.view()
    }

    /// Fencing.
    pub fn stonith(&self) -> hb_stonith::View<'a> {
        self.node.stonith.view()
    }

    /// How takeover is protected at present.
    pub fn mode(&self) -> Mode {
        self.node.mode
    }

    /// Since when a node is in its present status.
    pub fn node_since(&self, node: &NodeName) -> Instant {
        self.node.changes.node_since(node)
    }

    /// Since when a link is up or dead.
    pub fn link_since(&self, node: &NodeName, medium: MediumId) -> Instant {
        self.node.changes.link_since(node, medium)
    }

    /// What waits before the writer of a medium.
    pub fn outbox(&self, medium: MediumId) -> Option<&'a Outbox> {
        self.node.outboxes.get(usize::from(medium.0))
    }

    /// Outputs that the shell has not fetched yet.
    pub fn outputs_waiting(&self) -> usize {
        self.node.outputs.len()
    }

    /// Whether this node is on its way out.
    pub fn leaving(&self) -> bool {
        self.node.leaving != Leaving::No
    }
}
