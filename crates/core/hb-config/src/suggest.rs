//! "Did you mean": the nearest of the names that would have been right.

use alloc::vec::Vec;

/// Longest word that is compared; nobody mistypes more.
const LONGEST: usize = 40;

/// Fewest letters of a word that counts as half typed.
const HALF: usize = 4;

/// The candidate nearest to `word`, if it is near enough to be what was meant: one slip in a short word, up
/// to three in a long one. Case does not count as a slip. Digits must be the same: `eth7` is
/// not a slip for `eth0`, nor `sha256` for `sha1`.
///
/// A word that is only half typed means the one candidate that begins with it.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let wanted = fold(word);
    if wanted.is_empty() || wanted.len() > LONGEST {
        return None;
    }
    let mut begun = candidates.iter().filter(|whole| fold(whole).starts_with(&wanted));
    if let (true, Some(whole), None) = (wanted.len() >= HALF, begun.next(), begun.next()) {
        return Some(whole);
    }
    let allowed = (wanted.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST && digits(candidate).eq(digits(word)))
        // Each letter of difference in length is a slip at least: most candidates need no closer look.
        .filter(|candidate| candidate.chars().count().abs_diff(wanted.len()) <= allowed)
        .map(|candidate| (distance(&wanted, &fold(candidate)), candidate))
        .filter(|(slips, candidate)| *slips <= allowed && *slips < candidate.chars().count())
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

fn digits(word: &str) -> impl Iterator<Item = char> + '_ {
    word.chars().filter(char::is_ascii_digit)
}

fn fold(word: &str) -> Vec<char> {
    word.chars().take(LONGEST + 1).map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// Letters to insert, drop or change, or neighbours to swap, to get from one word to the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &y) in b.iter().enumerate() {
            let at = |line: &Vec<usize>, column: usize| line.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut best = at(&above, j) + usize::from(x != y);
            best = best.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(&y) && b.get(j - 1) == Some(&x);
            if swapped && x != y {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = core::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant_and_does_not_guess() {
        let names = ["keepalive", "deadtime", "deadping", "node", "ucast", "udpport", "auto_failback"];
        let near = |word| nearest(word, names);
        assert_eq!(near("keepalvie"), Some("keepalive"));
        assert_eq!(near("Keepalive"), Some("keepalive"));
        assert_eq!(near("nodes"), Some("node"));
        assert_eq!(near("auto-failback"), Some("auto_failback"));
        assert_eq!(near("dead_time"), Some("deadtime"));
        assert_eq!(near("keepal"), Some("keepalive"));
        assert_eq!(near("deadt"), Some("deadtime"));
        assert_eq!(near("dead"), None, "two begin so");
        assert_eq!(near("zzz"), None);
        assert_eq!(nearest("eth7", ["eth0", "eth1"]), None);
        assert_eq!(nearest("eht1", ["eth0", "eth1"]), Some("eth1"));
        assert_eq!(near(""), None);
        assert_eq!(near(&"k".repeat(10_000)), None);
    }
}
