//! Looking for resources where their state is not known.

use super::create::{action_on, singleton};
use super::fencing::{fence, order_after_unfencing};
use crate::model::{
    ActionFlags as A, ActionId, Cluster, Discovery, End, Key, NodeId, OrderFlags as O, ResourceFlags as F,
    ResourceId, Task, Variant,
};
use crate::reason::Reason;
use alloc::format;
use hb_cib::{Role, value};

/// Makes a probe of every resource on every node where it is needed.
pub(crate) fn schedule(c: &mut Cluster<'_>) {
    for node in c.node_order.clone() {
        let at = &c.nodes[node];
        if !at.online {
            if super::remote::has_failed(c, node) {
                fence(c, node, Reason::Node("the connection is unrecoverable"), false);
            }
            continue;
        }
        if at.unclean || !at.discovery_enabled {
            continue;
        }
        let probed = at.attribute("probe_complete");
        if probed.is_some() && !value::is_true(probed) {
            let name = format!("probe_again-{}", at.name);
            let again = singleton(c, name, Task::Reprobe, Some(node), false);
            c.actions[again].add("op_no_wait", "true");
            continue;
        }
        for resource in c.top.clone() {
            probe(c, resource, node);
        }
    }
}

/// Makes a probe of a resource, or of its parts, on a node if one is needed; says whether there was one.
pub(crate) fn probe(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) -> bool {
    match c.resources[resource].variant {
        Variant::Primitive | Variant::Group(_) => probe_plain(c, resource, node),
        Variant::Clone(_) => super::clone::probe(c, resource, node),
        Variant::Bundle(_) => crate::bundle::actions::create_probes(c, resource, node),
    }
}

pub(super) fn probe_parts(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) -> bool {
    let children = c.resources[resource].children.clone();
    let mut any = false;
    for child in children {
        any |= probe(c, child, node);
    }
    any
}

fn probe_plain(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) -> bool {
    let it = &c.resources[resource];
    if c.is_behind_connection(node) {
        let guest_inside = c.is_guest_node(node) && c.contains_guest(resource).is_some();
        if it.class() == Some("stonith") || guest_inside || it.is(F::IS_REMOTE) {
            return false;
        }
    }
    if !it.children.is_empty() {
        return probe_parts(c, resource, node);
    }
    let inside = it.container.is_some() && !it.is(F::IS_REMOTE);
    if inside || it.is(F::ORPHAN) || it.known_on.contains(node) {
        return false;
    }
    let top = c.outermost(resource);
    let discovery = it.allowed.get(node).map(|slot| slot.discovery);
    let here = discovery.unwrap_or(c.nodes[node].discovery);
    let exclusive = it.is(F::EXCLUSIVE_DISCOVERY) || c.resources[top].is(F::EXCLUSIVE_DISCOVERY);
    if (exclusive && discovery != Some(Discovery::Exclusive)) || here == Discovery::Never {
        return false;
    }
    if let Some(guest) = c.guest_container(node)
        && guest_is_down(c, node, guest, top)
    {
        return false;
    }
    make(c, resource, node, top);
    true
}

/// Whether a guest is not there, or will not be; what would be probed waits for that.
fn guest_is_down(c: &mut Cluster<'_>, node: NodeId, guest: ResourceId, top: ResourceId) -> bool {
    let it = &c.resources[guest];
    if it.role == Role::Stopped {
        if it.assigned.is_some_and(|assigned| !it.known_on.contains(assigned)) {
            c.order_tasks(guest, Task::Monitor, top, Task::Start, O::OPTIONAL);
        }
        return true;
    }
    let at = &c.nodes[node];
    let moves =
        it.role > Role::Stopped && it.assigned.is_some_and(|assigned| !it.running_on.contains(&assigned));
    if at.requires_reset || at.unclean || it.is(F::FAILED) || it.next_role == Role::Stopped || moves {
        c.order_tasks(guest, Task::Stop, top, Task::Start, O::OPTIONAL);
        return true;
    }
    false
}

fn make(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, top: ResourceId) {
    let probe = action_on(c, resource, Task::Monitor, Some(node), false);
    c.actions[probe].flags.remove(A::OPTIONAL);
    order_after_unfencing(c, resource, node, probe, O::OPTIONAL);
    let it = &c.resources[resource];
    if !it.running_on.contains(&node) {
        c.actions[probe].replace("op_target_rc", "7");
    } else if it.role == Role::Promoted {
        c.actions[probe].replace("op_target_rc", "8");
    }
    let it = &c.resources[resource];
    let alone = (it.is_fence_device() && c.options.unfencing) || !c.resources[top].is_clone();
    let top = if alone { resource } else { top };
    let stuck = !c.actions[probe].is(A::RUNNABLE) && it.running_on.is_empty();
    let flags = if stuck { O::OPTIONAL | O::RUNNABLE_FIRST } else { O::OPTIONAL };
    c.order(End::action(probe), End::of(top, Key::Op(Task::Start, 0)), flags);
    c.order(End::action(probe), End::of(top, Key::Op(Task::ReloadAgent, 0)), O::OPTIONAL);
}

/// Makes all that waits for what is probed wait for the probe.
pub(crate) fn order(c: &mut Cluster<'_>) {
    for resource in c.top.clone() {
        order_restarts(c, resource);
    }
    order_before_stops(c);
}

fn order_restarts(c: &mut Cluster<'_>, resource: ResourceId) {
    if !c.resources[resource].is_primitive() {
        c.resources[resource].children.clone().into_iter().for_each(|child| order_restarts(c, child));
        return;
    }
    for probe in c.actions_keyed(resource, Key::Op(Task::Monitor, 0), None) {
        let mut at = c.actions[probe].after.len();
        while at > 0 {
            at -= 1;
            let Some(then) = c.actions[probe].after.get(at).map(|order| order.action) else { break };
            let mut seen = alloc::vec::Vec::new();
            order_restart(c, probe, then, &mut seen);
            for action in seen {
                c.actions[action].flags.remove(A::TRACKING);
            }
        }
    }
}

/// The stop half of a restart waits for probes as its start does.
fn order_restart(
    c: &mut Cluster<'_>,
    probe: ActionId,
    after: ActionId,
    seen: &mut alloc::vec::Vec<ActionId>,
) {
    let Some(probed) = c.actions[probe].resource else { return };
    if c.actions[after].is(A::TRACKING) || c.actions[probe].task != Task::Monitor || !c.descend("probe") {
        return;
    }
    c.actions[after].flags.insert(A::TRACKING);
    seen.push(after);
    let owner = c.actions[after].resource;
    if let Some(owner) = owner.filter(|owner| *owner != probed && c.resources[*owner].is_primitive()) {
        let inverse = match c.actions[after].task {
            Task::Start => Some(Task::Stop),
            Task::Promote => Some(Task::Demote),
            _ => None,
        };
        let stops = inverse.map(|task| c.actions_keyed(owner, Key::Op(task, 0), None)).unwrap_or_default();
        for stop in stops.into_iter() {
            if !c.actions[stop].is(A::PSEUDO) {
                c.order_actions(probe, stop, O::OPTIONAL);
            }
        }
    }
    let collective = owner.filter(|owner| c.resources[*owner].rank() > 1);
    let interleave =
        collective.is_some_and(|owner| value::is_true(c.resources[owner].meta.get("interleave")));
    let partner = collective
        .filter(|_| interleave)
        .and_then(|owner| crate::order::interleave::partner(c, probed, owner, Role::Unknown, false));
    let mut at = c.actions[after].after.len();
    while at > 0 {
        at -= 1;
        let Some(order) = c.actions[after].after.get(at).copied() else { break };
        let follows = order.flags.contains(O::IMPLIES_THEN)
            || is_own_part(c, probed, owner, order.action, interleave, partner);
        if follows {
            order_restart(c, probe, order.action, seen);
        }
    }
    c.ascend();
}

/// Whether an action is of a part of the collective whose action comes before it.
fn is_own_part(
    c: &Cluster<'_>,
    probed: ResourceId,
    owner: Option<ResourceId>,
    then: ActionId,
    interleave: bool,
    partner: Option<ResourceId>,
) -> bool {
    let (Some(owner), Some(part)) = (owner, c.actions[then].resource) else { return false };
    let rank = c.resources[owner].rank();
    rank >= 1
        && c.resources[probed].parent != Some(owner)
        && c.resources[part].rank() <= 1
        && c.resources[part].parent == Some(owner)
        && (rank == 1 || !interleave || partner == Some(part))
}

/// What waits for a stop waits for probes of the same resource, too.
fn order_before_stops(c: &mut Cluster<'_>) {
    for position in 0..c.orderings.len() {
        let Some(order) = c.orderings.get(position).cloned() else { break };
        let Some(first) = order.first.resource.filter(|_| !order.flags.is_empty()) else { continue };
        if Some(first) == order.then.resource || (order.then.action.is_none() && order.then.key.is_none()) {
            continue;
        }
        let stops = |c: &Cluster<'_>, end: &End<'_>| match end.action {
            Some(action) => c.actions[action].task == Task::Stop,
            None => end.key.is_some_and(|key| key.is_about(Task::Stop)),
        };
        if !stops(c, &order.first) {
            continue;
        }
        let container = c.resources[first].container;
        if order.then.resource.is_some() && container == order.then.resource && stops(c, &order.then) {
            continue;
        }
        let kept = order.flags & (O::FIRST_NOT_MIGRATABLE | O::SAME_NODE);
        let alone = order.flags == O::ANTI_COLOCATION || order.flags == O::LOAD;
        let flags = if alone { order.flags } else { O::OPTIONAL | kept };
        let probes = c.actions_keyed(first, Key::Op(Task::Monitor, 0), None);
        if probes.is_empty() {
            continue;
        }
        let thens = match (order.then.action, order.then.resource, order.then.key) {
            (Some(action), ..) => alloc::vec![action],
            (None, Some(resource), Some(key)) => c.actions_keyed(resource, key, None),
            _ => alloc::vec![],
        };
        for probe in probes {
            for then in &thens {
                if is_needed_before(c, probe, *then) {
                    c.order_actions(probe, *then, flags);
                }
            }
        }
    }
}

fn is_needed_before(c: &Cluster<'_>, probe: ActionId, then: ActionId) -> bool {
    let (first, second) = (&c.actions[probe], &c.actions[then]);
    let (Some(one), Some(other)) = (first.node, second.node) else { return true };
    match second.task {
        Task::Fence => one != other || second.added("stonith_action") != Some("on"),
        Task::Shutdown => one == other,
        _ => true,
    }
}

impl Cluster<'_> {
    /// The connection to a guest that a resource contains.
    pub(crate) fn contains_guest(&self, resource: ResourceId) -> Option<ResourceId> {
        let fillers = self.resources[resource].fillers.iter().copied();
        let mut fillers = fillers.filter(|_| self.options.have_remote_nodes);
        fillers.find(|filler| self.resources[*filler].is(F::IS_REMOTE))
    }
}
