//! Since when each node and link is in its state.

use alloc::collections::BTreeMap;
use hb_base::{Instant, MediumId, NodeName};

/// Nodes and links remembered; each node has one entry and one a medium.
const REMEMBERED_MAX: usize = 4096;

/// When nodes and links last changed. What never changed has its state since the start.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    started: Instant,
    nodes: BTreeMap<NodeName, Instant>,
    links: BTreeMap<(NodeName, MediumId), Instant>,
}

impl Changes {
    pub(crate) fn start(&mut self, now: Instant) {
        self.started = now;
    }

    pub(crate) fn node(&mut self, now: Instant, node: NodeName) {
        if self.nodes.len() < REMEMBERED_MAX {
            self.nodes.insert(node, now);
        }
    }

    pub(crate) fn link(&mut self, now: Instant, node: NodeName, medium: MediumId) {
        if self.links.len() < REMEMBERED_MAX {
            self.links.insert((node, medium), now);
        }
    }

    pub(crate) fn node_since(&self, node: &NodeName) -> Instant {
        self.nodes.get(node).copied().unwrap_or(self.started)
    }

    pub(crate) fn link_since(&self, node: &NodeName, medium: MediumId) -> Instant {
        self.links.get(&(node.clone(), medium)).copied().unwrap_or(self.started)
    }
}
