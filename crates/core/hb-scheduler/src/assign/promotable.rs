//! Which instances are promoted.

use super::clone::{add_preferences, add_to_own};
use super::colocation::{self, Select};
use super::{compare, scores};
use crate::methods;
use crate::model::{Cluster, Colocation, INFINITY, NoQuorum, NodeId, ResourceFlags as F, ResourceId, score};
use crate::unpack::anonymous::{base_name, instance_part};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::cmp::Ordering;
use hb_cib::Role;

/// Nodes are the better for what promotion there is worth.
pub(crate) fn add_scores(c: &mut Cluster<'_>, clone: ResourceId) {
    match c.resources[clone].as_clone_mut() {
        Some(data) if !data.promotion_added => data.promotion_added = true,
        _ => return,
    }
    for child in c.resources[clone].children.clone() {
        for node in c.resources[child].allowed.nodes() {
            if !c.nodes[node].available() {
                continue;
            }
            let (number, _) = promotion_score(c, child, node);
            let it = &mut c.resources[child];
            if let Some(slot) = it.allowed.get_mut(node).filter(|_| number > 0) {
                slot.score = score::add(slot.score, number);
            }
            it.priority = it.priority.max(number);
        }
    }
}

/// How much an instance is to be promoted on a node, and whether anybody said so.
fn promotion_score(c: &Cluster<'_>, instance: ResourceId, node: NodeId) -> (i32, bool) {
    let it = &c.resources[instance];
    if !it.children.is_empty() {
        let scores = it.children.iter().map(|child| promotion_score(c, *child, node));
        return scores.fold((0, false), |(sum, told), (more, also)| (sum.saturating_add(more), told || also));
    }
    if !applies(c, instance, node) {
        return (0, false);
    }
    let value = |name: &str| c.calculated_attribute(instance, node, &format!("master-{name}"));
    let base = base_name(&it.id);
    let unnumbered = Some(base).filter(|base| !it.is(F::UNIQUE) && *base != it.id);
    let text = value(it.history_name.unwrap_or(&it.id)).or_else(|| unnumbered.and_then(value));
    text.map_or((0, false), |text| (c.read_score(Some(text)), true))
}

/// Whether what the node says is about this instance.
fn applies(c: &Cluster<'_>, instance: ResourceId, node: NodeId) -> bool {
    let it = &c.resources[instance];
    let may_run = it.allowed.score(node).is_some_and(|score| score >= 0);
    let clone = c.outermost(instance);
    if !it.is(F::UNIQUE) {
        let base = base_name(&it.id).to_string();
        let parts: Vec<ResourceId> =
            c.resources[clone].children.iter().filter_map(|child| instance_part(c, *child, &base)).collect();
        let active = parts.iter().copied().find(|part| c.resources[*part].running_on.contains(&node));
        let known = parts.iter().any(|part| c.resources[*part].known_on.contains(node));
        if active == Some(instance) || (active.is_none() && known) {
            return may_run;
        }
    }
    let unknown = it.running_on.is_empty() && it.known_on.is_empty();
    (unknown || it.known_on.contains(node) || it.running_on.contains(&node)) && may_run
}

/// Sets the wanted roles of all instances.
pub(crate) fn set_roles(c: &mut Cluster<'_>, clone: ResourceId) {
    c.resources[clone].allowed.iter_mut().for_each(|(_, slot)| slot.count = 0);
    for child in c.resources[clone].children.clone() {
        set_priority(c, clone, child);
    }
    sort_instances(c, clone);
    let mut promoted = 0;
    for child in c.resources[clone].children.clone() {
        set_role(c, clone, child, &mut promoted);
    }
}

fn set_priority(c: &mut Cluster<'_>, clone: ResourceId, instance: ResourceId) {
    if c.role_of(instance, true) == Role::Started {
        started_is_unpromoted(c, instance);
    }
    let Some(node) = c.place(instance, false) else { return };
    let next = c.role_of(instance, false);
    match next {
        Role::Started | Role::Unknown => {
            let (number, told) = promotion_score(c, instance, node);
            c.resources[instance].priority = if told { number } else { -1 };
        }
        Role::Unpromoted | Role::Stopped => c.resources[instance].priority = -INFINITY,
        Role::Promoted => {}
    }
    for holder in [instance, clone] {
        for location in c.resources[holder].locations.clone().into_iter().rev() {
            let constraint = &c.locations[location];
            let found = constraint.nodes.iter().find(|(known, _)| *known == node);
            if let Some((_, number)) = found.filter(|_| constraint.role == Role::Promoted) {
                let priority = score::add(c.resources[instance].priority, *number);
                c.resources[instance].priority = priority;
            }
        }
    }
    for constraint in c.resources[instance].this_with.clone() {
        let primary = c.colocations[constraint].primary;
        methods::apply_colocation(c, instance, primary, constraint, true);
    }
    let it = &mut c.resources[instance];
    it.sort_index = if next == Role::Promoted { INFINITY } else { it.priority };
}

fn started_is_unpromoted(c: &mut Cluster<'_>, resource: ResourceId) {
    let it = &mut c.resources[resource];
    if it.role == Role::Started {
        it.role = Role::Unpromoted;
    }
    it.children.clone().into_iter().for_each(|child| started_is_unpromoted(c, child));
}

/// Sorts instances by how much they are to be promoted, with all that goes along.
fn sort_instances(c: &mut Cluster<'_>, clone: ResourceId) {
    match c.resources[clone].as_clone_mut() {
        Some(data) if !data.promotion_constrained => data.promotion_constrained = true,
        _ => return,
    }
    c.resources[clone].flags.insert(F::MERGING);
    for child in c.resources[clone].children.clone() {
        let index = c.resources[child].sort_index;
        let node = c.place(child, false).filter(|_| index >= 0);
        if let Some(slot) = node.and_then(|node| c.resources[clone].allowed.get_mut(node)) {
            slot.score = score::add(index, slot.score);
        }
    }
    for constraint in c.resources[clone].this_with.clone() {
        let colocation = c.colocations[constraint].clone();
        if colocation.dependent_role == Role::Promoted {
            let select = if colocation.score < INFINITY { Select::ACTIVE } else { Select::empty() };
            let factor = colocation::factor(colocation.score);
            add_to_own(c, clone, colocation.primary, colocation.attribute, factor, select);
        }
    }
    for constraint in c.resources[clone].with_this.clone() {
        let promoted = c.colocations[constraint].primary_role == Role::Promoted;
        if promoted && colocation::has_influence(c, constraint, None) {
            add_preferences(c, clone, constraint, Select::ACTIVE | Select::NONNEGATIVE);
        }
    }
    crate::constraints::ticket::require_for_promotion(c, clone);
    for child in c.resources[clone].children.clone() {
        let it = &c.resources[child];
        if !it.is(F::MANAGED) && it.next_role == Role::Promoted {
            c.resources[child].sort_index = INFINITY;
        } else if let Some(node) = c.place(child, false).filter(|_| it.sort_index >= 0) {
            let index = c.resources[clone].allowed.score(node).unwrap_or(it.sort_index);
            c.resources[child].sort_index = index;
        }
    }
    let mut children = core::mem::take(&mut c.resources[clone].children);
    crate::sort::merge_sort(&mut children, &mut |one, other| {
        let index = |id: ResourceId| c.resources[id].sort_index;
        let order = index(other).cmp(&index(one));
        let order = order.then_with(|| c.role_of(other, true).cmp(&c.role_of(one, true)));
        if order == Ordering::Equal { compare::instances(c, one, other) } else { order }
    });
    c.resources[clone].children = children;
    c.resources[clone].flags.remove(F::MERGING);
}

fn set_role(c: &mut Cluster<'_>, clone: ResourceId, instance: ResourceId, promoted: &mut i32) {
    scores::note_promotion(c, instance, c.place(instance, false));
    let max = c.resources[clone].as_clone().map_or(0, |data| data.promoted_max);
    let may = *promoted < max || !c.resources[clone].is(F::MANAGED);
    let node =
        if c.resources[instance].sort_index >= 0 && may { promotion_node(c, clone, instance) } else { None };
    let frozen = c.resources[instance].role < Role::Promoted
        && !c.options.have_quorum
        && c.options.no_quorum == NoQuorum::Freeze;
    let Some(node) = node.filter(|_| !frozen) else {
        want_unpromoted(c, instance);
        return;
    };
    if let Some(slot) = c.resources[clone].allowed.get_mut(node) {
        slot.count += 1;
    }
    want_promoted(c, instance);
    *promoted += 1;
}

/// Where an instance can be promoted.
fn promotion_node(c: &Cluster<'_>, clone: ResourceId, resource: ResourceId) -> Option<NodeId> {
    let it = &c.resources[resource];
    if it.children.iter().any(|child| promotion_node(c, clone, *child).is_none()) {
        return None;
    }
    let node = c.place(resource, false)?;
    let managed = it.is(F::MANAGED);
    if !managed {
        if c.role_of(resource, true) != Role::Promoted {
            return None;
        }
    } else if it.priority < 0 || !c.nodes[node].available() {
        return None;
    } else if let Some(guest) = c.guest_container(node) {
        c.place(guest, false)?;
    }
    let slot = c.resources[clone].allowed.get(node)?;
    let node_max = c.resources[clone].as_clone().map_or(0, |data| data.promoted_node_max);
    (slot.count < node_max || !managed).then_some(node)
}

fn want_unpromoted(c: &mut Cluster<'_>, resource: ResourceId) {
    let placed = !c.places(resource, false).is_empty();
    c.want(resource, if placed { Role::Unpromoted } else { Role::Stopped });
    c.resources[resource].children.clone().into_iter().for_each(|child| want_unpromoted(c, child));
}

fn want_promoted(c: &mut Cluster<'_>, resource: ResourceId) {
    if c.resources[resource].next_role == Role::Unknown {
        c.want(resource, Role::Promoted);
    }
    c.resources[resource].children.clone().into_iter().for_each(|child| want_promoted(c, child));
}

/// A dependent goes along with instances in a role.
pub(super) fn lead(
    c: &mut Cluster<'_>,
    dependent: ResourceId,
    clone: ResourceId,
    colocation: &Colocation<'_>,
) {
    let mut places = Vec::new();
    let binds = colocation.score >= INFINITY;
    for instance in c.resources[clone].children.clone() {
        let Some(place) = c.place(instance, false) else { continue };
        if c.role_of(instance, false) != colocation.primary_role {
            continue;
        }
        if !binds {
            let attribute = colocation.attribute.unwrap_or("#uname");
            let value = c.nodes[place].attribute(attribute);
            let same: Vec<NodeId> = c.resources[dependent]
                .allowed
                .nodes()
                .into_iter()
                .filter(|node| colocation::same_text(c.nodes[*node].attribute(attribute), value))
                .collect();
            for node in same {
                if let Some(slot) = c.resources[dependent].allowed.get_mut(node) {
                    slot.score = score::add(slot.score, colocation.score);
                }
            }
        }
        // The score that the instance's own table has for its place.
        let number = c.place_score(instance, place);
        places.insert(0, (place, number));
    }
    let both = colocation.dependent_role == Role::Promoted && colocation.primary_role == Role::Promoted;
    if binds && !both {
        colocation::keep_only(c, dependent, &places, true);
    }
}

/// An instance that is to be promoted goes along with one of another clone.
pub(super) fn lead_priority(
    c: &mut Cluster<'_>,
    dependent: ResourceId,
    clone: ResourceId,
    colocation: &Colocation<'_>,
) {
    let partner = crate::order::interleave::partner(c, dependent, clone, colocation.primary_role, false);
    if partner.is_some() {
        let priority = score::add(c.resources[dependent].priority, colocation.score);
        c.resources[dependent].priority = priority;
    } else if colocation.score >= INFINITY {
        c.resources[dependent].priority = -INFINITY;
    }
}

impl<'d> Cluster<'d> {
    /// The score that a placed resource's table had for its place.
    fn place_score(&self, resource: ResourceId, node: NodeId) -> i32 {
        let it = &self.resources[resource];
        let holder = it.children.iter().copied().find(|child| self.resources[*child].assigned == Some(node));
        match holder {
            Some(child) => self.place_score(child, node),
            None => it.allowed.score(node).unwrap_or(self.nodes[node].score),
        }
    }

    /// An attribute as a resource sees it: resources in containers may ask for those of the host.
    pub(crate) fn calculated_attribute(
        &self,
        resource: ResourceId,
        node: NodeId,
        name: &str,
    ) -> Option<&'d str> {
        let target = self.resources[resource].meta.get("container-attribute-target");
        if !target.is_some_and(|target| target.eq_ignore_ascii_case("host")) {
            return self.nodes[node].attribute(name);
        }
        let container = self.guest_container(node)?;
        let host = self.resources[container].running_on.first()?;
        self.nodes[*host].attribute(name)
    }
}
