//! The cluster as the scheduler sees it: nodes, resources, actions, constraints, by small numbers.

mod action;
mod arena;
mod cluster;
mod constraint;
mod flags;
mod node;
mod options;
mod resource;
pub(crate) mod score;
mod table;
mod task;

pub use action::{Action, Needs, Order};
pub use arena::{ActionId, Arena, ColocationId, Id, LocationId, NodeId, ResourceId};
pub use cluster::{Cluster, FailedOperation};
pub use constraint::{Colocation, End, Location, LossPolicy, Ordering, Tag, Ticket, TicketConstraint};
pub use flags::{ActionFlags, OrderFlags, ResourceFlags};
pub use node::{Node, NodeKind, compare_names};
pub use options::{HealthStrategy, NoQuorum, Options, Placement};
pub use resource::{
    Bundle, Clone, Group, Notifications, OperationEntry, Parameters, Recovery, Replica, Resource, Variant,
};
pub use score::INFINITY;
pub use table::{Discovery, NodeSet, NodeTable, Slot};
pub use task::{Key, Phase, Task};
