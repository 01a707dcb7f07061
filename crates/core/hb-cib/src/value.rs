//! Values as people write them: truth, numbers, times with units.

/// Reads `true`, `on`, `yes`, `y`, `1` and their opposites in any case; `None` for everything else.
#[must_use]
pub fn boolean(text: &str) -> Option<bool> {
    let one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if one_of(&["true", "on", "yes", "y", "1"]) {
        Some(true)
    } else if one_of(&["false", "off", "no", "n", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// Whether `text` is there and means true.
#[must_use]
pub fn is_true(text: Option<&str>) -> bool {
    text.and_then(boolean).unwrap_or(false)
}

/// Reads the whole number at the beginning of `text`: blanks, a sign, digits; what follows does not matter. `None`
/// when there is no digit, or the number does not fit.
#[must_use]
pub fn integer(text: &str) -> Option<i64> {
    match integer_prefix(text) {
        Prefix::Number(number, _) => Some(number),
        Prefix::TooLarge { .. } | Prefix::None => None,
    }
}

/// What a text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix<'t> {
    /// A number, and what follows it.
    Number(i64, &'t str),
    /// A number that does not fit.
    TooLarge { negative: bool },
    /// No number.
    None,
}

/// The number that `text` begins with, as C's `strtoll` sees it.
pub(crate) fn integer_prefix(text: &str) -> Prefix<'_> {
    let trimmed = text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let length = digits.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let (number, rest) = digits.split_at_checked(length).unwrap_or_default();
    if number.is_empty() {
        return Prefix::None;
    }
    let sum = number.bytes().try_fold(0i64, |sum, byte| {
        let digit = i64::from(byte - b'0');
        let tens = sum.checked_mul(10)?;
        if negative { tens.checked_sub(digit) } else { tens.checked_add(digit) }
    });
    match sum {
        Some(sum) => Prefix::Number(sum, rest),
        None => Prefix::TooLarge { negative },
    }
}

/// Reads a time as a number with a unit (`us`, `ms`, `s`, `min`, `h`; none means seconds), in milliseconds. `None` when
/// it is not one. Fractions are cut off before the unit is applied.
#[must_use]
pub fn milliseconds(text: &str) -> Option<i64> {
    let blank = [' ', '\t', '\n', '\r', '\u{c}'];
    let text = text.trim_start_matches(blank);
    let length = text.bytes().position(|b| !(b.is_ascii_digit() || b == b'.')).unwrap_or(text.len());
    if length == 0 {
        return None;
    }
    let unit = text.get(length..).unwrap_or_default().trim_start_matches(blank);
    let begins = |word: &str| unit.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let (times, by) = if begins("ms") {
        (1, 1)
    } else if begins("us") {
        (1, 1000)
    } else if begins("s") || unit.is_empty() {
        (1000, 1)
    } else if begins("m") {
        (60_000, 1)
    } else if begins("h") {
        (3_600_000, 1)
    } else {
        return None;
    };
    match integer_prefix(text) {
        Prefix::Number(number, _) => Some(number.checked_mul(times).unwrap_or(i64::MAX) / by),
        Prefix::TooLarge { .. } => Some(i64::MAX),
        Prefix::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{boolean, integer, milliseconds};

    #[test]
    fn truth_has_five_words() {
        assert_eq!(boolean("On"), Some(true));
        assert_eq!(boolean("N"), Some(false));
        assert_eq!(boolean("maybe"), None);
        assert_eq!(boolean(""), None);
    }

    #[test]
    fn numbers_end_where_they_end() {
        assert_eq!(integer(" -12x"), Some(-12));
        assert_eq!(integer("+3"), Some(3));
        assert_eq!(integer("0x10"), Some(0));
        assert_eq!(integer("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer("9223372036854775808"), None);
        assert_eq!(integer("-"), None);
    }

    #[test]
    fn times_have_units() {
        assert_eq!(milliseconds("20"), Some(20_000));
        assert_eq!(milliseconds(" 1.9 s"), Some(1000));
        assert_eq!(milliseconds("250ms"), Some(250));
        assert_eq!(milliseconds("2500us"), Some(2));
        assert_eq!(milliseconds("2minutes"), Some(120_000));
        assert_eq!(milliseconds("1hr"), Some(3_600_000));
        assert_eq!(milliseconds("1d"), None);
        assert_eq!(milliseconds("-1s"), None);
        assert_eq!(milliseconds("99999999999999999999s"), Some(i64::MAX));
    }
}
