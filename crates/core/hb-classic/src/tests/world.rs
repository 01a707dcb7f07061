//! Two nodes, a network between them, executors that record what they do, and a power switch.

use super::std;

use std::collections::{BTreeMap, BTreeSet};
use std::string::{String, ToString};
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use core::time::Duration;
use hb_base::{CallId, ClientId, Instant, NodeName, Notice, Rng};
use hb_lrm::{Action, Operation, Outcome};
use hb_wire::Message;

use crate::{
    AutoFailback, Classic, Command, Done, FenceResult, Group, Input, Mode, Options, Output, PeerChange,
    Refusal, Request, Which,
};

pub(super) const A: usize = 0;
pub(super) const B: usize = 1;
pub(super) const DEADTIME: Duration = Duration::from_secs(2);
pub(super) const INITDEAD: Duration = Duration::from_secs(6);
const KEEPALIVE: Duration = Duration::from_millis(100);
const BOOT: Duration = Duration::from_millis(500);
/// How often an undelivered message is sent again.
const REXMIT: Duration = Duration::from_millis(250);

pub(super) fn node(index: usize) -> NodeName {
    NodeName::new(["a", "b"][index]).unwrap()
}

/// `A IP50 evt::a1 evt::a2` and `B IP51 evt::b1`.
pub(super) fn groups() -> Vec<Group> {
    vec![
        Group::classic(node(A), &["10.0.0.50", "evt::a1", "evt::a2"]),
        Group::classic(node(B), &["10.0.0.51", "evt::b1"]),
    ]
}

/// A resource's name in the log: without `evt::`, and `ip50` for 10.0.0.50.
fn short(id: &str) -> String {
    id.trim_start_matches("evt::").replace("10.0.0.", "ip")
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Power {
    On,
    /// All processes are stopped; what runs goes on running.
    Hung,
    Off,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sight {
    Unheard,
    Alive { life: u64 },
    Dead { life: Option<u64> },
}

pub(super) struct Node {
    pub(super) machine: Classic,
    pub(super) power: Power,
    life: u64,
    executor: u64,
    seq: u64,
    booted: Instant,
    sight: Sight,
    heard: Instant,
    communication: bool,
    pub(super) left: Option<&'static str>,
    /// Ids of resources that run, or may run.
    pub(super) active: BTreeSet<String>,
    pub(super) notices: Vec<Notice>,
    pub(super) replies: Vec<(ClientId, Result<Done, Refusal>)>,
    pub(super) announced: Vec<String>,
    fencing: Option<u64>,
}

enum Event {
    Deliver { to: usize, to_life: u64, from: (usize, u64), message: Arc<Message> },
    Ran { node: usize, life: (u64, u64), call: CallId, operation: Operation, outcome: Outcome },
    Fence { by: usize, life: u64, request: u64 },
    Tick,
}

/// What the power switch does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Switch {
    pub(super) takes: Duration,
    /// How many tries fail first.
    pub(super) failures: u64,
}

pub(super) struct World {
    pub(super) now: Instant,
    pub(super) nodes: Vec<Node>,
    events: BTreeMap<(Instant, u64), Event>,
    next: u64,
    pub(super) link: bool,
    pub(super) switch: Option<Switch>,
    /// `node:action:resource`, in the order in which operations began. No status operations.
    pub(super) log: Vec<String>,
    pub(super) sent: Vec<(usize, Message)>,
    /// Operations that fail, in the words of the log; also `node:status:resource` for a status that says running.
    pub(super) broken: BTreeSet<String>,
    pub(super) takes: BTreeMap<String, Duration>,
    pub(super) rng: Option<Rng>,
    options: [Options; 2],
    pub(super) violation: Option<String>,
}

impl World {
    /// Two nodes that are switched off. `native`: whether each speaks our extensions.
    pub(super) fn new(auto_failback: AutoFailback, native: [bool; 2]) -> World {
        let options = [A, B].map(|own| {
            let mut options = Options::new(node(own), Some(node(1 - own)), groups(), auto_failback);
            options.native = native[own];
            options
        });
        Self::with(options)
    }

    pub(super) fn with(options: [Options; 2]) -> World {
        let nodes = [A, B].map(|own| Node {
            machine: Classic::new(options[own].clone()),
            power: Power::Off,
            life: 0,
            executor: 0,
            seq: 0,
            booted: Instant::ZERO,
            sight: Sight::Unheard,
            heard: Instant::ZERO,
            communication: false,
            left: None,
            active: BTreeSet::new(),
            notices: Vec::new(),
            replies: Vec::new(),
            announced: Vec::new(),
            fencing: None,
        });
        let mut world = World {
            now: Instant::ZERO,
            nodes: nodes.into(),
            events: BTreeMap::new(),
            next: 0,
            link: true,
            switch: None,
            log: Vec::new(),
            sent: Vec::new(),
            broken: BTreeSet::new(),
            takes: BTreeMap::new(),
            rng: None,
            options,
            violation: None,
        };
        world.at(Instant::ZERO, Event::Tick);
        world
    }

    /// Both nodes started and settled.
    pub(super) fn settled(auto_failback: AutoFailback, native: [bool; 2]) -> World {
        let mut world = World::new(auto_failback, native);
        world.boot(A);
        world.boot(B);
        world.run(20_000);
        world.forget();
        world
    }

    pub(super) fn forget(&mut self) {
        self.log.clear();
        self.sent.clear();
        for node in &mut self.nodes {
            node.notices.clear();
            node.replies.clear();
            node.announced.clear();
        }
    }

    /// Lets both nodes show a defect.
    #[cfg(feature = "planted-bugs")]
    pub(super) fn plant(&mut self, bug: crate::Bug) {
        for options in &mut self.options {
            options.bug = Some(bug);
        }
    }

    fn at(&mut self, when: Instant, event: Event) {
        self.next += 1;
        self.events.insert((when, self.next), event);
    }

    fn between(&mut self, low_ms: u64, high_ms: u64) -> Duration {
        let (low, high) = (Duration::from_millis(low_ms), Duration::from_millis(high_ms));
        self.rng.as_mut().map_or(low, |rng| rng.between(low, high))
    }

    pub(super) fn boot(&mut self, own: usize) {
        let now = self.now;
        let mode = if self.switch.is_some() { Mode::Fenced } else { Mode::Unprotected };
        let node = &mut self.nodes[own];
        node.machine = Classic::new(self.options[own].clone());
        node.power = Power::On;
        node.life += 1;
        node.seq = 0;
        node.booted = now;
        node.heard = now;
        node.sight = Sight::Unheard;
        node.communication = false;
        node.left = None;
        node.fencing = None;
        self.tell(own, Input::Start);
        self.tell(own, Input::ExecutorUp);
        self.tell(own, Input::Mode(mode));
    }

    /// Power off: everything that ran is gone.
    pub(super) fn kill(&mut self, own: usize) {
        let node = &mut self.nodes[own];
        node.power = Power::Off;
        node.life += 1;
        node.active.clear();
        node.fencing = None;
    }

    /// Every process of the software is killed; what it ran goes on.
    pub(super) fn crash_software(&mut self, own: usize) {
        let node = &mut self.nodes[own];
        node.power = Power::Off;
        node.life += 1;
        node.fencing = None;
    }

    pub(super) fn hang(&mut self, own: usize) {
        self.nodes[own].power = Power::Hung;
    }

    pub(super) fn thaw(&mut self, own: usize) {
        if self.nodes[own].power == Power::Hung {
            self.nodes[own].power = Power::On;
            self.nodes[own].heard = self.now;
        }
    }

    /// The executor dies, what it ran goes on, and a new one looks what runs.
    pub(super) fn lose_executor(&mut self, own: usize) {
        self.tell(own, Input::ExecutorLost);
        let active = self.nodes[own].active.iter().cloned().collect();
        self.nodes[own].executor += 1;
        self.tell(own, Input::ExecutorBack { active });
    }

    pub(super) fn stop(&mut self, own: usize) {
        self.tell(own, Input::Shutdown);
    }

    pub(super) fn command(&mut self, own: usize, request: Request) {
        let client = ClientId(7);
        self.tell(own, Input::Command(Command { client, request }));
    }

    pub(super) fn standby(&mut self, own: usize, which: Which) {
        self.command(own, Request::Standby(which));
    }

    pub(super) fn takeover(&mut self, own: usize, which: Which) {
        self.command(own, Request::Takeover(which));
    }

    /// A script writes a message to the FIFO of a node.
    pub(super) fn fifo(&mut self, own: usize, message: Message) {
        self.transmit(own, message);
    }

    /// A script's own copy and the copy of the other node.
    fn transmit(&mut self, own: usize, message: Message) {
        let life = self.nodes[own].life;
        self.nodes[own].seq += 1;
        let stamped = message.clone().with_hex("seq", self.nodes[own].seq).with_hex("hg", life);
        self.sent.push((own, message));
        let stamped = Arc::new(stamped);
        let to = 1 - own;
        let (to_life, delay) = (self.nodes[to].life, self.between(1, 30));
        self.at(
            self.now + delay,
            Event::Deliver { to, to_life, from: (own, life), message: stamped.clone() },
        );
        self.tell(own, Input::Message { from: node(own), message: stamped });
    }

    pub(super) fn tell(&mut self, own: usize, input: Input) {
        let now = self.now;
        self.nodes[own].machine.handle(now, input);
        self.drain(own);
    }

    fn drain(&mut self, own: usize) {
        while let Some(output) = self.nodes[own].machine.poll() {
            match output {
                Output::Run { call, operation } => self.execute(own, call, operation),
                Output::Send(message) => self.transmit(own, message),
                Output::Reannounce { resource } => {
                    self.nodes[own].announced.push(short(&resource.id));
                }
                Output::Fence { node: victim } => {
                    assert_eq!(victim, node(1 - own));
                    self.begin_fence(own);
                }
                Output::CancelFence { .. } => self.nodes[own].fencing = None,
                Output::Reply { client, result } => self.nodes[own].replies.push((client, result)),
                Output::ShutdownDone => self.nodes[own].left = Some("done"),
                Output::Restart => self.nodes[own].left = Some("restart"),
                Output::Notice(notice) => self.nodes[own].notices.push(notice),
            }
        }
        self.check();
    }

    fn begin_fence(&mut self, by: usize) {
        let Some(switch) = self.switch else {
            let result = FenceResult::NoDevice;
            self.tell(by, Input::Fenced { node: node(1 - by), result });
            return;
        };
        self.next += 1;
        let request = self.next;
        self.nodes[by].fencing = Some(request);
        let life = self.nodes[by].life;
        self.at(self.now + switch.takes, Event::Fence { by, life, request });
    }

    fn fence(&mut self, by: usize, life: u64, request: u64) {
        if self.nodes[by].life != life || self.nodes[by].power != Power::On {
            return;
        }
        let wanted = self.nodes[by].fencing == Some(request);
        let Some(switch) = self.switch.as_mut() else { return };
        if switch.failures > 0 {
            switch.failures -= 1;
            let takes = switch.takes;
            if wanted {
                let reason = "no power".to_string();
                let result = FenceResult::Failed { attempt: 1, bad_host: false, reason };
                self.tell(by, Input::Fenced { node: node(1 - by), result });
                self.at(self.now + Duration::from_secs(5) + takes, Event::Fence { by, life, request });
            }
            return;
        }
        // What is cancelled may hit all the same.
        if wanted || self.rng.as_mut().is_some_and(|rng| rng.chance(1, 2)) {
            self.kill(1 - by);
        }
        if wanted {
            self.nodes[by].fencing = None;
            self.tell(by, Input::Fenced { node: node(1 - by), result: FenceResult::Confirmed });
        }
    }

    fn execute(&mut self, own: usize, call: CallId, operation: Operation) {
        let id = operation.resource.id.clone();
        let word = std::format!("{}:{}:{}", node(own), operation.action.word(), short(&id));
        let broken = self.broken.contains(&word);
        let active = self.nodes[own].active.contains(&id);
        let outcome = match operation.action {
            Action::Status if active || broken => Outcome::Running,
            Action::Status => Outcome::NotRunning,
            _ if broken => Outcome::Failed { rc: Some(1), reason: "broken".to_string() },
            _ => Outcome::Ok,
        };
        if operation.action == Action::Start {
            self.nodes[own].active.insert(id);
        }
        let takes = self.takes.get(&word).copied();
        let takes = takes.unwrap_or_else(|| self.between(5, 400));
        if operation.action != Action::Status {
            self.log.push(word);
        }
        let life = (self.nodes[own].life, self.nodes[own].executor);
        self.at(self.now + takes, Event::Ran { node: own, life, call, operation, outcome });
    }

    fn ran(&mut self, own: usize, life: (u64, u64), call: CallId, operation: Operation, outcome: Outcome) {
        if (self.nodes[own].life, self.nodes[own].executor) != life {
            return;
        }
        if self.nodes[own].power == Power::Hung {
            let event = Event::Ran { node: own, life, call, operation, outcome };
            self.at(self.now + REXMIT, event);
            return;
        }
        if operation.action == Action::Stop && outcome == Outcome::Ok {
            self.nodes[own].active.remove(&operation.resource.id);
        }
        self.tell(own, Input::Ran { call, outcome });
    }

    fn deliver(&mut self, to: usize, to_life: u64, from: (usize, u64), message: Arc<Message>) {
        let node_to = &self.nodes[to];
        // A message of a life that the receiver knows to be over is dropped.
        let before = matches!(node_to.sight, Sight::Alive { life } if life > from.1);
        let lost = before || node_to.life != to_life || matches!(node_to.sight, Sight::Dead { .. });
        if lost || node_to.power == Power::Off || node_to.left.is_some() {
            return;
        }
        if !self.link || node_to.power == Power::Hung {
            self.at(self.now + REXMIT, Event::Deliver { to, to_life, from, message });
            return;
        }
        self.tell(to, Input::Message { from: node(from.0), message });
    }

    /// Heartbeats: who hears whom.
    fn tick(&mut self) {
        for own in [A, B] {
            if self.nodes[own].power == Power::On && self.nodes[own].left.is_none() {
                self.look(own);
            }
        }
        self.at(self.now + KEEPALIVE, Event::Tick);
    }

    fn look(&mut self, own: usize) {
        let other = 1 - own;
        let (now, peer) = (self.now, node(other));
        let there = self.nodes[other].power == Power::On
            && self.nodes[other].left.is_none()
            && now - self.nodes[other].booted >= BOOT
            && self.link;
        let (life, native) = (self.nodes[other].life, self.options[other].native);
        let sight = self.nodes[own].sight;
        let mut changes = Vec::new();
        if there {
            self.nodes[own].heard = now;
            self.nodes[own].sight = Sight::Alive { life };
            match sight {
                Sight::Alive { life: known } if known == life => {}
                Sight::Dead { life: Some(known) } if known == life => {
                    changes.extend([PeerChange::Returned, PeerChange::Alive]);
                }
                Sight::Unheard => changes.push(PeerChange::Alive),
                _ => changes.extend([PeerChange::Restarted, PeerChange::Alive]),
            }
            if !changes.is_empty() {
                changes.push(PeerChange::Ours { yes: native });
            }
        } else {
            let (limit, known) = match sight {
                Sight::Alive { life } => (DEADTIME, Some(life)),
                Sight::Unheard => (INITDEAD, None),
                Sight::Dead { .. } => (Duration::MAX, None),
            };
            if now - self.nodes[own].heard > limit {
                self.nodes[own].sight = Sight::Dead { life: known };
                changes.push(PeerChange::Dead);
            }
        }
        for change in changes {
            self.tell(own, Input::Peer { node: peer.clone(), change });
        }
        let ready = self.nodes[own].sight != Sight::Unheard && now - self.nodes[own].booted >= BOOT;
        if ready && !core::mem::replace(&mut self.nodes[own].communication, true) {
            self.tell(own, Input::CommunicationUp);
        }
    }

    /// Lets `millis` pass.
    pub(super) fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while self.step(end) {}
        self.now = end;
    }

    /// Lets time pass until `wish` is true, at most a minute.
    pub(super) fn until(&mut self, wish: impl Fn(&World) -> bool) {
        let end = self.now + Duration::from_secs(60);
        while !wish(self) {
            assert!(self.step(end), "nothing more happens; log: {:?}", self.log);
        }
    }

    fn step(&mut self, end: Instant) -> bool {
        let timer = |own: usize| {
            let node = &self.nodes[own];
            let on = node.power == Power::On && node.left.is_none();
            node.machine.deadline().filter(|_| on).map(|at| (at.max(self.now), own))
        };
        let timer = [timer(A), timer(B)].into_iter().flatten().min();
        let event = self.events.first_key_value().map(|(key, _)| *key);
        match (timer, event) {
            (Some((at, own)), event) if at <= end && event.is_none_or(|(when, _)| at < when) => {
                self.now = at;
                self.tell(own, Input::Timer);
                true
            }
            (_, Some((at, id))) if at <= end => {
                self.now = at;
                let event = self.events.remove(&(at, id)).unwrap();
                self.happen(event);
                true
            }
            _ => false,
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick => self.tick(),
            Event::Deliver { to, to_life, from, message } => self.deliver(to, to_life, from, message),
            Event::Ran { node, life, call, operation, outcome } => {
                self.ran(node, life, call, operation, outcome);
            }
            Event::Fence { by, life, request } => self.fence(by, life, request),
        }
        self.check();
    }

    /// No group on both nodes.
    fn check(&mut self) {
        for group in groups() {
            let on = |own: usize| group.resources.iter().any(|r| self.nodes[own].active.contains(&r.id));
            if on(A) && on(B) && self.violation.is_none() {
                self.violation = Some(std::format!("{} on both nodes at {:?}", group.key(), self.now));
            }
        }
    }

    pub(super) fn word(&self, own: usize) -> &'static str {
        self.nodes[own].machine.view().rscstatus()
    }

    pub(super) fn words(&self) -> [&'static str; 2] {
        [self.word(A), self.word(B)]
    }

    /// Short names of what runs on a node.
    pub(super) fn runs(&self, own: usize) -> Vec<String> {
        let mut runs: Vec<String> = self.nodes[own].active.iter().map(|id| short(id)).collect();
        runs.sort();
        runs
    }

    /// The operations of one node, in order.
    pub(super) fn did(&self, own: usize) -> Vec<String> {
        let prefix = std::format!("{}:", node(own));
        self.log.iter().filter_map(|word| word.strip_prefix(&prefix)).map(String::from).collect()
    }

    pub(super) fn has(&self, own: usize, code: &str) -> bool {
        self.nodes[own].notices.iter().any(|notice| notice.code == code)
    }

    /// Messages of one type from one node: their fields as text.
    pub(super) fn said(&self, own: usize, kind: &str) -> Vec<String> {
        let sent = self.sent.iter().filter(|(from, m)| *from == own && m.kind() == Some(kind));
        sent.map(|(_, message)| fields(message)).collect()
    }
}

/// A message's fields in order, as in a capture.
pub(super) fn fields(message: &Message) -> String {
    let mut text = String::new();
    for field in message.fields() {
        if !text.is_empty() {
            text.push(' ');
        }
        let name = std::str::from_utf8(field.name.as_bytes()).unwrap();
        text.push_str(&std::format!("{name}={}", message.text(name).unwrap()));
    }
    text
}
