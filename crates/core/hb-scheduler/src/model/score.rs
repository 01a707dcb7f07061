//! Arithmetic of scores on plain numbers: tables hold millions of them.

/// Wanted without condition.
pub const INFINITY: i32 = 1_000_000;
/// Below every score: marks an entry of a table while scores are merged.
pub(crate) const HACK: i32 = -100 * INFINITY;

/// The sum: minus infinity beats infinity, infinity beats everything else.
#[must_use]
pub(crate) fn add(one: i32, other: i32) -> i32 {
    if one <= -INFINITY || other <= -INFINITY {
        -INFINITY
    } else if one >= INFINITY || other >= INFINITY {
        INFINITY
    } else {
        (one + other).clamp(-INFINITY, INFINITY)
    }
}
