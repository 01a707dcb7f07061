//! Many seeds, on all processors.

use crate::chance::mix;
use crate::plan::{Plan, Wishes, draw};
use crate::plants::Plant;
use crate::run::run;
use crate::stats::Stats;
use crate::truth::Violation;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Which seeds to run, and how.
#[derive(Clone, Copy, Debug)]
pub struct Fleet {
    /// The first seed.
    pub first: u64,
    /// How many.
    pub seeds: u64,
    /// What the plans must be like.
    pub wishes: Wishes,
    /// A planted bug.
    pub plant: Option<Plant>,
    /// Threads; seeds are independent of each other.
    pub threads: usize,
}

/// A seed that violates something.
#[derive(Clone, Debug)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// Its plan.
    pub plan: Plan,
    /// What did not hold.
    pub violation: Violation,
}

/// What came of all seeds.
#[derive(Default, Debug)]
pub struct Report {
    /// Everything found, ordered by seed.
    pub found: Vec<Found>,
    /// Sums.
    pub stats: Stats,
    /// Over all seeds, whatever their order: equal when everything was repeated exactly.
    pub digest: u64,
    /// Seeds that were run.
    pub seeds: u64,
}

impl Fleet {
    /// Runs all seeds. `progress` hears of every seed that is done and may stop the rest; then the report,
    /// and its digest, cover what was run.
    pub fn run(&self, progress: impl Fn(u64, Option<&Found>) -> ControlFlow<()> + Sync) -> Report {
        let next = AtomicU64::new(0);
        let stop = AtomicBool::new(false);
        let total = Mutex::new(Report::default());
        let work = || {
            let mut own = Report::default();
            while !stop.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= self.seeds {
                    break;
                }
                let found = self.one(self.first + index, &mut own);
                if progress(index + 1, found.as_ref()).is_break() {
                    stop.store(true, Ordering::Relaxed);
                }
                own.found.extend(found);
            }
            let mut total = total.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            total.add(own);
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads.max(1) {
                scope.spawn(work);
            }
            work();
        });
        let mut report = total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        report.found.sort_by_key(|found| found.seed);
        report
    }

    fn one(&self, seed: u64, report: &mut Report) -> Option<Found> {
        let plan = draw(seed, &self.wishes);
        let outcome = run(&plan, self.plant, false);
        report.digest = report.digest.wrapping_add(mix(outcome.digest ^ mix(seed)));
        report.stats.add(&outcome.stats);
        report.seeds += 1;
        outcome.violation.map(|violation| Found { seed, plan, violation })
    }
}

impl Report {
    fn add(&mut self, other: Report) {
        self.found.extend(other.found);
        self.stats.add(&other.stats);
        self.digest = self.digest.wrapping_add(other.digest);
        self.seeds += other.seeds;
    }
}
