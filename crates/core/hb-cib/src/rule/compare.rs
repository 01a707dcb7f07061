//! Comparing the value of an attribute with what an expression names.

use crate::value::{Prefix, integer, integer_prefix};
use core::cmp::Ordering;

/// Whether `have OPERATION wanted` holds; an operation that does not exist never does.
pub(super) fn holds(have: Option<&str>, operation: &str, wanted: Option<&str>, kind: Option<&str>) -> bool {
    let is = |word: &str| operation.eq_ignore_ascii_case(word);
    if is("defined") {
        return have.is_some();
    }
    if is("not_defined") {
        return have.is_none();
    }
    let ordering = match (have, wanted) {
        (Some(have), Some(wanted)) => compare(have, wanted, kind, operation),
        (have, wanted) => have.is_some().cmp(&wanted.is_some()),
    };
    if is("eq") {
        ordering == Ordering::Equal
    } else if is("ne") {
        ordering != Ordering::Equal
    } else if have.is_none() || wanted.is_none() {
        false
    } else if is("lt") {
        ordering == Ordering::Less
    } else if is("lte") {
        ordering != Ordering::Greater
    } else if is("gt") {
        ordering == Ordering::Greater
    } else if is("gte") {
        ordering != Ordering::Less
    } else {
        false
    }
}

fn compare(have: &str, wanted: &str, kind: Option<&str>, operation: &str) -> Ordering {
    let ordered = ["lt", "lte", "gt", "gte"].iter().any(|word| operation.eq_ignore_ascii_case(word));
    let kind = kind.unwrap_or(match ordered {
        true if have.contains('.') || wanted.contains('.') => "number",
        true => "integer",
        false => "string",
    });
    let is = |word: &str| kind.eq_ignore_ascii_case(word);
    if is("integer") {
        match (integer(have), integer(wanted)) {
            (Some(have), Some(wanted)) => have.cmp(&wanted),
            _ => compare_text(have, wanted),
        }
    } else if is("number") {
        match (number(have), number(wanted)) {
            (Some(have), Some(wanted)) => have.partial_cmp(&wanted).unwrap_or(Ordering::Equal),
            _ => compare_text(have, wanted),
        }
    } else if is("version") {
        compare_versions(have, wanted)
    } else if is("string") {
        compare_text(have, wanted)
    } else {
        // A kind that does not exist tells nothing apart.
        Ordering::Equal
    }
}

/// In lower case, by bytes.
fn compare_text(have: &str, wanted: &str) -> Ordering {
    let lower =
        |text: &str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<alloc::vec::Vec<_>>();
    lower(have).cmp(&lower(wanted))
}

/// The longest number that `text` begins with.
fn number(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let signless = text.strip_prefix(['+', '-']).unwrap_or(text);
    for word in ["infinity", "inf", "nan"] {
        if signless.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
            let end = text.len() - signless.len() + word.len();
            return text.get(..end)?.parse().ok();
        }
    }
    let digits = |from: usize| {
        text.as_bytes().get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let sign = text.len() - signless.len();
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut any = whole > 0;
    if text.as_bytes().get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        any |= fraction > 0;
        end += if any { 1 + fraction } else { 0 };
    }
    if !any {
        return None;
    }
    if matches!(text.as_bytes().get(end), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(text.as_bytes().get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + signed);
        end += if exponent > 0 { 1 + signed + exponent } else { 0 };
    }
    let value: f64 = text.get(..end)?.parse().ok()?;
    value.is_finite().then_some(value)
}

/// Compares versions part by part, as numbers: `1.2` is before `1.10`, and before `1.2.0`.
#[must_use]
pub fn compare_versions(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (Some(one), Some(other));
    while one.is_some() || other.is_some() {
        let (first, rest_of_one) = version_part(one);
        let (second, rest_of_other) = version_part(other);
        if first != second {
            return first.cmp(&second);
        }
        if (rest_of_one, rest_of_other) == (one, other) {
            // Neither is a number from here on.
            return Ordering::Equal;
        }
        (one, other) = (rest_of_one, rest_of_other);
    }
    Ordering::Equal
}

/// The number that a version begins with, and what is left of it.
fn version_part(text: Option<&str>) -> (i64, Option<&str>) {
    let Some(text) = text else { return (0, None) };
    if text.is_empty() {
        return (-1, None);
    }
    let (number, rest) = match integer_prefix(text) {
        Prefix::Number(number, rest) => (number, rest),
        Prefix::TooLarge { negative } => {
            let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || "+- ".contains(c));
            (if negative { i64::MIN } else { i64::MAX }, rest)
        }
        Prefix::None => (0, text),
    };
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    (number, Some(rest).filter(|rest| !rest.is_empty()))
}
