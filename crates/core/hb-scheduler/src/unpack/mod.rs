//! From the document to the cluster as it is.

pub(crate) mod active;
pub(crate) mod anonymous;
mod config;
pub(crate) mod failcount;
pub(crate) mod history;
mod migration;
mod node_state;
pub(crate) mod nodes;
mod operation;
pub(crate) mod resource;
mod result;
mod state;
mod tags;

use crate::model::{Arena, Cluster, Options, ResourceId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use hb_cib::rule::{Facts, NextChange};
use hb_cib::{Document, Element, Ids, Known, Moment, Source, Values};

/// A cluster of which nothing is known yet.
pub(crate) fn begin(cib: &Document, now: Moment) -> Cluster<'_> {
    let configuration = cib.root().child("configuration");
    Cluster {
        cib,
        ids: Ids::of_configuration(cib),
        now,
        options: Options::default(),
        nodes: Arena::default(),
        node_order: Vec::new(),
        node_names: BTreeMap::new(),
        node_ids: BTreeMap::new(),
        resources: Arena::default(),
        top: Vec::new(),
        by_id: BTreeMap::new(),
        by_history_name: BTreeMap::new(),
        actions: Arena::default(),
        singletons: BTreeMap::new(),
        locations: Arena::default(),
        colocations: Arena::default(),
        orderings: Vec::new(),
        tickets: BTreeMap::new(),
        ticket_constraints: Vec::new(),
        tags: BTreeMap::new(),
        templates: BTreeMap::new(),
        failed: Vec::new(),
        resource_defaults: configuration.and_then(|section| section.child("rsc_defaults")),
        operation_defaults: configuration.and_then(|section| section.child("op_defaults")),
        recheck_by: None,
        instances: 0,
        disabled: 0,
        blocked: 0,
        expired_entries: BTreeSet::new(),
        stop_needed: Vec::new(),
        graph: crate::graph::TransitionGraph::default(),
        deferred: Vec::new(),
        scores: Vec::new(),
        secrets_masked: true,
        want_scores: false,
        depth: 0,
        work: 0,
        error: None,
        digests: BTreeMap::new(),
    }
}

/// Reads options, nodes, resources, tags, states and histories.
pub(crate) fn unpack(c: &mut Cluster<'_>) {
    let root = c.cib.root();
    c.options.have_quorum = hb_cib::value::is_true(root.get("have-quorum"));
    config::read(c, root.descend(&["configuration", "crm_config"]));
    nodes::read(c, root.descend(&["configuration", "nodes"]));
    let resources = root.descend(&["configuration", "resources"]);
    nodes::read_behind_connections(c, resources);
    resource::read_all(c, resources);
    tags::read(c, root.descend(&["configuration", "tags"]));
    state::read(c, root.child("status"));
    for resource in c.top.clone() {
        count(c, resource);
    }
}

/// Counts instances, and those that are disabled or blocked.
fn count(c: &mut Cluster<'_>, resource: ResourceId) {
    use crate::model::ResourceFlags as F;
    let it = &c.resources[resource];
    if let Some(bundle) = it.as_bundle() {
        let parts: Vec<ResourceId> = bundle
            .replicas
            .iter()
            .flat_map(|replica| [replica.ip, replica.child, Some(replica.container), replica.remote])
            .flatten()
            .collect();
        parts.into_iter().for_each(|part| count(c, part));
    } else if !it.children.is_empty() {
        it.children.clone().into_iter().for_each(|part| count(c, part));
    } else if !it.is(F::ORPHAN) || it.role > hb_cib::Role::Stopped {
        let blocked = it.is(F::BLOCKED);
        c.instances += 1;
        c.disabled += u32::from(c.is_disabled(resource));
        c.blocked += u32::from(blocked);
    }
}

/// Adds the sets of an element to what is known, and notes when that would change.
pub(crate) fn collect<'d>(
    c: &mut Cluster<'d>,
    values: &mut Values<'d>,
    holder: Option<Element<'d>>,
    kind: &str,
    facts: &Facts<'_>,
) {
    if let Some(holder) = holder {
        let mut next = NextChange::default();
        let source = Source { ids: &c.ids, facts, first: None };
        values.collect(holder, kind, Known::Stays, source, &mut next);
        c.recheck_rule(next);
    }
}
