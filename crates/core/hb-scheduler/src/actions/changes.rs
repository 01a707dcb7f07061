//! Definitions that changed since operations were done.

use super::create::{action_on, custom};
use super::digest::{self, Change};
use super::fencing::trigger_unfencing;
use super::recurring;
use crate::model::{
    ActionFlags as A, Cluster, End, Key, NodeId, OrderFlags as O, ResourceFlags as F, ResourceId, Task,
};
use crate::reason::Reason;
use crate::unpack::failcount::{self, Count};
use crate::unpack::history::{self, Entry};
use alloc::vec::Vec;
use hb_cib::Element;

/// Goes through the histories of all nodes that can do something.
pub(crate) fn check<'d>(c: &mut Cluster<'d>) {
    let Some(status) = c.cib.root().child("status") else { return };
    for node in c.node_order.clone() {
        if !c.nodes[node].maintenance && !c.nodes[node].available() {
            continue;
        }
        let name = c.nodes[node].name;
        let mut lists = status
            .children_named("node_state")
            .filter(|state| state.get("uname") == Some(name))
            .filter_map(|state| state.descend(&["lrm", "lrm_resources"]));
        let Some(list) = lists.next() else { continue };
        if lists.next().is_some() {
            continue;
        }
        for entry in list.children_named("lrm_resource") {
            if entry.children().next().is_some() {
                check_entry(c, node, entry);
            }
        }
    }
}

fn check_entry<'d>(c: &mut Cluster<'d>, node: NodeId, entry: Element<'d>) {
    let Some(id) = entry.id() else { return };
    for resource in matching(c, id) {
        if c.resources[resource].is_primitive() {
            check_resource(c, resource, node, entry);
        }
    }
}

/// Resources of that id, or with that name in histories; the last found first.
fn matching(c: &Cluster<'_>, id: &str) -> Vec<ResourceId> {
    let mut found: Vec<ResourceId> = c.by_id.get(id).copied().into_iter().collect();
    let renamed = c.by_history_name.get(id).into_iter().flatten().copied();
    found.extend(renamed.filter(|resource| c.resources[*resource].id != id));
    found.sort_unstable();
    found.dedup();
    found.reverse();
    found
}

fn check_resource<'d>(c: &mut Cluster<'d>, resource: ResourceId, node: NodeId, entry: Element<'d>) {
    if c.resources[resource].is(F::ORPHAN) {
        if !c.is_anonymous_clone(c.outermost(resource)) {
            clean_up(c, resource, node, false);
        }
        return;
    }
    let active = c.resources[resource].running_on.contains(&node);
    if agent_changed(c, resource, node, entry, active) {
        clean_up(c, resource, node, false);
    }
    if !active {
        return;
    }
    let entries = history::sorted(entry);
    let (start, stop) = history::active_since(&entries);
    if start < stop {
        return;
    }
    for (at, entry) in (0_isize..).zip(&entries) {
        if at >= start {
            check_operation(c, resource, node, entry);
        }
    }
}

fn check_operation<'d>(c: &mut Cluster<'d>, resource: ResourceId, node: NodeId, entry: &Entry<'d>) {
    let recurs = entry.interval_ms > 0;
    let in_maintenance = c.resources[resource].is(F::MAINTENANCE) || c.nodes[node].maintenance;
    let is = |name: &str| entry.task.eq_ignore_ascii_case(name);
    if recurs && in_maintenance {
        recurring::schedule_cancel(c, resource, node, entry);
    } else if recurs || is("monitor") || is("start") || is("promote") || is("migrate_from") {
        if crate::bundle::remote::needs_name(c, resource) {
            crate::bundle::remote::check_later(c, resource, node, entry.element, true);
        } else if definition_changed(c, resource, node, entry)
            && failcount::count(c, resource, node, Count::Effective, None).0 != 0
        {
            failcount::clear(c, resource, node);
        }
    }
}

/// Another class, provider or type than what is active.
fn agent_changed(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    node: NodeId,
    entry: Element<'_>,
    active: bool,
) -> bool {
    let element = c.resources[resource].element;
    let changed =
        ["type", "class", "provider"].iter().filter(|name| element.get(name) != entry.get(name)).count();
    for _ in 0..changed {
        trigger_unfencing(c, Some(resource), Some(node), Reason::Node("Device definition changed"));
    }
    if changed > 0 && active {
        action_on(c, resource, Task::Stop, Some(node), false);
        c.resources[resource].flags.insert(F::START_PENDING);
    }
    changed > 0
}

/// Has the executor forget a resource, after it is stopped and before it is started.
pub(crate) fn clean_up(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, optional: bool) {
    let at = &c.nodes[node];
    if c.resources[resource].is(F::FAILED) || at.unclean || !at.online {
        return;
    }
    let flags = if optional { O::IMPLIES_THEN } else { O::OPTIONAL };
    action_on(c, resource, Task::Delete, Some(node), optional);
    c.order_tasks(resource, Task::Stop, resource, Task::Delete, flags);
    c.order_tasks(resource, Task::Delete, resource, Task::Start, flags);
}

/// Schedules what a changed definition needs; says whether it changed.
pub(crate) fn definition_changed<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: &Entry<'d>,
) -> bool {
    let recurs = entry.interval_ms > 0;
    if recurs && c.operation_entry(resource, entry.task, entry.interval_ms, false).is_none() {
        if c.options.stop_orphan_actions {
            recurring::schedule_cancel(c, resource, node, entry);
        }
        return true;
    }
    let task = match Task::read(entry.task) {
        Task::Monitor | Task::MigrateFrom | Task::Promote if !recurs => Task::Start,
        other => other,
    };
    let expired = c.expired_entries.contains(&entry.element.node().index());
    let change = digest::compare(c, resource, node, entry);
    if c.secrets_masked && change != Change::None && digest::only_secrets_changed(c, resource, node, entry) {
        return false;
    }
    match change {
        Change::None => false,
        Change::Restart => {
            force_restart(c, resource, node, task, entry.interval_ms);
            true
        }
        Change::Any | Change::Unknown => {
            if recurs {
                recurring::reschedule(c, resource, node, task, entry.interval_ms);
            } else if expired || entry.element.get("op-restart-digest").is_some() {
                let reason = Reason::Node("Device parameters changed (reload)");
                trigger_unfencing(c, Some(resource), Some(node), reason);
                schedule_reload(c, resource, node);
            } else {
                force_restart(c, resource, node, task, entry.interval_ms);
            }
            true
        }
    }
}

fn force_restart<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    task: Task<'d>,
    interval_ms: u32,
) {
    let required = custom(c, resource, Key::Op(task, interval_ms), task, None, false);
    c.actions[required].reason = Some(Reason::DefinitionChange);
    trigger_unfencing(c, Some(resource), Some(node), Reason::Node("Device parameters changed"));
}

fn schedule_reload(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) {
    let it = &c.resources[resource];
    if !it.is(F::MANAGED) || it.is(F::FAILED) {
        return;
    }
    if it.is(F::START_PENDING) {
        action_on(c, resource, Task::Stop, Some(node), false);
        return;
    }
    c.resources[resource].flags.insert(F::RELOAD);
    let reload = action_on(c, resource, Task::ReloadAgent, Some(node), false);
    c.actions[reload].note(Reason::DefinitionChange);
    c.actions[reload].flags.remove(A::OPTIONAL);
    for task in [Task::Stop, Task::Demote] {
        let flags = O::OPTIONAL | O::THEN_CANCELS_FIRST;
        c.order(End::action(reload), End::of(resource, Key::Op(task, 0)), flags);
    }
}
