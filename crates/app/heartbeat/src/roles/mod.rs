//! The processes of a node. Each joins machines and io, and holds no logic of its own.

mod durable;
mod executor;
mod loader;
mod logd;
mod master;
mod store;

pub(crate) use executor::agent_places;
pub(crate) use master::{make_run_dir, pid_file, run as master};

use hb_runtime::Inherited;
use std::process::ExitCode;

/// Runs the role that this process was started for.
pub(crate) fn run(mut inherited: Inherited) -> ExitCode {
    let role = inherited.role.clone();
    if hb_media::ROLES.contains(&role.as_str()) {
        return hb_media::run(inherited);
    }
    if let Some(ended) = crate::daemons::run_role(&mut inherited) {
        return code(&role, ended);
    }
    let ended = match role.as_str() {
        "lrmd" | "stonithd" => executor::run(inherited),
        "logd" => logd::run(inherited),
        "store" => store::run(inherited),
        "loader" => loader::run(inherited),
        other => Err(format!("there is no role `{other}`")),
    };
    code(&role, ended)
}

fn code(role: &str, ended: Result<(), String>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("heartbeat: {role}: {why}");
            ExitCode::FAILURE
        }
    }
}
