//! Tickets.

use super::set::{self, Named};
use crate::actions::fencing::fence;
use crate::model::{Cluster, INFINITY, LossPolicy, ResourceFlags as F, ResourceId, TicketConstraint};
use crate::reason::Reason;
use hb_cib::{Element, Role};

pub(super) fn read<'d>(c: &mut Cluster<'d>, element: Element<'d>) {
    let Some(ticket) = element.get("ticket").filter(|ticket| !ticket.is_empty()) else { return };
    c.tickets.entry(ticket).or_default();
    let policy = element.get("loss-policy");
    let Some(sets) = set::read(c, element) else { return };
    if !sets.is_empty() {
        for set in sets {
            for id in set.members.clone() {
                let Some(resource) = c.constrained(id) else { return };
                add(c, set.id, resource, ticket, set.get("role"), policy);
            }
        }
        return;
    }
    let Some(id) = element.get("rsc") else { return };
    let constraint = element.id().unwrap_or_default();
    let role = element.get("rsc-role");
    match set::meaning(c, id) {
        Named::Nothing => {}
        Named::Tag => {
            for member in set::references(c, id).unwrap_or_default().to_vec() {
                let Some(resource) = c.constrained(member) else { return };
                add(c, id, resource, ticket, role, policy);
            }
        }
        Named::Resource => {
            let Some(mut resource) = c.constrained(id) else { return };
            if let Some(number) = element.get("rsc-instance") {
                let Some(instance) = c.instance_of(resource, number) else { return };
                resource = instance;
            }
            add(c, constraint, resource, ticket, role, policy);
        }
    }
}

fn add<'d>(
    c: &mut Cluster<'d>,
    id: &'d str,
    resource: ResourceId,
    ticket: &'d str,
    role: Option<&str>,
    policy: Option<&str>,
) {
    let role = role.and_then(Role::read).filter(|role| *role != Role::Started).unwrap_or(Role::Unknown);
    let is = |name: &str| policy.is_some_and(|policy| policy.eq_ignore_ascii_case(name));
    let loss_policy = if is("fence") {
        if c.options.fencing { LossPolicy::Fence } else { LossPolicy::Stop }
    } else if is("freeze") {
        LossPolicy::Freeze
    } else if is("demote") {
        LossPolicy::Demote
    } else if is("stop") || role != Role::Promoted {
        LossPolicy::Stop
    } else {
        LossPolicy::Demote
    };
    let constraint = TicketConstraint { id, resource, ticket, loss_policy, role };
    c.resources[resource].tickets.push(c.ticket_constraints.len());
    c.ticket_constraints.push(constraint.clone());
    if is_missing(c, ticket) {
        apply(c, resource, &constraint);
    }
}

/// Whether a ticket is not granted, or on standby.
fn is_missing(c: &Cluster<'_>, ticket: &str) -> bool {
    c.tickets.get(ticket).is_none_or(|ticket| !ticket.granted || ticket.standby)
}

fn apply(c: &mut Cluster<'_>, resource: ResourceId, constraint: &TicketConstraint<'_>) {
    let children = c.resources[resource].children.clone();
    if !children.is_empty() {
        children.into_iter().for_each(|child| apply(c, child, constraint));
        return;
    }
    let granted = c.tickets.get(constraint.ticket).is_some_and(|ticket| ticket.granted);
    let it = &c.resources[resource];
    let active = !it.running_on.is_empty();
    let role_matches = constraint.role == Role::Unknown || constraint.role == it.role;
    if granted || !active {
        if constraint.role != Role::Promoted || constraint.loss_policy == LossPolicy::Stop {
            c.add_score_everywhere(resource, -INFINITY);
        }
        return;
    }
    match constraint.loss_policy {
        LossPolicy::Stop => c.add_score_everywhere(resource, -INFINITY),
        LossPolicy::Demote => {
            if constraint.role != Role::Promoted {
                c.add_score_everywhere(resource, -INFINITY);
            }
        }
        LossPolicy::Fence if role_matches => {
            c.add_score_everywhere(resource, -INFINITY);
            for node in c.resources[resource].running_on.clone() {
                fence(c, node, Reason::Node("deadman ticket was lost"), false);
            }
        }
        LossPolicy::Freeze if role_matches => {
            let flags = &mut c.resources[resource].flags;
            flags.remove(F::MANAGED);
            flags.insert(F::BLOCKED);
        }
        LossPolicy::Fence | LossPolicy::Freeze => {}
    }
}

/// Nothing is promoted without the tickets that promotion needs.
pub(crate) fn require_for_promotion(c: &mut Cluster<'_>, clone: ResourceId) {
    for position in c.resources[clone].tickets.clone() {
        let Some(constraint) = c.ticket_constraints.get(position) else { continue };
        if constraint.role == Role::Promoted && is_missing(c, constraint.ticket) {
            c.add_score_everywhere(clone, -INFINITY);
        }
    }
}
