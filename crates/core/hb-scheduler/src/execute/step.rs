//! What is carried out, step by step.

use alloc::vec::Vec;
use hb_cib::digest::Parameters;
use hb_cib::status::Agent;

/// One step of a transition.
#[derive(Clone, Debug)]
pub struct Step<'g> {
    /// What is done.
    pub kind: StepKind<'g>,
    /// What is infinite is done even after a failure.
    pub priority: i32,
    /// Positions of the steps that come before it.
    pub inputs: Vec<usize>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepKind<'g> {
    /// A point in the order.
    Point {
        /// Its key.
        key: &'g str,
        /// The node that it is about.
        node: Option<&'g str>,
    },
    /// Something that the cluster does with a node.
    Cluster {
        /// What.
        task: &'g str,
        /// Where.
        node: &'g str,
        /// The resource that it is about.
        resource: Option<&'g str>,
    },
    /// Fencing of a node, or switching it on.
    Fence {
        /// Which.
        node: &'g str,
        /// `reboot`, `off`, `on`.
        how: &'g str,
    },
    /// Something that an agent does.
    Operation(Operation<'g>),
}

/// Something that an agent does.
#[derive(Clone, Debug)]
pub struct Operation<'g> {
    /// Its number in the graph.
    pub number: u32,
    /// What.
    pub task: &'g str,
    /// Interval in milliseconds.
    pub interval_ms: u32,
    /// Name of the node.
    pub node: &'g str,
    /// Id of the node; for a node behind a connection its name.
    pub node_id: Option<&'g str>,
    /// The resource, as configured.
    pub resource: &'g str,
    /// The instance, where that has another name.
    pub instance: Option<&'g str>,
    /// What kind of resource it is.
    pub agent: Option<Agent<'g>>,
    /// What the agent is given, meta attributes included.
    pub parameters: &'g Parameters,
    /// The answer that is expected.
    pub expected: i32,
}
