//! A node for a group.

use super::scores;
use crate::methods;
use crate::model::{
    Cluster, ColocationId, INFINITY, Location, LocationId, NodeId, ResourceFlags as F, ResourceId,
};

/// Gives the members of a group their nodes.
pub(crate) fn assign(c: &mut Cluster<'_>, group: ResourceId, prefer: Option<NodeId>) -> Option<NodeId> {
    if !c.resources[group].is(F::PROVISIONAL) {
        return c.resources[group].assigned;
    }
    if c.resources[group].is(F::ASSIGNING) {
        return None;
    }
    let Some(first) = c.resources[group].children.first().copied() else {
        c.resources[group].flags.remove(F::PROVISIONAL);
        return None;
    };
    c.resources[group].flags.insert(F::ASSIGNING);
    c.resources[group].role = c.resources[first].role;
    hand_down_colocations(c, group);
    scores::note(c, "pcmk__group_assign", group);
    let mut node = None;
    for member in c.resources[group].children.clone() {
        let place = methods::assign(c, member, prefer);
        node = node.or(place);
    }
    let role = c.resources[first].next_role;
    c.want(group, role);
    c.resources[group].flags.remove(F::ASSIGNING | F::PROVISIONAL);
    let colocated = c.resources[group].as_group().is_some_and(|group| group.colocated);
    node.filter(|_| colocated)
}

/// What the group goes along with, its first member goes along with; what goes along with the group, with its last.
fn hand_down_colocations(c: &mut Cluster<'_>, group: ResourceId) {
    let members = c.resources[group].children.clone();
    let this_with = core::mem::take(&mut c.resources[group].this_with);
    let mut unmanaged = false;
    for (position, member) in members.iter().copied().enumerate() {
        for constraint in &this_with {
            let binds = c.colocations[*constraint].score == INFINITY;
            if position == 0 || (unmanaged && binds) {
                c.add_this_with(member, *constraint);
            }
        }
        unmanaged |= !c.resources[member].is(F::MANAGED);
    }
    let with_this = core::mem::take(&mut c.resources[group].with_this);
    if let Some(last) = members.last().copied() {
        for constraint in with_this {
            c.add_with_this(last, constraint);
        }
    }
}

/// Applies a colocation in which a group is the dependent.
pub(crate) fn go_along(
    c: &mut Cluster<'_>,
    group: ResourceId,
    primary: ResourceId,
    constraint: ColocationId,
) {
    let it = &c.resources[group];
    if it.as_group().is_some_and(|group| group.colocated) {
        if let Some(first) = it.children.first().copied() {
            methods::apply_colocation(c, first, primary, constraint, true);
        }
    } else if c.colocations[constraint].score < INFINITY {
        for member in it.children.clone() {
            methods::apply_colocation(c, member, primary, constraint, true);
        }
    }
}

/// Applies a colocation in which a group is the primary.
pub(crate) fn lead(c: &mut Cluster<'_>, dependent: ResourceId, group: ResourceId, constraint: ColocationId) {
    let it = &c.resources[group];
    if it.is(F::PROVISIONAL) {
        return;
    }
    let binds = c.colocations[constraint].score >= INFINITY;
    if it.as_group().is_some_and(|group| group.colocated) {
        let member = if binds { it.children.last() } else { it.children.first() };
        if let Some(member) = member.copied() {
            methods::apply_colocation(c, dependent, member, constraint, false);
        }
    } else if !binds {
        for member in it.children.clone() {
            methods::apply_colocation(c, dependent, member, constraint, false);
        }
    }
}

/// Applies a location constraint: the scores count once, for the first member.
pub(crate) fn apply_location(c: &mut Cluster<'_>, group: ResourceId, location: LocationId) {
    super::criteria::apply_plain(c, group, location);
    let colocated = c.resources[group].as_group().is_some_and(|group| group.colocated);
    let original = c.locations[location].nodes.clone();
    for (position, member) in c.resources[group].children.clone().into_iter().enumerate() {
        if position == 1 && colocated {
            let zeroes = original.iter().rev().map(|(node, _)| (*node, 0)).collect();
            set_nodes(&mut c.locations[location], zeroes);
        }
        methods::apply_location(c, member, location);
    }
    set_nodes(&mut c.locations[location], original);
}

fn set_nodes(location: &mut Location<'_>, nodes: alloc::vec::Vec<(NodeId, i32)>) {
    location.nodes = nodes;
}
