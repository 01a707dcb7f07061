//! What every medium must do, checked on each of them with real sockets, real children and two network namespaces joined
//! by a veth pair.
//!
//! No test harness: this binary starts itself as the reader and writer children, so `main` must see the inherited
//! role first. Each check runs in a network namespace of its own, as root or in a user namespace.

mod checks;
mod rig;

use std::process::{Command, ExitCode};

use hb_runtime::Inherited;

/// Set in the process that runs one check in its namespace.
const INSIDE: &str = "HEARTBEAT_TEST_INSIDE";

fn main() -> ExitCode {
    match Inherited::take() {
        Ok(Some(inherited)) => return hb_media::run(inherited),
        Ok(None) => {}
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    let checks = checks::all();
    if let Ok(name) = std::env::var(INSIDE) {
        let check = checks.into_iter().find(|check| check.name == name).expect("a check of this name");
        (check.run)();
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let mut failed = 0;
    for check in checks {
        if !wanted.is_empty() && !wanted.iter().any(|word| check.name.contains(word.as_str())) {
            continue;
        }
        let done = inside(&check.name);
        println!("test {} ... {}", check.name, if done { "ok" } else { "FAILED" });
        failed += u32::from(!done);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one check in a fresh network namespace; as an ordinary user in a user namespace, too.
fn inside(name: &str) -> bool {
    // A check that blocks fails like any other.
    let mut command = Command::new("timeout");
    command.args(["300", "unshare"]);
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--net", "--"]).arg(std::env::current_exe().expect("our own path")).env(INSIDE, name);
    command.status().expect("timeout (coreutils) is installed").success()
}
