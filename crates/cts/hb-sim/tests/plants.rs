//! Each planted bug is found by an invariant that is meant to find it, within a bounded number of seeds.
#![cfg(feature = "planted-bugs")]

use hb_sim::plan::{Plan, Wishes, draw};
use hb_sim::plants::{self, Plant};
use hb_sim::run::run;
use hb_sim::truth::Violation;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of seeds that were needed, and what was found; the plan must be clean without the bug.
fn hunt(plant: Plant) -> Option<(u64, Plan, Violation)> {
    (1..=plant.seeds).find_map(|seed| {
        let plan = draw(seed, &Wishes { nodes: plant.nodes });
        let violation = run(&plan, Some(plant), false).violation?;
        let meant = plant.found_by.contains(&violation.invariant);
        (meant && run(&plan, None, false).violation.is_none()).then_some((seed, plan, violation))
    })
}

#[test]
fn every_planted_bug_is_found() {
    let all = plants::all();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(plant) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = hunt(*plant);
            let seeds = found.as_ref().map(|(seed, ..)| *seed);
            println!("{}: found after {seeds:?} of {} seeds", plant.name, plant.seeds);
            results.lock().unwrap().push((*plant, found));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(plant, _)| all.iter().position(|other| other.name == plant.name));
    println!("{:<26} {:<24} {:>6}  what was seen", "planted bug", "invariant", "seeds");
    for (plant, found) in &results {
        match found {
            Some((seed, _, violation)) => {
                println!("{:<26} {:<24} {seed:>6}  {}", plant.name, violation.invariant, violation.what);
            }
            None => println!("{:<26} {:<24} {:>6}", plant.name, "NOT FOUND", plant.seeds),
        }
    }
    let missed: Vec<&str> = results.iter().filter(|(_, f)| f.is_none()).map(|(p, _)| p.name).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}

#[test]
fn without_a_plant_nothing_is_planted() {
    assert!(plants::named("no_such_bug").is_none());
    assert!(all_names_differ());
}

fn all_names_differ() -> bool {
    let mut names: Vec<&str> = plants::all().iter().map(|plant| plant.name).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}
