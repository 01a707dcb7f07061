//! Receiver side of retransmission: which numbers of one peer are missing, and when to ask for each.

use crate::bounds;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::Instant;

/// One missing number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    due: Instant,
    /// Times asked for.
    pub(crate) asked: u32,
    /// When it was asked for last; meaningful when `asked` is not 0.
    pub(crate) asked_at: Instant,
}

/// The missing numbers of one peer. At most [`bounds::MISSING`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Missing {
    gaps: BTreeMap<u64, Gap>,
    due: BTreeSet<(Instant, u64)>,
    /// Never refuses a number: a planted defect.
    unbounded: bool,
}

impl Missing {
    pub(crate) fn new(unbounded: bool) -> Missing {
        Missing { unbounded, ..Missing::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.gaps.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.gaps.is_empty()
    }

    /// The lowest missing number.
    pub(crate) fn first(&self) -> Option<u64> {
        self.gaps.first_key_value().map(|(seq, _)| *seq)
    }

    /// Adds a number, to be asked for at `due`. When full, the lowest number is given up and returned.
    pub(crate) fn add(&mut self, seq: u64, due: Instant) -> Option<u64> {
        let full = self.gaps.len() >= bounds::MISSING && !self.unbounded;
        let given_up = full.then(|| self.first()).flatten();
        if let Some(lowest) = given_up {
            self.remove(lowest);
        }
        self.gaps.insert(seq, Gap { due, asked: 0, asked_at: due });
        self.due.insert((due, seq));
        given_up
    }

    /// Takes a number out, because it came or will never come.
    pub(crate) fn remove(&mut self, seq: u64) -> Option<Gap> {
        let gap = self.gaps.remove(&seq)?;
        self.due.remove(&(gap.due, seq));
        Some(gap)
    }

    /// Forgets everything; returns the numbers.
    pub(crate) fn take_all(&mut self) -> Vec<u64> {
        self.due.clear();
        core::mem::take(&mut self.gaps).into_keys().collect()
    }

    /// When the next number is to be asked for.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Numbers due at `now`, ascending, at most `limit`.
    pub(crate) fn due_at(&self, now: Instant, limit: usize) -> Vec<u64> {
        let mut seqs: Vec<u64> =
            self.due.iter().take_while(|(at, _)| *at <= now).take(limit).map(|(_, seq)| *seq).collect();
        seqs.sort_unstable();
        seqs
    }

    /// Whether it was asked for often enough to know how often.
    pub(crate) fn asked(&self, seq: u64) -> Option<u32> {
        self.gaps.get(&seq).map(|gap| gap.asked)
    }

    /// Notes that `seq` was asked for at `now`, and arms it again.
    pub(crate) fn asked_now(&mut self, seq: u64, now: Instant, again_in: Duration) {
        if let Some(gap) = self.gaps.get_mut(&seq) {
            gap.asked += 1;
            gap.asked_at = now;
        }
        self.postpone(seq, now + again_in);
    }

    /// Arms `seq` for `due` instead.
    pub(crate) fn postpone(&mut self, seq: u64, due: Instant) {
        if let Some(gap) = self.gaps.get_mut(&seq) {
            self.due.remove(&(gap.due, seq));
            gap.due = due;
            self.due.insert((due, seq));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_due_and_are_asked_again() {
        let mut missing = Missing::default();
        missing.add(7, Instant::from_millis(60));
        missing.add(5, Instant::from_millis(80));
        assert_eq!((missing.first(), missing.next_due()), (Some(5), Some(Instant::from_millis(60))));
        let now = Instant::from_millis(80);
        assert_eq!(missing.due_at(now, 9), [5, 7]);
        missing.asked_now(7, now, Duration::from_millis(250));
        assert_eq!(missing.due_at(now, 9), [5]);
        assert_eq!(missing.remove(7).map(|gap| gap.asked), Some(1));
        assert!(missing.remove(7).is_none());
        assert_eq!(missing.take_all(), [5]);
        assert_eq!(missing.next_due(), None);
    }

    #[test]
    fn the_lowest_number_goes_when_full() {
        let mut missing = Missing::default();
        for seq in 1..=bounds::MISSING as u64 {
            assert_eq!(missing.add(seq, Instant::ZERO), None);
        }
        assert_eq!(missing.add(1_000, Instant::ZERO), Some(1));
        assert_eq!((missing.len(), missing.first()), (bounds::MISSING, Some(2)));
    }
}
