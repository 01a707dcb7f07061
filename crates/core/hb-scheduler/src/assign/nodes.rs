//! Nodes in order of preference.

use super::utilization;
use crate::model::{Cluster, INFINITY, NodeId, NodeTable, Placement, ResourceId};
use alloc::vec::Vec;
use core::cmp::Ordering;

/// A node with the score that it has somewhere.
pub(crate) type Scored = (NodeId, i32);

/// Whether a node may run resources and has no negative score.
pub(crate) fn is_wanted(c: &Cluster<'_>, (node, score): Scored) -> bool {
    c.nodes[node].available() && score >= 0
}

/// Whether a table has a node that may run resources.
pub(crate) fn any_wanted(c: &Cluster<'_>, table: &NodeTable) -> bool {
    table.iter().any(|(node, slot)| is_wanted(c, (node, slot.score)))
}

/// The best first: by score, by room left, by the number of resources, where it is active, by name.
pub(crate) fn sort(c: &Cluster<'_>, mut nodes: Vec<Scored>, active: Option<NodeId>) -> Vec<Scored> {
    crate::sort::merge_sort(&mut nodes, &mut |one, other| compare(c, one, other, active));
    nodes
}

/// The entries of a table, the best first.
pub(crate) fn sorted(c: &Cluster<'_>, table: &NodeTable, active: Option<NodeId>) -> Vec<Scored> {
    sort(c, table.iter().map(|(node, slot)| (node, slot.score)).collect(), active)
}

fn compare(c: &Cluster<'_>, one: Scored, other: Scored, active: Option<NodeId>) -> Ordering {
    let score = |(node, score): Scored| if c.nodes[node].available() { score } else { -INFINITY };
    let (a, b) = (&c.nodes[one.0], &c.nodes[other.0]);
    let by_score = score(other).cmp(&score(one));
    if by_score != Ordering::Equal {
        return by_score;
    }
    if c.options.placement != Placement::Minimal {
        if c.options.placement == Placement::Balanced {
            let by_room = utilization::compare_capacities(a, b);
            if by_room != Ordering::Equal {
                return by_room;
            }
        }
        let by_count = a.resource_count.cmp(&b.resource_count);
        if by_count != Ordering::Equal {
            return by_count;
        }
        if active == Some(one.0) && one.0 != other.0 {
            return Ordering::Less;
        }
        if active == Some(other.0) && one.0 != other.0 {
            return Ordering::Greater;
        }
    }
    a.name.cmp(b.name)
}

impl Cluster<'_> {
    /// What the outermost table says of a node: that of the parent where there is one.
    pub(crate) fn top_score(&self, resource: ResourceId, node: NodeId) -> Option<&crate::model::Slot> {
        let holder = self.resources[resource].parent.unwrap_or(resource);
        self.resources[holder].allowed.get(node)
    }

    /// Counts one more instance on a node.
    pub(crate) fn count_instance(&mut self, resource: ResourceId, node: NodeId) {
        let holder = self.resources[resource].parent.unwrap_or(resource);
        if let Some(slot) = self.resources[holder].allowed.get_mut(node) {
            slot.count += 1;
        }
    }

    /// Where a resource, or its parts, are to be (or are): each node once.
    pub(crate) fn places(&self, resource: ResourceId, current: bool) -> Vec<NodeId> {
        let it = &self.resources[resource];
        if !it.children.is_empty() {
            let mut all = Vec::new();
            for child in &it.children {
                for node in self.places(*child, current) {
                    if !all.contains(&node) {
                        all.push(node);
                    }
                }
            }
            return all;
        }
        if current { it.running_on.clone() } else { it.assigned.into_iter().collect() }
    }

    /// The only place of a resource and its parts.
    pub(crate) fn place(&self, resource: ResourceId, current: bool) -> Option<NodeId> {
        match self.places(resource, current).as_slice() {
            [node] => Some(*node),
            _ => None,
        }
    }
}
