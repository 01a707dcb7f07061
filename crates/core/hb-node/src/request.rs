//! What local clients ask of a node, and what they are told.

use alloc::string::String;
pub use hb_classic::Which as Share;
use hb_wire::Message;

/// A request over the control socket. Questions about state are answered from the view and do not come here.
#[derive(Debug)]
pub enum Request {
    /// Give resources up to the other node.
    Standby(Share),
    /// Take resources from the other node.
    Takeover(Share),
    /// Take back what prefers this node.
    Online,
    /// Leave orderly, as TERM does.
    Stop,
    /// Send a message to the cluster.
    Send(Message),
    /// From now on receive the cluster's messages of one type (all types: `None`), each sender's in order.
    Subscribe {
        /// The wanted type (field `t`).
        kind: Option<String>,
    },
}

/// The answer to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// As wished.
    Done,
    /// Not done, with a stable code and a sentence.
    Refused {
        /// `snake_case`, for scripts.
        code: &'static str,
        /// For people.
        why: String,
    },
}
