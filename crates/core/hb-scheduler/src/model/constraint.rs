//! Constraints.

use super::arena::{ActionId, NodeId, ResourceId};
use super::flags::OrderFlags;
use super::table::Discovery;
use super::task::Key;
use alloc::vec::Vec;
use hb_cib::Role;

/// Where a resource is wanted.
#[derive(Clone, Debug)]
pub struct Location<'d> {
    /// Id of the constraint or rule, or what made it.
    pub id: &'d str,
    /// The resource.
    pub resource: ResourceId,
    /// Scores by node.
    pub nodes: Vec<(NodeId, i32)>,
    /// Only for this role; [`Role::Unknown`] is any.
    pub role: Role,
    /// Where it is looked for.
    pub discovery: Discovery,
}

/// One resource with, or away from, another.
#[derive(Clone, Debug)]
pub struct Colocation<'d> {
    /// Id of the constraint or set.
    pub id: &'d str,
    /// Attribute whose value has to be the same; the node itself when absent.
    pub attribute: Option<&'d str>,
    /// What goes along.
    pub dependent: ResourceId,
    /// What it goes along with.
    pub primary: ResourceId,
    /// Only when the dependent has this role; [`Role::Unknown`] is any.
    pub dependent_role: Role,
    /// Only when the primary has this role; [`Role::Unknown`] is any.
    pub primary_role: Role,
    /// How much.
    pub score: i32,
    /// Whether the dependent moves an active primary.
    pub influence: bool,
}

/// One side of an order.
#[derive(Clone, Copy, Debug, Default)]
pub struct End<'d> {
    /// The resource.
    pub resource: Option<ResourceId>,
    /// Which of its actions.
    pub key: Option<Key<'d>>,
    /// The very action.
    pub action: Option<ActionId>,
}

impl<'d> End<'d> {
    /// Actions of a resource by key.
    #[must_use]
    pub fn of(resource: ResourceId, key: Key<'d>) -> Self {
        End { resource: Some(resource), key: Some(key), action: None }
    }

    /// One action.
    #[must_use]
    pub fn action(action: ActionId) -> Self {
        End { resource: None, key: None, action: Some(action) }
    }
}

/// One action before another.
#[derive(Clone, Debug)]
pub struct Ordering<'d> {
    /// What it means.
    pub flags: OrderFlags,
    /// What is first.
    pub first: End<'d>,
    /// What comes after it.
    pub then: End<'d>,
}

/// A permission that belongs to a site.
#[derive(Clone, Debug, Default)]
pub struct Ticket {
    /// Granted here.
    pub granted: bool,
    /// Granted, but not to be used for new things.
    pub standby: bool,
}

/// What happens when a ticket is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossPolicy {
    /// Resources are stopped.
    Stop,
    /// They are demoted.
    Demote,
    /// Their nodes are fenced.
    Fence,
    /// They are left alone.
    Freeze,
}

/// A resource that needs a ticket.
#[derive(Clone, Debug)]
pub struct TicketConstraint<'d> {
    /// Id of the constraint or set.
    pub id: &'d str,
    /// The resource.
    pub resource: ResourceId,
    /// The ticket's id.
    pub ticket: &'d str,
    /// When it is lost.
    pub loss_policy: LossPolicy,
    /// Only for this role; [`Role::Unknown`] is any.
    pub role: Role,
}

/// Ids under one name: a tag, or the resources made from a template.
#[derive(Clone, Debug, Default)]
pub struct Tag<'d> {
    /// The ids.
    pub references: Vec<&'d str>,
}
