//! Whether nodes take part, by what their peers say.

use super::nodes::add_attributes;
use crate::actions::fencing::fence;
use crate::model::{Cluster, INFINITY, NoQuorum, NodeId, NodeKind, ResourceFlags as F};
use crate::reason::Reason;
use hb_cib::{Element, Known, Role, value};

/// Reads the state of a member.
pub(super) fn read<'d>(c: &mut Cluster<'d>, state: Element<'d>) {
    let (Some(id), Some(name)) = (state.id(), state.get("uname")) else { return };
    let Some(node) = c.node_any(id, name) else { return };
    if c.is_behind_connection(node) {
        c.nodes[node].was_fenced = flag(state.get("node_fenced"));
        return;
    }
    add_attributes(c, node, state.child("transient_attributes"), Known::IsReplaced);
    let it = &mut c.nodes[node];
    it.standby |= value::is_true(it.attribute("standby"));
    it.maintenance |= value::is_true(it.attribute("maintenance"));
    it.unclean = false;
    it.unseen = false;
    determine(c, node, state);
    let alone = !c.options.have_quorum && c.options.no_quorum == NoQuorum::Suicide;
    if alone && c.nodes[node].online {
        fence(c, node, Reason::Node("cluster does not have quorum"), false);
    }
}

fn flag(text: Option<&str>) -> bool {
    text.and_then(value::integer).is_some_and(|number| number > 0)
}

/// Whether a node has asked to be shut down.
pub(crate) fn shutdown_requested(c: &Cluster<'_>, node: NodeId) -> bool {
    c.nodes[node].attribute("shutdown").is_some_and(|text| text != "0")
}

fn determine(c: &mut Cluster<'_>, node: NodeId, state: Element<'_>) {
    let shutdown = shutdown_requested(c, node);
    let it = &mut c.nodes[node];
    it.shutdown = shutdown;
    it.expected_up = !shutdown && is(state.get("expected"), "member");
    let online = if it.kind == NodeKind::Ping {
        it.unclean = false;
        false
    } else if c.options.fencing {
        with_fencing(c, node, state)
    } else {
        without_fencing(c, node, state)
    };
    let it = &mut c.nodes[node];
    it.online |= online;
    if !online || it.shutdown {
        it.score = -INFINITY;
    }
}

fn is(text: Option<&str>, wanted: &str) -> bool {
    text.is_some_and(|text| text.eq_ignore_ascii_case(wanted))
}

fn without_fencing(c: &mut Cluster<'_>, node: NodeId, state: Element<'_>) -> bool {
    if !value::is_true(state.get("in_ccm")) {
        false
    } else if is(state.get("crmd"), "online") {
        is(state.get("join"), "member")
    } else {
        if c.nodes[node].expected_up {
            fence(c, node, Reason::Node("peer is unexpectedly down"), false);
        }
        false
    }
}

fn with_fencing(c: &mut Cluster<'_>, node: NodeId, state: Element<'_>) -> bool {
    let terminate = c.nodes[node].attribute("terminate").is_some_and(|text| {
        value::is_true(Some(text)) || text.starts_with(|first: char| first.is_ascii_digit() && first != '0')
    });
    let join = state.get("join");
    let member = value::is_true(state.get("in_ccm"));
    let process = is(state.get("crmd"), "online");
    let expected_down = state.get("expected").is_none_or(|text| is(Some(text), "down"));
    if c.nodes[node].shutdown {
        return process;
    }
    let why = if state.get("in_ccm").is_none() {
        "peer has not been seen by the cluster"
    } else if is(join, "banned") {
        "peer failed Pacemaker membership criteria"
    } else if !terminate && expected_down {
        if member || process {
            c.nodes[node].standby = true;
            c.nodes[node].pending = true;
        }
        return member;
    } else if terminate && is(join, "down") && !member && !process {
        return false;
    } else if !member {
        fence(c, node, Reason::Node("peer is no longer part of the cluster"), true);
        return member;
    } else if !process {
        "peer process is no longer available"
    } else if terminate {
        "termination was requested"
    } else if is(join, "member") {
        return member;
    } else if is(join, "pending") || is(join, "down") {
        c.nodes[node].standby = true;
        c.nodes[node].pending = true;
        return member;
    } else {
        "peer was in an unknown state"
    };
    fence(c, node, Reason::Node(why), false);
    member
}

/// Reads what is known of a node behind a connection.
pub(super) fn read_behind_connection<'d>(c: &mut Cluster<'d>, node: NodeId, state: Element<'d>) {
    c.nodes[node].remote_maintenance = flag(state.get("node_in_maintenance"));
    if !c.nodes[node].requires_reset {
        c.nodes[node].unclean = false;
        c.nodes[node].unseen = false;
    }
    add_attributes(c, node, state.child("transient_attributes"), Known::IsReplaced);
    let shutdown = shutdown_requested(c, node);
    let unmanaged =
        c.nodes[node].connection.is_some_and(|connection| !c.resources[connection].is(F::MANAGED));
    let undiscoverable = c.is_remote_node(node) && !c.options.fencing;
    let it = &mut c.nodes[node];
    it.shutdown |= shutdown;
    it.standby |= value::is_true(it.attribute("standby"));
    it.maintenance |= unmanaged || value::is_true(it.attribute("maintenance"));
    let discovery = it.attribute("resource-discovery-enabled");
    if discovery.is_some() && !value::is_true(discovery) && !undiscoverable {
        it.discovery_enabled = false;
    }
}

/// A node behind a connection is there when its connection is.
pub(super) fn determine_behind_connection(c: &mut Cluster<'_>, node: NodeId) {
    let Some(connection) = c.nodes[node].connection else {
        c.nodes[node].online = false;
        return;
    };
    let it = &c.resources[connection];
    let container = it.container.map(|container| &c.resources[container]);
    let host = it.running_on.first().filter(|_| it.container.is_some() && it.running_on.len() == 1);
    let host_lost = host.is_some_and(|host| !c.nodes[*host].online && c.nodes[*host].unclean);
    let started = it.role == Role::Started;
    let leaving = started && it.next_role == Role::Stopped;
    let container_failed = container.is_some_and(|container| container.is(F::FAILED));
    let failed = it.is(F::FAILED);
    let stopped =
        it.role == Role::Stopped || container.is_some_and(|container| container.role == Role::Stopped);
    let at = &mut c.nodes[node];
    at.online |= started;
    at.shutdown |= leaving;
    if container_failed {
        at.online = false;
        at.requires_reset = true;
    } else if failed {
        at.online = false;
    } else if stopped {
        at.online = false;
        at.requires_reset = false;
    } else if host_lost {
        at.online = false;
        at.requires_reset = true;
    }
}
