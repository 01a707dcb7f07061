//! Commands of the test suite: demonstration, simulator, scenarios, benchmarks.

use super::write_json;
use crate::cli::{Demo, Json};
use hb_lab::bench::{self, Failover, Idle, Messages, Report};
use hb_lab::demo::Narration;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Messages of a benchmark run.
const MESSAGES: u32 = 50_000;
/// Runs of each row of the message benchmark.
const MESSAGE_RUNS: u32 = 3;

fn own_program() -> Result<PathBuf, String> {
    std::env::current_exe().map_err(|e| format!("cannot find this program's own file: {e}"))
}

fn complain(why: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("heartbeat: error: {why}");
    ExitCode::from(2)
}

pub(crate) fn demo(demo: &Demo) -> ExitCode {
    if demo.nodes != 2 {
        let why = format!(
            "--nodes {}: takeover by haresources is between two nodes; leave it out or write --nodes 2",
            demo.nodes
        );
        return complain(&why);
    }
    let program = match own_program() {
        Ok(program) => program,
        Err(why) => return complain(&why),
    };
    let permit = match hb_lab::permit::enter() {
        Ok(permit) => permit,
        Err(error) => return complain(&error),
    };
    let to_output = demo.json.json.as_deref() == Some(std::path::Path::new("-"));
    let narration = if to_output { Narration::Error } else { Narration::Output };
    let options = hb_lab::demo::Options { program, quick: demo.quick, narration, permit };
    let report = match hb_lab::demo::run(&options) {
        Ok(report) => report,
        Err(error) => return complain(&error),
    };
    match write_json(&demo.json, &report.json()) {
        Ok(_) if report.ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(why) => complain(&why),
    }
}

pub(crate) fn sim(args: &[String]) -> ExitCode {
    ExitCode::from(hb_sim::cli::run_command(args.iter().cloned()))
}

pub(crate) fn scenarios(mut words: Vec<String>, all: bool, list: bool) -> ExitCode {
    let options = [(all, "--all"), (list, "--list")];
    words.extend(options.into_iter().filter(|(on, _)| *on).map(|(_, word)| word.to_owned()));
    match own_program() {
        Ok(program) => hb_lab::cts::command(&words, &program),
        Err(why) => complain(&why),
    }
}

pub(crate) fn bench_failover(repeat: u32, json: &Json) -> ExitCode {
    measure(json, |program| bench::failover(&Failover { program, repeat, with_original: true }))
}

pub(crate) fn bench_idle(seconds: u32, json: &Json) -> ExitCode {
    let span = Duration::from_secs(u64::from(seconds));
    measure(json, |program| bench::idle(&Idle { program, span, with_original: true }))
}

pub(crate) fn bench_messages(json: &Json) -> ExitCode {
    measure(json, |program| bench::messages(&Messages { program, count: MESSAGES, repeat: MESSAGE_RUNS }))
}

fn measure(json: &Json, work: impl FnOnce(PathBuf) -> hb_lab::Result<Report>) -> ExitCode {
    let program = match own_program() {
        Ok(program) => program,
        Err(why) => return complain(&why),
    };
    if let Err(error) = hb_lab::permit::enter() {
        return complain(&error);
    }
    let report = match work(program) {
        Ok(report) => report,
        Err(error) => return complain(&error),
    };
    match write_json(json, &report.json()) {
        Ok(true) => {}
        Ok(false) => print!("{}", report.text()),
        Err(why) => return complain(&why),
    }
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
