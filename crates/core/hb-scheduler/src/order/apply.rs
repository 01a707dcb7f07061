//! Orders become inputs of actions.

use super::update;
use crate::actions::create::custom;
use crate::actions::probes;
use crate::graph::inputs::has_loop;
use crate::model::{
    ActionFlags as A, ActionId, Cluster, End, INFINITY, Key, OrderFlags as O, Ordering, ResourceId, Task,
};
use crate::reason::Reason;
use alloc::vec::Vec;
use hb_cib::Role;

pub(crate) fn apply(c: &mut Cluster<'_>) {
    let orderings = core::mem::take(&mut c.orderings);
    for order in &orderings {
        apply_one(c, order);
    }
    c.orderings = orderings;
    for action in c.actions.ids().rev() {
        block_dependents(c, action);
    }
    probes::order(c);
    for action in c.actions.ids().rev() {
        update::spread(c, action);
    }
    drop_invalid(c);
}

fn apply_one<'d>(c: &mut Cluster<'d>, order: &Ordering<'d>) {
    match (order.first.resource, order.then.resource) {
        (Some(first), _) => from_resource(c, first, order),
        (None, Some(then)) => order_after(c, order.first.action, then, order),
        (None, None) => {
            if let (Some(first), Some(then)) = (order.first.action, order.then.action) {
                c.order_actions(first, then, order.flags);
            }
        }
    }
}

fn from_resource<'d>(c: &mut Cluster<'d>, first: ResourceId, order: &Ordering<'d>) {
    let mut actions = match (order.first.action, order.first.key) {
        (Some(action), _) => alloc::vec![action],
        (None, Some(key)) => c.actions_keyed(first, key, None),
        (None, None) => Vec::new(),
    };
    if actions.is_empty()
        && order.then.resource != Some(first)
        && let Some(Key::Op(task, interval)) = order.first.key
    {
        let role = c.role_of(first, true);
        let needless = (role == Role::Stopped && task == Task::Stop)
            || (role == Role::Unpromoted && task == Task::Demote);
        if !needless {
            actions.push(custom(c, first, Key::Op(task, interval), task, None, true));
        }
    }
    for action in actions {
        match order.then.resource {
            Some(then) => order_after(c, Some(action), then, order),
            None => {
                if let Some(then) = order.then.action {
                    c.order_actions(action, then, order.flags);
                }
            }
        }
    }
}

fn order_after<'d>(c: &mut Cluster<'d>, first: Option<ActionId>, then: ResourceId, order: &Ordering<'d>) {
    let End { action, key, .. } = order.then;
    let thens = match (action, key) {
        (Some(action), _) => alloc::vec![action],
        (None, Some(key)) => c.actions_keyed(then, key, None),
        (None, None) => return,
    };
    let mut flags = order.flags;
    let dangles =
        |first: ActionId| c.actions[first].resource == Some(then) && c.actions[first].is(A::DANGLES);
    if first.is_some_and(dangles) {
        flags.remove(O::IMPLIES_THEN);
    }
    for action in thens {
        match first {
            Some(first) => {
                c.order_actions(first, action, flags);
            }
            None if flags.contains(O::IMPLIES_THEN) => c.actions[action].flags.remove(A::RUNNABLE),
            None => {}
        }
    }
}

/// What has to be with something that cannot start, or be promoted, cannot either.
pub(crate) fn block_dependents(c: &mut Cluster<'_>, action: ActionId) {
    let it = &c.actions[action];
    let task = it.task;
    if it.is(A::RUNNABLE) || !matches!(task, Task::Start | Task::Promote) {
        return;
    }
    let Some(blocked) = it.resource else { return };
    let mut holder = c.outermost(blocked);
    holder = c.resources[holder].parent.unwrap_or(holder);
    if c.resources[holder].with_this.is_empty() {
        return;
    }
    for child in &c.resources[holder].children {
        let part = c.first_action(*child, task, None);
        if part.is_none_or(|part| c.actions[part].is(A::RUNNABLE)) {
            return;
        }
    }
    for constraint in c.resources[holder].with_this.clone() {
        let colocation = &c.colocations[constraint];
        let counts = task == Task::Start || colocation.primary_role == Role::Promoted;
        if colocation.score < INFINITY || !counts {
            continue;
        }
        let what = if colocation.dependent_role == Role::Promoted { Task::Promote } else { Task::Start };
        block(c, colocation.dependent, what, blocked);
    }
}

fn block(c: &mut Cluster<'_>, resource: ResourceId, task: Task<'static>, because: ResourceId) {
    if !c.descend(&c.resources[resource].id.clone()) {
        return;
    }
    let mut at = c.resources[resource].actions.len();
    while at > 0 {
        at -= 1;
        let Some(action) = c.resources[resource].actions.get(at).copied() else { break };
        let it = &mut c.actions[action];
        if it.is(A::RUNNABLE) && it.task == task {
            it.flags.remove(A::RUNNABLE);
            it.note(Reason::Colocation(because));
            block_dependents(c, action);
            update::spread(c, action);
        }
    }
    for child in c.resources[resource].children.clone() {
        block(c, child, task, because);
    }
    c.ascend();
}

/// Deletes orders that would never be fulfilled.
fn drop_invalid(c: &mut Cluster<'_>) {
    for action in c.actions.ids().rev() {
        for position in (0..c.actions[action].before.len()).rev() {
            if is_invalid(c, action, position)
                && let Some(order) = c.actions[action].before.get_mut(position)
            {
                order.flags = O::empty();
            }
        }
    }
}

fn is_invalid(c: &mut Cluster<'_>, action: ActionId, position: usize) -> bool {
    let it = &c.actions[action];
    let Some(input) = it.before.get(position).copied() else { return false };
    let first = &c.actions[input.action];
    let inside = first.node.filter(|_| !input.flags.contains(O::PRESERVE) && first.resource.is_some());
    if let (Some(node), Some(resource)) = (inside, it.resource) {
        let guest = c.nodes[node]
            .connection
            .is_some_and(|connection| c.resources[connection].container == Some(resource));
        if guest && !c.resources[resource].fillers.is_empty() {
            return true;
        }
    }
    let migrates = it.resource.is_some() && it.task == Task::MigrateTo;
    input.flags == O::LOAD && migrates && has_loop(c, action, action, position)
}
