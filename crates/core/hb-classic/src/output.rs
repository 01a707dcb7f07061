//! What the resource manager wants done.

use hb_base::{CallId, ClientId, NodeName, Notice};
use hb_lrm::{Operation, Resource};
use hb_wire::Message;

use crate::Refusal;

/// Outputs of [`Classic`](crate::Classic). Each says who carries it out.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// For the executor; answered by [`Input::Ran`](crate::Input::Ran) with the same call. At most one
    /// operation per resource is under way.
    Run {
        /// Fresh for each operation.
        call: CallId,
        /// What to run.
        operation: Operation,
    },
    /// For the address announcer: tell the network again that this address is here. The resource runs and
    /// is not touched. No answer.
    Reannounce {
        /// An address of a group that this node keeps.
        resource: Resource,
    },
    /// For the cluster: to everybody. Our own copy may come back as an input.
    Send(Message),
    /// For fencing: make sure that this node is down; answered by [`Input::Fenced`](crate::Input::Fenced).
    /// Said again for the same node, it joins the request under way.
    Fence {
        /// The victim.
        node: NodeName,
    },
    /// For fencing: the node came back, or we leave; stop trying.
    CancelFence {
        /// The victim.
        node: NodeName,
    },
    /// For the client of a command. Exactly one answer per command, when its outcome is known.
    Reply {
        /// Who asked.
        client: ClientId,
        /// What became of it.
        result: Result<Done, Refusal>,
    },
    /// For the shell, once: everything is released, `shutdone` was sent; stop.
    ShutdownDone,
    /// For the shell, once, instead of [`Output::ShutdownDone`]: everything is released after a partition
    /// healed; stop, wait, and start again in a new generation.
    Restart,
    /// For the log.
    Notice(Notice),
}

/// How a command succeeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// The groups were released here and the peer reported that it has acquired them.
    HandedOver,
    /// The groups were taken over here.
    Acquired,
    /// Nothing had to be done.
    AlreadySo,
}
