//! Everything that happens because time passed, in one table. Groups keep their own retry times.

use core::time::Duration;

use hb_base::Instant;

/// How long a starting node waits for a stable one before both take what prefers them (spec: haresources 5).
pub const TIE_BREAK: Duration = Duration::from_secs(10);
/// How long the peer has to grant a standby (spec: haresources 7).
pub const GRANT_LIMIT: Duration = Duration::from_secs(10);
/// How long the scripts of a standby may take on either side (spec: haresources 7).
pub const STANDBY_LIMIT: Duration = Duration::from_secs(3600);
/// Pause before a failback or a hand-over that was not granted is tried again (spec: haresources 8).
pub const MOVE_RETRY_DELAY: Duration = Duration::from_secs(1);
/// Pause between the healing of a partition with an original and our restart (spec: cluster-protocol 7.2); also how
/// long both may hold the same before we restart.
pub const RESTART_DELAY: Duration = Duration::from_secs(2);
/// How long a leaving node waits for a standby under way before it leaves all the same.
pub const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(60);
/// Pause before an unanswered question is asked again (`starting`, `ip-request`).
pub const ASK_AGAIN: Duration = Duration::from_secs(10);

/// What a timer is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timer {
    /// Nobody was stable: take what prefers us. Armed at the peer's first announcement while we start.
    TieBreak,
    /// `starting` or an `ip-request` was not answered. Armed with the question.
    AskAgain,
    /// A standby takes too long. Armed with each of its phases.
    Standby,
    /// Time to try a failback or hand-over again. Armed when one was not possible.
    Move,
    /// Time to restart after a healed partition. Armed when it healed.
    Restart,
    /// A leaving node waited long enough for a standby. Armed by the wish to leave.
    Patience,
    /// We and an original hold the same for too long. Armed when that is first seen.
    Overlap,
    /// The peer did not begin the standby that a takeover asked it for. Armed with the request.
    Wish,
}

const COUNT: usize = 8;
const ALL: [Timer; COUNT] = [
    Timer::TieBreak,
    Timer::AskAgain,
    Timer::Standby,
    Timer::Move,
    Timer::Restart,
    Timer::Patience,
    Timer::Overlap,
    Timer::Wish,
];

/// When each timer runs out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers([Option<Instant>; COUNT]);

impl Timers {
    pub(crate) fn arm(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    pub(crate) fn disarm(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(crate) fn is_armed(&self, timer: Timer) -> bool {
        self.0[timer as usize].is_some()
    }

    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }

    /// Disarms and returns one timer that has run out.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let due = ALL.into_iter().find(|timer| self.0[*timer as usize].is_some_and(|at| at <= now))?;
        self.disarm(due);
        Some(due)
    }
}
