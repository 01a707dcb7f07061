//! The clocks: monotonic time for everything that decides, wall time for people and the wire.

use hb_base::{Instant, WallTime};
use rustix::time::{ClockId, Timespec, clock_gettime};

fn nanos(t: Timespec) -> u64 {
    let secs = u64::try_from(t.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(t.tv_nsec).unwrap_or(0);
    secs.saturating_mul(1_000_000_000).saturating_add(nanos)
}

/// Now on CLOCK_MONOTONIC. The same clock in every process of the node.
pub fn monotonic() -> Instant {
    Instant::from_nanos(nanos(clock_gettime(ClockId::Monotonic)))
}

/// Now on the wall clock, to the millisecond.
pub fn wall() -> WallTime {
    WallTime::from_unix_millis(wall_nanos() / 1_000_000)
}

/// Nanoseconds since the Unix epoch on CLOCK_REALTIME: the clock of the kernel's receive time stamps.
pub fn wall_nanos() -> u64 {
    nanos(clock_gettime(ClockId::Realtime))
}

/// Nanoseconds that the machine has spent suspended since it started (CLOCK_BOOTTIME − CLOCK_MONOTONIC).
/// Grows by the two readings' distance in time, so compare with a tolerance of a millisecond or more.
pub fn suspended_nanos() -> u64 {
    let monotonic = nanos(clock_gettime(ClockId::Monotonic));
    nanos(clock_gettime(ClockId::Boottime)).saturating_sub(monotonic)
}

/// One reading of the monotonic and the wall clock that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Both {
    /// CLOCK_MONOTONIC.
    pub monotonic: Instant,
    /// CLOCK_REALTIME in nanoseconds since the Unix epoch.
    pub wall_nanos: u64,
}

/// Reads both clocks within 20 µs of each other, or as near as three attempts get.
pub fn both() -> Both {
    const NEAR_NANOS: u64 = 20_000;
    let mut best: Option<(u64, Both)> = None;
    for _ in 0..3 {
        let before = monotonic();
        let wall_nanos = wall_nanos();
        let after = monotonic();
        let apart = after.as_nanos().saturating_sub(before.as_nanos());
        let reading = Both { monotonic: Instant::from_nanos(before.as_nanos() + apart / 2), wall_nanos };
        if apart <= NEAR_NANOS {
            return reading;
        }
        if best.is_none_or(|(least, _)| apart < least) {
            best = Some((apart, reading));
        }
    }
    best.map_or(Both { monotonic: monotonic(), wall_nanos: wall_nanos() }, |(_, reading)| reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_run_forward_and_belong_together() {
        let first = monotonic();
        let pair = both();
        let last = monotonic();
        assert!(first <= pair.monotonic && pair.monotonic <= last);
        assert!(wall().unix_secs() > 1_600_000_000);
    }
}
