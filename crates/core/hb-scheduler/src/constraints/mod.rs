//! Constraints as configured.

pub(crate) mod colocation;
mod location;
mod ordering;
mod pattern;
mod set;
pub(crate) mod ticket;

use crate::model::{Cluster, Discovery, Location, LocationId, NodeId, ResourceFlags as F, ResourceId};
use alloc::vec::Vec;
use hb_cib::rule::{self, NextChange};
use hb_cib::{Element, Role, value};

/// Reads node health, then all constraints.
pub(crate) fn unpack(c: &mut Cluster<'_>) {
    health(c);
    let Some(section) = c.cib.root().descend(&["configuration", "constraints"]) else { return };
    for element in section.children() {
        if element.id().is_none() || !lives(c, element) {
            continue;
        }
        match element.name() {
            "rsc_order" => ordering::read(c, element),
            "rsc_colocation" => colocation::read(c, element),
            "rsc_location" => location::read(c, element),
            "rsc_ticket" => ticket::read(c, element),
            _ => {}
        }
    }
}

/// Whether a constraint counts at the moment.
fn lives(c: &mut Cluster<'_>, element: Element<'_>) -> bool {
    let Some(lifetime) = element.child("lifetime") else { return true };
    let mut next = NextChange::default();
    let applies = rule::any_applies(lifetime, &c.ids, &c.facts(), &mut next);
    c.recheck_rule(next);
    applies
}

/// Unhealthy nodes are left, by strategy.
fn health(c: &mut Cluster<'_>) {
    use crate::model::HealthStrategy as H;
    let strategy = c.options.health;
    if strategy == H::None {
        return;
    }
    let base = c.options.configured.get("node-health-base").copied();
    let base = if strategy == H::Progressive { c.read_score(base) } else { 0 };
    let id = c.options.text("node-health-strategy", "none");
    for node in c.node_order.clone() {
        let attributes = c.nodes[node].attributes.iter().filter(|(name, _)| name.starts_with("#health"));
        let health =
            attributes.fold(base, |sum, (_, text)| crate::model::score::add(c.read_score(Some(text)), sum));
        if health == 0 {
            continue;
        }
        for resource in c.top.clone() {
            let stays = value::is_true(c.resources[resource].meta.get("allow-unhealthy-nodes"));
            if health > 0 || !stays {
                c.add_location(id, resource, alloc::vec![(node, health)], None);
            }
        }
    }
}

impl<'d> Cluster<'d> {
    /// Adds a location constraint.
    pub(crate) fn add_location(
        &mut self,
        id: &'d str,
        resource: ResourceId,
        nodes: Vec<(NodeId, i32)>,
        discovery: Option<&str>,
    ) -> LocationId {
        let is = |name: &str| discovery.is_some_and(|text| text.eq_ignore_ascii_case(name));
        let discovery = if is("never") {
            Discovery::Never
        } else if is("exclusive") {
            self.resources[resource].flags.insert(F::EXCLUSIVE_DISCOVERY);
            Discovery::Exclusive
        } else {
            Discovery::Always
        };
        let location = self.locations.add(Location { id, resource, nodes, role: Role::Unknown, discovery });
        self.resources[resource].locations.push(location);
        location
    }

    /// The resource that a constraint names; an instance stands for its clone.
    pub(crate) fn constrained(&self, id: &str) -> Option<ResourceId> {
        let found = self.find_resource(id)?;
        Some(if self.resources[found].id == id { found } else { self.outermost(found) })
    }

    /// An instance of a clone by number.
    pub(crate) fn instance_of(&self, clone: ResourceId, number: &str) -> Option<ResourceId> {
        let template = self.resources[clone].as_clone()?.template.id()?;
        let id = alloc::format!("{template}:{number}");
        self.resources[clone].children.iter().copied().find(|child| self.resources[*child].id == id)
    }
}
