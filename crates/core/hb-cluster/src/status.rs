//! Words for the state of a node.

use alloc::string::{String, ToString};
use core::fmt;

/// A node's status (spec: cluster protocol 6.2). Compared without regard to case, as the original does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Status {
    /// Never heard from.
    Init,
    /// Running, not yet all peers known.
    Up,
    /// Fully in service.
    Active,
    /// Silent for its deadtime, or said that it leaves.
    Dead,
    /// An answering ping node.
    Ping,
    /// Any other word, folded to lower case, at most [`Status::MAX_BYTES`] bytes.
    Other(String),
}

impl Status {
    /// Longest status the wire carries.
    pub const MAX_BYTES: usize = 31;

    /// Reads the field `st`; `None` when it is empty or too long.
    pub fn parse(text: &str) -> Option<Status> {
        if text.is_empty() || text.len() > Self::MAX_BYTES {
            return None;
        }
        let known = [Status::Init, Status::Up, Status::Active, Status::Dead, Status::Ping];
        let status = known.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text));
        Some(status.unwrap_or_else(|| Status::Other(text.to_ascii_lowercase())))
    }

    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Status::Init => "init",
            Status::Up => "up",
            Status::Active => "active",
            Status::Dead => "dead",
            Status::Ping => "ping",
            Status::Other(word) => word,
        }
    }

    /// Whether retransmissions may be asked of such a node (3.0.x asks nobody else).
    pub(crate) fn answers_requests(&self) -> bool {
        matches!(self, Status::Up | Status::Active)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&Status> for hb_base::Value {
    fn from(status: &Status) -> hb_base::Value {
        hb_base::Value::from(status.to_string())
    }
}

/// Why a node was declared dead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeathReason {
    /// No status within its announced deadtime, all readers drained.
    Silence,
    /// Never heard within initdead, all readers drained.
    NeverHeard,
    /// It said that it leaves.
    Left,
}

impl DeathReason {
    /// The word used in notices.
    pub const fn word(self) -> &'static str {
        match self {
            DeathReason::Silence => "silence",
            DeathReason::NeverHeard => "never_heard",
            DeathReason::Left => "left",
        }
    }
}

/// Why messages of a node will never come in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GapReason {
    /// The sender no longer has them.
    Refused,
    /// More were missing at once than may be asked for.
    TooWide,
    /// More numbers were missing than are remembered.
    Forgotten,
    /// Too many later messages waited for them.
    HeldTooLong,
    /// The sender was declared dead.
    Died,
    /// The sender started anew.
    Restarted,
    /// They fell into a partition that has healed since.
    Partition,
}

impl GapReason {
    /// The word used in notices.
    pub const fn word(self) -> &'static str {
        match self {
            GapReason::Refused => "refused",
            GapReason::TooWide => "too_wide",
            GapReason::Forgotten => "forgotten",
            GapReason::HeldTooLong => "held_too_long",
            GapReason::Died => "died",
            GapReason::Restarted => "restarted",
            GapReason::Partition => "partition",
        }
    }
}
