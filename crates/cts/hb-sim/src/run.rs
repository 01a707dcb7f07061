//! Running a plan: a pure function.

use crate::plan::Plan;
use crate::plants::Plant;
use crate::stats::Stats;
use crate::truth::{Invariant, Violation};
use crate::world::World;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Equal for equal plans, on every machine.
    pub digest: u64,
    /// What did not hold; nothing when all did.
    pub violation: Option<Violation>,
    /// Numbers.
    pub stats: Stats,
    /// What happened, when asked for.
    pub lines: Vec<String>,
}

/// Runs `plan`, with a planted bug if wanted. `explain` keeps a readable trace.
pub fn run(plan: &Plan, plant: Option<Plant>, explain: bool) -> Outcome {
    let mut world = World::new(plan, plant, explain);
    let result = catch_unwind(AssertUnwindSafe(|| world.run()));
    let violation = result.unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().cloned();
        let what = what.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let what = what.unwrap_or_else(|| "a machine panicked".to_owned());
        Some(Violation { invariant: Invariant::Panic, at: world.time(), what })
    });
    let stats = std::mem::take(&mut world.stats);
    let digest = world.trace.digest();
    let lines = std::mem::take(&mut world.trace).into_lines();
    Outcome { digest, violation, stats, lines }
}
