//! Actions of clones.

use super::create::pseudo;
use super::{notify, probes, promotable};
use crate::model::{
    ActionFlags as A, ActionId, Cluster, Discovery, INFINITY, Key, NodeId, OrderFlags as O,
    ResourceFlags as F, ResourceId, Task,
};
use crate::order::interleave::instance_task;
use crate::order::internal::sort_by_number;
use crate::order::update::action_flags;
use alloc::vec::Vec;

/// Makes the actions of instances, and the points around them.
pub(crate) fn create(c: &mut Cluster<'_>, clone: ResourceId) {
    let children = c.resources[clone].children.clone();
    create_points(c, clone, &children);
    order_instances(c, clone);
    if c.resources[clone].is(F::PROMOTABLE) {
        promotable::create(c, clone);
    }
}

/// What happens to instances.
#[derive(Clone, Copy, Debug, Default)]
struct Changes {
    starting: bool,
    stopping: bool,
    active: bool,
}

/// Makes the actions of some resources, and the four points around their starts and stops.
pub(crate) fn create_points(c: &mut Cluster<'_>, resource: ResourceId, children: &[ResourceId]) {
    let mut all = Changes::default();
    let mut may_migrate = true;
    for child in children {
        crate::methods::create_actions(c, *child);
        let mut own = Changes { active: all.active, ..Changes::default() };
        note_changes(c, *child, &mut own);
        may_migrate &= !(own.starting && own.stopping);
        all.starting |= own.starting;
        all.stopping |= own.stopping;
        all.active |= own.active;
    }
    let start = pseudo(c, resource, Task::Start, !all.starting, true);
    let started = pseudo(c, resource, Task::Started, !all.starting, false);
    c.actions[started].priority = INFINITY;
    if all.active || all.starting {
        c.actions[started].flags.insert(A::RUNNABLE);
    }
    let told = c.resources[resource].as_clone().is_some_and(|data| data.start_notify.is_none());
    if told {
        let points = notify::points(c, resource, Task::Start, Some(start), Some(started));
        if let Some(data) = c.resources[resource].as_clone_mut() {
            data.start_notify = points;
        }
    }
    let stop = pseudo(c, resource, Task::Stop, !all.stopping, true);
    let stopped = pseudo(c, resource, Task::Stopped, !all.stopping, true);
    c.actions[stopped].priority = INFINITY;
    if may_migrate {
        c.actions[stop].flags.insert(A::MIGRATABLE);
    }
    let told = c.resources[resource].as_clone().is_some_and(|data| data.stop_notify.is_none());
    if told {
        let points = notify::points(c, resource, Task::Stop, Some(stop), Some(stopped));
        let Some(data) = c.resources[resource].as_clone_mut() else { return };
        data.stop_notify = points;
        let ends = points.and_then(|stop| Some((stop.post_done?, data.start_notify?.pre?)));
        if let Some((done, pre)) = ends {
            c.order_actions(done, pre, O::OPTIONAL);
        }
    }
}

fn note_changes(c: &Cluster<'_>, resource: ResourceId, changes: &mut Changes) {
    let it = &c.resources[resource];
    if !it.children.is_empty() {
        it.children.iter().for_each(|child| note_changes(c, *child, changes));
        return;
    }
    changes.active |= !it.running_on.is_empty();
    for action in it.actions.iter().rev() {
        let action = &c.actions[*action];
        if changes.starting && changes.stopping {
            return;
        }
        if action.is(A::OPTIONAL) || !action.flags.intersects(A::PSEUDO | A::RUNNABLE) {
            continue;
        }
        changes.stopping |= action.task == Task::Stop;
        changes.starting |= action.task == Task::Start && action.is(A::RUNNABLE);
    }
}

/// Instances start one after the other, where that is asked for.
fn order_instances(c: &mut Cluster<'_>, clone: ResourceId) {
    if !c.resources[clone].as_clone().is_some_and(|data| data.ordered) {
        return;
    }
    sort_by_number(c, clone);
    let (mut last_stop, mut last_start) = (None, None);
    for child in c.resources[clone].children.clone() {
        if let Some(stop) = only_required(c, child, Task::Stop) {
            if let Some(last) = last_stop {
                c.order_actions(stop, last, O::OPTIONAL);
            }
            last_stop = Some(stop);
        }
        if let Some(start) = only_required(c, child, Task::Start) {
            if let Some(last) = last_start {
                c.order_actions(last, start, O::OPTIONAL);
            }
            last_start = Some(start);
        }
    }
}

fn only_required(c: &mut Cluster<'_>, resource: ResourceId, task: Task<'static>) -> Option<ActionId> {
    let all = c.actions_keyed(resource, Key::Op(task, 0), None);
    let required: Vec<ActionId> =
        all.into_iter().filter(|action| !c.actions[*action].is(A::OPTIONAL)).collect();
    match required.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

/// The flags of an action of a collective, by those of its instances.
pub(crate) fn summary_flags(
    c: &mut Cluster<'_>,
    action: ActionId,
    parts: &[ResourceId],
    node: Option<NodeId>,
) -> A {
    let mut flags = A::OPTIONAL | A::RUNNABLE | A::PSEUDO;
    let mut any_runnable = false;
    let task = c.actions[action].resource.and_then(|owner| instance_task(c, action, owner));
    for part in parts {
        let at = node.filter(|_| c.resources[*part].children.is_empty());
        let Some(part_action) = task.and_then(|task| c.first_action(*part, task, at)) else { continue };
        let part_flags = action_flags(c, part_action, node);
        if flags.contains(A::OPTIONAL) && !part_flags.contains(A::OPTIONAL) {
            flags.remove(A::OPTIONAL);
            c.actions[action].flags.remove(A::OPTIONAL);
        }
        any_runnable |= part_flags.contains(A::RUNNABLE);
    }
    if !any_runnable {
        flags.remove(A::RUNNABLE);
        if node.is_none() {
            c.actions[action].flags.remove(A::RUNNABLE);
        }
    }
    flags
}

/// Makes probes of a clone: of all instances, or of one where they are alike.
pub(super) fn probe(c: &mut Cluster<'_>, clone: ResourceId, node: NodeId) -> bool {
    sort_by_number(c, clone);
    let it = &c.resources[clone];
    let Some(first) = it.children.first().copied() else { return false };
    let discovery = it.allowed.get(node).map(|slot| slot.discovery);
    if it.is(F::EXCLUSIVE_DISCOVERY) && discovery.is_some_and(|mode| mode != Discovery::Exclusive) {
        c.resources[clone].allowed.remove(node);
        return false;
    }
    if c.resources[clone].is(F::UNIQUE) {
        return probes::probe_parts(c, clone, node);
    }
    let children = &c.resources[clone].children;
    let known = children.iter().copied().find(|child| is_known_on(c, *child, node));
    let placed = || children.iter().copied().find(|child| c.place(*child, false) == Some(node));
    let chosen = known.or_else(placed).unwrap_or(first);
    probes::probe(c, chosen, node)
}

fn is_known_on(c: &Cluster<'_>, resource: ResourceId, node: NodeId) -> bool {
    let it = &c.resources[resource];
    if it.children.is_empty() {
        it.known_on.contains(node)
    } else {
        it.children.iter().any(|child| is_known_on(c, *child, node))
    }
}
