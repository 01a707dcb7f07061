//! The whole.

use super::action::Action;
use super::arena::{ActionId, Arena, ColocationId, LocationId, NodeId, ResourceId};
use super::constraint::{Colocation, Location, Ordering, Tag, Ticket, TicketConstraint};
use super::flags::ResourceFlags;
use super::node::Node;
use super::options::Options;
use super::resource::Resource;
use super::task::{Key, Task};
use crate::Error;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use hb_cib::rule::{Facts, NextChange};
use hb_cib::{Document, Element, Ids, Moment, Role};

/// A failed operation of the history, as status output shows it.
#[derive(Clone, Debug)]
pub struct FailedOperation<'d> {
    /// The entry of the history.
    pub entry: Element<'d>,
    /// Its node.
    pub node: NodeId,
    /// Its resource.
    pub resource: ResourceId,
    /// Its key, or its id where there is none.
    pub key: &'d str,
}

/// The cluster: first as it is, then, phase by phase, with what is to be done.
#[derive(Debug)]
pub struct Cluster<'d> {
    /// The document.
    pub cib: &'d Document,
    /// Its configuration by id.
    pub ids: Ids<'d>,
    /// The moment of decision.
    pub now: Moment,
    /// Options.
    pub options: Options<'d>,
    /// Nodes in order of creation.
    pub nodes: Arena<NodeId, Node<'d>>,
    /// Nodes by name.
    pub node_order: Vec<NodeId>,
    /// Nodes by id and by name, both in lower case.
    pub(crate) node_names: BTreeMap<String, NodeId>,
    pub(crate) node_ids: BTreeMap<String, NodeId>,
    /// All resources in order of creation.
    pub resources: Arena<ResourceId, Resource<'d>>,
    /// Resources that are in no other, most important first.
    pub top: Vec<ResourceId>,
    /// Resources by id.
    pub(crate) by_id: BTreeMap<String, ResourceId>,
    /// Resources by the name that their history has.
    pub(crate) by_history_name: BTreeMap<&'d str, Vec<ResourceId>>,
    /// All actions in order of creation.
    pub actions: Arena<ActionId, Action<'d>>,
    /// Actions without resource, by name.
    pub(crate) singletons: BTreeMap<String, ActionId>,
    /// Location constraints.
    pub locations: Arena<LocationId, Location<'d>>,
    /// Colocations.
    pub colocations: Arena<ColocationId, Colocation<'d>>,
    /// Orders among actions.
    pub orderings: Vec<Ordering<'d>>,
    /// Tickets by id.
    pub tickets: BTreeMap<&'d str, Ticket>,
    /// Who needs which.
    pub ticket_constraints: Vec<TicketConstraint<'d>>,
    /// Tags by id.
    pub tags: BTreeMap<&'d str, Tag<'d>>,
    /// Resources made from templates, by the template's id.
    pub templates: BTreeMap<&'d str, Tag<'d>>,
    /// Failed operations, in the order of finding them.
    pub failed: Vec<FailedOperation<'d>>,
    /// `rsc_defaults`.
    pub(crate) resource_defaults: Option<Element<'d>>,
    /// `op_defaults`.
    pub(crate) operation_defaults: Option<Element<'d>>,
    /// When to look again, in seconds since 1970.
    pub recheck_by: Option<i64>,
    /// Number of resource instances.
    pub instances: u32,
    /// Of these, how many are disabled.
    pub disabled: u32,
    /// Of these, how many are blocked.
    pub blocked: u32,
    /// Entries of the history that count as changed because their failure expired.
    pub(crate) expired_entries: BTreeSet<usize>,
    /// Containers that have to be stopped because of what is inside.
    pub(crate) stop_needed: Vec<ResourceId>,
    /// Entries of the history to be compared later.
    pub(crate) deferred: Vec<crate::bundle::remote::Deferred<'d>>,
    /// The transition.
    pub graph: crate::graph::TransitionGraph,
    /// Lines of scores.
    pub scores: Vec<String>,
    /// Secrets in the document are masked: that they differ means nothing.
    pub(crate) secrets_masked: bool,
    /// Whether scores are wanted.
    pub(crate) want_scores: bool,
    /// Depth of recursion, and the first thing that went wrong.
    pub(crate) depth: u32,
    pub(crate) work: u64,
    pub(crate) error: Option<Error>,
    /// Digests by node, resource and key.
    pub(crate) digests: BTreeMap<(NodeId, ResourceId, String), crate::actions::digest::Digests>,
}

impl<'d> Cluster<'d> {
    /// Finds a node by name, in any case.
    #[must_use]
    pub fn node_named(&self, name: &str) -> Option<NodeId> {
        self.node_names.get(&name.to_ascii_lowercase()).copied()
    }

    /// Finds a node by id, or else by name.
    #[must_use]
    pub fn node_any(&self, id: &str, name: &str) -> Option<NodeId> {
        self.node_ids.get(&id.to_ascii_lowercase()).copied().or_else(|| self.node_named(name))
    }

    /// The outermost collective that a resource is in, not counting bundles.
    #[must_use]
    pub fn outermost(&self, mut resource: ResourceId) -> ResourceId {
        while let Some(parent) = self.resources[resource].parent {
            if self.resources[parent].is_bundle() {
                break;
            }
            resource = parent;
        }
        resource
    }

    /// Whether `ancestor` is above `resource`.
    #[must_use]
    pub fn is_inside(&self, resource: ResourceId, ancestor: ResourceId) -> bool {
        let mut at = resource;
        while let Some(parent) = self.resources[at].parent {
            if parent == ancestor {
                return true;
            }
            at = parent;
        }
        false
    }

    /// Whether it is in a bundle, or is one.
    #[must_use]
    pub fn is_bundled(&self, mut resource: ResourceId) -> bool {
        loop {
            if self.resources[resource].is_bundle() {
                return true;
            }
            let Some(parent) = self.resources[resource].parent else { return false };
            resource = parent;
        }
    }

    /// Whether it is a clone whose instances are alike.
    #[must_use]
    pub fn is_anonymous_clone(&self, resource: ResourceId) -> bool {
        self.resources[resource].is_clone() && !self.resources[resource].is(ResourceFlags::UNIQUE)
    }

    /// A remote node: has a connection that is in no container.
    #[must_use]
    pub fn is_remote_node(&self, node: NodeId) -> bool {
        let node = &self.nodes[node];
        node.kind == super::NodeKind::Remote
            && node.connection.is_none_or(|connection| self.resources[connection].container.is_none())
    }

    /// A guest: a node that is a container.
    #[must_use]
    pub fn is_guest_node(&self, node: NodeId) -> bool {
        self.guest_container(node).is_some()
    }

    /// The container that a guest is.
    #[must_use]
    pub fn guest_container(&self, node: NodeId) -> Option<ResourceId> {
        let node = &self.nodes[node];
        if node.kind != super::NodeKind::Remote {
            return None;
        }
        self.resources[node.connection?].container
    }

    /// Reached through a connection.
    #[must_use]
    pub fn is_behind_connection(&self, node: NodeId) -> bool {
        self.nodes[node].kind == super::NodeKind::Remote
    }

    /// Whether a resource is the connection to a remote node.
    #[must_use]
    pub fn is_remote_connection(&self, resource: ResourceId) -> bool {
        let it = &self.resources[resource];
        it.is(ResourceFlags::IS_REMOTE)
            && self.node_named(&it.id).is_some_and(|node| self.is_remote_node(node))
    }

    /// Where a resource is active: the node that counts, how many nodes there are, and how many are clean.
    #[must_use]
    pub fn active_on(&self, resource: ResourceId) -> (Option<NodeId>, usize, usize) {
        let it = &self.resources[resource];
        let happy = |node: NodeId| self.nodes[node].online && !self.nodes[node].unclean;
        let clean = it.running_on.iter().filter(|node| happy(**node)).count();
        (self.current_node(resource), it.running_on.len(), clean)
    }

    /// The node that counts as where a resource is active.
    #[must_use]
    pub fn current_node(&self, resource: ResourceId) -> Option<NodeId> {
        let it = &self.resources[resource];
        let happy = |node: NodeId| self.nodes[node].online && !self.nodes[node].unclean;
        let first = it.running_on.first().copied();
        let preferred = if it.partial_source.is_some() {
            it.running_on.iter().copied().find(|node| Some(*node) == it.partial_source)
        } else if it.is(ResourceFlags::NEEDS_FENCING) {
            None
        } else {
            it.running_on.iter().copied().find(|node| happy(*node))
        };
        preferred.or(first)
    }

    /// Whether a resource is active; a collective when one, or all, of its parts are.
    #[must_use]
    pub fn is_active(&self, resource: ResourceId, all: bool) -> bool {
        let it = &self.resources[resource];
        if it.is_bundle() {
            return crate::bundle::is_active(self, resource, all);
        }
        if it.is_group() || it.is_clone() {
            let mut parts = it.children.iter();
            if all && it.is_clone() {
                return parts.all(|part| self.is_active(*part, true));
            }
            if all {
                return !it.children.is_empty() && parts.all(|part| self.is_active(*part, true));
            }
            return parts.any(|part| self.is_active(*part, false));
        }
        it.running_on.iter().any(|node| {
            let node = &self.nodes[*node];
            node.unclean || node.online || !it.is(ResourceFlags::MANAGED)
        })
    }

    /// The present, or the wanted, role; of a collective the highest of its parts.
    #[must_use]
    pub fn role_of(&self, resource: ResourceId, current: bool) -> Role {
        let it = &self.resources[resource];
        if it.is_group() || it.is_clone() {
            let roles = it.children.iter().map(|part| self.role_of(*part, current));
            return roles.max().unwrap_or(Role::Unknown);
        }
        if it.is_bundle() {
            return crate::bundle::role(self, resource, current);
        }
        if current { it.role } else { it.next_role }
    }

    /// The newest action of a resource that does `task`, on `node` if one is given.
    #[must_use]
    pub fn first_action(
        &self,
        resource: ResourceId,
        task: Task<'_>,
        node: Option<NodeId>,
    ) -> Option<ActionId> {
        let newest = self.resources[resource].actions.iter().rev().copied();
        newest.into_iter().find(|id| {
            let action = &self.actions[*id];
            action.task == task && (node.is_none() || action.node == node)
        })
    }

    /// The newest action of a resource with a key, on `node` if one is given.
    #[must_use]
    pub fn first_keyed(&self, resource: ResourceId, key: Key<'_>, node: Option<NodeId>) -> Option<ActionId> {
        let newest = self.resources[resource].actions.iter().rev().copied();
        newest.into_iter().find(|id| {
            let action = &self.actions[*id];
            action.key == key && (node.is_none() || action.node == node)
        })
    }

    /// An action's key as text.
    #[must_use]
    pub fn key_text(&self, action: ActionId) -> String {
        let action = &self.actions[action];
        match action.resource {
            Some(resource) => action.key.text(&self.resources[resource].id),
            None => action.name.clone(),
        }
    }

    /// Whether a resource is to stay stopped, or unpromoted.
    #[must_use]
    pub fn is_disabled(&self, resource: ResourceId) -> bool {
        let role = self.resources[resource].meta.get("target-role").and_then(Role::read);
        match role {
            Some(Role::Stopped) => true,
            Some(Role::Unpromoted) => self.resources[self.outermost(resource)].is(ResourceFlags::PROMOTABLE),
            _ => false,
        }
    }

    /// Whether a node can be fenced.
    #[must_use]
    pub fn can_fence(&self, node: NodeId) -> bool {
        if let Some(container) = self.guest_container(node) {
            return self.resources[container]
                .running_on
                .iter()
                .all(|host| self.nodes[*host].online || self.can_fence(*host));
        }
        let options = &self.options;
        options.fencing
            && options.have_fencing_device
            && (options.have_quorum
                || options.no_quorum == super::NoQuorum::Ignore
                || self.nodes[node].online)
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn now_s(&self) -> i64 {
        self.now.epoch()
    }

    /// Notes that the scheduler should look again.
    pub(crate) fn recheck(&mut self, at_s: i64) {
        if at_s > self.now_s() && self.recheck_by.is_none_or(|known| at_s < known) {
            self.recheck_by = Some(at_s);
        }
    }

    /// Notes when a rule would be answered differently.
    pub(crate) fn recheck_rule(&mut self, next: NextChange) {
        if let Some(moment) = next.0 {
            self.recheck(moment.epoch());
        }
    }

    /// Facts that only know the moment.
    pub(crate) fn facts(&self) -> Facts<'static> {
        Facts::at(self.now)
    }

    /// Sets the wanted role.
    pub(crate) fn want(&mut self, resource: ResourceId, role: Role) {
        self.resources[resource].next_role = role;
    }

    /// Whether there is more depth to go; notes an error when there is not.
    pub(crate) fn descend(&mut self, what: &str) -> bool {
        self.depth += 1;
        self.work += 1;
        if self.depth > crate::MAX_DEPTH && self.error.is_none() {
            self.error = Some(Error::TooDeep { what: what.into() });
        }
        if self.work > crate::MAX_WORK && self.error.is_none() {
            self.error = Some(Error::TooMuch { what: what.into() });
        }
        if self.error.is_some() {
            self.depth -= 1;
            return false;
        }
        true
    }

    /// Undoes [`Self::descend`].
    pub(crate) fn ascend(&mut self) {
        self.depth -= 1;
    }
}
