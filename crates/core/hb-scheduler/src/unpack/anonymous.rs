//! Which resource an entry of a history belongs to. Instances that are alike are called alike there.

use crate::model::{Cluster, NodeId, ResourceFlags as F, ResourceId};
use alloc::format;
use alloc::vec::Vec;

/// An instance's id without its number.
#[must_use]
pub(crate) fn base_name(id: &str) -> &str {
    match id.rsplit_once(':') {
        Some((base, number))
            if !base.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            base
        }
        _ => id,
    }
}

/// The resource that `id` means in the history of a node.
pub(super) fn find<'d>(c: &mut Cluster<'d>, node: NodeId, id: &'d str) -> Option<ResourceId> {
    let mut found = c.find_resource(id);
    let parent = match found {
        Some(resource) if !c.resources[resource].is_primitive() => return None,
        Some(resource) => Some(c.outermost(resource)),
        None => {
            let first = c.find_resource(&format!("{}:0", base_name(id)));
            found = first.filter(|first| !c.resources[*first].is(F::UNIQUE));
            found.map(|first| c.outermost(first))
        }
    };
    if let Some(parent) = parent.filter(|parent| c.is_anonymous_clone(*parent)) {
        let bundle = c.resources[parent].parent.filter(|above| c.resources[*above].is_bundle());
        found = match bundle {
            Some(bundle) => crate::bundle::replica_on(c, bundle, node),
            None => anonymous(c, node, parent, base_name(id)),
        };
    }
    let resource = found?;
    let it = &c.resources[resource];
    if it.id != id && it.history_name != Some(id) {
        c.set_history_name(resource, Some(id));
    }
    found
}

/// An instance for the node: the one that is there, or a free one, or a new one.
fn anonymous(c: &mut Cluster<'_>, node: NodeId, clone: ResourceId, id: &str) -> Option<ResourceId> {
    let mut found = None;
    let mut free = None;
    let mut skip_free = false;
    for child in c.resources[clone].children.clone() {
        if found.is_some() {
            break;
        }
        match places(c, child).first() {
            Some(first) if *first == node => {
                found = instance_part(c, child, id);
                if found.is_some_and(|part| !c.resources[part].running_on.is_empty()) {
                    // There is one more instance on the node than there ought to be.
                    skip_free = true;
                    found = None;
                }
            }
            Some(_) => {}
            None if !skip_free && free.is_none() && !c.resources[child].is(F::BLOCKED) => {
                free = instance_part(c, child, id);
                let elsewhere = free
                    .and_then(|part| c.resources[part].pending_node)
                    .is_some_and(|pending| pending != node);
                if elsewhere {
                    free = None;
                }
            }
            None => {}
        }
    }
    let mut chosen = found.or(free.filter(|_| !skip_free));
    if let Some(part) = chosen {
        let at = &c.nodes[node];
        let nodes = i32::try_from(c.nodes.len()).unwrap_or(i32::MAX);
        let universal = c.resources[clone].as_clone().is_some_and(|data| data.max == nodes);
        let lost = !at.online || at.unclean;
        if !c.resources[part].is(F::NEEDS_FENCING) && lost && !c.is_guest_node(node) && !universal {
            chosen = None;
        }
    }
    chosen.or_else(|| {
        let orphan = super::resource::create_instance(c, clone)?;
        instance_part(c, orphan, id)
    })
}

/// Where an instance, or a part of it, is active or about to be.
fn places(c: &Cluster<'_>, resource: ResourceId) -> Vec<NodeId> {
    let it = &c.resources[resource];
    if !it.children.is_empty() {
        let mut all = Vec::new();
        for child in &it.children {
            for node in places(c, *child) {
                if !all.contains(&node) {
                    all.push(node);
                }
            }
        }
        return all;
    }
    let mut all = it.running_on.clone();
    all.extend(it.pending_node.filter(|node| !it.running_on.contains(node)));
    all
}

/// The part of an instance that has this id in the configuration.
pub(crate) fn instance_part(c: &Cluster<'_>, instance: ResourceId, id: &str) -> Option<ResourceId> {
    let it = &c.resources[instance];
    if it.id == id || it.configured_id() == id {
        return Some(instance);
    }
    it.children.iter().find_map(|child| instance_part(c, *child, id))
}
