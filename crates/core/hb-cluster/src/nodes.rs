//! The node table: who belongs to the cluster and what we know of each.

use crate::bounds;
use crate::counters::NodeCounters;
use crate::links::Link;
use crate::missing::Missing;
use crate::order::Order;
use crate::{MediumKind, Options, Status};
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::{Instant, MediumId, NodeId, NodeName, Uuid};
use hb_wire::Message;

/// Normal or ping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Normal,
    Ping,
}

/// Everything known of one node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) name: NodeName,
    pub(crate) uuid: Uuid,
    pub(crate) kind: Kind,
    /// No longer of the cluster; its place is kept so that its number is not reused.
    pub(crate) removed: bool,
    pub(crate) status: Status,
    pub(crate) weight: u32,
    pub(crate) site: String,

    /// As announced by its last status; 0 before any.
    pub(crate) generation: u64,
    /// Newest number received; none before the first and since its death.
    pub(crate) last_seq: Option<u64>,
    /// In this generation nothing up to here is accepted any more: it was received or given up before the node died.
    pub(crate) floor: u64,
    pub(crate) missing: Missing,
    pub(crate) order: Order,
    /// Reports of its clients that wait for an earlier message, by number.
    pub(crate) client_reports: VecDeque<(u64, Arc<Message>)>,
    /// Number of its newest status.
    pub(crate) status_seq: u64,

    /// Stamp of its last status, or when evidence against it began anew.
    pub(crate) silent_since: Instant,
    /// Stalls of ours since its last status.
    pub(crate) stalls: u32,
    /// The deadtime that it announced.
    pub(crate) deadtime: Duration,
    /// Anything accepted since it was last dead.
    pub(crate) heard: bool,
    /// Joined by itself: its first status is not told.
    pub(crate) untold: bool,
    /// It said that it leaves.
    pub(crate) leaving: bool,
    /// It has left; nothing of this generation counts any more.
    pub(crate) left: bool,
    /// Speaks our extensions; none before its first status.
    pub(crate) native: Option<bool>,

    /// Our newest message that it has acknowledged.
    pub(crate) acked: u64,
    /// The number that we acknowledged last.
    pub(crate) ack_sent: u64,
    /// Its messages are acknowledged at numbers that end in this digit.
    pub(crate) ack_trigger: u64,
    /// Round trip to it and back, smoothed; none before the first measurement.
    pub(crate) rtt: Option<Duration>,

    pub(crate) links: Vec<Link>,
    pub(crate) counters: NodeCounters,
}

impl Node {
    /// All missing numbers below this are settled.
    pub(crate) fn settled_below(&self) -> u64 {
        self.missing.first().unwrap_or_else(|| self.last_seq.unwrap_or(self.floor) + 1)
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.status == Status::Dead
    }

    pub(crate) fn speaks_hbx(&self) -> bool {
        self.native == Some(true)
    }

    /// Takes a round trip into account: falls at once, rises slowly, since delays of the peer look like distance.
    pub(crate) fn measured(&mut self, sample: Duration) {
        self.rtt = Some(match self.rtt {
            Some(rtt) if sample > rtt => rtt + (sample - rtt) / 16,
            _ => sample,
        });
    }
}

/// All nodes, in order of configuration and joining. At most [`bounds::NODES`].
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    all: Vec<Node>,
}

impl Nodes {
    /// Nodes that belong to the cluster.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Node> {
        self.all.iter().filter(|node| !node.removed)
    }

    /// The same, to change.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.all.iter_mut().filter(|node| !node.removed)
    }

    /// Nodes that were removed.
    pub(crate) fn removed(&self) -> impl Iterator<Item = &Node> {
        self.all.iter().filter(|node| node.removed)
    }

    pub(crate) fn find(&self, id: NodeId) -> Option<&Node> {
        self.all.get(usize::from(id.0))
    }

    pub(crate) fn find_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.all.get_mut(usize::from(id.0))
    }

    /// A node that belongs to the cluster, by name in any case.
    pub(crate) fn by_name(&self, name: &str) -> Option<NodeId> {
        self.iter().find(|node| node.name.eq_ignore_ascii_case(name)).map(|node| node.id)
    }

    /// A node that belongs to the cluster, by a uuid that is not nil.
    pub(crate) fn by_uuid(&self, uuid: Uuid) -> Option<NodeId> {
        self.iter().find(|node| node.uuid == uuid).map(|node| node.id).filter(|_| !uuid.is_nil())
    }

    /// Adds a node with status `init`, or takes a removed one of that name back. None when the table is full.
    pub(crate) fn add(&mut self, seed: NodeSeed<'_>) -> Option<NodeId> {
        let known = self.all.iter().position(|node| node.name == *seed.name);
        let id = NodeId(u16::try_from(known.unwrap_or(self.all.len())).ok()?);
        if known.is_none() && self.all.len() >= bounds::NODES {
            return None;
        }
        let node = seed.node(id);
        match known.and_then(|index| self.all.get_mut(index)) {
            Some(old) => *old = node,
            None => self.all.push(node),
        }
        Some(id)
    }
}

/// What a new entry of the table starts from.
pub(crate) struct NodeSeed<'a> {
    pub(crate) name: &'a NodeName,
    pub(crate) kind: Kind,
    pub(crate) options: &'a Options,
    pub(crate) now: Instant,
    pub(crate) ack_trigger: u64,
    pub(crate) unbounded_missing: bool,
}

impl NodeSeed<'_> {
    fn node(self, id: NodeId) -> Node {
        let leads_there = |kind: &MediumKind| match (kind, self.kind) {
            (MediumKind::Peers, Kind::Normal) => true,
            (MediumKind::Ping { node }, Kind::Ping) => node == self.name,
            _ => false,
        };
        let media = self.options.media.iter().take(bounds::MEDIA).zip(0u8..);
        let links =
            media.filter(|(medium, _)| leads_there(&medium.kind)).map(|(_, n)| Link::new(MediumId(n)));
        Node {
            id,
            name: self.name.clone(),
            uuid: Uuid::NIL,
            kind: self.kind,
            removed: false,
            status: Status::Init,
            weight: 100,
            site: String::new(),
            generation: 0,
            last_seq: None,
            floor: 0,
            missing: Missing::new(self.unbounded_missing),
            order: Order::default(),
            client_reports: VecDeque::new(),
            status_seq: 0,
            silent_since: self.now,
            stalls: 0,
            deadtime: self.options.timing.deadtime,
            heard: false,
            untold: false,
            leaving: false,
            left: false,
            native: None,
            acked: 0,
            ack_sent: 0,
            ack_trigger: self.ack_trigger,
            rtt: None,
            links: links.collect(),
            counters: NodeCounters::default(),
        }
    }
}
