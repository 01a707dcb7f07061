//! The virtual world: machines, the processes on them, the networks between them, and time.
//!
//! Every process of a node runs by itself: something makes it runnable, it waits for a processor, it does one
//! turn. Between processes there are bounded queues that behave as the kernel's. The master's turn calls the
//! product's own [`hb_node::Node`]; the executor's turn the product's own [`hb_lrm::Lrm`].

pub(crate) mod agents;
mod build;
mod channel;
mod clients;
mod clock;
mod disk;
mod executor;
pub(crate) mod explain;
mod fencer;
mod heal;
mod host;
mod master;
mod media;
mod network;
mod outputs;
mod power;
mod steps;

pub use network::Traffic;

use crate::agenda::{Agenda, Nanos};
use crate::chance::{Chance, Subject};
use crate::plan::Plan;
use crate::plants::Plant;
use crate::stats::Stats;
use crate::trace::Trace;
use crate::truth::{Evidence, Invariant, Ownership, Streams, Violation};
use channel::Datagram;
use hb_base::Instant;
use host::{EXECUTOR, FENCER, Host, MASTER, Meta, SLOTS};
use network::{Network, nanos};

/// Something that will happen. Small, since the agenda moves it often.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A process gets its processor, if it wants to run by now.
    Turn {
        node: u8,
        slot: u8,
    },
    /// A packet reaches a node.
    Arrival {
        packet: u32,
    },
    StepBegins(u16),
    StepEnds(u16),
    /// A client writes its next message.
    ClientWrites {
        step: u16,
        left: u32,
    },
    /// A durable write is done.
    Written {
        node: u8,
        life: u16,
        token: u32,
    },
    /// The shell has replaced a child.
    Replaced {
        node: u8,
        boots: u32,
        slot: u8,
    },
    /// An agent changes its resource.
    Effect {
        node: u8,
        boots: u16,
        job: u32,
    },
    /// An agent ends.
    AgentEnds {
        node: u8,
        boots: u16,
        job: u32,
    },
    /// A fencing device switches. Names an order in the list of all.
    Switch(u32),
    /// A fencing device answers.
    DeviceAnswers(u32),
    /// A node has power and boots.
    PowerOn {
        node: u8,
        boots: u32,
    },
    /// A master starts.
    MasterStarts {
        node: u8,
        boots: u32,
    },
}

const _: () = assert!(size_of::<Event>() == 8);

/// A packet on its way.
struct Packet {
    medium: u8,
    to: u8,
    bytes: std::sync::Arc<[u8]>,
    meta: Meta,
    intact: bool,
}

/// A world that runs one plan.
pub(crate) struct World<'p> {
    plan: &'p Plan,
    plant: Option<Plant>,
    chance: Chance,
    agenda: Agenda<Event>,
    network: Network,
    packets: Vec<Option<Packet>>,
    free_packets: Vec<u32>,
    hosts: Vec<Host>,
    /// Names of all resources; a resource's number is its place here.
    resources: Vec<String>,
    /// Steps in force now.
    in_force: Vec<bool>,
    /// Process instances that a step paused.
    paused_by: Vec<Vec<(u8, u8, u32)>>,
    /// Orders that fencing devices ever got.
    orders: Vec<fencer::Order>,
    ownership: Ownership,
    evidence: Evidence,
    streams: Streams,
    /// Resources may really be active twice: since all was well the last time, somebody's master or executor was killed,
    /// or a node was told to leave at once.
    excused: bool,
    /// For each node, the resources of groups in which an agent once reported a failure there.
    blamed: [u16; 2],
    /// A death or a decision after which the world is judged again.
    violation: Option<Violation>,
    healing: bool,
    pub(crate) trace: Trace,
    pub(crate) stats: Stats,
}

impl<'p> World<'p> {
    /// The world of a plan, at its beginning.
    pub(crate) fn new(plan: &'p Plan, plant: Option<Plant>, explain: bool) -> World<'p> {
        let chance = Chance::new(plan.seed);
        let deadtime = nanos(plan.timing.deadtime);
        let mut world = World {
            plan,
            plant,
            chance,
            agenda: Agenda::default(),
            network: Network::new(chance),
            packets: Vec::new(),
            free_packets: Vec::new(),
            hosts: (0..plan.nodes).map(|node| build::host(plan, node)).collect(),
            resources: build::resources(plan),
            in_force: vec![false; plan.steps.len()],
            paused_by: vec![Vec::new(); plan.steps.len()],
            orders: Vec::new(),
            ownership: Ownership::new(plan.fenced()),
            evidence: Evidence::new(deadtime, deadtime + 4_000_000_000),
            streams: Streams::new(),
            excused: false,
            blamed: [0; 2],
            violation: None,
            healing: false,
            trace: Trace::new(explain),
            stats: Stats::default(),
        };
        for node in 0..plan.nodes {
            world.power_on_later(node, 0);
        }
        for (index, step) in plan.steps.iter().enumerate() {
            let begins = nanos(step.at);
            world.agenda.put(begins, Event::StepBegins(index as u16));
            world.agenda.put(begins + nanos(step.lasts), Event::StepEnds(index as u16));
        }
        world
    }

    /// Runs the plan: faults, then healing. The first violation ends it.
    pub(crate) fn run(&mut self) -> Option<Violation> {
        let end = nanos(self.plan.duration);
        self.run_until(end);
        if self.violation.is_none() {
            self.heal();
        }
        self.stats.simulated += self.agenda.now();
        self.stats.traffic.add(&self.network.traffic);
        self.violation.take()
    }

    /// Runs until `end` or the first violation.
    fn run_until(&mut self, end: Nanos) {
        while self.violation.is_none() {
            let Some(event) = self.agenda.next_until(end) else { return };
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        self.stats.events += 1;
        match event {
            Event::Turn { node, slot } => self.turn(node, slot),
            Event::Arrival { packet } => self.arrival(packet),
            Event::StepBegins(step) => self.step_begins(usize::from(step)),
            Event::StepEnds(step) => self.step_ends(usize::from(step)),
            Event::ClientWrites { step, left } => self.client_writes(step, left),
            Event::Written { node, life, token } => self.written(node, life, token),
            Event::Replaced { node, boots, slot } => self.replaced(node, boots, slot),
            Event::Effect { node, boots, job } => self.agent_effect(node, boots, job),
            Event::AgentEnds { node, boots, job } => self.agent_ends(node, boots, job),
            Event::Switch(order) => self.switch(order),
            Event::DeviceAnswers(order) => self.device_answers(order),
            Event::PowerOn { node, boots } => self.power_on(node, boots),
            Event::MasterStarts { node, boots } => self.master_starts(node, boots),
        }
    }

    /// True time.
    pub(crate) fn time(&self) -> Nanos {
        self.now()
    }

    fn now(&self) -> Nanos {
        self.agenda.now()
    }

    /// What a node's monotonic clock shows.
    fn local(&self, node: u8) -> Instant {
        self.host(node).clock.local(self.now())
    }

    fn host(&self, node: u8) -> &Host {
        &self.hosts[usize::from(node)]
    }

    fn host_mut(&mut self, node: u8) -> &mut Host {
        &mut self.hosts[usize::from(node)]
    }

    fn violate(&mut self, violation: Option<Violation>) {
        if self.violation.is_none() && violation.is_some() {
            self.violation = violation;
        }
    }

    /// Breaks `invariant` now.
    fn broken(&mut self, invariant: Invariant, what: String) {
        let at = self.now();
        self.violate(Some(Violation { invariant, at, what }));
    }

    /// A process has something to do.
    fn wake(&mut self, node: u8, slot: u8) {
        self.wake_at(node, slot, self.now());
    }

    /// A process will have something to do at `at`.
    fn wake_at(&mut self, node: u8, slot: u8, at: Nanos) {
        let (now, chance) = (self.now(), self.chance);
        let host = self.host_mut(node);
        let limit = host.latency;
        let schedule = &mut host.schedules[usize::from(slot)];
        if !schedule.alive {
            return;
        }
        if schedule.paused > 0 && at <= now {
            schedule.missed = true;
            return;
        }
        if schedule.wake_at.is_some_and(|planned| planned <= at.max(now)) {
            return;
        }
        schedule.wakes += 1;
        let place = u64::from(node) * SLOTS as u64 + u64::from(slot);
        let draw = chance.of(Subject::Latency, place, schedule.wakes);
        // Seven times out of eight the processor is free.
        let waits = if draw.bits() & 7 == 0 { draw.below(limit) } else { draw.below(limit / 16 + 1) };
        let run_at = at.max(now).saturating_add(waits);
        if schedule.wake_at.is_some_and(|planned| planned <= run_at) {
            return;
        }
        if schedule.plan(run_at) {
            self.agenda.put(run_at, Event::Turn { node, slot });
        }
    }

    fn turn(&mut self, node: u8, slot: u8) {
        let now = self.now();
        let schedule = &mut self.host_mut(node).schedules[usize::from(slot)];
        if let Err(again) = schedule.due(now) {
            if let Some(at) = again {
                self.agenda.put(at, Event::Turn { node, slot });
            }
            return;
        }
        if schedule.paused > 0 {
            schedule.missed = true;
            return;
        }
        match slot {
            MASTER => self.master_turn(node),
            EXECUTOR => self.executor_turn(node),
            FENCER => self.fencer_turn(node),
            slot if slot < host::writer(0) => self.reader_turn(node, slot - host::reader(0)),
            slot => self.writer_turn(node, slot - host::writer(0)),
        }
    }

    fn put_packet(&mut self, at: Nanos, packet: Packet) {
        let slot = match self.free_packets.pop() {
            Some(slot) => slot,
            None => {
                self.packets.push(None);
                self.packets.len() as u32 - 1
            }
        };
        self.packets[slot as usize] = Some(packet);
        self.agenda.put(at, Event::Arrival { packet: slot });
    }

    /// A packet reaches the kernel of its receiver.
    fn arrival(&mut self, slot: u32) {
        let Some(Packet { medium, to, bytes, meta, intact }) = self.packets[slot as usize].take() else {
            return;
        };
        self.free_packets.push(slot);
        let (now, stamp) = (self.now(), self.local(to));
        if self.host(to).master.is_none() {
            return;
        }
        let line = &mut self.host_mut(to).lines[usize::from(medium)];
        // What a full socket drops nobody can know of.
        if line.socket.push(Datagram { stamp, bytes }).is_err() {
            self.network.traffic.overflowed += 1;
            return;
        }
        self.evidence.any_frame(to, meta.from, now);
        if let Some(number) = meta.status.filter(|_| intact) {
            self.evidence.arrived(to, meta.from, meta.life, number, now);
        }
        self.wake(to, host::reader(medium));
    }
}
