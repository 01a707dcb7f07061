//! Counting trouble and telling of it at most once a second.

use std::time::Duration;

use hb_base::Instant;

use crate::protocol::Trouble;

/// Shortest time between two reports.
const EVERY: Duration = Duration::from_secs(1);

/// The troubles of one child. Pure.
#[derive(Debug, Default)]
pub(crate) struct Report {
    count: u32,
    errno: i32,
    reported: Option<Instant>,
    /// The master was told of trouble and not yet of its end.
    told: bool,
}

impl Report {
    /// `count` more troubles.
    pub(crate) fn add(&mut self, count: u32, errno: i32) {
        self.count = self.count.saturating_add(count);
        self.errno = errno;
    }

    /// Whether there is nothing to tell, whatever the time.
    pub(crate) fn is_idle(&self) -> bool {
        self.count == 0 && !self.told
    }

    /// What to tell now, if anything. `works`: something has succeeded since the last call.
    pub(crate) fn due(&self, now: Instant, works: bool) -> Option<Trouble> {
        let nothing_new = self.count == 0 && !(self.told && works);
        if nothing_new || self.reported.is_some_and(|at| now.since(at) < EVERY) {
            return None;
        }
        let errno = if self.count == 0 { 0 } else { self.errno };
        Some(Trouble { count: self.count, errno })
    }

    /// The master has it.
    pub(crate) fn told(&mut self, now: Instant) {
        self.told = self.count > 0;
        self.count = 0;
        self.reported = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_once_a_second_with_the_whole_count_and_the_end() {
        let mut report = Report::default();
        let ms = Instant::from_millis;
        assert_eq!(report.due(ms(0), true), None);
        report.add(1, 101);
        assert_eq!(report.due(ms(10), false), Some(Trouble { count: 1, errno: 101 }));
        report.told(ms(10));
        (0..5).for_each(|_| report.add(1, 100));
        assert_eq!(report.due(ms(500), false), None);
        assert_eq!(report.due(ms(1010), false), Some(Trouble { count: 5, errno: 100 }));
        report.told(ms(1010));
        assert_eq!(report.due(ms(3000), false), None);
        assert_eq!(report.due(ms(3000), true), Some(Trouble { count: 0, errno: 0 }));
        report.told(ms(3000));
        assert_eq!(report.due(ms(9000), true), None);
    }
}
