//! The commands: what a person or a script runs.

mod ask;
mod beat;
mod check;
mod debug;
mod flood;
mod ha_logger;
mod lab;
mod output;
mod report;
mod simulate;

use crate::cli::{Bench, Command, Cts, Debug};
use crate::daemons::{self, DAEMONS};
use hb_ipc::Request;
use std::process::ExitCode;

pub(crate) use output::write_json;
pub(crate) use simulate::Simulate;

/// Runs what the program's own name stands for, as for the original's programs: a link of that name to this program is
/// that program. `None` for other names.
pub(crate) fn by_name() -> Option<ExitCode> {
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let path = words.next()?;
    let name = path.rsplit('/').next()?;
    let words: Vec<String> = words.collect();
    if name == "ha_logger" {
        return Some(ha_logger::run(&words));
    }
    daemon(name, &words)
}

fn daemon(name: &str, words: &[String]) -> Option<ExitCode> {
    let daemon = DAEMONS.iter().find(|daemon| daemon.name == name)?;
    Some(daemons::command(daemon, words))
}

/// Runs a command and chooses the exit code.
pub(crate) fn run(command: Command) -> ExitCode {
    match command {
        Command::Run { places, no_resources } => crate::roles::master(&places, !no_resources),
        Command::Check { places, json } => check::run(&places, &json),
        Command::Status { places, json } => {
            ask::show(&places, &json, &Request::Status, crate::picture::status_text)
        }
        Command::Nodes { places, json } => {
            ask::show(&places, &json, &Request::Nodes, crate::picture::nodes_text)
        }
        Command::Links { places, json } => {
            ask::show(&places, &json, &Request::Links, crate::picture::links_text)
        }
        Command::Reload { places } => ask::reload(&places),
        Command::Report { output, places } => report::run(&places, output.as_deref()),
        Command::Stop { places } => ask::stop(&places),
        Command::Standby { share, places } => ask::resources(&places, &Request::Standby(share.into())),
        Command::Takeover { share, places } => ask::resources(&places, &Request::Takeover(share.into())),
        Command::Online { places } => ask::resources(&places, &Request::Online),
        Command::Apphbd { args } => daemon("apphbd", &args).unwrap_or(ExitCode::FAILURE),
        Command::Recoverymgrd { args } => daemon("recoverymgrd", &args).unwrap_or(ExitCode::FAILURE),
        Command::HaLogd { args } => daemon("ha_logd", &args).unwrap_or(ExitCode::FAILURE),
        Command::HaLogger { args } => ha_logger::run(&args),
        Command::Demo(demo) => lab::demo(&demo),
        Command::Simulate(args) => simulate::run(*args),
        Command::Cts(Cts::Sim { args }) => lab::sim(&args),
        Command::Cts(Cts::Lab { scenarios, all, list }) => lab::scenarios(scenarios, all, list),
        Command::Bench(Bench::Failover { repeat, json }) => lab::bench_failover(repeat, &json),
        Command::Bench(Bench::Idle { seconds, json }) => lab::bench_idle(seconds, &json),
        Command::Bench(Bench::Messages { json }) => lab::bench_messages(&json),
        Command::Debug(Debug::Beat { name, instance, interval, run_dir }) => {
            beat::run(&name, &instance, interval, &run_dir)
        }
        Command::Debug(Debug::Log { rate, seconds, places }) => flood::run(rate, seconds, &places.state_dir),
        Command::Debug(Debug::Send { places, kind, count, size }) => debug::send(&places, &kind, count, size),
        Command::Debug(Debug::Receive { places, kind, count, json }) => {
            debug::receive(&places, &kind, count, &json)
        }
    }
}
