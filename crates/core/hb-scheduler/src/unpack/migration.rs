//! Migrations in histories: finished, failed, under way.

use super::active;
use super::history::{Entry, answer, compare, execution};
use crate::model::{Cluster, NodeId, ResourceFlags as F, ResourceId};
use core::cmp::Ordering;
use hb_cib::Role;

/// Source and target, when the entry names both.
fn ends<'d>(entry: &Entry<'d>) -> Option<(&'d str, &'d str)> {
    Some((entry.element.get("migrate_source")?, entry.element.get("migrate_target")?))
}

/// The only entry of that task in the history of a node, which a migration to or from `other` left.
fn find<'d>(
    c: &Cluster<'d>,
    resource: &str,
    task: &str,
    node: &str,
    other: Option<&str>,
) -> Option<Entry<'d>> {
    let attribute = if task == "migrate_to" { "migrate_target" } else { "migrate_source" };
    let history = c.history_of(resource, node)?;
    let mut entries = history.children_named("lrm_rsc_op").filter(|element| {
        element.get("operation") == Some(task) && (other.is_none() || element.get(attribute) == other)
    });
    let first = entries.next()?;
    entries.next().is_none().then(|| Entry::read(first))
}

fn succeeded(entry: &Entry<'_>, wanted: i64) -> bool {
    entry.answer == wanted && entry.execution == execution::DONE
}

fn monitor_not_running_after(
    c: &Cluster<'_>,
    resource: &str,
    node: &str,
    entry: &Entry<'_>,
    same: bool,
) -> bool {
    find(c, resource, "monitor", node, None)
        .filter(|monitor| succeeded(monitor, answer::NOT_RUNNING))
        .is_some_and(|monitor| compare(&monitor, entry, same) == Ordering::Greater)
}

fn non_monitor_after(c: &Cluster<'_>, resource: &str, node: &str, entry: &Entry<'_>, same: bool) -> bool {
    let Some(history) = c.history_of(resource, node) else { return false };
    history.children_named("lrm_rsc_op").filter(|element| *element != entry.element).any(|element| {
        let other = Entry::read(element);
        matches!(other.task, "start" | "stop" | "migrate_to" | "migrate_from")
            && compare(&other, entry, same) == Ordering::Greater
    })
}

/// Whether a node knows something newer than a migration.
fn newer_state(
    c: &Cluster<'_>,
    resource: &str,
    node: &str,
    to: Option<&Entry<'_>>,
    from: Option<&Entry<'_>>,
) -> bool {
    let Some(mut entry) = from.or(to) else { return false };
    let mut same = false;
    let (source, target) = (entry.element.get("migrate_source"), entry.element.get("migrate_target"));
    let is = |text: Option<&str>| text.is_some_and(|text| text.eq_ignore_ascii_case(node));
    if is(target) {
        same = from.is_some();
    } else if is(source)
        && let Some(to) = to
    {
        entry = to;
        same = true;
    }
    non_monitor_after(c, resource, node, entry, same)
        || monitor_not_running_after(c, resource, node, entry, same)
}

/// The source said that all went well.
pub(super) fn to_succeeded(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, entry: &Entry<'_>) {
    let Some((source, target)) = ends(entry).filter(|(source, _)| *source == c.nodes[node].name) else {
        return;
    };
    let id = c.resources[resource].id.clone();
    let source_newer = non_monitor_after(c, &id, source, entry, true);
    let from = find(c, &id, "migrate_from", target, Some(source));
    if source_newer && from.is_some() {
        return;
    }
    let target_newer = newer_state(c, &id, target, Some(entry), from.as_ref());
    if source_newer && target_newer {
        return;
    }
    c.resources[resource].role = Role::Started;
    let target_node = c.node_named(target).filter(|node| c.nodes[*node].online);
    let source_node = c.node_named(source).filter(|node| c.nodes[*node].online);
    let fails = |c: &mut Cluster<'_>| {
        c.resources[resource].flags.insert(F::FAILED | F::STOP);
        c.resources[resource].flags.remove(F::ALLOW_MIGRATE);
    };
    match from {
        Some(from) if succeeded(&from, answer::OK) => {
            c.resources[resource].role = Role::Stopped;
            c.resources[resource].dangling.insert(0, node);
        }
        Some(from) if from.execution != execution::PENDING => match target_node {
            Some(target) if !target_newer => active::add(c, resource, target, true),
            _ => fails(c),
        },
        _ => match target_node {
            Some(target) if !target_newer => {
                active::add(c, resource, target, false);
                if source_node.is_some() {
                    c.resources[resource].partial_target = Some(target);
                    c.resources[resource].partial_source = source_node;
                }
            }
            _ if !source_newer => fails(c),
            _ => {}
        },
    }
}

/// The source said that it failed.
pub(super) fn to_failed(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, entry: &Entry<'_>) {
    let Some((source, target)) = ends(entry).filter(|(source, _)| *source == c.nodes[node].name) else {
        return;
    };
    let id = c.resources[resource].id.clone();
    c.resources[resource].role = Role::Started;
    let from = find(c, &id, "migrate_from", target, Some(source)).filter(|from| succeeded(from, answer::OK));
    if is_known(c, &id, target) && !newer_state(c, &id, target, Some(entry), from.as_ref()) {
        if let Some(target) = c.node_named(target).filter(|node| c.nodes[*node].online) {
            active::add(c, resource, target, false);
        }
    } else if !non_monitor_after(c, &id, source, entry, true) {
        c.resources[resource].dangling.insert(0, node);
    }
}

/// The target said that it failed.
pub(super) fn from_failed(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, entry: &Entry<'_>) {
    let Some((source, target)) = ends(entry).filter(|(_, target)| *target == c.nodes[node].name) else {
        return;
    };
    let id = c.resources[resource].id.clone();
    c.resources[resource].role = Role::Started;
    let to = find(c, &id, "migrate_to", source, Some(target)).filter(|to| succeeded(to, answer::OK));
    if is_known(c, &id, source)
        && !newer_state(c, &id, source, to.as_ref(), Some(entry))
        && let Some(source) = c.node_named(source).filter(|node| c.nodes[*node].online)
    {
        active::add(c, resource, source, true);
    }
}

fn is_known(c: &Cluster<'_>, resource: &str, node: &str) -> bool {
    c.history_of(resource, node).is_some_and(|history| history.child("lrm_rsc_op").is_some())
}

/// A resource that is on its way from here is active although this node says that it is stopped.
pub(super) fn settle(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) {
    let it = &mut c.resources[resource];
    let on_its_way =
        it.partial_source == Some(node) && it.partial_target.is_some() && !it.running_on.is_empty();
    if it.role == Role::Stopped && on_its_way {
        it.role = Role::Started;
    }
}
