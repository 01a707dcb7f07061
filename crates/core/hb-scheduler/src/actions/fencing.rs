//! Fencing nodes, switching them on, and shutting them down.

use super::create::{pseudo_singleton, singleton};
use super::digest;
use crate::model::{
    ActionFlags as A, ActionId, Cluster, End, Key, Needs, NodeId, NodeKind, OrderFlags as O,
    ResourceFlags as F, ResourceId, Task,
};
use crate::reason::Reason;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A node has to be fenced, or its connection or container reset.
pub(crate) fn fence<'d>(c: &mut Cluster<'d>, node: NodeId, reason: Reason<'d>, priority_delay: bool) {
    let connection = c.nodes[node].connection;
    if let Some(container) = c.guest_container(node) {
        let it = &mut c.resources[container];
        if !it.is(F::FAILED) && it.is(F::MANAGED) {
            it.flags.insert(F::FAILED | F::STOP);
            c.nodes[node].requires_reset = true;
        }
    } else if let Some(connection) =
        connection.filter(|connection| c.resources[*connection].is(F::ORPHAN_FILLER))
    {
        c.resources[connection].flags.insert(F::FAILED | F::STOP);
    } else if c.nodes[node].kind == NodeKind::Remote {
        let unmanaged = connection.is_some_and(|connection| !c.resources[connection].is(F::MANAGED));
        let it = &mut c.nodes[node];
        it.requires_reset |= !unmanaged;
        it.unclean = true;
        fencing_action(c, node, None, true, Some(reason), false);
    } else if !c.nodes[node].unclean {
        c.nodes[node].unclean = true;
        fencing_action(c, node, None, true, Some(reason), priority_delay);
    }
}

/// The action that fences a node (or does something else to it by a device).
pub(crate) fn fencing_action<'d>(
    c: &mut Cluster<'d>,
    node: NodeId,
    what: Option<&'static str>,
    mut optional: bool,
    reason: Option<Reason<'d>>,
    priority_delay: bool,
) -> ActionId {
    let what = what.unwrap_or(c.options.fencing_action);
    let name = format!("stonith-{}-{what}", c.nodes[node].name);
    let known = c.singletons.get(&name).copied();
    let action = known.unwrap_or_else(|| {
        let action = singleton(c, name, Task::Fence, Some(node), true);
        let (target, id) = (c.nodes[node].name, c.nodes[node].id);
        let it = &mut c.actions[action];
        it.add("on_node", target);
        it.add("on_node_uuid", id);
        it.add("stonith_action", what);
        if c.options.unfencing {
            optional &= !add_digests(c, action, node);
        }
        action
    });
    let delayed = priority_delay || c.actions[action].added("priority-fencing-delay").is_some();
    if c.options.priority_fencing_delay_s > 0 && delayed {
        let delay = priority_fencing_delay_s(c, node);
        c.actions[action].replace("priority-fencing-delay", delay.to_string());
    }
    if !optional && c.can_fence(node) {
        c.actions[action].flags.remove(A::OPTIONAL);
    }
    if let Some(reason) = reason {
        c.actions[action].note(reason);
    }
    action
}

/// What the devices are, so that a change is seen; says whether there is one.
fn add_digests(c: &mut Cluster<'_>, action: ActionId, node: NodeId) -> bool {
    let mut devices = Vec::new();
    for resource in c.top.clone() {
        unfencing_devices(c, resource, &mut devices);
    }
    let (mut all, mut secure, mut changed) = (String::new(), String::new(), false);
    for device in devices.into_iter().rev() {
        let agent = c.resources[device].meta.get("type").unwrap_or_default();
        let (device_changed, digests) = digest::compare_fencing(c, device, agent, node);
        changed |= device_changed;
        let id = &c.resources[device].id;
        all.push_str(&format!("{id}:{agent}:{},", digests.all));
        secure.push_str(&format!("{id}:{agent}:{},", digests.secure.unwrap_or_default()));
    }
    let it = &mut c.actions[action];
    it.replace("digests-all", all);
    it.replace("digests-secure", secure);
    changed
}

fn unfencing_devices(c: &Cluster<'_>, resource: ResourceId, devices: &mut Vec<ResourceId>) {
    let it = &c.resources[resource];
    for child in &it.children {
        unfencing_devices(c, *child, devices);
    }
    let provides = it.meta.get("provides").is_some_and(|text| text.eq_ignore_ascii_case("unfencing"));
    if it.children.is_empty() && it.is_fence_device() && (it.is(F::NEEDS_UNFENCING) || provides) {
        devices.push(resource);
    }
}

/// Seconds that fencing waits so that the more important half of the cluster wins.
fn priority_fencing_delay_s(c: &Cluster<'_>, node: NodeId) -> i64 {
    let it = &c.nodes[node];
    if it.kind != NodeKind::Member || it.online {
        return 0;
    }
    let members: Vec<_> = c.nodes.iter().filter(|node| node.kind == NodeKind::Member).collect();
    let online = members.iter().filter(|node| node.online).count();
    let top = members.iter().map(|node| node.priority).max().unwrap_or(0);
    let lowest = members.iter().map(|node| node.priority).min().unwrap_or(0);
    if online > members.len() / 2 || lowest == top || it.priority < top {
        return 0;
    }
    c.options.priority_fencing_delay_s
}

/// A device or its parameters changed: nodes have to be switched on again.
pub(crate) fn trigger_unfencing<'d>(
    c: &mut Cluster<'d>,
    resource: Option<ResourceId>,
    node: Option<NodeId>,
    reason: Reason<'d>,
) {
    if !c.options.unfencing || resource.is_some_and(|resource| !c.resources[resource].is_fence_device()) {
        return;
    }
    let usable = |c: &Cluster<'_>, node: NodeId| {
        let it = &c.nodes[node];
        it.online && !it.unclean && !it.shutdown
    };
    if let Some(node) = node.filter(|node| usable(c, *node)) {
        fencing_action(c, node, Some("on"), false, Some(reason), false);
    } else if let Some(resource) = resource {
        for node in c.resources[resource].allowed.nodes() {
            if usable(c, node) {
                fencing_action(c, node, Some("on"), false, Some(reason), false);
            }
        }
    }
}

/// Whether a node has been switched on by a device.
pub(crate) fn is_unfenced(c: &Cluster<'_>, node: NodeId) -> bool {
    c.nodes[node].attribute("#node-unfenced").is_some_and(|text| text != "0")
}

/// An action waits until its node has been switched on.
pub(crate) fn order_after_unfencing(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    node: NodeId,
    action: ActionId,
    flags: O,
) {
    let it = &c.resources[resource];
    if !((it.is_fence_device() && c.options.unfencing) || it.is(F::NEEDS_UNFENCING)) {
        return;
    }
    let unfence = fencing_action(c, node, Some("on"), true, None, false);
    c.order_actions(unfence, action, flags);
    if !is_unfenced(c, node) {
        let task = c.actions[action].task;
        trigger_unfencing(c, None, Some(node), Reason::NeedsUnfencing(resource, task));
    }
}

/// Switching a node on restarts what needs it there.
pub(crate) fn order_restart_with_unfencing(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) {
    let unfence = fencing_action(c, node, Some("on"), true, None, false);
    let stop = End::of(resource, Key::Op(Task::Stop, 0));
    c.order(stop, End::action(unfence), O::OPTIONAL | O::SAME_NODE);
    let start = End::of(resource, Key::Op(Task::Start, 0));
    c.order(End::action(unfence), start, O::IMPLIES_THEN_ON_NODE | O::SAME_NODE);
}

/// Makes the actions that fence nodes or shut them down.
pub(crate) fn schedule(c: &mut Cluster<'_>) {
    let managed = c.top.iter().any(|resource| is_managed(c, *resource));
    let (mut fencing, mut shutdowns, mut dc_down) = (Vec::new(), Vec::new(), None);
    for node in c.node_order.clone() {
        if c.is_guest_node(node) {
            if c.nodes[node].requires_reset && managed && c.can_fence(node) {
                fence_guest(c, node);
            }
            continue;
        }
        let it = &c.nodes[node];
        let is_dc = it.is_dc;
        if managed && it.unclean && c.can_fence(node) {
            let action = fencing_action(c, node, None, false, Some(Reason::NodeUnclean), false);
            order_around(c, action);
            if is_dc {
                dc_down = Some(action);
            } else {
                if let Some(last) = fencing.last().copied().filter(|_| !c.options.concurrent_fencing) {
                    c.order_actions(last, action, O::OPTIONAL);
                }
                fencing.push(action);
            }
        } else if it.online && it.shutdown && it.kind != NodeKind::Remote {
            let action = shut_down(c, node);
            if is_dc {
                dc_down = Some(action);
            } else {
                shutdowns.push(action);
            }
        }
    }
    if let Some(down) = dc_down {
        order_dc_last(c, down, &fencing, &shutdowns);
    }
}

fn order_dc_last(c: &mut Cluster<'_>, down: ActionId, fencing: &[ActionId], shutdowns: &[ActionId]) {
    if c.actions[down].task == Task::Shutdown {
        for shutdown in shutdowns.iter().rev() {
            c.order_actions(*shutdown, down, O::OPTIONAL);
        }
    }
    let count = if c.options.concurrent_fencing { fencing.len() } else { 1 };
    for action in fencing.iter().rev().take(count) {
        c.order_actions(*action, down, O::OPTIONAL);
    }
}

fn is_managed(c: &Cluster<'_>, resource: ResourceId) -> bool {
    let it = &c.resources[resource];
    it.is(F::MANAGED) || it.children.iter().any(|child| is_managed(c, *child))
}

fn shut_down(c: &mut Cluster<'_>, node: NodeId) -> ActionId {
    let name = format!("do_shutdown-{}", c.nodes[node].name);
    let shutdown = singleton(c, name, Task::Shutdown, Some(node), false);
    let at_maintenance = c.nodes[node].maintenance;
    for action in c.actions.ids().rev() {
        let it = &c.actions[action];
        let Some(resource) = it.resource.filter(|_| it.node == Some(node) && it.task == Task::Stop) else {
            continue;
        };
        let owner = &c.resources[resource];
        if owner.is(F::MAINTENANCE) || at_maintenance || !owner.flags.intersects(F::MANAGED | F::BLOCKED) {
            continue;
        }
        c.actions[action].flags.remove(A::OPTIONAL);
        c.order(End::action(action), End::action(shutdown), O::OPTIONAL | O::RUNNABLE_FIRST);
    }
    c.actions[shutdown].add("op_no_wait", "true");
    shutdown
}

/// A guest is fenced by stopping its container.
fn fence_guest(c: &mut Cluster<'_>, node: NodeId) {
    let Some(container) = c.guest_container(node) else { return };
    let stop = c.first_action(container, Task::Stop, None);
    let restarts = c.first_action(container, Task::Start, None).is_some();
    let what = if restarts { "reboot" } else { "off" };
    let fencing = fencing_action(c, node, Some(what), false, Some(Reason::GuestUnclean), false);
    c.actions[fencing].flags.insert(A::PSEUDO | A::RUNNABLE);
    match stop {
        Some(stop) if c.actions[stop].is(A::PSEUDO) => {
            if let Some(host) = c.actions[stop].node {
                let host = fencing_action(c, host, None, false, None, false);
                c.order_actions(host, fencing, O::RUNNABLE_FIRST | O::IMPLIES_THEN);
            }
        }
        Some(stop) => {
            c.order_actions(stop, fencing, O::RUNNABLE_FIRST | O::IMPLIES_THEN);
        }
        None => {
            let connection = c.nodes[node].connection;
            let stop = connection.and_then(|connection| c.first_action(connection, Task::Stop, None));
            if let Some(stop) = stop {
                c.order_actions(stop, fencing, O::OPTIONAL);
            }
        }
    }
    order_around(c, fencing);
}

/// Orders the actions of all resources around the fencing of a node.
fn order_around(c: &mut Cluster<'_>, fencing: ActionId) {
    for resource in c.top.clone() {
        order_resource_around(c, resource, fencing);
    }
}

fn order_resource_around(c: &mut Cluster<'_>, resource: ResourceId, fencing: ActionId) {
    let children = c.resources[resource].children.clone();
    if !children.is_empty() {
        children.into_iter().for_each(|child| order_resource_around(c, child, fencing));
    } else if c.resources[resource].is(F::MANAGED) {
        let Some(target) = c.actions[fencing].node else { return };
        order_starts(c, resource, fencing, target);
        order_stops(c, resource, fencing, target);
        order_demotions(c, resource, fencing, target);
    }
}

/// Starts wait until the fencing is done.
fn order_starts(c: &mut Cluster<'_>, resource: ResourceId, fencing: ActionId, target: NodeId) {
    for action in c.resources[resource].actions.clone().into_iter().rev() {
        match c.actions[action].needs {
            Needs::Nothing => {}
            Needs::Fencing => {
                c.order_actions(fencing, action, O::OPTIONAL);
            }
            Needs::Quorum => {
                let may_run = c.resources[resource].allowed.get(target).is_some();
                if c.actions[action].task == Task::Start && may_run && !is_known_on(c, resource, target) {
                    c.order_actions(fencing, action, O::OPTIONAL | O::RUNNABLE_FIRST);
                }
            }
        }
    }
}

fn is_known_on(c: &Cluster<'_>, resource: ResourceId, node: NodeId) -> bool {
    let it = &c.resources[resource];
    let by_parent = it.parent.filter(|parent| it.is_primitive() && c.is_anonymous_clone(*parent));
    it.known_on.contains(node) || by_parent.is_some_and(|parent| c.resources[parent].known_on.contains(node))
}

/// Stops follow from the fencing.
fn order_stops(c: &mut Cluster<'_>, resource: ResourceId, fencing: ActionId, target: NodeId) {
    let stops = c.actions_keyed(resource, Key::Op(Task::Stop, 0), Some(target));
    let implied = c.resources[resource].is(F::NEEDS_FENCING) || c.is_guest_node(target);
    let top = c.outermost(resource);
    let above = if stops.is_empty() || !implied { None } else { c.first_action(top, Task::Stop, None) };
    for stop in stops {
        c.actions[stop].flags.insert(A::PSEUDO | A::RUNNABLE);
        if implied {
            c.actions[stop].flags.insert(A::IMPLIED_BY_FENCING);
            if !c.is_bundled(resource) {
                c.order_actions(fencing, stop, O::PRESERVE);
            }
            if let Some(above) = above {
                c.order_actions(fencing, above, O::PRESERVE);
            }
        }
        if c.resources[resource].is(F::NOTIFY) {
            super::notify::order_after_fencing(c, stop, resource, fencing);
        }
    }
}

/// Demotions follow as well.
fn order_demotions(c: &mut Cluster<'_>, resource: ResourceId, fencing: ActionId, target: NodeId) {
    let implied = c.resources[resource].is(F::NEEDS_FENCING) || c.is_guest_node(target);
    for demote in c.actions_keyed(resource, Key::Op(Task::Demote, 0), Some(target)) {
        let at = &c.nodes[target];
        if !at.online || at.unclean || c.resources[resource].is(F::FAILED) {
            c.actions[demote].flags.insert(A::PSEUDO | A::RUNNABLE);
            if implied && !c.is_bundled(resource) {
                c.order_actions(fencing, demote, O::PRESERVE | O::OPTIONAL);
            }
        }
    }
}

/// Tells executors about maintenance, where they believe otherwise.
pub(crate) fn maintenance_update(c: &mut Cluster<'_>) {
    let differs = c.node_order.iter().any(|node| {
        let it = &c.nodes[*node];
        it.kind == NodeKind::Remote && it.maintenance != it.remote_maintenance
    });
    if differs {
        let action = pseudo_singleton(c, "maintenance_nodes".to_string(), Task::MaintenanceNodes);
        c.actions[action].flags.insert(A::PRINT_ALWAYS);
    }
}
