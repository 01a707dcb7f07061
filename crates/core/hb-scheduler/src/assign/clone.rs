//! Nodes for the instances of a clone.

use super::colocation::{self, Select};
use super::{compare, finalize, nodes, promotable, scores, unassign};
use crate::methods;
use crate::model::{Cluster, ColocationId, INFINITY, NodeId, ResourceFlags as F, ResourceId, score};
use hb_cib::{Role, value};

/// Gives the instances of a clone their nodes.
pub(crate) fn assign(c: &mut Cluster<'_>, clone: ResourceId, prefer: Option<NodeId>) {
    let it = &c.resources[clone];
    if !it.is(F::PROVISIONAL) || it.is(F::ASSIGNING) {
        return;
    }
    if it.is(F::PROMOTABLE) {
        promotable::add_scores(c, clone);
    }
    c.resources[clone].flags.insert(F::ASSIGNING);
    for constraint in c.resources[clone].this_with.clone() {
        let primary = c.colocations[constraint].primary;
        methods::assign(c, primary, prefer);
    }
    for constraint in c.resources[clone].with_this.clone() {
        if colocation::has_influence(c, constraint, None) {
            add_preferences(c, clone, constraint, Select::ACTIVE | Select::NONNEGATIVE);
        }
    }
    scores::note(c, "pcmk__clone_allocate", clone);
    let mut children = core::mem::take(&mut c.resources[clone].children);
    crate::sort::merge_sort(&mut children, &mut |one, other| compare::instances(c, one, other));
    c.resources[clone].children = children;
    let (max, node_max) = c.resources[clone].as_clone().map_or((0, 0), |data| (data.max, data.node_max));
    let children = c.resources[clone].children.clone();
    distribute(c, clone, &children, max, node_max);
    if c.resources[clone].is(F::PROMOTABLE) {
        promotable::set_roles(c, clone);
    }
    c.resources[clone].flags.remove(F::PROVISIONAL | F::ASSIGNING);
}

/// Adds what a colocated resource prefers to the clone's own table.
pub(super) fn add_preferences(
    c: &mut Cluster<'_>,
    clone: ResourceId,
    constraint: ColocationId,
    select: Select,
) {
    let colocation = &c.colocations[constraint];
    let (other, attribute) = (colocation.dependent, colocation.attribute);
    let factor = colocation::factor(colocation.score);
    add_to_own(c, clone, other, attribute, factor, select);
}

/// Adds what another resource prefers to the clone's own table.
pub(super) fn add_to_own(
    c: &mut Cluster<'_>,
    clone: ResourceId,
    other: ResourceId,
    attribute: Option<&str>,
    factor: f32,
    select: Select,
) {
    let mut table = Some(c.resources[clone].allowed.clone());
    colocation::add_scores(c, other, &mut table, attribute, factor, select);
    if let Some(table) = table {
        c.resources[clone].allowed = table;
    }
}

/// Gives nodes to as many instances as there may be: first to those that can stay.
pub(crate) fn distribute(
    c: &mut Cluster<'_>,
    clone: ResourceId,
    children: &[ResourceId],
    max: i32,
    node_max: i32,
) {
    let mut usable = 0;
    for node in c.resources[clone].allowed.nodes() {
        if let Some(slot) = c.resources[clone].allowed.get_mut(node) {
            slot.count = 0;
        }
        usable += i32::from(c.nodes[node].available());
    }
    let all = max < usable;
    let share = if usable > 0 { (max / usable).max(1) } else { 1 };
    let mut assigned = 0;
    for child in children.iter().copied() {
        if assigned >= max {
            break;
        }
        let it = &c.resources[child];
        if it.running_on.is_empty() || !it.is(F::PROVISIONAL) || it.is(F::FAILED) {
            continue;
        }
        let Some(node) = c.current_node(child) else { continue };
        let full = c.top_score(child, node).is_some_and(|slot| slot.count >= share);
        if nodes::is_wanted(c, (node, c.nodes[node].score)) && !full {
            assigned += i32::from(assign_instance(c, child, Some(node), all, node_max).is_some());
        }
    }
    for child in children.iter().copied() {
        if !c.resources[child].is(F::PROVISIONAL) {
            continue;
        }
        if assigned >= max {
            c.add_score_everywhere(child, -INFINITY);
        } else {
            assigned += i32::from(assign_instance(c, child, None, all, node_max).is_some());
        }
    }
}

fn assign_instance(
    c: &mut Cluster<'_>,
    instance: ResourceId,
    prefer: Option<NodeId>,
    all: bool,
    limit: i32,
) -> Option<NodeId> {
    let it = &c.resources[instance];
    if !it.is(F::PROVISIONAL) {
        return c.place(instance, false);
    }
    if it.is(F::ASSIGNING) {
        return None;
    }
    hand_down_colocations(c, instance, all);
    let refused = |node: NodeId| c.resources[instance].allowed.score(node).is_none_or(|score| score < 0);
    if prefer.is_some_and(refused) {
        return None;
    }
    for node in c.resources[instance].allowed.nodes() {
        limit_instances(c, instance, node, limit);
    }
    let backup = c.resources[instance].allowed.copy();
    let mut chosen = methods::assign(c, instance, prefer);
    if prefer.is_some() && chosen.is_some() && chosen != prefer {
        c.resources[instance].allowed = backup;
        unassign(c, instance);
        chosen = None;
    }
    if let Some(node) = chosen {
        c.count_instance(instance, node);
    }
    chosen
}

/// Excludes an instance from a node that cannot take it.
fn limit_instances(c: &mut Cluster<'_>, instance: ResourceId, node: NodeId, limit: i32) {
    let orphan = c.resources[instance].is(F::ORPHAN);
    let usable = c.nodes[node].available() && !orphan;
    if usable && c.top_score(instance, node).is_some_and(|slot| slot.score >= 0 && slot.count < limit) {
        return;
    }
    change_score(c, instance, node, -INFINITY);
}

/// Adds to a score that exists, and to those of parts.
fn change_score(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, number: i32) {
    if let Some(slot) = c.resources[resource].allowed.get_mut(node) {
        slot.score = score::add(slot.score, number);
    }
    for child in c.resources[resource].children.clone() {
        change_score(c, child, node, number);
    }
}

/// An instance takes part in the colocations of its clone.
fn hand_down_colocations(c: &mut Cluster<'_>, instance: ResourceId, all: bool) {
    let Some(clone) = c.resources[instance].parent else { return };
    for constraint in c.resources[clone].this_with.clone() {
        let score = c.colocations[constraint].score;
        if all || score < 0 || score == INFINITY {
            c.add_this_with(instance, constraint);
        }
    }
    for constraint in c.resources[clone].with_this.clone() {
        let counts = all || c.colocations[constraint].score < 0;
        if counts && colocation::has_influence(c, constraint, Some(instance)) {
            c.add_with_this(instance, constraint);
        }
    }
}

/// Applies a colocation in which a clone is the primary.
pub(crate) fn lead(c: &mut Cluster<'_>, dependent: ResourceId, clone: ResourceId, constraint: ColocationId) {
    if !c.resources[dependent].is_primitive() || c.resources[clone].is(F::PROVISIONAL) {
        return;
    }
    let colocation = c.colocations[constraint].clone();
    if c.resources[clone].is(F::PROMOTABLE) && colocation.primary_role != Role::Unknown {
        if c.resources[dependent].is(F::PROVISIONAL) {
            return promotable::lead(c, dependent, clone, &colocation);
        }
        if colocation.dependent_role == Role::Promoted {
            return promotable::lead_priority(c, dependent, clone, &colocation);
        }
    }
    let owner = &c.resources[colocation.dependent];
    let interleave = value::is_true(owner.meta.get("interleave"))
        && owner.rank() > 1
        && copies_per_node(c, colocation.dependent) == copies_per_node(c, colocation.primary);
    if interleave {
        match crate::order::interleave::partner(c, dependent, clone, Role::Unknown, false) {
            Some(partner) => methods::apply_colocation(c, dependent, partner, constraint, true),
            None if colocation.score >= INFINITY => {
                super::assign_parts(c, dependent, None, true);
            }
            None => {}
        }
    } else if colocation.score >= INFINITY {
        let mut places = alloc::vec::Vec::new();
        for child in c.resources[clone].children.clone() {
            if let Some(node) = c.place(child, false).filter(|_| !c.any_part_is(child, F::BLOCKED)) {
                places.insert(0, (node, 0));
            }
        }
        colocation::keep_only(c, dependent, &places, false);
    } else {
        for child in c.resources[clone].children.clone() {
            methods::apply_colocation(c, dependent, child, constraint, false);
        }
    }
}

fn copies_per_node(c: &Cluster<'_>, resource: ResourceId) -> i64 {
    let it = &c.resources[resource];
    if let Some(bundle) = it.as_bundle() {
        return i64::from(bundle.replicas_per_host);
    }
    let text = it.meta.get("clone-node-max").filter(|_| it.is_clone());
    text.map_or(1, |text| value::integer(text).unwrap_or(0).max(0))
}

impl Cluster<'_> {
    /// Whether a flag is set for a resource or a part of it.
    pub(crate) fn any_part_is(&self, resource: ResourceId, flag: F) -> bool {
        let it = &self.resources[resource];
        it.is(flag) || it.children.iter().any(|child| self.any_part_is(*child, flag))
    }
}

/// Gives an instance no node.
pub(crate) fn give_up(c: &mut Cluster<'_>, resource: ResourceId) -> bool {
    let had = |c: &Cluster<'_>, resource: ResourceId| c.resources[resource].assigned.is_some();
    let children = c.resources[resource].children.clone();
    if children.is_empty() {
        let changed = had(c, resource);
        finalize(c, resource, None, true);
        return changed;
    }
    let mut changed = false;
    for child in children {
        changed |= give_up(c, child);
    }
    changed
}
