//! Making actions, each once.

use super::fencing::fence;
use crate::model::{
    Action, ActionFlags as A, ActionId, Cluster, Key, Needs, NoQuorum, NodeId, Order, OrderFlags as O,
    ResourceFlags as F, ResourceId, Task,
};
use crate::reason::Reason;
use alloc::string::String;
use alloc::vec::Vec;
use hb_cib::Role;

/// The resource's action that does `task` on `node`.
pub(crate) fn action_on<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    task: Task<'d>,
    node: Option<NodeId>,
    optional: bool,
) -> ActionId {
    custom(c, resource, Key::Op(task, 0), task, node, optional)
}

/// The resource's action of that key, made if there is none; required unless `optional`.
pub(crate) fn custom<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    key: Key<'d>,
    task: Task<'d>,
    node: Option<NodeId>,
    optional: bool,
) -> ActionId {
    let known = c.actions_keyed(resource, key, node).first().copied();
    let action = known.unwrap_or_else(|| add(c, Some(resource), key, task, node, optional, String::new()));
    update_optional(c, action, resource, optional);
    update_runnable(c, action, resource);
    action
}

/// An action of a collective that nobody does.
pub(crate) fn pseudo<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    task: Task<'d>,
    optional: bool,
    runnable: bool,
) -> ActionId {
    let action = action_on(c, resource, task, None, optional);
    let flags = &mut c.actions[action].flags;
    flags.insert(A::PSEUDO);
    if runnable {
        flags.insert(A::RUNNABLE);
    }
    action
}

/// The action of that name which has no resource.
pub(crate) fn singleton<'d>(
    c: &mut Cluster<'d>,
    name: String,
    task: Task<'d>,
    node: Option<NodeId>,
    optional: bool,
) -> ActionId {
    let action = match c.singletons.get(&name) {
        Some(known) => *known,
        None => {
            let action = add(c, None, Key::Named, task, node, optional, name.clone());
            c.singletons.insert(name, action);
            action
        }
    };
    if !optional {
        c.actions[action].flags.remove(A::OPTIONAL);
    }
    action
}

/// The point in the order of that name.
pub(crate) fn pseudo_singleton(c: &mut Cluster<'_>, name: String, task: Task<'static>) -> ActionId {
    if let Some(known) = c.singletons.get(&name) {
        return *known;
    }
    let action = singleton(c, name, task, None, true);
    c.actions[action].flags.insert(A::PSEUDO | A::RUNNABLE);
    action
}

fn add<'d>(
    c: &mut Cluster<'d>,
    resource: Option<ResourceId>,
    key: Key<'d>,
    task: Task<'d>,
    node: Option<NodeId>,
    optional: bool,
    name: String,
) -> ActionId {
    let mut flags = A::RUNNABLE;
    flags.set(A::BY_CONTROLLER, task == Task::LrmDelete);
    flags.set(A::OPTIONAL, optional);
    let action = c.actions.add(Action {
        number: u32::try_from(c.actions.len() + 1).unwrap_or(u32::MAX),
        resource,
        node,
        task,
        key,
        name,
        cancelled: None,
        flags,
        needs: needs(c, resource, task),
        reason: None,
        priority: 0,
        meta: Vec::new(),
        fixed_meta: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
        runnable_before: 0,
        required_runnable_before: 0,
    });
    if let Some(resource) = resource {
        c.resources[resource].actions.push(action);
        let changes = c.operation_defaults.is_some_and(|section| section.descendants().any(|e| e.is("rule")));
        if changes {
            // Only asked so that the moment is noted at which a rule is answered differently.
            let entry = c.entry_for_task(resource, task, c.actions[action].interval_ms());
            let interval = c.actions[action].interval_ms();
            let _ = c.operation_meta(resource, node, task, interval, entry);
        }
    }
    action
}

fn needs(c: &Cluster<'_>, resource: Option<ResourceId>, task: Task<'_>) -> Needs {
    let Some(resource) = resource.filter(|_| matches!(task, Task::Start | Task::Promote)) else {
        return Needs::Nothing;
    };
    if c.resources[resource].is(F::NEEDS_FENCING) {
        Needs::Fencing
    } else if c.resources[resource].is(F::NEEDS_QUORUM) {
        Needs::Quorum
    } else {
        Needs::Nothing
    }
}

/// What is not managed need not be done.
fn update_optional(c: &mut Cluster<'_>, action: ActionId, resource: ResourceId, optional: bool) {
    let managed = c.resources[resource].is(F::MANAGED);
    let it = &mut c.actions[action];
    if it.node.is_some() && !it.is(A::PSEUDO) && !managed && it.interval_ms() == 0 {
        it.flags.insert(A::OPTIONAL);
    } else if !optional {
        it.flags.remove(A::OPTIONAL);
    }
}

/// Whether its node and the quorum let it be done.
fn update_runnable(c: &mut Cluster<'_>, action: ActionId, resource: ResourceId) {
    let it = &c.actions[action];
    if it.is(A::PSEUDO) {
        return;
    }
    let Some(node) = it.node else {
        c.actions[action].flags.remove(A::RUNNABLE);
        return;
    };
    let by_controller = it.is(A::BY_CONTROLLER);
    let at = &c.nodes[node];
    let reachable = at.online || (c.is_guest_node(node) && !at.requires_reset);
    if !by_controller && !reachable {
        let lost = it.task == Task::Stop && !at.unclean && c.resources[resource].is(F::MANAGED);
        c.actions[action].flags.remove(A::RUNNABLE);
        if lost {
            fence(c, node, Reason::Node("stop is unrunnable"), false);
        }
    } else if !by_controller && at.pending {
        c.actions[action].flags.remove(A::RUNNABLE);
    } else if it.needs == Needs::Nothing {
        let stuck = c.is_guest_node(node) && !c.can_fence(node);
        let it = &mut c.actions[action];
        it.reason = None;
        it.flags.set(A::RUNNABLE, !stuck);
    } else {
        by_quorum(c, action, resource);
    }
}

fn by_quorum(c: &mut Cluster<'_>, action: ActionId, resource: ResourceId) {
    match effective_policy(c, resource) {
        NoQuorum::Stop => {
            let it = &mut c.actions[action];
            it.flags.remove(A::RUNNABLE);
            it.reason = Some(Reason::NoQuorum);
        }
        NoQuorum::Freeze => {
            let active = c.is_active(resource, true);
            let it = &c.resources[resource];
            if !active || it.next_role > it.role {
                let it = &mut c.actions[action];
                it.flags.remove(A::RUNNABLE);
                it.reason = Some(Reason::QuorumFreeze);
            }
        }
        _ => c.actions[action].flags.insert(A::RUNNABLE),
    }
}

fn effective_policy(c: &mut Cluster<'_>, resource: ResourceId) -> NoQuorum {
    if c.options.have_quorum {
        return NoQuorum::Ignore;
    }
    if c.options.no_quorum != NoQuorum::Demote {
        return c.options.no_quorum;
    }
    let it = &mut c.resources[resource];
    if matches!(it.role, Role::Promoted | Role::Unpromoted) {
        it.next_role = it.next_role.min(Role::Unpromoted);
        NoQuorum::Ignore
    } else {
        NoQuorum::Stop
    }
}

impl<'d> Cluster<'d> {
    /// A resource's actions of a key, oldest first. With a node, those without one are given to it.
    pub(crate) fn actions_keyed(
        &mut self,
        resource: ResourceId,
        key: Key<'_>,
        node: Option<NodeId>,
    ) -> Vec<ActionId> {
        let mut found = Vec::new();
        for position in 0..self.resources[resource].actions.len() {
            let Some(id) = self.resources[resource].actions.get(position).copied() else { break };
            if self.actions[id].key != key {
                continue;
            }
            if let (None, Some(node)) = (self.actions[id].node, node) {
                self.actions[id].node = Some(node);
            }
            if node.is_none() || self.actions[id].node == node {
                found.push(id);
            }
        }
        found
    }

    /// A resource's actions of a key on exactly that node, oldest first.
    pub(crate) fn actions_exactly(
        &self,
        resource: ResourceId,
        key: Key<'_>,
        node: Option<NodeId>,
    ) -> Vec<ActionId> {
        let all = self.resources[resource].actions.iter().copied();
        all.filter(|id| {
            let action = &self.actions[*id];
            node.is_some() && action.node == node && action.key == key
        })
        .collect()
    }

    /// Puts one action before another; says whether that is new.
    pub(crate) fn order_actions(&mut self, first: ActionId, then: ActionId, flags: O) -> bool {
        if flags.is_empty() {
            return false;
        }
        let (after, before) = (&self.actions[first].after, &self.actions[then].before);
        // Entries are kept at both ends; what an order means may have been changed at the far one.
        let may_be_known = after.len() <= before.len() || before.iter().any(|order| order.action == first);
        let known =
            may_be_known && after.iter().any(|order| order.action == then && order.flags.intersects(flags));
        if known {
            return false;
        }
        self.actions[first].after.push(Order { action: then, flags, dumped: false });
        self.actions[then].before.push(Order { action: first, flags, dumped: false });
        true
    }
}
