//! What the machine wants done.

use crate::{DeathReason, GapReason, Record, Status};
use alloc::sync::Arc;
use alloc::vec::Vec;
use hb_base::{MediumId, NodeName, Notice, Seq, Token};
use hb_wire::Message;

/// Outputs of [`Cluster`](crate::Cluster). Each says who carries it out.
#[derive(Clone, Debug)]
pub enum Output {
    /// For every medium's writer: send this frame. Ping media send their echo for [`Class::Status`] and nothing else.
    Transmit {
        /// How it may be queued.
        class: Class,
        /// The signed frame, the same bytes on all media.
        frame: Arc<[u8]>,
    },
    /// For the readers of these media: forward everything that is in the socket now, then answer
    /// [`Input::Drained`](crate::Input::Drained) with this token.
    Drain {
        /// To be repeated in the answer.
        token: Token,
        /// The media asked.
        media: Vec<MediumId>,
    },
    /// For the shell: this reader did not answer in time. Replace it and report
    /// [`Input::MediumState`](crate::Input::MediumState) down, then up; the new one is asked again.
    ReaderStuck {
        /// Its medium.
        medium: MediumId,
    },
    /// For the resource manager, membership and clients: a message at arrival. Exactly once each, not in order.
    /// Our own messages come back this way too.
    Deliver {
        /// Who sent it.
        from: NodeName,
        /// The message with its control fields.
        message: Arc<Message>,
        /// What a `status` changed; [`StatusChange::NotStatus`] for other types.
        change: StatusChange,
    },
    /// For native clients: the messages of [`Output::Deliver`] that carry a sequence number, in the sender's order.
    Ordered {
        /// Who sent it.
        from: NodeName,
        /// Its number.
        seq: Seq,
        /// The same message as delivered at arrival.
        message: Arc<Message>,
    },
    /// For native clients: these messages of `from` will never come in [`Output::Ordered`]; order goes on after
    /// them. Some may not have been meant for us.
    Gap {
        /// The sender.
        from: NodeName,
        /// First number that is lost.
        first: Seq,
        /// Last number that is lost.
        last: Seq,
        /// Why.
        reason: GapReason,
    },
    /// For everybody: a node's status changed.
    Node {
        /// The node.
        node: NodeName,
        /// Status before.
        from: Status,
        /// Status now.
        to: Status,
        /// What made us think so.
        reason: StatusReason,
    },
    /// For everybody: a link changed.
    Link {
        /// The node it leads to.
        node: NodeName,
        /// Its medium.
        medium: MediumId,
        /// Whether frames come through.
        up: bool,
    },
    /// For local clients: a message of the daemon that never was on the network (`ifstat`, a dead node's
    /// `status`, `delnode`).
    Local {
        /// The message.
        message: Arc<Message>,
    },
    /// For everybody, once: all nodes were heard or are dead, and the own status is `active`.
    CommunicationUp,
    /// For everybody: a dead node speaks again in the same generation, a partition has healed.
    Returned {
        /// The node.
        node: NodeName,
    },
    /// For everybody: a node speaks in a new generation.
    Restarted {
        /// The node.
        node: NodeName,
    },
    /// For the resource manager: whether a node speaks our extensions. Told at its first status and at changes.
    Native {
        /// The node.
        node: NodeName,
        /// Whether it does.
        yes: bool,
    },
    /// For the store: write this, make it durable, answer [`Input::Persisted`](crate::Input::Persisted).
    Persist {
        /// What.
        record: Record,
        /// To be repeated in the answer.
        token: Token,
    },
    /// For the session layer: stop or go on reading from clients.
    Flow(Flow),
    /// For the log.
    Notice(Notice),
    /// For the shell: somebody removed this node from the cluster (`delnode`); shut down.
    Removed,
    /// For the shell: good-bye was said, nothing more will be sent.
    Left,
}

/// How writers may treat a frame that waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// A `status`: a newer one may replace it in a queue, peers will ask for it if they need it.
    Status,
    /// Any other message with a sequence number, sent for the first time.
    Sequenced,
    /// A retransmission: may be dropped under pressure, it will be asked for again.
    Repeat,
    /// Requests and acknowledgements: may be dropped under pressure, they are repeated.
    Control,
}

/// Whether local senders may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// Too many messages are unacknowledged: stop.
    Pause,
    /// Go on.
    Resume,
}

/// What a delivered message did to its sender's status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatusChange {
    /// Not a status.
    NotStatus,
    /// It changed.
    Changed,
    /// As before: for clients that asked for unchanged ones too.
    Unchanged,
}

/// Why a node's status changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatusReason {
    /// It says so.
    Announced,
    /// It is us.
    Own,
    /// It is taken for dead.
    Death(DeathReason),
}

impl StatusReason {
    /// The word used in notices.
    pub const fn word(self) -> &'static str {
        match self {
            StatusReason::Announced => "announced",
            StatusReason::Own => "own",
            StatusReason::Death(reason) => reason.word(),
        }
    }
}
