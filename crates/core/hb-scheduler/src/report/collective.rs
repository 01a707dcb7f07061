//! Groups, clones and bundles.

use super::resource::{failed_probe, line, name, result};
use super::{Listing, Show, result_text, write_resource};
use crate::model::{Cluster, NodeId, ResourceFlags, ResourceId, compare_names};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_cib::Role;

/// Writes a group and its members; says whether it has any.
pub(super) fn group(cluster: &Cluster<'_>, id: ResourceId, show: Show, out: &mut Listing) -> bool {
    let it = &cluster.resources[id];
    if it.children.is_empty() {
        return false;
    }
    out.begin(&format!("Resource Group: {}{}", it.id, parenthesis(&restrictions(cluster, id))));
    for &member in &it.children {
        write_resource(cluster, member, show, out);
    }
    out.end();
    true
}

/// What keeps the cluster from running a collective as it would.
fn restrictions(cluster: &Cluster<'_>, id: ResourceId) -> Vec<&'static str> {
    let mut words = Vec::new();
    if !cluster.resources[id].is(ResourceFlags::MANAGED) {
        words.push("unmanaged");
    }
    if cluster.is_disabled(id) {
        words.push("disabled");
    }
    words
}

fn parenthesis(words: &[&str]) -> String {
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

/// Instances of a clone, by how they are shown.
#[derive(Default)]
struct Instances {
    /// With a line of their own.
    single: Vec<ResourceId>,
    promoted: Vec<NodeId>,
    started: Vec<NodeId>,
    /// Ids of instances that are not active.
    stopped: BTreeMap<String, String>,
}

/// Writes a clone: a line for each instance that is different from the others, lists of nodes for the rest.
pub(super) fn clone(cluster: &Cluster<'_>, id: ResourceId, show: Show, out: &mut Listing) -> bool {
    let it = &cluster.resources[id];
    let Some(clone) = it.as_clone() else { return false };
    let mut all = sort_instances(cluster, id, show);
    let shown = all.promoted.len() + all.started.len();
    if !it.is(ResourceFlags::UNIQUE) && usize::try_from(clone.max).is_ok_and(|max| max > shown) {
        all.stopped = stopped_on(cluster, id);
    }
    let mut words = Vec::new();
    if it.is(ResourceFlags::PROMOTABLE) {
        words.push("promotable");
    }
    if it.is(ResourceFlags::UNIQUE) {
        words.push("unique");
    }
    words.extend(restrictions(cluster, id));
    let inner = clone.template.id().unwrap_or_default();
    out.begin(&format!("Clone Set: {} [{inner}]{}", it.id, parenthesis(&words)));
    for &instance in &all.single {
        write_resource(cluster, instance, show, out);
    }
    node_list(cluster, "Promoted", &mut all.promoted, out);
    let title = match it.is(ResourceFlags::PROMOTABLE) {
        true if configured_role(cluster, id) == Role::Unpromoted => "Unpromoted (target-role)",
        true => "Unpromoted",
        false => "Started",
    };
    node_list(cluster, title, &mut all.started, out);
    stopped_lists(&all.stopped, out);
    out.end();
    true
}

fn sort_instances(cluster: &Cluster<'_>, id: ResourceId, show: Show) -> Instances {
    let it = &cluster.resources[id];
    let mut all = Instances::default();
    for &instance in &it.children {
        let part = &cluster.resources[instance];
        let active = cluster.is_active(instance, false);
        if it.is(ResourceFlags::UNIQUE) {
            if active || !it.is(ResourceFlags::ORPHAN) {
                all.single.push(instance);
            }
        } else if show.pending && part.pending_task.is_some() {
            all.single.push(instance);
        } else if !active {
            if !part.is(ResourceFlags::ORPHAN) {
                all.stopped.insert(part.id.clone(), "Stopped".to_string());
            }
        } else {
            match single_place(cluster, instance) {
                Some(node) if cluster.role_of(instance, true) > Role::Unpromoted => all.promoted.push(node),
                Some(node) => all.started.push(node),
                None => all.single.push(instance),
            }
        }
    }
    all
}

/// The node of an instance about which there is nothing else to say.
fn single_place(cluster: &Cluster<'_>, instance: ResourceId) -> Option<NodeId> {
    let ordinary = !any(cluster, instance, ResourceFlags::ORPHAN)
        && every(cluster, instance, ResourceFlags::MANAGED)
        && !any(cluster, instance, ResourceFlags::FAILED);
    if !ordinary || !cluster.is_active(instance, true) {
        return None;
    }
    let mut nodes = Vec::new();
    places(cluster, instance, &mut nodes);
    let [node] = nodes.as_slice() else { return None };
    let lost = !cluster.nodes[*node].online && cluster.nodes[*node].unclean;
    (!lost).then_some(*node)
}

fn places(cluster: &Cluster<'_>, id: ResourceId, nodes: &mut Vec<NodeId>) {
    let it = &cluster.resources[id];
    if it.children.is_empty() {
        for node in &it.running_on {
            if !nodes.contains(node) {
                nodes.push(*node);
            }
        }
    }
    for &part in &it.children {
        places(cluster, part, nodes);
    }
}

fn any(cluster: &Cluster<'_>, id: ResourceId, flag: ResourceFlags) -> bool {
    let it = &cluster.resources[id];
    it.is(flag) || it.children.iter().any(|part| any(cluster, *part, flag))
}

fn every(cluster: &Cluster<'_>, id: ResourceId, flag: ResourceFlags) -> bool {
    let it = &cluster.resources[id];
    it.is(flag) && it.children.iter().all(|part| every(cluster, *part, flag))
}

fn node_list(cluster: &Cluster<'_>, title: &str, nodes: &mut [NodeId], out: &mut Listing) {
    if nodes.is_empty() {
        return;
    }
    nodes.sort_by(|one, other| compare_names(cluster.nodes[*one].name, cluster.nodes[*other].name));
    let names: Vec<_> = nodes.iter().map(|node| cluster.nodes[*node].name).collect();
    out.item(&format!("{title}: [ {} ]", names.join(" ")));
}

/// For each node that has no instance, how that is called.
fn stopped_on(cluster: &Cluster<'_>, id: ResourceId) -> BTreeMap<String, String> {
    let it = &cluster.resources[id];
    let disabled = configured_role(cluster, id) == Role::Stopped;
    let mut nodes = it.allowed.nodes();
    if nodes.is_empty() {
        nodes = it.known_on.iter().collect();
    }
    nodes.retain(|node| !it.running_on.contains(node));
    let state = |node: NodeId| match failed_probe(cluster, id, Some(node)) {
        Some(probe) => format!("Stopped ({})", result_text(result(probe))),
        None if disabled => "Stopped (disabled)".to_string(),
        None => "Stopped".to_string(),
    };
    nodes.into_iter().map(|node| (cluster.nodes[node].name.to_string(), state(node))).collect()
}

fn stopped_lists(stopped: &BTreeMap<String, String>, out: &mut Listing) {
    let mut by_state: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, state) in stopped {
        by_state.entry(state).or_default().push(name);
    }
    for (state, mut names) in by_state {
        names.sort_by(|one, other| compare_names(one, other));
        out.item(&format!("{state}: [ {} ]", names.join(" ")));
    }
}

/// The role that a clone, or else its first instance, is configured to have.
fn configured_role(cluster: &Cluster<'_>, id: ResourceId) -> Role {
    let it = &cluster.resources[id];
    let first = it.children.first().map(|first| &cluster.resources[*first].meta);
    let text = it.meta.get("target-role").or_else(|| first?.get("target-role"));
    text.and_then(Role::read).unwrap_or_default()
}

/// Writes a bundle: a line for each replica.
pub(super) fn bundle(cluster: &Cluster<'_>, id: ResourceId, show: Show, out: &mut Listing) -> bool {
    let it = &cluster.resources[id];
    let Some(bundle) = it.as_bundle() else { return false };
    if bundle.replicas.is_empty() {
        return false;
    }
    let set = if bundle.replicas.len() > 1 { " set" } else { "" };
    let unique = if it.is(ResourceFlags::UNIQUE) { " (unique)" } else { "" };
    let managed = if it.is(ResourceFlags::MANAGED) { "" } else { " (unmanaged)" };
    let image = bundle.image.unwrap_or_default();
    out.begin(&format!("Container bundle{set}: {} [{image}]{unique}{managed}", it.id));
    for replica in &bundle.replicas {
        let mut title = name(cluster, replica.remote.unwrap_or(replica.container));
        if let Some(address) = replica.ip_address {
            title.extend([" (", address, ")"]);
        }
        let node = cluster.current_node(replica.container);
        line(cluster, replica.child.unwrap_or(replica.container), &title, node, show, out);
    }
    out.end();
    true
}
