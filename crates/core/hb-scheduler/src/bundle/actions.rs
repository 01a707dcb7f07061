//! Actions of bundles, and their orders.

use super::replicas;
use crate::actions::clone::{create_points, summary_flags};
use crate::actions::create::pseudo;
use crate::actions::probes::probe;
use crate::constraints::colocation::{Request, add};
use crate::graph::add_resource;
use crate::methods;
use crate::model::{
    ActionFlags as A, ActionId, Cluster, End, INFINITY, Key, NodeId, OrderFlags as O, Replica,
    ResourceFlags as F, ResourceId, Task,
};
use crate::order::internal::{constrain as constrain_part, promotable_restarts};
use alloc::vec::Vec;

fn child_of(c: &Cluster<'_>, bundle: ResourceId) -> Option<ResourceId> {
    c.resources[bundle].as_bundle().and_then(|parts| parts.child)
}

fn containers(c: &Cluster<'_>, bundle: ResourceId) -> Vec<ResourceId> {
    replicas(c, bundle).iter().map(|replica| replica.container).collect()
}

/// Makes probes of the parts of a bundle.
pub(crate) fn create_probes(c: &mut Cluster<'_>, bundle: ResourceId, node: NodeId) -> bool {
    let mut any = false;
    let parts = replicas(c, bundle);
    let alone = c.resources[bundle].as_bundle().is_some_and(|parts| parts.replicas_per_host == 1);
    for replica in &parts {
        any |= replica.ip.is_some_and(|ip| probe(c, ip, node));
        any |=
            replica.child.filter(|_| replica.node == Some(node)).is_some_and(|child| probe(c, child, node));
        if probe(c, replica.container, node) {
            any = true;
            // Another container must not come to the node before it is known whether this one is there.
            for other in parts.iter().filter(|other| alone && other.offset != replica.offset) {
                let flags = O::OPTIONAL | O::SAME_NODE;
                c.order_tasks(replica.container, Task::Monitor, other.container, Task::Start, flags);
            }
        }
        let Some(remote) = replica.remote else { continue };
        if probe(c, remote, node) {
            any = true;
            if let Some(action) = c.first_keyed(remote, Key::Op(Task::Monitor, 0), Some(node)) {
                let start = End::of(replica.container, Key::Op(Task::Start, 0));
                c.order(start, End { resource: Some(remote), ..End::action(action) }, O::PROBE);
            }
        }
    }
    any
}

/// Makes the actions of the parts, and the points around them.
pub(crate) fn create(c: &mut Cluster<'_>, bundle: ResourceId) {
    for replica in replicas(c, bundle) {
        for part in [replica.ip, Some(replica.container), replica.remote].into_iter().flatten() {
            methods::create_actions(c, part);
        }
    }
    let containers = containers(c, bundle);
    create_points(c, bundle, &containers);
    let Some(child) = child_of(c, bundle) else { return };
    methods::create_actions(c, child);
    if c.resources[child].is(F::PROMOTABLE) {
        for (task, done) in [(Task::Promote, Task::Promoted), (Task::Demote, Task::Demoted)] {
            pseudo(c, bundle, task, true, true);
            let done = pseudo(c, bundle, done, true, true);
            c.actions[done].priority = INFINITY;
        }
    }
}

/// Orders the actions of the parts.
pub(crate) fn constrain(c: &mut Cluster<'_>, bundle: ResourceId) {
    let (first, then) = (O::IMPLIES_FIRST_PRINTED, O::IMPLIES_THEN_PRINTED);
    let child = child_of(c, bundle);
    if let Some(child) = child {
        c.order_tasks(bundle, Task::Start, child, Task::Start, first);
        c.order_tasks(bundle, Task::Stop, child, Task::Stop, first);
        c.order_tasks(child, Task::Started, bundle, Task::Started, then);
        c.order_tasks(child, Task::Stopped, bundle, Task::Stopped, then);
    }
    for replica in replicas(c, bundle) {
        constrain_replica(c, bundle, &replica);
    }
    let Some(child) = child else { return };
    constrain_part(c, child);
    if c.resources[child].is(F::PROMOTABLE) {
        promotable_restarts(c, bundle);
        c.order_tasks(child, Task::Demoted, bundle, Task::Demoted, then);
        c.order_tasks(bundle, Task::Demote, child, Task::Demote, first);
        c.order_tasks(child, Task::Promoted, bundle, Task::Promoted, then);
        c.order_tasks(bundle, Task::Promote, child, Task::Promote, first);
    }
}

fn constrain_replica(c: &mut Cluster<'_>, bundle: ResourceId, replica: &Replica<'_>) {
    let container = replica.container;
    constrain_part(c, container);
    c.order_tasks(bundle, Task::Start, container, Task::Start, O::RUNNABLE_FIRST | O::IMPLIES_FIRST_PRINTED);
    if let Some(child) = replica.child {
        c.order_tasks(bundle, Task::Stop, child, Task::Stop, O::IMPLIES_FIRST_PRINTED);
    }
    c.order_tasks(bundle, Task::Stop, container, Task::Stop, O::IMPLIES_FIRST_PRINTED);
    c.order_tasks(container, Task::Start, bundle, Task::Started, O::IMPLIES_THEN_PRINTED);
    c.order_tasks(container, Task::Stop, bundle, Task::Stopped, O::IMPLIES_THEN_PRINTED);
    if let Some(ip) = replica.ip {
        constrain_part(c, ip);
        c.order_tasks(ip, Task::Start, container, Task::Start, O::RUNNABLE_FIRST | O::PRESERVE);
        c.order_tasks(container, Task::Stop, ip, Task::Stop, O::IMPLIES_FIRST | O::PRESERVE);
        add(c, Request::between(ip, container, "ip-with-docker", INFINITY));
    }
    if let Some(remote) = replica.remote {
        constrain_part(c, remote);
    }
}

/// The flags of an action of a bundle: by what runs inside where it is about that, or else by the containers.
pub(crate) fn flags(c: &mut Cluster<'_>, action: ActionId, node: Option<NodeId>) -> A {
    let Some(bundle) = c.actions[action].resource else { return c.actions[action].flags };
    let outside = matches!(
        c.actions[action].task,
        Task::Start
            | Task::Started
            | Task::Stop
            | Task::Stopped
            | Task::Monitor
            | Task::Shutdown
            | Task::Fence
    );
    let parts = match child_of(c, bundle) {
        Some(child) if !outside => c.resources[child].children.clone(),
        _ => containers(c, bundle),
    };
    summary_flags(c, action, &parts, node)
}

/// Adds the actions of the parts to the graph.
pub(crate) fn add_to_graph(c: &mut Cluster<'_>, bundle: ResourceId) {
    if let Some(child) = child_of(c, bundle) {
        add_resource(c, child);
    }
    for replica in replicas(c, bundle) {
        for part in [replica.ip, Some(replica.container), replica.remote].into_iter().flatten() {
            add_resource(c, part);
        }
    }
}
