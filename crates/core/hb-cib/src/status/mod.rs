//! Changing the status section: states of nodes, results of operations, failures, tickets.

mod record;

#[cfg(test)]
mod tests;

use crate::tree::{Document, Element, NodeId};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub use record::{Agent, ExecutionStatus, Outcome};

/// A document whose status section is being changed. It finds states of nodes and histories of resources at once.
#[derive(Clone, Debug)]
pub struct StatusEditor {
    document: Document,
    /// By name of the node.
    states: BTreeMap<String, NodeId>,
    /// By state, and id of the resource; filled at the first question about a state.
    histories: BTreeMap<NodeId, BTreeMap<String, NodeId>>,
}

/// What the membership says of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A member that takes part.
    Online,
    /// Left in order, or known to be off.
    Down,
    /// Gone without a word.
    Lost,
}

impl StatusEditor {
    /// Takes a document; it gets a status section if it has none.
    #[must_use]
    pub fn new(mut document: Document) -> Self {
        child_or_new(&mut document, None, "status");
        let mut states = BTreeMap::new();
        for state in document.root().child("status").into_iter().flat_map(|s| s.children_named("node_state"))
        {
            if let Some(name) = state.get("uname") {
                // The first of a name counts.
                states.entry(name.to_string()).or_insert(state.node());
            }
        }
        StatusEditor { document, states, histories: BTreeMap::new() }
    }

    /// The document as it is by now.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The document.
    #[must_use]
    pub fn into_document(self) -> Document {
        self.document
    }

    /// Says whether the cluster has quorum.
    pub fn set_quorum(&mut self, quorum: &str) {
        let root = self.document.root().node();
        self.document.set(root, "have-quorum", quorum);
    }

    /// Sets a cluster property, in the set where it is, or else in the first.
    pub fn set_property(&mut self, name: &str, value: &str) {
        let configuration = child_or_new(&mut self.document, None, "configuration");
        let section = child_or_new(&mut self.document, Some(configuration), "crm_config");
        let sets: Vec<_> = self
            .document
            .element(section)
            .into_iter()
            .flat_map(|section| section.children_named("cluster_property_set"))
            .collect();
        let known =
            sets.iter().flat_map(|set| set.children_named("nvpair")).find(|p| p.get("name") == Some(name));
        if let Some(pair) = known.map(Element::node) {
            return self.document.set(pair, "value", value);
        }
        let set = match sets.first() {
            Some(set) => set.node(),
            None => {
                let set = self.document.append(section, "cluster_property_set");
                self.document.set(set, "id", "cib-bootstrap-options");
                set
            }
        };
        self.add_pair(set, name, value);
    }

    /// Puts a node into the configuration, unless it is there; its id is its name.
    pub fn configure_node(&mut self, node: &str) {
        let configuration = child_or_new(&mut self.document, None, "configuration");
        let nodes = child_or_new(&mut self.document, Some(configuration), "nodes");
        let known = self
            .document
            .element(nodes)
            .is_some_and(|nodes| nodes.children().any(|known| known.get("uname") == Some(node)));
        if !known {
            let new = self.document.append(nodes, "node");
            self.document.set(new, "id", node);
            self.document.set(new, "uname", node);
        }
    }

    /// The state of a node, which is made if there is none: with `id`, or the id that the configuration gives it.
    pub fn node_state(&mut self, node: &str, id: Option<&str>) -> NodeId {
        if let Some(known) = self.states.get(node) {
            return *known;
        }
        let id = id.map_or_else(|| self.configured_id(node), ToString::to_string);
        let status = child_or_new(&mut self.document, None, "status");
        let state = self.document.append(status, "node_state");
        self.document.set(state, "id", &id);
        self.document.set(state, "uname", node);
        self.states.insert(node.to_string(), state);
        state
    }

    /// The id of a node in the configuration; the name of one that is not there, as remote nodes are not.
    fn configured_id(&self, node: &str) -> String {
        let nodes = self.document.root().descend(&["configuration", "nodes"]);
        let known = nodes.into_iter().flat_map(Element::children).find(|n| n.get("uname") == Some(node));
        known.and_then(Element::id).unwrap_or(node).to_string()
    }

    /// Says how a node is. `origin` names who says so.
    pub fn set_presence(&mut self, node: &str, presence: Presence, origin: &str) -> NodeId {
        let state = self.node_state(node, None);
        let [in_cluster, peer, join] = match presence {
            Presence::Online => ["true", "online", "member"],
            Presence::Lost => ["false", "online", "member"],
            Presence::Down => ["false", "offline", "down"],
        };
        let values = [
            ("in_ccm", in_cluster),
            ("crmd", peer),
            ("join", join),
            ("expected", join),
            ("crm-debug-origin", origin),
        ];
        for (name, value) in values {
            self.document.set(state, name, value);
        }
        state
    }

    /// Removes what is known of a node's resources, and its transient attributes.
    pub fn forget(&mut self, node: &str) {
        let Some(&state) = self.states.get(node) else { return };
        let gone: Vec<_> = self
            .document
            .element(state)
            .into_iter()
            .flat_map(Element::children)
            .filter(|child| child.is("lrm") || child.is("transient_attributes"))
            .map(Element::node)
            .collect();
        gone.into_iter().for_each(|child| self.document.remove(child));
        self.histories.remove(&state);
    }

    /// Counts a failure of an operation; answers with the attributes that were set. A result that is no failure is not
    /// counted. `now` is in seconds since 1970.
    pub fn add_failure(
        &mut self,
        node: &str,
        key: &crate::OperationKey,
        result: i32,
        now: i64,
    ) -> Vec<(String, String)> {
        if result == 0 || (result == 7 && key.interval_ms == 0) {
            return Vec::new();
        }
        let state = self.node_state(node, None);
        let named = |prefix| format!("{prefix}-{}#{}_{}", key.resource, key.operation, key.interval_ms);
        let (count, last) = (named("fail-count"), named("last-failure"));
        let known = self.transient(state, &count).map_or(0, |text| crate::Score::read(&text).number());
        let failures = crate::Score::new(i64::from(known) + 1);
        self.set_transient(state, &count, &failures.to_string());
        self.set_transient(state, &last, &now.to_string());
        alloc::vec![(count, "value++".to_string()), (last, now.to_string())]
    }

    fn transient(&self, state: NodeId, name: &str) -> Option<String> {
        let sets = self.document.element(state)?.child("transient_attributes")?;
        let mut pairs = sets.children().flat_map(|set| set.children_named("nvpair"));
        pairs.find(|pair| pair.get("name") == Some(name))?.get("value").map(ToString::to_string)
    }

    /// Sets a transient attribute of a node.
    pub fn set_transient(&mut self, state: NodeId, name: &str, value: &str) {
        let id = self.document.element(state).and_then(Element::id).unwrap_or_default().to_string();
        let holder = child_or_new(&mut self.document, Some(state), "transient_attributes");
        if self.document.element(holder).and_then(Element::id).is_none() {
            self.document.set(holder, "id", &id);
        }
        let set = child_or_new(&mut self.document, Some(holder), "instance_attributes");
        if self.document.element(set).and_then(Element::id).is_none() {
            self.document.set(set, "id", &format!("status-{id}"));
        }
        let known = self.document.element(set).and_then(|set| {
            set.children_named("nvpair").find(|pair| pair.get("name") == Some(name)).map(Element::node)
        });
        match known {
            Some(pair) => self.document.set(pair, "value", value),
            None => self.add_pair(set, name, value),
        }
    }

    fn add_pair(&mut self, set: NodeId, name: &str, value: &str) {
        let holder = self.document.element(set).and_then(Element::id).unwrap_or_default();
        let id = format!("{holder}-{name}").replace([':', '#'], ".");
        let pair = self.document.append(set, "nvpair");
        for (attribute, value) in [("id", id.as_str()), ("name", name), ("value", value)] {
            self.document.set(pair, attribute, value);
        }
    }

    /// Sets an attribute of a ticket's state, `granted` or `standby`.
    pub fn set_ticket(&mut self, ticket: &str, attribute: &str, value: bool) {
        let status = child_or_new(&mut self.document, None, "status");
        let tickets = child_or_new(&mut self.document, Some(status), "tickets");
        let known = self.document.element(tickets).and_then(|tickets| {
            tickets.children_named("ticket_state").find(|state| state.id() == Some(ticket)).map(Element::node)
        });
        let state = known.unwrap_or_else(|| {
            let state = self.document.append(tickets, "ticket_state");
            self.document.set(state, "id", ticket);
            state
        });
        self.document.set(state, attribute, if value { "true" } else { "false" });
    }
}

/// The child of `parent`, or of the root, called `name`; a new one if there is none.
fn child_or_new(document: &mut Document, parent: Option<NodeId>, name: &str) -> NodeId {
    let parent = parent.unwrap_or(document.root().node());
    let known = document.element(parent).and_then(|parent| parent.child(name)).map(Element::node);
    known.unwrap_or_else(|| document.append(parent, name))
}
