//! Why actions are as they are.

use crate::model::{ActionId, Cluster, ResourceId, Task};
use alloc::format;
use alloc::string::{String, ToString};

/// Why an action is required, or cannot be done. Each names what it comes from, so that a chain can be followed to the
/// element of the document at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason<'d> {
    /// Another action has to be done.
    Required(ActionId),
    /// Another action cannot be done.
    Unrunnable(ActionId),
    /// The partition has no quorum.
    NoQuorum,
    /// The partition has no quorum, and everything stays as it is.
    QuorumFreeze,
    /// No node may run it.
    NodeAvailability,
    /// It is active on more than one node.
    MultiplyActive,
    /// Its definition changed since it was started.
    DefinitionChange,
    /// What it has to be with cannot be started.
    Colocation(ResourceId),
    /// The node is unclean.
    NodeUnclean,
    /// The guest's container failed.
    GuestUnclean,
    /// The resource is thought to be active on a node that is not there.
    ActiveThere(ResourceId),
    /// As [`Reason::ActiveThere`], but the connection may come back.
    ActiveBehindConnection(ResourceId),
    /// The resource failed there, and a failure is to fence the node.
    FailedThere(ResourceId),
    /// The resource's action needs the node to have been switched on.
    NeedsUnfencing(ResourceId, Task<'d>),
    /// Something about the node, its connection or its devices.
    Node(&'static str),
}

impl<'d> Reason<'d> {
    /// The words that status output has for it.
    #[must_use]
    pub fn text(&self, cluster: &Cluster<'d>) -> String {
        let id = |resource: &ResourceId| cluster.resources[*resource].id.as_str();
        match self {
            Reason::Required(action) => because("required", *action, cluster),
            Reason::Unrunnable(action) => because("unrunnable", *action, cluster),
            Reason::NoQuorum => "no quorum".to_string(),
            Reason::QuorumFreeze => "quorum freeze".to_string(),
            Reason::NodeAvailability => "node availability".to_string(),
            Reason::MultiplyActive => "being multiply active".to_string(),
            Reason::DefinitionChange => "resource definition change".to_string(),
            Reason::Colocation(resource) => format!("colocation with {}", id(resource)),
            Reason::NodeUnclean => "node is unclean".to_string(),
            Reason::GuestUnclean => "guest is unclean".to_string(),
            Reason::ActiveThere(resource) => format!("{} is thought to be active there", id(resource)),
            Reason::ActiveBehindConnection(resource) => format!(
                "{} is active there (fencing will be revoked if remote connection can be re-established elsewhere)",
                id(resource)
            ),
            Reason::FailedThere(resource) => format!("{} failed there", id(resource)),
            Reason::NeedsUnfencing(resource, task) => format!("required by {} {task}", id(resource)),
            Reason::Node(text) => (*text).to_string(),
        }
    }
}

fn because(what: &str, action: ActionId, cluster: &Cluster<'_>) -> String {
    let action = &cluster.actions[action];
    match action.resource {
        Some(resource) => format!("{what} {} {}", cluster.resources[resource].id, action.task),
        None if matches!(action.task, Task::Other(_)) => format!("{what} {}", action.name),
        None => format!("{what} {}", action.task),
    }
}
