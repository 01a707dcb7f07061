//! The drain barrier: before anybody is declared dead, every reader says that nothing waits in its socket. One that
//! was just lost is replaced within moments, and its socket has been filling meanwhile: its successor is waited for.

use crate::machine::Cluster;
use crate::timers::Timer;
use crate::{Output, bounds, notices};
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::{Instant, MediumId, Notice, Severity, Token};

/// A round of draining.
#[derive(Clone, Debug)]
pub(crate) struct Barrier {
    token: Token,
    /// When the readers were asked: verdicts are about silence up to here.
    raised: Instant,
    waiting: Vec<Waiting>,
    /// Readers that have answered.
    answered: usize,
}

/// A reader that has not answered. At most one entry a medium.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    medium: MediumId,
    /// When it was asked, reported stuck, or lost.
    since: Instant,
}

/// Who was asked to drain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ask {
    /// All live readers.
    Readers,
    /// No reader lives.
    Nobody,
}

impl Cluster {
    /// Asks all live readers, and waits for those that were lost a moment ago.
    pub(crate) fn raise_barrier(&mut self) -> Ask {
        let now = self.now;
        let live = self.media.iter().zip(0u8..).filter(|(state, _)| state.up);
        let media: Vec<MediumId> = live.map(|(_, n)| MediumId(n)).collect();
        if media.is_empty() {
            self.deaf_since.get_or_insert(now);
            return Ask::Nobody;
        }
        let token = self.take_token();
        let lost = self.media.iter().zip(0u8..).filter_map(|(state, n)| {
            let since = state.lost_at?;
            (since + self.patience_with_reader(false) > now).then_some(Waiting { medium: MediumId(n), since })
        });
        let asked = media.iter().map(|medium| Waiting { medium: *medium, since: now });
        let waiting = asked.chain(lost).collect();
        self.barrier = Some(Barrier { token, raised: now, waiting, answered: 0 });
        self.arm_patience();
        self.emit(Output::Drain { token, media });
        Ask::Readers
    }

    /// Gives the round up: its verdicts would rest on void evidence.
    pub(crate) fn lower_barrier(&mut self) {
        self.barrier = None;
        self.deadlines.clear(Timer::Patience);
    }

    /// A reader has answered.
    pub(crate) fn drained(&mut self, medium: MediumId, token: Token) {
        let Some(barrier) = self.barrier.as_mut().filter(|barrier| barrier.token == token) else { return };
        let before = barrier.waiting.len();
        barrier.waiting.retain(|waiting| waiting.medium != medium);
        barrier.answered += before - barrier.waiting.len();
        self.conclude();
    }

    /// A reader was lost or replaced. A new one is asked in its place.
    pub(crate) fn reader_changed(&mut self, medium: MediumId, up: bool) {
        let now = self.now;
        if let Some(since) = self.deaf_since.take_if(|_| up) {
            self.stalled(now - since);
        }
        let Some(barrier) = &mut self.barrier else { return };
        let token = barrier.token;
        let Some(waiting) = barrier.waiting.iter_mut().find(|waiting| waiting.medium == medium) else {
            return;
        };
        waiting.since = now;
        if up {
            self.emit(Output::Drain { token, media: alloc::vec![medium] });
        }
        self.arm_patience();
    }

    fn arm_patience(&mut self) {
        let waiting = self.barrier.iter().flat_map(|barrier| &barrier.waiting);
        let due = waiting.map(|w| w.since + self.patience_with_reader(self.reader_lives(w.medium))).min();
        self.deadlines.set(Timer::Patience, due.unwrap_or(Instant::MAX));
    }

    fn reader_lives(&self, medium: MediumId) -> bool {
        self.media.get(usize::from(medium.0)).is_some_and(|state| state.up)
    }

    /// How long a reader may take to answer, or to be replaced when it is lost.
    fn patience_with_reader(&self, alive: bool) -> Duration {
        let patience = self.options.timing.drain_patience;
        if alive { patience } else { patience.max(bounds::READER_REPLACEMENT) }
    }

    /// Readers that took too long: live ones are reported stuck, again and again; lost ones no longer count.
    pub(crate) fn lose_patience(&mut self) {
        let now = self.now;
        let Some(mut barrier) = self.barrier.take() else { return };
        let mut overdue = Vec::new();
        for waiting in &mut barrier.waiting {
            let alive = self.reader_lives(waiting.medium);
            if waiting.since + self.patience_with_reader(alive) <= now {
                overdue.push((waiting.medium, alive, now - waiting.since));
                waiting.since = now;
            }
        }
        self.barrier = Some(barrier);
        for (medium, alive, waited) in overdue {
            let subject = self.medium_name(medium);
            if alive {
                let notice =
                    Notice::new(Severity::Error, notices::READER_STUCK, subject).with("waited", waited);
                self.notice(notice);
                self.emit(Output::ReaderStuck { medium });
            } else {
                self.notice(Notice::new(Severity::Error, notices::MEDIUM_ABANDONED, subject));
                if let Some(barrier) = &mut self.barrier {
                    barrier.waiting.retain(|waiting| waiting.medium != medium);
                }
            }
        }
        self.arm_patience();
        self.conclude();
    }

    /// Ends the round when nobody is waited for. Without a single answer it proves nothing. After a slow answer it
    /// proves little: a socket that was not read for long may have overflowed, newest frames first. Then silence
    /// is measured anew, as after a stall.
    fn conclude(&mut self) {
        let Some(barrier) = self.barrier.take_if(|barrier| barrier.waiting.is_empty()) else { return };
        self.deadlines.clear(Timer::Patience);
        let took = self.now - barrier.raised;
        if barrier.answered == 0 {
            self.watch_from_now();
        } else if took > self.options.timing.stall_bound && self.may_start_anew() {
            self.stalled(took);
        } else {
            self.judge(barrier.raised);
        }
    }
}
