//! Runs the laboratory's scenarios: real processes in namespaces.
//!
//! Needs root or user namespaces, and so has a `main` of its own: namespaces are entered before
//! any thread starts. Arguments are parts of scenario names.

use std::process::ExitCode;

fn main() -> ExitCode {
    hb_lab::cts::test_main(None)
}
