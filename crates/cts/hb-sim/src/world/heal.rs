//! Phase two: everything is made whole, and the nodes must get where they should.

use super::World;
use super::network::nanos;
use crate::agenda::Nanos;
use crate::plan::{Failback, Service};
use crate::truth::Invariant;
use hb_cluster::{Phase, Status};

const SECOND: Nanos = 1_000_000_000;
/// How often it is looked.
const LOOK: Nanos = SECOND / 2;
/// So many looks in a row must find everything well.
const LOOKS: u32 = 4;

impl World<'_> {
    /// Ends all faults, then waits until all is well. A world that does not get there in time violates
    /// [`Invariant::Progress`].
    pub(super) fn heal(&mut self) {
        let now = self.now();
        self.trace.say(now, None, format_args!("-- everything is healed --"));
        for step in 0..self.plan.steps.len() {
            self.step_ends(step);
        }
        self.healing = true;
        for node in 0..self.plan.nodes {
            self.clear_left(node);
            let host = self.host_mut(node);
            host.stopped = false;
            host.held_down = 0;
            let (power, boots) = (host.power, host.boots);
            if power {
                self.agenda.put(now + SECOND, super::Event::MasterStarts { node, boots });
            } else {
                self.power_on_later(node, 0);
            }
        }
        let limit = now + self.patience();
        let mut well = 0;
        while well < LOOKS {
            let next = self.now() + LOOK;
            self.run_until(next);
            if self.violation.is_some() {
                return;
            }
            match self.lacking() {
                None => well += 1,
                Some(what) if self.now() >= limit => {
                    let waited = self.patience() / SECOND;
                    return self.broken(Invariant::Progress, format!("{waited} s after healing: {what}"));
                }
                Some(_) => well = 0,
            }
        }
        let took = self.now() - now;
        self.stats.slowest_heal = self.stats.slowest_heal.max(took);
    }

    /// How long after healing everything must be well: fencing that hangs is given up after 60 s and more,
    /// failed starts are moved after 30 s.
    fn patience(&self) -> Nanos {
        let timing = self.plan.timing;
        180 * SECOND + 2 * nanos(timing.initdead) + 10 * nanos(timing.deadtime)
    }

    /// What is not as it should be; nothing when all is well.
    fn lacking(&self) -> Option<String> {
        (0..self.plan.nodes).find_map(|node| self.node_lacks(node)).or_else(|| self.resources_lack())
    }

    fn node_lacks(&self, node: u8) -> Option<String> {
        let host = self.host(node);
        let say = |what: String| Some(format!("n{}: {what}", node + 1));
        let Some(master) = &host.master else { return say("no master runs".to_owned()) };
        let view = master.node.view();
        let cluster = view.cluster();
        if cluster.phase() != Phase::Active {
            return say(format!("messaging is {:?}", cluster.phase()));
        }
        for peer in cluster.nodes() {
            if *peer.status() != Status::Active {
                return say(format!("takes {} for {}", peer.name(), peer.status()));
            }
            if peer.missing() > 0 {
                return say(format!("{} messages of {} are missing", peer.missing(), peer.name()));
            }
        }
        if host.client.backlog > 0 {
            return say(format!("its client waits with {} messages", host.client.backlog));
        }
        let owed = |from| (from, self.streams.owed(node, from));
        if let Some((from, owed)) = (0..self.plan.nodes).map(owed).find(|(_, owed)| *owed > 0) {
            return say(format!("{owed} messages of n{} neither came nor were reported lost", from + 1));
        }
        if let Some(classic) = view.classic().filter(|c| c.state != hb_classic::State::Stable) {
            return say(format!("its resources are {}", classic.state.word()));
        }
        let job = host.agents.jobs.first()?;
        say(format!("an agent works: {job:?}"))
    }

    fn resources_lack(&self) -> Option<String> {
        let wrong = |(resource, count): (usize, u32)| {
            // What failed on a node is handed to the other; with auto_failback legacy nobody hands anything over.
            let [first, second] = self.blamed;
            let legacy = matches!(self.plan.service, Service::Takeover { failback: Failback::Legacy, .. });
            let given_up = if legacy { first | second } else { first & second };
            let may_rest = given_up >> resource & 1 == 1;
            let fine = count == 1 || count == 0 && may_rest;
            (!fine).then(|| {
                let holders = self.ownership.holders(resource);
                format!(
                    "{} is active on {count} nodes (set {holders:#b}), not on one",
                    self.resources[resource]
                )
            })
        };
        self.ownership.counts(self.resources.len()).find_map(wrong)
    }

    /// Whatever may have made a resource active twice is over when all is well, and excuses nothing any more.
    pub(super) fn forget_excuses(&mut self) {
        let settled = |node| {
            let master = self.host(node).master.as_ref();
            master.is_some_and(|master| master.node.view().classic().is_some_and(|classic| classic.stable))
        };
        if !self.plan.fenced() && (0..self.plan.nodes).all(settled) && self.lacking().is_none() {
            self.excused = false;
            self.evidence.all_well(self.now());
        }
    }

    /// For the table of faults and states: a node's state in a word.
    pub(super) fn state_word(&self, node: u8) -> &'static str {
        let host = self.host(node);
        let Some(master) = &host.master else {
            return if host.power { "no-master" } else { "off" };
        };
        let view = master.node.view();
        match view.cluster().phase() {
            Phase::Active if !host.agents.jobs.is_empty() => "operating",
            Phase::Active if view.cluster().draining() => "draining",
            Phase::Active if view.cluster().flow().paused => "paused",
            Phase::Active => match view.classic() {
                Some(classic) if classic.state != hb_classic::State::Stable => "transition",
                _ => "active",
            },
            Phase::Leaving | Phase::Left => "leaving",
            _ => "forming",
        }
    }
}
