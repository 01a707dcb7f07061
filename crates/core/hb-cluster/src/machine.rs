//! The machine itself: its state, and which file handles which input.

use crate::barrier::Barrier;
use crate::bugs::Bug;
use crate::counters::{Counters, MediumCounters};
use crate::flow::FlowControl;
use crate::history::History;
use crate::nodes::{Node, Nodes};
use crate::notices::Throttle;
use crate::startup::Early;
use crate::timers::Deadlines;
use crate::{Input, Options, Output, Phase, View, bounds, inputs};
use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::{Generation, Instant, NodeId, Rng, Token, Uuid, WallTime};
use hb_wire::Codec;

/// The messaging layer of one node. See the crate's page.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) options: Options,
    pub(crate) codec: Codec,
    pub(crate) phase: Phase,
    pub(crate) rng: Rng,

    pub(crate) generation: Generation,
    pub(crate) uuid: Uuid,
    pub(crate) own_id: NodeId,
    pub(crate) nodes: Nodes,
    pub(crate) media: Vec<MediumState>,
    /// Names of local clients that are on. At most [`bounds::CLIENTS`].
    pub(crate) clients: BTreeSet<String>,

    pub(crate) wall: Option<WallTime>,
    pub(crate) load: String,
    /// Added to the announced deadtime since our start, and on request.
    pub(crate) recent: crate::recent::Recent,
    pub(crate) start_grace: Duration,
    pub(crate) grace: Duration,

    pub(crate) history: History,
    pub(crate) flow: FlowControl,
    pub(crate) barrier: Option<Barrier>,
    /// No reader has lived since then, and somebody should have been judged.
    pub(crate) deaf_since: Option<Instant>,
    pub(crate) early: Early,
    pub(crate) farewells: u32,
    /// A peer was heard for the first time: answer with a status.
    pub(crate) greet: bool,
    pub(crate) initdead_passed: bool,

    pub(crate) now: Instant,
    pub(crate) deadlines: Deadlines,
    pub(crate) next_token: u64,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) counters: Counters,
    pub(crate) throttle: Throttle,
}

/// One medium's reader.
#[derive(Clone, Debug)]
pub(crate) struct MediumState {
    pub(crate) up: bool,
    /// When it was lost, if it is.
    pub(crate) lost_at: Option<Instant>,
    pub(crate) counters: MediumCounters,
}

impl Cluster {
    /// A machine that waits for [`Input::Start`].
    pub fn new(options: Options, codec: Codec) -> Cluster {
        let media = options.media.iter().take(bounds::MEDIA);
        let state = |_| MediumState { up: true, lost_at: None, counters: MediumCounters::default() };
        let media = media.map(state).collect();
        let mut cluster = Cluster {
            history: History::new(options.history.max(2)),
            codec,
            phase: Phase::Idle,
            rng: Rng::new(0),
            generation: Generation(0),
            uuid: Uuid::NIL,
            own_id: NodeId(0),
            nodes: Nodes::default(),
            media,
            clients: BTreeSet::new(),
            wall: None,
            load: "n/a".into(),
            recent: crate::recent::Recent::default(),
            start_grace: Duration::ZERO,
            grace: Duration::ZERO,
            flow: FlowControl::new(),
            barrier: None,
            deaf_since: None,
            early: Early::default(),
            farewells: 0,
            greet: false,
            initdead_passed: false,
            now: Instant::ZERO,
            deadlines: Deadlines::new(),
            next_token: 1,
            outputs: VecDeque::new(),
            counters: Counters::default(),
            throttle: Throttle::default(),
            options,
        };
        cluster.fill_table();
        cluster
    }

    /// Takes one input. Never blocks; remote data never fails it. `now` never goes backwards.
    ///
    /// Timers that are due are handled as part of any input, so a flood of packets cannot starve them.
    pub fn handle(&mut self, now: Instant, input: Input) {
        let now = now.max(self.now);
        let late = self.notice_lateness(now);
        self.now = now;
        match input {
            Input::Start { stored, entropy } => inputs::start::handle(self, stored, entropy),
            Input::Environment { wall, load } => inputs::environment::handle(self, wall, load),
            Input::Packet { medium, stamp, bytes } => inputs::packet::handle(self, medium, stamp, bytes),
            Input::Drained { medium, token } => inputs::drained::handle(self, medium, token),
            Input::MediumState { medium, up } => inputs::medium_state::handle(self, medium, up),
            Input::Submit { message } => inputs::submit::handle(self, message),
            Input::Persisted { token } => inputs::persisted::handle(self, token),
            Input::Stalled { by } => inputs::stalled::handle(self, by, late),
            Input::Timer => {}
            Input::Retune(timing) => inputs::retune::handle(self, timing),
            Input::Rekey(codec) => inputs::rekey::handle(self, *codec),
            Input::Client { name, online } => inputs::client::handle(self, name, online),
            Input::Grace { extra } => inputs::grace::handle(self, extra),
            Input::Leave => inputs::leave::handle(self),
        }
        inputs::timer::handle(self);
    }

    /// The next thing to do; call until `None` after every [`Cluster::handle`].
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Cluster::handle`] with [`Input::Timer`] at the latest. Coming later than
    /// [`Timing::stall_bound`](crate::Timing::stall_bound) after it counts as a stall.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// The state, read only.
    pub fn view(&self) -> View<'_> {
        View::new(self)
    }

    pub(crate) fn emit(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn take_token(&mut self) -> Token {
        let token = Token(self.next_token);
        self.next_token += 1;
        token
    }

    /// The own entry of the table.
    pub(crate) fn own(&self) -> &Node {
        // Made in `new`, never removed.
        self.nodes.find(self.own_id).unwrap_or_else(|| unreachable!("the own node has an entry"))
    }

    #[cfg(feature = "planted-bugs")]
    pub(crate) fn planted(&self, bug: Bug) -> bool {
        self.options.bugs.has(bug)
    }

    /// Without the feature no defect is ever shown.
    #[cfg(not(feature = "planted-bugs"))]
    #[allow(clippy::unused_self)]
    pub(crate) const fn planted(&self, _bug: Bug) -> bool {
        false
    }
}

impl hb_base::Machine for Cluster {
    type Input = Input;
    type Output = Output;
    type View<'a> = View<'a>;

    fn handle(&mut self, now: Instant, input: Input) {
        Cluster::handle(self, now, input);
    }

    fn poll(&mut self) -> Option<Output> {
        Cluster::poll(self)
    }

    fn deadline(&self) -> Option<Instant> {
        Cluster::deadline(self)
    }

    fn view(&self) -> View<'_> {
        Cluster::view(self)
    }
}
