//! A node for a primitive.

use super::colocation;
use super::nodes::{self, is_wanted};
use super::{finalize, scores, utilization};
use crate::methods;
use crate::model::{Cluster, ColocationId, INFINITY, NoQuorum, NodeId, ResourceFlags as F, ResourceId};
use hb_cib::Role;

/// Gives a primitive its node, after what it depends on.
pub(crate) fn assign(c: &mut Cluster<'_>, resource: ResourceId, prefer: Option<NodeId>) -> Option<NodeId> {
    if let Some(parent) = c.resources[resource].parent
        && !c.resources[parent].is(F::ASSIGNING)
    {
        methods::assign(c, parent, prefer);
    }
    if !c.resources[resource].is(F::PROVISIONAL) {
        return c.resources[resource].assigned;
    }
    if c.resources[resource].is(F::ASSIGNING) {
        return None;
    }
    c.resources[resource].flags.insert(F::ASSIGNING);
    for constraint in c.resources[resource].this_with.clone() {
        apply_this_with(c, resource, constraint);
    }
    for constraint in c.resources[resource].with_this.clone() {
        apply_with_this(c, resource, constraint);
    }
    let it = &c.resources[resource];
    if it.next_role == Role::Stopped {
        c.add_score_everywhere(resource, -INFINITY);
    } else if it.next_role > it.role && !c.options.have_quorum && c.options.no_quorum == NoQuorum::Freeze {
        let role = it.role;
        c.want(resource, role);
    }
    scores::note(c, "pcmk__primitive_assign", resource);
    if c.options.fencing && !c.options.have_fencing_device {
        c.resources[resource].flags.remove(F::MANAGED);
    }
    choose(c, resource, prefer);
    c.resources[resource].flags.remove(F::ASSIGNING);
    if c.resources[resource].is(F::IS_REMOTE) {
        connection_assigned(c, resource);
    }
    c.resources[resource].assigned
}

fn choose(c: &mut Cluster<'_>, resource: ResourceId, prefer: Option<NodeId>) {
    if !c.resources[resource].is(F::MANAGED) {
        let role = c.resources[resource].role;
        c.want(resource, role);
        let current = c.current_node(resource).map(|node| (node, c.nodes[node].score));
        finalize(c, resource, current, true);
    } else if c.options.stop_everything {
        finalize(c, resource, None, true);
    } else if c.resources[resource].is(F::PROVISIONAL) {
        choose_best(c, resource, prefer);
    }
}

/// Goes along with another resource.
fn apply_this_with(c: &mut Cluster<'_>, resource: ResourceId, constraint: ColocationId) {
    let colocation = &c.colocations[constraint];
    let other = colocation.primary;
    let soft = colocation.score < 0 && colocation.score > -INFINITY;
    let keep = colocation.dependent_role >= Role::Promoted || soft;
    let archive = keep.then(|| c.resources[resource].allowed.copy());
    methods::assign(c, other, None);
    methods::apply_colocation(c, resource, other, constraint, true);
    if let Some(archive) = archive.filter(|_| !nodes::any_wanted(c, &c.resources[resource].allowed)) {
        c.resources[resource].allowed = archive;
    }
}

/// Another resource goes along with it: what that one prefers counts.
fn apply_with_this(c: &mut Cluster<'_>, resource: ResourceId, constraint: ColocationId) {
    if !colocation::has_influence(c, constraint, None) {
        return;
    }
    let (other, attribute) = (c.colocations[constraint].dependent, c.colocations[constraint].attribute);
    let factor = colocation::factor(c.colocations[constraint].score);
    let mut table = Some(core::mem::take(&mut c.resources[resource].allowed));
    // The table is read while it is added to: it stays in its place.
    if let Some(table) = &table {
        c.resources[resource].allowed = table.clone();
    }
    colocation::add_scores(c, other, &mut table, attribute, factor, colocation::Select::ACTIVE);
    if let Some(table) = table {
        c.resources[resource].allowed = table;
    }
}

fn choose_best(c: &mut Cluster<'_>, resource: ResourceId, prefer: Option<NodeId>) {
    let roomiest = utilization::ban_insufficient(c, resource);
    let prefer = prefer.or(roomiest);
    let it = &c.resources[resource];
    let sorted = nodes::sorted(c, &it.allowed, c.current_node(resource));
    let Some(best) = sorted.first().copied() else {
        finalize(c, resource, None, false);
        return;
    };
    let preferred = prefer
        .and_then(|node| Some((node, it.allowed.score(node)?)))
        .filter(|preferred| preferred.1 >= best.1 && is_wanted(c, *preferred));
    let mut chosen = preferred.unwrap_or(best);
    let in_unique_clone =
        it.parent.is_some_and(|parent| c.resources[parent].is_clone() && c.resources[parent].is(F::UNIQUE));
    if preferred.is_none() && !in_unique_clone && chosen.1 > 0 && c.nodes[chosen.0].available() {
        let current = c.current_node(resource).filter(|node| is_wanted(c, (*node, c.nodes[*node].score)));
        let equal = sorted.iter().skip(1).take_while(|other| other.1 == chosen.1);
        if let Some(same) = equal.copied().find(|other| Some(other.0) == current) {
            chosen = same;
        }
    }
    finalize(c, resource, Some(chosen), false);
}

/// A node behind a connection is there when the connection is to be somewhere.
fn connection_assigned(c: &mut Cluster<'_>, connection: ResourceId) {
    let it = &c.resources[connection];
    let Some(node) = c.node_named(&it.id) else { return };
    let up = it.assigned.is_some() && it.next_role != Role::Stopped;
    let at = &mut c.nodes[node];
    if up {
        at.online = true;
        if at.unseen {
            at.unclean = false;
        }
    } else {
        at.shutdown = true;
    }
}
