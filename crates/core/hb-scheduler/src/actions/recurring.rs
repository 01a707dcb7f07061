//! Operations that recur.

use super::create::{action_on, custom};
use super::fencing::trigger_unfencing;
use crate::model::{
    ActionFlags as A, ActionId, Cluster, End, Key, NodeId, OperationEntry, OrderFlags as O,
    ResourceFlags as F, ResourceId, Task,
};
use crate::reason::Reason;
use crate::unpack::history::Entry;
use alloc::string::ToString;
use hb_cib::Role;

/// One that is configured.
#[derive(Clone, Copy, Debug)]
struct Recurring<'d> {
    task: Task<'d>,
    interval_ms: u32,
    role: Role,
}

impl<'d> Recurring<'d> {
    fn key(&self) -> Key<'d> {
        Key::Op(self.task, self.interval_ms)
    }
}

/// Makes the recurring operations of a resource.
pub(crate) fn create(c: &mut Cluster<'_>, resource: ResourceId) {
    let it = &c.resources[resource];
    if it.is(F::BLOCKED) || it.is(F::MAINTENANCE) {
        return;
    }
    let assigned = it.assigned;
    let runs = it.next_role != Role::Stopped || !it.is(F::MANAGED);
    let start = match assigned {
        Some(node) if !c.nodes[node].maintenance && runs => {
            Some(action_on(c, resource, Task::Start, assigned, true))
        }
        _ => None,
    };
    let entries = c.resources[resource].operations.clone();
    for entry in entries.iter() {
        let Some(recurring) = read(c, resource, entry) else { continue };
        if let Some(start) = start {
            where_active(c, resource, start, assigned, recurring);
        }
        where_inactive(c, resource, assigned, recurring);
    }
}

fn read<'d>(c: &Cluster<'d>, resource: ResourceId, entry: &OperationEntry<'d>) -> Option<Recurring<'d>> {
    let task = Task::read(entry.name);
    let once = ["stop", "start", "demote", "promote", "reload-agent", "migrate_to", "migrate_from"];
    if entry.interval_ms == 0 || entry.element.id().is_none_or(str::is_empty) || once.contains(&entry.name) {
        return None;
    }
    let same = |other: &&OperationEntry<'d>| {
        other.name == entry.name && other.interval_ms == entry.interval_ms && other.element.id().is_some()
    };
    if c.resources[resource].operations.iter().filter(same).count() > 1 {
        return None;
    }
    let role = entry.element.get("role").and_then(Role::read).unwrap_or(Role::Unknown);
    c.operation_entry(resource, entry.name, entry.interval_ms, false)?;
    Some(Recurring { task, interval_ms: entry.interval_ms, role })
}

fn where_active<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    start: ActionId,
    node: Option<NodeId>,
    recurring: Recurring<'d>,
) {
    if recurring.role == Role::Stopped {
        return;
    }
    let optional = goes_on(c, resource, start, node, recurring);
    let it = &c.resources[resource];
    let other_role = if recurring.role == Role::Unknown {
        it.next_role == Role::Promoted
    } else {
        it.next_role != recurring.role
    };
    if other_role {
        if optional {
            cancel_for_role(c, resource, node, recurring);
        }
        return;
    }
    let monitor = custom(c, resource, recurring.key(), recurring.task, node, optional);
    let startable = c.actions[start].is(A::RUNNABLE);
    let usable = node.is_some_and(|node| c.nodes[node].online && !c.nodes[node].unclean);
    if !startable || !usable {
        c.actions[monitor].flags.remove(A::RUNNABLE);
    }
    let (next, now) = (c.resources[resource].next_role, c.resources[resource].role);
    if next == Role::Promoted {
        c.actions[monitor].replace("op_target_rc", "8");
    }
    if node.is_some() && !c.resources[resource].is(F::MANAGED) {
        return;
    }
    let required = O::IMPLIES_THEN | O::RUNNABLE_FIRST;
    for (task, flags) in [(Task::Start, required), (Task::ReloadAgent, required)] {
        c.order(End::of(resource, Key::Op(task, 0)), End::action(monitor), flags);
    }
    let role_change = match (next, now) {
        (Role::Promoted, _) => Some(Task::Promote),
        (_, Role::Promoted) => Some(Task::Demote),
        _ => None,
    };
    if let Some(task) = role_change {
        let flags = O::OPTIONAL | O::RUNNABLE_FIRST;
        c.order(End::of(resource, Key::Op(task, 0)), End::action(monitor), flags);
    }
}

/// Whether the operation recurs already, and nothing interrupts it.
fn goes_on(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    start: ActionId,
    node: Option<NodeId>,
    recurring: Recurring<'_>,
) -> bool {
    let known = c.actions_exactly(resource, recurring.key(), node);
    c.actions[start].is(A::OPTIONAL)
        && !known.is_empty()
        && !known.iter().any(|action| c.actions[*action].is(A::RESCHEDULE))
}

fn cancel_for_role<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: Option<NodeId>,
    recurring: Recurring<'d>,
) {
    let cancel = cancel(c, resource, node, recurring.task, recurring.interval_ms);
    let it = &c.resources[resource];
    let before = match (it.role, it.next_role) {
        (Role::Unpromoted | Role::Started, Role::Promoted) => Some(Task::Promote),
        (Role::Unpromoted | Role::Started, Role::Stopped) => Some(Task::Stop),
        (Role::Promoted, _) => Some(Task::Demote),
        _ => None,
    };
    if let Some(task) = before {
        c.order(End::action(cancel), End::of(resource, Key::Op(task, 0)), O::RUNNABLE_FIRST);
    }
}

/// Makes sure that what is not to be here is not.
fn where_inactive<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    assigned: Option<NodeId>,
    recurring: Recurring<'d>,
) {
    if recurring.role != Role::Stopped || !c.resources[resource].is(F::UNIQUE) {
        return;
    }
    for node in c.node_order.clone() {
        if assigned.is_some_and(|assigned| c.nodes[node].name.eq_ignore_ascii_case(c.nodes[assigned].name)) {
            cancel_if_running(c, resource, assigned, recurring);
            continue;
        }
        let optional = !c.actions_exactly(resource, recurring.key(), Some(node)).is_empty();
        let monitor = custom(c, resource, recurring.key(), recurring.task, Some(node), optional);
        c.actions[monitor].replace("op_target_rc", "7");
        if c.resources[resource].is(F::MANAGED) {
            for probe in c.actions_keyed(resource, Key::Op(Task::Monitor, 0), Some(node)) {
                c.order_actions(probe, monitor, O::RUNNABLE_FIRST);
            }
        }
        after_stops(c, resource, node, monitor);
        if !c.nodes[node].online || c.nodes[node].unclean {
            c.actions[monitor].flags.remove(A::RUNNABLE);
        }
    }
}

fn cancel_if_running<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: Option<NodeId>,
    recurring: Recurring<'d>,
) {
    if c.actions_exactly(resource, recurring.key(), node).is_empty() {
        return;
    }
    let cancel = cancel(c, resource, node, recurring.task, recurring.interval_ms);
    if matches!(c.resources[resource].next_role, Role::Started | Role::Unpromoted) {
        c.order(End::action(cancel), End::of(resource, Key::Op(Task::Start, 0)), O::RUNNABLE_FIRST);
    }
}

fn after_stops(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, monitor: ActionId) {
    let managed = c.resources[resource].is(F::MANAGED);
    for stop in c.actions_exactly(resource, Key::Op(Task::Stop, 0), Some(node)) {
        let required = !c.actions[stop].is(A::OPTIONAL) && !c.actions[monitor].is(A::OPTIONAL);
        if required && !managed {
            c.actions[monitor].flags.insert(A::OPTIONAL);
        }
        if !c.actions[stop].is(A::RUNNABLE) {
            c.actions[monitor].flags.remove(A::RUNNABLE);
        }
        if managed {
            c.order(End::action(stop), End::action(monitor), O::IMPLIES_THEN | O::RUNNABLE_FIRST);
        }
    }
}

/// An action that ends a recurring operation.
pub(crate) fn cancel<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: Option<NodeId>,
    task: Task<'d>,
    interval_ms: u32,
) -> ActionId {
    let action = custom(c, resource, Key::Op(task, interval_ms), Task::Cancel, node, false);
    let it = &mut c.actions[action];
    it.task = Task::Cancel;
    it.cancelled = Some(task);
    it.add("operation", task.name());
    it.add("interval", interval_ms.to_string());
    action
}

/// Ends a recurring operation that is in the history.
pub(crate) fn schedule_cancel<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: &Entry<'d>,
) {
    let action = cancel(c, resource, Some(node), Task::read(entry.task), entry.interval_ms);
    if let Some(call) = entry.element.get("call-id") {
        c.actions[action].add("call-id", call);
    }
    c.order(End::of(resource, Key::Op(Task::Stop, 0)), End::action(action), O::OPTIONAL);
}

/// Has a recurring operation begin anew.
pub(crate) fn reschedule<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    task: Task<'d>,
    interval_ms: u32,
) {
    let reason = Reason::Node("Device parameters changed (reschedule)");
    trigger_unfencing(c, Some(resource), Some(node), reason);
    let action = custom(c, resource, Key::Op(task, interval_ms), task, Some(node), true);
    c.actions[action].flags.insert(A::RESCHEDULE);
}
