//! Room on nodes, and what resources need of it.

use super::nodes::is_wanted;
use crate::actions::create::pseudo_singleton;
use crate::methods;
use crate::model::{
    ActionFlags as A, ActionId, Cluster, End, INFINITY, Key, Node, NodeId, OrderFlags as O, Placement,
    ResourceId, Task,
};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// Which node has more room: the first is less than the second when it has more.
pub(crate) fn compare_capacities(one: &Node<'_>, other: &Node<'_>) -> Ordering {
    let value = |node: &Node<'_>, name: &str| node.utilization.get(name).copied().unwrap_or(0);
    let own = one.utilization.keys();
    let only_other = other.utilization.keys().filter(|name| !one.utilization.contains_key(*name));
    let mut result = 0;
    for name in own {
        result += value(other, name).cmp(&value(one, name)) as i32;
    }
    for name in only_other {
        result += value(other, name).cmp(&0) as i32;
    }
    result.cmp(&0)
}

/// Takes from a node what a resource needs.
pub(crate) fn consume(c: &mut Cluster<'_>, node: NodeId, resource: ResourceId) {
    for (name, need) in c.resources[resource].utilization.clone() {
        let left = &mut c.nodes[node].utilization;
        let value = left.get(name).map_or(0, |value| value.saturating_sub(need));
        left.insert(name, value);
    }
}

/// Gives it back.
pub(crate) fn release(c: &mut Cluster<'_>, node: NodeId, resource: ResourceId) {
    for (name, need) in c.resources[resource].utilization.clone() {
        let value = c.nodes[node].utilization.entry(name).or_insert(0);
        *value = value.saturating_add(need);
    }
}

/// Demand by name.
pub(crate) type Demand<'d> = BTreeMap<&'d str, i32>;

/// Adds what a resource needs.
pub(crate) fn add<'d>(c: &Cluster<'d>, demand: &mut Demand<'d>, resource: ResourceId) {
    for (name, need) in &c.resources[resource].utilization {
        let sum = demand.entry(name).or_insert(0);
        *sum = sum.saturating_add(*need);
    }
}

fn fits(c: &Cluster<'_>, node: NodeId, demand: &Demand<'_>) -> bool {
    demand.iter().all(|(name, need)| *need <= c.nodes[node].utilization.get(name).copied().unwrap_or(0))
}

/// Excludes nodes without room; when all are too small for everything that belongs together, tells the roomiest.
pub(crate) fn ban_insufficient(c: &mut Cluster<'_>, resource: ResourceId) -> Option<NodeId> {
    if c.options.placement == Placement::Default {
        return None;
    }
    let mut together = Vec::new();
    methods::colocated(c, resource, resource, &mut together);
    if !together.contains(&resource) {
        together.push(resource);
    }
    let mut demand = Demand::new();
    for part in &together {
        methods::add_utilization(c, *part, &together, &mut demand);
    }
    let table = &c.resources[resource].allowed;
    let wanted: Vec<NodeId> =
        table.iter().filter(|(node, slot)| is_wanted(c, (*node, slot.score))).map(|(node, _)| node).collect();
    let any_fits = wanted.iter().any(|node| fits(c, *node, &demand));
    let own: Demand<'_> = c.resources[resource].utilization.clone();
    let needed = if any_fits { &demand } else { &own };
    let roomiest = wanted.iter().copied().reduce(|best, node| {
        let more = compare_capacities(&c.nodes[node], &c.nodes[best]) == Ordering::Less;
        if more { node } else { best }
    });
    let small: Vec<NodeId> = wanted.iter().copied().filter(|node| !fits(c, *node, needed)).collect();
    for node in small {
        c.add_score(resource, node, -INFINITY);
    }
    roomiest.filter(|_| !any_fits)
}

fn load_stopped(c: &mut Cluster<'_>, node: NodeId) -> ActionId {
    let name = format!("load_stopped_{}", c.nodes[node].name);
    let action = pseudo_singleton(c, name, Task::Other("load_stopped"));
    if c.actions[action].node.is_none() {
        c.actions[action].node = Some(node);
        c.actions[action].flags.remove(A::OPTIONAL);
    }
    action
}

/// Room is made before it is taken.
pub(crate) fn order(c: &mut Cluster<'_>, resource: ResourceId, allowed: &[NodeId]) {
    for node in c.resources[resource].running_on.clone() {
        let room = load_stopped(c, node);
        c.order(End::of(resource, Key::Op(Task::Stop, 0)), End::action(room), O::LOAD);
    }
    for node in allowed {
        let room = load_stopped(c, *node);
        for task in [Task::Start, Task::MigrateTo] {
            c.order(End::action(room), End::of(resource, Key::Op(task, 0)), O::LOAD);
        }
    }
}
