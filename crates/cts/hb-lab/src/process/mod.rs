//! The laboratory's own small processes, started as `PROGRAM --lab-process ROLE …`.
//!
//! | role | what it is |
//! |---|---|
//! | `holder` | parent of a node: makes its namespaces, starts its init, ends when the node is gone |
//! | `plug`, `fence`, `stonith` | the agents of the power switch |
//! | `service` | the small service that probes ask |
//! | `janitor` | removes the world's files when the laboratory is gone, however it went |
//!
//! All of them end by themselves when the process that built the world does, because the
//! socket that they hold then closes.

mod holder;
mod init;
mod janitor;
pub(crate) mod protocol;

use std::ffi::OsString;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// The first argument that selects a process of the laboratory.
pub const FLAG: &str = "--lab-process";

/// Runs one of the laboratory's own processes if the arguments (without the program's name) ask
/// for one. Every program that builds worlds calls this before anything else in `main`.
pub fn intercept(arguments: &[OsString]) -> Option<ExitCode> {
    if arguments.first().is_none_or(|first| first != FLAG) {
        return None;
    }
    let words: Vec<String> =
        arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let rest = words.get(1..).unwrap_or_default();
    Some(match words.first().map(String::as_str) {
        Some("holder") => holder::main(rest),
        Some("janitor") => janitor::main(rest),
        Some("plug") => crate::power::plug::main(rest),
        Some("fence") => crate::power::fence::main(rest),
        Some("stonith") => crate::power::stonith::main(rest),
        Some("api-client") => crate::api_client::main(rest),
        Some("service") => crate::service::main(rest),
        other => {
            eprintln!("{FLAG}: unknown role {other:?}");
            ExitCode::from(2)
        }
    })
}

/// A command that starts this very program in a role of the laboratory, in a session of its own.
pub(crate) fn command(role: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(FLAG).arg(role);
    command
}

/// Gives the program to come `control` as its control descriptor, and a session of its own.
pub(crate) fn with_control<'a>(command: &'a mut Command, control: BorrowedFd<'_>) -> &'a mut Command {
    let raw = control.as_raw_fd();
    // SAFETY: only async-signal-safe calls happen between fork and exec; the descriptor is open
    // until the caller has spawned the command.
    unsafe {
        command.pre_exec(move || {
            crate::sys::become_control(raw)?;
            crate::sys::fresh_session()
        })
    }
}
