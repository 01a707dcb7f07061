//! The project's own chores. `cargo xtask help` lists them.

mod deps;
mod packages;
mod test;
mod tidy;
mod tree;

use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask test [--all] [--allow-missing]   everything a change must pass; --all also what takes long
cargo xtask tidy                             layout, purity, sizes, and that every directive has a test
cargo xtask licences                         licences of all dependencies, and crates in two versions
cargo xtask packages                         install the Debian packages that the tests use
cargo xtask sim [ARGS]                       the simulator: short for `heartbeat cts sim`, built in release";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test", rest @ ..] => test::run(rest),
        ["tidy"] => tidy::run(),
        ["licences"] => deps::run(),
        ["packages"] => packages::install().map(|missing| missing.is_empty()),
        ["sim", rest @ ..] => sim(rest),
        ["help" | "--help" | "-h"] | [] => {
            println!("{HELP}");
            Ok(true)
        }
        other => Err(format!("unknown chore `{}`; `cargo xtask help` lists them", other.join(" "))),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::from(2)
        }
    }
}

fn sim(args: &[&str]) -> Result<bool, String> {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--release", "--package", "heartbeat", "--", "cts", "sim"]).args(args);
    Ok(command.status().map_err(|e| format!("cannot run cargo: {e}"))?.success())
}
