//! Heartbeat: high availability for Linux machines. The one binary: its first argument selects a command,
//! and the master starts its children from the same file.

mod cli;
mod commands;
mod control;
mod daemons;
mod load;
mod originals;
mod picture;
mod roles;

use clap::Parser;
use hb_runtime::Inherited;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = hb_lab::intercept(&arguments) {
        return code;
    }
    // First of all: taking the role changes the environment.
    match Inherited::take() {
        Ok(Some(inherited)) => roles::run(inherited),
        Ok(None) => match commands::by_name().or_else(originals::intercept) {
            Some(code) => code,
            None => commands::run(cli::Cli::parse_from(cli::arguments(std::env::args_os())).command),
        },
        Err(error) => {
            eprintln!("heartbeat: {error}");
            ExitCode::FAILURE
        }
    }
}
