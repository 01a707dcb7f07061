//! The status section: tickets, states of nodes, and histories, which may tell about further nodes.

use super::history::{self, Entry};
use super::operation::OnFail;
use super::{anonymous, migration, node_state, result};
use crate::actions::create::action_on;
use crate::model::{ActionFlags as A, Cluster, Key, NodeId, ResourceFlags as F, ResourceId, Task};
use alloc::vec::Vec;
use hb_cib::{Element, Role, value};

pub(super) fn read<'d>(c: &mut Cluster<'d>, status: Option<Element<'d>>) {
    for element in status.into_iter().flat_map(Element::children) {
        if element.is("tickets") {
            read_tickets(c, element);
        } else if element.is("node_state") {
            node_state::read(c, element);
        }
    }
    while read_histories(c, status, false) {}
    read_histories(c, status, c.options.fencing);
    for container in core::mem::take(&mut c.stop_needed) {
        if let Some(node) = c.current_node(container) {
            action_on(c, container, Task::Stop, Some(node), false);
        }
    }
    for node in
        c.node_order.clone().into_iter().filter(|node| c.is_behind_connection(*node)).collect::<Vec<_>>()
    {
        let it = &c.nodes[node];
        if let Some(connection) = it.connection.filter(|_| it.shutdown) {
            c.want(connection, Role::Stopped);
        }
        if !c.nodes[node].unpacked {
            node_state::determine_behind_connection(c, node);
        }
    }
}

fn read_tickets<'d>(c: &mut Cluster<'d>, section: Element<'d>) {
    for element in section.children_named("ticket_state") {
        let Some(id) = element.id().filter(|id| !id.is_empty()) else { continue };
        let ticket = c.tickets.entry(id).or_default();
        ticket.granted = value::is_true(element.get("granted"));
        ticket.standby = value::is_true(element.get("standby"));
    }
}

/// Reads the histories of nodes whose state is clear by now; says whether there was one.
fn read_histories<'d>(c: &mut Cluster<'d>, status: Option<Element<'d>>, fence: bool) -> bool {
    let mut any = false;
    for state in status.into_iter().flat_map(|status| status.children_named("node_state")) {
        let (Some(id), Some(name)) = (state.id(), state.get("uname")) else { continue };
        let Some(node) = c.node_any(id, name) else { continue };
        if c.nodes[node].unpacked || !(fence || is_clear(c, node)) {
            continue;
        }
        if c.is_behind_connection(node) {
            node_state::determine_behind_connection(c, node);
            node_state::read_behind_connection(c, node, state);
        }
        c.nodes[node].unpacked = true;
        read_history(c, node, state);
        any = true;
    }
    any
}

fn is_clear(c: &Cluster<'_>, node: NodeId) -> bool {
    let connection = c.nodes[node].connection;
    if let Some(container) = c.guest_container(node) {
        connection.is_some_and(|connection| c.resources[connection].role == Role::Started)
            && c.resources[container].role == Role::Started
    } else if c.is_remote_node(node) {
        connection.is_some_and(|connection| {
            c.options.shutdown_lock || c.resources[connection].role == Role::Started
        })
    } else {
        c.options.fencing || c.options.shutdown_lock || c.nodes[node].online
    }
}

fn read_history<'d>(c: &mut Cluster<'d>, node: NodeId, state: Element<'d>) {
    let Some(list) = state.descend(&["lrm", "lrm_resources"]) else { return };
    let mut fillers = false;
    for entry in list.children_named("lrm_resource") {
        if let Some(resource) = read_resource(c, node, entry) {
            fillers |= c.resources[resource].is(F::ORPHAN_FILLER);
        }
    }
    if fillers {
        link_orphaned_fillers(c, list);
    }
}

/// Orphans that were inside of a container are so again.
fn link_orphaned_fillers<'d>(c: &mut Cluster<'d>, list: Element<'d>) {
    for entry in list.children_named("lrm_resource") {
        let (Some(container), Some(id)) = (entry.get("container"), entry.id()) else { continue };
        let (Some(container), Some(resource)) = (c.find_resource(container), c.find_resource(id)) else {
            continue;
        };
        let it = &c.resources[resource];
        if it.is(F::ORPHAN_FILLER) && it.container.is_none() {
            c.resources[resource].container = Some(container);
            c.resources[container].fillers.push(resource);
        }
    }
}

fn read_resource<'d>(c: &mut Cluster<'d>, node: NodeId, entry: Element<'d>) -> Option<ResourceId> {
    let id = entry.id()?;
    let entries = history::sorted(entry);
    if entries.is_empty() && !c.options.shutdown_lock {
        return None;
    }
    let found = anonymous::find(c, node, id);
    let resource = match found {
        Some(resource) => resource,
        None if entries.is_empty() => return None,
        None => orphan(c, entry)?,
    };
    if c.options.shutdown_lock {
        read_lock(c, resource, node, entry);
    }
    let saved = core::mem::replace(&mut c.resources[resource].role, Role::Unknown);
    let mut reading = result::Reading { last_failure: None, on_fail: OnFail::Ignore };
    for entry in &entries {
        result::read(c, resource, node, entry, &mut reading);
    }
    let (start, stop) = history::active_since(&entries);
    keep_recurring(c, resource, node, &entries, start, stop);
    settle(c, resource, node, reading.on_fail);
    if let Some(role) = super::resource::target_role(c, resource) {
        let it = &mut c.resources[resource];
        if it.next_role == Role::Unknown || role < it.next_role {
            it.next_role = role;
        }
    }
    let it = &mut c.resources[resource];
    it.role = it.role.max(saved);
    Some(resource)
}

/// A resource that is not configured has to go, or is left alone.
fn orphan<'d>(c: &mut Cluster<'d>, entry: Element<'d>) -> Option<ResourceId> {
    let resource = super::resource::create_orphan(c, entry)?;
    if c.options.stop_orphan_resources {
        c.add_score_everywhere(resource, -crate::model::INFINITY);
    } else {
        c.resources[resource].flags.remove(F::MANAGED);
    }
    Some(resource)
}

fn read_lock<'d>(c: &mut Cluster<'d>, resource: ResourceId, node: NodeId, entry: Element<'d>) {
    let since = entry.get("shutdown-lock").and_then(value::integer).unwrap_or(0);
    if since == 0 {
        return;
    }
    let limit = c.options.shutdown_lock_limit_s;
    if limit > 0 && c.now_s() > since + limit {
        action_on(c, resource, Task::LrmDelete, Some(node), false);
    } else {
        let it = &mut c.resources[resource];
        it.lock_node = Some(node);
        it.lock_time = since;
    }
}

/// Recurring operations that go on are known as actions.
fn keep_recurring<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entries: &[Entry<'d>],
    start: isize,
    stop: isize,
) {
    if !c.nodes[node].online {
        return;
    }
    for (at, entry) in (0_isize..).zip(entries) {
        let over = (start < stop && at <= stop) || at < start;
        if over || entry.interval_ms == 0 || entry.element.get("op-status") == Some("-1") {
            continue;
        }
        let task = Task::read(entry.task);
        crate::actions::create::custom(c, resource, Key::Op(task, entry.interval_ms), task, Some(node), true);
    }
}

/// Draws the consequences of all that was read about a resource on a node.
fn settle(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, on_fail: OnFail) {
    note_known(c, resource, node);
    let lost = {
        let (it, at) = (&c.resources[resource], &c.nodes[node]);
        it.role > Role::Stopped && !at.online && !at.maintenance && it.is(F::MANAGED)
    };
    if lost {
        result::fence_lost(c, resource, node);
    }
    let effective = if c.nodes[node].unclean { OnFail::Ignore } else { on_fail };
    result::apply(c, resource, node, effective);
    if c.resources[resource].is(F::FAILED | F::IS_REMOTE)
        && let Some(behind) = c.node_named(&c.resources[resource].id)
        && c.nodes[behind].unclean
    {
        c.nodes[behind].unseen = false;
    }
    let active = !matches!(c.resources[resource].role, Role::Stopped | Role::Unknown);
    if active {
        super::active::add(c, resource, node, on_fail != OnFail::Ignore);
        let flags = &mut c.resources[resource].flags;
        match effective {
            OnFail::Ignore => {}
            OnFail::Demote | OnFail::Block => flags.insert(F::FAILED),
            _ => flags.insert(F::FAILED | F::STOP),
        }
    } else if c.resources[resource].history_name.is_some_and(|name| name.contains(':')) {
        c.set_history_name(resource, None);
    } else {
        // A stop that was meant for this node is not needed.
        let stops = c.actions_keyed(resource, Key::Op(Task::Stop, 0), Some(node));
        for stop in stops {
            c.actions[stop].flags.insert(A::OPTIONAL);
        }
    }
    migration::settle(c, resource, node);
}

/// The resource, and collectives whose parts are alike, are known on the node.
fn note_known(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) {
    if c.resources[resource].role == Role::Unknown {
        return;
    }
    let mut at = Some(resource);
    while let Some(known) = at {
        let it = &mut c.resources[known];
        it.known_on.insert(node);
        at = if it.is(F::UNIQUE) { None } else { it.parent };
    }
}

impl<'d> Cluster<'d> {
    /// Sets or takes away the name that a resource has in histories.
    pub(crate) fn set_history_name(&mut self, resource: ResourceId, name: Option<&'d str>) {
        if let Some(old) = self.resources[resource].history_name
            && let Some(list) = self.by_history_name.get_mut(old)
        {
            list.retain(|known| *known != resource);
        }
        self.resources[resource].history_name = name;
        if let Some(name) = name {
            self.by_history_name.entry(name).or_default().push(resource);
        }
    }
}
