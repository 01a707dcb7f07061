//! What can happen to the resource manager.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use hb_base::{CallId, ClientId, NodeName};
use hb_lrm::Outcome;
use hb_stonith::{FenceResult, Mode};
use hb_wire::Message;

use crate::AutoFailback;

/// Inputs of [`Classic`](crate::Classic). Each says who sends it and when.
#[derive(Clone, Debug)]
pub enum Input {
    /// From the composition, once, before anything else.
    Start,
    /// From the shell, at or after the deadline. An early one changes nothing.
    Timer,
    /// From the cluster, once: everybody was heard or declared dead. A peer that was declared dead before is
    /// told by [`Input::Peer`] first.
    CommunicationUp,
    /// From the cluster: what became of another node.
    Peer {
        /// The node. Nodes other than the peer of the options are counted and ignored.
        node: NodeName,
        /// What happened.
        change: PeerChange,
    },
    /// From the cluster, at arrival: every message of section 2.3 of the protocol, our own copies included
    /// (those that scripts wrote to the FIFO are told from ours by what they ask for, not by their origin).
    /// Other types are ignored, so that everything delivered may be passed in.
    Message {
        /// Who sent it.
        from: NodeName,
        /// The message with its control fields (`seq` and `hg` let late repetitions be recognised).
        message: Arc<Message>,
    },
    /// From the executor: the end of the operation that [`Output::Run`](crate::Output::Run) started.
    Ran {
        /// Which one. An unknown call changes nothing.
        call: CallId,
        /// How it ended.
        outcome: Outcome,
    },
    /// From fencing: what became of [`Output::Fence`](crate::Output::Fence). May come several times while it
    /// fails; at most once with a final result.
    Fenced {
        /// The victim.
        node: NodeName,
        /// What became of it.
        result: FenceResult,
    },
    /// From fencing, at each change: how takeover is protected on this node.
    Mode(Mode),
    /// From an administrator or a program.
    Command(Command),
    /// From the composition: the executor died; operations that run will never be answered by it.
    ExecutorLost,
    /// From the composition, once: the executor is there and knows of nothing that runs. Whatever runs was left over, or
    /// was started by hand: that is found out.
    ExecutorUp,
    /// From the composition: the executor works again.
    ExecutorBack {
        /// Ids of the resources that were found running.
        active: Vec<String>,
    },
    /// From the executor: this resource was active and is not any more, because somebody else on this machine
    /// removed it.
    Lost {
        /// The resource's id.
        resource: String,
    },
    /// From the executor: another machine claims what this resource holds. Repeated while it goes on.
    Conflict {
        /// The resource's id.
        resource: String,
        /// Who, for people.
        with: String,
    },
    /// From the composition: the configuration changed while we run. Between `on` and `off` only: with `legacy` the
    /// nodes talk differently, and a change to or from it is ignored.
    AutoFailback(AutoFailback),
    /// From the shell: leave orderly. When resources are blocked, another one tries to stop them again.
    Shutdown,
}

/// What became of another node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeerChange {
    /// It was heard: for the first time, after its death, or in a new status.
    Alive,
    /// It was declared dead.
    Dead,
    /// It speaks again in the same generation after its death: a partition healed.
    Returned,
    /// It speaks in a new generation.
    Restarted,
    /// Whether it speaks our extensions.
    Ours {
        /// It does.
        yes: bool,
    },
}

/// A wish of an administrator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Command {
    /// Who gets the answer.
    pub client: ClientId,
    /// What is wished.
    pub request: Request,
}

/// What an administrator can wish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// Give these groups to the peer.
    Standby(Which),
    /// Take these groups from the peer.
    Takeover(Which),
    /// Take back what this node is preferred for.
    Online,
}

/// Which groups, from this node's point of view.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// All of them.
    All,
    /// Those that prefer this node.
    Local,
    /// Those that prefer the peer.
    Foreign,
    /// Those that are not at home: `foreign` for a standby, `local` for a takeover.
    Failback,
}

impl Which {
    /// The word of `hb_standby` and `hb_takeover`; the reverse of [`Which::word`]. An empty word means all.
    pub fn from_word(word: &str) -> Option<Which> {
        match word {
            "" | "all" => Some(Which::All),
            "local" => Some(Which::Local),
            "foreign" => Some(Which::Foreign),
            "failback" => Some(Which::Failback),
            _ => None,
        }
    }

    /// The word of `hb_standby` and `hb_takeover`.
    pub const fn word(self) -> &'static str {
        match self {
            Which::All => "all",
            Which::Local => "local",
            Which::Foreign => "foreign",
            Which::Failback => "failback",
        }
    }
}
