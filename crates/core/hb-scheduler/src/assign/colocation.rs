//! What colocated resources prefer.

use super::nodes::any_wanted;
use crate::methods;
use crate::model::{
    Cluster, Colocation, ColocationId, INFINITY, NodeId, NodeTable, ResourceFlags as F, ResourceId, score,
};
use alloc::vec::Vec;
use hb_cib::Role;

bitflags::bitflags! {
    /// Which scores are added.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Select: u8 {
        /// Nothing that would leave no node.
        const ACTIVE = 1;
        /// Nothing that would make a good node a bad one.
        const NONNEGATIVE = 2;
        /// Follow what resources go along with, rather than what goes along with them.
        const THIS_WITH = 4;
    }
}

/// A score as a part of infinity.
// Both fit exactly, or nearly so: single precision is what decisions were always made with.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn factor(score: i32) -> f32 {
    score as f32 / INFINITY as f32
}

/// Whether the dependent's preferences move the primary (or its instance).
pub(crate) fn has_influence(c: &Cluster<'_>, constraint: ColocationId, instance: Option<ResourceId>) -> bool {
    let colocation = &c.colocations[constraint];
    let primary = &c.resources[instance.unwrap_or(colocation.primary)];
    let connection = c.resources[colocation.dependent].is(F::ALLOW_REMOTE_REMOTES);
    if connection && !primary.is(F::FAILED) && primary.running_on.len() == 1 {
        return false;
    }
    colocation.influence || primary.running_on.is_empty()
}

/// Adds to a table what a resource, and what is colocated with it, prefers. An absent table becomes the resource's own.
pub(crate) fn add_scores(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    table: &mut Option<NodeTable>,
    attribute: Option<&str>,
    factor: f32,
    select: Select,
) {
    if c.resources[resource].is(F::MERGING) || !c.descend(&c.resources[resource].id.clone()) {
        return;
    }
    c.resources[resource].flags.insert(F::MERGING);
    if let Some(merged) = merge(c, resource, table, attribute, factor, select) {
        *table = Some(merged);
    }
    c.resources[resource].flags.remove(F::MERGING);
    c.ascend();
}

fn merge(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    table: &Option<NodeTable>,
    attribute: Option<&str>,
    factor: f32,
    select: Select,
) -> Option<NodeTable> {
    let mut work = begin(c, resource, table, attribute, factor, select)?;
    if any_wanted(c, &work) {
        let sign = if factor < 0.0 { -1.0 } else { 1.0 };
        for constraint in related(c, resource, select) {
            let this_with = select.contains(Select::THIS_WITH);
            if !this_with && !has_influence(c, constraint, None) {
                continue;
            }
            let colocation = &c.colocations[constraint];
            let other = if this_with { colocation.primary } else { colocation.dependent };
            let part = sign * self::factor(colocation.score);
            let attribute = colocation.attribute;
            let mut inner = Some(work);
            add_scores(c, other, &mut inner, attribute, part, select | Select::ACTIVE);
            work = inner?;
        }
    } else if select.contains(Select::ACTIVE) {
        return None;
    }
    if select.contains(Select::NONNEGATIVE) {
        work.iter_mut().filter(|(_, slot)| slot.score == score::HACK).for_each(|(_, slot)| slot.score = 1);
    }
    Some(work)
}

/// The constraints that lead on.
fn related(c: &Cluster<'_>, resource: ResourceId, select: Select) -> Vec<ColocationId> {
    let it = &c.resources[resource];
    if select.contains(Select::THIS_WITH) {
        return it.this_with.clone();
    }
    let holder = if it.is_group() { it.children.last().copied().unwrap_or(resource) } else { resource };
    c.resources[holder].with_this.clone()
}

fn begin(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    table: &Option<NodeTable>,
    attribute: Option<&str>,
    factor: f32,
    select: Select,
) -> Option<NodeTable> {
    let it = &c.resources[resource];
    if it.is_group() {
        let member = if table.is_some() { it.children.first() } else { it.children.last() };
        let member = *member?;
        let mut work = table.as_ref().map(NodeTable::copy);
        add_scores(c, member, &mut work, attribute, factor, select);
        return work;
    }
    let Some(table) = table else { return Some(it.allowed.copy()) };
    let mut work = table.copy();
    add_matching(c, &mut work, resource, attribute, factor, select.contains(Select::NONNEGATIVE));
    Some(work)
}

/// Adds, to each node, the resource's best score among the nodes with the same value of the attribute.
fn add_matching(
    c: &Cluster<'_>,
    table: &mut NodeTable,
    resource: ResourceId,
    attribute: Option<&str>,
    factor: f32,
    only_positive: bool,
) {
    let by_node = attribute.is_none_or(|name| name.eq_ignore_ascii_case("#uname"));
    for (node, slot) in table.iter_mut() {
        let score =
            if by_node { own_score(c, resource, node) } else { best_score(c, resource, attribute, node) };
        if (factor < 0.0 && score < 0) || slot.score == score::HACK {
            continue;
        }
        let new = score::add(weigh(factor, score), slot.score);
        if only_positive && new < 0 && slot.score > 0 {
            slot.score = score::HACK;
        } else if !(only_positive && new < 0 && slot.score == 0) {
            slot.score = new;
        }
    }
}

/// The product, rounded; never 0 unless one of them is.
// Scores are at most a million: nothing is cut off.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn weigh(factor: f32, score: i32) -> i32 {
    let product = factor * score as f32;
    let weight =
        if product < 0.0 { (f64::from(product) - 0.5) as i32 } else { (f64::from(product) + 0.5) as i32 };
    if weight != 0 || score == 0 {
        weight
    } else if factor > 0.0 {
        1
    } else if factor < 0.0 {
        -1
    } else {
        0
    }
}

fn own_score(c: &Cluster<'_>, resource: ResourceId, node: NodeId) -> i32 {
    let score = c.resources[resource].allowed.score(node).filter(|_| c.nodes[node].available());
    score.map_or(-INFINITY, |score| score.max(-INFINITY))
}

fn best_score(c: &Cluster<'_>, resource: ResourceId, attribute: Option<&str>, node: NodeId) -> i32 {
    let value = |node: NodeId| attribute.and_then(|name| c.nodes[node].attribute(name));
    let wanted = value(node);
    let entries = c.resources[resource].allowed.iter();
    entries
        .filter(|(other, _)| c.nodes[*other].available() && same_text(wanted, value(*other)))
        .map(|(_, slot)| slot.score)
        .max()
        .unwrap_or(-INFINITY)
        .max(-INFINITY)
}

/// Whether two values are the same in any case, or both absent.
pub(crate) fn same_text(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        _ => false,
    }
}

/// What a colocation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affects {
    /// Nothing.
    Nothing,
    /// Where the dependent is.
    Location,
    /// Whether the dependent is promoted.
    Role,
}

/// What a colocation changes for a dependent; `preview` asks before anything has a node.
pub(crate) fn affects(
    c: &Cluster<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    colocation: &Colocation<'_>,
    preview: bool,
) -> Affects {
    let (this, with) = (&c.resources[dependent], &c.resources[primary]);
    if !preview && with.is(F::PROVISIONAL) {
        return Affects::Nothing;
    }
    let in_promotable = this.parent.is_some_and(|parent| c.resources[parent].is(F::PROMOTABLE));
    if colocation.dependent_role >= Role::Unpromoted && in_promotable && !this.is(F::PROVISIONAL) {
        return Affects::Role;
    }
    if !preview && !this.is(F::PROVISIONAL) {
        return Affects::Nothing;
    }
    let wanted = colocation.score > 0;
    let unwanted = colocation.score < 0;
    for (role, actual) in
        [(colocation.dependent_role, this.next_role), (colocation.primary_role, with.next_role)]
    {
        let differs = role != actual;
        if role != Role::Unknown && ((wanted && differs) || (unwanted && !differs)) {
            return Affects::Nothing;
        }
    }
    Affects::Location
}

/// Applies a colocation between two primitives.
pub(crate) fn apply(
    c: &mut Cluster<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    constraint: ColocationId,
) {
    let colocation = c.colocations[constraint].clone();
    match affects(c, dependent, primary, &colocation, false) {
        Affects::Role => apply_to_priority(c, dependent, primary, &colocation),
        Affects::Location => apply_to_scores(c, dependent, primary, &colocation),
        Affects::Nothing => {}
    }
}

fn apply_to_scores(
    c: &mut Cluster<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    colocation: &Colocation<'_>,
) {
    let attribute = colocation.attribute.unwrap_or("#id");
    let place = c.resources[primary].assigned;
    if place.is_none() && colocation.score < 0 {
        return;
    }
    let value = place.and_then(|node| c.nodes[node].attribute(attribute));
    let mut work = c.resources[dependent].allowed.copy();
    for (node, slot) in work.iter_mut() {
        if place.is_none() {
            slot.score = score::add(-colocation.score, slot.score);
        } else if same_text(c.nodes[node].attribute(attribute), value) {
            if colocation.score < INFINITY {
                slot.score = score::add(colocation.score, slot.score);
            }
        } else if colocation.score >= INFINITY {
            slot.score = score::add(-colocation.score, slot.score);
        }
    }
    if colocation.score.abs() >= INFINITY || any_wanted(c, &work) {
        c.resources[dependent].allowed = work;
    }
}

fn apply_to_priority(
    c: &mut Cluster<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    colocation: &Colocation<'_>,
) {
    let (this, with) = (&c.resources[dependent], &c.resources[primary]);
    let (Some(here), Some(there)) = (this.assigned, with.assigned) else { return };
    let attribute = colocation.attribute.unwrap_or("#id");
    if !same_text(c.nodes[here].attribute(attribute), c.nodes[there].attribute(attribute)) {
        if colocation.score == INFINITY && colocation.dependent_role == Role::Promoted {
            c.resources[dependent].priority = -INFINITY;
        }
        return;
    }
    if colocation.primary_role != Role::Unknown && colocation.primary_role != with.next_role {
        return;
    }
    let sign = if colocation.dependent_role == Role::Unpromoted { -1 } else { 1 };
    let priority = score::add(sign * colocation.score, this.priority);
    c.resources[dependent].priority = priority;
}

/// Excludes all nodes that are not in a list; their scores may be added.
pub(crate) fn keep_only(c: &mut Cluster<'_>, resource: ResourceId, nodes: &[(NodeId, i32)], add: bool) {
    let table = &mut c.resources[resource].allowed;
    for (node, slot) in table.iter_mut() {
        match nodes.iter().find(|(known, _)| *known == node) {
            None => slot.score = -INFINITY,
            Some((_, score)) if add => slot.score = score::add(slot.score, *score),
            Some(_) => {}
        }
    }
    for (node, _) in nodes {
        if table.get(*node).is_none() {
            table.insert(*node, crate::model::Slot::of(-INFINITY));
        }
    }
}

/// Resources that have to be with this one, wherever they are.
pub(crate) fn colocated(
    c: &Cluster<'_>,
    resource: ResourceId,
    origin: ResourceId,
    found: &mut Vec<ResourceId>,
) {
    if found.contains(&resource) {
        return;
    }
    found.push(resource);
    let it = &c.resources[resource];
    for constraint in &it.this_with {
        let colocation = &c.colocations[*constraint];
        let primary = colocation.primary;
        let binds = colocation.score == INFINITY
            && affects(c, resource, primary, colocation, true) == Affects::Location;
        if primary != origin && binds {
            methods::colocated(c, primary, origin, found);
        }
    }
    for constraint in &it.with_this {
        let colocation = &c.colocations[*constraint];
        let dependent = colocation.dependent;
        if dependent == origin || (it.is_clone() && !c.resources[dependent].is_clone()) {
            continue;
        }
        let binds = colocation.score == INFINITY
            && affects(c, dependent, resource, colocation, true) == Affects::Location;
        if binds {
            methods::colocated(c, dependent, origin, found);
        }
    }
}
