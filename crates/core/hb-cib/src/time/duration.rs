//! Durations and intervals.

use crate::value::milliseconds;

/// Reads the interval or time of an operation, in milliseconds: a number with a unit, or an ISO 8601 duration
/// (`PT10S`). What is not one is `None`; what is too long is the longest, `u32::MAX`.
///
/// Durations are read as the reference does: a month has 30 days, and of days and of years one is left out, so that
/// `P1D` is nothing and `P2D` is a day.
#[must_use]
pub fn interval(text: &str) -> Option<u32> {
    let ms = if text.starts_with('P') { duration(text)?.checked_mul(1000)? } else { milliseconds(text)? };
    if ms < 0 {
        return None;
    }
    Some(u32::try_from(ms).unwrap_or(u32::MAX))
}

/// Seconds of `P[nY][nM][nW][nD][T][nH][nM][nS]`, in any order.
fn duration(text: &str) -> Option<i64> {
    let mut rest = text.strip_prefix('P')?;
    let (mut years, mut months, mut days, mut seconds) = (0i64, 0i64, 0i64, 0i64);
    let mut in_time = false;
    let mut any = false;
    while let Some(next) = rest.chars().next().filter(|c| *c != '/' && !c.is_ascii_whitespace()) {
        any = true;
        if next == 'T' {
            in_time = true;
            rest = rest.get(1..)?;
            continue;
        }
        let (number, after) = amount(rest)?;
        let unit = after.chars().next()?;
        match unit {
            'Y' => years = number,
            'M' if in_time => seconds += number * 60,
            'M' => months = number,
            'W' => days += number * 7,
            'D' => days += number,
            'H' => seconds += number * 3600,
            'S' => seconds += number,
            _ => return None,
        }
        rest = after.get(1..)?;
    }
    if !any {
        return None;
    }
    // A calendar's year 1 has not had a year before it, nor its first day a day.
    let whole_years = (years - 1).max(0);
    let leap_days = whole_years / 4 - whole_years / 100 + whole_years / 400;
    let whole_days = whole_years * 365 + leap_days + months.max(0) * 30 + (days - 1).max(0);
    Some(whole_days * 86_400 + seconds)
}

/// A number of at most ten digits, and what follows it; fractions count for nothing.
fn amount(text: &str) -> Option<(i64, &str)> {
    let text = text.strip_prefix('T').unwrap_or(text);
    let fraction = text.strip_prefix(['.', ',']);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, fraction.unwrap_or_else(|| text.strip_prefix(['+', ':']).unwrap_or(text))),
    };
    let limit = if fraction.is_some() { usize::MAX } else { 10 };
    let length = digits.bytes().take(limit).take_while(u8::is_ascii_digit).count();
    let (number, rest) = digits.split_at_checked(length)?;
    if number.is_empty() {
        return None;
    }
    let value = match fraction {
        Some(_) => 0,
        None => number.parse::<i64>().ok()?,
    };
    Some((if negative { -value } else { value }, rest))
}
