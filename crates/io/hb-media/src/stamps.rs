//! Turning the kernel's receive time (wall clock) into our monotonic time.
//!
//! Both clocks are read right after receiving; the age of a datagram is the same on both, unless somebody set
//! the wall clock in between. Against that: the result is never in the future, never before the socket was last seen
//! empty, and is simply "now" when the distance between the clocks has jumped.

use std::time::Duration;

use hb_base::Instant;
use hb_runtime::clock::Both;

/// Change of the distance between the clocks that is no step: reading noise.
const NOISE: Duration = Duration::from_millis(1);

/// The wall clock may be slewed by at most this part of the elapsed time (the kernel's limit is 1/2000).
const SLEW_DIVISOR: u32 = 1000;

#[derive(Debug, Default)]
pub(crate) struct Stamps {
    last: Option<Both>,
    /// The socket was empty at some time at or after this.
    empty_at: Instant,
    stepped: bool,
}

fn apart(earlier: Both, later: Both) -> Duration {
    let monotonic = later.monotonic.since(earlier.monotonic);
    let wall = i128::from(later.wall_nanos) - i128::from(earlier.wall_nanos);
    let difference = (wall - i128::try_from(monotonic.as_nanos()).unwrap_or(i128::MAX)).unsigned_abs();
    Duration::from_nanos(u64::try_from(difference).unwrap_or(u64::MAX))
}

impl Stamps {
    /// Both clocks, read after a batch was received.
    pub(crate) fn batch(&mut self, now: Both) {
        let stepped = self.last.is_some_and(|last| {
            let elapsed = now.monotonic.since(last.monotonic);
            apart(last, now) > NOISE + elapsed / SLEW_DIVISOR
        });
        self.stepped = stepped;
        self.last = Some(now);
    }

    /// When a datagram of this batch arrived; `stamp` is the kernel's, in nanoseconds on the wall clock.
    pub(crate) fn convert(&self, stamp: Option<u64>) -> Instant {
        let Some(now) = self.last else { return Instant::ZERO };
        match stamp {
            Some(stamp) if !self.stepped => {
                let age = Duration::from_nanos(now.wall_nanos.saturating_sub(stamp));
                now.monotonic.minus(age).max(self.empty_at.min(now.monotonic))
            }
            _ => now.monotonic,
        }
    }

    /// The socket was empty some time after `before`.
    pub(crate) fn emptied(&mut self, before: Instant) {
        self.empty_at = before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: u64 = 1_700_000_000_000_000_000;

    fn both(monotonic_ms: u64, wall_ms: u64) -> Both {
        Both { monotonic: Instant::from_millis(monotonic_ms), wall_nanos: WALL + wall_ms * 1_000_000 }
    }

    fn wall(ms: u64) -> Option<u64> {
        Some(WALL + ms * 1_000_000)
    }

    #[test]
    fn a_datagram_keeps_its_age() {
        let mut stamps = Stamps::default();
        stamps.batch(both(1000, 5000));
        assert_eq!(stamps.convert(wall(4970)), Instant::from_millis(970));
        assert_eq!(stamps.convert(wall(5000)), Instant::from_millis(1000));
    }

    #[test]
    fn never_in_the_future_and_now_without_a_stamp() {
        let mut stamps = Stamps::default();
        stamps.batch(both(1000, 5000));
        assert_eq!(stamps.convert(wall(6000)), Instant::from_millis(1000));
        assert_eq!(stamps.convert(None), Instant::from_millis(1000));
    }

    #[test]
    fn a_step_of_the_wall_clock_makes_nothing_old() {
        for stepped_to in [3_600_000, 0] {
            let mut stamps = Stamps::default();
            stamps.batch(both(1000, 5000));
            stamps.batch(both(1010, stepped_to));
            assert_eq!(stamps.convert(wall(5008)), Instant::from_millis(1010), "{stepped_to}");
            // The next batch is on the new time altogether.
            stamps.batch(both(1020, stepped_to + 10));
            assert_eq!(stamps.convert(wall(stepped_to + 7)), Instant::from_millis(1017), "{stepped_to}");
        }
    }

    #[test]
    fn nothing_arrived_before_the_socket_was_seen_empty() {
        let mut stamps = Stamps::default();
        stamps.emptied(Instant::from_millis(990));
        // The first batch has nothing to compare with: only the empty socket bounds its age.
        stamps.batch(both(1000, 3_600_000));
        assert_eq!(stamps.convert(wall(5)), Instant::from_millis(990));
    }

    #[test]
    fn slewing_is_no_step() {
        let mut stamps = Stamps::default();
        stamps.batch(both(1000, 5000));
        // 10 s later, slewed by 5 ms.
        stamps.batch(both(11_000, 15_005));
        assert_eq!(stamps.convert(wall(15_000)), Instant::from_millis(10_995));
    }
}
