//! Nodes as configured.

use super::collect;
use crate::model::{Cluster, Node, NodeId, NodeKind, compare_names};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Ordering;
use hb_cib::rule::NextChange;
use hb_cib::{Element, Known, Source, Values, value};

pub(super) fn read<'d>(c: &mut Cluster<'d>, section: Option<Element<'d>>) {
    for element in section.into_iter().flat_map(|section| section.children_named("node")) {
        let (Some(id), Some(name)) = (element.id(), element.get("uname")) else { continue };
        let kind = match element.get("type") {
            None => NodeKind::Member,
            Some(kind) if kind.eq_ignore_ascii_case("member") => NodeKind::Member,
            Some(kind) if kind.eq_ignore_ascii_case("remote") => NodeKind::Remote,
            Some(_) => NodeKind::Ping,
        };
        let score = c.read_score(element.get("score"));
        let node = create(c, id, name, kind, score);
        suspect(c, node);
        add_attributes(c, node, Some(element), Known::Stays);
        let mut values = Values::new();
        let facts = c.facts();
        collect(c, &mut values, Some(element), "utilization", &facts);
        c.nodes[node].utilization = capacities(&values);
    }
}

/// Numbers by name; what is no number is 0.
pub(super) fn capacities<'d>(values: &Values<'d>) -> BTreeMap<&'d str, i32> {
    let number = |text: &str| {
        let number = value::integer(text).unwrap_or(0).clamp(i64::from(i32::MIN), i64::from(i32::MAX));
        i32::try_from(number).unwrap_or(0)
    };
    values.iter().map(|(name, text)| (name, number(text))).collect()
}

/// Adds a node.
pub(crate) fn create<'d>(
    c: &mut Cluster<'d>,
    id: &'d str,
    name: &'d str,
    kind: NodeKind,
    score: i32,
) -> NodeId {
    c.options.have_remote_nodes |= kind == NodeKind::Remote;
    let node = c.nodes.add(Node::new(id, name, kind, score));
    let at =
        c.node_order.partition_point(|known| compare_names(c.nodes[*known].name, name) == Ordering::Less);
    c.node_order.insert(at, node);
    c.node_names.insert(name.to_ascii_lowercase(), node);
    c.node_ids.insert(id.to_ascii_lowercase(), node);
    node
}

/// A node that has never been seen may do anything.
pub(super) fn suspect(c: &mut Cluster<'_>, node: NodeId) {
    let unclean = c.options.startup_fencing;
    let it = &mut c.nodes[node];
    if it.kind == NodeKind::Remote && it.connection.is_none() {
        return;
    }
    it.unclean = unclean;
    it.unseen = true;
}

/// Whether a resource is a connection to a node.
pub(crate) fn is_connection(element: Element<'_>) -> bool {
    let is =
        |name: &str, wanted: &str| element.get(name).is_some_and(|text| text.eq_ignore_ascii_case(wanted));
    is("type", "remote") && is("class", "ocf") && is("provider", "pacemaker")
}

/// Nodes that are known by their connection only.
pub(super) fn read_behind_connections<'d>(c: &mut Cluster<'d>, resources: Option<Element<'d>>) {
    for element in resources.into_iter().flat_map(Element::children).filter(|element| is_connection(*element))
    {
        let Some(id) = element.id() else { continue };
        if c.node_named(id).is_none() {
            create(c, id, id, NodeKind::Remote, 0);
        }
    }
}

/// Adds attributes: those that are always there, then the sets of an element.
pub(super) fn add_attributes<'d>(
    c: &mut Cluster<'d>,
    node: NodeId,
    holder: Option<Element<'d>>,
    known: Known,
) {
    let is_dc = c.cib.root().get("dc-uuid").is_some_and(|dc| dc.eq_ignore_ascii_case(c.nodes[node].id));
    let cluster_name = c.options.configured.get("cluster-name").copied();
    let mut values = Values::new();
    for (name, text) in &c.nodes[node].attributes {
        values.set(name, text);
    }
    values.set("#uname", c.nodes[node].name);
    values.set("#id", c.nodes[node].id);
    values.set("#is_dc", if is_dc { "true" } else { "false" });
    if let Some(name) = cluster_name {
        values.set("#cluster-name", name);
    }
    if let Some(holder) = holder {
        let mut next = NextChange::default();
        let facts = c.facts();
        let source = Source { ids: &c.ids, facts: &facts, first: None };
        values.collect(holder, "instance_attributes", known, source, &mut next);
        c.recheck_rule(next);
    }
    if values.get("#site-name").is_none()
        && let Some(site) = values.get("site-name").or(cluster_name)
    {
        values.set("#site-name", site);
    }
    let it = &mut c.nodes[node];
    it.is_dc |= is_dc;
    it.attributes = values.iter().collect();
    it.fail_counts = with_prefix(&it.attributes, "fail-count-");
    it.last_failures = with_prefix(&it.attributes, "last-failure-");
}

fn with_prefix<'d>(attributes: &BTreeMap<&'d str, &'d str>, prefix: &str) -> Vec<(&'d str, &'d str)> {
    attributes.iter().filter_map(|(name, text)| Some((name.strip_prefix(prefix)?, *text))).collect()
}
