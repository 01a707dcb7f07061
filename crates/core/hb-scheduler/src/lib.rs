//! The policy engine: a pure function from the cluster information base to what has to be done.
//!
//! ```text
//! expand        what the document implies becomes part of it: templates, connections of guests, parts of bundles
//! unpack        options, nodes, resources, tickets, tags; then states and histories: the cluster as it is
//! constraints   locations, colocations, orders, tickets
//! criteria      locks, locations, stickiness, failures: scores by node
//! internal      orders and colocations that follow from what collectives are
//! changes       definitions that changed since operations were done
//! assign        each resource gets a node, or none
//! actions       probes, then stops, starts, promotions, monitors, migrations
//! connections   orders around connections to remote nodes and guests
//! fencing       fencing and shutdown of nodes
//! order         orders become inputs; required and runnable spread along them until nothing changes
//! graph         what is required and runnable becomes the transition
//! ```
//!
//! Each phase is a module (`actions` and `fencing` share one); none is entered again by a later one. [`status`] does the first two, [`schedule`] all.
//! Everything is kept in [`model::Cluster`] by small numbers ([`model::NodeId`], [`model::ResourceId`],
//! [`model::ActionId`]), and can be read there afterwards.
//!
//! ```
//! let cib = hb_cib::Document::parse("<cib><configuration/><status/></cib>".into())?;
//! let expanded = hb_scheduler::expand(&cib);
//! let now = hb_cib::Moment::from_epoch(1_700_000_000, 0);
//! let cluster = hb_scheduler::schedule(&expanded, now, hb_scheduler::Wanted::Scores)?;
//! let graph = &cluster.graph;
//! assert!(graph.synapses.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//! - The same document, moment and options give the same answer, to the byte.
//! - No document makes it panic, hang or exhaust the stack of a thread of [`STACK_BYTES`]: what would is an [`Error`].
//!
//! # Does not know about
//! Files, clocks, who asks, and who carries the transition out.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub(crate) mod actions;
pub(crate) mod assign;
pub(crate) mod bundle;
pub(crate) mod constraints;
mod error;
pub mod execute;
mod expand;
pub mod graph;
pub(crate) mod methods;
pub mod model;
pub(crate) mod order;
mod reason;
pub mod report;
mod sort;
pub(crate) mod unpack;

pub use error::Error;
pub use expand::expand;
pub use reason::Reason;

use hb_cib::{Document, Moment};
use model::Cluster;

/// How deep resources may depend on each other before it is an error.
pub const MAX_DEPTH: u32 = 100_000;
/// How much may be looked at again because something else changed, before it is an error.
pub const MAX_WORK: u64 = 2_000_000_000;
/// The most instances of one clone.
pub(crate) const MAX_INSTANCES: i32 = 10_000;
/// Stack that a thread needs for the deepest dependencies.
pub const STACK_BYTES: usize = 1 << 28;

/// What is wanted besides the transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing.
    Transition,
    /// A line for each score, at each step.
    Scores,
}

/// The cluster as it is.
///
/// # Errors
/// When the document cannot be made sense of.
pub fn status(cib: &Document, now: Moment) -> Result<Cluster<'_>, Error> {
    let mut cluster = unpack::begin(cib, now);
    unpack::unpack(&mut cluster);
    cluster.error.take().map_or(Ok(cluster), Err)
}

/// The cluster with everything that has to be done.
///
/// # Errors
/// When the document cannot be made sense of, or things depend on each other without end.
pub fn schedule(cib: &Document, now: Moment, wanted: Wanted) -> Result<Cluster<'_>, Error> {
    let mut cluster = unpack::begin(cib, now);
    cluster.want_scores = wanted == Wanted::Scores;
    unpack::unpack(&mut cluster);
    plan(&mut cluster);
    cluster.error.take().map_or(Ok(cluster), Err)
}

fn plan(cluster: &mut Cluster<'_>) {
    const PHASES: [fn(&mut Cluster<'_>); 10] = [
        constraints::unpack,
        assign::criteria::apply,
        order::internal::create,
        actions::changes::check,
        assign::assign_all,
        actions::create_all,
        actions::remote::order_connections,
        actions::fencing::schedule,
        order::apply::apply,
        graph::prepare,
    ];
    for phase in PHASES {
        if cluster.error.is_none() {
            phase(cluster);
        }
    }
}
