//! Bundles: containers made of an image, each with an address, a connection and a resource inside.

pub(crate) mod actions;
pub(crate) mod assign;
pub(crate) mod expand;
pub(crate) mod remote;
pub(crate) mod unpack;

use crate::model::{Cluster, NodeId, Replica, ResourceId};
use alloc::vec::Vec;
use hb_cib::Role;

/// The replicas of a bundle.
pub(crate) fn replicas<'d>(c: &Cluster<'d>, bundle: ResourceId) -> Vec<Replica<'d>> {
    c.resources[bundle].as_bundle().map(|parts| parts.replicas.clone()).unwrap_or_default()
}

/// Whether a bundle is active: one of its replicas, or all of them.
pub(crate) fn is_active(c: &Cluster<'_>, bundle: ResourceId, all: bool) -> bool {
    let Some(parts) = c.resources[bundle].as_bundle() else { return false };
    let resources = parts
        .replicas
        .iter()
        .flat_map(|replica| [replica.ip, replica.child, Some(replica.container), replica.remote]);
    let mut active = resources.flatten().map(|part| c.is_active(part, all));
    if all { active.all(|active| active) } else { active.any(|active| active) }
}

/// The role of a bundle: none, whatever its parts do.
pub(crate) fn role(_: &Cluster<'_>, _: ResourceId, _: bool) -> Role {
    Role::Unknown
}

/// What runs inside of the replica that a node is.
pub(crate) fn replica_on(c: &Cluster<'_>, bundle: ResourceId, node: NodeId) -> Option<ResourceId> {
    let parts = c.resources[bundle].as_bundle()?;
    parts.replicas.iter().find(|replica| replica.node == Some(node))?.child
}

/// What runs in a container, for actions that are about that.
pub(crate) fn inner(
    c: &Cluster<'_>,
    bundle: ResourceId,
    container: ResourceId,
    node: Option<NodeId>,
    wanted: bool,
) -> Option<ResourceId> {
    let parts = c.resources[bundle].as_bundle().filter(|_| wanted)?;
    let replica = parts.replicas.iter().find(|replica| replica.container == container)?;
    replica.child.filter(|_| node.is_some() && replica.node == node)
}
