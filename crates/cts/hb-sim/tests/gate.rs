//! What every change must pass: seeds run clean, regressions stay fixed, and a run is a pure function.

use hb_sim::fleet::{Fleet, Report};
use hb_sim::plan::{Wishes, draw, parse};
use hb_sim::run::run;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

fn fleet(first: u64, seeds: u64) -> Fleet {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    Fleet { first, seeds, wishes: Wishes::default(), plant: None, threads }
}

/// What was found, for the message of a failing test.
fn findings(report: &Report) -> String {
    let mut text = String::new();
    for found in &report.found {
        let _ = writeln!(text, "seed {}: {}", found.seed, found.violation);
    }
    text + "shrink one with: cargo xtask sim --seed SEED"
}

#[test]
fn seeds_run_clean() {
    let all = std::env::var_os("HB_ALL").is_some();
    let seeds = match (all, cfg!(debug_assertions)) {
        (true, false) => 10_000,
        (false, false) => 500,
        (_, true) => 25,
    };
    let report = fleet(1, seeds).run(|_, found| match found {
        Some(_) => ControlFlow::Break(()),
        None => ControlFlow::Continue(()),
    });
    println!("{}", report.stats.table());
    assert!(report.found.is_empty(), "{}", findings(&report));
    assert_eq!(report.seeds, seeds);
    // A world in which nothing happens is clean too.
    let stats = &report.stats;
    let happened =
        [stats.traffic.lost, stats.delivered, stats.deaths, stats.power_cuts, stats.fencings, stats.agents];
    assert!(happened.iter().all(|count| *count > 0), "{stats:?}");
    assert!(stats.simulated >= seeds * 60_000_000_000, "at least 60 simulated seconds a seed");
}

#[test]
fn the_same_seeds_do_the_same() {
    let digest = |threads| Fleet { threads, ..fleet(7_000, 12) }.run(|_, _| ControlFlow::Continue(())).digest;
    let first = digest(1);
    assert_eq!(first, digest(1));
    assert_eq!(first, digest(3), "seeds are independent of each other");
}

#[test]
fn a_plan_read_from_its_text_does_the_same() {
    for seed in 0..6 {
        let plan = draw(seed, &Wishes::default());
        let again = parse(&plan.to_string()).unwrap();
        assert_eq!(run(&plan, None, false).digest, run(&again, None, true).digest, "{plan}");
    }
}

#[test]
fn regressions_stay_fixed() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "plan"));
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let plan = parse(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let violation = run(&plan, None, false).violation;
        assert!(violation.is_none(), "{}: {}", file.display(), violation.unwrap());
    }
}

#[test]
fn who_insists_on_leaving_is_told_what_is_left_running() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("regressions/stop-insisted.plan");
    let outcome = run(&parse(&std::fs::read_to_string(file).unwrap()).unwrap(), None, true);
    let told = |line: &&String| line.contains("left_running: service::1.1");
    assert_eq!(outcome.lines.iter().filter(told).count(), 1);
}
