//! Patterns of resource ids: POSIX extended regular expressions, as far as ids need them.

use alloc::vec::Vec;
use core::ops::Range;

/// The most steps of one search: beyond it, nothing is found.
const MAX_STEPS: u32 = 100_000;
/// How deep groups may be nested.
const MAX_DEPTH: u32 = 50;
/// The most repetitions that a count may ask for.
const MAX_COUNT: u32 = 255;

/// A pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    alternatives: Vec<Vec<Piece>>,
    groups: usize,
}

#[derive(Clone, Debug)]
struct Piece {
    atom: Atom,
    least: u32,
    most: u32,
}

#[derive(Clone, Debug)]
enum Atom {
    Any,
    One(char),
    Class { ranges: Vec<(char, char)>, negated: bool },
    Group(usize, Vec<Vec<Piece>>),
    Begin,
    End,
}

struct Reader<'t> {
    rest: core::iter::Peekable<core::str::Chars<'t>>,
    groups: usize,
}

impl Pattern {
    /// Reads a pattern; `None` when it is not one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text.chars().peekable(), groups: 0 };
        let alternatives = reader.alternatives(0)?;
        reader.rest.peek().is_none().then_some(Pattern { alternatives, groups: reader.groups })
    }

    /// The first place where it matches, and what each of its groups matched there.
    pub(super) fn find(&self, text: &str) -> Option<Vec<Option<Range<usize>>>> {
        let mut search = Search { text, groups: alloc::vec![None; self.groups + 1], steps: 0 };
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        for start in starts {
            let mut end = None;
            if search.any(&self.alternatives, start, &mut |_, at| {
                end = Some(at);
                true
            }) {
                let mut groups = core::mem::take(&mut search.groups);
                if let (Some(whole), Some(end)) = (groups.first_mut(), end) {
                    *whole = Some(start..end);
                }
                return Some(groups);
            }
        }
        None
    }
}

impl Reader<'_> {
    fn alternatives(&mut self, depth: u32) -> Option<Vec<Vec<Piece>>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut all = alloc::vec![self.branch(depth)?];
        while self.rest.next_if_eq(&'|').is_some() {
            all.push(self.branch(depth)?);
        }
        Some(all)
    }

    fn branch(&mut self, depth: u32) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        while let Some(next) =
            self.rest.next_if(|next| !matches!(next, '|' | ')') || (*next == ')' && depth == 0))
        {
            let atom = match next {
                '.' => Atom::Any,
                '^' => Atom::Begin,
                '$' => Atom::End,
                '[' => self.class()?,
                '(' => {
                    self.groups += 1;
                    let number = self.groups;
                    let inner = self.alternatives(depth + 1)?;
                    self.rest.next_if_eq(&')')?;
                    Atom::Group(number, inner)
                }
                '\\' => Atom::One(self.rest.next()?),
                '*' | '+' | '?' => return None,
                other => Atom::One(other),
            };
            let (least, most) = self.count()?;
            pieces.push(Piece { atom, least, most });
        }
        Some(pieces)
    }

    fn count(&mut self) -> Option<(u32, u32)> {
        let mut range = (1, 1);
        while let Some(sign) = self.rest.next_if(|next| matches!(next, '*' | '+' | '?' | '{')) {
            range = match sign {
                '*' => (0, u32::MAX),
                '+' => (range.0.min(1), u32::MAX),
                '?' => (0, range.1),
                _ => self.braces()?,
            };
        }
        Some(range)
    }

    fn braces(&mut self) -> Option<(u32, u32)> {
        let least = self.number()?;
        let most =
            if self.rest.next_if_eq(&',').is_some() { self.number().unwrap_or(u32::MAX) } else { least };
        self.rest.next_if_eq(&'}')?;
        (least <= most && least <= MAX_COUNT).then_some((least, most))
    }

    fn number(&mut self) -> Option<u32> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit.to_digit(10)?));
        }
        number
    }

    fn class(&mut self) -> Option<Atom> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        loop {
            let next = self.rest.next()?;
            if next == ']' && !ranges.is_empty() {
                return Some(Atom::Class { ranges, negated });
            }
            if next == '[' && self.rest.peek() == Some(&':') {
                self.named(&mut ranges)?;
                continue;
            }
            let mut ahead = self.rest.clone();
            if ahead.next() == Some('-') && ahead.peek().is_some_and(|end| *end != ']') {
                self.rest = ahead;
                ranges.push((next, self.rest.next()?));
            } else {
                ranges.push((next, next));
            }
        }
    }

    fn named(&mut self, ranges: &mut Vec<(char, char)>) -> Option<()> {
        self.rest.next();
        let mut name = alloc::string::String::new();
        while let Some(letter) = self.rest.next_if(char::is_ascii_lowercase) {
            name.push(letter);
        }
        self.rest.next_if_eq(&':')?;
        self.rest.next_if_eq(&']')?;
        let known: &[(char, char)] = match name.as_str() {
            "alpha" => &[('a', 'z'), ('A', 'Z')],
            "digit" => &[('0', '9')],
            "alnum" => &[('a', 'z'), ('A', 'Z'), ('0', '9')],
            "lower" => &[('a', 'z')],
            "upper" => &[('A', 'Z')],
            "space" => &[(' ', ' '), ('\t', '\r')],
            "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
            "xdigit" => &[('0', '9'), ('a', 'f'), ('A', 'F')],
            _ => return None,
        };
        ranges.extend_from_slice(known);
        Some(())
    }
}

struct Search<'t> {
    text: &'t str,
    groups: Vec<Option<Range<usize>>>,
    steps: u32,
}

type Then<'f, 't> = &'f mut dyn FnMut(&mut Search<'t>, usize) -> bool;

impl<'t> Search<'t> {
    fn any(&mut self, alternatives: &[Vec<Piece>], at: usize, then: Then<'_, 't>) -> bool {
        alternatives.iter().any(|branch| self.pieces(branch, at, then))
    }

    fn pieces(&mut self, pieces: &[Piece], at: usize, then: Then<'_, 't>) -> bool {
        match pieces.split_first() {
            None => then(self, at),
            Some((piece, rest)) => self.repeat(piece, 0, at, &mut |search, at| search.pieces(rest, at, then)),
        }
    }

    /// As many as there are, then fewer.
    fn repeat(&mut self, piece: &Piece, done: u32, at: usize, then: Then<'_, 't>) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return false;
        }
        if done < piece.most {
            let more = self.atom(&piece.atom, at, &mut |search, next| {
                next > at && search.repeat(piece, done + 1, next, then)
                    || next == at && done + 1 >= piece.least && then(search, next)
            });
            if more {
                return true;
            }
        }
        done >= piece.least && then(self, at)
    }

    fn atom(&mut self, atom: &Atom, at: usize, then: Then<'_, 't>) -> bool {
        let next = self.text.get(at..).and_then(|rest| rest.chars().next());
        match atom {
            Atom::Begin => at == 0 && then(self, at),
            Atom::End => at == self.text.len() && then(self, at),
            Atom::Group(number, alternatives) => {
                let number = *number;
                self.any(alternatives, at, &mut |search, end| {
                    let old = search.groups.get_mut(number).and_then(|group| group.replace(at..end));
                    if then(search, end) {
                        return true;
                    }
                    if let Some(group) = search.groups.get_mut(number) {
                        *group = old;
                    }
                    false
                })
            }
            _ => match next {
                Some(next) if is_one(atom, next) => then(self, at + next.len_utf8()),
                _ => false,
            },
        }
    }
}

fn is_one(atom: &Atom, next: char) -> bool {
    match atom {
        Atom::Any => true,
        Atom::One(one) => *one == next,
        Atom::Class { ranges, negated } => {
            ranges.iter().any(|(low, high)| (*low..=*high).contains(&next)) != *negated
        }
        Atom::Group(..) | Atom::Begin | Atom::End => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn found<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
        let groups = Pattern::read(pattern)?.find(text)?;
        text.get(groups.last()?.clone()?)
    }

    #[test]
    fn patterns_find_what_they_name() {
        assert_eq!(found("^vip-([0-9]+)$", "vip-17"), Some("17"));
        assert_eq!(found("(a|b)+c", "xabac"), Some("a"));
        assert_eq!(found("[^-]*$", "db-main"), Some("main"));
        assert_eq!(found("x{2,3}", "xxxx"), Some("xxx"));
        assert_eq!(found("^b", "ab"), None);
        assert!(Pattern::read("(a").is_none());
    }

    #[test]
    fn a_search_without_end_ends() {
        assert_eq!(found("(a*)*(a*)*(a*)*b", &"a".repeat(60)), None);
    }
}
