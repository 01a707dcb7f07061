//! The cluster and its transition as people read them.
//!
//! [`status`] writes lists of nodes and resources, [`transition`] what is going to be done and why.

mod agent;
mod collective;
mod dot;
mod listing;
mod nodes;
mod resource;
mod summary;

#[cfg(test)]
mod tests;

use crate::model::{Cluster, ResourceFlags, ResourceId};
use alloc::format;
use alloc::string::String;

pub use agent::result_text;
pub use dot::{Picture, dot};
pub use listing::{Listing, Shape};
pub use summary::transition;

/// What is shown of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Show {
    /// Operations that are under way.
    pub pending: bool,
    /// Attributes of nodes.
    pub attributes: bool,
    /// Failures by node, and failed operations.
    pub failures: bool,
}

/// How many resources are disabled or blocked; `None` when none is.
#[must_use]
pub fn restrictions(cluster: &Cluster<'_>) -> Option<String> {
    (cluster.disabled > 0 || cluster.blocked > 0).then(|| {
        format!(
            "{} of {} resource instances DISABLED and {} BLOCKED from further action due to failure",
            cluster.disabled, cluster.instances, cluster.blocked
        )
    })
}

/// Writes the list of nodes and the full list of resources.
pub fn status(cluster: &Cluster<'_>, title: &str, show: Show, out: &mut Listing) {
    out.begin(title);
    let mut written = nodes::list(cluster, out);
    if written {
        out.blank();
    }
    out.begin("Full List of Resources");
    let mut any = false;
    for &resource in &cluster.top {
        // What is gone from the configuration and does not run any more is of no interest.
        let orphan = cluster.resources[resource].is(ResourceFlags::ORPHAN);
        if !orphan || cluster.is_active(resource, true) {
            any |= write_resource(cluster, resource, show, out);
        }
    }
    if !any {
        out.item("No resources");
    }
    out.end();
    written = true;
    if show.attributes {
        nodes::attributes(cluster, written, out);
    }
    if show.failures {
        nodes::failures(cluster, out);
    }
    out.end();
}

/// Writes a resource of any kind; says whether there was anything to write.
fn write_resource(cluster: &Cluster<'_>, resource: ResourceId, show: Show, out: &mut Listing) -> bool {
    let it = &cluster.resources[resource];
    if it.is_group() {
        collective::group(cluster, resource, show, out)
    } else if it.is_clone() {
        collective::clone(cluster, resource, show, out)
    } else if it.is_bundle() {
        collective::bundle(cluster, resource, show, out)
    } else {
        resource::primitive(cluster, resource, show, out)
    }
}
