//! What a client heard, without a lock: whoever looks must never hold up the client, which runs in real time and
//! whose lateness would look like an outage.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Questions that are remembered at most: an hour of them.
const QUESTIONS_MAX: usize = PIECE * PIECES;
/// Questions of one allocation.
const PIECE: usize = 4096;
/// See [`QUESTIONS_MAX`].
const PIECES: usize = 880;
/// Names that are remembered at most: more than any world has nodes.
const NAMES_MAX: usize = 64;

/// A question and what became of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) sent: Instant,
    pub(super) answered: Option<Instant>,
    pub(super) by: u8,
}

/// Times are nanoseconds since the start, plus one; zero is none.
#[derive(Debug, Default)]
struct Slot {
    sent: AtomicU64,
    answered: AtomicU64,
    by: AtomicU8,
}

/// Written by one client, read by anybody.
#[derive(Debug)]
pub(super) struct Heard {
    start: Instant,
    pieces: Box<[OnceLock<Box<[Slot]>>]>,
    asked: AtomicUsize,
    names: [OnceLock<String>; NAMES_MAX],
    pub(super) realtime: AtomicBool,
}

impl Heard {
    pub(super) fn new() -> Heard {
        Heard {
            start: Instant::now(),
            pieces: std::iter::repeat_with(OnceLock::new).take(PIECES).collect(),
            asked: AtomicUsize::new(0),
            names: [const { OnceLock::new() }; NAMES_MAX],
            realtime: AtomicBool::new(false),
        }
    }

    fn slot(&self, number: usize) -> Option<&Slot> {
        self.pieces.get(number / PIECE)?.get()?.get(number % PIECE)
    }

    fn stamp(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX - 1) + 1
    }

    fn instant(&self, stamp: u64) -> Option<Instant> {
        Some(self.start + Duration::from_nanos(stamp.checked_sub(1)?))
    }

    /// Notes a question; its number, or `None` when no more fit. For the client.
    pub(super) fn ask(&self, sent: Instant) -> Option<usize> {
        let number = self.asked.load(Ordering::Relaxed);
        if number >= QUESTIONS_MAX {
            return None;
        }
        self.pieces
            .get(number / PIECE)?
            .get_or_init(|| std::iter::repeat_with(Slot::default).take(PIECE).collect());
        self.slot(number)?.sent.store(self.stamp(sent), Ordering::Relaxed);
        self.asked.store(number + 1, Ordering::Release);
        Some(number)
    }

    /// Notes the first answer to a question. For the client.
    pub(super) fn answer(&self, number: usize, name: &str, at: Instant) {
        let Some(slot) = self.slot(number).filter(|slot| slot.answered.load(Ordering::Relaxed) == 0) else {
            return;
        };
        let by = self.names.iter().position(|known| known.get_or_init(|| name.to_owned()) == name);
        slot.by.store(by.and_then(|by| u8::try_from(by).ok()).unwrap_or(u8::MAX), Ordering::Relaxed);
        slot.answered.store(self.stamp(at), Ordering::Release);
    }

    /// How many questions were asked.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Acquire)
    }

    pub(super) fn question(&self, number: usize) -> Option<Question> {
        let slot = self.slot(number)?;
        let answered = self.instant(slot.answered.load(Ordering::Acquire));
        let sent = self.instant(slot.sent.load(Ordering::Relaxed))?;
        Some(Question { sent, answered, by: slot.by.load(Ordering::Relaxed) })
    }

    /// The number of the first question that was sent at `time` or later.
    pub(super) fn first_since(&self, time: Instant) -> usize {
        let (mut low, mut high) = (0, self.asked());
        while low < high {
            let middle = low.midpoint(high);
            match self.question(middle) {
                Some(question) if question.sent < time => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// Questions from this number on, in order.
    pub(super) fn since(&self, number: usize) -> impl DoubleEndedIterator<Item = Question> {
        (number..self.asked()).filter_map(|number| self.question(number))
    }

    pub(super) fn name(&self, by: u8) -> Option<&str> {
        self.names.get(usize::from(by))?.get().map(String::as_str)
    }
}
