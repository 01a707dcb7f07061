//! Scores by node, before resources depend on each other: locks, locations, stickiness, failures.

use crate::methods;
use crate::model::{
    Cluster, Discovery, INFINITY, LocationId, NodeId, ResourceFlags as F, ResourceId, Slot, Task, score,
};
use crate::unpack::failcount::{self, Count};
use hb_cib::{Role, value};

pub(crate) fn apply(c: &mut Cluster<'_>) {
    if c.options.shutdown_lock {
        for resource in c.top.clone() {
            lock(c, resource);
        }
    }
    for location in c.locations.ids().rev() {
        let resource = c.locations[location].resource;
        methods::apply_location(c, resource, location);
    }
    for resource in c.top.clone() {
        stick(c, resource);
    }
    for node in c.node_order.clone() {
        for resource in c.top.clone() {
            leave_after_failures(c, resource, node);
            exclude_undiscovered(c, resource, node);
        }
    }
}

/// A resource whose node was shut down waits for it.
fn lock(c: &mut Cluster<'_>, resource: ResourceId) {
    let it = &c.resources[resource];
    if it.is_group() {
        it.children.clone().into_iter().for_each(|member| lock(c, member));
        return;
    }
    if !it.is_primitive()
        || it.class().is_none_or(|class| class == "stonith")
        || c.is_remote_connection(resource)
    {
        return;
    }
    if let Some(node) = it.lock_node {
        if !it.running_on.is_empty() {
            crate::actions::create::action_on(c, resource, Task::LrmDelete, Some(node), false);
            c.resources[resource].lock_node = None;
            c.resources[resource].lock_time = 0;
        }
    } else if let [node] = it.running_on.as_slice() {
        let at = &c.nodes[*node];
        if at.shutdown && !at.unclean {
            let since = at.attribute("shutdown").and_then(value::integer).unwrap_or(0);
            let (node, now) = (*node, c.now_s());
            let it = &mut c.resources[resource];
            it.lock_node = Some(node);
            it.lock_time = if since == 0 { now } else { since };
        }
    }
    let Some(locked) = c.resources[resource].lock_node else { return };
    if c.options.shutdown_lock_limit_s > 0 {
        let over = c.resources[resource].lock_time.saturating_add(c.options.shutdown_lock_limit_s + 1);
        c.recheck(over);
    }
    for node in c.node_order.clone() {
        if c.nodes[node].name != c.nodes[locked].name {
            c.add_score(resource, node, -INFINITY);
        }
    }
}

/// Applies a location constraint to one resource, not to its parts.
pub(crate) fn apply_plain(c: &mut Cluster<'_>, resource: ResourceId, location: LocationId) {
    let constraint = &c.locations[location];
    let it = &mut c.resources[resource];
    if constraint.role > Role::Unknown && constraint.role != it.next_role {
        return;
    }
    for (node, number) in &constraint.nodes {
        match it.allowed.get_mut(*node) {
            Some(slot) => slot.score = score::add(slot.score, *number),
            None => {
                let discovery = c.nodes[*node].discovery;
                it.allowed.insert(*node, Slot::of(*number).looked_for(discovery));
            }
        }
        if let Some(slot) = it.allowed.get_mut(*node).filter(|slot| slot.discovery < constraint.discovery) {
            slot.discovery = constraint.discovery;
            if constraint.discovery == Discovery::Exclusive {
                it.flags.insert(F::EXCLUSIVE_DISCOVERY);
            }
        }
    }
}

/// A resource wants to stay where it is.
fn stick(c: &mut Cluster<'_>, resource: ResourceId) {
    let it = &c.resources[resource];
    if !it.children.is_empty() {
        it.children.clone().into_iter().for_each(|child| stick(c, child));
        return;
    }
    let [node] = it.running_on.as_slice() else { return };
    if !it.is(F::MANAGED) || it.stickiness < 1 || (!c.options.symmetric && it.allowed.get(*node).is_none()) {
        return;
    }
    let (node, stickiness) = (*node, it.stickiness);
    c.add_score(resource, node, stickiness);
}

/// A resource that failed too often leaves the node.
fn leave_after_failures(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) {
    if !c.resources[resource].children.is_empty() {
        for child in c.resources[resource].children.clone() {
            leave_after_failures(c, child, node);
        }
        return;
    }
    let it = &c.resources[resource];
    if c.nodes[node].fail_counts.is_empty() {
        return;
    }
    let forgiven = it.actions.iter().any(|action| {
        let action = &c.actions[*action];
        action.task == Task::ClearFailcount && action.node == Some(node)
    });
    if forgiven {
        return;
    }
    if let Some(all) = threshold_reached(c, resource, node) {
        c.add_score(all, node, -INFINITY);
    }
}

/// When a resource failed too often on a node: what has to leave.
pub(crate) fn threshold_reached(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    node: NodeId,
) -> Option<ResourceId> {
    let it = &c.resources[resource];
    if it.migration_threshold == 0 || it.is(F::FAILURE_IGNORED) {
        return None;
    }
    let (failures, _) = failcount::count(c, resource, node, Count::WithFillers, None);
    let it = &c.resources[resource];
    let reached = failures > 0 && it.migration_threshold - failures <= 0;
    reached.then(|| if it.is(F::UNIQUE) { resource } else { c.outermost(resource) })
}

/// A resource that is looked for only here runs only here.
fn exclude_undiscovered(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) {
    let top = c.outermost(resource);
    if !c.resources[resource].is(F::EXCLUSIVE_DISCOVERY) && !c.resources[top].is(F::EXCLUSIVE_DISCOVERY) {
        return;
    }
    for child in c.resources[resource].children.clone() {
        exclude_undiscovered(c, child, node);
    }
    if let Some(slot) = c.resources[resource].allowed.get_mut(node)
        && slot.discovery != Discovery::Exclusive
    {
        slot.score = -INFINITY;
    }
}
