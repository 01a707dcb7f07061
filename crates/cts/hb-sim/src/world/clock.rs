//! A node's own clocks, as functions of true time.

use crate::agenda::Nanos;
use hb_base::{Instant, WallTime};

/// Monotonic and wall clock of one node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    offset: Nanos,
    drift_ppm: i64,
    wall_offset_ms: i64,
}

/// True wall time at the start of the world: an arbitrary day in 2026.
const EPOCH_MS: i64 = 1_780_000_000_000;

impl Clock {
    /// A clock that shows `offset` at the start of the world and runs faster than true time by `drift_ppm`.
    pub(crate) fn new(offset: Nanos, drift_ppm: i32) -> Clock {
        Clock { offset, drift_ppm: i64::from(drift_ppm), wall_offset_ms: 0 }
    }

    /// What the monotonic clock shows at true time `at`.
    pub(crate) fn local(&self, at: Nanos) -> Instant {
        if self.drift_ppm == 0 {
            return Instant::from_nanos(at + self.offset);
        }
        let drift = i128::from(at) * i128::from(self.drift_ppm) / 1_000_000;
        Instant::from_nanos((i128::from(at) + drift) as u64 + self.offset)
    }

    /// The first true time at which the monotonic clock shows `at` or later.
    pub(crate) fn true_time(&self, at: Instant) -> Nanos {
        if at == Instant::MAX {
            return Nanos::MAX;
        }
        if self.drift_ppm == 0 {
            return at.as_nanos().saturating_sub(self.offset);
        }
        let elapsed = i128::from(at.as_nanos().saturating_sub(self.offset));
        let mut guess = (elapsed * 1_000_000 / (1_000_000 + i128::from(self.drift_ppm))) as u64;
        while self.local(guess) < at {
            guess += 1;
        }
        guess
    }

    /// What the wall clock shows at true time `at`.
    pub(crate) fn wall(&self, at: Nanos) -> WallTime {
        let shown = EPOCH_MS + (at / 1_000_000) as i64 + self.wall_offset_ms;
        WallTime::from_unix_millis(shown.max(0) as u64)
    }

    /// Somebody sets the wall clock.
    pub(crate) fn step_wall(&mut self, by_ms: i64) {
        self.wall_offset_ms += by_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_met_early() {
        for drift in [-200, 0, 37, 200] {
            let clock = Clock::new(5_000, drift);
            for at in (0..60_000_000_000u64).step_by(777_777_777) {
                let local = clock.local(at);
                let back = clock.true_time(local);
                assert!(back <= at && clock.local(back) >= local, "{drift} {at}");
                assert!(back == 0 || clock.local(back - 1) < local, "{drift} {at}");
            }
        }
    }

    #[test]
    fn wall_steps_leave_the_monotonic_clock_alone() {
        let mut clock = Clock::new(0, 0);
        let before = clock.wall(10_000_000);
        clock.step_wall(-5_000);
        assert_eq!(clock.wall(10_000_000).unix_millis() + 5_000, before.unix_millis());
        assert_eq!(clock.local(10_000_000), Instant::from_millis(10));
    }
}
