//! Stops, starts, promotions and demotions of primitives.

use super::changes::clean_up;
use super::create::action_on;
use super::fencing::{fencing_action, order_after_unfencing};
use super::{migration, recurring};
use crate::model::{
    ActionFlags as A, Cluster, Key, NodeId, OrderFlags as O, Recovery, ResourceFlags as F, ResourceId, Task,
};
use crate::reason::Reason;
use hb_cib::Role;

/// What one step from role to role does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Stop,
    Start,
    Promote,
    Demote,
    /// The role changes by itself.
    Nothing,
}

/// The role that comes next on the way from one to another, and what is done for it.
fn next_step(from: Role, to: Role) -> (Role, Step) {
    let next = match (from, to) {
        (Role::Unknown, Role::Unknown) => Role::Unknown,
        (Role::Stopped, Role::Started) => Role::Started,
        (Role::Stopped, Role::Unpromoted | Role::Promoted) => Role::Unpromoted,
        (Role::Started, Role::Started) => Role::Started,
        (Role::Started | Role::Unpromoted, Role::Unpromoted) => Role::Unpromoted,
        (Role::Started | Role::Unpromoted, Role::Promoted) => Role::Promoted,
        (Role::Promoted, Role::Promoted) => Role::Promoted,
        (Role::Promoted, Role::Stopped | Role::Started | Role::Unpromoted) => Role::Unpromoted,
        _ => Role::Stopped,
    };
    let step = match (from, next) {
        (Role::Stopped, Role::Started | Role::Unpromoted) => Step::Start,
        (Role::Unknown | Role::Started, Role::Stopped) => Step::Stop,
        (Role::Unpromoted, Role::Stopped | Role::Started) => Step::Stop,
        (Role::Started | Role::Unpromoted, Role::Promoted) => Step::Promote,
        (Role::Promoted, Role::Stopped | Role::Started | Role::Unpromoted) => Step::Demote,
        _ => Step::Nothing,
    };
    (next, step)
}

/// Whether a step does something; where it does not, the way ends.
fn does(c: &mut Cluster<'_>, resource: ResourceId, step: Step, node: Option<NodeId>, optional: bool) -> bool {
    match step {
        Step::Stop => stop(c, resource, optional),
        Step::Start => start(c, resource, node, optional),
        Step::Promote => promote(c, resource, node, optional),
        Step::Demote => demote(c, resource, optional),
        Step::Nothing => return false,
    }
    true
}

/// Makes the actions of a primitive.
pub(crate) fn create(c: &mut Cluster<'_>, resource: ResourceId) {
    if c.resources[resource].next_role == Role::Unknown {
        let role = if c.resources[resource].assigned.is_some() { Role::Started } else { Role::Stopped };
        c.want(resource, role);
    }
    let (current, all_active, clean_active) = c.active_on(resource);
    for source in c.resources[resource].dangling.clone() {
        migration::abort_dangling(c, resource, source);
    }
    let assigned = c.resources[resource].assigned;
    let moving = current.is_some()
        && assigned.is_some()
        && current != assigned
        && c.resources[resource].next_role >= Role::Started;
    let mut migrates = moving && migration::is_possible(c, resource, current);
    let mut need_stop = moving;
    let it = &c.resources[resource];
    let under_way = it.partial_source.is_some() || it.partial_target.is_some();
    let goes_on = it.partial_source.is_some()
        && it.partial_target.is_some()
        && migrates
        && all_active == 2
        && current == it.partial_source
        && assigned == it.partial_target;
    let multiply_active =
        !under_way && if it.is(F::NEEDS_FENCING) { all_active > 1 } else { clean_active > 1 };
    if under_way && !goes_on {
        let it = &mut c.resources[resource];
        it.partial_source = None;
        it.partial_target = None;
        need_stop = true;
        migrates = false;
    }
    need_stop |= recover_multiply_active(c, resource, multiply_active);
    if c.resources[resource].is(F::START_PENDING) {
        let start = action_on(c, resource, Task::Start, assigned, true);
        c.actions[start].flags.insert(A::PRINT_ALWAYS);
    }
    let mut need_promote = false;
    if !moving {
        let (stop, promote) = recover(c, resource, current);
        need_stop |= stop;
        need_promote = promote;
    }
    restart(c, resource, current, need_stop, need_promote);
    reach_role(c, resource);
    recurring::create(c, resource);
    if let Some(current) = current.filter(|_| migrates) {
        migration::create(c, resource, current);
    }
}

fn recover_multiply_active(c: &mut Cluster<'_>, resource: ResourceId, multiply_active: bool) -> bool {
    if !multiply_active {
        c.resources[resource].flags.remove(F::STOP_UNEXPECTED);
        return false;
    }
    match c.resources[resource].recovery {
        Recovery::StopStart => true,
        Recovery::StopUnexpected => {
            c.resources[resource].flags.insert(F::STOP_UNEXPECTED);
            true
        }
        Recovery::StopOnly | Recovery::Block => false,
    }
}

/// Whether something about a resource that stays needs a stop, or a promotion.
fn recover(c: &mut Cluster<'_>, resource: ResourceId, current: Option<NodeId>) -> (bool, bool) {
    let it = &c.resources[resource];
    if it.is(F::FAILED) {
        let stop = it.is(F::STOP);
        return (stop, !stop && it.next_role == Role::Promoted);
    }
    if it.is(F::BLOCKED) {
        return (true, false);
    }
    if it.role > Role::Started && current.is_some() && it.assigned.is_some() {
        let start = action_on(c, resource, Task::Start, c.resources[resource].assigned, true);
        return (!c.actions[start].is(A::OPTIONAL), false);
    }
    (false, false)
}

/// The way down to stopped and up again, required where something has to be done over.
fn restart(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    current: Option<NodeId>,
    need_stop: bool,
    need_promote: bool,
) {
    c.resources[resource].flags.insert(F::RESTARTING);
    let present = c.resources[resource].role;
    let mut role = present;
    while role != Role::Stopped {
        let (next, step) = next_step(role, Role::Stopped);
        if !does(c, resource, step, current, !need_stop) {
            break;
        }
        role = next;
    }
    let it = &c.resources[resource];
    if it.role <= it.next_role && !it.is(F::BLOCKED) {
        while role != c.resources[resource].role {
            let (next, step) = next_step(role, c.resources[resource].role);
            let required = need_stop || (next == Role::Promoted && need_promote);
            let assigned = c.resources[resource].assigned;
            if !does(c, resource, step, assigned, !required) {
                break;
            }
            role = next;
        }
    }
    c.resources[resource].flags.remove(F::RESTARTING);
}

/// The way from the present role to the wanted one.
fn reach_role(c: &mut Cluster<'_>, resource: ResourceId) {
    let mut role = c.resources[resource].role;
    while role != c.resources[resource].next_role {
        let (next, step) = next_step(role, c.resources[resource].next_role);
        let assigned = c.resources[resource].assigned;
        if !does(c, resource, step, assigned, false) {
            break;
        }
        role = next;
    }
}

/// Whether a multiply active resource is to stay active on this node.
fn is_expected(c: &Cluster<'_>, resource: ResourceId, node: Option<NodeId>) -> bool {
    let it = &c.resources[resource];
    it.is(F::STOP_UNEXPECTED | F::RESTARTING)
        && it.next_role > Role::Stopped
        && it.assigned.is_some()
        && it.assigned == node
}

fn stop(c: &mut Cluster<'_>, resource: ResourceId, optional: bool) {
    let mut optional = optional;
    for node in c.resources[resource].running_on.clone() {
        if is_expected(c, resource, Some(node)) {
            continue;
        }
        let it = &c.resources[resource];
        if it.partial_target.is_some() {
            if it.partial_target == Some(node) && it.assigned == Some(node) {
                continue;
            }
            optional = false;
        }
        let stop = action_on(c, resource, Task::Stop, Some(node), optional);
        let it = &c.resources[resource];
        if it.assigned.is_none() {
            c.actions[stop].reason = Some(Reason::NodeAvailability);
        } else if it.is(F::RESTARTING | F::STOP_UNEXPECTED) {
            c.actions[stop].reason = Some(Reason::MultiplyActive);
        }
        if !it.is(F::MANAGED) {
            c.actions[stop].flags.remove(A::RUNNABLE);
        }
        if c.options.remove_after_stop {
            clean_up(c, resource, node, optional);
        }
        if c.resources[resource].is(F::NEEDS_UNFENCING) {
            let unfence = fencing_action(c, node, Some("on"), true, None, false);
            c.order_actions(stop, unfence, O::IMPLIES_FIRST);
        }
    }
}

fn start(c: &mut Cluster<'_>, resource: ResourceId, node: Option<NodeId>, optional: bool) {
    let start = action_on(c, resource, Task::Start, node, true);
    if let Some(node) = node {
        order_after_unfencing(c, resource, node, start, O::IMPLIES_THEN);
    }
    if c.actions[start].is(A::RUNNABLE) && !optional {
        c.actions[start].flags.remove(A::OPTIONAL);
    }
    if is_expected(c, resource, node) {
        c.actions[start].flags.insert(A::PSEUDO);
    }
}

fn promote(c: &mut Cluster<'_>, resource: ResourceId, node: Option<NodeId>, optional: bool) {
    let starts = c.actions_exactly(resource, Key::Op(Task::Start, 0), node);
    if starts.iter().all(|start| c.actions[*start].is(A::RUNNABLE)) {
        let promote = action_on(c, resource, Task::Promote, node, optional);
        if is_expected(c, resource, node) {
            c.actions[promote].flags.insert(A::PSEUDO);
        }
    } else {
        for promote in c.actions_exactly(resource, Key::Op(Task::Promote, 0), node) {
            c.actions[promote].flags.remove(A::RUNNABLE);
        }
    }
}

fn demote(c: &mut Cluster<'_>, resource: ResourceId, optional: bool) {
    for node in c.resources[resource].running_on.clone() {
        if !is_expected(c, resource, Some(node)) {
            action_on(c, resource, Task::Demote, Some(node), optional);
        }
    }
}
