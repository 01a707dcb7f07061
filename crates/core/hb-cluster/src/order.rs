//! The ordered side: holds messages behind a missing one, and says what never came.

use crate::GapReason;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use hb_wire::Message;

/// What comes next in a sender's order.
#[derive(Debug)]
pub(crate) enum Next {
    /// A message.
    Message(u64, Arc<Message>),
    /// Numbers `first..=last` never will.
    Lost(u64, u64, GapReason),
}

#[derive(Debug)]
enum Entry {
    Message(Arc<Message>),
    Lost(u64, GapReason),
}

/// One sender's order. Numbers with no entry are passed over in silence: they were not for us.
#[derive(Debug, Default)]
pub(crate) struct Order {
    entries: BTreeMap<u64, Entry>,
    messages: usize,
    /// All numbers up to here were handed out, reported, or passed over.
    passed: u64,
}

impl Order {
    /// Messages held.
    pub(crate) fn held(&self) -> usize {
        self.messages
    }

    /// A new generation: its numbers begin below those of the old one.
    pub(crate) fn reset(&mut self) {
        *self = Order::default();
    }

    /// Takes a message that was delivered at arrival. One whose number was reported lost is passed over.
    pub(crate) fn insert(&mut self, seq: u64, message: Arc<Message>) {
        if seq > self.passed && self.entries.insert(seq, Entry::Message(message)).is_none() {
            self.messages += 1;
        }
    }

    /// Notes that `first..=last` will never come. The caller has none of them.
    pub(crate) fn lose(&mut self, first: u64, last: u64, reason: GapReason) {
        let first = first.max(self.passed + 1);
        if first <= last {
            self.entries.insert(first, Entry::Lost(last, reason));
        }
    }

    /// What comes next, if every number below it is settled: `limit` is the lowest number that is not.
    /// Neighbouring losses for one reason come as one.
    pub(crate) fn next(&mut self, limit: u64) -> Option<Next> {
        let first = self.entries.first_entry().filter(|entry| *entry.key() < limit)?;
        let (seq, entry) = first.remove_entry();
        match entry {
            Entry::Message(message) => {
                self.messages -= 1;
                self.passed = seq;
                Some(Next::Message(seq, message))
            }
            Entry::Lost(mut last, reason) => {
                while let Some(more) = self.entries.first_entry() {
                    match more.get() {
                        Entry::Lost(end, why) if *more.key() <= last + 1 && *why == reason => {
                            last = last.max(*end);
                            more.remove();
                        }
                        _ => break,
                    }
                }
                self.passed = last;
                Some(Next::Lost(seq, last, reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn drain(order: &mut Order, limit: u64) -> Vec<(u64, u64)> {
        core::iter::from_fn(|| order.next(limit))
            .map(|next| match next {
                Next::Message(seq, _) => (seq, 0),
                Next::Lost(first, last, _) => (first, last),
            })
            .collect()
    }

    fn message() -> Arc<Message> {
        Arc::new(Message::new("x"))
    }

    #[test]
    fn messages_wait_for_the_missing_one() {
        let mut order = Order::default();
        for seq in [1, 4, 5] {
            order.insert(seq, message());
        }
        assert_eq!(drain(&mut order, 3), [(1, 0)]);
        assert_eq!(order.held(), 2);
        order.insert(3, message());
        assert_eq!(drain(&mut order, 6), [(3, 0), (4, 0), (5, 0)]);
        assert_eq!(order.held(), 0);
    }

    #[test]
    fn losses_are_told_once_in_their_place_and_joined() {
        let mut order = Order::default();
        order.insert(1, message());
        order.insert(5, message());
        for seq in [2, 3, 4] {
            order.lose(seq, seq, GapReason::Refused);
        }
        assert_eq!(drain(&mut order, 6), [(1, 0), (2, 4), (5, 0)]);
        order.insert(3, message());
        order.lose(4, 4, GapReason::Refused);
        assert_eq!(drain(&mut order, 9), [], "both were told already");
    }
}
