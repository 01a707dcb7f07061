//! Orders and colocations that follow from what resources are.

use crate::actions::fencing::order_restart_with_unfencing;
use crate::assign::{compare, utilization};
use crate::constraints::colocation::{Request, add};
use crate::model::{
    Cluster, INFINITY, NodeId, OrderFlags as O, Placement, ResourceFlags as F, ResourceId, Task, Variant,
};
use alloc::vec::Vec;
use hb_cib::Role;

pub(crate) fn create(c: &mut Cluster<'_>) {
    for resource in c.top.clone() {
        constrain(c, resource);
    }
}

/// Orders the actions of a resource and of its parts.
pub(crate) fn constrain(c: &mut Cluster<'_>, resource: ResourceId) {
    match c.resources[resource].variant {
        Variant::Primitive => primitive(c, resource),
        Variant::Group(_) => group(c, resource),
        Variant::Clone(_) => clone(c, resource),
        Variant::Bundle(_) => crate::bundle::actions::constrain(c, resource),
    }
}

fn primitive(c: &mut Cluster<'_>, resource: ResourceId) {
    if !c.resources[resource].is(F::MANAGED) {
        return;
    }
    let top = c.outermost(resource);
    let it = &c.resources[resource];
    let by_unfencing = !it.is_fence_device() && c.options.unfencing && it.is(F::NEEDS_UNFENCING);
    let by_room = !it.utilization.is_empty() && c.options.placement != Placement::Default;
    let has_roles = c.resources[top].is(F::PROMOTABLE) || it.role > Role::Unpromoted;
    let container = it.container;
    c.order_tasks(resource, Task::Stop, resource, Task::Start, O::OPTIONAL | O::IMPLIES_THEN | O::RESTART);
    if has_roles {
        c.order_tasks(resource, Task::Demote, resource, Task::Stop, O::PROMOTED_IMPLIES_FIRST);
        c.order_tasks(resource, Task::Start, resource, Task::Promote, O::RUNNABLE_FIRST);
    }
    c.order_tasks(resource, Task::LrmDelete, resource, Task::Monitor, O::SAME_NODE | O::THEN_CANCELS_FIRST);
    let mut allowed = Vec::new();
    if by_unfencing || by_room || container.is_some() {
        let table = &c.resources[resource].allowed;
        allowed = c.node_order.iter().copied().filter(|node| table.get(*node).is_some()).collect();
    }
    if by_unfencing {
        for node in &allowed {
            order_restart_with_unfencing(c, resource, *node);
        }
    }
    if by_room {
        utilization::order(c, resource, &allowed);
    }
    if let Some(container) = container {
        inside(c, resource, container, &allowed);
    }
    let it = &c.resources[resource];
    if it.is(F::IS_REMOTE) || it.is_fence_device() {
        avoid_connections(c, resource);
    }
}

/// What is behind a connection runs neither connections nor fencing.
fn avoid_connections(c: &mut Cluster<'_>, resource: ResourceId) {
    for node in c.resources[resource].allowed.nodes() {
        let behind = c.nodes[node].connection.is_some();
        if let Some(slot) = c.resources[resource].allowed.get_mut(node).filter(|_| behind) {
            slot.score = -INFINITY;
        }
    }
}

/// A resource in a container goes where the container is.
fn inside(c: &mut Cluster<'_>, resource: ResourceId, container: ResourceId, allowed: &[NodeId]) {
    let connection = if c.resources[resource].is(F::IS_REMOTE) {
        if !c.resources[resource].is(F::ALLOW_REMOTE_REMOTES) {
            avoid_connections(c, container);
        }
        c.order_tasks(container, Task::Monitor, resource, Task::Stop, O::OPTIONAL);
        None
    } else if c.resources[container].is(F::IS_REMOTE) {
        Some(container)
    } else {
        c.contains_guest(container)
    };
    if connection.is_some() {
        for node in allowed {
            let other = c.nodes[*node].connection != connection;
            if let Some(slot) = c.resources[resource].allowed.get_mut(*node).filter(|_| other) {
                slot.score = -INFINITY;
            }
        }
        return;
    }
    c.order_tasks(container, Task::Start, resource, Task::Start, O::IMPLIES_THEN | O::RUNNABLE_FIRST);
    c.order_tasks(resource, Task::Stop, container, Task::Stop, O::IMPLIES_FIRST);
    let score = if c.resources[resource].is(F::ALLOW_REMOTE_REMOTES) { 10_000 } else { INFINITY };
    add(c, Request::between(resource, container, "resource-with-container", score));
}

/// What is remembered from member to member.
#[derive(Clone, Copy, Debug, Default)]
struct Previous {
    member: Option<ResourceId>,
    last_active: Option<ResourceId>,
}

fn group(c: &mut Cluster<'_>, group: ResourceId) {
    c.order_tasks(group, Task::Stop, group, Task::Stopped, O::RUNNABLE_FIRST);
    c.order_tasks(group, Task::Stopped, group, Task::Start, O::OPTIONAL);
    c.order_tasks(group, Task::Start, group, Task::Started, O::RUNNABLE_FIRST);
    let mut previous = Previous::default();
    for member in c.resources[group].children.clone() {
        constrain_member(c, group, member, &mut previous);
    }
}

fn constrain_member(c: &mut Cluster<'_>, group: ResourceId, member: ResourceId, previous: &mut Previous) {
    let Some(kind) = c.resources[group].as_group() else { return };
    let promotable = c.resources[c.outermost(group)].is(F::PROMOTABLE);
    constrain(c, member);
    let mut down = O::IMPLIES_FIRST_PRINTED;
    let mut after_down = O::IMPLIES_THEN_PRINTED;
    match previous.member {
        None if kind.ordered => {
            down |= O::OPTIONAL;
            after_down = O::IMPLIES_THEN;
        }
        Some(other) if kind.colocated => {
            let influence = c.resources[member].is(F::CRITICAL);
            let request = Request::between(member, other, "group:internal_colocation", INFINITY);
            add(c, Request { influence, ..request });
        }
        _ => {}
    }
    let up = O::RUNNABLE_FIRST | O::IMPLIES_THEN | O::IMPLIES_THEN_PRINTED;
    if promotable {
        c.order_tasks(group, Task::Demote, member, Task::Demote, down);
        c.order_tasks(member, Task::Demote, group, Task::Demoted, after_down);
        c.order_tasks(member, Task::Promote, group, Task::Promoted, up);
        c.order_tasks(group, Task::Promote, member, Task::Promote, O::IMPLIES_FIRST_PRINTED);
    }
    c.order_tasks(group, Task::Stop, member, Task::Stop, down);
    c.order_tasks(member, Task::Stop, group, Task::Stopped, after_down);
    c.order_tasks(group, Task::Start, member, Task::Start, O::IMPLIES_FIRST_PRINTED);
    c.order_tasks(member, Task::Start, group, Task::Started, up);
    chain_member(c, group, member, previous.member, kind.ordered, promotable);
    if c.resources[member].running_on.is_empty() {
        previous.member = Some(member);
        return;
    }
    let gap = previous.member.is_some_and(|other| c.resources[other].running_on.is_empty());
    if let Some(active) = previous.last_active.filter(|_| kind.ordered && gap) {
        c.order_tasks(member, Task::Stop, active, Task::Stop, O::OPTIONAL);
    }
    previous.last_active = Some(member);
    previous.member = Some(member);
}

/// Members follow each other, or all follow the group.
fn chain_member(
    c: &mut Cluster<'_>,
    group: ResourceId,
    member: ResourceId,
    previous: Option<ResourceId>,
    ordered: bool,
    promotable: bool,
) {
    let tasks: &[Task<'static>] = if promotable { &[Task::Start, Task::Promote] } else { &[Task::Start] };
    if !ordered {
        for task in tasks {
            let flags = O::IMPLIES_THEN | O::RUNNABLE_FIRST | O::IMPLIES_FIRST_PRINTED;
            c.order_tasks(group, *task, member, *task, flags);
        }
        return;
    }
    let Some(previous) = previous else {
        for task in tasks {
            c.order_tasks(group, *task, member, *task, O::empty());
        }
        return;
    };
    c.order_tasks(previous, Task::Start, member, Task::Start, O::IMPLIES_THEN | O::RUNNABLE_FIRST);
    c.order_tasks(member, Task::Stop, previous, Task::Stop, O::OPTIONAL | O::RESTART);
    if promotable {
        c.order_tasks(previous, Task::Promote, member, Task::Promote, O::IMPLIES_THEN | O::RUNNABLE_FIRST);
        c.order_tasks(member, Task::Demote, previous, Task::Demote, O::OPTIONAL);
    }
}

fn clone(c: &mut Cluster<'_>, clone: ResourceId) {
    let promotable = c.resources[clone].is(F::PROMOTABLE);
    let ordered = c.resources[clone].as_clone().is_some_and(|data| data.ordered);
    c.order_tasks(clone, Task::Stopped, clone, Task::Start, O::OPTIONAL);
    c.order_tasks(clone, Task::Start, clone, Task::Started, O::RUNNABLE_FIRST);
    c.order_tasks(clone, Task::Stop, clone, Task::Stopped, O::RUNNABLE_FIRST);
    if promotable {
        c.order_tasks(clone, Task::Demoted, clone, Task::Stop, O::OPTIONAL);
        c.order_tasks(clone, Task::Started, clone, Task::Promote, O::RUNNABLE_FIRST);
    }
    if ordered {
        sort_by_number(c, clone);
    }
    let mut last = None;
    for child in c.resources[clone].children.clone() {
        constrain(c, child);
        c.order_tasks(clone, Task::Start, child, Task::Start, O::RUNNABLE_FIRST | O::IMPLIES_FIRST_PRINTED);
        c.order_tasks(child, Task::Start, clone, Task::Started, O::IMPLIES_THEN_PRINTED);
        if let Some(last) = last.filter(|_| ordered) {
            c.order_tasks(last, Task::Start, child, Task::Start, O::OPTIONAL);
        }
        c.order_tasks(clone, Task::Stop, child, Task::Stop, O::IMPLIES_FIRST_PRINTED);
        c.order_tasks(child, Task::Stop, clone, Task::Stopped, O::IMPLIES_THEN_PRINTED);
        if let Some(last) = last.filter(|_| ordered) {
            c.order_tasks(child, Task::Stop, last, Task::Stop, O::OPTIONAL);
        }
        last = Some(child);
    }
    if promotable {
        promotable_instances(c, clone, ordered);
    }
}

/// Sorts instances by number.
pub(crate) fn sort_by_number(c: &mut Cluster<'_>, clone: ResourceId) {
    let mut children = core::mem::take(&mut c.resources[clone].children);
    children.sort_by(|one, other| compare::by_number(c, *one, *other));
    c.resources[clone].children = children;
}

/// How promotions, demotions, starts and stops of one collective follow each other.
pub(crate) fn promotable_restarts(c: &mut Cluster<'_>, clone: ResourceId) {
    for (first, then) in [
        (Task::Stopped, Task::Start),
        (Task::Stopped, Task::Promote),
        (Task::Demoted, Task::Stop),
        (Task::Demoted, Task::Start),
        (Task::Demoted, Task::Promote),
        (Task::Started, Task::Promote),
        (Task::Demote, Task::Demoted),
    ] {
        c.order_tasks(clone, first, clone, then, O::OPTIONAL);
    }
}

fn promotable_instances(c: &mut Cluster<'_>, clone: ResourceId, ordered: bool) {
    promotable_restarts(c, clone);
    let mut last = None;
    for child in c.resources[clone].children.clone() {
        c.order_tasks(child, Task::Demote, child, Task::Promote, O::OPTIONAL);
        c.order_tasks(clone, Task::Promote, child, Task::Promote, O::OPTIONAL);
        c.order_tasks(child, Task::Promote, clone, Task::Promoted, O::OPTIONAL);
        if let Some(last) = last.filter(|_| ordered) {
            c.order_tasks(last, Task::Promote, child, Task::Promote, O::OPTIONAL);
        }
        c.order_tasks(clone, Task::Demote, child, Task::Demote, O::IMPLIES_FIRST_PRINTED);
        c.order_tasks(child, Task::Demote, clone, Task::Demoted, O::IMPLIES_THEN_PRINTED);
        if let Some(last) = last.filter(|_| ordered) {
            c.order_tasks(child, Task::Demote, last, Task::Demote, O::OPTIONAL);
        }
        last = Some(child);
    }
}
