//! Bundles: containers made of an image, each with an address, a connection and a resource inside.

pub(crate) mod expand;
pub(crate) mod unpack;

use crate::model::{
    ActionFlags, ActionId, Cluster, ColocationId, LocationId, NodeId, ResourceFlags, ResourceId,
};
use hb_cib::{Element, Role};

/// Whether a bundle is active: one of its replicas, or all of them.
pub(crate) fn is_active(c: &Cluster<'_>, bundle: ResourceId, all: bool) -> bool {
    let Some(parts) = c.resources[bundle].as_bundle() else { return false };
    let active = |replica: &crate::model::Replica<'_>| {
        [replica.ip, replica.child, Some(replica.container), replica.remote]
            .into_iter()
            .flatten()
            .map(|part| c.is_active(part, all))
            .reduce(|one, other| if all { one && other } else { one || other })
            .unwrap_or(all)
    };
    if all { parts.replicas.iter().all(active) } else { parts.replicas.iter().any(active) }
}

/// The role of a bundle: that of the container which is furthest.
pub(crate) fn role(c: &Cluster<'_>, bundle: ResourceId, current: bool) -> Role {
    let parts = c.resources[bundle].as_bundle();
    let roles = parts.into_iter().flat_map(|parts| parts.replicas.iter());
    roles.map(|replica| c.role_of(replica.container, current)).max().unwrap_or(Role::Unknown)
}

/// What runs inside of the replica that is a node.
pub(crate) fn replica_on(c: &Cluster<'_>, bundle: ResourceId, node: NodeId) -> Option<ResourceId> {
    let replicas = &c.resources[bundle].as_bundle()?.replicas;
    replicas.iter().find(|replica| replica.node == Some(node))?.child
}

/// Whether parameters of a resource depend on where it will be.
pub(crate) fn needs_remote_name(c: &Cluster<'_>, resource: ResourceId) -> bool {
    let parameters = c.resources[resource].parameters.first();
    let by_name = parameters.is_some_and(|(_, all)| all.get("addr").copied() == Some("#uname"));
    by_name && c.resources[resource].is(ResourceFlags::IS_REMOTE) && c.is_bundled(resource)
}

/// Checks an entry of the history when everything has a node.
pub(crate) fn check_later(
    _c: &mut Cluster<'_>,
    _resource: ResourceId,
    _node: NodeId,
    _entry: Element<'_>,
    _active: bool,
) {
}

/// Does the checks that had to wait.
pub(crate) fn check_deferred(_c: &mut Cluster<'_>) {}

/// The name under which a replica is reached.
pub(crate) fn remote_name<'d>(_c: &Cluster<'d>, _resource: ResourceId) -> Option<&'d str> {
    None
}

/// A parameter with names put in place of what stands for them.
pub(crate) fn substitute<'d>(_c: &Cluster<'d>, _resource: ResourceId, _name: &str, text: &'d str) -> &'d str {
    text
}

/// Makes probes of the parts of a bundle.
pub(crate) fn probe(_c: &mut Cluster<'_>, _bundle: ResourceId, _node: NodeId) -> bool {
    false
}

/// Gives the parts of a bundle their nodes.
pub(crate) fn assign(_c: &mut Cluster<'_>, _bundle: ResourceId, _prefer: Option<NodeId>) {}

/// Makes the actions of the parts.
pub(crate) fn create_actions(_c: &mut Cluster<'_>, _bundle: ResourceId) {}

/// Orders the actions of the parts.
pub(crate) fn constrain(_c: &mut Cluster<'_>, _bundle: ResourceId) {}

/// Applies a colocation in which a bundle is the primary.
pub(crate) fn lead(
    _c: &mut Cluster<'_>,
    _dependent: ResourceId,
    _bundle: ResourceId,
    _constraint: ColocationId,
) {
}

/// Applies a location constraint.
pub(crate) fn apply_location(_c: &mut Cluster<'_>, _bundle: ResourceId, _location: LocationId) {}

/// The flags of an action of a bundle.
pub(crate) fn action_flags(c: &mut Cluster<'_>, action: ActionId, _node: Option<NodeId>) -> ActionFlags {
    c.actions[action].flags
}

/// What runs in a container, for actions that are its.
pub(crate) fn inner(
    c: &Cluster<'_>,
    bundle: ResourceId,
    container: ResourceId,
    node: Option<NodeId>,
    wanted: bool,
) -> Option<ResourceId> {
    let replicas = &c.resources[bundle].as_bundle().filter(|_| wanted)?.replicas;
    let replica = replicas.iter().find(|replica| replica.container == container)?;
    let child = replica.child?;
    let there = node.is_none_or(|node| replica.node == Some(node));
    there.then_some(child)
}

/// Adds the actions of the parts to the graph.
pub(crate) fn add_to_graph(_c: &mut Cluster<'_>, _bundle: ResourceId) {}
