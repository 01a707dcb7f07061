//! Which actions, and which of their inputs, belong to the graph.

use crate::model::{ActionFlags as A, ActionId, Cluster, Order, OrderFlags as O, ResourceFlags as F, Task};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// Whether an action is to be done.
pub(super) fn is_done(c: &Cluster<'_>, action: ActionId) -> bool {
    let it = &c.actions[action];
    if !it.is(A::RUNNABLE) || (it.is(A::OPTIONAL) && !it.is(A::PRINT_ALWAYS)) {
        return false;
    }
    let unmanaged = it.resource.is_some_and(|resource| !c.resources[resource].is(F::MANAGED));
    if unmanaged && it.task != Task::Monitor && it.interval_ms() == 0 {
        return false;
    }
    if it.is(A::PSEUDO) || matches!(it.task, Task::Fence | Task::Shutdown) {
        return true;
    }
    let Some(node) = it.node else { return false };
    let at = &c.nodes[node];
    it.is(A::BY_CONTROLLER) || (c.is_guest_node(node) && !at.requires_reset) || (at.online && !at.unclean)
}

/// Whether an action waits for one of its inputs. What turns out never to count is deleted.
pub(super) fn counts(c: &mut Cluster<'_>, action: ActionId, position: usize) -> bool {
    let Some(input) = c.actions[action].before.get(position).copied() else { return false };
    if input.dumped {
        return true;
    }
    let (counts, never) = judge(c, action, &input);
    if never && let Some(input) = c.actions[action].before.get_mut(position) {
        input.flags = O::empty();
    }
    counts
}

fn is_stop(c: &Cluster<'_>, action: ActionId) -> bool {
    c.actions[action].key.is_about(Task::Stop)
}

/// Whether an input counts, and whether it never will.
fn judge(c: &Cluster<'_>, action: ActionId, input: &Order) -> (bool, bool) {
    let (it, first) = (&c.actions[action], &c.actions[input.action]);
    let flags = input.flags;
    let no = (false, false);
    if flags.is_empty() {
        return no;
    }
    let changes = !(flags - (O::IMPLIES_FIRST_PRINTED | O::IMPLIES_THEN_PRINTED | O::OPTIONAL)).is_empty();
    let needed = O::ONE_OR_MORE | O::IMPLIES_FIRST_MIGRATABLE;
    if !first.is(A::RUNNABLE) && (!changes || flags.intersects(needed)) {
        return no;
    }
    let migrates = first.is(A::MIGRATABLE);
    if migrates
        && (flags.contains(O::FIRST_NOT_MIGRATABLE) || (flags == O::OPTIONAL && is_stop(c, input.action)))
    {
        return no;
    }
    if flags == O::LOAD {
        let place = match it.resource.filter(|_| it.task == Task::MigrateTo) {
            Some(resource) => c.resources[resource].assigned,
            None => it.node,
        };
        let migration = it.resource.is_some() && it.task == Task::MigrateTo;
        let apart = first.node.is_none() || place.is_none() || first.node != place;
        let never = apart || (!migration && first.is(A::OPTIONAL));
        return (!never, never);
    }
    if flags == O::ANTI_COLOCATION {
        let apart = first.node.is_some() && it.node.is_some() && first.node != it.node;
        let never = apart || first.is(A::OPTIONAL);
        return (!never, never);
    }
    if let (Some(owner), Some(resource)) =
        (first.resource.filter(|owner| Some(*owner) != it.resource), it.resource)
    {
        let lost = &c.resources[owner];
        let stuck = lost.is(F::FAILED) && !lost.is(F::MANAGED) && is_stop(c, input.action);
        if stuck && c.resources[resource].is_clone() {
            return no;
        }
    }
    let shown = first.flags.intersects(A::PRINT_ALWAYS | A::DUMPED);
    (!first.is(A::OPTIONAL) || shown || is_done(c, input.action), false)
}

/// Whether an action would wait for itself by way of one of its inputs.
pub(crate) fn has_loop(c: &mut Cluster<'_>, start: ActionId, action: ActionId, position: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = alloc::vec![(action, position)];
    while let Some((action, position)) = open.pop() {
        let Some(first) = c.actions[action].before.get(position).map(|input| input.action) else { continue };
        if seen.contains(&first) || !counts(c, action, position) {
            continue;
        }
        if first == start {
            return true;
        }
        seen.insert(first);
        open.extend((0..c.actions[first].before.len()).map(|position| (first, position)));
    }
    false
}

/// Sorts an action's inputs by number, and merges those from the same action.
pub(super) fn merge(c: &mut Cluster<'_>, action: ActionId) {
    if c.actions[action].is(A::DEDUPLICATED) {
        return;
    }
    c.actions[action].flags.insert(A::DEDUPLICATED);
    let mut before = core::mem::take(&mut c.actions[action].before);
    before.sort_by_key(|input| input.action);
    let mut merged: Vec<Order> = Vec::with_capacity(before.len());
    for input in before {
        match merged.last_mut().filter(|last| last.action == input.action) {
            Some(last) => {
                last.flags |= input.flags;
                last.dumped |= input.dumped;
            }
            None => merged.push(Order { dumped: false, ..input }),
        }
    }
    c.actions[action].before = merged;
}
