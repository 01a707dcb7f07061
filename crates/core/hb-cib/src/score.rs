//! Scores: how much something is wanted.

use crate::value::integer;
use core::fmt;
use core::ops::{Add, AddAssign, Neg};

/// A score: a whole number between [`Score::MINUS_INFINITY`] and [`Score::INFINITY`], which are reached by adding
/// and never left again: infinity plus anything is infinity, and minus infinity beats infinity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(i32);

impl Score {
    /// Wanted without condition.
    pub const INFINITY: Score = Score(1_000_000);
    /// Forbidden without condition.
    pub const MINUS_INFINITY: Score = Score(-1_000_000);
    /// Neither wanted nor unwanted.
    pub const ZERO: Score = Score(0);

    /// The score nearest to `number`.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        if number >= Self::INFINITY.0 as i64 {
            Self::INFINITY
        } else if number <= Self::MINUS_INFINITY.0 as i64 {
            Self::MINUS_INFINITY
        } else {
            Score(number as i32)
        }
    }

    /// Reads `INFINITY`, `+INFINITY`, `-INFINITY` or a number at the beginning of `text`; anything else is 0. The
    /// colours of node health are not scores: see [`Score::read_with`].
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self::read_with(text, Health::default())
    }

    /// As [`Score::read`], with values for `red`, `yellow` and `green`.
    #[must_use]
    pub fn read_with(text: &str, health: Health) -> Self {
        let same = |word: &str| text.eq_ignore_ascii_case(word);
        if same("-INFINITY") {
            Self::MINUS_INFINITY
        } else if same("INFINITY") || same("+INFINITY") {
            Self::INFINITY
        } else if same("red") {
            health.red
        } else if same("yellow") {
            health.yellow
        } else if same("green") {
            health.green
        } else {
            Self::new(integer(text).unwrap_or(0))
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// Whether it is infinity or minus infinity.
    #[must_use]
    pub fn is_infinite(self) -> bool {
        self == Self::INFINITY || self == Self::MINUS_INFINITY
    }
}

/// What the colours of node health are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Worth of `red`.
    pub red: Score,
    /// Worth of `yellow`.
    pub yellow: Score,
    /// Worth of `green`.
    pub green: Score,
}

impl Add for Score {
    type Output = Score;

    fn add(self, other: Score) -> Score {
        let minus = Self::MINUS_INFINITY;
        if self == minus || other == minus {
            minus
        } else if self == Self::INFINITY || other == Self::INFINITY {
            Self::INFINITY
        } else {
            Self::new(i64::from(self.0) + i64::from(other.0))
        }
    }
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Score) {
        *self = *self + other;
    }
}

impl Neg for Score {
    type Output = Score;

    fn neg(self) -> Score {
        Score(-self.0)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::INFINITY => f.pad("INFINITY"),
            Self::MINUS_INFINITY => f.pad("-INFINITY"),
            Score(number) => fmt::Display::fmt(&number, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Score;
    use alloc::string::ToString;

    #[test]
    fn infinities_absorb() {
        let (up, down) = (Score::INFINITY, Score::MINUS_INFINITY);
        assert_eq!(up + down, down);
        assert_eq!(up + Score::new(-999_999), up);
        assert_eq!(Score::new(600_000) + Score::new(600_000), up);
        assert_eq!(Score::new(1) + Score::new(2), Score::new(3));
    }

    #[test]
    fn texts_are_read_as_they_always_were() {
        let read = |text| Score::read(text).to_string();
        assert_eq!(read("infinity"), "INFINITY");
        assert_eq!(read("+INFINITY"), "INFINITY");
        assert_eq!(read("-1000000"), "-INFINITY");
        assert_eq!(read(" 12abc"), "12");
        assert_eq!(read("abc"), "0");
        assert_eq!(read("99999999999999999999"), "0");
    }
}
