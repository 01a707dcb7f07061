//! The order in which instances and resources get their nodes.

use super::colocation::{self, Select};
use super::nodes;
use crate::model::{Cluster, INFINITY, NodeId, NodeTable, ResourceFlags as F, ResourceId, Slot};
use alloc::vec::Vec;
use core::cmp::Ordering;

/// Which of two instances goes first.
pub(crate) fn instances(c: &mut Cluster<'_>, one: ResourceId, other: ResourceId) -> Ordering {
    let (node1, count1, _) = c.active_on(one);
    let (node2, count2, _) = c.active_on(other);
    if count1 > 0 && count2 > 0 && count1 != count2 {
        return count1.cmp(&count2);
    }
    let allowed = |resource: ResourceId, node: Option<NodeId>| {
        let score =
            node.map(|node| c.resources[resource].allowed.score(node).is_some_and(|score| score >= 0));
        (score != Some(false), node.filter(|_| score == Some(true)))
    };
    let (can1, node1) = allowed(one, node1);
    let (can2, node2) = allowed(other, node2);
    let order = can2.cmp(&can1).then(c.resources[other].priority.cmp(&c.resources[one].priority));
    if order != Ordering::Equal {
        return order;
    }
    let (node1, node2) = match (node1, node2) {
        (None, None) => return Ordering::Equal,
        (None, Some(_)) => return Ordering::Greater,
        (Some(_), None) => return Ordering::Less,
        (Some(node1), Some(node2)) => (node1, node2),
    };
    let order = c.nodes[node2].available().cmp(&c.nodes[node1].available());
    if order != Ordering::Equal {
        return order;
    }
    let (slot1, slot2) = (c.top_score(one, node1).copied(), c.top_score(other, node2).copied());
    let order = match (slot1, slot2) {
        (None, None) => return Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(slot1), Some(slot2)) => slot1.count.cmp(&slot2.count),
    };
    let order = order.then(c.any_part_is(one, F::FAILED).cmp(&c.any_part_is(other, F::FAILED)));
    if order != Ordering::Equal {
        return order;
    }
    by_colocation(c, one, node1, other, node2).then_with(|| number(c, one).cmp(&number(c, other)))
}

/// Which goes first by number.
pub(crate) fn by_number(c: &Cluster<'_>, one: ResourceId, other: ResourceId) -> Ordering {
    number(c, one).cmp(&number(c, other))
}

fn number(c: &Cluster<'_>, resource: ResourceId) -> u64 {
    let id = &c.resources[resource].id;
    let tail = id.rsplit_once(':').or_else(|| id.rsplit_once('-')).map_or("", |(_, tail)| tail);
    tail.parse().unwrap_or(0)
}

fn by_colocation(
    c: &mut Cluster<'_>,
    one: ResourceId,
    node1: NodeId,
    other: ResourceId,
    node2: NodeId,
) -> Ordering {
    // The current nodes count, which are those of the tables unless an instance is active on several.
    let (node1, node2) = (c.current_node(one).unwrap_or(node1), c.current_node(other).unwrap_or(node2));
    let score1 = colocated_score(c, one, node1);
    let score2 = colocated_score(c, other, node2);
    score2.cmp(&score1)
}

/// What an instance's current node is worth to what its clone is colocated with.
fn colocated_score(c: &mut Cluster<'_>, instance: ResourceId, node: NodeId) -> i32 {
    let base = c.nodes[node].score;
    let Some(clone) = c.resources[instance].parent else { return base };
    if c.resources[clone].this_with.is_empty() && c.resources[clone].with_this.is_empty() {
        return base;
    }
    let mut table = NodeTable::default();
    table.insert(node, Slot::of(base));
    let mut table = Some(table);
    for constraint in c.resources[clone].this_with.clone() {
        let colocation = c.colocations[constraint].clone();
        let factor = colocation::factor(colocation.score);
        colocation::add_scores(
            c,
            colocation.primary,
            &mut table,
            colocation.attribute,
            factor,
            Select::empty(),
        );
    }
    for constraint in c.resources[clone].with_this.clone() {
        if colocation::has_influence(c, constraint, Some(instance)) {
            let colocation = c.colocations[constraint].clone();
            let factor = colocation::factor(colocation.score);
            let select = Select::NONNEGATIVE;
            colocation::add_scores(c, colocation.dependent, &mut table, colocation.attribute, factor, select);
        }
    }
    table.and_then(|table| table.score(node)).unwrap_or(base)
}

/// Sorts resources by importance, and by what their current nodes are worth.
pub(crate) fn sort_resources(c: &mut Cluster<'_>) {
    let all: Vec<_> = c.node_order.iter().map(|node| (*node, c.nodes[*node].score)).collect();
    let nodes: Vec<NodeId> = nodes::sort(c, all, None).into_iter().map(|(node, _)| node).collect();
    let mut top = core::mem::take(&mut c.top);
    let mut tables: alloc::collections::BTreeMap<ResourceId, NodeTable> = alloc::collections::BTreeMap::new();
    crate::sort::merge_sort(&mut top, &mut |one, other| {
        let order = c.resources[other].priority.cmp(&c.resources[one].priority);
        if order != Ordering::Equal || nodes.is_empty() {
            return order;
        }
        for resource in [one, other] {
            tables.entry(resource).or_insert_with(|| {
                let mut table = None;
                colocation::add_scores(c, resource, &mut table, None, 1.0, Select::THIS_WITH);
                table.unwrap_or_default()
            });
        }
        let score = |resource: ResourceId, node: Option<NodeId>| {
            let table = tables.get(&resource);
            node.and_then(|node| table?.score(node)).unwrap_or(-INFINITY)
        };
        let here = |resource: ResourceId| score(resource, c.current_node(resource));
        let order = here(other).cmp(&here(one));
        let rest = nodes.iter().map(|node| score(other, Some(*node)).cmp(&score(one, Some(*node))));
        order
            .then_with(|| rest.into_iter().find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal))
    });
    c.top = top;
}
