//! Sender side of retransmission: the frames sent last, to be sent again byte for byte.

use crate::bounds;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use hb_base::Instant;

/// A frame that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) frame: Arc<[u8]>,
    pub(crate) at: Instant,
    /// When it was last sent again.
    pub(crate) again_at: Option<Instant>,
}

/// The frames `lowseq + 1 ..= hiseq`, at most `capacity`. All operations are O(1), amortised.
#[derive(Clone, Debug)]
pub(crate) struct History {
    sent: VecDeque<Sent>,
    lowseq: u64,
    capacity: usize,
}

impl History {
    pub(crate) fn new(capacity: usize) -> History {
        History { sent: VecDeque::with_capacity(capacity), lowseq: 0, capacity }
    }

    /// Newest number sent; 0 before the first.
    pub(crate) fn hiseq(&self) -> u64 {
        self.lowseq + self.sent.len() as u64
    }

    /// Highest number no longer held.
    pub(crate) fn lowseq(&self) -> u64 {
        self.lowseq
    }

    /// Keeps the frame of number `hiseq + 1`. When full, the oldest frame goes; returns its number.
    pub(crate) fn push(&mut self, frame: Arc<[u8]>, now: Instant) -> Option<u64> {
        let full = self.sent.len() >= self.capacity;
        if full {
            self.sent.pop_front();
            self.lowseq += 1;
        }
        self.sent.push_back(Sent { frame, at: now, again_at: None });
        full.then_some(self.lowseq)
    }

    /// Drops frames that everybody has acknowledged and that are not quite fresh, as the original does.
    pub(crate) fn release(&mut self, ackseq: u64, now: Instant) {
        while self.lowseq < ackseq
            && self.sent.front().is_some_and(|sent| now - sent.at > bounds::KEEP_ACKNOWLEDGED)
        {
            self.sent.pop_front();
            self.lowseq += 1;
        }
    }

    /// The frame of number `seq`, if it is still held.
    pub(crate) fn find(&mut self, seq: u64) -> Option<&mut Sent> {
        let index = seq.checked_sub(self.lowseq)?.checked_sub(1)?;
        self.sent.get_mut(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(byte: u8) -> Arc<[u8]> {
        Arc::from([byte])
    }

    #[test]
    fn it_keeps_the_newest_and_names_what_it_loses() {
        let mut history = History::new(2);
        assert_eq!(
            (history.push(frame(1), Instant::ZERO), history.push(frame(2), Instant::ZERO)),
            (None, None)
        );
        assert_eq!(history.push(frame(3), Instant::ZERO), Some(1));
        assert_eq!((history.lowseq(), history.hiseq()), (1, 3));
        assert!(history.find(1).is_none() && history.find(0).is_none() && history.find(4).is_none());
        assert_eq!(history.find(3).map(|sent| sent.frame.clone()), Some(frame(3)));
    }

    #[test]
    fn acknowledged_frames_go_when_they_are_old() {
        let mut history = History::new(9);
        history.push(frame(1), Instant::ZERO);
        history.push(frame(2), Instant::from_millis(2_000));
        history.release(2, Instant::from_millis(2_501));
        assert_eq!((history.lowseq(), history.hiseq()), (1, 2));
        history.release(1, Instant::from_millis(9_999));
        assert_eq!(history.lowseq(), 1, "not acknowledged");
    }
}
