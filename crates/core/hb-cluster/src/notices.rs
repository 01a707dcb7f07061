//! Codes of the notices that messaging emits. Each names its node or medium as subject.

use crate::machine::Cluster;
use crate::{DeathReason, Output, Status, StatusReason, bounds};
use alloc::collections::BTreeMap;
use core::time::Duration;
use hb_base::{Instant, NodeName, Notice, Severity};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*
        /// Every code of this crate.
        pub const ALL: &[&str] = &[$($code),*];
    };
}

codes! {
    /// The generation of this start, and where it came from (`source`).
    GENERATION = "generation";
    /// A stored file could not be read; `file` and what was done instead.
    STORED_UNUSABLE = "stored_unusable";
    /// A node's status changed: `from`, `to`, `reason`.
    NODE_STATUS = "node_status";
    /// A node was declared dead: `reason`, `silent` for how long, `deadtime`.
    NODE_DEAD = "node_dead";
    /// A node speaks in a new generation: `generation`, `before`.
    NODE_RESTARTED = "node_restarted";
    /// A dead node speaks again in the same generation.
    NODE_RETURNED = "node_returned";
    /// A node joined the table: `by`.
    NODE_JOINED = "node_joined";
    /// A node left the table: `by`.
    NODE_REMOVED = "node_removed";
    /// A known uuid came with another name: `before`.
    NODE_RENAMED = "node_renamed";
    /// A known name came with another uuid.
    UUID_REPLACED = "uuid_replaced";
    /// The table of nodes is full; this one stays out.
    TABLE_FULL = "table_full";
    /// Another machine uses this node's name.
    OWN_NAME_TAKEN = "own_name_taken";
    /// The network knows a later generation of this very node; a higher one is taken.
    GENERATION_BEHIND = "generation_behind";
    /// A status came later than warntime: `silent`, `warntime`.
    LATE_HEARTBEAT = "late_heartbeat";
    /// A link came up: `reason` (a frame came over it).
    LINK_UP = "link_up";
    /// A link went down: `reason` (silence; its readers were drained).
    LINK_DOWN = "link_down";
    /// Frames with a wrong signature: `cause`, `more` since the last such notice.
    FRAME_REJECTED = "frame_rejected";
    /// Signed frames that are no usable message: `more`.
    FRAME_MALFORMED = "frame_malformed";
    /// Messages of nodes that are not configured: `more`.
    STRANGER = "stranger";
    /// Messages of a peer will never come: `first`, `last`, `reason`.
    MESSAGES_LOST = "messages_lost";
    /// Messages that a live peer has not acknowledged fell out of the history: `seq`.
    HISTORY_OVERRUN = "history_overrun";
    /// A local message cannot be sent: `cause`.
    MESSAGE_REFUSED = "message_refused";
    /// Local senders are told to wait: `unacknowledged`, and the `slowest` peer.
    FLOW_PAUSED = "flow_paused";
    /// Local senders may go on: `paused` for how long.
    FLOW_RESUMED = "flow_resumed";
    /// The history fills with unacknowledged messages: `percent`.
    HISTORY_FILLING = "history_filling";
    /// A peer knows no flow control; it is off for good.
    FLOW_CONTROL_OFF = "flow_control_off";
    /// We did not run: `by`; evidence against others is collected anew.
    STALLED = "stalled";
    /// A reader did not confirm its drain: `waited`. It is to be replaced.
    READER_STUCK = "reader_stuck";
    /// A reader was lost and not replaced: verdicts no longer wait for it.
    MEDIUM_ABANDONED = "medium_abandoned";
    /// No reader lives: nobody is declared dead.
    DEAF = "deaf";
    /// All nodes were heard or are dead.
    COMMUNICATION_UP = "communication_up";
    /// A removal of nodes was refused: `cause`.
    REMOVAL_REFUSED = "removal_refused";
    /// This node was removed from the cluster.
    OWN_REMOVAL = "own_removal";
    /// Outputs are not fetched; frames are dropped unread.
    OUTPUTS_WAITING = "outputs_waiting";
    /// Good-bye was said.
    LEFT = "left";
}

/// Keeps remote trouble from flooding the log. One entry a code.
#[derive(Debug, Default)]
pub(crate) struct Throttle(BTreeMap<&'static str, (Instant, u64)>);

impl Throttle {
    /// How many were held back since the last one, if this one may go out.
    fn pass(&mut self, code: &'static str, now: Instant) -> Option<u64> {
        match self.0.get_mut(code) {
            Some((next, held)) if now < *next => {
                *held += 1;
                None
            }
            Some((next, held)) => {
                *next = now + bounds::NOTICE_INTERVAL;
                Some(core::mem::take(held))
            }
            None => {
                self.0.insert(code, (now + bounds::NOTICE_INTERVAL, 0));
                Some(0)
            }
        }
    }
}

impl Cluster {
    pub(crate) fn notice(&mut self, notice: Notice) {
        self.emit(Output::Notice(notice));
    }

    /// A notice that remote parties can provoke: at most one in a while for each code.
    pub(crate) fn throttled(&mut self, make: impl FnOnce() -> Notice, code: &'static str) {
        if let Some(more) = self.throttle.pass(code, self.now) {
            let notice = make();
            self.notice(if more > 0 { notice.with("more", more) } else { notice });
        }
    }
}

pub(crate) fn link(node: &NodeName, ifname: &str, up: bool, own: bool) -> Notice {
    let severity = if up || own { Severity::Info } else { Severity::Warning };
    let code = if up { LINK_UP } else { LINK_DOWN };
    let reason = if up { "frame" } else { "silence" };
    Notice::new(severity, code, alloc::format!("{node}:{ifname}")).with("reason", reason)
}

pub(crate) fn status(node: &NodeName, from: &Status, to: &Status, reason: StatusReason) -> Notice {
    Notice::new(Severity::Info, NODE_STATUS, node.as_str())
        .with("from", from)
        .with("to", to)
        .with("reason", reason.word())
}

pub(crate) fn death(node: &NodeName, reason: DeathReason, silent: Duration, deadtime: Duration) -> Notice {
    let severity = if reason == DeathReason::Left { Severity::Info } else { Severity::Warning };
    Notice::new(severity, NODE_DEAD, node.as_str())
        .with("reason", reason.word())
        .with("silent", silent)
        .with("deadtime", deadtime)
}
