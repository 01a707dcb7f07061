//! Commands that ask the running node.

use super::write_json;
use crate::cli::{Json, Places, Share};
use crate::control::{Client, Failure};
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// How long a move of resources may take before the command gives up waiting. The move itself goes on.
const MOVE_LIMIT: Duration = Duration::from_secs(3600);
/// How long a node may take to release everything.
const STOP_LIMIT: Duration = Duration::from_secs(3600);

/// Asks for a document and prints it.
pub(crate) fn show(places: &Places, json: &Json, command: &str, text: fn(&Value) -> String) -> ExitCode {
    let answer = Client::connect(&places.run_dir).and_then(|mut c| c.ask(&json!({"command": command})));
    let document = match answer {
        Ok(document) => document,
        Err(failure) => return failure.report(),
    };
    match write_json(json, &document) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            // A reader that has seen enough is no error.
            let _ = std::io::stdout().write_all(text(&document).as_bytes());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("heartbeat: error: {why}");
            ExitCode::from(1)
        }
    }
}

/// Moves resources and waits until that is done.
pub(crate) fn resources(places: &Places, command: &str, share: Option<Share>) -> ExitCode {
    let mut request = json!({"command": command});
    if let Some(share) = share {
        request["share"] = json!(match share {
            Share::All => "all",
            Share::Local => "local",
            Share::Foreign => "foreign",
            Share::Failback => "failback",
        });
    }
    let answer = Client::connect(&places.run_dir).and_then(|mut c| c.ask_within(&request, MOVE_LIMIT));
    match answer {
        Ok(_) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Has the node re-read its configuration; its complaints are printed as `check` would.
pub(crate) fn reload(places: &Places) -> ExitCode {
    let answer = Client::connect(&places.run_dir).and_then(|mut c| c.ask(&json!({"command": "reload"})));
    let document = match answer {
        Ok(document) => document,
        Err(failure) => return failure.report(),
    };
    for line in document["lines"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        eprintln!("{line}");
    }
    for change in document["changed"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        println!("changed: {change}");
    }
    if document["ok"] == json!(true) { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

/// Has the node leave and waits until it is gone.
pub(crate) fn stop(places: &Places) -> ExitCode {
    let mut client = match Client::connect(&places.run_dir) {
        Ok(client) => client,
        Err(failure) => return failure.report(),
    };
    if let Err(failure) = client.ask(&json!({"command": "stop"})) {
        return failure.report();
    }
    // The node closes the connection when it ends.
    match client.next_frame(Some(STOP_LIMIT)) {
        Ok(None) | Err(Failure::Broken(_)) => ExitCode::SUCCESS,
        Ok(Some(_)) => ExitCode::from(1),
        Err(failure) => failure.report(),
    }
}
