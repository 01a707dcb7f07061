//! What a node holds: `none`, `local`, `foreign`, `all`.

use core::fmt;

/// A set of the two halves of `haresources`, from one node's point of view: the groups that prefer it (local)
/// and the groups that prefer the other (foreign).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Held(u8);

impl Held {
    /// Nothing.
    pub const NONE: Held = Held(0);
    /// The groups that prefer this node.
    pub const LOCAL: Held = Held(1);
    /// The groups that prefer the other node.
    pub const FOREIGN: Held = Held(2);
    /// Both halves.
    pub const ALL: Held = Held(3);

    /// The word on the wire and of `cl_status rscstatus`.
    pub const fn word(self) -> &'static str {
        match self.0 {
            0 => "none",
            1 => "local",
            2 => "foreign",
            _ => "all",
        }
    }

    /// The reverse of [`Held::word`].
    pub fn from_word(word: &str) -> Option<Held> {
        [Held::NONE, Held::LOCAL, Held::FOREIGN, Held::ALL].into_iter().find(|held| held.word() == word)
    }

    /// Whether every half of `other` is in here.
    pub const fn contains(self, other: Held) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some half of `other` is in here.
    pub const fn overlaps(self, other: Held) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether it is nothing.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// What is in one of the two.
    #[must_use]
    pub const fn and(self, other: Held) -> Held {
        Held(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn common(self, other: Held) -> Held {
        Held(self.0 & other.0)
    }

    /// What is in here and not in `other`.
    #[must_use]
    pub const fn without(self, other: Held) -> Held {
        Held(self.0 & !other.0)
    }

    /// The same groups from the other node's point of view.
    #[must_use]
    pub const fn swapped(self) -> Held {
        Held(((self.0 & 1) << 1) | (self.0 >> 1))
    }

    /// The halves that are in here, one by one.
    pub(crate) fn halves(self) -> impl Iterator<Item = Held> {
        [Held::LOCAL, Held::FOREIGN].into_iter().filter(move |half| self.contains(*half))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_side_sees_local_as_foreign() {
        for (ours, theirs) in [("none", "none"), ("local", "foreign"), ("foreign", "local"), ("all", "all")] {
            assert_eq!(Held::from_word(ours).unwrap().swapped().word(), theirs);
        }
        assert_eq!(Held::from_word("both"), None);
        assert_eq!(Held::ALL.without(Held::LOCAL), Held::FOREIGN);
        assert_eq!(Held::ALL.halves().count(), 2);
    }
}
