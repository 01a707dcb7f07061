//! One line for a primitive.

use super::{Listing, Show};
use crate::model::{Cluster, NodeId, Resource, ResourceFlags, ResourceId, Task};
use alloc::string::String;
use hb_cib::{Element, Role, value};

/// Writes the line of a primitive; says whether there was one.
pub(super) fn primitive(cluster: &Cluster<'_>, id: ResourceId, show: Show, out: &mut Listing) -> bool {
    let node = cluster.current_node(id).or(cluster.resources[id].pending_node);
    line(cluster, id, &name(cluster, id), node, show, out)
}

/// The name of a resource: without the number of the instance where instances are alike.
pub(super) fn name(cluster: &Cluster<'_>, id: ResourceId) -> String {
    let it = &cluster.resources[id];
    if it.is(ResourceFlags::UNIQUE) { it.id.clone() } else { it.configured_id().into() }
}

/// Writes the line of a primitive under a name of choice.
pub(super) fn line(
    cluster: &Cluster<'_>,
    id: ResourceId,
    name: &str,
    node: Option<NodeId>,
    show: Show,
    out: &mut Listing,
) -> bool {
    let it = &cluster.resources[id];
    if value::is_true(it.meta.get("internal_rsc")) {
        // What the cluster made for itself is shown only by what it is for.
        return false;
    }
    out.item(&text(cluster, id, name, node, show));
    true
}

fn text(cluster: &Cluster<'_>, id: ResourceId, name: &str, node: Option<NodeId>, show: Show) -> String {
    let it = &cluster.resources[id];
    let many = it.running_on.len() > 1;
    let node = if many { None } else { node.or(it.lock_node) };
    let mut text = String::from(name);
    text.push_str("\t(");
    agent(it, &mut text);
    text.push_str("):\t");
    state(cluster, id, node, show, &mut text);
    flags(cluster, id, node, show, &mut text);
    if many {
        if let Some(description) = it.element.get("description") {
            text.extend([" ", description]);
        }
        text.push_str(" [");
        for node in &it.running_on {
            text.extend([" ", cluster.nodes[*node].name]);
        }
        text.push_str(" ]");
    }
    text
}

fn agent(it: &Resource<'_>, text: &mut String) {
    let class = it.class().unwrap_or("unknown");
    text.push_str(class);
    if class == "ocf"
        && let Some(provider) = it.element.get("provider")
    {
        text.extend([":", provider]);
    }
    text.extend([":", it.element.get("type").unwrap_or("unknown")]);
}

fn state(cluster: &Cluster<'_>, id: ResourceId, node: Option<NodeId>, show: Show, text: &mut String) {
    let it = &cluster.resources[id];
    let role = displayed_role(cluster, id);
    if it.is(ResourceFlags::ORPHAN) {
        text.push_str(" ORPHANED");
    }
    if it.is(ResourceFlags::FAILED) {
        text.push_str(" FAILED");
        if role > Role::Unpromoted {
            text.extend([" ", role.name()]);
        }
    } else {
        let pending = if show.pending { under_way(it) } else { None };
        text.extend([" ", pending.unwrap_or(role.name())]);
    }
    if let Some(node) = node {
        text.extend([" ", cluster.nodes[node].name]);
    }
    if role == Role::Stopped
        && let Some(probe) = failed_probe(cluster, id, node)
    {
        text.extend([" (", super::result_text(result(probe)), ") "]);
    }
}

fn flags(cluster: &Cluster<'_>, id: ResourceId, node: Option<NodeId>, show: Show, text: &mut String) {
    let it = &cluster.resources[id];
    let mut first = true;
    let mut flag = |what: &[&str]| {
        text.push_str(if first { " (" } else { ", " });
        first = false;
        text.extend(what.iter().copied());
    };
    if node.is_some_and(|node| !cluster.nodes[node].online && cluster.nodes[node].unclean) {
        flag(&["UNCLEAN"]);
    }
    if node.is_some() && node == it.lock_node {
        flag(&["LOCKED"]);
    }
    if show.pending && it.pending_task == Some(Task::Monitor) {
        flag(&["Monitoring"]);
    }
    if let Some(target) = it.meta.get("target-role") {
        match Role::read(target) {
            Some(Role::Stopped) => flag(&["disabled"]),
            Some(Role::Unpromoted)
                if cluster.resources[cluster.outermost(id)].is(ResourceFlags::PROMOTABLE) =>
            {
                flag(&["target-role:", target]);
            }
            _ => {}
        }
    }
    if it.is(ResourceFlags::BLOCKED) {
        flag(&["blocked"]);
    } else if !it.is(ResourceFlags::MANAGED) {
        flag(&["unmanaged"]);
    }
    if it.is(ResourceFlags::FAILURE_IGNORED) {
        flag(&["failure ignored"]);
    }
    if !first {
        text.push(')');
    }
}

/// The role that is shown: what is started in a promotable clone is unpromoted.
pub(super) fn displayed_role(cluster: &Cluster<'_>, id: ResourceId) -> Role {
    let it = &cluster.resources[id];
    let promotable = cluster.resources[cluster.outermost(id)].is(ResourceFlags::PROMOTABLE);
    if it.role == Role::Started && promotable { Role::Unpromoted } else { it.role }
}

fn under_way(it: &Resource<'_>) -> Option<&'static str> {
    match it.pending_task? {
        Task::Start => Some("Starting"),
        Task::Stop => Some("Stopping"),
        Task::MigrateTo | Task::MigrateFrom => Some("Migrating"),
        Task::Promote => Some("Promoting"),
        Task::Demote => Some("Demoting"),
        _ => None,
    }
}

/// A probe that found that a resource cannot run on a node; on any node when none is given.
pub(super) fn failed_probe<'d>(
    cluster: &Cluster<'d>,
    id: ResourceId,
    node: Option<NodeId>,
) -> Option<Element<'d>> {
    let outermost = cluster.outermost(id);
    let collective = if cluster.resources[id].is_clone() { id } else { outermost };
    let wanted = match cluster.resources[collective].as_clone() {
        Some(clone) => clone.template.id().unwrap_or_default(),
        None => &cluster.resources[id].id,
    };
    let found = cluster.failed.iter().find(|failed| {
        // Only entries that say where they were made count.
        let here = failed
            .entry
            .get("on_node")
            .is_some_and(|at| node.is_none_or(|node| at.eq_ignore_ascii_case(cluster.nodes[node].name)));
        let named = hb_cib::OperationKey::read(failed.key).is_some_and(|key| key.resource == wanted);
        here && named && is_masked_probe(failed.entry)
    });
    found.map(|failed| failed.entry)
}

/// Whether an entry of the history is a probe whose failure only says that the node will not do.
fn is_masked_probe(entry: Element<'_>) -> bool {
    let number = |name: &str| entry.get(name).and_then(value::integer);
    let probe = entry.get("operation") == Some("monitor") && number("interval").unwrap_or(0) == 0;
    // Not installed, as the executor says it.
    let missing = number("op-status") == Some(7);
    probe && (matches!(result(entry), 5 | 2) || missing)
}

pub(super) fn result(entry: Element<'_>) -> i64 {
    entry.get("rc-code").and_then(value::integer).unwrap_or(0)
}
