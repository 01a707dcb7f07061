//! Orders around connections to remote nodes and guests.

use super::fencing::fence;
use crate::model::{
    ActionFlags as A, ActionId, Cluster, End, Key, NodeId, OrderFlags as O, ResourceFlags as F, ResourceId,
    Task,
};
use crate::reason::Reason;
use hb_cib::Role;

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Alive,
    Resting,
    Failed,
    Stopped,
}

fn state(c: &Cluster<'_>, node: NodeId, connection: ResourceId) -> State {
    let it = &c.resources[connection];
    let host = c.current_node(connection);
    if it.next_role == Role::Stopped || it.assigned.is_none() {
        if host.is_some_and(|host| c.nodes[host].unclean) {
            return State::Failed;
        }
        if !it.is(F::FAILED) {
            return State::Stopped;
        }
        let waits = it.next_role == Role::Stopped && it.reconnect_ms > 0 && c.nodes[node].was_fenced;
        let leaving = c.nodes[node].attribute("shutdown").is_some_and(|text| text != "0");
        return if waits && !leaving { State::Unknown } else { State::Failed };
    }
    let Some(host) = host else { return State::Unknown };
    let moves = it.running_on.len() > 1 && it.partial_source.is_some() && it.partial_target.is_some();
    if c.nodes[host].unclean || !c.nodes[host].online || moves { State::Resting } else { State::Alive }
}

/// Whether a remote node's connection cannot be had again.
pub(super) fn has_failed(c: &Cluster<'_>, node: NodeId) -> bool {
    let connection = c.nodes[node].connection.filter(|_| c.is_remote_node(node));
    connection.is_some_and(|connection| state(c, node, connection) == State::Failed)
}

/// Orders all actions behind connections.
pub(crate) fn order_connections(c: &mut Cluster<'_>) {
    if !c.options.have_remote_nodes {
        return;
    }
    for action in c.actions.ids().rev() {
        let it = &c.actions[action];
        let Some(resource) = it.resource else { continue };
        if c.resources[resource].is(F::IS_REMOTE) && it.task == Task::ClearFailcount {
            c.order(End::action(action), End::of(resource, Key::Op(Task::Start, 0)), O::OPTIONAL);
            continue;
        }
        let Some(node) = it.node.filter(|node| c.is_behind_connection(*node) && !it.is(A::PSEUDO)) else {
            continue;
        };
        let Some(connection) = c.nodes[node].connection else { continue };
        if it.task == Task::Start {
            order_stops_elsewhere(c, resource, node, connection);
        }
        match c.resources[connection].container {
            Some(container) => order_in_guest(c, action, connection, container),
            None => order_on_remote(c, action, node, connection),
        }
    }
}

/// A resource that comes here is stopped elsewhere only when the connection is up.
fn order_stops_elsewhere(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, connection: ResourceId) {
    for other in c.resources[resource].actions.clone().into_iter().rev() {
        let it = &c.actions[other];
        if it.task == Task::Stop && it.node.is_some_and(|at| at != node) {
            let start = End::of(connection, Key::Op(Task::Start, 0));
            c.order(start, End::action(other), O::OPTIONAL);
        }
    }
}

fn after_start(c: &mut Cluster<'_>, first: ResourceId, then: ActionId, extra: O) {
    let start = End::of(first, Key::Op(Task::Start, 0));
    c.order(start, End::action(then), O::PRESERVE | O::RUNNABLE_FIRST | extra);
}

fn before_stop(c: &mut Cluster<'_>, first: ActionId, then: ResourceId, extra: O) {
    let stop = End::of(then, Key::Op(Task::Stop, 0));
    c.order(End::action(first), stop, O::PRESERVE | extra);
}

/// What an action is, as far as connections are concerned.
fn task_of<'d>(c: &Cluster<'d>, action: ActionId) -> Task<'d> {
    match c.actions[action].task {
        Task::MigrateTo | Task::MigrateFrom => Task::Stop,
        task => task,
    }
}

fn order_on_remote(c: &mut Cluster<'_>, action: ActionId, node: NodeId, connection: ResourceId) {
    let state = state(c, node, connection);
    let stopping = c.resources[connection].next_role == Role::Stopped;
    match task_of(c, action) {
        Task::Start | Task::Promote => {
            let extra = if state == State::Failed { O::IMPLIES_THEN } else { O::empty() };
            after_start(c, connection, action, extra);
        }
        Task::Stop => {
            if state == State::Alive {
                before_stop(c, action, connection, O::IMPLIES_FIRST);
            } else if state == State::Failed {
                let why = "resources are active but connection is unrecoverable";
                fence(c, node, Reason::Node(why), false);
            } else if stopping {
                before_stop(c, action, connection, O::IMPLIES_FIRST);
            } else {
                after_start(c, connection, action, O::empty());
            }
        }
        Task::Demote => {
            if matches!(state, State::Resting | State::Unknown) {
                after_start(c, connection, action, O::empty());
            }
        }
        task => {
            if c.actions[action].interval_ms() > 0 {
                after_start(c, connection, action, O::IMPLIES_THEN);
                return;
            }
            if task == Task::Monitor && state == State::Failed {
                let why = "resources are in unknown state and connection is unrecoverable";
                fence(c, node, Reason::Node(why), false);
            }
            if c.current_node(connection).is_some() && state == State::Stopped {
                before_stop(c, action, connection, O::RUNNABLE_FIRST);
            } else {
                after_start(c, connection, action, O::empty());
            }
        }
    }
}

fn order_in_guest(c: &mut Cluster<'_>, action: ActionId, connection: ResourceId, container: ResourceId) {
    let failed = c.resources[container].is(F::FAILED);
    if let Some(node) = c.actions[action].node.filter(|_| failed) {
        fence(c, node, Reason::Node("container failed"), false);
    }
    match task_of(c, action) {
        Task::Start | Task::Promote => {
            after_start(c, container, action, O::IMPLIES_THEN);
            after_start(c, connection, action, O::empty());
        }
        Task::Stop | Task::Demote => {
            if !failed {
                before_stop(c, action, connection, O::empty());
            }
        }
        task => {
            let recurs = c.actions[action].interval_ms() > 0;
            if !recurs {
                after_start(c, connection, action, O::empty());
            } else if is_known(task) {
                after_start(c, connection, action, O::IMPLIES_THEN);
            }
        }
    }
}

fn is_known(task: Task<'_>) -> bool {
    task == Task::Monitor || task.completed().is_some()
}

impl<'d> Cluster<'d> {
    /// The node that reaches an action's node.
    pub(crate) fn router(&self, action: ActionId) -> Option<NodeId> {
        let it = &self.actions[action];
        let node = it.node.filter(|node| it.task != Task::Fence && self.is_behind_connection(*node))?;
        let connection = self.nodes[node].connection?;
        let owner = &self.resources[connection];
        let migrating = owner.container.is_none() && owner.partial_target.is_some();
        let (Some(began), Some(ends)) = (self.current_node(connection), owner.assigned) else {
            return self.current_node(connection).or(owner.assigned);
        };
        let about = it.added("notify_operation").filter(|_| it.task == Task::Notify);
        let leaving = matches!(
            about.unwrap_or(it.task.name()),
            "cancel" | "stop" | "demote" | "migrate_from" | "migrate_to"
        );
        Some(if leaving && !migrating { began } else { ends })
    }
}
