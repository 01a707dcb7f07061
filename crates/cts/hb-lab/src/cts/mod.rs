//! The cluster test suite on real processes: scenarios, and the audits that follow each of them.
//!
//! A scenario builds its own world, does something to it, and returns an error when a user would
//! have noticed something wrong. `heartbeat cts lab` and `cargo test -p hb-lab` run the same list.

mod api;
pub mod audit;
mod conformance;
mod executor;
mod fencing;
mod laboratory;
pub mod lines;
mod liveness;
mod local;
mod messages;
mod numbers;
mod outcomes;
mod processes;

use crate::cluster::{Cluster, Design, System};
use crate::error::{LabError, Result};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// When a scenario runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// At every change.
    Gate,
    /// Before something is called done (`HB_ALL=1`, or named).
    All,
}

/// Which daemons the two nodes of a scenario run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    /// None: the scenario is about the laboratory.
    None,
    /// Two of ours.
    Ours,
    /// Two of the original, which proves the scenario itself.
    Original,
    /// Ours is n1, the original n2.
    Mixed,
    /// The original is n1, ours n2.
    Reversed,
}

impl Pair {
    fn suffix(self) -> &'static str {
        match self {
            Self::None | Self::Ours => "",
            Self::Original => "-original",
            Self::Mixed => "-mixed",
            Self::Reversed => "-reversed",
        }
    }

    fn systems(self) -> Vec<System> {
        match self {
            Self::None => Vec::new(),
            Self::Ours => vec![System::Ours; 2],
            Self::Original => vec![System::Original; 2],
            Self::Mixed => vec![System::Ours, System::Original],
            Self::Reversed => vec![System::Original, System::Ours],
        }
    }
}

/// What a scenario is run with.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The heartbeat program under test.
    pub program: PathBuf,
    /// The daemons of the nodes.
    pub systems: Vec<System>,
}

impl Stage {
    /// Whether every node runs ours.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.systems.iter().all(|system| *system == System::Ours)
    }

    /// The daemon of a node.
    fn system(&self, node: &str) -> System {
        let number = node.trim_start_matches('n').parse::<usize>().unwrap_or(0);
        self.systems.get(number.wrapping_sub(1)).copied().unwrap_or(System::Ours)
    }

    /// A cluster of these daemons, with power on and no daemon started yet.
    fn cluster(&self, design: Design) -> Result<Cluster> {
        let cluster = Cluster::build(Design { systems: self.systems.clone(), ..design }, &self.program)?;
        cluster.power_on()?;
        Ok(cluster)
    }
}

/// Scenario and pairs that it runs with, each with its set.
struct Template {
    name: &'static str,
    about: &'static str,
    pairs: &'static [(Pair, Set)],
    run: fn(&Stage) -> Result<()>,
}

/// One scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Name, in words joined by hyphens.
    pub name: String,
    /// What it shows.
    pub about: &'static str,
    /// When it runs.
    pub set: Set,
    /// The daemons of its nodes.
    pub pair: Pair,
    run: fn(&Stage) -> Result<()>,
}

/// How a scenario went.
#[derive(Debug)]
pub enum Verdict {
    /// As it should.
    Passed,
    /// Something was wrong.
    Failed(String),
    /// A program that it needs is not installed.
    Skipped(String),
}

/// Every scenario.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    let templates = [
        laboratory::TEMPLATES,
        fencing::TEMPLATES,
        executor::TEMPLATES,
        outcomes::TEMPLATES,
        processes::TEMPLATES,
        local::TEMPLATES,
        conformance::FORMATIONS,
        conformance::TEMPLATES,
        api::TEMPLATES,
        numbers::TEMPLATES,
        liveness::TEMPLATES,
    ]
    .into_iter()
    .flatten();
    let expanded = templates.flat_map(|template| {
        template.pairs.iter().map(|(pair, set)| Scenario {
            name: format!("{}{}", template.name, pair.suffix()),
            about: template.about,
            set: *set,
            pair: *pair,
            run: template.run,
        })
    });
    expanded.collect()
}

/// Runs one scenario with a program under test, and audits what it left.
#[must_use]
pub fn run(scenario: &Scenario, program: &Path) -> Verdict {
    let stage = Stage { program: program.into(), systems: scenario.pair.systems() };
    let outcome = (scenario.run)(&stage).and_then(|()| audit::no_leftovers());
    match outcome {
        Ok(()) => Verdict::Passed,
        Err(LabError::Missing(what)) => Verdict::Skipped(format!("{what} is not installed")),
        Err(e) => Verdict::Failed(e.to_string()),
    }
}

/// Runs scenarios and prints a line for each: those whose names contain one of `names`, or with no
/// names the gate's (and all of them with `all`). [`crate::permit::enter`] must have been called.
#[must_use]
pub fn run_named(names: &[String], all: bool, program: &Path) -> ExitCode {
    let wanted = |scenario: &Scenario| {
        if names.is_empty() {
            all || scenario.set == Set::Gate
        } else {
            names.iter().any(|name| scenario.name.contains(name.as_str()))
        }
    };
    let (mut passed, mut failed, mut skipped) = (0_u32, 0_u32, 0_u32);
    for scenario in scenarios().into_iter().filter(wanted) {
        let started = Instant::now();
        let verdict = run(&scenario, program);
        let took = started.elapsed().as_secs_f64();
        match verdict {
            Verdict::Passed => {
                passed += 1;
                println!("ok      {:32} {took:5.1} s", scenario.name);
            }
            Verdict::Failed(why) => {
                failed += 1;
                println!("FAILED  {:32} {took:5.1} s  {why}", scenario.name);
            }
            Verdict::Skipped(why) => {
                skipped += 1;
                println!("skipped {:32} {took:5.1} s  {why}", scenario.name);
            }
        }
    }
    let strict = std::env::var_os("HB_ALLOW_MISSING").is_none_or(|value| value != "1");
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if passed + failed + skipped == 0 {
        eprintln!("no scenario of that name; `--list` shows them");
        return ExitCode::from(2);
    }
    if skipped > 0 && strict {
        eprintln!("install what is missing, or say HB_ALLOW_MISSING=1");
        return ExitCode::FAILURE;
    }
    if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// `heartbeat cts lab WORD…`: words are parts of scenario names, `--list`, `--conformance` (which
/// line of the conformance list is tested by what) or `--all`; `HB_ALL=1`
/// in the environment means `--all` too, and `HB_ALLOW_MISSING=1` tolerates skipped scenarios.
/// Call it before the process starts any thread.
#[must_use]
pub fn command(words: &[String], program: &Path) -> ExitCode {
    if words.iter().any(|word| word == "--list") {
        for scenario in scenarios() {
            let set = if scenario.set == Set::Gate { "gate" } else { "all" };
            println!("{:36} {set:5} {}", scenario.name, scenario.about);
        }
        return ExitCode::SUCCESS;
    }
    if words.iter().any(|word| word == "--conformance") {
        print!("{}", lines::table());
        return ExitCode::SUCCESS;
    }
    if let Err(e) = crate::permit::enter() {
        eprintln!("{e}");
        return ExitCode::FAILURE;
    }
    let names: Vec<String> = words.iter().filter(|word| !word.starts_with('-')).cloned().collect();
    let all = words.iter().any(|word| word == "--all")
        || std::env::var_os("HB_ALL").is_some_and(|value| value == "1");
    run_named(&names, all, program)
}

/// `HEARTBEAT_BIN`, or the program beside the folder of this test in the build's target folder.
#[must_use]
pub fn program_under_test() -> Option<PathBuf> {
    let named = std::env::var_os("HEARTBEAT_BIN").map(PathBuf::from);
    let built = || {
        let test = std::env::current_exe().ok()?;
        Some(test.parent()?.parent()?.join("heartbeat"))
    };
    named.or_else(built)
}

/// Fails a scenario with words unless something holds.
macro_rules! ensure {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err($crate::error::LabError::Failed(format!($($words)+)));
        }
    };
}
pub(crate) use ensure;
