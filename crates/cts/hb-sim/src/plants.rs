//! Planted bugs: defects of the core machines that the simulator must find.
//!
//! They are compiled in by the feature `planted-bugs` only; without it there is no list and nothing to switch on.

use crate::plan::{Plan, Wishes, draw};
use crate::run::run;
use crate::truth::{Invariant, Violation};
use hb_node::Options;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A defect that can be switched on, and what must find it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plant {
    /// Its name in `--plant`.
    pub name: &'static str,
    /// The defect, as its machine calls it: one may show in different worlds by different invariants.
    pub bug: &'static str,
    /// The invariants that count as having found it.
    pub found_by: &'static [Invariant],
    /// Seeds that must be enough.
    pub seeds: u64,
    /// Only plans like these, where that finds it sooner.
    pub wishes: Wishes,
}

/// How a planted bug was found.
#[derive(Clone, Debug)]
pub struct Hunted {
    /// How many seeds were needed.
    pub seeds: u64,
    /// The plan that shows it, and is clean without it.
    pub plan: Plan,
    /// What was seen.
    pub violation: Violation,
}

/// Looks for a planted bug with at most as many seeds as must be enough.
pub fn hunt(plant: Plant) -> Option<Hunted> {
    (1..=plant.seeds).find_map(|seeds| {
        let plan = draw(seeds, &plant.wishes);
        let violation = run(&plan, Some(plant), false).violation?;
        let meant = plant.found_by.contains(&violation.invariant);
        let found = meant && run(&plan, None, false).violation.is_none();
        found.then_some(Hunted { seeds, plan, violation })
    })
}

/// Hunts all of them, on all processors, in the order of the list.
pub fn hunt_all() -> Vec<(Plant, Option<Hunted>)> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((place, plant)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            LIST.get(place).map(|plant| (place, plant))
        } {
            let found = hunt(*plant);
            results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((place, *plant, found));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(place, ..)| *place);
    results.into_iter().map(|(_, plant, found)| (plant, found)).collect()
}

/// What was planted, how many seeds found it, and what was seen, for people.
pub fn table(results: &[(Plant, Option<Hunted>)]) -> String {
    let mut text = format!("{:<26} {:<22} {:>5}  what was seen\n", "planted bug", "found by", "seeds");
    for (plant, found) in results {
        let _ = match found {
            Some(Hunted { seeds, violation, .. }) => {
                let invariant = violation.invariant.word();
                writeln!(text, "{:<26} {invariant:<22} {seeds:>5}  {}", plant.name, violation.what)
            }
            None => writeln!(text, "{:<26} {:<22} {:>5}", plant.name, "NOT FOUND", plant.seeds),
        };
    }
    text
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
    Plant { name, bug: name, found_by, seeds, wishes: Wishes { nodes: Some(3), fenced: None } }
}

/// A defect of takeover or fencing, where a device must confirm every end.
#[cfg(feature = "planted-bugs")]
const fn fenced(name: &'static str, found_by: &'static [Invariant], seeds: u64) -> Plant {
    Plant { name, bug: name, found_by, seeds, wishes: Wishes { nodes: Some(2), fenced: Some(true) } }
}

/// A defect of takeover, where nothing is fenced.
#[cfg(feature = "planted-bugs")]
const fn unprotected(
    name: &'static str,
    bug: &'static str,
    found_by: &'static [Invariant],
    seeds: u64,
) -> Plant {
    Plant { name, bug, found_by, seeds, wishes: Wishes { nodes: Some(2), fenced: Some(false) } }
}

#[cfg(feature = "planted-bugs")]
const LIST: &[Plant] = {
    use Invariant as I;
    &[
        messaging("skip_drain_barrier", &[I::FalseDeath, I::OwnPause], 300),
        messaging("ignore_stall", &[I::OwnPause, I::FalseDeath], 300),
        messaging("count_reading_time", &[I::LateDeath], 300),
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
        fenced("takeover_before_confirm", &[I::TakeoverConfirmed, I::ActiveOnce], 300),
        fenced("start_before_peer_stopped", &[I::TakeoverConfirmed, I::ActiveOnce], 500),
        fenced("forget_stop_failure", &[I::TakeoverConfirmed, I::ActiveOnce], 1_000),
        fenced("confirm_on_timeout", &[I::TakeoverConfirmed, I::ActiveOnce], 1_000),
        fenced("stale_result_counts", &[I::TakeoverConfirmed, I::ActiveOnce], 1_500),
        unprotected("start_while_peer_runs_it", "start_before_peer_stopped", &[I::ActiveOnce], 500),
        unprotected("nobody_yields", "nobody_yields", &[I::Progress], 300),
    ]
};

/// Switches a planted bug on.
#[cfg(feature = "planted-bugs")]
pub(crate) fn plant(options: &mut Options, plant: Plant) {
    if let Some(bug) = hb_cluster::Bug::named(plant.bug) {
        options.cluster.bugs = options.cluster.bugs.with(bug);
    }
    let wanted = hb_classic::Bug::ALL.iter().find(|bug| bug.name() == plant.bug);
    if let (Some(bug), Some(classic)) = (wanted, &mut options.classic) {
        classic.bug = Some(*bug);
    }
    if let Some(bug) = hb_stonith::Bug::ALL.iter().find(|bug| bug.name() == plant.bug) {
        options.stonith.bug = Some(*bug);
    }
}
