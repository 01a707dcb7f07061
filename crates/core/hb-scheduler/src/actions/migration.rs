//! Live migration.

use super::changes::clean_up;
use super::create::action_on;
use crate::model::{
    ActionFlags as A, ActionId, Cluster, NodeId, OrderFlags as O, ResourceFlags as F, ResourceId, Task,
};

/// Whether a resource can be migrated from where it is to where it is to be.
pub(crate) fn is_possible(c: &Cluster<'_>, resource: ResourceId, current: Option<NodeId>) -> bool {
    let it = &c.resources[resource];
    let clean = |node: Option<NodeId>| node.is_some_and(|node| !c.nodes[node].unclean);
    it.is(F::ALLOW_MIGRATE | F::MANAGED)
        && !it.flags.intersects(F::FAILED | F::START_PENDING)
        && clean(current)
        && clean(it.assigned)
}

/// Stops what a finished migration left behind.
pub(super) fn abort_dangling(c: &mut Cluster<'_>, resource: ResourceId, source: NodeId) {
    let stop = action_on(c, resource, Task::Stop, Some(source), false);
    c.actions[stop].flags.insert(A::DANGLES);
    if c.options.remove_after_stop {
        clean_up(c, resource, source, false);
    }
}

/// Makes a migration of a stop and a start.
pub(super) fn create(c: &mut Cluster<'_>, resource: ResourceId, current: NodeId) {
    let assigned = c.resources[resource].assigned;
    let start = action_on(c, resource, Task::Start, assigned, true);
    let stop = action_on(c, resource, Task::Stop, Some(current), true);
    let begun = c.resources[resource].partial_target.is_some();
    let to = (!begun).then(|| action_on(c, resource, Task::MigrateTo, Some(current), true));
    let from = action_on(c, resource, Task::MigrateFrom, assigned, true);
    c.actions[start].flags.insert(A::MIGRATABLE | A::PSEUDO);
    c.actions[stop].flags.insert(A::MIGRATABLE);
    c.actions[from].flags.insert(A::MIGRATABLE);
    let needs = c.actions[start].needs;
    if let Some(to) = to {
        c.actions[to].flags.insert(A::MIGRATABLE);
        c.actions[to].needs = needs;
        c.order_tasks(resource, Task::Monitor, resource, Task::MigrateTo, O::OPTIONAL);
        let flags = O::OPTIONAL | O::IMPLIES_FIRST_MIGRATABLE;
        c.order_tasks(resource, Task::MigrateTo, resource, Task::MigrateFrom, flags);
    } else {
        c.actions[from].needs = needs;
        c.order_tasks(resource, Task::Monitor, resource, Task::MigrateFrom, O::OPTIONAL);
    }
    let flags = O::OPTIONAL | O::IMPLIES_FIRST_MIGRATABLE;
    c.order_tasks(resource, Task::MigrateFrom, resource, Task::Stop, flags);
    c.order_tasks(resource, Task::MigrateFrom, resource, Task::Start, flags | O::PSEUDO_FIRST);
    if let Some(to) = to {
        add_ends(c, to, current, assigned);
        if !c.resources[resource].is(F::IS_REMOTE) {
            c.actions[to].add("record-pending", "true");
        }
    }
    add_ends(c, from, current, assigned);
}

fn add_ends(c: &mut Cluster<'_>, action: ActionId, source: NodeId, target: Option<NodeId>) {
    let source = c.nodes[source].name;
    c.actions[action].add("migrate_source", source);
    if let Some(target) = target {
        let target = c.nodes[target].name;
        c.actions[action].add("migrate_target", target);
    }
}
