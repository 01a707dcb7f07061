//! What is required or not runnable spreads along orders until nothing changes.

use super::apply::block_dependents;
use super::interleave;
use crate::actions::clone::summary_flags;
use crate::model::{
    Action, ActionFlags as A, ActionId, Cluster, Key, NodeId, Order, OrderFlags as O, ResourceFlags as F,
    ResourceId, Task, Variant,
};
use crate::reason::Reason;
use hb_cib::Role;

bitflags::bitflags! {
    /// Which of two actions changed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Changed: u8 {
        /// The first.
        const FIRST = 1;
        /// The second.
        const THEN = 2;
    }
}

/// Looks again at everything that comes before an action, and, when that changes it, at what comes after.
pub(crate) fn spread(c: &mut Cluster<'_>, then: ActionId) {
    if !c.descend(&c.key_text_if_deep(then)) {
        return;
    }
    let mut changed = Changed::empty();
    let last_flags = c.actions[then].flags;
    if last_flags.contains(A::REQUIRES_ANY) {
        let it = &mut c.actions[then];
        it.runnable_before = 0;
        it.required_runnable_before = it.required_runnable_before.max(1);
        it.flags.remove(A::RUNNABLE);
    }
    let mut at = c.actions[then].before.len();
    while at > 0 && c.error.is_none() {
        at -= 1;
        changed.remove(Changed::FIRST);
        let Some(first) = look_at(c, then, at, &mut changed) else { continue };
        if changed.contains(Changed::FIRST) {
            spread_after(c, first);
            spread(c, first);
        }
    }
    if last_flags.contains(A::REQUIRES_ANY) {
        changed.set(Changed::THEN, last_flags != c.actions[then].flags);
    }
    if changed.contains(Changed::THEN) {
        if last_flags.contains(A::RUNNABLE) && !c.actions[then].is(A::RUNNABLE) {
            block_dependents(c, then);
        }
        spread(c, then);
        spread_after(c, then);
    }
    c.ascend();
}

fn spread_after(c: &mut Cluster<'_>, action: ActionId) {
    let mut at = c.actions[action].after.len();
    while at > 0 && c.error.is_none() {
        at -= 1;
        if let Some(next) = c.actions[action].after.get(at).map(|order| order.action) {
            spread(c, next);
        }
    }
}

/// Looks at one order before an action; the first action that was looked at, if the order counts.
fn look_at(c: &mut Cluster<'_>, then: ActionId, at: usize, changed: &mut Changed) -> Option<ActionId> {
    let order = c.actions[then].before.get(at).copied()?;
    let original = order.action;
    let first_node = effective_node(c, original);
    let then_node = effective_node(c, then);
    let apart = first_node.is_some() && then_node.is_some() && first_node != then_node;
    if order.flags.contains(O::SAME_NODE) && apart {
        set_order(c, then, at, O::empty());
        return None;
    }
    let (first_resource, then_resource) = (c.actions[original].resource, c.actions[then].resource);
    if order.flags.contains(O::THEN_CANCELS_FIRST)
        && !c.actions[then].is(A::OPTIONAL)
        && let Some(resource) = first_resource
    {
        c.actions[original].flags.insert(A::OPTIONAL);
        if c.actions[original].task == Task::ReloadAgent {
            c.resources[resource].flags.remove(F::RELOAD);
        }
    }
    let mut first = original;
    if let (Some(one), Some(other)) = (first_resource, then_resource)
        && one != other
        && !c.is_inside(other, one)
    {
        first = completed(c, original, one);
    }
    if first == original {
        let first_flags = flags_for_order(c, first, then_node);
        let then_flags = flags_for_order(c, then, first_node);
        *changed |= apply_flags(c, first, then, first_flags, then_flags, at);
    } else if c.order_actions(first, then, order.flags) {
        changed.insert(Changed::THEN);
        set_order(c, then, at, O::empty());
    }
    Some(first)
}

fn set_order(c: &mut Cluster<'_>, then: ActionId, at: usize, flags: O) {
    if let Some(order) = c.actions[then].before.get_mut(at) {
        order.flags = flags;
    }
}

fn order_flags(c: &Cluster<'_>, then: ActionId, at: usize) -> O {
    c.actions[then].before.get(at).map_or(O::empty(), |order: &Order| order.flags)
}

/// Where an action is done; the start of a group where its members are to be.
fn effective_node(c: &Cluster<'_>, action: ActionId) -> Option<NodeId> {
    let it = &c.actions[action];
    match it.resource {
        Some(resource) if it.task == Task::Start && c.resources[resource].is_group() => {
            c.place(resource, false)
        }
        _ => it.node,
    }
}

/// For an action of a collective, the point at which all of it is done.
fn completed(c: &Cluster<'_>, action: ActionId, resource: ResourceId) -> ActionId {
    let it = &c.resources[resource];
    if it.is_primitive() {
        return action;
    }
    let key = c.actions[action].key;
    let key = match key {
        Key::Op(task, 0) => match task.completed() {
            Some(done) => {
                let in_bundle =
                    it.is_clone() && it.parent.is_some_and(|parent| c.resources[parent].is_bundle());
                if it.is(F::NOTIFY) && (it.parent.is_none() || in_bundle) {
                    Key::Notify(crate::model::Phase::ConfirmedPost, done)
                } else {
                    Key::Op(done, 0)
                }
            }
            None => key,
        },
        _ => key,
    };
    c.first_keyed(resource, key, None).unwrap_or(action)
}

/// The flags of an action that count in an order with one on `node`.
fn flags_for_order(c: &mut Cluster<'_>, action: ActionId, node: Option<NodeId>) -> A {
    let Some(resource) = c.actions[action].resource else { return c.actions[action].flags };
    let flags = action_flags(c, action, None);
    if node.is_none() || !c.resources[resource].is_clone() {
        return flags;
    }
    // Whether it is runnable anywhere is what counts.
    let on_node = action_flags(c, action, node);
    on_node | (flags & A::RUNNABLE)
}

/// The flags of an action; of a collective's, by those of its parts.
pub(crate) fn action_flags(c: &mut Cluster<'_>, action: ActionId, node: Option<NodeId>) -> A {
    let Some(resource) = c.actions[action].resource else { return c.actions[action].flags };
    match c.resources[resource].variant {
        Variant::Primitive => c.actions[action].flags,
        Variant::Group(_) => group_flags(c, action, resource, node),
        Variant::Clone(_) => {
            let children = c.resources[resource].children.clone();
            summary_flags(c, action, &children, node)
        }
        Variant::Bundle(_) => crate::bundle::actions::flags(c, action, node),
    }
}

/// What a part of a collective does for an action of the collective.
pub(crate) fn part_task<'d>(c: &Cluster<'d>, part: ResourceId, task: Task<'d>) -> Task<'d> {
    if c.resources[part].is_primitive() { task.atomic() } else { task }
}

fn group_flags(c: &mut Cluster<'_>, action: ActionId, group: ResourceId, node: Option<NodeId>) -> A {
    let mut flags = A::OPTIONAL | A::RUNNABLE | A::PSEUDO;
    let own = c.actions[action].task;
    for member in c.resources[group].children.clone() {
        let task = part_task(c, member, own);
        if let Some(part) = c.first_action(member, task, node) {
            let part = action_flags(c, part, node);
            if flags.contains(A::OPTIONAL) && !part.contains(A::OPTIONAL) {
                flags.remove(A::OPTIONAL);
                c.actions[action].flags.remove(A::OPTIONAL);
            }
            if task != own && flags.contains(A::RUNNABLE) && !part.contains(A::RUNNABLE) {
                flags.remove(A::RUNNABLE);
                c.actions[action].flags.remove(A::RUNNABLE);
            }
        } else if !matches!(task, Task::Stop | Task::Demote) {
            flags.remove(A::RUNNABLE);
        }
    }
    flags
}

/// Applies what an order means to its two actions.
fn apply_flags(
    c: &mut Cluster<'_>,
    first: ActionId,
    then: ActionId,
    first_flags: A,
    then_flags: A,
    at: usize,
) -> Changed {
    let mut changed = Changed::empty();
    let mut node = c.actions[then].node;
    let mut flags = order_flags(c, then, at);
    if flags.contains(O::IMPLIES_THEN_ON_NODE) {
        flags.remove(O::IMPLIES_THEN_ON_NODE);
        flags.insert(O::IMPLIES_THEN);
        set_order(c, then, at, flags);
        node = c.actions[first].node;
    }
    let with_resource = c.actions[then].resource.is_some();
    let optional = first_flags & A::OPTIONAL;
    if flags.contains(O::IMPLIES_THEN) {
        if with_resource {
            changed |= update(c, first, then, node, optional, A::OPTIONAL, O::IMPLIES_THEN);
        } else if !first_flags.contains(A::OPTIONAL) && c.actions[then].is(A::OPTIONAL) {
            c.actions[then].flags.remove(A::OPTIONAL);
            changed |= Changed::THEN;
        }
    }
    if flags.contains(O::RESTART) && with_resource {
        changed |= update(c, first, then, node, first_flags, A::OPTIONAL | A::RUNNABLE, O::RESTART);
    }
    if flags.contains(O::IMPLIES_FIRST) {
        if c.actions[first].resource.is_some() {
            changed |= update_first(c, first, then, node, first_flags, A::OPTIONAL, O::IMPLIES_FIRST);
        } else if !first_flags.contains(A::OPTIONAL) && c.actions[first].is(A::RUNNABLE) {
            c.actions[first].flags.remove(A::RUNNABLE);
            changed |= Changed::FIRST;
        }
    }
    if flags.contains(O::PROMOTED_IMPLIES_FIRST) && with_resource {
        changed |= update(c, first, then, node, optional, A::OPTIONAL, O::PROMOTED_IMPLIES_FIRST);
    }
    changed |= apply_runnable(c, first, then, node, first_flags, at, with_resource);
    apply_printed(c, first, then, first_flags, then_flags, order_flags(c, then, at));
    let flags = order_flags(c, then, at);
    if flags.intersects(O::IMPLIES_THEN | O::IMPLIES_FIRST | O::RESTART) && is_blocked_stop(c, first) {
        let it = &mut c.actions[then].flags;
        if it.contains(A::RUNNABLE) {
            it.remove(A::RUNNABLE);
            changed |= Changed::THEN;
        }
    }
    changed
}

fn apply_runnable(
    c: &mut Cluster<'_>,
    first: ActionId,
    then: ActionId,
    node: Option<NodeId>,
    first_flags: A,
    at: usize,
    with_resource: bool,
) -> Changed {
    let mut changed = Changed::empty();
    let runnable = first_flags.contains(A::RUNNABLE);
    let flags = order_flags(c, then, at);
    if flags.contains(O::ONE_OR_MORE) {
        if with_resource {
            changed |= update(c, first, then, node, first_flags, A::RUNNABLE, O::ONE_OR_MORE);
        } else if runnable {
            let it = &mut c.actions[then];
            it.runnable_before += 1;
            if it.runnable_before >= it.required_runnable_before && !it.is(A::RUNNABLE) {
                it.flags.insert(A::RUNNABLE);
                changed |= Changed::THEN;
            }
        }
    }
    if flags.contains(O::PROBE) && with_resource {
        let stopping =
            c.actions[first].resource.is_some_and(|probed| !c.resources[probed].running_on.is_empty());
        if !runnable && stopping {
            set_order(c, then, at, O::empty());
        } else {
            changed |= update(c, first, then, node, first_flags, A::RUNNABLE, O::RUNNABLE_FIRST);
        }
    }
    let flags = order_flags(c, then, at);
    if flags.contains(O::RUNNABLE_FIRST) {
        if with_resource {
            changed |= update(c, first, then, node, first_flags, A::RUNNABLE, O::RUNNABLE_FIRST);
        } else if !runnable && c.actions[then].is(A::RUNNABLE) {
            c.actions[then].flags.remove(A::RUNNABLE);
            changed |= Changed::THEN;
        }
    }
    if with_resource {
        for (kind, filter) in [
            (O::IMPLIES_FIRST_MIGRATABLE, A::OPTIONAL),
            (O::PSEUDO_FIRST, A::OPTIONAL),
            (O::OPTIONAL, A::RUNNABLE),
            (O::ASYMMETRICAL, A::RUNNABLE),
        ] {
            if order_flags(c, then, at).contains(kind) {
                changed |= update(c, first, then, node, first_flags, filter, kind);
            }
        }
    }
    changed
}

fn apply_printed(
    c: &mut Cluster<'_>,
    first: ActionId,
    then: ActionId,
    first_flags: A,
    then_flags: A,
    flags: O,
) {
    let runs = c.actions[first].is(A::RUNNABLE);
    if runs && flags.contains(O::IMPLIES_THEN_PRINTED) && !first_flags.contains(A::OPTIONAL) {
        c.actions[then].flags.insert(A::PRINT_ALWAYS);
    }
    if flags.contains(O::IMPLIES_FIRST_PRINTED) && !then_flags.contains(A::OPTIONAL) {
        c.actions[first].flags.insert(A::PRINT_ALWAYS);
    }
}

fn is_blocked_stop(c: &Cluster<'_>, first: ActionId) -> bool {
    let it = &c.actions[first];
    let blocked = it.resource.is_some_and(|resource| {
        let owner = &c.resources[resource];
        !owner.is(F::MANAGED) && owner.is(F::BLOCKED)
    });
    blocked && !it.is(A::RUNNABLE) && it.task == Task::Stop
}

/// Applies one meaning of an order, as the second action's resource does it.
pub(crate) fn update(
    c: &mut Cluster<'_>,
    first: ActionId,
    then: ActionId,
    node: Option<NodeId>,
    flags: A,
    filter: A,
    kind: O,
) -> Changed {
    match c.actions[then].resource {
        Some(resource) => update_as(c, resource, first, then, node, flags, filter, kind),
        None => plain(c, first, then, flags, filter, kind),
    }
}

/// As [`update`], as the first action's resource does it.
fn update_first(
    c: &mut Cluster<'_>,
    first: ActionId,
    then: ActionId,
    node: Option<NodeId>,
    flags: A,
    filter: A,
    kind: O,
) -> Changed {
    match c.actions[first].resource {
        Some(resource) => update_as(c, resource, first, then, node, flags, filter, kind),
        None => Changed::empty(),
    }
}

// The order's two ends, and how far it reaches.
#[allow(clippy::too_many_arguments)]
fn update_as(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    first: ActionId,
    then: ActionId,
    node: Option<NodeId>,
    flags: A,
    filter: A,
    kind: O,
) -> Changed {
    match c.resources[resource].variant {
        Variant::Primitive => plain(c, first, then, flags, filter, kind),
        Variant::Group(_) => {
            let mut changed = plain(c, first, then, flags, filter, kind);
            let Some(owner) = c.actions[then].resource else { return changed };
            for member in c.resources[owner].children.clone() {
                let task = c.actions[then].task;
                if let Some(part) = c.first_action(member, task, node) {
                    changed |= update(c, first, part, node, flags, filter, kind);
                }
            }
            changed
        }
        Variant::Clone(_) | Variant::Bundle(_) => {
            interleave::update(c, first, then, node, flags, filter, kind)
        }
    }
}

/// Applies one meaning of an order to two actions.
pub(crate) fn plain(
    c: &mut Cluster<'_>,
    first: ActionId,
    then: ActionId,
    flags: A,
    filter: A,
    kind: O,
) -> Changed {
    let (first_before, then_before) = (c.actions[first].flags, c.actions[then].flags);
    if kind.contains(O::ASYMMETRICAL) {
        asymmetrical(c, first, then);
    }
    if kind.contains(O::IMPLIES_FIRST) && !then_before.contains(A::OPTIONAL) {
        let asked = filter.contains(A::OPTIONAL) && !flags.contains(A::OPTIONAL);
        if asked && first_before.contains(A::OPTIONAL) {
            clear(c, first, A::OPTIONAL, then);
        }
        if flags.contains(A::MIGRATABLE) && !c.actions[then].is(A::MIGRATABLE) {
            clear(c, first, A::MIGRATABLE, then);
        }
    }
    if kind.contains(O::PROMOTED_IMPLIES_FIRST) {
        let promoted =
            c.actions[then].resource.is_some_and(|resource| c.resources[resource].role == Role::Promoted);
        if promoted && filter.contains(A::OPTIONAL) && !c.actions[then].is(A::OPTIONAL) {
            clear(c, first, A::OPTIONAL, then);
            if !c.actions[then].is(A::MIGRATABLE) {
                clear(c, first, A::MIGRATABLE, then);
            }
        }
    }
    if kind.contains(O::IMPLIES_FIRST_MIGRATABLE) && filter.contains(A::OPTIONAL) {
        if !c.actions[then].is(A::MIGRATABLE | A::RUNNABLE) {
            clear(c, first, A::RUNNABLE, then);
        }
        if !c.actions[then].is(A::OPTIONAL) {
            clear(c, first, A::OPTIONAL, then);
        }
    }
    if kind.contains(O::PSEUDO_FIRST) && filter.contains(A::OPTIONAL) && !c.actions[first].is(A::RUNNABLE) {
        clear(c, then, A::MIGRATABLE, first);
        c.actions[then].flags.remove(A::PSEUDO);
    }
    let needs_first = kind.contains(O::RUNNABLE_FIRST) && filter.contains(A::RUNNABLE);
    if needs_first && c.actions[then].is(A::RUNNABLE) && !flags.contains(A::RUNNABLE) {
        clear(c, then, A::RUNNABLE, first);
        clear(c, then, A::MIGRATABLE, first);
    }
    let implies =
        kind.contains(O::IMPLIES_THEN) && filter.contains(A::OPTIONAL) && !flags.contains(A::OPTIONAL);
    if implies && c.actions[then].is(A::OPTIONAL) && !c.actions[first].is(A::MIGRATABLE) {
        clear(c, then, A::OPTIONAL, first);
    }
    if kind.contains(O::RESTART) {
        restart(c, first, then, filter);
    }
    let mut changed = Changed::empty();
    if then_before != c.actions[then].flags {
        changed |= Changed::THEN;
        let inner = c.actions[then].resource.is_some_and(|resource| c.resources[resource].parent.is_some());
        if inner {
            spread(c, then);
        }
    }
    changed.set(Changed::FIRST, first_before != c.actions[first].flags);
    changed
}

/// Takes a flag away, and notes because of what.
fn clear(c: &mut Cluster<'_>, action: ActionId, flag: A, because: ActionId) {
    if !c.actions[action].is(flag) {
        return;
    }
    c.actions[action].flags.remove(flag);
    if c.actions[action].resource == c.actions[because].resource {
        return;
    }
    let reason = if flag == A::OPTIONAL { Reason::Required(because) } else { Reason::Unrunnable(because) };
    let it: &mut Action<'_> = &mut c.actions[action];
    if flag == A::MIGRATABLE || it.reason.is_none() {
        it.reason = Some(reason);
    }
}

/// An order in one direction: what follows waits, but is not undone.
fn asymmetrical(c: &mut Cluster<'_>, first: ActionId, then: ActionId) {
    let Some(resource) = c.actions[then].resource else { return };
    let role = c.role_of(resource, true);
    let it = &c.actions[then];
    let running = &c.resources[resource].running_on;
    let stopped = role == Role::Stopped && it.task == Task::Stop;
    let stays = role >= Role::Started
        && it.is(A::OPTIONAL)
        && it.node.is_some()
        && running.len() == 1
        && running.first().copied() == it.node
        && it.task == Task::Start;
    if !stopped && !stays && !c.actions[first].is(A::RUNNABLE) {
        clear(c, then, A::OPTIONAL, first);
        clear(c, then, A::RUNNABLE, first);
    }
}

fn restart(c: &mut Cluster<'_>, first: ActionId, then: ActionId, filter: A) {
    let it = &c.actions[then];
    let required = filter.contains(A::OPTIONAL) && !it.is(A::OPTIONAL);
    let managed = it.resource.is_some_and(|resource| c.resources[resource].is(F::MANAGED));
    let same = c.actions[first].resource == it.resource;
    let stuck = filter.contains(A::RUNNABLE) && !it.is(A::RUNNABLE) && managed && same;
    if !required && !stuck {
        return;
    }
    if c.actions[first].is(A::RUNNABLE) || !c.actions[then].is(A::OPTIONAL) {
        clear(c, first, A::OPTIONAL, then);
    }
    if !c.actions[then].is(A::MIGRATABLE) {
        clear(c, first, A::MIGRATABLE, then);
    }
    if !c.actions[first].flags.intersects(A::OPTIONAL | A::RUNNABLE) {
        clear(c, then, A::RUNNABLE, first);
    }
}

impl Cluster<'_> {
    /// An action's key, when it is about to be named in a complaint.
    fn key_text_if_deep(&self, action: ActionId) -> alloc::string::String {
        let near = self.depth + 1 >= crate::MAX_DEPTH || self.work + 1 >= crate::MAX_WORK;
        if near { self.key_text(action) } else { alloc::string::String::new() }
    }
}
