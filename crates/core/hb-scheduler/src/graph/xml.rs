//! The transition as XML, as controllers read it.

use super::{Reference, Synapse, TransitionGraph};
use alloc::string::{String, ToString};
use hb_cib::escape_value;

impl TransitionGraph {
    /// The transition as XML.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut out = Xml { text: String::new(), depth: 0 };
        out.open("transition_graph", self.attributes.iter().map(|(name, value)| (*name, value.as_str())));
        for synapse in &self.synapses {
            out.synapse(synapse);
        }
        out.close("transition_graph");
        out.text
    }
}

struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    fn synapse(&mut self, synapse: &Synapse) {
        let (id, priority) = (synapse.id.to_string(), synapse.priority.map(|priority| priority.to_string()));
        let priority = priority.as_deref().map(|priority| ("priority", priority));
        self.open("synapse", [("id", id.as_str())].into_iter().chain(priority));
        self.open("action_set", []);
        self.action(synapse);
        self.close("action_set");
        if synapse.inputs.is_empty() {
            self.empty("inputs", []);
        } else {
            self.open("inputs", []);
            for input in &synapse.inputs {
                self.open("trigger", []);
                self.empty(input.kind.element(), attributes(input));
                self.close("trigger");
            }
            self.close("inputs");
        }
        self.close("synapse");
    }

    fn action(&mut self, synapse: &Synapse) {
        let (action, details) = (&synapse.action, &synapse.details);
        let element = action.kind.element();
        self.open(element, attributes(action));
        if let Some(agent) = &details.agent {
            self.empty(&agent.element, agent.attributes.iter().map(|(name, value)| (*name, value.as_str())));
        }
        let parameters = details.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        if details.listed.is_empty() {
            self.empty("attributes", parameters);
        } else {
            self.open("attributes", parameters);
            for (name, value) in &details.listed {
                self.empty("param", [("name", name.as_str()), ("value", value.as_str())]);
            }
            self.close("attributes");
        }
        if let Some(nodes) = &details.downed {
            self.open("downed", []);
            nodes.iter().for_each(|node| self.empty("node", [("id", node.as_str())]));
            self.close("downed");
        }
        if let Some(nodes) = &details.maintenance {
            self.open("maintenance", []);
            for (node, maintained) in nodes {
                self.empty(
                    "node",
                    [("id", node.as_str()), ("node_in_maintenance", if *maintained { "1" } else { "0" })],
                );
            }
            self.close("maintenance");
        }
        self.close(element);
    }

    fn open<'a>(&mut self, name: &str, attributes: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.tag(name, attributes, ">\n");
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        self.text.extend(["</", name, ">\n"]);
    }

    fn empty<'a>(&mut self, name: &str, attributes: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.tag(name, attributes, "/>\n");
    }

    fn tag<'a>(&mut self, name: &str, attributes: impl IntoIterator<Item = (&'a str, &'a str)>, end: &str) {
        self.indent();
        self.text.extend(["<", name]);
        for (name, value) in attributes {
            self.text.extend([" ", name, "=\""]);
            escape_value(value, &mut self.text);
            self.text.push('"');
        }
        self.text.push_str(end);
    }

    fn indent(&mut self) {
        self.text.extend(core::iter::repeat_n("  ", self.depth));
    }
}

fn attributes(reference: &Reference) -> impl Iterator<Item = (&str, &str)> {
    reference.attributes.iter().map(|(name, value)| (*name, value.as_str()))
}
