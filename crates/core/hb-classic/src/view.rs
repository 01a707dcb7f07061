//! The state, read only: for status, tests and invariants.

use hb_base::{Instant, NodeName};
use hb_stonith::Mode;

use crate::{GroupRun, Held, Peer, Reason};

/// Where a node is in its life (spec: cluster-protocol 8).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum State {
    /// Communication is not up yet.
    Init,
    /// We said `starting`.
    Starting,
    /// The peer said `starting` too.
    BothStarting,
    /// The peer told what it holds.
    ResourcesReceived,
    /// We have what we think we should have.
    Stable,
    /// We leave.
    Shutdown,
}

impl State {
    /// The word in status and notices.
    pub const fn word(self) -> &'static str {
        match self {
            State::Init => "init",
            State::Starting => "starting",
            State::BothStarting => "both_starting",
            State::ResourcesReceived => "resources_received",
            State::Stable => "stable",
            State::Shutdown => "shutdown",
        }
    }
}

/// How far a standby is, seen from this node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// We asked, the peer has not granted it.
    Asked,
    /// The peer granted it: we stop what we give.
    Releasing,
    /// We have released; the peer acquires.
    Released,
    /// The peer asked and we granted: it releases.
    Granted,
    /// The peer has released: we start what we got.
    Acquiring,
}

impl Phase {
    /// The word in status and notices.
    pub const fn word(self) -> &'static str {
        match self {
            Phase::Asked => "asked",
            Phase::Releasing => "releasing",
            Phase::Released => "released",
            Phase::Granted => "granted",
            Phase::Acquiring => "acquiring",
        }
    }
}

/// A standby under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StandbyView {
    /// How far it is.
    pub phase: Phase,
    /// What moves, in our view.
    pub what: Held,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub since: Instant,
}

/// Fencing that we wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FencingView {
    /// Since when.
    pub since: Instant,
    /// How many tries failed.
    pub failures: u64,
}

/// The state of [`Classic`](crate::Classic).
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// This node.
    pub own: &'a NodeName,
    /// Where it is in its life.
    pub state: State,
    /// What it holds: the word of `cl_status rscstatus` once it is stable.
    pub held: Held,
    /// Whether it has settled: stable, no standby, nothing on its way.
    pub stable: bool,
    /// How a takeover is protected.
    pub mode: Mode,
    /// The other node.
    pub peer: Option<&'a Peer>,
    /// A standby under way.
    pub standby: Option<StandbyView>,
    /// Fencing that a takeover waits for.
    pub fencing: Option<FencingView>,
    /// What this node gives up because a partition healed.
    pub yielding: Held,
    /// Whether the executor works.
    pub executor: bool,
    /// The groups in file order.
    pub groups: &'a [GroupRun],
}

impl View<'_> {
    /// What `cl_status rscstatus` prints.
    pub fn rscstatus(&self) -> &'static str {
        if self.stable { self.held.word() } else { "transition" }
    }
}
