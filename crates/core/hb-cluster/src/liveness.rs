//! Who has been silent for too long, and who is dead (spec: 6.5). Judged by kernel stamps, after draining all readers.

use crate::barrier::Ask;
use crate::bugs::Bug;
use crate::machine::Cluster;
use crate::nodes::{Kind, Node};
use crate::timers::Timer;
use crate::{DeathReason, GapReason, Output, Phase, Status, StatusReason, bounds, notices};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::{Instant, MediumId, NodeId, Notice, Severity};
use hb_wire::Message;

impl Cluster {
    /// Silence after which `node` is taken for dead: initdead while communication is not up, then its own.
    ///
    /// DEVIATION: the original judges links by the deadtime of the last node of its list; we use the node's own, and at
    /// least a second for our own links: what comes back to us costs as much as what a peer says, so it rarely does.
    pub(crate) fn patience(&self, node: &Node) -> Duration {
        let forming =
            matches!(self.phase, Phase::Idle | Phase::Persisting | Phase::Forming | Phase::AskingNodes);
        if forming {
            self.options.timing.initdead
        } else if node.kind == Kind::Ping {
            self.options.timing.deadping
        } else if node.id == self.own_id {
            self.options.timing.deadtime.max(bounds::OWN_LINK)
        } else {
            node.deadtime
        }
    }

    pub(crate) fn patience_of(&self, id: NodeId) -> Duration {
        self.nodes.find(id).map_or(self.options.timing.deadtime, |node| self.patience(node))
    }

    /// When each live node and each link that is up will have been silent for too long.
    ///
    /// DEVIATION: the original also watches itself and restarts when its own statuses stop. We learn of our own pauses
    /// by being late.
    fn silences(&self) -> impl Iterator<Item = (Instant, NodeId, Option<MediumId>)> {
        self.nodes.iter().flat_map(|node| {
            let patience = self.patience(node);
            let watched = node.id != self.own_id && !node.is_dead();
            let own = watched.then_some((node.silent_since + patience, node.id, None));
            let up = node.links.iter().filter(|link| link.up);
            own.into_iter().chain(up.map(move |link| (link.seen + patience, node.id, Some(link.medium))))
        })
    }

    /// Has everybody looked at before this input ends.
    pub(crate) fn watch_from_now(&mut self) {
        self.deadlines.set(Timer::Silence, self.now);
    }

    /// Looks at everybody; asks the readers for what they hold when somebody is overdue.
    pub(crate) fn check_silence(&mut self) {
        // Who leaves no longer judges others.
        if matches!(self.phase, Phase::Idle | Phase::Persisting | Phase::Leaving | Phase::Left) {
            return;
        }
        let now = self.now;
        let next = self.silences().map(|(due, ..)| due).filter(|due| *due > now).min();
        self.deadlines.set(Timer::Silence, next.unwrap_or(Instant::MAX));
        let overdue = self.silences().any(|(due, ..)| due <= now);
        if !overdue || self.barrier.is_some() {
            return;
        }
        if self.planted(Bug::SkipDrainBarrier) {
            return self.judge(now);
        }
        match self.raise_barrier() {
            Ask::Readers => {}
            Ask::Nobody => {
                let name = self.options.node.clone();
                let make = || Notice::new(Severity::Critical, notices::DEAF, name.as_str());
                self.throttled(make, notices::DEAF);
                let again = now + self.options.timing.drain_patience;
                self.deadlines.set_no_later(Timer::Silence, again);
            }
        }
    }

    /// All readers have forwarded what they held at `drained`: whoever was overdue then and still is, is dead.
    pub(crate) fn judge(&mut self, drained: Instant) {
        let verdicts: Vec<_> = self.silences().filter(|(due, ..)| *due <= drained).collect();
        for (_, id, medium) in verdicts {
            match medium {
                Some(medium) => self.set_link(id, medium, false),
                None => {
                    let heard = self.nodes.find(id).is_some_and(|node| node.heard);
                    let reason = if heard { DeathReason::Silence } else { DeathReason::NeverHeard };
                    self.declare_dead(id, reason);
                }
            }
        }
        self.watch_from_now();
    }

    pub(crate) fn declare_dead(&mut self, id: NodeId, reason: DeathReason) {
        self.end_order(id, GapReason::Died);
        let now = self.now;
        let patience = self.patience_of(id);
        let Some(node) = self.nodes.find_mut(id) else { return };
        let silent = now - node.silent_since;
        node.floor = node.last_seq.unwrap_or(node.floor);
        node.last_seq = None;
        node.acked = 0;
        node.ack_sent = 0;
        node.heard = false;
        node.leaving = false;
        node.counters.deaths += 1;
        let name = node.name.clone();
        let is_ping = node.kind == Kind::Ping;
        self.notice(notices::death(&name, reason, silent, patience));
        self.change_status(id, Status::Dead, StatusReason::Death(reason));
        let ts = self.wall.map_or(1, |wall| wall.unix_secs().max(1));
        let mut local = Message::new("status").with("seq", "1").with_hex("ts", ts);
        local.set("src", name.as_str());
        local.set("st", Status::Dead.as_str());
        if is_ping {
            local.set("info", "ping");
        }
        self.emit(Output::Local { message: Arc::new(local) });
        self.advance_acknowledged();
        self.consider_startup();
    }

    /// Whether a timer comes so late that we must have been stalled. Judged before anything else at every input.
    pub(crate) fn notice_lateness(&mut self, now: Instant) -> bool {
        let Some(due) = self.deadline() else { return false };
        let late = now - due;
        if late <= self.options.timing.stall_bound {
            return false;
        }
        self.now = now;
        self.stalled(late);
        true
    }

    /// Whether some overdue node's silence may still be measured anew.
    pub(crate) fn may_start_anew(&self) -> bool {
        let overdue = |node: &Node| node.silent_since + self.patience(node) <= self.now;
        let peers = self.nodes.iter().filter(|node| node.id != self.own_id && !node.is_dead());
        peers.filter(|node| overdue(node)).any(|node| node.stalls < bounds::STALL_RESTARTS)
    }

    /// We did not run for `by`: silence in that time says nothing about others. See [`Stall::moved`] for what remains
    /// of the silence before it.
    pub(crate) fn stalled(&mut self, by: Duration) {
        self.counters.stalls += 1;
        let name = self.options.node.clone();
        let make = || Notice::new(Severity::Warning, notices::STALLED, name.as_str()).with("by", by);
        self.throttled(make, notices::STALLED);
        if self.planted(Bug::IgnoreStall) {
            return;
        }
        let now = self.now;
        self.lower_barrier();
        let patience: Vec<Duration> = self.nodes.iter().map(|node| self.patience(node)).collect();
        for (node, patience) in self.nodes.iter_mut().zip(patience) {
            let stall = Stall { now, by, patience, earlier: node.stalls };
            node.stalls = node.stalls.saturating_add(1);
            node.silent_since = stall.moved(node.silent_since);
            for link in &mut node.links {
                link.seen = stall.moved(link.seen);
            }
        }
        self.watch_from_now();
    }
}

/// A stall of ours, as it concerns one peer.
struct Stall {
    now: Instant,
    by: Duration,
    /// The peer's deadtime, or what stands for it.
    patience: Duration,
    /// Stalls since the peer's last word.
    earlier: u32,
}

impl Stall {
    /// From when on the peer's silence counts.
    ///
    /// After a long stall: from now. After one shorter than half its patience, what we heard of its silence while
    /// awake still counts, but it gets at least that half to speak, in which a status is due (deadtime is more than
    /// two keepalives). After a few stalls without a word between, only the time lost is taken off, so that silence
    /// while we were awake adds up and a real death is found.
    fn moved(&self, since: Instant) -> Instant {
        let half = self.patience / 2;
        let awake = since + self.by;
        if self.earlier >= bounds::STALL_RESTARTS {
            awake.min(self.now)
        } else if self.by < half {
            awake.max(self.now.minus(half)).min(self.now)
        } else {
            self.now
        }
    }
}
