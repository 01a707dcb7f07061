//! Reading moments: what is accepted is what C's `scanf` accepts, which is more than ISO 8601 knows.

use super::calendar::{days_in_month, days_in_year, first_monday, ordinal_of, weeks_in_year};
use super::{DAY, MAX_YEAR, Moment};
use crate::value::{Prefix, integer_prefix};

impl Moment {
    /// Reads a date (`2026-11-22`, `20261122`, `2026-326`, `2026-W47-7`, or `epoch`), a time (`T05:30`, `05:30:00`) or
    /// both, joined by `T` or a blank. A time may be followed by `Z`, or by a blank and an offset (`+01:00`); if not, it
    /// is in the zone of `now`. A time alone is today's. `None` when it is neither.
    #[must_use]
    pub fn read(text: &str, now: Moment) -> Option<Moment> {
        let bytes = text.as_bytes();
        if let Some(time) = text.strip_prefix('T') {
            return today(now, time);
        }
        if bytes.get(2) == Some(&b':') {
            return today(now, text);
        }
        if bytes.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"epoch"))
            && bytes.get(5).is_none_or(|next| *next == b'/' || next.is_ascii_whitespace())
        {
            return Some(Moment::from_epoch(0, 0));
        }
        let day = read_day(text)?;
        let end = bytes.iter().position(|b| !(b.is_ascii_digit() || matches!(b, b'-' | b'W')));
        match end.and_then(|end| text.split_at_checked(end)) {
            Some((_, rest)) if rest.starts_with([' ', 'T']) => {
                with_time(day, rest.get(1..).unwrap_or_default(), now)
            }
            _ => Some(Moment { local: day * DAY, offset: 0 }),
        }
    }
}

fn today(now: Moment, time: &str) -> Option<Moment> {
    with_time(now.local.div_euclid(DAY), time, now)
}

fn with_time(day: i64, text: &str, now: Moment) -> Option<Moment> {
    let seconds = read_time(text)?;
    let offset = match text.find('Z') {
        Some(_) => 0,
        None => match text.find(' ').and_then(|at| text.get(at..)) {
            Some(rest) => read_offset(rest.trim_start())?,
            None => now.offset,
        },
    };
    Some(Moment { local: day * DAY + seconds, offset })
}

fn read_offset(text: &str) -> Option<i32> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..)?),
        Some(b'+') => (false, text.get(1..)?),
        Some(b'0'..=b'9') => (false, text),
        _ => return Some(0),
    };
    let seconds = i32::try_from(read_time(digits)?).ok()?;
    Some(if negative { -seconds } else { seconds })
}

/// Seconds of `hh[:mm[:ss]]` or `hh[mm[ss]]`; 24:00:00 is a whole day.
fn read_time(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let fields = match scan(text, &[Field::number(""), Field::number(":"), Field::number(":")]) {
        (1, _) => scan(text, &[Field::pair(), Field::pair(), Field::pair()]),
        others => others,
    };
    let (1.., [hour, minute, second]) = fields else { return None };
    let whole_day = (hour, minute, second) == (24, 0, 0);
    let valid =
        (whole_day || (0..24).contains(&hour)) && (0..60).contains(&minute) && (0..60).contains(&second);
    valid.then_some(hour * 3600 + minute * 60 + second)
}

/// The day that a text begins with.
fn read_day(text: &str) -> Option<i64> {
    let dashed = scan(text, &[Field::number(""), Field::number("-"), Field::number("-")]);
    let calendar = match dashed {
        (1, _) => scan(text, &[Field { width: 4, ..Field::pair() }, Field::pair(), Field::pair()]),
        others => others,
    };
    if let (3, [year, month, day]) = calendar {
        let known = month <= 12 && day <= days_in_month(year, month);
        return known.then(|| day_of_year(year, ordinal_of(year, month, day)))?;
    }
    if let (2, [year, day, _]) = dashed {
        return day_of_year(year, day);
    }
    match scan(text, &[Field::number(""), Field::number("-W"), Field::number("-")]) {
        (3, [year, week, day]) if (1..=7).contains(&day) && year.abs() <= MAX_YEAR => {
            let known = week <= weeks_in_year(year) && week > -60;
            known.then(|| first_monday(year) + (week - 1) * 7 + day - 1)
        }
        _ => None,
    }
}

fn day_of_year(year: i64, day: i64) -> Option<i64> {
    let valid = year.abs() <= MAX_YEAR && day >= 1 && day <= days_in_year(year);
    valid.then(|| Moment::from_ordinal(year, day, 0, 0).local / DAY)
}

/// One number that is looked for: what stands before it, and how long it may be.
#[derive(Clone, Copy)]
struct Field {
    before: &'static str,
    width: usize,
}

impl Field {
    const fn number(before: &'static str) -> Self {
        Field { before, width: usize::MAX }
    }

    const fn pair() -> Self {
        Field { before: "", width: 2 }
    }
}

/// How many of the fields were found, one after the other, and their values.
fn scan(text: &str, fields: &[Field; 3]) -> (usize, [i64; 3]) {
    let mut rest = text;
    let mut values = [0; 3];
    for (found, (field, value)) in fields.iter().zip(&mut values).enumerate() {
        let Some(after) = rest.strip_prefix(field.before) else { return (found, values) };
        let trimmed = after.trim_start();
        let cut = field.width.min(trimmed.len());
        let Some(candidate) = trimmed.get(..cut) else { return (found, values) };
        let Prefix::Number(number, left) = integer_prefix(candidate) else { return (found, values) };
        if number.abs() > i64::from(i32::MAX) {
            return (found, values);
        }
        *value = number;
        rest = trimmed.get(cut - left.len()..).unwrap_or_default();
    }
    (fields.len(), values)
}
