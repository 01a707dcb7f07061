//! Which resource runs where.

pub(crate) mod clone;
pub(crate) mod colocation;
pub(crate) mod compare;
pub(crate) mod criteria;
mod finalize;
pub(crate) mod group;
pub(crate) mod nodes;
pub(crate) mod primitive;
pub(crate) mod promotable;
pub(crate) mod scores;
pub(crate) mod utilization;

pub(crate) use finalize::{assign_parts, finalize, unassign};

use crate::methods::assign;
use crate::model::{Cluster, Placement, ResourceFlags as F};

/// Gives each resource a node, or none: connections first, then by importance.
pub(crate) fn assign_all(c: &mut Cluster<'_>) {
    if c.options.placement != Placement::Default {
        compare::sort_resources(c);
    }
    if c.options.have_remote_nodes {
        for resource in c.top.clone() {
            if c.resources[resource].is(F::IS_REMOTE) {
                let prefer = c.resources[resource].partial_target;
                assign(c, resource, prefer);
            }
        }
    }
    for resource in c.top.clone() {
        if !c.resources[resource].is(F::IS_REMOTE) {
            assign(c, resource, None);
        }
    }
}
