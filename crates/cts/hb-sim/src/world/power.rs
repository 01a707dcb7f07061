//! Starts and ends: of nodes, of masters, of single processes.

use super::agents::Agents;
use super::channel::Channel;
use super::host::{EXECUTOR, Executor, FENCER, Fencer, MASTER, Master, News, ToExecutor, reader, writer};
use super::{Event, World, build};
use crate::agenda::Nanos;
use crate::chance::Subject;
use crate::plan::MEDIA_MAX;
use hb_node::{ExecutorEvent, FencerEvent, Half, Input};
use std::collections::VecDeque;

const MS: Nanos = 1_000_000;

impl World<'_> {
    /// A node gets power after at least `at_least`.
    pub(super) fn power_on_later(&mut self, node: u8, at_least: Nanos) {
        let boots = self.host(node).boots;
        let draw = self.chance.of(Subject::Replace, 1_000 + u64::from(node), u64::from(boots));
        let at = self.now() + at_least + draw.between(0, 200 * MS);
        self.agenda.put(at, Event::PowerOn { node, boots });
    }

    /// A node has power: it boots, unless it had already or lost it again.
    pub(super) fn power_on(&mut self, node: u8, boots: u32) {
        let host = self.host_mut(node);
        if host.power || host.boots != boots || host.held_down > 0 {
            return;
        }
        host.power = true;
        host.power_ups += 1;
        let now = self.now();
        self.trace.say(now, Some(node), format_args!("## power"));
        self.ownership.confirmed_down(node);
        if !self.host(node).stopped {
            self.agenda.put(now + 50 * MS, Event::MasterStarts { node, boots });
        }
    }

    /// A node loses power now.
    pub(super) fn cut_power(&mut self, node: u8) {
        let now = self.now();
        let chance = self.chance;
        let host = self.host_mut(node);
        host.boots += 1;
        if !host.power {
            return;
        }
        host.power = false;
        let draw = chance.of(Subject::Torn, u64::from(node), u64::from(host.boots));
        let left = host.disk.power_cut(draw);
        for schedule in &mut host.schedules {
            schedule.alive = false;
            schedule.instance += 1;
            schedule.paused = 0;
            schedule.wake_at = None;
        }
        host.master = None;
        host.executor = None;
        host.fencer = None;
        let started = host.agents.started;
        host.agents = Agents { started, ..Agents::default() };
        host.left = 0;
        host.paused_since = None;
        self.close_lines(node);
        self.ownership.powerless(node);
        self.stats.power_cuts += 1;
        self.trace.note(u64::from(node) + 1_000);
        self.trace.say(now, Some(node), format_args!("## no power; the write in progress: {left:?}"));
    }

    fn close_lines(&mut self, node: u8) {
        for line in &mut self.host_mut(node).lines {
            line.socket.clear();
            line.drains.clear();
            line.outgoing.clear();
            line.refused = false;
        }
    }

    /// The service manager starts the master.
    pub(super) fn master_starts(&mut self, node: u8, boots: u32) {
        let host = self.host(node);
        if !host.power || host.boots != boots || host.master.is_some() || host.stopped {
            return;
        }
        let now = self.now();
        let local = self.local(node);
        let (plan, plant) = (self.plan, self.plant);
        let host = self.host_mut(node);
        host.life += 1;
        let life = host.life;
        (host.paused_for, host.pauses, host.resumed_at) = (0, 0, now);
        (host.hindered_at, host.anew_at) = (now, now);
        host.client.sent = 0;
        let mut master = Box::new(Master {
            node: build::node(plan, node, plant),
            slept_at: local,
            environment_at: local,
            from_readers: (0..plan.media.len()).map(|_| Channel::default()).collect(),
            reader_ended: [false; MEDIA_MAX as usize],
            news: VecDeque::new(),
            written: None,
            clients_wait: false,
            turns: 0,
            listens: false,
            stalls: 0,
            told_to_leave: 0,
            announced: false,
            exit: None,
        });
        let stored = host.disk.read();
        let wall = host.clock.wall(now);
        host.birth(MASTER);
        for medium in 0..plan.media.len() as u8 {
            host.birth(reader(medium));
            host.birth(writer(medium));
        }
        self.evidence.started(node, now);
        self.streams.started(node, life);
        self.trace.say(now, Some(node), format_args!("## the master starts, its {life}. life"));
        let entropy = self.chance.of(Subject::Entropy, u64::from(node), u64::from(life)).bits();
        self.feed(node, &mut master, local, Input::Start { stored, entropy, wall });
        for wish in build::subscriptions() {
            self.feed(node, &mut master, local, wish);
        }
        for medium in 0..plan.media.len() as u8 {
            for half in [Half::Reader, Half::Writer] {
                master.news.push_back(News::Child { medium, half, up: true });
            }
        }
        self.host_mut(node).master = Some(master);
        self.start_helpers(node);
        self.wake(node, MASTER);
    }

    /// The executor lives on when its master dies; the fencing role does not.
    fn start_helpers(&mut self, node: u8) {
        if self.host(node).executor.is_some() {
            self.tell_executor(node, ToExecutor::MasterBack);
        } else {
            self.start_executor(node);
        }
        self.start_fencer(node);
    }

    fn start_executor(&mut self, node: u8) {
        let host = self.host_mut(node);
        host.birth(EXECUTOR);
        let instance = host.schedules[usize::from(EXECUTOR)].instance;
        let lrm = hb_lrm::Lrm::new(hb_lrm::max_children(2));
        host.executor = Some(Box::new(Executor { lrm, instance, inbox: VecDeque::new() }));
        self.tell(node, News::Executor(ExecutorEvent::Up { active: Vec::new() }));
    }

    fn start_fencer(&mut self, node: u8) {
        let host = self.host_mut(node);
        host.birth(FENCER);
        let instance = host.schedules[usize::from(FENCER)].instance;
        host.fencer = Some(Fencer { instance, inbox: VecDeque::new(), answers: VecDeque::new() });
        self.tell(node, News::Fencer(FencerEvent::Up));
    }

    /// A master ended by itself, orderly.
    pub(super) fn master_left(&mut self, node: u8, master: Master) {
        let restart = master.exit == Some(true);
        let insisted = master.told_to_leave > 1;
        drop(master);
        let now = self.now();
        self.trace.say(now, Some(node), format_args!("## the master ends, restart {restart}"));
        self.master_gone(node);
        // An orderly end ends the executor too.
        self.retire_executor(node);
        self.end_helper(node, EXECUTOR);
        if insisted {
            // Whoever insists that a node goes although a resource there will not stop gets his way, and is told what
            // is left running: he has to look after it. Without fencing the other node cannot know of it, and takes
            // over after its silence.
            let active = self.host(node).agents.active;
            self.host_mut(node).left = active;
            self.excused |= active != 0;
            // The same for agents that still work: what they do behind a successor's back it cannot know.
            let working = self.host(node).agents.jobs.iter().filter_map(|job| job.resource);
            let groups = working.fold(0, |set, resource| set | build::group_of(self.plan, resource));
            self.blamed.iter_mut().for_each(|blamed| *blamed |= groups);
        }
        let boots = self.host(node).boots;
        if restart {
            self.agenda.put(now + self.restart_pause(), Event::MasterStarts { node, boots });
        } else if self.healing || self.host(node).held_down == 0 {
            self.host_mut(node).stopped = false;
            self.agenda.put(now + 1_000 * MS, Event::MasterStarts { node, boots });
        }
    }

    /// Whatever dies with a master: its sockets and children; the executor notices.
    fn master_gone(&mut self, node: u8) {
        let host = self.host_mut(node);
        host.master = None;
        host.paused_since = None;
        for slot in 0..EXECUTOR {
            host.death(slot);
        }
        self.close_lines(node);
        self.end_helper(node, FENCER);
        self.tell_executor(node, ToExecutor::MasterLost);
    }

    fn end_helper(&mut self, node: u8, slot: u8) {
        let host = self.host_mut(node);
        host.death(slot);
        if slot == EXECUTOR {
            host.executor = None;
        } else {
            host.fencer = None;
        }
    }

    /// KILL for one process.
    pub(super) fn kill(&mut self, node: u8, slot: u8) {
        if !self.host(node).schedules[usize::from(slot)].alive {
            return;
        }
        let now = self.now();
        self.trace.say(now, Some(node), format_args!("## the {} is killed", slot_word(slot)));
        match slot {
            MASTER => {
                self.excused = true;
                self.master_gone(node);
                let boots = self.host(node).boots;
                let draw = self.chance.of(Subject::Replace, u64::from(node), now);
                self.agenda.put(now + draw.between(50 * MS, 3_000 * MS), Event::MasterStarts { node, boots });
            }
            EXECUTOR => {
                self.excused = true;
                self.end_helper(node, EXECUTOR);
                self.tell(node, News::Executor(ExecutorEvent::Down));
                self.replace_later(node, EXECUTOR);
            }
            FENCER => {
                self.end_helper(node, FENCER);
                self.tell(node, News::Fencer(FencerEvent::Down));
                self.replace_later(node, FENCER);
            }
            slot if slot < writer(0) => {
                let Some(mut master) = self.host_mut(node).master.take() else { return };
                self.end_reader(node, &mut master, slot - reader(0));
                self.host_mut(node).master = Some(master);
                self.wake(node, MASTER);
            }
            slot => {
                let medium = slot - writer(0);
                let host = self.host_mut(node);
                host.death(slot);
                let line = &mut host.lines[usize::from(medium)];
                line.outgoing.clear();
                line.refused = false;
                self.tell(node, News::Child { medium, half: Half::Writer, up: false });
                self.replace_later(node, slot);
            }
        }
    }

    /// A reader ends; what it forwarded before can still be read.
    pub(super) fn end_reader(&mut self, node: u8, master: &mut Master, medium: u8) {
        let host = self.host_mut(node);
        host.death(reader(medium));
        host.hindered_at = Nanos::MAX;
        host.lines[usize::from(medium)].drains.clear();
        master.reader_ended[usize::from(medium)] = true;
        self.wake(node, MASTER);
    }

    /// The shell replaces a child that it saw end.
    pub(super) fn replace_later(&mut self, node: u8, slot: u8) {
        let (now, boots) = (self.now(), self.host(node).boots);
        let draw = self.chance.of(Subject::Replace, u64::from(node) << 8 | u64::from(slot), now);
        self.agenda.put(now + draw.between(2 * MS, 40 * MS), Event::Replaced { node, boots, slot });
    }

    /// A child's replacement lives.
    pub(super) fn replaced(&mut self, node: u8, boots: u32, slot: u8) {
        let now = self.now();
        let host = self.host_mut(node);
        let alive = host.schedules[usize::from(slot)].alive;
        if host.boots != boots || host.master.is_none() || alive {
            return;
        }
        match slot {
            EXECUTOR => self.start_executor(node),
            FENCER => self.start_fencer(node),
            slot => {
                host.birth(slot);
                host.goes_on(now);
                let (medium, half) = match slot {
                    slot if slot < writer(0) => (slot - reader(0), Half::Reader),
                    slot => (slot - writer(0), Half::Writer),
                };
                self.tell(node, News::Child { medium, half, up: true });
                self.wake(node, slot);
            }
        }
    }

    /// STOP for one process. Gives the instance that stands still.
    pub(super) fn pause(&mut self, node: u8, slot: u8) -> Option<u32> {
        let now = self.now();
        let host = self.host_mut(node);
        let schedule = &mut host.schedules[usize::from(slot)];
        if !schedule.alive {
            return None;
        }
        schedule.paused += 1;
        let instance = schedule.instance;
        // Until it goes on, at the earliest.
        host.hindered_at = Nanos::MAX;
        if slot == MASTER {
            host.paused_since.get_or_insert(now);
        }
        Some(instance)
    }

    /// CONT for one process, if it is still the same.
    pub(super) fn resume(&mut self, node: u8, slot: u8, instance: u32) {
        let now = self.now();
        let host = self.host_mut(node);
        let schedule = &mut host.schedules[usize::from(slot)];
        if schedule.instance != instance || schedule.paused == 0 {
            return;
        }
        schedule.paused -= 1;
        if schedule.paused > 0 {
            return;
        }
        let missed = std::mem::take(&mut schedule.missed);
        if let Some(since) = host.paused_since.take_if(|_| slot == MASTER) {
            host.paused_for = now - since;
            host.resumed_at = now;
            host.pauses += 1;
        }
        host.goes_on(now);
        if missed {
            self.wake(node, slot);
        }
    }
}

/// What a process does, for people.
fn slot_word(slot: u8) -> String {
    match slot {
        MASTER => "master".to_owned(),
        EXECUTOR => "executor".to_owned(),
        FENCER => "fencing role".to_owned(),
        slot if slot < writer(0) => format!("reader of medium {}", slot - reader(0)),
        slot => format!("writer of medium {}", slot - writer(0)),
    }
}

impl super::host::Host {
    /// A process goes on or was replaced: the node is not hindered any more, unless another one still stands still.
    fn goes_on(&mut self, now: Nanos) {
        if self.schedules.iter().all(|schedule| schedule.paused == 0) {
            self.hindered_at = now;
        }
    }

    /// A process begins to live.
    fn birth(&mut self, slot: u8) {
        let schedule = &mut self.schedules[usize::from(slot)];
        schedule.alive = true;
        schedule.instance += 1;
        (schedule.paused, schedule.missed, schedule.wake_at) = (0, false, None);
    }

    /// A process ends.
    fn death(&mut self, slot: u8) {
        let schedule = &mut self.schedules[usize::from(slot)];
        schedule.alive = false;
        schedule.instance += 1;
        (schedule.paused, schedule.missed, schedule.wake_at) = (0, false, None);
    }
}
