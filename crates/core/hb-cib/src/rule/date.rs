//! Date expressions.

use super::NextChange;
use crate::time::Moment;
use crate::tree::Element;
use crate::value::{Prefix, integer, integer_prefix};

/// Whether the expression holds `now`; takes note of when it will not any more, or will.
pub(super) fn applies(expression: Element<'_>, now: Moment, next: &mut NextChange) -> bool {
    let moment = |name: &str| expression.get(name).and_then(|text| Moment::read(text, now));
    let start = moment("start");
    let mut end = moment("end");
    if let (Some(start), None, Some(duration)) = (start, end, expression.child("duration")) {
        end = Some(after(start, duration));
    }
    let operation = expression.get("operation").unwrap_or("in_range");
    let is = |word: &str| operation.eq_ignore_ascii_case(word);
    if is("in_range") {
        in_range(now, start, end, next)
    } else if is("date_spec") {
        expression.child("date_spec").is_none_or(|spec| matches(spec, now))
    } else if is("gt") {
        let Some(start) = start else { return false };
        if now <= start {
            next.note(start.plus_seconds(1));
        }
        now > start
    } else if is("lt") {
        let Some(end) = end else { return false };
        if now < end {
            next.note(end);
        }
        now < end
    } else {
        false
    }
}

fn in_range(now: Moment, start: Option<Moment>, end: Option<Moment>, next: &mut NextChange) -> bool {
    if start.is_none() && end.is_none() {
        return false;
    }
    if let Some(start) = start
        && now < start
    {
        next.note(start);
        return false;
    }
    match end {
        Some(end) if now > end => false,
        Some(end) => {
            next.note(end.plus_seconds(1));
            true
        }
        None => true,
    }
}

/// `start` and a `<duration>`.
fn after(start: Moment, duration: Element<'_>) -> Moment {
    let amount = |name: &str| {
        let number = duration.get(name).and_then(integer).unwrap_or(0);
        if i32::try_from(number).is_ok() { number } else { 0 }
    };
    let mut end = start;
    for (name, seconds) in
        [("weeks", 604_800), ("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1)]
    {
        if name == "weeks" {
            end = end.plus_years(amount("years")).plus_months(amount("months"));
        }
        end = end.plus_seconds(amount(name) * seconds);
    }
    end
}

/// Whether a moment has everything that a `<date_spec>` names.
fn matches(spec: Element<'_>, now: Moment) -> bool {
    let ((year, month, day), (hour, minute, second)) = (now.date(), now.time());
    let (_, day_of_year) = now.ordinal();
    let (week_year, week, weekday) = now.week();
    let fields = [
        ("years", year),
        ("months", month),
        ("monthdays", day),
        ("hours", hour),
        ("minutes", minute),
        ("seconds", second),
        ("yeardays", day_of_year),
        ("weekyears", week_year),
        ("weeks", week),
        ("weekdays", weekday),
        ("moon", moon(year, day_of_year)),
    ];
    fields.iter().all(|(name, value)| spec.get(name).is_none_or(|range| within(range, *value)))
}

/// Whether `value` is in `3`, `1-5`, `3-` or `-5`; a range that cannot be read holds everything.
fn within(range: &str, value: i64) -> bool {
    if range.is_empty() || range == "-" {
        return true;
    }
    if let Some(high) = range.strip_prefix('-') {
        return match integer_prefix(high) {
            Prefix::Number(high, "") => value <= high,
            _ => true,
        };
    }
    let Prefix::Number(low, rest) = integer_prefix(range) else { return true };
    match rest.strip_prefix('-') {
        None if rest.is_empty() => value == low,
        None => true,
        Some("") => value >= low,
        Some(high) => match integer_prefix(high) {
            Prefix::Number(high, "") => (low..=high).contains(&value),
            _ => true,
        },
    }
}

/// Phase of the moon, 0 new to 4 full to 7, by the epact of the year.
fn moon(year: i64, day_of_year: i64) -> i64 {
    let golden = year.rem_euclid(19) + 1;
    let mut epact = (11 * golden + 18) % 30;
    if (epact == 25 && golden > 11) || epact == 24 {
        epact += 1;
    }
    ((((day_of_year + epact) * 6 + 11) % 177) / 22) & 7
}
