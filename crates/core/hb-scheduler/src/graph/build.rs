//! Building the graph.

use super::attributes::{details, locked_since};
use super::{Kind, Reference, Synapse, inputs};
use crate::actions::{fencing, notify};
use crate::model::{ActionFlags as A, ActionId, Cluster, Key, ResourceId, Task, Variant};
use crate::order::update::action_flags;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_cib::{time, value};

/// Builds the graph from all actions that are to be done.
pub(crate) fn prepare(c: &mut Cluster<'_>) {
    for resource in c.top.clone() {
        add_resource(c, resource);
    }
    fencing::maintenance_update(c);
    for action in c.actions.ids().rev() {
        add(c, action);
    }
    c.graph.attributes = root(c);
}

/// Adds the actions of a resource and of its parts.
pub(crate) fn add_resource(c: &mut Cluster<'_>, resource: ResourceId) {
    match c.resources[resource].variant {
        Variant::Clone(_) => add_clone(c, resource),
        Variant::Bundle(_) => crate::bundle::actions::add_to_graph(c, resource),
        Variant::Primitive | Variant::Group(_) => {
            add_own(c, resource);
            for child in c.resources[resource].children.clone() {
                add_resource(c, child);
            }
        }
    }
}

/// Adds the actions of a collective itself.
pub(crate) fn add_own(c: &mut Cluster<'_>, resource: ResourceId) {
    let mut at = c.resources[resource].actions.len();
    while at > 0 {
        at -= 1;
        if let Some(action) = c.resources[resource].actions.get(at).copied() {
            add(c, action);
        }
    }
}

fn add_clone(c: &mut Cluster<'_>, clone: ResourceId) {
    for action in c.resources[clone].actions.clone().into_iter().rev() {
        action_flags(c, action, None);
    }
    let points = c.resources[clone].as_clone().map(|data| {
        [
            (Task::Start, data.start_notify),
            (Task::Stop, data.stop_notify),
            (Task::Promote, data.promote_notify),
            (Task::Demote, data.demote_notify),
        ]
    });
    for (task, points) in points.into_iter().flatten() {
        notify::create(c, clone, task, points);
    }
    for child in c.resources[clone].children.clone() {
        add_resource(c, child);
    }
    add_own(c, clone);
}

fn add(c: &mut Cluster<'_>, action: ActionId) {
    inputs::merge(c, action);
    if c.actions[action].is(A::DUMPED) || !inputs::is_done(c, action) {
        return;
    }
    c.actions[action].flags.insert(A::DUMPED);
    let it = &c.actions[action];
    let by_resource = it.resource.map_or(0, |resource| c.resources[resource].priority);
    let priority = it.priority.max(by_resource);
    let mut reference = reference(c, action);
    if let Some(since) = locked_since(c, action) {
        reference.attributes.push(("shutdown-lock", since.to_string()));
    }
    let details = details(c, action);
    let mut waits_for = Vec::new();
    for position in 0..c.actions[action].before.len() {
        if inputs::counts(c, action, position)
            && let Some(input) = c.actions[action].before.get_mut(position)
        {
            input.dumped = true;
            let input = input.action;
            waits_for.push(self::reference(c, input));
        }
    }
    let id = c.graph.synapses.len();
    let priority = (priority > 0).then_some(priority);
    c.graph.synapses.push(Synapse { id, priority, action: reference, details, inputs: waits_for });
}

/// Who does an action.
fn kind(c: &Cluster<'_>, action: ActionId) -> Kind {
    let it = &c.actions[action];
    match it.task {
        Task::Fence if it.is(A::PSEUDO) => Kind::Pseudo,
        Task::Fence | Task::Shutdown | Task::ClearFailcount | Task::LrmDelete => Kind::Controller,
        _ if it.is(A::PSEUDO) => Kind::Pseudo,
        _ => Kind::Resource,
    }
}

/// Whether the graph names the node of an action.
pub(super) fn names_node(c: &Cluster<'_>, action: ActionId) -> bool {
    let it = &c.actions[action];
    let controlled = matches!(it.task, Task::Fence | Task::Shutdown | Task::ClearFailcount | Task::LrmDelete);
    it.node.is_some() && (controlled || !it.is(A::PSEUDO))
}

fn reference(c: &Cluster<'_>, action: ActionId) -> Reference {
    let it = &c.actions[action];
    let mut attributes: Vec<(&'static str, String)> = Vec::new();
    if it.task == Task::LrmDelete {
        attributes.push(("mode", "cib".to_string()));
    }
    attributes.push(("id", it.number.to_string()));
    let named = it.resource.is_none() && matches!(it.task, Task::Other(_));
    attributes.push(("operation", if named { it.name.clone() } else { it.task.name().to_string() }));
    let key = c.key_text(action);
    let renamed = it.resource.and_then(|resource| c.resources[resource].history_name);
    if let Some(name) = renamed {
        attributes.push(("operation_key", renamed_key(c, action, name)));
        attributes.push(("internal_operation_key", key));
    } else {
        attributes.push(("operation_key", key));
    }
    if let Some(node) = it.node.filter(|_| names_node(c, action)) {
        attributes.push(("on_node", c.nodes[node].name.to_string()));
        attributes.push(("on_node_uuid", c.nodes[node].id.to_string()));
        if let Some(router) = c.router(action) {
            attributes.push(("router_node", c.nodes[router].name.to_string()));
        }
    }
    Reference { kind: kind(c, action), action, attributes }
}

/// The key as the node's history has it.
fn renamed_key(c: &Cluster<'_>, action: ActionId, name: &str) -> String {
    let it = &c.actions[action];
    let about = it.added("notify_operation").filter(|_| it.task == Task::Notify);
    if let (Some(about), Some(kind)) = (about, it.added("notify_type")) {
        return alloc::format!("{name}_{kind}_notify_{about}_0");
    }
    Key::Op(it.cancelled.unwrap_or(it.task), it.interval_ms()).text(name)
}

fn root(c: &Cluster<'_>) -> Vec<(&'static str, String)> {
    let interval = |name: &str, default: &'static str| {
        let configured = c.options.configured.get(name).copied();
        configured.filter(|text| time::interval(text).is_some()).unwrap_or(default).to_string()
    };
    let number = |name: &str, default: &'static str| {
        let configured = c.options.configured.get(name).copied();
        configured.filter(|text| value::integer(text).is_some()).unwrap_or(default).to_string()
    };
    let start = if c.options.start_failure_fatal { "INFINITY" } else { "1" };
    let mut attributes = alloc::vec![
        ("cluster-delay", interval("cluster-delay", "60s")),
        ("stonith-timeout", interval("stonith-timeout", "60s")),
        ("failed-stop-offset", "INFINITY".to_string()),
        ("failed-start-offset", start.to_string()),
        ("batch-limit", number("batch-limit", "0")),
        ("transition_id", "0".to_string()),
    ];
    let limit = number("migration-limit", "-1");
    if value::integer(&limit).is_some_and(|limit| limit > 0) {
        attributes.push(("migration-limit", limit));
    }
    if let Some(at) = c.recheck_by {
        attributes.push(("recheck-by", at.to_string()));
    }
    attributes
}
