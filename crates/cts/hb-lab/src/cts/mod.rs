//! The cluster test suite on real processes: scenarios, and the audits that follow each of them.
//!
//! A scenario builds its own world, does something to it, and returns an error when a user would
//! have noticed something wrong. `heartbeat cts lab` and `cargo test -p hb-lab` run the same list.

pub mod audit;
mod laboratory;

use crate::error::{LabError, Result};
use std::path::PathBuf;
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

/// What scenarios are run with.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The heartbeat program under test.
    pub program: PathBuf,
}

/// One scenario.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Name, in words joined by hyphens.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// When it runs.
    pub set: Set,
    /// Runs it.
    pub run: fn(&Bench) -> Result<()>,
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
pub fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    [laboratory::SCENARIOS].into_iter().flatten()
}

/// Runs one scenario and audits what it left.
#[must_use]
pub fn run(scenario: &Scenario, bench: &Bench) -> Verdict {
    let outcome = (scenario.run)(bench).and_then(|()| audit::no_leftovers());
    match outcome {
        Ok(()) => Verdict::Passed,
        Err(LabError::Missing(what)) => Verdict::Skipped(format!("{what} is not installed")),
        Err(e) => Verdict::Failed(e.to_string()),
    }
}

/// Runs scenarios and prints a line for each: those whose names contain one of `names`, or with no
/// names the gate's (and all of them with `all`). [`crate::permit::enter`] must have been called.
#[must_use]
pub fn run_named(names: &[String], all: bool, bench: &Bench) -> ExitCode {
    let wanted = |scenario: &&Scenario| {
        if names.is_empty() {
            all || scenario.set == Set::Gate
        } else {
            names.iter().any(|name| scenario.name.contains(name.as_str()))
        }
    };
    let (mut passed, mut failed, mut skipped) = (0_u32, 0_u32, 0_u32);
    for scenario in scenarios().filter(wanted) {
        let started = Instant::now();
        let verdict = run(scenario, bench);
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
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if passed + failed + skipped == 0 {
        eprintln!("no scenario of that name; `--list` shows them");
        return ExitCode::from(2);
    }
    if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The `main` of a test target: permits, arguments, and the scenarios.
/// Arguments are parts of names, or `--list`; `HB_ALL=1` adds the long ones, and
/// `HB_ALLOW_MISSING=0` makes a skipped scenario a failure of its caller's choosing.
#[must_use]
pub fn test_main(program: Option<PathBuf>) -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = crate::intercept(&arguments) {
        return code;
    }
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    if words.iter().any(|word| word == "--list") {
        for scenario in scenarios() {
            println!("{}: test", scenario.name);
        }
        return ExitCode::SUCCESS;
    }
    if let Err(e) = crate::permit::enter() {
        eprintln!("{e}");
        return ExitCode::FAILURE;
    }
    let names: Vec<String> = words.into_iter().filter(|word| !word.starts_with('-')).collect();
    let all = std::env::var_os("HB_ALL").is_some_and(|value| value == "1");
    let program = program.or_else(|| std::env::var_os("HEARTBEAT_BIN").map(PathBuf::from));
    let bench = Bench { program: program.unwrap_or_else(|| PathBuf::from("heartbeat")) };
    run_named(&names, all, &bench)
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
