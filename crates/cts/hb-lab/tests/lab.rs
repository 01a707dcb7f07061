//! Runs the laboratory's scenarios: real processes in namespaces.
//!
//! Needs root or user namespaces, and so has a `main` of its own: namespaces are entered before
//! any thread starts. Arguments are parts of scenario names. The program under test is
//! `HEARTBEAT_BIN`, or is built.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(code) = hb_lab::intercept(&arguments) {
        return code;
    }
    if std::env::var_os("HEARTBEAT_BIN").is_none() && !arguments.iter().any(|word| word == "--list") {
        // The laboratory never links the daemon, so cargo does not know that it is needed.
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "heartbeat", "--package", "hb-client-capi"])
            .status();
        if !built.is_ok_and(|status| status.success()) {
            eprintln!("the program under test does not build");
            return ExitCode::FAILURE;
        }
    }
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let program = hb_lab::cts::program_under_test().unwrap_or_else(|| PathBuf::from("heartbeat"));
    hb_lab::cts::command(&words, &program)
}
