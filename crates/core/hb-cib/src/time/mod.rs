//! Moments and durations as the configuration writes them: ISO 8601, read as leniently as it always was.

mod calendar;
mod duration;
mod read;

#[cfg(test)]
mod tests;

use calendar::{days_before_year, days_in_month};
use core::cmp::Ordering;
use core::fmt;

pub use duration::interval;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days from 0001-01-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_162;
/// Years beyond this are refused.
const MAX_YEAR: i64 = 1_000_000;

/// A moment, to the second, and the offset of the time zone it was given in. Two are compared by when they are.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Seconds since 0001-01-01 00:00:00 on the clock on the wall.
    local: i64,
    /// Seconds that the clock on the wall is ahead of UTC.
    offset: i32,
}

impl Moment {
    /// The moment `seconds` after 1970-01-01 00:00:00 UTC, in a zone that is `offset` seconds ahead.
    #[must_use]
    pub fn from_epoch(seconds: i64, offset: i32) -> Self {
        let local = seconds.saturating_add(EPOCH_DAYS * DAY).saturating_add(i64::from(offset));
        Moment { local, offset }
    }

    /// Seconds since 1970-01-01 00:00:00 UTC.
    #[must_use]
    pub fn epoch(self) -> i64 {
        self.utc().saturating_sub(EPOCH_DAYS * DAY)
    }

    /// The same moment in UTC.
    #[must_use]
    pub fn in_utc(self) -> Self {
        Moment { local: self.utc(), offset: 0 }
    }

    /// Seconds that its zone is ahead of UTC.
    #[must_use]
    pub fn offset(self) -> i32 {
        self.offset
    }

    fn utc(self) -> i64 {
        self.local.saturating_sub(i64::from(self.offset))
    }

    fn from_ordinal(year: i64, day: i64, seconds: i64, offset: i32) -> Self {
        Moment { local: (days_before_year(year) + day - 1) * DAY + seconds, offset }
    }

    /// Year and day of the year, from 1.
    #[must_use]
    pub fn ordinal(self) -> (i64, i64) {
        calendar::ordinal(self.local.div_euclid(DAY))
    }

    /// Year, month and day of the month, from 1.
    #[must_use]
    pub fn date(self) -> (i64, i64, i64) {
        let (year, day) = self.ordinal();
        let (month, day) = calendar::month_of(year, day);
        (year, month, day)
    }

    /// Hour, minute and second.
    #[must_use]
    pub fn time(self) -> (i64, i64, i64) {
        let seconds = self.local.rem_euclid(DAY);
        (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// ISO year, week from 1, and day of the week from 1, Monday.
    #[must_use]
    pub fn week(self) -> (i64, i64, i64) {
        calendar::week(self.local.div_euclid(DAY))
    }

    /// So many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Moment { local: self.local.saturating_add(seconds), ..self }
    }

    /// So many months later; on the last day of the month when it is too short.
    #[must_use]
    pub fn plus_months(self, months: i64) -> Self {
        let (year, month, day) = self.date();
        let all = year.saturating_mul(12).saturating_add(month - 1).saturating_add(months);
        let (year, month) = (all.div_euclid(12).clamp(-MAX_YEAR, MAX_YEAR), all.rem_euclid(12) + 1);
        let day = day.min(days_in_month(year, month));
        let ordinal = calendar::ordinal_of(year, month, day);
        Self::from_ordinal(year, ordinal, self.local.rem_euclid(DAY), self.offset)
    }

    /// So many years later, on the same day of the year.
    #[must_use]
    pub fn plus_years(self, years: i64) -> Self {
        let (year, day) = self.ordinal();
        let year = year.saturating_add(years).clamp(-MAX_YEAR, MAX_YEAR);
        Self::from_ordinal(year, day, self.local.rem_euclid(DAY), self.offset)
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> Ordering {
        self.utc().cmp(&other.utc())
    }
}

/// `2026-11-22 05:30:00Z`, with the offset in place of `Z` when there is one.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")?;
        if self.offset == 0 {
            return f.write_str("Z");
        }
        let (sign, ahead) = (if self.offset < 0 { '-' } else { '+' }, self.offset.unsigned_abs());
        write!(f, " {sign}{:02}:{:02}", ahead / 3600, ahead / 60 % 60)
    }
}
