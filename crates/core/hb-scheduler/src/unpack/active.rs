//! A resource turns out to be active on a node.

use super::resource::everywhere;
use crate::model::{Cluster, INFINITY, NodeId, Recovery, ResourceFlags as F, ResourceId, score};
use hb_cib::Role;

/// Notes that a resource is active on a node, and what follows when it is on others, too.
pub(crate) fn add(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, failed: bool) {
    if c.resources[resource].running_on.contains(&node) {
        return;
    }
    c.resources[resource].running_on.push(node);
    if c.resources[resource].is_primitive() {
        c.nodes[node].running.push(resource);
        add_priority(c, resource, node, failed);
        if c.nodes[node].maintenance {
            c.resources[resource].flags.remove(F::MANAGED);
        }
    }
    if !c.resources[resource].is(F::MANAGED) {
        c.add_score(resource, node, INFINITY);
        let mut above = c.resources[resource].parent;
        while let Some(parent) = above.filter(|_| c.nodes[node].online) {
            c.resources[parent].running_on.push(node);
            above = c.resources[parent].parent;
        }
        return;
    }
    if is_multiply_active(c, resource) {
        recover(c, resource);
    }
    if let Some(parent) = c.resources[resource].parent {
        add(c, parent, node, false);
    }
}

fn is_multiply_active(c: &Cluster<'_>, resource: ResourceId) -> bool {
    let it = &c.resources[resource];
    let (_, all, clean) = c.active_on(resource);
    it.is_primitive() && if it.is(F::NEEDS_FENCING) { all > 1 } else { clean > 1 }
}

fn recover(c: &mut Cluster<'_>, resource: ResourceId) {
    match c.resources[resource].recovery {
        Recovery::StopOnly => {
            let mut table = everywhere(c, 0);
            table.iter_mut().for_each(|(_, slot)| slot.score = -INFINITY);
            c.resources[resource].allowed = table;
        }
        Recovery::Block => {
            block(c, resource);
            let Some(parent) = c.resources[resource].parent else { return };
            let above = &c.resources[parent];
            if (above.is_group() || above.is_bundle()) && above.recovery == Recovery::Block {
                above.children.clone().into_iter().for_each(|child| block(c, child));
            }
        }
        Recovery::StopStart | Recovery::StopUnexpected => {}
    }
}

/// People have to look.
pub(crate) fn block(c: &mut Cluster<'_>, resource: ResourceId) {
    let flags = &mut c.resources[resource].flags;
    flags.remove(F::MANAGED);
    flags.insert(F::BLOCKED);
}

/// What runs on a node makes it important.
fn add_priority(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, failed: bool) {
    let it = &c.resources[resource];
    if it.priority == 0 || failed {
        return;
    }
    let priority = it.priority + i32::from(it.role == Role::Promoted);
    c.nodes[node].priority = c.nodes[node].priority.saturating_add(priority);
    if let Some(container) = c.guest_container(node) {
        for host in c.resources[container].running_on.clone() {
            c.nodes[host].priority = c.nodes[host].priority.saturating_add(priority);
        }
    }
}

impl Cluster<'_> {
    /// Adds to a resource's score on a node, and to those of its parts.
    pub(crate) fn add_score(&mut self, resource: ResourceId, node: NodeId, number: i32) {
        for child in self.resources[resource].children.clone() {
            self.add_score(child, node, number);
        }
        let (base, discovery) = (self.nodes[node].score, self.nodes[node].discovery);
        let allowed = &mut self.resources[resource].allowed;
        match allowed.get_mut(node) {
            Some(slot) => slot.score = score::add(slot.score, number),
            None => {
                let slot = crate::model::Slot::of(score::add(base, number));
                allowed.insert(node, slot.looked_for(discovery));
            }
        }
    }

    /// Adds to a resource's score on every node; minus infinity takes it from the node that it was given to.
    pub(crate) fn add_score_everywhere(&mut self, resource: ResourceId, number: i32) {
        for node in self.node_order.clone() {
            self.add_score(resource, node, number);
        }
        if number == -INFINITY {
            self.resources[resource].assigned = None;
        }
    }
}
