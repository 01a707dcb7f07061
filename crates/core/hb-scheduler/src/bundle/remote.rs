//! Connections to what runs inside, where these are made to the container's host.

use crate::actions::changes::definition_changed;
use crate::actions::digest::{self, Change};
use crate::model::{Cluster, NodeId, ResourceFlags as F, ResourceId};
use crate::unpack::failcount::{self, Count};
use crate::unpack::history::Entry;
use hb_cib::Element;

/// What stands for the name of the host.
const HOST: &str = "#uname";

/// An entry of the history to be compared when everything has a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deferred<'d> {
    resource: ResourceId,
    node: NodeId,
    entry: Element<'d>,
    /// It is about an operation that is in force; otherwise about the last failure.
    active: bool,
}

/// Whether parameters of a resource depend on where its container will be.
pub(crate) fn needs_name(c: &mut Cluster<'_>, resource: ResourceId) -> bool {
    c.resources[resource].is(F::IS_REMOTE)
        && c.parameters(resource, None).get("addr").is_some_and(|text| text.eq_ignore_ascii_case(HOST))
}

/// The name under which a replica is reached.
pub(crate) fn name<'d>(c: &mut Cluster<'d>, resource: ResourceId) -> Option<&'d str> {
    if !needs_name(c, resource) {
        return None;
    }
    let bundle = c.resources[resource].parent?;
    let parts = c.resources[bundle].as_bundle()?;
    let container = parts.replicas.iter().find(|replica| replica.remote == Some(resource))?.container;
    let host = c.resources[container].assigned.or_else(|| c.current_node(container))?;
    Some(c.nodes[host].name)
}

/// A parameter with the name of the host in place of what stands for it.
pub(crate) fn substitute<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    parameter: &str,
    text: &'d str,
) -> &'d str {
    if parameter != "addr" || text != HOST {
        return text;
    }
    name(c, resource).unwrap_or(text)
}

/// Compares an entry of the history later.
pub(crate) fn check_later<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: Element<'d>,
    active: bool,
) {
    c.deferred.push(Deferred { resource, node, entry, active });
}

/// Compares what had to wait.
pub(crate) fn check_deferred(c: &mut Cluster<'_>) {
    for check in core::mem::take(&mut c.deferred).into_iter().rev() {
        let Deferred { resource, node, entry, active } = check;
        let entry = Entry::read(entry);
        let changed = if active {
            definition_changed(c, resource, node, &entry)
                && failcount::count(c, resource, node, Count::Effective, None).0 != 0
        } else {
            !matches!(digest::compare(c, resource, node, &entry), Change::None | Change::Unknown)
        };
        if changed {
            failcount::clear(c, resource, node);
        }
    }
}
