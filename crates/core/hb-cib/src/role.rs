//! Roles of resources.

use core::fmt;

/// What a resource is, or is to be, on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Not known, or not said.
    #[default]
    Unknown,
    /// Not active.
    Stopped,
    /// Active.
    Started,
    /// Active, in a clone whose instances can be promoted; called Slave before.
    Unpromoted,
    /// Promoted; called Master before.
    Promoted,
}

impl Role {
    /// Reads a role in any case, by its present or its old name; `None` when there is none of that name.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let names = [
            ("stopped", Role::Stopped),
            ("started", Role::Started),
            ("unpromoted", Role::Unpromoted),
            ("slave", Role::Unpromoted),
            ("promoted", Role::Promoted),
            ("master", Role::Promoted),
            ("unknown", Role::Unknown),
        ];
        names.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, role)| *role)
    }

    /// Its present name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Unknown => "Unknown",
            Role::Stopped => "Stopped",
            Role::Started => "Started",
            Role::Unpromoted => "Unpromoted",
            Role::Promoted => "Promoted",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
