//! What an executor needs to know of an action.

use super::build::names_node;
use super::{Agent, Details};
use crate::model::{
    ActionFlags as A, ActionId, Cluster, Key, NodeKind, ResourceFlags as F, ResourceId, Task,
};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The feature set that graphs claim.
const FEATURE_SET: &str = "3.16.1";

type Parameters = BTreeMap<String, String>;

pub(super) fn details(c: &mut Cluster<'_>, action: ActionId) -> Details {
    let mut details = Details::default();
    let it = &c.actions[action];
    if let Some(resource) = it.resource.filter(|_| !it.is(A::PSEUDO)) {
        details.agent = Some(agent(c, resource));
    }
    parameters(c, action, &mut details);
    if names_node(c, action) {
        details.downed = downed(c, action);
    }
    if c.actions[action].task == Task::MaintenanceNodes {
        details.maintenance = Some(maintenance(c));
    }
    details
}

fn agent(c: &Cluster<'_>, resource: ResourceId) -> Agent {
    let it = &c.resources[resource];
    let mut attributes: Vec<(&'static str, String)> = Vec::new();
    let mut add = |name: &'static str, value: &str| attributes.push((name, value.to_string()));
    match it.history_name {
        Some(name) if it.is(F::ORPHAN) => {
            add("id", name);
            add("long-id", &it.id);
        }
        name if !it.is(F::UNIQUE) => {
            let id = it.configured_id();
            add("id", id);
            add("long-id", name.filter(|name| *name != id).unwrap_or(&it.id));
        }
        _ => add("id", &it.id),
    }
    for name in ["class", "provider", "type"] {
        if let Some(value) = it.meta.get(name) {
            add(name, value);
        }
    }
    let element =
        if it.is_primitive() && !it.element.is("lrm_resource") { it.element.name() } else { "primitive" };
    Agent { element: element.to_string(), attributes }
}

/// Since when an action locks its resource to its node, in seconds since 1970.
pub(super) fn locked_since(c: &Cluster<'_>, action: ActionId) -> Option<i64> {
    let it = &c.actions[action];
    let owner = &c.resources[it.resource.filter(|_| !it.is(A::PSEUDO))?];
    let node = it.node.filter(|node| owner.lock_node == Some(*node))?;
    (!c.nodes[node].shutdown || it.task == Task::Stop).then_some(owner.lock_time)
}

fn set_missing(parameters: &mut Parameters, name: &str, value: &str) {
    if !parameters.contains_key(name) {
        parameters.insert(name.to_string(), value.to_string());
    }
}

/// The name of a meta attribute among parameters; those that the cluster makes for itself have none.
fn meta_name(name: &str) -> Option<String> {
    let internal = name.contains(['#', ':']);
    (!internal).then(|| format!("CRM_meta_{}", name.replace('-', "_")))
}

fn set_meta(parameters: &mut Parameters, name: &str, value: &str) {
    if let Some(name) = meta_name(name) {
        set_missing(parameters, &name, value);
    }
}

fn parameters(c: &mut Cluster<'_>, action: ActionId, details: &mut Details) {
    let mut all = Parameters::new();
    all.insert("crm_feature_set".to_string(), FEATURE_SET.to_string());
    let it = &c.actions[action];
    let (node, task, key) = (it.node, it.task, it.key);
    let (about, interval) = match key {
        Key::Op(task, interval) => (task, interval),
        _ => (task, 0),
    };
    let mut meta = BTreeMap::new();
    if let Some(resource) = it.resource {
        for (name, text) in c.operation_parameters(resource, about, interval, node) {
            set_missing(&mut all, name, text);
        }
        if node.is_some() || c.resources[resource].is_primitive() {
            for (name, text) in c.parameters(resource, node).iter() {
                let text = crate::bundle::remote::substitute(c, resource, name, text);
                if name.starts_with(|first: char| first.is_ascii_digit()) {
                    details.listed.push(((*name).to_string(), text.to_string()));
                } else {
                    set_missing(&mut all, name, text);
                }
            }
        }
        let entry = c.entry_for_task(resource, about, interval);
        let entry = entry.or_else(|| {
            if let Key::Notify(..) = key { c.operation_entry(resource, "notify", 0, true) } else { None }
        });
        for (name, text) in c.operation_meta(resource, node, task, interval, entry) {
            meta.insert(name.to_string(), text.to_string());
        }
    }
    for (name, text) in &c.actions[action].meta {
        meta.entry((*name).to_string()).or_insert_with(|| text.to_string());
    }
    for (name, text) in &c.actions[action].fixed_meta {
        meta.insert((*name).to_string(), text.to_string());
    }
    if let Some(node) = node.filter(|_| names_node(c, action)) {
        meta.insert("on_node".to_string(), c.nodes[node].name.to_string());
        meta.insert("on_node_uuid".to_string(), c.nodes[node].id.to_string());
    }
    for (name, text) in &meta {
        set_meta(&mut all, name, text);
    }
    if let Some(resource) = c.actions[action].resource {
        let mut above = Some(resource);
        while let Some(owner) = above {
            owner_meta(c, owner, &mut all);
            above = c.resources[owner].parent;
        }
        host_meta(c, action, resource, &mut all);
    } else if let Some(node) = node.filter(|_| task == Task::Fence) {
        for (name, text) in &c.nodes[node].attributes {
            set_meta(&mut all, name, text);
        }
    }
    details.parameters = all;
}

/// What a resource, or a collective that it is in, adds.
fn owner_meta(c: &Cluster<'_>, owner: ResourceId, all: &mut Parameters) {
    let it = &c.resources[owner];
    let mut set = |name: &str, value: String| all.insert(format!("CRM_meta_{name}"), value);
    if let Some(data) = it.as_clone() {
        let truth = |flag: F| if it.is(flag) { "true".to_string() } else { "false".to_string() };
        set("globally_unique", truth(F::UNIQUE));
        set("notify", truth(F::NOTIFY));
        set("clone_max", data.max.to_string());
        set("clone_node_max", data.node_max.to_string());
        if it.is(F::PROMOTABLE) {
            for name in ["promoted_max", "master_max"] {
                set(name, data.promoted_max.to_string());
            }
            for name in ["promoted_node_max", "master_node_max"] {
                set(name, data.promoted_node_max.to_string());
            }
        }
    }
    if !it.is_primitive() {
        return;
    }
    if let Some(number) = it.instance {
        set("clone", number.to_string());
    }
    if let Some(name) = it.meta.get("remote-node") {
        set("remote_node", name.to_string());
    }
    let mut above = Some(owner);
    while let Some(holder) = above {
        if let Some(container) = c.resources[holder].container {
            set("container", c.resources[container].id.clone());
        }
        above = c.resources[holder].parent;
    }
    if let Some(address) = it.meta.get("external-ip") {
        all.insert("pcmk_external_ip".to_string(), address.to_string());
    }
}

/// The host of the guest on which an action is done.
fn host_meta(c: &Cluster<'_>, action: ActionId, resource: ResourceId, all: &mut Parameters) {
    let it = &c.actions[action];
    let Some(container) = it.node.and_then(|node| c.guest_container(node)) else { return };
    let about = it.added("notify_operation").filter(|_| matches!(it.task, Task::Notify | Task::Notified));
    let task = about.map_or(it.task, Task::read);
    let host = match task {
        Task::Stop | Task::Stopped | Task::Demote | Task::Demoted => c.current_node(container),
        Task::Start | Task::Started | Task::Monitor | Task::Promote | Task::Promoted => {
            c.resources[container].assigned
        }
        _ => None,
    };
    let Some(host) = host else { return };
    if let Some(target) = c.resources[resource].meta.get("container-attribute-target") {
        set_meta(all, "container-attribute-target", target);
    }
    set_meta(all, "physical-host", c.nodes[host].name);
}

/// Nodes that are gone when the action is done.
fn downed(c: &Cluster<'_>, action: ActionId) -> Option<Vec<String>> {
    let it = &c.actions[action];
    let node = it.node?;
    let own = c.nodes[node].id.to_string();
    match it.task {
        Task::Shutdown => Some(alloc::vec![own]),
        Task::Fence => {
            let what = it.added("stonith_action").unwrap_or_default();
            if !["off", "reboot", "poweroff"].contains(&what) {
                return None;
            }
            let guests = c.nodes[node].running.iter().filter(|resource| {
                let it = &c.resources[**resource];
                it.is(F::IS_REMOTE) && it.container.is_some()
            });
            let guests = guests.filter_map(|resource| c.node_named(&c.resources[*resource].id));
            Some(core::iter::once(own).chain(guests.map(|guest| c.nodes[guest].id.to_string())).collect())
        }
        Task::Stop => {
            let resource = it.resource.filter(|resource| c.resources[*resource].is(F::IS_REMOTE))?;
            let migrates = it.before.iter().any(|input| {
                let first = &c.actions[input.action];
                first.resource == Some(resource) && first.task == Task::MigrateFrom
            });
            (!migrates).then(|| alloc::vec![c.resources[resource].id.clone()])
        }
        _ => None,
    }
}

fn maintenance(c: &Cluster<'_>) -> Vec<(String, bool)> {
    let nodes = c.node_order.iter().map(|node| &c.nodes[*node]);
    let changed =
        nodes.filter(|node| node.kind == NodeKind::Remote && node.maintenance != node.remote_maintenance);
    changed.map(|node| (node.id.to_string(), node.maintenance)).collect()
}
