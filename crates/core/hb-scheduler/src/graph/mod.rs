//! The transition: what is done, and what each of it waits for.

mod attributes;
mod build;
pub(crate) mod inputs;
mod xml;

pub(crate) use build::{add_resource, prepare};

use crate::model::ActionId;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// What kind of thing is done, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By an agent.
    Resource,
    /// By the controller.
    Controller,
    /// By nobody.
    Pseudo,
}

impl Kind {
    /// Name of its element.
    #[must_use]
    pub fn element(self) -> &'static str {
        match self {
            Kind::Resource => "rsc_op",
            Kind::Controller => "crm_event",
            Kind::Pseudo => "pseudo_event",
        }
    }
}

/// An action of the transition, as an input names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Who does it.
    pub kind: Kind,
    /// The action in the model.
    pub action: ActionId,
    /// Attributes of its element, in order: `id`, `operation`, `operation_key`, …
    pub attributes: Vec<(&'static str, String)>,
}

/// The agent of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Name of the element: `primitive`, …
    pub element: String,
    /// Its attributes: `id`, `long-id`, `class`, …
    pub attributes: Vec<(&'static str, String)>,
}

/// Everything about an action that an executor needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The agent, where there is one.
    pub agent: Option<Agent>,
    /// Parameters and meta attributes, by name.
    pub parameters: BTreeMap<String, String>,
    /// Parameters whose names cannot be those of attributes.
    pub listed: Vec<(String, String)>,
    /// Ids of nodes that are gone when it is done; `None` when it is not about nodes.
    pub downed: Option<Vec<String>>,
    /// Ids of nodes, and whether they are in maintenance now.
    pub maintenance: Option<Vec<(String, bool)>>,
}

/// One action, and what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synapse {
    /// Its number.
    pub id: usize,
    /// Its priority, when it has one.
    pub priority: Option<i32>,
    /// The action.
    pub action: Reference,
    /// About it.
    pub details: Details,
    /// What has to be done before.
    pub inputs: Vec<Reference>,
}

/// The whole transition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransitionGraph {
    /// Attributes of the root, in order.
    pub attributes: Vec<(&'static str, String)>,
    /// Actions, in the order in which they are tried.
    pub synapses: Vec<Synapse>,
}
