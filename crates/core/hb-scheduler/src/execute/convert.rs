//! From the transition to its steps.

use super::step::{Operation, Step, StepKind};
use crate::graph::{Kind, Reference, Synapse, TransitionGraph};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use hb_cib::status::Agent;
use hb_cib::value::integer;

impl TransitionGraph {
    /// What is carried out, in the order in which it is tried.
    #[must_use]
    pub fn steps(&self) -> Vec<Step<'_>> {
        let places: BTreeMap<_, _> =
            self.synapses.iter().enumerate().map(|(index, synapse)| (synapse.action.action, index)).collect();
        // What waits for something that is not in the transition waits for ever.
        let place = |input: &Reference| places.get(&input.action).copied().unwrap_or(usize::MAX);
        let step = |synapse| Step {
            kind: kind(synapse),
            priority: synapse.priority.unwrap_or(0),
            inputs: synapse.inputs.iter().map(place).collect(),
        };
        self.synapses.iter().map(step).collect()
    }
}

fn kind(synapse: &Synapse) -> StepKind<'_> {
    let get = |name: &str| attribute(&synapse.action.attributes, name);
    let task = get("operation").unwrap_or_default();
    let node = get("on_node").unwrap_or_default();
    match synapse.action.kind {
        Kind::Pseudo => {
            StepKind::Point { key: get("operation_key").unwrap_or_default(), node: get("on_node") }
        }
        Kind::Controller if task == "stonith" => {
            StepKind::Fence { node, how: meta(synapse, "stonith_action").unwrap_or_default() }
        }
        Kind::Controller => StepKind::Cluster { task, node, resource: agent(synapse, "id") },
        Kind::Resource => StepKind::Operation(Operation {
            number: get("id").and_then(number).unwrap_or_default(),
            task,
            interval_ms: meta(synapse, "interval").and_then(number).unwrap_or_default(),
            node,
            // The state of a node behind a connection goes by its name.
            node_id: if get("router_node").is_some() { get("on_node") } else { get("on_node_uuid") },
            resource: agent(synapse, "id").unwrap_or_default(),
            instance: agent(synapse, "long-id"),
            agent: kind_of_resource(synapse),
            parameters: &synapse.details.parameters,
            expected: meta(synapse, "op_target_rc").and_then(number).unwrap_or_default(),
        }),
    }
}

fn number<T: TryFrom<i64>>(text: &str) -> Option<T> {
    integer(text).and_then(|number| T::try_from(number).ok())
}

fn attribute<'g>(attributes: &'g [(&str, alloc::string::String)], name: &str) -> Option<&'g str> {
    attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn agent<'g>(synapse: &'g Synapse, name: &str) -> Option<&'g str> {
    attribute(&synapse.details.agent.as_ref()?.attributes, name)
}

fn meta<'g>(synapse: &'g Synapse, name: &str) -> Option<&'g str> {
    let key = alloc::format!("CRM_meta_{name}");
    synapse.details.parameters.get(&key).map(alloc::string::String::as_str)
}

fn kind_of_resource(synapse: &Synapse) -> Option<Agent<'_>> {
    Some(Agent {
        class: agent(synapse, "class")?,
        provider: agent(synapse, "provider"),
        kind: agent(synapse, "type")?,
    })
}
