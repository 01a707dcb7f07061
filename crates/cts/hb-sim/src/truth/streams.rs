//! Messages from every client to every other: in order, once, and nothing lost without a word.
//!
//! A stream is what one receiving master delivers of one sending master. It begins with the first message
//! that is delivered; what was sent before the receiver listened is nobody's loss.

use super::{Invariant, Violation};
use crate::agenda::Nanos;
use crate::plan::NODES_MAX;

const N: usize = NODES_MAX as usize;

/// Reports of losses that are remembered for one stream; neighbouring ones are joined.
const GAPS_MAX: usize = 4_096;

/// What one master sent.
#[derive(Default, Debug)]
struct Sent {
    life: u32,
    /// Sequence numbers of its messages: entry n is message n + 1; 0 when not known yet.
    seqs: Vec<u64>,
    /// Messages handed over.
    count: u32,
}

/// One receiving master's view of one sending master.
#[derive(Default, Debug)]
struct Stream {
    life: u32,
    /// The last message delivered; 0 before the first.
    last: u32,
    /// Reported losses: first and last sequence number.
    gaps: Vec<(u64, u64)>,
    /// Master whose messages arrived, and which did: bit n for message n.
    arrived_life: u32,
    arrived: Vec<u64>,
}

/// All streams.
pub(crate) struct Streams {
    sent: [Sent; N],
    streams: Vec<[Stream; N]>,
}

impl Streams {
    pub(crate) fn new() -> Streams {
        let streams = (0..N).map(|_| Default::default()).collect();
        Streams { sent: Default::default(), streams }
    }

    /// A master starts on `node`.
    pub(crate) fn started(&mut self, node: u8, life: u32) {
        self.sent[usize::from(node)] = Sent { life, ..Sent::default() };
        self.streams[usize::from(node)] = Default::default();
    }

    /// The master of `node` was handed its next message.
    pub(crate) fn sent(&mut self, node: u8) {
        self.sent[usize::from(node)].count += 1;
    }

    /// The receiver `to` was told that messages of `from` are lost.
    pub(crate) fn lost(&mut self, to: u8, from: u8, first: u64, last: u64) {
        let gaps = &mut self.streams[usize::from(to)][usize::from(from)].gaps;
        match gaps.last_mut() {
            Some(previous) if previous.1 + 1 == first => previous.1 = last,
            _ => gaps.push((first, last)),
        }
        if gaps.len() > GAPS_MAX {
            gaps.remove(0);
        }
    }

    /// A message of master `life` of `from` was handed out at arrival at `to`, in whatever order.
    pub(crate) fn arrived(
        &mut self,
        (to, from): (u8, u8),
        (life, number): (u32, u32),
        at: Nanos,
    ) -> Option<Violation> {
        let stream = &mut self.streams[usize::from(to)][usize::from(from)];
        if life > stream.arrived_life {
            stream.arrived_life = life;
            stream.arrived.clear();
        }
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if stream.arrived.len() <= word {
            stream.arrived.resize(word + 1, 0);
        }
        let again = life == stream.arrived_life && stream.arrived[word] & bit != 0;
        stream.arrived[word] |= bit;
        again.then(|| Violation {
            invariant: Invariant::Duplicate,
            at,
            what: format!("n{} was handed message {number} of n{}'s life {life} twice", to + 1, from + 1),
        })
    }

    /// The receiver `to` got message `number`, with sequence number `seq`, of master `life` of `from`.
    pub(crate) fn received(
        &mut self,
        (to, from): (u8, u8),
        (life, number, seq): (u32, u32, u64),
        at: Nanos,
    ) -> Option<Violation> {
        let sent = &mut self.sent[usize::from(from)];
        if to == from && life == sent.life {
            let place = number as usize - 1;
            sent.seqs.resize(sent.seqs.len().max(place + 1), 0);
            sent.seqs[place] = seq;
        }
        let stream = &mut self.streams[usize::from(to)][usize::from(from)];
        let violation = |invariant, what: &str| {
            let what =
                format!("n{} got message {number} (seq {seq}) of n{}'s life {life} {what}", to + 1, from + 1);
            Some(Violation { invariant, at, what })
        };
        if life < stream.life {
            return violation(Invariant::Order, &format!("after one of life {}", stream.life));
        }
        if life > stream.life {
            (stream.life, stream.last) = (life, number);
            stream.gaps.clear();
            return None;
        }
        let last = stream.last;
        if number == last {
            return violation(Invariant::Duplicate, "twice");
        }
        if number < last {
            return violation(Invariant::Order, &format!("after message {last}"));
        }
        let seqs = if life == sent.life { sent.seqs.as_slice() } else { &[] };
        for missing in last..number - 1 {
            let Some(&seq) = seqs.get(missing as usize).filter(|seq| **seq != 0) else { continue };
            if !stream.gaps.iter().any(|(first, last)| (*first..=*last).contains(&seq)) {
                let missing = missing + 1;
                return violation(Invariant::Gap, &format!("but never message {missing} (seq {seq})"));
            }
        }
        stream.last = number;
        None
    }

    /// How many messages of the present master of `from` have neither reached the present master of `to` nor
    /// been reported as lost. A receiver that has heard none of them yet is owed none.
    pub(crate) fn owed(&self, to: u8, from: u8) -> u32 {
        let sent = &self.sent[usize::from(from)];
        let stream = &self.streams[usize::from(to)][usize::from(from)];
        if stream.life != sent.life {
            return 0;
        }
        let reported = |seq: u64| stream.gaps.iter().any(|(first, last)| (*first..=*last).contains(&seq));
        let unknown = sent.count.saturating_sub(sent.seqs.len() as u32);
        let waiting = sent.seqs.iter().skip(stream.last as usize).filter(|seq| !reported(**seq)).count();
        waiting as u32 + unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> Streams {
        let mut streams = Streams::new();
        streams.started(0, 1);
        streams.started(1, 1);
        for number in 1..=5 {
            streams.sent(0);
            assert!(streams.received((0, 0), (1, number, u64::from(number) * 10), 0).is_none());
        }
        streams
    }

    fn got(streams: &mut Streams, number: u32) -> Option<Invariant> {
        streams.received((1, 0), (1, number, u64::from(number) * 10), 0).map(|v| v.invariant)
    }

    #[test]
    fn in_order_once_and_complete() {
        let mut streams = world();
        assert_eq!(got(&mut streams, 2), None);
        assert_eq!(got(&mut streams, 3), None);
        assert_eq!(streams.owed(1, 0), 2);
        assert_eq!(got(&mut streams, 3), Some(Invariant::Duplicate));
        assert_eq!(got(&mut streams, 2), Some(Invariant::Order));
        assert_eq!(got(&mut streams, 5), Some(Invariant::Gap));
    }

    #[test]
    fn a_reported_loss_is_no_gap() {
        let mut streams = world();
        assert_eq!(got(&mut streams, 1), None);
        streams.lost(1, 0, 15, 25);
        streams.lost(1, 0, 26, 41);
        assert_eq!(got(&mut streams, 5), None);
        assert_eq!(streams.owed(1, 0), 0);
    }

    #[test]
    fn a_new_master_begins_a_new_stream() {
        let mut streams = world();
        assert_eq!(got(&mut streams, 1), None);
        streams.started(0, 2);
        assert_eq!(streams.owed(1, 0), 0);
        assert!(streams.received((1, 0), (2, 7, 9), 0).is_none());
        assert_eq!(got(&mut streams, 2), Some(Invariant::Order));
    }
}
