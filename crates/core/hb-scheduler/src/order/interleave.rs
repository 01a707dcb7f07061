//! Orders between collectives with several instances: as a whole, or instance by instance.

use super::update::{self, Changed, action_flags, part_task, spread};
use crate::assign::clone::give_up;
use crate::model::{
    ActionFlags as A, ActionId, Cluster, Key, NodeId, OrderFlags as O, ResourceFlags as F, ResourceId, Task,
};
use alloc::vec::Vec;
use hb_cib::{Role, value};

/// Instances of a clone, or containers of a bundle.
fn instances(c: &Cluster<'_>, resource: ResourceId) -> Vec<ResourceId> {
    let it = &c.resources[resource];
    match it.as_bundle() {
        Some(bundle) => bundle.replicas.iter().map(|replica| replica.container).collect(),
        None => it.children.clone(),
    }
}

/// The instance of `resource` that belongs to the same node as `local`.
pub(crate) fn partner(
    c: &Cluster<'_>,
    local: ResourceId,
    resource: ResourceId,
    role: Role,
    current: bool,
) -> Option<ResourceId> {
    if let Some(node) = c.place(local, current) {
        return partner_on(c, node, resource, role, current);
    }
    let nodes = crate::assign::nodes::sorted(c, &c.resources[local].allowed, None);
    nodes.into_iter().find_map(|(node, _)| partner_on(c, node, resource, role, current))
}

fn partner_on(
    c: &Cluster<'_>,
    node: NodeId,
    resource: ResourceId,
    role: Role,
    current: bool,
) -> Option<ResourceId> {
    instances(c, resource).into_iter().find(|instance| {
        (role == Role::Unknown || c.role_of(*instance, current) == role)
            && !c.any_part_is(*instance, F::BLOCKED)
            && c.place(*instance, current) == Some(node)
    })
}

/// Whether the two collectives are ordered instance by instance.
fn interleaves(c: &Cluster<'_>, first: ActionId, then: ActionId) -> bool {
    let (Some(one), Some(other)) = (c.actions[first].resource, c.actions[then].resource) else {
        return false;
    };
    if one == other || c.resources[one].rank() < 2 || c.resources[other].rank() < 2 {
        return false;
    }
    let key = c.actions[then].key;
    let down = key.is_about(Task::Stop) || key.is_about(Task::Demote);
    let decides = if down { one } else { other };
    value::is_true(c.resources[decides].meta.get("interleave"))
}

/// Applies one meaning of an order to collectives.
pub(super) fn update(
    c: &mut Cluster<'_>,
    first: ActionId,
    then: ActionId,
    node: Option<NodeId>,
    flags: A,
    filter: A,
    kind: O,
) -> Changed {
    if interleaves(c, first, then) {
        return update_interleaved(c, first, then, node, filter, kind);
    }
    let Some(owner) = c.actions[then].resource else { return Changed::empty() };
    let mut changed = update::plain(c, first, then, flags, filter, kind);
    for part in instances(c, owner) {
        let task = c.actions[then].task;
        let Some(action) = c.first_action(part, task, node) else { continue };
        if !action_flags(c, action, node).contains(A::RUNNABLE) {
            continue;
        }
        let part_changed = update::update(c, first, action, node, flags, filter, kind);
        changed |= part_changed;
        if part_changed.contains(Changed::THEN) {
            let mut at = c.actions[action].after.len();
            while at > 0 {
                at -= 1;
                if let Some(next) = c.actions[action].after.get(at).map(|order| order.action) {
                    spread(c, next);
                }
            }
        }
    }
    changed
}

fn update_interleaved(
    c: &mut Cluster<'_>,
    first: ActionId,
    then: ActionId,
    node: Option<NodeId>,
    filter: A,
    kind: O,
) -> Changed {
    let mut changed = Changed::empty();
    let (Some(one), Some(other)) = (c.actions[first].resource, c.actions[then].resource) else {
        return changed;
    };
    let key = c.actions[first].key;
    let current = key.is_about(Task::Stopped) || key.is_about(Task::Demoted);
    for then_part in instances(c, other) {
        let Some(first_part) = partner(c, then_part, one, Role::Unknown, current) else {
            let needs = kind.intersects(O::RUNNABLE_FIRST | O::IMPLIES_THEN);
            if !current && needs && give_up(c, then_part) {
                changed |= Changed::THEN;
            }
            continue;
        };
        let Some(task) = instance_task(c, first, one) else { continue };
        let first_action =
            crate::bundle::inner(c, one, first_part, node, c.actions[first].task.name().contains("stop"))
                .map_or_else(
                    || c.first_action(first_part, task, node),
                    |inner| c.first_action(inner, task, node),
                );
        let then_task = c.actions[then].task;
        let then_action = crate::bundle::inner(c, other, then_part, node, then_task.name().contains("mote"))
            .map_or_else(
                || c.first_action(then_part, then_task, node),
                |inner| c.first_action(inner, then_task, node),
            );
        let (Some(first_action), Some(then_action)) = (first_action, then_action) else { continue };
        if c.order_actions(first_action, then_action, kind) {
            changed |= Changed::FIRST | Changed::THEN;
        }
        let flags = action_flags(c, first_action, node);
        changed |= update::update(c, first_action, then_action, node, flags, filter, kind);
    }
    changed
}

/// What an instance does for an action of its collective; notifications stand for what they are about.
pub(crate) fn instance_task<'d>(
    c: &Cluster<'d>,
    action: ActionId,
    collective: ResourceId,
) -> Option<Task<'d>> {
    let it = &c.actions[action];
    let first = c.resources[collective].children.first().copied()?;
    let task = match it.key {
        Key::Notify(_, about) => about,
        _ => it.task,
    };
    Some(part_task(c, first, task))
}
