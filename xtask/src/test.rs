//! `cargo xtask test`: everything a change must pass.

use crate::packages;
use std::process::Command;
use std::time::Instant;

/// One step: its name, and the cargo words that do it.
struct Step {
    name: &'static str,
    cargo: &'static [&'static str],
}

const GATE: &[Step] = &[
    Step { name: "build", cargo: &["build", "--release", "--locked", "--package", "heartbeat"] },
    Step {
        name: "tests",
        cargo: &["test", "--locked", "--workspace", "--exclude", "hb-lab", "--exclude", "hb-sim"],
    },
    Step { name: "simulator", cargo: &["test", "--locked", "--release", "--package", "hb-sim"] },
    Step {
        name: "planted bugs",
        cargo: &[
            "test",
            "--locked",
            "--release",
            "--package",
            "hb-sim",
            "--features",
            "planted-bugs",
            "--test",
            "plants",
        ],
    },
    Step { name: "real processes", cargo: &["test", "--locked", "--package", "hb-lab"] },
];

/// What takes too long for every change.
const LONG: &[Step] = &[
    Step {
        name: "planted bugs are found",
        cargo: &["test", "--locked", "--release", "--package", "hb-sim", "--features", "planted-bugs"],
    },
    Step {
        name: "10,000 seeds",
        cargo: &[
            "run",
            "--locked",
            "--release",
            "--package",
            "heartbeat",
            "--",
            "cts",
            "sim",
            "--seeds",
            "10000",
        ],
    },
];

pub(crate) fn run(args: &[&str]) -> Result<bool, String> {
    if let Some(unknown) = args.iter().find(|a| !matches!(**a, "--all" | "--allow-missing")) {
        return Err(format!("test does not know `{unknown}`; it takes --all and --allow-missing"));
    }
    let (all, allow_missing) = (args.contains(&"--all"), args.contains(&"--allow-missing"));
    let missing = packages::install()?;
    for (package, need) in &missing {
        println!("not tested: {need} (package {package} is missing)");
    }
    if !missing.is_empty() && !allow_missing {
        println!("install these packages, or pass --allow-missing");
        return Ok(false);
    }
    let began = Instant::now();
    let mut failed = Vec::new();
    for step in GATE.iter().chain(if all { LONG } else { &[] }) {
        println!("== {} ({} s so far)", step.name, began.elapsed().as_secs());
        if !cargo(step.cargo, all, !missing.is_empty())? {
            failed.push(step.name);
        }
    }
    println!("== {} s; {}", began.elapsed().as_secs(), verdict(&failed));
    Ok(failed.is_empty())
}

fn verdict(failed: &[&str]) -> String {
    if failed.is_empty() { "all passed".to_owned() } else { format!("FAILED: {}", failed.join(", ")) }
}

fn cargo(words: &[&str], all: bool, allow_missing: bool) -> Result<bool, String> {
    let mut command = Command::new("cargo");
    command.args(words).current_dir(crate::tree::root());
    if all {
        command.env("HB_ALL", "1");
    }
    if allow_missing {
        command.env("HB_ALLOW_MISSING", "1");
    }
    Ok(command.status().map_err(|e| format!("cannot run cargo: {e}"))?.success())
}
