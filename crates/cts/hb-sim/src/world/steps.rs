//! The steps of a plan begin and end.

use super::clients::{self, BACKLOG_MAX};
use super::host::{News, slots};
use super::network::nanos;
use super::{Event, World};
use crate::plan::{Process, Step, What, Which};
use hb_node::{Request, Share};

/// Messages that the master reads of its client in one turn.
const MESSAGES_A_TURN: u32 = 16;

impl World<'_> {
    pub(super) fn step_begins(&mut self, index: usize) {
        let Some(step) = self.plan.steps.get(index).copied() else { return };
        if self.healing {
            return;
        }
        self.forget_excuses();
        let now = self.now();
        self.in_force[index] = true;
        self.trace.note(index as u64);
        self.trace.say(now, None, format_args!("begins: {step}"));
        self.meet_states(&step);
        match step.what {
            What::Pause { node, process } => self.pause_step(index, node, process),
            What::Busy { node, up_to } => self.host_mut(node).latency = nanos(up_to),
            What::Kill { node, process } => slots(Some(process)).for_each(|slot| self.kill(node, slot)),
            What::PowerCut { node } => {
                self.host_mut(node).held_down += 1;
                self.cut_power(node);
            }
            What::Stop { node } => {
                let host = self.host_mut(node);
                (host.stopped, host.held_down) = (true, host.held_down + 1);
                self.tell(node, News::Terminate);
            }
            What::WallStep { node, by_ms } => self.host_mut(node).clock.step_wall(by_ms),
            What::Send { count, .. } => {
                self.client_writes(index as u16, count);
            }
            What::Standby { node, which } => self.command(node, Request::Standby(share(which))),
            What::Takeover { node, which } => self.command(node, Request::Takeover(share(which))),
            What::Agent { .. } | What::Device { .. } => {}
            _ => self.set_network_faults(),
        }
    }

    pub(super) fn step_ends(&mut self, index: usize) {
        let Some(step) = self.plan.steps.get(index) else { return };
        if !std::mem::take(&mut self.in_force[index]) {
            return;
        }
        let now = self.now();
        self.trace.say(now, None, format_args!("ends:   {step}"));
        match step.what {
            What::Pause { .. } => {
                for (node, slot, instance) in std::mem::take(&mut self.paused_by[index]) {
                    self.resume(node, slot, instance);
                }
            }
            What::Busy { node, .. } => self.host_mut(node).latency = nanos(self.plan.latency),
            What::PowerCut { node } => {
                self.host_mut(node).held_down -= 1;
                self.power_on_later(node, 0);
            }
            What::Stop { node } => {
                let host = self.host_mut(node);
                (host.stopped, host.held_down) = (false, host.held_down - 1);
                let boots = host.boots;
                if host.power {
                    self.agenda.put(now, Event::MasterStarts { node, boots });
                } else {
                    self.power_on_later(node, 0);
                }
            }
            What::Agent { node, .. } => self.heal_agents(node),
            What::Kill { .. }
            | What::WallStep { .. }
            | What::Send { .. }
            | What::Standby { .. }
            | What::Takeover { .. }
            | What::Device { .. } => {}
            _ => self.set_network_faults(),
        }
    }

    fn set_network_faults(&mut self) {
        let steps = self.plan.steps.iter().zip(&self.in_force);
        self.network.set_faults(steps.filter(|(_, on)| **on).map(|(step, _)| &step.what));
    }

    fn pause_step(&mut self, index: usize, node: u8, process: Option<Process>) {
        for slot in slots(process) {
            if let Some(instance) = self.pause(node, slot) {
                self.paused_by[index].push((node, slot, instance));
            }
        }
    }

    fn command(&mut self, node: u8, request: Request) {
        self.tell(node, News::Request(request));
    }

    /// A client has its next message ready, and hands over what the master takes.
    pub(super) fn client_writes(&mut self, step: u16, left: u32) {
        let index = usize::from(step);
        let Some(&Step { what: What::Send { node, count }, lasts, .. }) = self.plan.steps.get(index) else {
            return;
        };
        let every = nanos(lasts) / u64::from(count.max(1));
        if left == 0 || !self.in_force[index] {
            return;
        }
        let client = &mut self.host_mut(node).client;
        client.backlog = (client.backlog + 1).min(BACKLOG_MAX);
        self.hand_over(node);
        let at = self.now() + every.max(1_000);
        self.agenda.put(at, Event::ClientWrites { step, left: left - 1 });
    }

    /// The client hands over what the master reads in a turn, unless it is told to wait or nobody listens.
    pub(super) fn hand_over(&mut self, node: u8) {
        let host = self.host_mut(node);
        let Some(master) = host.master.as_ref() else { return };
        // Clients can sign on once the node is in service.
        let serves = master.node.view().cluster().phase() == hb_cluster::Phase::Active;
        if !serves || master.clients_wait || host.client.backlog == 0 || !master.news.is_empty() {
            return;
        }
        let (life, first) = (host.life, host.client.sent + 1);
        let count = host.client.backlog.min(MESSAGES_A_TURN);
        host.client.backlog -= count;
        host.client.sent += count;
        for number in first..first + count {
            self.tell(node, News::Request(Request::Send(clients::message(life, number))));
        }
    }

    /// For the table of faults and states: in which state are the nodes that a step concerns?
    fn meet_states(&mut self, step: &Step) {
        let word = step.what.word();
        for node in 0..self.plan.nodes {
            if step.what.node().is_none_or(|concerned| concerned == node) {
                let state = self.state_word(node);
                self.stats.meet(word, state);
            }
        }
    }
}

fn share(which: Which) -> Share {
    match which {
        Which::All => Share::All,
        Which::Local => Share::Local,
        Which::Foreign => Share::Foreign,
    }
}
