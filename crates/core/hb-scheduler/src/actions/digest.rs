//! Whether the definition of an operation is still what it was when it was done.

use crate::model::{Cluster, Key, NodeId, ResourceId, Task};
use crate::unpack::history::Entry;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use hb_cib::digest::{Listed, Parameters, digest, listed, significant};
use hb_cib::rule::{Facts, NextChange, compare_versions};
use hb_cib::{Known, Source, Values};

/// What the digests say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing changed.
    None,
    /// The history has nothing to compare with.
    Unknown,
    /// Something changed that needs a restart.
    Restart,
    /// Something changed.
    Any,
}

/// Digests of an operation as it is configured now.
#[derive(Clone, Debug)]
pub(crate) struct Digests {
    pub(crate) all: String,
    pub(crate) secure: Option<String>,
    restart: Option<String>,
    change: Change,
}

/// Compares an entry of the history with the configuration.
pub(crate) fn compare<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: &Entry<'d>,
) -> Change {
    let task = Task::read(entry.task);
    let name = (node, resource, Key::Op(task, entry.interval_ms).text(""));
    if !c.digests.contains_key(&name) {
        let digests = calculate(c, resource, node, task, entry.interval_ms, Some(entry), true);
        c.digests.insert(name.clone(), digests);
    }
    let told = entry.element.get("op-digest");
    let expired = c.expired_entries.contains(&entry.element.node().index());
    let restart =
        if expired { Some("calculated-failure-timeout") } else { entry.element.get("op-restart-digest") };
    let Some(known) = c.digests.get_mut(&name) else { return Change::Unknown };
    let restart_differs = match (restart, &known.restart) {
        (Some(told), Some(now)) => told != now,
        _ => false,
    };
    known.change = if restart_differs {
        Change::Restart
    } else {
        match told {
            None => Change::Unknown,
            Some(told) if told == known.all => Change::None,
            Some(_) if entry.interval_ms == 0 && known.change == Change::Restart => Change::Restart,
            Some(_) => Change::Any,
        }
    };
    known.change
}

/// Whether all that changed is what was put in place of secrets.
pub(crate) fn only_secrets_changed<'d>(
    c: &Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: &Entry<'d>,
) -> bool {
    let name = (node, resource, Key::Op(Task::read(entry.task), entry.interval_ms).text(""));
    let told = entry.element.get("op-secure-digest");
    c.digests.get(&name).is_some_and(|known| told.is_some() && known.secure.as_deref() == told)
}

fn calculate<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    task: Task<'d>,
    interval_ms: u32,
    entry: Option<&Entry<'d>>,
    secure_too: bool,
) -> Digests {
    let mut parameters = Parameters::new();
    if let Some(name) = crate::bundle::remote::name(c, resource) {
        parameters.insert("addr".to_string(), name.to_string());
    }
    for (name, text) in c.parameters(resource, Some(node)).iter() {
        parameters.entry((*name).to_string()).or_insert_with(|| (*text).to_string());
    }
    let configured = c.entry_for_task(resource, task, interval_ms);
    let extra = c.operation_parameters(resource, task, interval_ms, Some(node));
    let has_extra = !extra.is_empty();
    for (name, text) in &extra {
        parameters.entry((*name).to_string()).or_insert_with(|| (*text).to_string());
    }
    let meta = c.operation_meta(resource, Some(node), task, interval_ms, configured);
    for name in ["timeout", "interval"] {
        if let Some(text) = meta.get(name) {
            parameters.entry(format!("CRM_meta_{name}")).or_insert_with(|| text.to_string());
        }
    }
    let all = significant(&parameters);
    let expired = entry.is_some_and(|entry| c.expired_entries.contains(&entry.element.node().index()));
    let restart =
        entry.filter(|entry| expired || entry.element.get("op-restart-digest").is_some()).map(|entry| {
            match entry.element.get("op-force-restart") {
                Some(names) => digest(&listed(&all, names, Listed::In)),
                None => digest(&all),
            }
        });
    let secure = if secure_too { Some(secure_digest(c, entry, &all)) } else { None };
    let change = if interval_ms == 0 && has_extra { Change::Restart } else { Change::None };
    Digests { all: digest(&all), secure, restart, change }
}

/// The digest without what is secret.
fn secure_digest(c: &Cluster<'_>, entry: Option<&Entry<'_>>, all: &Parameters) -> String {
    let secrets = match entry {
        Some(entry) => entry.element.get("op-secure-params"),
        None => Some(" passwd password user "),
    };
    let mut open = match secrets {
        Some(names) => listed(all, names, Listed::NotIn),
        None => all.clone(),
    };
    let version = entry
        .and_then(|entry| entry.element.get("crm_feature_set"))
        .or_else(|| c.cib.root().get("crm_feature_set"))
        .unwrap_or("3.16.1");
    if compare_versions(version, "3.16.0") == core::cmp::Ordering::Less {
        open.retain(|name, _| !is_fencing_parameter(name) && name != "CRM_meta_timeout");
    }
    digest(&open)
}

/// Parameters that the fencer uses itself.
fn is_fencing_parameter(name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "pcmk_host_argument",
        "pcmk_host_map",
        "pcmk_host_list",
        "pcmk_host_check",
        "pcmk_delay_max",
        "pcmk_delay_base",
        "pcmk_action_limit",
    ];
    let of_action = name
        .strip_prefix("pcmk_")
        .and_then(|rest| rest.rsplit_once('_'))
        .is_some_and(|(_, kind)| matches!(kind, "action" | "timeout" | "retries"));
    name == "provides" || name == "stonith-timeout" || NAMES.contains(&name) || of_action
}

/// Whether a device changed since it last switched a node on; and its digests.
pub(crate) fn compare_fencing<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    agent: &str,
    node: NodeId,
) -> (bool, Digests) {
    let digests = calculate(c, resource, node, Task::Other("stonith-on"), 0, None, true);
    let id = &c.resources[resource].id;
    let at = &c.nodes[node];
    let Some(all) = at.attribute("#digests-all") else { return (false, digests) };
    let secure = at.attribute("#digests-secure").unwrap_or_default();
    let known = all.contains(&format!("{id}:{agent}:{}", digests.all))
        || digests.secure.as_ref().is_some_and(|digest| secure.contains(&format!("{id}:{agent}:{digest}")));
    (!known, digests)
}

impl<'d> Cluster<'d> {
    /// Parameters of the operation itself, on a node.
    pub(crate) fn operation_parameters(
        &mut self,
        resource: ResourceId,
        task: Task<'d>,
        interval_ms: u32,
        node: Option<NodeId>,
    ) -> BTreeMap<&'d str, &'d str> {
        let entry = self.entry_for_task(resource, task, interval_ms);
        let (Some(entry), Some(node)) = (entry, node) else { return BTreeMap::new() };
        if entry.element.child("instance_attributes").is_none() {
            return BTreeMap::new();
        }
        let attributes = self.nodes[node].attributes.clone();
        let facts = Facts { node: Some(&attributes), ..self.facts() };
        let mut next = NextChange::default();
        let mut values = Values::new();
        let source = Source { ids: &self.ids, facts: &facts, first: None };
        values.collect(entry.element, "instance_attributes", Known::Stays, source, &mut next);
        self.recheck_rule(next);
        values.iter().collect()
    }
}
