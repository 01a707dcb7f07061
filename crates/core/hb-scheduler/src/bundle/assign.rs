//! Nodes for the parts of bundles.

use super::replicas;
use crate::assign::clone::distribute;
use crate::assign::colocation::keep_only;
use crate::assign::criteria::{apply_plain, threshold_reached};
use crate::assign::{assign_parts, compare, scores};
use crate::constraints::colocation::{Request, add};
use crate::methods;
use crate::model::{
    Cluster, ColocationId, INFINITY, LocationId, NodeId, Replica, ResourceFlags as F, ResourceId,
};
use alloc::vec::Vec;
use hb_cib::Role;

/// Gives containers their nodes, then addresses, connections and what runs inside.
pub(crate) fn assign(c: &mut Cluster<'_>, bundle: ResourceId, prefer: Option<NodeId>) {
    let parts = replicas(c, bundle);
    c.resources[bundle].flags.insert(F::ASSIGNING);
    scores::note(c, "pcmk__bundle_allocate", bundle);
    let mut containers: Vec<ResourceId> = parts.iter().map(|replica| replica.container).collect();
    crate::sort::merge_sort(&mut containers, &mut |one, other| compare::instances(c, one, other));
    let count = i32::try_from(parts.len()).unwrap_or(i32::MAX);
    let per_host = c.resources[bundle].as_bundle().map_or(1, |parts| parts.replicas_per_host);
    distribute(c, bundle, &containers, count, per_host);
    for replica in &parts {
        assign_replica(c, replica, prefer);
    }
    if let Some(child) = c.resources[bundle].as_bundle().and_then(|parts| parts.child) {
        let own: Vec<NodeId> = parts.iter().filter_map(|replica| replica.node).collect();
        for (node, slot) in c.resources[child].allowed.iter_mut() {
            slot.score = if own.contains(&node) { 0 } else { -INFINITY };
        }
        methods::assign(c, child, prefer);
    }
    c.resources[bundle].flags.remove(F::ASSIGNING | F::PROVISIONAL);
}

fn assign_replica(c: &mut Cluster<'_>, replica: &Replica<'_>, prefer: Option<NodeId>) {
    if let Some(ip) = replica.ip {
        methods::assign(c, ip, prefer);
    }
    if let Some(remote) = replica.remote {
        let host = c.resources[replica.container].assigned.filter(|host| c.is_behind_connection(*host));
        if let Some(connection) = host.and_then(|host| c.nodes[host].connection) {
            add(c, Request::between(remote, connection, "child-remote-with-docker-remote", INFINITY));
        }
        methods::assign(c, remote, prefer);
    }
    let Some(child) = replica.child else { return };
    for node in c.resources[child].allowed.nodes() {
        let own = Some(node) == replica.node;
        let failed = own && threshold_reached(c, child, node).is_some();
        if let Some(slot) = c.resources[child].allowed.get_mut(node).filter(|_| !failed) {
            slot.score = if own { INFINITY } else { -INFINITY };
        }
    }
    let Some(clone) = c.resources[child].parent else { return };
    c.resources[clone].flags.insert(F::ASSIGNING);
    methods::assign(c, child, replica.node);
    c.resources[clone].flags.remove(F::ASSIGNING);
}

/// Applies a colocation in which a bundle is the primary.
pub(crate) fn lead(c: &mut Cluster<'_>, dependent: ResourceId, bundle: ResourceId, constraint: ColocationId) {
    if c.resources[bundle].is(F::PROVISIONAL) {
        return;
    }
    let colocation = c.colocations[constraint].clone();
    let binds = colocation.score >= INFINITY;
    if c.resources[colocation.dependent].rank() > 1 {
        match crate::order::interleave::partner(c, dependent, bundle, Role::Unknown, false) {
            Some(container) => methods::apply_colocation(c, dependent, container, constraint, true),
            None if binds => assign_parts(c, dependent, None, true),
            None => {}
        }
        return;
    }
    let mut places = Vec::new();
    for replica in replicas(c, bundle) {
        if !binds {
            methods::apply_colocation(c, dependent, replica.container, constraint, false);
            continue;
        }
        let Some(node) = c.place(replica.container, false) else { continue };
        let promoted = replica.child.is_some_and(|child| c.resources[child].next_role >= Role::Promoted);
        let blocked = c.any_part_is(replica.container, F::BLOCKED);
        if !blocked && (colocation.primary_role < Role::Promoted || promoted) {
            places.insert(0, (node, 0));
        }
    }
    if binds {
        keep_only(c, dependent, &places, false);
    }
}

/// Applies a location constraint to containers and addresses, and to what runs inside where it is about its roles.
pub(crate) fn apply_location(c: &mut Cluster<'_>, bundle: ResourceId, location: LocationId) {
    apply_plain(c, bundle, location);
    for replica in replicas(c, bundle) {
        methods::apply_location(c, replica.container, location);
        if let Some(ip) = replica.ip {
            methods::apply_location(c, ip, location);
        }
    }
    let by_role = matches!(c.locations[location].role, Role::Unpromoted | Role::Promoted);
    if let Some(child) = c.resources[bundle].as_bundle().and_then(|parts| parts.child).filter(|_| by_role) {
        methods::apply_location(c, child, location);
        c.resources[child].locations.push(location);
    }
}
