//! What waits for a writer child that cannot take more right now.
//!
//! A stuck writer must never delay the master or another medium. While it is stuck, statuses are worth
//! nothing once a newer one exists, so only the newest is kept; sequenced frames and control frames are
//! kept up to a bound, beyond which the oldest go: receivers ask for those again.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use hb_cluster::Class;

/// Sequenced and control frames kept for one stuck writer: one history of messages.
pub const FRAMES_MAX: usize = 500;

/// The queue before one writer child.
#[derive(Debug, Default)]
pub struct Outbox {
    status: Option<Arc<[u8]>>,
    /// Handed out and refused, in that order: older than everything in `frames`.
    returned: VecDeque<Arc<[u8]>>,
    frames: VecDeque<Arc<[u8]>>,
    blocked: bool,
    dropped_statuses: u64,
    dropped_frames: u64,
}

/// What to do with a frame just offered.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer {
    /// Hand it to the writer now.
    Write(Arc<[u8]>),
    /// The writer is stuck; the frame waits (and may have pushed out another).
    Waits,
}

impl Outbox {
    /// Takes a frame for this writer.
    pub fn offer(&mut self, class: Class, frame: Arc<[u8]>) -> Offer {
        if !self.blocked {
            return Offer::Write(frame);
        }
        self.keep(class, frame);
        Offer::Waits
    }

    /// The writer refused `frame`: it and everything after it waits until [`Outbox::ready`]. Frames handed out
    /// after it must be given back too, in their order, so that nothing overtakes it.
    pub fn refused(&mut self, class: Class, frame: Arc<[u8]>) {
        self.blocked = true;
        match class {
            Class::Status if self.status.is_some() => self.dropped_statuses += 1,
            Class::Status => self.status = Some(frame),
            Class::Sequenced | Class::Repeat | Class::Control => {
                self.returned.push_back(frame);
                self.keep_bound();
            }
        }
    }

    fn keep(&mut self, class: Class, frame: Arc<[u8]>) {
        if class == Class::Status {
            self.dropped_statuses += u64::from(self.status.replace(frame).is_some());
            return;
        }
        self.frames.push_back(frame);
        self.keep_bound();
    }

    /// The oldest goes.
    fn keep_bound(&mut self) {
        while self.returned.len() + self.frames.len() > FRAMES_MAX {
            let _oldest = self.returned.pop_front().or_else(|| self.frames.pop_front());
            self.dropped_frames += 1;
        }
    }

    /// The writer takes frames again: the newest status first, because it keeps us alive, then the rest
    /// in order.
    pub fn ready(&mut self) {
        self.blocked = false;
    }

    /// The next waiting frame, once the writer is ready.
    pub fn next_frame(&mut self) -> Option<(Class, Arc<[u8]>)> {
        if self.blocked {
            return None;
        }
        let status = self.status.take().map(|frame| (Class::Status, frame));
        status.or_else(|| {
            let next = self.returned.pop_front().or_else(|| self.frames.pop_front());
            next.map(|frame| (Class::Sequenced, frame))
        })
    }

    /// The writer was replaced: whatever waits is for the new one.
    pub fn replaced(&mut self) {
        self.blocked = false;
    }

    /// Frames waiting now.
    pub fn waiting(&self) -> usize {
        self.returned.len() + self.frames.len() + usize::from(self.status.is_some())
    }

    /// Whether the writer refuses frames at present.
    pub fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// (statuses, other frames) given up since the start.
    pub fn dropped(&self) -> (u64, u64) {
        (self.dropped_statuses, self.dropped_frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn frame(n: u16) -> Arc<[u8]> {
        Arc::from(n.to_be_bytes().as_slice())
    }

    #[test]
    fn a_stuck_writer_keeps_the_newest_status_and_bounded_frames_in_order() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.offer(Class::Sequenced, frame(1)), Offer::Write(frame(1)));
        outbox.refused(Class::Sequenced, frame(1));
        for n in 2..=FRAMES_MAX as u16 + 1 {
            assert_eq!(outbox.offer(Class::Sequenced, frame(n)), Offer::Waits);
            assert_eq!(outbox.offer(Class::Status, frame(n)), Offer::Waits);
        }
        assert_eq!(outbox.waiting(), FRAMES_MAX + 1);
        assert_eq!(outbox.dropped(), (FRAMES_MAX as u64 - 1, 1));
        assert_eq!(outbox.next_frame(), None);
        outbox.ready();
        assert_eq!(outbox.next_frame(), Some((Class::Status, frame(FRAMES_MAX as u16 + 1))));
        for n in 2..=FRAMES_MAX as u16 + 1 {
            assert_eq!(outbox.next_frame(), Some((Class::Sequenced, frame(n))));
        }
        assert_eq!(outbox.next_frame(), None);
    }

    #[test]
    fn a_frame_refused_while_draining_goes_back_to_the_front() {
        let mut outbox = Outbox::default();
        outbox.refused(Class::Sequenced, frame(1));
        outbox.offer(Class::Sequenced, frame(2));
        outbox.ready();
        // Both were handed out when the first was refused again.
        let handed: Vec<_> = core::iter::from_fn(|| outbox.next_frame()).collect();
        for (class, frame) in handed {
            outbox.refused(class, frame);
        }
        outbox.offer(Class::Sequenced, frame(3));
        outbox.ready();
        assert_eq!(outbox.next_frame().unwrap().1, frame(1));
        assert_eq!(outbox.next_frame().unwrap().1, frame(2));
        assert_eq!(outbox.next_frame().unwrap().1, frame(3));
    }
}
