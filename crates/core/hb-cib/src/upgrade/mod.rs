//! Old documents in the words of today.
//!
//! The schema that a document says it is written for (`validate-with`) decides: from 3.0 on it is taken as it is. What
//! has a new name gets it, what has moved moves, and what means nothing any more goes; each with a note.

mod acls;
mod pairs;

#[cfg(test)]
mod tests;

use crate::tree::{Document, Element, NodeId, Position};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// The schema that upgraded documents are written for.
pub const SCHEMA: &str = "pacemaker-3.9";

/// Something that an upgrade has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where the element stands.
    pub position: Position,
    /// Whether the cluster may behave differently now.
    pub weight: Weight,
    /// What was done, beginning with the element.
    pub what: String,
}

/// How much a change matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The same in other words.
    SameMeaning,
    /// It had no effect any more.
    Dropped,
    /// The cluster behaves differently.
    Behaviour,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.weight == Weight::Behaviour { "warning" } else { "note" };
        write!(f, "{}: {word}: {}", self.position, self.what)
    }
}

/// The version of the schema that a document names: `pacemaker-2.10` is `(2, 10)`. `None` for `none` and for names of
/// another shape.
#[must_use]
pub fn schema_version(cib: Element<'_>) -> Option<(u32, u32)> {
    let (major, minor) = cib.get("validate-with")?.strip_prefix("pacemaker-")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether [`upgrade`] has something to do: the document is for a schema before 3.0.
#[must_use]
pub fn is_old(cib: Element<'_>) -> bool {
    schema_version(cib).is_some_and(|version| version < (3, 0))
}

/// Upgrades a document for a schema before 3.0, and says what has changed. Other documents stay as they are.
pub fn upgrade(cib: &mut Document) -> Vec<Note> {
    let Some(version) = schema_version(cib.root()).filter(|version| *version < (3, 0)) else {
        return Vec::new();
    };
    let mut upgrade = Upgrade { cib, notes: Vec::new() };
    if version.0 < 2 {
        upgrade.acls();
    }
    upgrade.properties();
    upgrade.nodes();
    upgrade.resources();
    upgrade.colocations();
    let root = upgrade.cib.root().node();
    upgrade.cib.set(root, "validate-with", SCHEMA);
    upgrade.notes
}

struct Upgrade<'c> {
    cib: &'c mut Document,
    notes: Vec<Note>,
}

/// What becomes of a name.
#[derive(Clone, Copy)]
enum Fate {
    /// It has another name.
    Renamed(&'static str),
    /// It has another name, and this value.
    Redefined(&'static str, &'static str),
    /// It goes.
    Gone,
}

impl Upgrade<'_> {
    fn note(&mut self, node: NodeId, weight: Weight, what: &str) {
        if let Some(element) = self.cib.element(node) {
            self.notes.push(Note {
                position: element.position(),
                weight,
                what: format!("{element}: {what}"),
            });
        }
    }

    /// All elements called one of `names`, wherever they are in the configuration.
    fn all(&self, names: &[&str]) -> Vec<NodeId> {
        let configuration = self.cib.root().child("configuration");
        let all = configuration.into_iter().flat_map(Element::descendants);
        all.filter(|element| names.contains(&element.name())).map(Element::node).collect()
    }

    fn get(&self, node: NodeId, name: &str) -> Option<String> {
        self.cib.element(node)?.get(name).map(ToString::to_string)
    }

    fn children(&self, node: NodeId, name: &str) -> Vec<NodeId> {
        let element = self.cib.element(node);
        element.into_iter().flat_map(|element| element.children_named(name)).map(Element::node).collect()
    }

    fn child_or_new(&mut self, parent: NodeId, name: &str) -> NodeId {
        let known = self.children(parent, name).first().copied();
        known.unwrap_or_else(|| self.cib.append(parent, name))
    }

    fn nodes(&mut self) {
        for node in self.all(&["node"]) {
            if self.get(node, "type").as_deref() == Some("normal") {
                self.cib.set(node, "type", "member");
                self.note(node, Weight::SameMeaning, "type \"normal\" is \"member\" now");
            }
        }
    }

    fn colocations(&mut self) {
        for constraint in self.all(&["rsc_colocation"]) {
            for name in ["score-attribute", "score-attribute-mangle"] {
                if self.get(constraint, name).is_some() {
                    self.cib.unset(constraint, name);
                    self.note(constraint, Weight::Dropped, &format!("{name} never had an effect; dropped"));
                }
            }
        }
    }

    fn resources(&mut self) {
        for resource in self.all(&["primitive", "template"]) {
            for set in self.children(resource, "instance_attributes") {
                self.rename_pairs(set, pairs::fencing);
            }
            for operations in self.children(resource, "operations") {
                for operation in self.children(operations, "op") {
                    self.operation(resource, operation);
                }
            }
        }
        for resource in self.all(&["primitive", "template", "group", "clone", "master", "bundle"]) {
            for set in self.children(resource, "meta_attributes") {
                self.rename_pairs(set, pairs::meta);
            }
        }
    }

    fn operation(&mut self, resource: NodeId, operation: NodeId) {
        let name = self.get(operation, "name").unwrap_or_default();
        let id = self.get(operation, "id").unwrap_or_default();
        let counts = name == "start" || name == "promote";
        let mut requires = self.get(operation, "requires");
        self.cib.unset(operation, "requires");
        for set in self.children(operation, "meta_attributes") {
            requires = requires.or(self.take_pair(set, "requires"));
        }
        for set in self.children(operation, "instance_attributes") {
            requires = requires.or(self.take_pair(set, "requires"));
            self.move_operation_settings(operation, set);
        }
        match requires {
            Some(value) if counts => self.require(resource, &id, &value),
            Some(_) => {
                self.note(operation, Weight::Dropped, "requires counts for start and promote only; dropped");
            }
            None => {}
        }
    }

    /// What an operation requires is what its resource requires, unless that is said already.
    fn require(&mut self, resource: NodeId, operation: &str, value: &str) {
        let said = self.children(resource, "meta_attributes").into_iter().any(|set| {
            self.children(set, "nvpair")
                .into_iter()
                .any(|pair| self.get(pair, "name").as_deref() == Some("requires"))
        });
        if said {
            return self.note(
                resource,
                Weight::Dropped,
                "requires of an operation; the resource says it itself",
            );
        }
        let id = self.get(resource, "id").unwrap_or_default();
        let set = self.cib.append(resource, "meta_attributes");
        self.cib.set(set, "id", &format!("_2TO3_{id}-meta"));
        self.add_pair(set, &format!("_2TO3_{operation}-meta-requires"), "requires", value);
        self.note(
            resource,
            Weight::SameMeaning,
            "requires of an operation is a meta attribute of the resource now",
        );
    }

    fn add_pair(&mut self, set: NodeId, id: &str, name: &str, value: &str) {
        let pair = self.cib.append(set, "nvpair");
        for (attribute, value) in [("id", id), ("name", name), ("value", value)] {
            self.cib.set(pair, attribute, value);
        }
    }
}
