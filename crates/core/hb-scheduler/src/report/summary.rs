//! What is going to be done, and why.

use super::Listing;
use crate::model::{Action, ActionFlags, Cluster, Key, NodeId, ResourceFlags, ResourceId, Task};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_cib::Role;

/// Writes the summary of a transition: a line for each node that is fenced or shut down, then for each resource that
/// is not left as it is.
pub fn transition(cluster: &Cluster<'_>, out: &mut Listing) {
    out.begin("Transition Summary");
    // The newest come first.
    for action in cluster.actions.iter().rev() {
        if let Some(line) = node_line(cluster, action) {
            out.item(&line);
        }
    }
    let mut changes = Vec::new();
    for &resource in &cluster.top {
        changes_of(cluster, resource, &mut changes);
    }
    write_changes(&changes, out);
    out.end();
}

fn node_line(cluster: &Cluster<'_>, action: &Action<'_>) -> Option<String> {
    if action.resource.is_some() || action.is(ActionFlags::OPTIONAL) {
        return None;
    }
    let what = match action.task {
        Task::Shutdown => "Shutdown".to_string(),
        Task::Fence => format!("Fence ({})", action.added("stonith_action").unwrap_or_default()),
        _ => return None,
    };
    let node = action.node?;
    let container = cluster.guest_container(node).map(|container| cluster.resources[container].id.as_str());
    let resource = container.map(|id| format!(" (resource: {id})")).unwrap_or_default();
    // Without a reason it is not worth a line.
    let reason = action.reason.as_ref()?.text(cluster);
    Some(format!("{what} {}{resource} '{reason}'", cluster.nodes[node].name))
}

/// One line about a resource.
struct Change<'c> {
    what: &'static str,
    resource: &'c str,
    details: String,
    reason: String,
}

fn write_changes(changes: &[Change<'_>], out: &mut Listing) {
    // A name that is wider than all before it makes room for two more.
    let wide = changes
        .iter()
        .map(|change| change.resource.len())
        .fold(5, |width, length| if length > width { length + 2 } else { width });
    let deep = changes.iter().map(|change| change.details.len()).fold(5, usize::max);
    for Change { what, resource, details, reason } in changes {
        let gap = if reason.is_empty() { "" } else { "  " };
        out.item(&format!("{what:<8}   {resource:<wide$}   ( {details:>deep$} ){gap}{reason}"));
    }
}

fn changes_of<'c>(cluster: &'c Cluster<'_>, id: ResourceId, changes: &mut Vec<Change<'c>>) {
    let it = &cluster.resources[id];
    if let Some(bundle) = it.as_bundle() {
        for replica in &bundle.replicas {
            let parts = [replica.ip, Some(replica.container), replica.remote, replica.child];
            parts.into_iter().flatten().for_each(|part| changes_of(cluster, part, changes));
        }
    } else if it.children.is_empty() {
        Story::new(cluster, id).tell(changes);
    } else {
        it.children.iter().for_each(|part| changes_of(cluster, *part, changes));
    }
}

/// What happens to one resource.
struct Story<'c, 'd> {
    cluster: &'c Cluster<'d>,
    id: ResourceId,
    role: Role,
    current: Option<NodeId>,
    next: Option<NodeId>,
}

impl<'c, 'd> Story<'c, 'd> {
    fn new(cluster: &'c Cluster<'d>, id: ResourceId) -> Self {
        let it = &cluster.resources[id];
        let current = if it.running_on.is_empty() { None } else { cluster.current_node(id) };
        // What is being recovered may be called stopped while it is active.
        let role = if current.is_some() && it.role == Role::Stopped { Role::Started } else { it.role };
        Story { cluster, id, role, current, next: it.assigned }
    }

    fn is(&self, flags: ResourceFlags) -> bool {
        self.cluster.resources[self.id].is(flags)
    }

    fn tell(&self, changes: &mut Vec<Change<'c>>) {
        if self.current.is_none() && (self.is(ResourceFlags::ORPHAN) || self.next.is_none()) {
            return;
        }
        if !self.is(ResourceFlags::MANAGED) {
            return;
        }
        let start = self.action_at(Task::Start, self.next);
        let stop_node =
            if start.is_some_and(|start| start.is(ActionFlags::RUNNABLE)) { self.current } else { None };
        let mut stop = self.action_at(Task::Stop, stop_node);
        if stop.is_none() && self.is(ResourceFlags::STOP_UNEXPECTED) {
            stop = self.action_at(Task::Stop, None);
        }
        if self.role == self.cluster.resources[self.id].next_role {
            changes.extend(self.same_role(start, stop));
        } else {
            self.other_role(start, stop, changes);
        }
    }

    /// The oldest action of a kind on a node, or, when no node is given, anywhere.
    fn action_at(&self, task: Task<'_>, node: Option<NodeId>) -> Option<&'c Action<'d>> {
        let actions = self.cluster.resources[self.id].actions.iter().map(|id| &self.cluster.actions[*id]);
        actions.into_iter().find(|action| {
            // What has no node yet may be anywhere.
            let here = node.is_none() || action.node.is_none() || action.node == node;
            here && action.key == Key::Op(task, 0)
        })
    }

    fn same_role(&self, start: Option<&Action<'d>>, stop: Option<&Action<'d>>) -> Option<Change<'c>> {
        let (current, next) = (self.current, self.next);
        next?;
        let migration = self.action_at(Task::MigrateFrom, next);
        let moving = current.is_some() && current != next;
        if migration.is_some_and(|it| it.is(ActionFlags::RUNNABLE)) && current.is_some() {
            return self.change("Migrate", current, next, start, None);
        }
        if self.is(ResourceFlags::RELOAD) {
            return self.change("Reload", current, next, start, None);
        }
        let Some(start) = start.filter(|start| !start.is(ActionFlags::OPTIONAL)) else {
            let promote = self.action_at(Task::Promote, next);
            let demote = self.action_at(Task::Demote, next);
            let required =
                |action: Option<&Action<'_>>| action.is_some_and(|it| !it.is(ActionFlags::OPTIONAL));
            if required(promote) && required(demote) {
                return self.change("Re-promote", current, next, promote, demote);
            }
            return None;
        };
        if !start.is(ActionFlags::RUNNABLE) {
            let source = stop.filter(|stop| stop.reason.is_some()).unwrap_or(start);
            self.change("Stop", current, None, stop, Some(source))
        } else if moving {
            let what = if self.is(ResourceFlags::FAILED) { "Recover" } else { "Move" };
            self.change(what, current, next, stop, None)
        } else if self.is(ResourceFlags::FAILED) {
            self.change("Recover", current, None, stop, None)
        } else {
            self.change("Restart", current, next, Some(start), None)
        }
    }

    fn other_role(
        &self,
        start: Option<&Action<'d>>,
        stop: Option<&Action<'d>>,
        changes: &mut Vec<Change<'c>>,
    ) {
        let (current, next) = (self.current, self.next);
        let moving = current.is_some() && next.is_some() && current != next;
        let wanted = self.cluster.resources[self.id].next_role;
        let cannot_start = start.is_some_and(|start| !start.is(ActionFlags::RUNNABLE));
        let change = if stop.is_some() && (wanted == Role::Stopped || cannot_start) {
            changes.extend(self.stops(start));
            return;
        } else if stop.is_some() && self.is(ResourceFlags::FAILED | ResourceFlags::STOP) {
            self.change("Recover", current, next, stop, start)
        } else if moving {
            self.change("Move", current, next, stop, None)
        } else if self.is(ResourceFlags::RELOAD) {
            self.change("Reload", current, next, start, None)
        } else if stop.is_some_and(|stop| !stop.is(ActionFlags::OPTIONAL)) {
            self.change("Restart", current, next, start, None)
        } else if self.role == Role::Promoted {
            self.change("Demote", current, next, self.action_at(Task::Demote, next), None)
        } else if wanted == Role::Promoted {
            self.change("Promote", current, next, self.action_at(Task::Promote, next), None)
        } else if self.role == Role::Stopped && wanted > Role::Stopped {
            self.change("Start", current, next, start, None)
        } else {
            None
        };
        changes.extend(change);
    }

    /// One stop for each node where it is active.
    fn stops(&self, start: Option<&Action<'d>>) -> Vec<Change<'c>> {
        let nodes = &self.cluster.resources[self.id].running_on;
        let one = |node: &NodeId| {
            let stop = self.action_at(Task::Stop, Some(*node));
            let source = if stop.is_some_and(|stop| stop.reason.is_some()) { stop } else { start };
            self.change("Stop", Some(*node), None, stop, source)
        };
        nodes.iter().filter_map(one).collect()
    }

    /// A line; the reason is that of `source`, or of the action itself.
    fn change(
        &self,
        what: &'static str,
        origin: Option<NodeId>,
        target: Option<NodeId>,
        action: Option<&Action<'d>>,
        source: Option<&Action<'d>>,
    ) -> Option<Change<'c>> {
        let action = action?;
        let reason = source.unwrap_or(action).reason.as_ref().map(|reason| reason.text(self.cluster));
        let reason = match (reason, action.is(ActionFlags::RUNNABLE)) {
            (Some(reason), true) => format!("due to {reason}"),
            (Some(reason), false) => format!("due to {reason} (blocked)"),
            (None, false) => "blocked".to_string(),
            (None, true) => String::new(),
        };
        let resource = &self.cluster.resources[self.id].id;
        Some(Change { what, resource, details: self.details(origin, target)?, reason })
    }

    /// Roles and nodes, as far as they change.
    fn details(&self, origin: Option<NodeId>, target: Option<NodeId>) -> Option<String> {
        let wanted = self.cluster.resources[self.id].next_role;
        let roles = self.role > Role::Started || wanted > Role::Unpromoted;
        let name = |node: NodeId| self.cluster.nodes[node].name;
        let text = match (origin, target) {
            (None, None) => return None,
            (None, Some(to)) if roles => format!("{} -> {wanted} {}", self.role, name(to)),
            (None, Some(to)) => name(to).to_string(),
            (Some(from), None) if roles => format!("{} {}", self.role, name(from)),
            (Some(from), None) => name(from).to_string(),
            (Some(from), Some(to)) => match (self.role == wanted, from == to) {
                (true, true) if roles => format!("{} {}", self.role, name(from)),
                (true, true) => name(from).to_string(),
                (true, false) if roles => format!("{} -> {} {}", name(from), name(to), self.role),
                (true, false) => format!("{} -> {}", name(from), name(to)),
                (false, true) => format!("{} -> {wanted} {}", self.role, name(from)),
                (false, false) => format!("{} {} -> {wanted} {}", self.role, name(from), name(to)),
            },
        };
        Some(text)
    }
}

/// An interval in milliseconds in words: `10s-interval`, or `1m30s-interval`.
pub(super) fn readable_interval(ms: i64) -> String {
    let mut text = String::new();
    let mut rest = ms.max(0);
    for (unit, letter) in [(86_400_000, 'd'), (3_600_000, 'h'), (60_000, 'm')] {
        if rest > unit {
            text.push_str(&format!("{}{letter}", rest / unit));
            rest %= unit;
        }
    }
    if rest > 1000 {
        text.push_str(&format!("{}", rest / 1000));
        if rest % 1000 > 0 {
            text.push_str(&format!(".{:03}", rest % 1000));
        }
        text.push('s');
    } else if rest > 0 {
        text.push_str(&format!("{rest}ms"));
    } else if text.is_empty() {
        text.push_str("0s");
    }
    text
}
