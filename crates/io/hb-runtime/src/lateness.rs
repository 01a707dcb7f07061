//! How late the loop wakes up: a sliding histogram in fixed memory.
//!
//! Two windows of counters; the older is dropped when the newer is full, so a view always covers between one and two
//! windows of wake-ups. Buckets are a quarter of a power of two wide: a reported quantile is at most a
//! quarter above the truth, never below it.

use core::time::Duration;

/// Buckets: microseconds 0..4 exactly, then four a doubling, to about 17 s.
const BUCKETS: usize = 4 + 4 * 22;

/// Wake-ups a window.
const WINDOW: u32 = 4096;

#[derive(Clone)]
struct Window {
    counts: [u32; BUCKETS],
    total: u32,
    max_us: u64,
}

impl Window {
    const EMPTY: Window = Window { counts: [0; BUCKETS], total: 0, max_us: 0 };
}

/// A sliding histogram of wake-up lateness.
#[derive(Clone)]
pub struct Lateness {
    newer: Window,
    older: Window,
}

/// What a [`Lateness`] shows, in microseconds. Quantiles are rounded up to their bucket's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LatenessView {
    /// Wake-ups looked at.
    pub count: u32,
    /// Half of the wake-ups were at most this late.
    pub p50_us: u64,
    /// 99 of 100 wake-ups were at most this late.
    pub p99_us: u64,
    /// The latest wake-up.
    pub max_us: u64,
}

impl Default for Lateness {
    fn default() -> Self {
        Lateness { newer: Window::EMPTY, older: Window::EMPTY }
    }
}

fn bucket(us: u64) -> usize {
    if us < 4 {
        return us as usize;
    }
    let doubling = us.ilog2() as usize;
    let quarter = (us >> (doubling - 2)) as usize & 3;
    (4 + (doubling - 2) * 4 + quarter).min(BUCKETS - 1)
}

/// The largest value that falls into `bucket`.
fn bucket_end_us(bucket: usize) -> u64 {
    if bucket < 4 {
        return bucket as u64;
    }
    let (doubling, quarter) = ((bucket - 4) / 4 + 2, (bucket - 4) as u64 % 4);
    ((5 + quarter) << (doubling - 2)) - 1
}

impl Lateness {
    /// Counts one wake-up that came `late` after its deadline.
    pub fn record(&mut self, late: Duration) {
        if self.newer.total >= WINDOW {
            core::mem::swap(&mut self.newer, &mut self.older);
            self.newer = Window::EMPTY;
        }
        let us = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.newer.counts.get_mut(bucket(us)) {
            *count += 1;
        }
        self.newer.total += 1;
        self.newer.max_us = self.newer.max_us.max(us);
    }

    fn quantile_us(&self, parts: u32, of: u32, total: u32) -> u64 {
        let want = (u64::from(total) * u64::from(parts)).div_ceil(u64::from(of));
        let mut seen = 0;
        for (i, (newer, older)) in self.newer.counts.iter().zip(&self.older.counts).enumerate() {
            seen += u64::from(*newer) + u64::from(*older);
            if seen >= want {
                return bucket_end_us(i);
            }
        }
        u64::MAX
    }

    /// The picture now; zeros before the first wake-up.
    pub fn view(&self) -> LatenessView {
        let count = self.newer.total + self.older.total;
        if count == 0 {
            return LatenessView::default();
        }
        let max_us = self.newer.max_us.max(self.older.max_us);
        LatenessView {
            count,
            p50_us: self.quantile_us(1, 2, count).min(max_us),
            p99_us: self.quantile_us(99, 100, count).min(max_us),
            max_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_cover_every_value_in_order() {
        for us in 0..100_000 {
            let b = bucket(us);
            assert!(us <= bucket_end_us(b), "{us}");
            assert!(b == 0 || us > bucket_end_us(b - 1), "{us}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_near_and_never_too_low() {
        let mut lateness = Lateness::default();
        (1..=1000).for_each(|us| lateness.record(Duration::from_micros(us)));
        let view = lateness.view();
        assert_eq!((view.count, view.max_us), (1000, 1000));
        assert!((500..=625).contains(&view.p50_us), "{view:?}");
        assert!((990..=1000).contains(&view.p99_us), "{view:?}");
    }

    #[test]
    fn old_wake_ups_are_forgotten() {
        let mut lateness = Lateness::default();
        lateness.record(Duration::from_secs(1));
        (0..2 * WINDOW).for_each(|_| lateness.record(Duration::from_micros(7)));
        assert_eq!(lateness.view().max_us, 7);
    }
}
