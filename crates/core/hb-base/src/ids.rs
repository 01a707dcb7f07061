//! Newtypes for every id, so that a medium's number cannot be taken for a node's.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $int);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number_id!(
    /// A node's place in this process's node table. Never reused while the process lives, never on the wire.
    NodeId(u16)
);
number_id!(
    /// A medium's place in the configuration, counted from 0.
    MediumId(u8)
);
number_id!(
    /// A local client of this node.
    ClientId(u32)
);
number_id!(
    /// An operation given to an executor; answered exactly once.
    CallId(u64)
);
number_id!(
    /// A request that wants an answer of its own (a durable write, a drained reader).
    Token(u64)
);
number_id!(
    /// Heartbeat generation: grows at every start of a node, never repeats (wire field `hg`).
    Generation(u64)
);
number_id!(
    /// Sequence number of a message within a generation, from 1 (wire field `seq`).
    Seq(u64)
);

/// A node's universally unique id: 16 bytes in RFC 4122 text order, also on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// All zeros: "not learnt yet".
    pub const NIL: Uuid = Uuid([0; 16]);

    /// Whether this is the id of nobody.
    pub fn is_nil(&self) -> bool {
        *self == Uuid::NIL
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A node's name, folded to lower case, at most [`NodeName::MAX_BYTES`] bytes. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// Longest name the wire carries (spec: wire limits).
    pub const MAX_BYTES: usize = 99;

    /// Folds `name`; `None` when it is empty, too long, or holds a blank, `=` or a control character.
    pub fn new(name: &str) -> Option<NodeName> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '=';
        if name.is_empty() || name.len() > Self::MAX_BYTES || name.contains(bad) {
            return None;
        }
        let folded: String = name.chars().map(|c| c.to_ascii_lowercase()).collect();
        Some(NodeName(folded.into()))
    }

    /// The folded name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl core::ops::Deref for NodeName {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn names_fold_and_refuse_what_the_wire_cannot_carry() {
        assert_eq!(NodeName::new("PaUl").unwrap().as_str(), "paul");
        for bad in ["", "a b", "a=b", "a\n", &"x".repeat(100)] {
            assert!(NodeName::new(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn uuid_prints_in_rfc_4122_form() {
        let uuid = Uuid(core::array::from_fn(|i| i as u8 * 0x11));
        assert_eq!(uuid.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
    }
}
