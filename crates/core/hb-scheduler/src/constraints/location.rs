//! Locations.

use super::pattern::Pattern;
use super::set::{self, Named};
use crate::model::{Cluster, INFINITY, NodeId, ResourceId, score};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_cib::rule::{self, Facts, Matched, NextChange};
use hb_cib::{Element, Role};

pub(super) fn read<'d>(c: &mut Cluster<'d>, element: Element<'d>) {
    let Some(sets) = set::read(c, element) else { return };
    if !sets.is_empty() {
        for set in sets {
            for id in &set.members {
                let Some(resource) = c.constrained(id) else { return };
                locate(c, element, resource, set.get("role"), set.get("score"), &[]);
            }
        }
        return;
    }
    if let Some(id) = element.get("rsc") {
        match set::meaning(c, id) {
            Named::Nothing => return,
            Named::Resource => {
                if let Some(resource) = c.constrained(id) {
                    locate(c, element, resource, None, None, &[]);
                }
            }
            Named::Tag => {
                let members = set::references(c, id).unwrap_or_default().to_vec();
                for id in members {
                    let Some(resource) = c.constrained(id) else { return };
                    locate(c, element, resource, element.get("role"), None, &[]);
                }
                return;
            }
        }
    }
    if let Some(pattern) = element.get("rsc-pattern") {
        by_pattern(c, element, pattern);
    }
}

fn by_pattern<'d>(c: &mut Cluster<'d>, element: Element<'d>, text: &str) {
    let (text, inverted) = text.strip_prefix('!').map_or((text, false), |text| (text, true));
    let Some(pattern) = Pattern::read(text) else { return };
    for resource in c.top.clone() {
        let id = c.resources[resource].id.clone();
        match pattern.find(&id) {
            Some(groups) if !inverted => {
                let groups: Vec<Option<String>> =
                    groups.into_iter().map(|range| Some(id.get(range?)?.to_string())).collect();
                locate(c, element, resource, None, None, &groups);
            }
            None if inverted => locate(c, element, resource, None, None, &[]),
            _ => {}
        }
    }
}

fn locate<'d>(
    c: &mut Cluster<'d>,
    element: Element<'d>,
    resource: ResourceId,
    role: Option<&str>,
    score: Option<&'d str>,
    groups: &[Option<String>],
) {
    let id = element.id().unwrap_or_default();
    let discovery = element.get("resource-discovery");
    let (Some(node), Some(text)) = (element.get("node"), score.or(element.get("score"))) else {
        for rule in element.children_named("rule") {
            by_rule(c, rule, resource, discovery, groups);
        }
        return;
    };
    let Some(node) = c.node_named(node) else { return };
    let number = c.read_score(Some(text));
    let location = c.add_location(id, resource, alloc::vec![(node, number)], discovery);
    if let Some(role) = role.or(element.get("role")).and_then(Role::read) {
        let limited = !matches!(role, Role::Started | Role::Unpromoted);
        c.locations[location].role = if limited { role } else { Role::Unknown };
    }
}

fn by_rule<'d>(
    c: &mut Cluster<'d>,
    rule: Element<'d>,
    resource: ResourceId,
    discovery: Option<&str>,
    groups: &[Option<String>],
) {
    let Some(rule) = c.ids.resolve(rule) else { return };
    let role = rule.get("role").map(Role::read);
    if matches!(role, Some(None | Some(Role::Unknown))) {
        return;
    }
    let Some(id) = rule.id() else { return };
    let location = c.add_location(id, resource, Vec::new(), discovery);
    if let Some(role) = role.flatten() {
        c.locations[location].role = if role == Role::Unpromoted { Role::Unknown } else { role };
    }
    let fixed = rule.get("score").map(|text| c.read_score(Some(text)));
    let attribute = rule.get("score-attribute").filter(|_| fixed.is_none());
    let groups: Vec<Option<&str>> = groups.iter().map(|group| group.as_deref()).collect();
    let attribute = attribute.map(|name| rule::expand(name, &groups));
    let any = rule.get("boolean-op").is_some_and(|text| text.eq_ignore_ascii_case("or"));
    let mut nodes = Vec::new();
    for node in c.node_order.clone() {
        if !rule_applies(c, rule, resource, node, &groups) {
            continue;
        }
        let number = match (fixed, &attribute) {
            (Some(number), _) => number,
            (None, Some(name)) => c
                .calculated_attribute(resource, node, name)
                .map_or(-INFINITY, |text| c.read_score(Some(text))),
            (None, None) => 0,
        };
        // Alternatives add to what the node itself is worth.
        let number = if any { score::add(c.nodes[node].score, number) } else { number };
        nodes.push((node, number));
    }
    if !any {
        nodes.reverse();
    }
    c.locations[location].nodes = nodes;
}

fn rule_applies<'d>(
    c: &mut Cluster<'d>,
    rule: Element<'d>,
    resource: ResourceId,
    node: NodeId,
    groups: &[Option<&str>],
) -> bool {
    let parameters = c.parameters(resource, Some(node));
    let meta = c.resources[resource].meta.clone();
    let matched = Matched { groups, parameters: Some(&*parameters), meta: Some(&*meta) };
    let facts = Facts { node: Some(&c.nodes[node].attributes), matched: Some(matched), ..c.facts() };
    let mut next = NextChange::default();
    let applies = rule::applies(rule, &c.ids, &facts, &mut next);
    c.recheck_rule(next);
    applies
}
