//! The commands: what a person or a script runs.

mod ask;
mod check;
mod debug;
mod lab;
mod output;

use crate::cli::{Bench, Command, Cts, Debug};
use hb_ipc::Request;
use std::process::ExitCode;

pub(crate) use output::write_json;

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
        Command::Stop { places } => ask::stop(&places),
        Command::Standby { share, places } => ask::resources(&places, &Request::Standby(share.into())),
        Command::Takeover { share, places } => ask::resources(&places, &Request::Takeover(share.into())),
        Command::Online { places } => ask::resources(&places, &Request::Online),
        Command::Demo(demo) => lab::demo(&demo),
        Command::Cts(Cts::Sim { args }) => lab::sim(&args),
        Command::Cts(Cts::Lab { args }) => lab::scenarios(&args),
        Command::Bench(Bench::Failover { repeat, json }) => lab::bench_failover(repeat, &json),
        Command::Bench(Bench::Idle { seconds, json }) => lab::bench_idle(seconds, &json),
        Command::Bench(Bench::Messages { json }) => lab::bench_messages(&json),
        Command::Debug(Debug::Send { places, kind, count, size }) => debug::send(&places, &kind, count, size),
        Command::Debug(Debug::Receive { places, kind, count, json }) => {
            debug::receive(&places, &kind, count, &json)
        }
    }
}
