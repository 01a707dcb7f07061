//! Resources.

use super::arena::{ActionId, ColocationId, LocationId, NodeId, ResourceId};
use super::flags::ResourceFlags;
use super::table::{NodeSet, NodeTable};
use super::task::Task;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use hb_cib::{Element, Role, Values};

/// What to do when a resource is active more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recovery {
    /// Stop all, start one.
    #[default]
    StopStart,
    /// Stop all.
    StopOnly,
    /// Leave it to people.
    Block,
    /// Stop those that ought not to be.
    StopUnexpected,
}

/// An operation as configured.
#[derive(Clone, Copy, Debug)]
pub struct OperationEntry<'d> {
    /// The element.
    pub element: Element<'d>,
    /// `monitor`, `start`, …
    pub name: &'d str,
    /// Interval in milliseconds.
    pub interval_ms: u32,
    /// It is not switched off.
    pub enabled: bool,
}

/// What a group is.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Members start one after the other.
    pub ordered: bool,
    /// Members run on one node.
    pub colocated: bool,
}

/// The four points around the notifications of one operation.
#[derive(Clone, Copy, Debug)]
pub struct Notifications {
    /// Begin of telling before.
    pub pre: Option<ActionId>,
    /// End of telling before.
    pub pre_done: Option<ActionId>,
    /// Begin of telling after.
    pub post: Option<ActionId>,
    /// End of telling after.
    pub post_done: Option<ActionId>,
}

/// What a clone is.
#[derive(Clone, Debug)]
pub struct Clone<'d> {
    /// Most instances.
    pub max: i32,
    /// Most instances on a node.
    pub node_max: i32,
    /// Most promoted instances.
    pub promoted_max: i32,
    /// Most promoted instances on a node.
    pub promoted_node_max: i32,
    /// Instances made so far.
    pub total: i32,
    /// Instances start one after the other.
    pub ordered: bool,
    /// What it is a clone of.
    pub template: Element<'d>,
    /// Promotion scores have been added.
    pub promotion_added: bool,
    /// Instances have been sorted by promotion score.
    pub promotion_constrained: bool,
    /// Telling about starts.
    pub start_notify: Option<Notifications>,
    /// Telling about stops.
    pub stop_notify: Option<Notifications>,
    /// Telling about promotions.
    pub promote_notify: Option<Notifications>,
    /// Telling about demotions.
    pub demote_notify: Option<Notifications>,
}

/// One copy of a bundle.
#[derive(Clone, Debug)]
pub struct Replica<'d> {
    /// Its number.
    pub offset: u32,
    /// Its address.
    pub ip_address: Option<&'d str>,
    /// The node that its container is.
    pub node: Option<NodeId>,
    /// The resource that holds its address.
    pub ip: Option<ResourceId>,
    /// What runs inside.
    pub child: Option<ResourceId>,
    /// The container.
    pub container: ResourceId,
    /// The connection to what runs inside.
    pub remote: Option<ResourceId>,
}

/// What a bundle is.
#[derive(Clone, Debug)]
pub struct Bundle<'d> {
    /// Most promoted replicas.
    pub promoted_max: i32,
    /// Most replicas on a node.
    pub replicas_per_host: i32,
    /// The clone inside.
    pub child: Option<ResourceId>,
    /// The replicas.
    pub replicas: Vec<Replica<'d>>,
    /// `docker`, `podman` or `rkt`.
    pub agent: &'d str,
    /// The image that containers are made of.
    pub image: Option<&'d str>,
}

/// What kind of resource it is.
#[derive(Clone, Debug)]
pub enum Variant<'d> {
    /// Done by an agent.
    Primitive,
    /// Members in order and in one place.
    Group(Group),
    /// Instances of one primitive or group.
    Clone(alloc::boxed::Box<Clone<'d>>),
    /// Containers, and something in them.
    Bundle(alloc::boxed::Box<Bundle<'d>>),
}

/// The parameters of a resource, by name.
pub type Parameters<'d> = Rc<BTreeMap<&'d str, &'d str>>;

/// A resource: a primitive, a collective, a member or an instance.
#[derive(Clone, Debug)]
pub struct Resource<'d> {
    /// Its id, with the instance's number.
    pub id: String,
    /// Name of the instance in a node's history, where that is not its id.
    pub history_name: Option<&'d str>,
    /// The element that it is made of.
    pub element: Element<'d>,
    /// Number of the instance.
    pub instance: Option<u32>,
    /// Kind.
    pub variant: Variant<'d>,
    /// The collective that it belongs to.
    pub parent: Option<ResourceId>,
    /// Members or instances.
    pub children: Vec<ResourceId>,
    /// Operations as configured.
    pub operations: Rc<[OperationEntry<'d>]>,
    /// Meta attributes, those of parents and defaults included.
    pub meta: Rc<Values<'d>>,
    /// Parameters by node (without a node first), filled when needed.
    pub parameters: Vec<(Option<NodeId>, Parameters<'d>)>,
    /// Parameters depend on the node.
    pub parameters_vary: bool,
    /// Demand, by name.
    pub utilization: BTreeMap<&'d str, i32>,
    /// What is true of it.
    pub flags: ResourceFlags,
    /// Priority; for instances of promotable clones for a while their promotion score.
    pub priority: i32,
    /// By what promotable instances are sorted.
    pub sort_index: i32,
    /// How much it wants to stay.
    pub stickiness: i32,
    /// Failures after which it leaves a node; 0 is never.
    pub migration_threshold: i32,
    /// Seconds after which failures are forgotten; 0 is never.
    pub failure_timeout_s: i64,
    /// Milliseconds before a lost connection is tried again; 0 is at once.
    pub reconnect_ms: u32,
    /// When active more than once.
    pub recovery: Recovery,
    /// What is under way.
    pub pending_task: Option<Task<'d>>,
    /// Where it is under way.
    pub pending_node: Option<NodeId>,
    /// Present role.
    pub role: Role,
    /// Wanted role.
    pub next_role: Role,
    /// Where it is active, in the order of finding out.
    pub running_on: Vec<NodeId>,
    /// Where its state is known.
    pub known_on: NodeSet,
    /// Scores by node.
    pub allowed: NodeTable,
    /// The node that it is given to.
    pub assigned: Option<NodeId>,
    /// Target of a migration under way.
    pub partial_target: Option<NodeId>,
    /// Source of a migration under way.
    pub partial_source: Option<NodeId>,
    /// Sources that a finished migration left behind.
    pub dangling: Vec<NodeId>,
    /// The node that it is locked to while that is shut down.
    pub lock_node: Option<NodeId>,
    /// Since when, in seconds since 1970.
    pub lock_time: i64,
    /// What it runs inside of.
    pub container: Option<ResourceId>,
    /// What runs inside of it.
    pub fillers: Vec<ResourceId>,
    /// Colocations in which it is the dependent, most important first.
    pub this_with: Vec<ColocationId>,
    /// Colocations in which it is the primary, most important first.
    pub with_this: Vec<ColocationId>,
    /// Location constraints on it, oldest first.
    pub locations: Vec<LocationId>,
    /// Ticket constraints on it, by position in the cluster's list.
    pub tickets: Vec<usize>,
    /// Its actions, oldest first.
    pub actions: Vec<ActionId>,
}

impl<'d> Resource<'d> {
    /// Whether all these flags are set.
    #[must_use]
    pub fn is(&self, flags: ResourceFlags) -> bool {
        self.flags.contains(flags)
    }

    /// Whether it is a primitive.
    #[must_use]
    pub fn is_primitive(&self) -> bool {
        matches!(self.variant, Variant::Primitive)
    }

    /// Whether it is a group.
    #[must_use]
    pub fn is_group(&self) -> bool {
        matches!(self.variant, Variant::Group(_))
    }

    /// Whether it is a clone.
    #[must_use]
    pub fn is_clone(&self) -> bool {
        matches!(self.variant, Variant::Clone(_))
    }

    /// Whether it is a bundle.
    #[must_use]
    pub fn is_bundle(&self) -> bool {
        matches!(self.variant, Variant::Bundle(_))
    }

    /// Order of kinds: primitive, group, clone, bundle.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self.variant {
            Variant::Primitive => 0,
            Variant::Group(_) => 1,
            Variant::Clone(_) => 2,
            Variant::Bundle(_) => 3,
        }
    }

    /// What makes it a clone.
    #[must_use]
    pub fn as_clone(&self) -> Option<&Clone<'d>> {
        match &self.variant {
            Variant::Clone(clone) => Some(clone),
            _ => None,
        }
    }

    /// What makes it a clone, to be changed.
    pub fn as_clone_mut(&mut self) -> Option<&mut Clone<'d>> {
        match &mut self.variant {
            Variant::Clone(clone) => Some(clone),
            _ => None,
        }
    }

    /// What makes it a bundle.
    #[must_use]
    pub fn as_bundle(&self) -> Option<&Bundle<'d>> {
        match &self.variant {
            Variant::Bundle(bundle) => Some(bundle),
            _ => None,
        }
    }

    /// What makes it a group.
    #[must_use]
    pub fn as_group(&self) -> Option<Group> {
        match &self.variant {
            Variant::Group(group) => Some(*group),
            _ => None,
        }
    }

    /// The id in the configuration, without the instance's number.
    #[must_use]
    pub fn configured_id(&self) -> &'d str {
        self.element.id().unwrap_or_default()
    }

    /// `ocf`, `stonith`, …
    #[must_use]
    pub fn class(&self) -> Option<&'d str> {
        self.element.get("class")
    }

    /// Whether it is a fencing device.
    #[must_use]
    pub fn is_fence_device(&self) -> bool {
        self.is(ResourceFlags::FENCE_DEVICE)
    }
}
