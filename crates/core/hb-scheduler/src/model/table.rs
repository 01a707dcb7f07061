//! Scores of one resource by node.

use super::arena::{Id, NodeId};
use alloc::vec::Vec;

/// Where a resource is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discovery {
    /// Everywhere.
    #[default]
    Always,
    /// Not here.
    Never,
    /// Only here.
    Exclusive,
}

/// What a resource's table says of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// How much the node is wanted.
    pub score: i32,
    /// Instances that were given to the node.
    pub count: i32,
    /// Whether it is probed there.
    pub discovery: Discovery,
    present: bool,
}

impl Slot {
    /// The same slot with another way of looking.
    #[must_use]
    pub fn looked_for(self, discovery: Discovery) -> Self {
        Slot { discovery, ..self }
    }

    /// A slot with a score.
    #[must_use]
    pub fn of(score: i32) -> Self {
        Slot { score, ..Slot::default() }
    }
}

/// Scores by node; a node that has no entry is not allowed.
#[derive(Clone, Debug, Default)]
pub struct NodeTable {
    slots: Vec<Slot>,
    len: usize,
}

impl NodeTable {
    /// The entry of a node.
    #[must_use]
    pub fn get(&self, node: NodeId) -> Option<&Slot> {
        self.slots.get(node.position()).filter(|slot| slot.present)
    }

    /// The entry of a node, to be changed.
    pub fn get_mut(&mut self, node: NodeId) -> Option<&mut Slot> {
        self.slots.get_mut(node.position()).filter(|slot| slot.present)
    }

    /// The score of a node, if it has an entry.
    #[must_use]
    pub fn score(&self, node: NodeId) -> Option<i32> {
        self.get(node).map(|slot| slot.score)
    }

    /// Makes or replaces an entry.
    pub fn insert(&mut self, node: NodeId, slot: Slot) {
        let position = node.position();
        if self.slots.len() <= position {
            self.slots.resize(position + 1, Slot::default());
        }
        if let Some(place) = self.slots.get_mut(position) {
            self.len += usize::from(!place.present);
            *place = Slot { present: true, ..slot };
        }
    }

    /// Takes an entry away.
    pub fn remove(&mut self, node: NodeId) {
        if let Some(slot) = self.get_mut(node) {
            *slot = Slot::default();
            self.len -= 1;
        }
    }

    /// All entries, in the order of nodes' creation.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Slot)> {
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.present)
            .map(|(at, slot)| (NodeId::new(at), slot))
    }

    /// All entries, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (NodeId, &mut Slot)> {
        self.slots
            .iter_mut()
            .enumerate()
            .filter(|(_, slot)| slot.present)
            .map(|(at, slot)| (NodeId::new(at), slot))
    }

    /// The nodes that have an entry.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        self.iter().map(|(node, _)| node).collect()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The same entries without counts.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut copy = self.clone();
        for slot in &mut copy.slots {
            slot.count = 0;
        }
        copy
    }
}

/// A set of nodes.
#[derive(Clone, Debug, Default)]
pub struct NodeSet {
    bits: Vec<u64>,
}

impl NodeSet {
    /// Adds a node.
    pub fn insert(&mut self, node: NodeId) {
        let word = node.position() / 64;
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        if let Some(bits) = self.bits.get_mut(word) {
            *bits |= 1 << (node.position() % 64);
        }
    }

    /// Whether the node is in it.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.bits.get(node.position() / 64).is_some_and(|bits| bits & (1 << (node.position() % 64)) != 0)
    }

    /// Whether no node is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|bits| *bits == 0)
    }

    /// The nodes in it, in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        (0..self.bits.len() * 64).map(NodeId::new).filter(|node| self.contains(*node))
    }
}
