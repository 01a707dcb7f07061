//! Words into values: times, yes and no, numbers, hosts (spec: ha.cf section 2).
//!
//! What the original reads without a word is read here too, with a warning: a file that works there must
//! work here.

use super::parse::Context;
use crate::code::Code;
use crate::lexer::Word;
use crate::suggest::nearest;
use alloc::format;
use alloc::string::ToString;
use core::net::IpAddr;
use core::time::Duration;

/// Longest time that is taken: 31 years. It keeps sums of times far from overflow.
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

/// An upper bound that only keeps numbers in their types; people are not told of it.
pub(super) const UNBOUNDED: i64 = i32::MAX as i64;

/// A yes-or-no word.
pub(super) fn boolean(cx: &mut Context<'_>, word: Word<'_>) -> Option<bool> {
    let text = cx.text(word)?;
    let value = parse_boolean(text);
    if value.is_none() {
        let message = format!("`{text}` is neither yes nor no");
        cx.report.error(Code::BadBoolean, word.at, message, "Write `on` or `off`.");
    }
    value
}

/// The boolean words of the original, in any case.
pub(super) fn parse_boolean(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["true", "on", "yes", "y", "1"]) {
        Some(true)
    } else if is(&["false", "off", "no", "n", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// A time: a number with an optional decimal fraction and an optional unit. Rounded to milliseconds, half up.
pub(super) fn time(cx: &mut Context<'_>, word: Word<'_>) -> Option<Duration> {
    const SHAPE: &str = "Write seconds (`2`, `0.5`) or milliseconds (`500ms`).";
    let text = cx.text(word)?;
    let digits = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let (number, unit) = text.split_at(digits);
    let mut parts = number.split('.');
    let (whole, fraction) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let odd_number = parts.next().is_some();
    if whole.is_empty() && fraction.is_empty() {
        let message = if text.starts_with('-') {
            format!("`{text}` is negative, and a time cannot be")
        } else {
            format!("`{text}` is not a time")
        };
        cx.report.error(Code::BadTime, word.at, message, SHAPE);
        return None;
    }
    let folded = unit.to_ascii_lowercase();
    let micros_per_unit = match folded.as_str() {
        "" => 1_000_000,
        unit if unit.starts_with("ms") => 1_000,
        unit if unit.starts_with("us") => 1,
        _ => {
            let message = format!("`{unit}` in `{text}` is not a unit of time");
            let cure = unit_cure(number, &folded).unwrap_or_else(|| SHAPE.to_string());
            cx.report.error(Code::BadTime, word.at, message, cure);
            return None;
        }
    };
    let Some(value) = duration(whole, fraction, micros_per_unit) else {
        let message = format!("`{text}` is longer than any time that makes sense");
        cx.report.error(Code::BadTime, word.at, message, SHAPE);
        return None;
    };
    if odd_number || !matches!(folded.as_str(), "" | "ms" | "msec" | "us" | "usec") {
        let message =
            format!("`{text}` is an odd way to write a time; it is read as {} ms", value.as_millis());
        cx.report.warning(Code::BadTime, word.at, message, SHAPE);
    }
    Some(value)
}

/// What to write for a unit that people use and the file format does not have.
fn unit_cure(number: &str, unit: &str) -> Option<alloc::string::String> {
    let factor = match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => {
            return Some(format!("A number without a unit is seconds: write `{number}`."));
        }
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        _ => return None,
    };
    let seconds = number.parse::<u32>().ok()?.checked_mul(factor)?;
    Some(format!("A number without a unit is seconds: write `{seconds}`."))
}

/// The value of `whole.fraction` units, rounded to milliseconds.
fn duration(whole: &str, fraction: &str, micros_per_unit: u128) -> Option<Duration> {
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // Nine decimals are nanoseconds of a second: more cannot change a millisecond.
    let mut nano_units: u128 = 0;
    for place in 0..9 {
        let digit = fraction.as_bytes().get(place).map_or(0, |b| u128::from(b.saturating_sub(b'0')));
        nano_units = nano_units * 10 + digit;
    }
    let nano = whole.checked_mul(1_000_000_000)?.checked_add(nano_units)?;
    let millis = nano.checked_mul(micros_per_unit)?.checked_add(500 * 1_000_000_000)? / 1_000_000_000_000;
    let value = Duration::from_millis(u64::try_from(millis).ok()?);
    (value <= LONGEST).then_some(value)
}

/// A time that must not be zero.
pub(super) fn time_above_zero(cx: &mut Context<'_>, word: Word<'_>) -> Option<Duration> {
    let value = time(cx, word)?;
    if value.is_zero() {
        let message = format!("`{}` is no time at all", word.shown());
        cx.report.error(Code::BadTime, word.at, message, "Write a time of at least `1ms`.");
        return None;
    }
    Some(value)
}

/// A whole number from `low` to `high`. Letters after it are ignored, with a warning; a word that does not
/// begin with a number is 0, with a warning, as far as 0 is allowed.
pub(super) fn number<T: TryFrom<i64>>(
    cx: &mut Context<'_>,
    word: Word<'_>,
    what: &str,
    low: i64,
    high: i64,
    cure: &str,
) -> Option<T> {
    let text = cx.text(word)?;
    let sign = usize::from(text.starts_with(['-', '+']));
    let digits = text.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    let (head, tail) = text.split_at(if digits == 0 { 0 } else { sign + digits });
    let value = if head.is_empty() { Some(0) } else { head.parse::<i64>().ok() };
    let fits = value.filter(|value| (low..=high).contains(value));
    let Some(value) = fits else {
        let problem = if head.is_empty() { "is not a number" } else { "is out of range" };
        let message = if high >= UNBOUNDED {
            format!("`{text}` {problem}: {what} is {low} or more")
        } else {
            format!("`{text}` {problem}: {what} goes from {low} to {high}")
        };
        cx.report.error(Code::BadNumber, word.at, message, cure);
        return None;
    };
    if !tail.is_empty() {
        let message = format!("`{text}` is not a whole number; {what} is read as {value}");
        cx.report.warning(Code::BadNumber, word.at, message, cure);
    }
    T::try_from(value).ok()
}

/// A UDP port.
// DEVIATION: the original cuts a number above 65535 to its low 16 bits and then talks to a port that nobody
// wrote; here it is an error.
pub(super) fn port(cx: &mut Context<'_>, word: Word<'_>) -> Option<u16> {
    number(cx, word, "a port", 1, 65_535, "Write the UDP port that all nodes use; 694 is Heartbeat's own.")
}

/// An absolute path.
pub(super) fn path<'a>(cx: &mut Context<'_>, word: Word<'a>) -> Option<&'a str> {
    let text = cx.text(word)?;
    if !text.starts_with('/') {
        let message = format!("`{text}` is not a full path");
        cx.report.error(Code::BadPath, word.at, message, "Write the whole path, from the `/` on.");
        return None;
    }
    Some(text)
}

/// One of `words`, told apart by case.
pub(super) fn choice<T: Copy>(
    cx: &mut Context<'_>,
    word: Word<'_>,
    what: &str,
    words: &[(&str, T)],
) -> Option<T> {
    let text = cx.text(word)?;
    if let Some((_, value)) = words.iter().find(|(name, _)| *name == text) {
        return Some(*value);
    }
    let cure = match nearest(text, words.iter().map(|(name, _)| *name)) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => {
            let mut list = alloc::string::String::new();
            for (i, (name, _)) in words.iter().enumerate() {
                list.push_str(if i == 0 {
                    ""
                } else if i + 1 == words.len() {
                    " or "
                } else {
                    ", "
                });
                list.push_str(&format!("`{name}`"));
            }
            format!("Write {list}.")
        }
    };
    cx.report.error(Code::BadWord, word.at, format!("`{text}` is not {what}"), cure);
    None
}

/// An address family.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What came of looking a host name up.
pub(super) enum Resolved {
    /// An address.
    To(IpAddr),
    /// Nobody looked it up.
    NotAsked,
    /// There is none; it was told.
    Failed,
}

/// The address of a host name.
pub(super) fn resolve(cx: &mut Context<'_>, word: Word<'_>, name: &str, family: Family) -> Resolved {
    // What looks like a mistyped address is not worth a question to a name server.
    let numbers = name.bytes().all(|b| b.is_ascii_digit() || b == b'.') || name.contains([':', '/']);
    if numbers {
        let kind = if family == Family::V4 { "IPv4" } else { "IPv6" };
        let message = format!("`{name}` is neither an {kind} address nor a host name");
        cx.report.error(
            Code::BadAddress,
            word.at,
            message,
            "Write the address of the host, without a mask or a port.",
        );
        return Resolved::Failed;
    }
    cx.wanted.hosts.insert(name.to_string());
    let message = match cx.facts.hosts.get(name) {
        None => return Resolved::NotAsked,
        Some(Some(address)) if address.is_ipv4() == (family == Family::V4) => return Resolved::To(*address),
        Some(Some(address)) => {
            format!("the host `{name}` has the address {address}, which is of the other family")
        }
        Some(None) => format!("the host `{name}` is not known"),
    };
    let cure = "Write its address: a cluster should not depend on a name server.";
    cx.report.error(Code::UnknownHost, word.at, message, cure);
    Resolved::Failed
}
