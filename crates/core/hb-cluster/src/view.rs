//! The machine's state, read only: for status commands, tests and the simulator's invariants.

use crate::counters::{Counters, LinkCounters, MediumCounters, NodeCounters};
use crate::machine::Cluster;
use crate::nodes::{Kind, Node};
use crate::{Options, Status};
use core::time::Duration;
use hb_base::{Generation, Instant, MediumId, NodeId, NodeName, Seq, Uuid};

/// A read-only picture of the whole machine. Cheap to make.
#[derive(Clone, Copy)]
pub struct View<'a> {
    cluster: &'a Cluster,
}

/// Where the machine stands between start and end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// [`Input::Start`](crate::Input::Start) or the first environment has not come.
    Idle,
    /// Generation and uuid are being made durable; nothing is sent.
    Persisting,
    /// Sending and listening; not all peers are known.
    Forming,
    /// Asking a peer for the node list.
    AskingNodes,
    /// In service.
    Active,
    /// Saying good-bye.
    Leaving,
    /// Silent for good.
    Left,
}

/// Sender side of flow control.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowView {
    /// Flow control is on: no peer without `protocol` was met.
    pub on: bool,
    /// Local senders are told to wait.
    pub paused: bool,
    /// Newest number sent; 0 before the first.
    pub hiseq: u64,
    /// Acknowledged by everybody up to here.
    pub ackseq: u64,
    /// No longer held up to here.
    pub lowseq: u64,
    /// Most messages held at any time.
    pub history: usize,
    /// Unacknowledged messages at which senders pause.
    pub window: u64,
}

impl<'a> View<'a> {
    pub(crate) fn new(cluster: &'a Cluster) -> View<'a> {
        View { cluster }
    }

    /// The options in force.
    pub fn options(&self) -> &'a Options {
        &self.cluster.options
    }

    /// Where the machine stands.
    pub fn phase(&self) -> Phase {
        self.cluster.phase
    }

    /// Our generation; 0 before it is settled.
    pub fn generation(&self) -> Generation {
        self.cluster.generation
    }

    /// Our uuid; nil before it is settled.
    pub fn uuid(&self) -> Uuid {
        self.cluster.uuid
    }

    /// Our own status.
    pub fn status(&self) -> &'a Status {
        &self.cluster.own().status
    }

    /// All nodes that belong to the cluster now, ourselves and ping nodes too, in order of configuration and joining.
    pub fn nodes(&self) -> impl Iterator<Item = NodeView<'a>> + use<'a> {
        let cluster = self.cluster;
        cluster.nodes.iter().map(move |node| NodeView { cluster, node })
    }

    /// A node by name.
    pub fn node(&self, name: &str) -> Option<NodeView<'a>> {
        let cluster = self.cluster;
        cluster
            .nodes
            .by_name(name)
            .and_then(|id| cluster.nodes.find(id))
            .map(|node| NodeView { cluster, node })
    }

    /// Flow control and history.
    pub fn flow(&self) -> FlowView {
        let Cluster { flow, history, options, .. } = self.cluster;
        FlowView {
            on: flow.on,
            paused: flow.paused,
            hiseq: history.hiseq(),
            ackseq: flow.ackseq,
            lowseq: history.lowseq(),
            history: options.history,
            window: options.window(),
        }
    }

    /// Counters of the whole node.
    pub fn counters(&self) -> &'a Counters {
        &self.cluster.counters
    }

    /// Whether a medium's reader lives, and its counters.
    pub fn medium(&self, medium: MediumId) -> Option<(bool, &'a MediumCounters)> {
        self.cluster.media.get(usize::from(medium.0)).map(|state| (state.up, &state.counters))
    }

    /// Whether readers are being drained before somebody is declared dead.
    pub fn draining(&self) -> bool {
        self.cluster.barrier.is_some()
    }

    /// Outputs that the shell has not fetched yet.
    pub fn outputs_waiting(&self) -> usize {
        self.cluster.outputs.len()
    }
}

/// One node, as we see it.
#[derive(Clone, Copy)]
pub struct NodeView<'a> {
    cluster: &'a Cluster,
    node: &'a Node,
}

impl<'a> NodeView<'a> {
    /// Its place in the table.
    pub fn id(&self) -> NodeId {
        self.node.id
    }

    /// Its name.
    pub fn name(&self) -> &'a NodeName {
        &self.node.name
    }

    /// Its uuid; nil when not learnt yet.
    pub fn uuid(&self) -> Uuid {
        self.node.uuid
    }

    /// Whether it is a ping node.
    pub fn is_ping(&self) -> bool {
        self.node.kind == Kind::Ping
    }

    /// Whether it is this node.
    pub fn is_self(&self) -> bool {
        self.node.id == self.cluster.own_id
    }

    /// Its status.
    pub fn status(&self) -> &'a Status {
        &self.node.status
    }

    /// Its generation as last announced.
    pub fn generation(&self) -> Generation {
        Generation(self.node.generation)
    }

    /// Newest number received of it.
    pub fn last_seq(&self) -> Option<Seq> {
        self.node.last_seq.map(Seq)
    }

    /// Numbers being asked for.
    pub fn missing(&self) -> usize {
        self.node.missing.len()
    }

    /// Later messages that wait for an earlier one, for native clients.
    pub fn held(&self) -> usize {
        self.node.order.held()
    }

    /// Reports of its clients that wait for an earlier message.
    pub fn held_client_reports(&self) -> usize {
        self.node.client_reports.len()
    }

    /// The newest of our messages that it has acknowledged; 0 for none.
    pub fn acknowledged(&self) -> u64 {
        self.node.acked
    }

    /// Whether it speaks our extensions; `None` before its first status.
    pub fn native(&self) -> Option<bool> {
        self.node.native
    }

    /// Whether anything of it was accepted since it was last dead.
    pub fn heard(&self) -> bool {
        self.node.heard
    }

    /// Silence after which it will be taken for dead.
    pub fn deadtime(&self) -> Duration {
        self.cluster.patience(self.node)
    }

    /// When its last status came in, by the kernel's stamp, or when evidence against it began anew.
    pub fn last_status_at(&self) -> Instant {
        self.node.silent_since
    }

    /// Weight for membership decisions.
    pub fn weight(&self) -> u32 {
        self.node.weight
    }

    /// Site; empty when unset.
    pub fn site(&self) -> &'a str {
        &self.node.site
    }

    /// Counters.
    pub fn counters(&self) -> &'a NodeCounters {
        &self.node.counters
    }

    /// Its links, one for each medium that leads to it: medium, link name, up, counters.
    pub fn links(&self) -> impl Iterator<Item = (MediumId, &'a str, bool, &'a LinkCounters)> + use<'a> {
        let media = &self.cluster.options.media;
        self.node.links.iter().filter_map(move |link| {
            let medium = media.get(usize::from(link.medium.0))?;
            Some((link.medium, medium.name.as_str(), link.up, &link.counters))
        })
    }
}
