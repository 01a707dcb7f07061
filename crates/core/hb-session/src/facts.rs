//! Questions about the cluster, and their answers.

use alloc::string::String;
use alloc::vec::Vec;
use hb_base::Uuid;

/// What a request needs to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// Which nodes' messages are incomplete: [`Fact::Snapshots`].
    Snapshots,
    /// All nodes in their order, ping nodes too: [`Fact::Nodes`].
    Nodes,
    /// The node of this name, as a client wrote it: [`Fact::Node`].
    Node(String),
    /// The node of this id: [`Fact::Node`].
    Uuid(Uuid),
    /// What this node holds: [`Fact::Resources`].
    Resources,
}

/// The answer to a [`Question`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// Nodes of which messages are missing now.
    Snapshots(Vec<Snapshot>),
    /// All nodes.
    Nodes(Vec<NodeFact>),
    /// The node, if there is one.
    Node(Option<NodeFact>),
    /// `none`, `local`, `foreign`, `all` or `transition`; nothing when this daemon manages no resources.
    Resources(Option<&'static str>),
}

/// How far a node's messages had come at some time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// The node.
    pub uuid: Uuid,
    /// Its generation.
    pub generation: u64,
    /// The newest number that had come.
    pub last_seq: u64,
}

/// A node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeFact {
    /// Its name.
    pub name: String,
    /// Whether it is this node.
    pub own: bool,
    /// Whether it is a ping node.
    pub ping: bool,
    /// The word of its status.
    pub status: String,
    /// Its weight.
    pub weight: u32,
    /// Its site, empty when unset.
    pub site: String,
    /// Its id; nil when not known.
    pub uuid: Uuid,
    /// The links to it.
    pub links: Vec<LinkFact>,
}

/// A link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkFact {
    /// Its name.
    pub name: String,
    /// Whether frames come through.
    pub up: bool,
}

impl LinkFact {
    pub(crate) const fn word(&self) -> &'static str {
        if self.up { "up" } else { "dead" }
    }
}

impl NodeFact {
    pub(crate) const fn kind(&self) -> &'static str {
        if self.ping { "ping" } else { "normal" }
    }
}
