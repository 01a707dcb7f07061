//! What happens next: the world's queue of events, ordered by time and then by when they were asked for.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// True time of the world in nanoseconds. Nodes never see it; they see their own clocks.
pub type Nanos = u64;

#[derive(Clone, Copy)]
struct Entry<E> {
    at: Nanos,
    order: u64,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl<E> Eq for Entry<E> {}
impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Entry<E> {
    /// Reversed, since the heap gives its greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

/// A queue of events. Events at the same time come out in the order in which they went in.
pub struct Agenda<E> {
    heap: BinaryHeap<Entry<E>>,
    order: u64,
    now: Nanos,
}

impl<E: Copy> Default for Agenda<E> {
    fn default() -> Self {
        Agenda { heap: BinaryHeap::with_capacity(256), order: 0, now: 0 }
    }
}

impl<E: Copy> Agenda<E> {
    /// The time of the event taken last.
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// Puts `event` at `at`, or now if that has passed.
    pub fn put(&mut self, at: Nanos, event: E) {
        self.order += 1;
        self.heap.push(Entry { at: at.max(self.now), order: self.order, event });
    }

    /// Takes the next event, unless it lies beyond `end`; then time stands at `end` and there is none.
    pub fn next_until(&mut self, end: Nanos) -> Option<E> {
        if self.heap.peek().is_none_or(|entry| entry.at > end) {
            self.now = self.now.max(end);
            return None;
        }
        let entry = self.heap.pop()?;
        self.now = entry.at;
        Some(entry.event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_first_then_order_of_asking() {
        let mut agenda = Agenda::default();
        agenda.put(5, 'c');
        agenda.put(1, 'a');
        agenda.put(5, 'd');
        agenda.put(1, 'b');
        agenda.put(9, 'e');
        let taken: String = std::iter::from_fn(|| agenda.next_until(5)).collect();
        assert_eq!(taken, "abcd");
        assert_eq!(agenda.now(), 5);
        agenda.put(2, 'f');
        assert_eq!(agenda.next_until(8), Some('f'));
        assert_eq!((agenda.now(), agenda.next_until(8), agenda.now()), (5, None, 8));
    }
}
