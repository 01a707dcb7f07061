//! What each kind of resource does in its own way.

use crate::actions;
use crate::assign::{self, criteria, utilization};
use crate::bundle;
use crate::model::{Cluster, ColocationId, LocationId, NodeId, ResourceFlags as F, ResourceId, Variant};
use alloc::vec::Vec;

/// Gives a resource, and what it depends on, a node.
pub(crate) fn assign(c: &mut Cluster<'_>, resource: ResourceId, prefer: Option<NodeId>) -> Option<NodeId> {
    if !c.descend(&c.resources[resource].id.clone()) {
        return None;
    }
    let node = match c.resources[resource].variant {
        Variant::Primitive => assign::primitive::assign(c, resource, prefer),
        Variant::Group(_) => assign::group::assign(c, resource, prefer),
        Variant::Clone(_) => {
            assign::clone::assign(c, resource, prefer);
            None
        }
        Variant::Bundle(_) => {
            bundle::assign::assign(c, resource, prefer);
            None
        }
    };
    c.ascend();
    node
}

/// Makes the actions of a resource.
pub(crate) fn create_actions(c: &mut Cluster<'_>, resource: ResourceId) {
    match c.resources[resource].variant {
        Variant::Primitive => actions::primitive::create(c, resource),
        Variant::Group(_) => actions::group::create(c, resource),
        Variant::Clone(_) => actions::clone::create(c, resource),
        Variant::Bundle(_) => bundle::actions::create(c, resource),
    }
}

/// Applies a colocation to a dependent, or to parts of it.
pub(crate) fn apply_colocation(
    c: &mut Cluster<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    constraint: ColocationId,
    for_dependent: bool,
) {
    if for_dependent {
        match c.resources[dependent].variant {
            Variant::Primitive => apply_colocation(c, dependent, primary, constraint, false),
            Variant::Group(_) => assign::group::go_along(c, dependent, primary, constraint),
            // Instances are dependents in place of these.
            Variant::Clone(_) | Variant::Bundle(_) => {}
        }
        return;
    }
    match c.resources[primary].variant {
        Variant::Primitive => assign::colocation::apply(c, dependent, primary, constraint),
        Variant::Group(_) => assign::group::lead(c, dependent, primary, constraint),
        Variant::Clone(_) => assign::clone::lead(c, dependent, primary, constraint),
        Variant::Bundle(_) => bundle::assign::lead(c, dependent, primary, constraint),
    }
}

/// Applies a location constraint to a resource and its parts.
pub(crate) fn apply_location(c: &mut Cluster<'_>, resource: ResourceId, location: LocationId) {
    match c.resources[resource].variant {
        Variant::Primitive => criteria::apply_plain(c, resource, location),
        Variant::Group(_) => assign::group::apply_location(c, resource, location),
        Variant::Clone(_) => {
            criteria::apply_plain(c, resource, location);
            for child in c.resources[resource].children.clone() {
                apply_location(c, child, location);
            }
        }
        Variant::Bundle(_) => bundle::assign::apply_location(c, resource, location),
    }
}

/// Finds what has to be with a resource.
pub(crate) fn colocated(
    c: &Cluster<'_>,
    resource: ResourceId,
    origin: ResourceId,
    found: &mut Vec<ResourceId>,
) {
    let it = &c.resources[resource];
    if let Some(group) = it.as_group() {
        let all = group.colocated || it.parent.is_some_and(|parent| c.resources[parent].is_clone());
        let count = if all { it.children.len() } else { 1 };
        for member in it.children.iter().take(count) {
            colocated(c, *member, origin, found);
        }
    }
    assign::colocation::colocated(c, resource, origin, found);
}

/// Adds what a resource needs that has no node yet.
pub(crate) fn add_utilization<'d>(
    c: &Cluster<'d>,
    resource: ResourceId,
    together: &[ResourceId],
    demand: &mut utilization::Demand<'d>,
) {
    let it = &c.resources[resource];
    if !it.is(F::PROVISIONAL) {
        return;
    }
    match &it.variant {
        Variant::Primitive => utilization::add(c, demand, resource),
        Variant::Group(group) => {
            let all = group.colocated || it.parent.is_some_and(|parent| c.resources[parent].is_clone());
            let count = if all { it.children.len() } else { 1 };
            for member in it.children.iter().take(count) {
                if c.resources[*member].is(F::PROVISIONAL) && !together.contains(member) {
                    add_utilization(c, *member, together, demand);
                }
            }
        }
        Variant::Clone(_) => {
            let mut known = false;
            for child in &it.children {
                if together.contains(child) {
                    known = true;
                } else if c.resources[*child].children.iter().any(|member| together.contains(member)) {
                    add_utilization(c, *child, together, demand);
                    known = true;
                }
            }
            if let Some(first) = it.children.first().filter(|_| !known) {
                add_utilization(c, *first, together, demand);
            }
        }
        Variant::Bundle(bundle) => {
            if let Some(first) = bundle.replicas.first() {
                add_utilization(c, first.container, together, demand);
            }
        }
    }
}
