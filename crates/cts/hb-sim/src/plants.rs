//! Planted bugs: defects of the core machines that the simulator must find.
//!
//! They are compiled in by the feature `planted-bugs` only; without it there is no list and nothing to switch on.

use crate::truth::Invariant;
use hb_node::Options;

/// A defect that can be switched on, and what must find it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plant {
    /// Its name in `--plant`.
    pub name: &'static str,
    /// The invariants that count as having found it.
    pub found_by: &'static [Invariant],
    /// Seeds that must be enough.
    pub seeds: u64,
    /// Only plans with so many nodes, where that finds it sooner.
    pub nodes: Option<u8>,
}

/// All planted bugs of this build.
pub fn all() -> &'static [Plant] {
    LIST
}

/// The planted bug of that name.
pub fn named(name: &str) -> Option<Plant> {
    LIST.iter().find(|plant| plant.name == name).copied()
}

#[cfg(not(feature = "planted-bugs"))]
const LIST: &[Plant] = &[];

#[cfg(not(feature = "planted-bugs"))]
pub(crate) fn plant(_: &mut Options, _: Plant) {}

/// A defect of messaging: plans with three nodes have nothing else.
#[cfg(feature = "planted-bugs")]
const fn messaging(name: &'static str, found_by: &'static [Invariant], seeds: u64) -> Plant {
    Plant { name, found_by, seeds, nodes: Some(3) }
}

/// A defect of takeover or fencing.
#[cfg(feature = "planted-bugs")]
const fn takeover(name: &'static str, found_by: &'static [Invariant], seeds: u64) -> Plant {
    Plant { name, found_by, seeds, nodes: Some(2) }
}

#[cfg(feature = "planted-bugs")]
const LIST: &[Plant] = {
    use Invariant as I;
    &[
        messaging("skip_drain_barrier", &[I::FalseDeath, I::OwnPause], 300),
        messaging("ignore_stall", &[I::OwnPause, I::FalseDeath], 300),
        messaging("count_reading_time", &[I::LateDeath], 1_500),
        messaging("deliver_duplicate", &[I::Duplicate], 300),
        messaging("skip_gap_report", &[I::Gap, I::Progress], 300),
        messaging("order_broken", &[I::Order], 300),
        messaging("ack_too_early", &[I::Gap, I::Progress, I::Bound], 300),
        messaging("history_overrun_silent", &[I::Progress, I::Gap, I::Bound], 1_000),
        messaging("generation_reused", &[I::Generation], 300),
        messaging("unbounded_missing", &[I::Bound], 1_000),
        messaging("forget_resend", &[I::Progress, I::Gap], 300),
        messaging("announce_before_durable", &[I::Generation], 300),
        messaging("never_pause", &[I::Bound, I::Gap, I::Progress], 300),
        messaging("never_resume", &[I::Progress], 300),
        takeover("takeover_before_confirm", &[I::TakeoverConfirmed, I::ActiveOnce], 300),
        takeover("start_before_peer_stopped", &[I::TakeoverConfirmed, I::ActiveOnce], 500),
        takeover("forget_stop_failure", &[I::TakeoverConfirmed, I::ActiveOnce], 1_000),
        takeover("confirm_on_timeout", &[I::TakeoverConfirmed, I::ActiveOnce], 1_000),
        takeover("stale_result_counts", &[I::TakeoverConfirmed, I::ActiveOnce], 1_500),
    ]
};

/// Switches a planted bug on.
#[cfg(feature = "planted-bugs")]
pub(crate) fn plant(options: &mut Options, plant: Plant) {
    if let Some(bug) = hb_cluster::Bug::named(plant.name) {
        options.cluster.bugs = options.cluster.bugs.with(bug);
    }
    let wanted = hb_classic::Bug::ALL.iter().find(|bug| bug.name() == plant.name);
    if let (Some(bug), Some(classic)) = (wanted, &mut options.classic) {
        classic.bug = Some(*bug);
    }
    if let Some(bug) = hb_stonith::Bug::ALL.iter().find(|bug| bug.name() == plant.name) {
        options.stonith.bug = Some(*bug);
    }
}
