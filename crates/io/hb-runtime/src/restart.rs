//! When a child that went away is started again: at once, then with a growing delay.

use core::time::Duration;
use hb_base::Instant;

/// Restart rule of one child. Pure: the caller tells it of every start and exit.
///
/// The first restart is immediate. Each exit within [`RestartPolicy::STEADY`] of its start doubles the next delay,
/// from [`RestartPolicy::FIRST_DELAY`] up to [`RestartPolicy::LONGEST_DELAY`]. A child that ran longer begins anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestartPolicy {
    started: Option<Instant>,
    early_exits: u32,
}

impl RestartPolicy {
    /// Running this long counts as healthy.
    pub const STEADY: Duration = Duration::from_secs(30);
    /// The delay before the second restart in a row.
    pub const FIRST_DELAY: Duration = Duration::from_millis(100);
    /// No delay is longer.
    pub const LONGEST_DELAY: Duration = Duration::from_secs(10);

    /// The child was started at `now`.
    pub fn started(&mut self, now: Instant) {
        self.started = Some(now);
    }

    /// The child is gone, or could not be started; returns when to start it again.
    pub fn exited(&mut self, now: Instant) -> Instant {
        let ran = self.started.take().map_or(Duration::ZERO, |at| now.since(at));
        self.early_exits = if ran >= Self::STEADY { 1 } else { self.early_exits.saturating_add(1) };
        let doublings = match self.early_exits {
            0 | 1 => return now,
            n => (n - 2).min(16),
        };
        now + (Self::FIRST_DELAY * (1 << doublings)).min(Self::LONGEST_DELAY)
    }

    /// Exits in a row that came early; 0 before the first exit.
    pub fn early_exits(&self) -> u32 {
        self.early_exits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_at_once_then_slower_then_capped_and_forgiven_after_a_steady_run() {
        let mut policy = RestartPolicy::default();
        let mut now = Instant::from_millis(1_000);
        let mut delays = Vec::new();
        for _ in 0..12 {
            policy.started(now);
            let again = policy.exited(now);
            delays.push((again - now).as_millis());
            now = again;
        }
        assert_eq!(delays, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000]);
        policy.started(now);
        now += RestartPolicy::STEADY;
        assert_eq!(policy.exited(now), now);
    }

    #[test]
    fn a_child_that_never_started_counts_as_an_early_exit() {
        let mut policy = RestartPolicy::default();
        let now = Instant::from_millis(5);
        assert_eq!(policy.exited(now), now);
        assert_eq!(policy.exited(now), now + RestartPolicy::FIRST_DELAY);
    }
}
