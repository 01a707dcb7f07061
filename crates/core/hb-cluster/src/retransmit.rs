//! Asking for what is missing, and answering who asks (spec: 5.4, 5.5).

use crate::bugs::Bug;
use crate::machine::Cluster;
use crate::timers::Timer;
use crate::{Class, GapReason, Output, bounds, notices};
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::{Instant, NodeId, Notice, Severity};
use hb_wire::Message;

/// How long a number of a node that cannot be asked now waits until we look again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl Cluster {
    /// Asks for every number that is due, and arms the timer again.
    pub(crate) fn request_missing(&mut self) {
        let due: Vec<NodeId> = self
            .nodes
            .iter()
            .filter(|node| node.missing.next_due().is_some_and(|at| at <= self.now))
            .map(|node| node.id)
            .collect();
        for id in due {
            self.request_of(id);
        }
        let next = self.nodes.iter().filter_map(|node| node.missing.next_due()).min();
        self.deadlines.set(Timer::Requests, next.unwrap_or(Instant::MAX));
    }

    fn request_of(&mut self, id: NodeId) {
        let (now, native) = (self.now, self.is_native(id));
        let Some(node) = self.nodes.find_mut(id) else { return };
        let limit =
            if native { bounds::BATCH as usize * bounds::REQUESTS_AT_ONCE } else { bounds::REQUESTS_AT_ONCE };
        let seqs = node.missing.due_at(now, limit);
        // DEVIATION: the original gives up a number when its node is not in service just then; we wait until it is.
        if !node.status.answers_requests() {
            for seq in seqs {
                node.missing.postpone(seq, now + LOOK_AGAIN);
            }
            return;
        }
        let name = node.name.clone();
        let ranges = if native { ranges(&seqs) } else { seqs.iter().map(|seq| (*seq, *seq)).collect() };
        for (first, last) in ranges.into_iter().take(bounds::REQUESTS_AT_ONCE) {
            let request = Message::new("NS_rexmit")
                .with("dest", name.as_str())
                .with_decimal("firstseq", first)
                .with_decimal("lastseq", last);
            self.send(request);
            self.asked_for(id, first, last);
        }
        // What found no room in this moment's requests goes out in the next one.
        if let Some(node) = self.nodes.find_mut(id) {
            for seq in node.missing.due_at(now, bounds::MISSING) {
                node.missing.postpone(seq, now + Duration::from_millis(1));
            }
        }
    }

    fn asked_for(&mut self, id: NodeId, first: u64, last: u64) {
        let now = self.now;
        let forget = self.planted(Bug::ForgetResend);
        let asked = self.nodes.find(id).and_then(|node| node.missing.asked(first)).unwrap_or(0);
        let again = if forget { Duration::from_secs(1 << 30) } else { self.next_request_delay(id, asked) };
        let Some(node) = self.nodes.find_mut(id) else { return };
        for seq in first..=last {
            node.missing.asked_now(seq, now, again);
            node.counters.requested += 1;
        }
    }

    /// `NS_rexmit`: a peer asks for messages of ours.
    pub(crate) fn answer_request(&mut self, id: NodeId, message: &Message) {
        let (Some(first), Some(last)) = (message.decimal("firstseq"), message.decimal("lastseq")) else {
            return;
        };
        let Some(node) = self.nodes.find(id) else { return };
        let (name, acked) = (node.name.clone(), node.acked);
        let spare = self.spare_window(id);
        let first = first.max(acked + 1);
        let last = last.min(self.history.hiseq());
        if first > last {
            return;
        }
        let mut budget = bounds::BATCH;
        let mut seq = first;
        if first <= self.history.lowseq() {
            seq = self.refuse(&name, first, last.min(self.history.lowseq()), &mut budget);
        }
        while seq <= last && budget > 0 {
            budget -= 1;
            self.repeat(seq, spare);
            seq += 1;
        }
    }

    /// Refuses `first..=last`, one message each as the original. Returns the first number not dealt with.
    fn refuse(&mut self, name: &str, first: u64, last: u64, budget: &mut u64) -> u64 {
        let mut seq = first;
        while seq <= last && *budget > 0 {
            *budget -= 1;
            if !self.planted(Bug::HistoryOverrunSilent) {
                self.counters.refused += 1;
                let refusal = Message::new("NS_nak_rexmit")
                    .with_hex("firstseq", seq)
                    .with("dest", name)
                    .with("info", "seqno too low");
                self.send(refusal);
            }
            seq += 1;
        }
        seq
    }

    fn repeat(&mut self, seq: u64, spare: Duration) {
        let now = self.now;
        let Some(sent) = self.history.find(seq) else { return };
        if sent.again_at.is_some_and(|at| now - at < spare) {
            self.counters.retransmissions_spared += 1;
            return;
        }
        sent.again_at = Some(now);
        let frame = sent.frame.clone();
        self.counters.retransmitted += 1;
        self.emit(Output::Transmit { class: Class::Repeat, frame });
    }

    /// `NS_nak_rexmit`: the sender no longer has it. Addressed to whom it may, as the original.
    pub(crate) fn take_refusal(&mut self, id: NodeId, message: &Message) {
        let Some(seq) = message.hex("firstseq") else { return };
        let Some(node) = self.nodes.find_mut(id) else { return };
        let first = node.missing.first();
        if node.missing.remove(seq).is_none() {
            return;
        }
        self.lose(id, seq, seq, GapReason::Refused);
        self.release_reports(id);
        self.release_order(id);
        self.acknowledge(id, seq, first);
        self.consider_farewell(id);
    }

    /// A frame left the history before everybody had it.
    pub(crate) fn notice_overrun(&mut self, seq: u64) {
        if seq <= self.flow.ackseq {
            return;
        }
        let waiting =
            self.waiting_peers().find(|node| node.acked < seq && node.heard).map(|node| node.name.clone());
        if let Some(name) = waiting {
            let make =
                || Notice::new(Severity::Error, notices::HISTORY_OVERRUN, name.as_str()).with("seq", seq);
            self.throttled(make, notices::HISTORY_OVERRUN);
        }
    }
}

/// Ascending numbers as ranges of neighbours, each no wider than one request may be.
fn ranges(seqs: &[u64]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for seq in seqs {
        match ranges.last_mut() {
            Some((first, last)) if *last + 1 == *seq && *seq - *first < bounds::BATCH => *last = *seq,
            _ => ranges.push((*seq, *seq)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_asked_for_together_up_to_a_batch() {
        assert_eq!(ranges(&[1, 2, 3, 5, 7, 8]), [(1, 3), (5, 5), (7, 8)]);
        let many: Vec<u64> = (1..=60).collect();
        assert_eq!(ranges(&many), [(1, 50), (51, 60)]);
        assert_eq!(ranges(&[]), []);
    }
}
