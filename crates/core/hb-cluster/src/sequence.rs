//! Generations and numbers: is this frame new, known, late, or does it leave a gap (spec: section 4, rows 6 and 7).

use crate::bugs::Bug;
use crate::machine::Cluster;
use crate::nodes::Node;
use crate::order::Next;
use crate::receive::Head;
use crate::timers::Timer;
use crate::{GapReason, Output, bounds, notices};
use alloc::vec::Vec;
use hb_base::{NodeId, NodeName, Notice, Seq, Severity};

/// What a frame's generation and number say about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Of an older generation, or of before the node's death.
    Stale,
    /// The newest number again: over another medium, most likely.
    Duplicate,
    /// An older number that we have, or have given up.
    Known,
    /// To be processed.
    New {
        /// It was missing; the lowest missing number before it came.
        filled: Option<u64>,
        /// The node was dead and speaks again in the same generation.
        returned: bool,
    },
}

impl Cluster {
    pub(crate) fn judge_number(&mut self, id: NodeId, head: &Head<'_>, seq: u64) -> Verdict {
        let is_status = head.kind == "status";
        let Some(node) = self.nodes.find_mut(id) else { return Verdict::Stale };
        let mut returned = false;
        if head.generation > node.generation {
            // DEVIATION: the original accepts any message of a newer generation and starts counting anew only at its
            // first status, so it can deliver a message twice. We adopt the generation at the very first contact, and
            // later wait for a status; what it said before is asked for if it came after that.
            if node.generation == 0 && node.last_seq.is_none() && node.floor == 0 {
                node.generation = head.generation;
            } else if is_status {
                self.node_restarted(id, head.generation);
            } else {
                return Verdict::Stale;
            }
        } else if head.generation < node.generation || node.left {
            return Verdict::Stale;
        } else if node.is_dead() && node.generation > 0 && is_status {
            if seq <= node.status_seq {
                return Verdict::Stale;
            }
            returned = true;
        }
        self.judge_in_generation(id, seq, returned)
    }

    fn judge_in_generation(&mut self, id: NodeId, seq: u64, returned: bool) -> Verdict {
        let (window, twice) = (self.options.window(), self.planted(Bug::DeliverDuplicate));
        let history = self.options.history as u64;
        let Some(node) = self.nodes.find_mut(id) else { return Verdict::Stale };
        let Some(last) = node.last_seq else {
            // DEVIATION: the original accepts anything of a node that is dead, so that late copies of what it
            // delivered before are delivered again.
            if seq <= node.floor {
                return Verdict::Stale;
            }
            if node.floor > 0 {
                let first = node.floor + 1;
                self.lose(id, first, seq - 1, GapReason::Partition);
            }
            self.start_counting(id, seq);
            return Verdict::New { filled: None, returned };
        };
        if seq == last {
            let again = twice && seq.is_multiple_of(10);
            return if again { Verdict::New { filled: None, returned } } else { Verdict::Duplicate };
        }
        if seq < last {
            return self.judge_late(id, seq, returned);
        }
        let gap = seq - last - 1;
        // DEVIATION: the original gives up beyond the window. A sender that is paused at the window goes on to send
        // heartbeats, and one of ours holds everything below them: what a deaf node lacks is asked for all the same.
        let widest = if node.speaks_hbx() { history } else { window };
        let answers = !node.is_dead();
        node.last_seq = Some(seq);
        node.counters.missed = node.counters.missed.saturating_add(gap);
        if gap == 0 {
            // In sequence.
        } else if gap > widest || !answers {
            let reason = if answers { GapReason::TooWide } else { GapReason::Partition };
            self.lose_missing(id, GapReason::TooWide);
            self.lose(id, last + 1, seq - 1, reason);
        } else {
            self.miss(id, last + 1, seq - 1);
        }
        Verdict::New { filled: None, returned }
    }

    /// A number below the newest: it fills a hole, or is known.
    fn judge_late(&mut self, id: NodeId, seq: u64, returned: bool) -> Verdict {
        let now = self.now;
        let Some(node) = self.nodes.find_mut(id) else { return Verdict::Stale };
        let first = node.missing.first();
        if let Some(gap) = node.missing.remove(seq) {
            node.counters.recovered += 1;
            if gap.asked == 1 {
                node.measured(now - gap.asked_at);
            }
            return Verdict::New { filled: first, returned };
        }
        // A dead node's other messages may have overtaken the status that ends the partition. Counting goes on.
        if returned { Verdict::New { filled: None, returned } } else { Verdict::Known }
    }

    fn start_counting(&mut self, id: NodeId, seq: u64) {
        if let Some(node) = self.nodes.find_mut(id) {
            node.last_seq = Some(seq);
            // Behave as if the last acknowledgement had been due at our digit before.
            node.ack_sent = seq.saturating_sub((seq + 10 - node.ack_trigger) % 10);
        }
    }

    /// Numbers `first..=last` are missing: each will be asked for.
    fn miss(&mut self, id: NodeId, first: u64, last: u64) {
        let mut given_up = Vec::new();
        let delay = self.first_request_delay(id);
        let common = self.rng.between(delay.0, delay.1);
        for seq in first..=last {
            let Some(node) = self.nodes.find_mut(id) else { return };
            // Between ours one delay for the whole range, so that it can be asked for in one request.
            let wait = if node.speaks_hbx() { common } else { self.rng.between(delay.0, delay.1) };
            let due = self.now + wait;
            self.deadlines.set_no_later(Timer::Requests, due);
            given_up.extend(node.missing.add(seq, due));
        }
        for seq in given_up {
            self.lose(id, seq, seq, GapReason::Forgotten);
        }
    }

    /// Gives up everything that is missing of a node.
    pub(crate) fn lose_missing(&mut self, id: NodeId, reason: GapReason) {
        let Some(node) = self.nodes.find_mut(id) else { return };
        for seq in node.missing.take_all() {
            self.lose(id, seq, seq, reason);
        }
    }

    /// Numbers `first..=last` of a node will never come. They are told in their place on the ordered side.
    pub(crate) fn lose(&mut self, id: NodeId, first: u64, last: u64, reason: GapReason) {
        let Some(node) = self.nodes.find_mut(id) else { return };
        if first <= last {
            node.counters.lost = node.counters.lost.saturating_add(last - first + 1);
            node.order.lose(first, last, reason);
        }
    }

    /// Hands out what is next in a sender's order.
    pub(crate) fn release_order(&mut self, id: NodeId) {
        loop {
            while let Some(node) = self.nodes.find_mut(id) {
                let limit = node.settled_below();
                let from = node.name.clone();
                match node.order.next(limit) {
                    None => break,
                    Some(Next::Message(seq, message)) => {
                        self.emit(Output::Ordered { from, seq: Seq(seq), message });
                    }
                    Some(Next::Lost(first, last, reason)) => self.tell_lost(from, first, last, reason),
                }
            }
            if !self.give_up_oldest_hole(id) {
                return;
            }
        }
    }

    fn tell_lost(&mut self, from: NodeName, first: u64, last: u64, reason: GapReason) {
        let notice = Notice::new(Severity::Warning, notices::MESSAGES_LOST, from.as_str())
            .with("first", first)
            .with("last", last)
            .with("reason", reason.word());
        self.notice(notice);
        if !self.planted(Bug::SkipGapReport) {
            self.emit(Output::Gap { from, first: Seq(first), last: Seq(last), reason });
        }
    }

    /// When too much waits behind a hole that long since left its sender's history. Whether it was so.
    fn give_up_oldest_hole(&mut self, id: NodeId) -> bool {
        let most = self.options.history * bounds::HELD_HISTORIES;
        let unbounded = self.planted(Bug::UnboundedMissing);
        let Some(node) = self.nodes.find_mut(id) else { return false };
        let Some(first) = node.missing.first().filter(|_| node.order.held() > most && !unbounded) else {
            return false;
        };
        node.missing.remove(first);
        self.lose(id, first, first, GapReason::HeldTooLong);
        true
    }

    /// A known node speaks in a new generation: everything that we count of it begins anew.
    fn node_restarted(&mut self, id: NodeId, generation: u64) {
        self.end_order(id, GapReason::Restarted);
        let Some(node) = self.nodes.find_mut(id) else { return };
        let before = core::mem::replace(&mut node.generation, generation);
        forget_generation(node);
        node.counters.restarts += 1;
        let name = node.name.clone();
        let notice = Notice::new(Severity::Info, notices::NODE_RESTARTED, name.as_str());
        self.notice(notice.with("generation", generation).with("before", before));
        self.greet = true;
        self.emit(Output::Restarted { node: name });
    }

    /// Nothing more will come of this node for now: gives up what is missing, hands out what is held.
    pub(crate) fn end_order(&mut self, id: NodeId, reason: GapReason) {
        self.lose_missing(id, reason);
        self.release_reports(id);
        self.release_order(id);
    }
}

/// Clears what belongs to a node's generation.
fn forget_generation(node: &mut Node) {
    node.last_seq = None;
    node.floor = 0;
    node.order.reset();
    node.status_seq = 0;
    node.leaving = false;
    node.left = false;
    node.acked = 0;
    node.ack_sent = 0;
    node.rtt = None;
}
