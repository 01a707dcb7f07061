//! The Gregorian calendar, extended both ways. Days are counted from 0001-01-01, which is day 0.

const MONTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Days of 400 years.
const CYCLE: i64 = 146_097;

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_in_year(year: i64) -> i64 {
    365 + i64::from(is_leap(year))
}

/// 0 when there is no such month.
pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    let days = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or(0);
    days + i64::from(month == 2 && is_leap(year))
}

pub(super) fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400)
}

/// Year and day of the year of a day.
pub(super) fn ordinal(day: i64) -> (i64, i64) {
    // Right, or one too small or too large at the turn of a year.
    let mut year = day.div_euclid(CYCLE) * 400 + day.rem_euclid(CYCLE) * 400 / CYCLE + 1;
    if days_before_year(year) > day {
        year -= 1;
    } else if days_before_year(year + 1) <= day {
        year += 1;
    }
    (year, day - days_before_year(year) + 1)
}

/// Month and day of the month of a day of the year.
pub(super) fn month_of(year: i64, day_of_year: i64) -> (i64, i64) {
    let mut day = day_of_year;
    for month in 1..12 {
        let length = days_in_month(year, month);
        if day <= length {
            return (month, day);
        }
        day -= length;
    }
    (12, day)
}

pub(super) fn ordinal_of(year: i64, month: i64, day: i64) -> i64 {
    (1..month.min(13)).map(|month| days_in_month(year, month)).sum::<i64>() + day
}

/// Day of the week, 1 is Monday. 0001-01-01 was one.
pub(super) fn weekday(day: i64) -> i64 {
    day.rem_euclid(7) + 1
}

/// ISO year, week, and day of the week: the week belongs to the year that its Thursday is in.
pub(super) fn week(day: i64) -> (i64, i64, i64) {
    let weekday = weekday(day);
    let (year, thursday) = ordinal(day + 4 - weekday);
    (year, (thursday - 1) / 7 + 1, weekday)
}

/// Weeks of an ISO year: the week of 28 December is the last.
pub(super) fn weeks_in_year(year: i64) -> i64 {
    week(days_before_year(year) + days_in_year(year) - 4).1
}

/// The Monday of an ISO year's first week, which holds 4 January.
pub(super) fn first_monday(year: i64) -> i64 {
    let fourth = days_before_year(year) + 3;
    fourth - (weekday(fourth) - 1)
}
