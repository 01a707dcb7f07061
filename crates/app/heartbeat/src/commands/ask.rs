//! Commands that ask the running node.

use super::write_json;
use crate::cli::{Json, Places};
use crate::control::{Client, Failure};
use hb_ipc::Request;
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// How long a move of resources may take before the command gives up waiting. The move itself goes on.
const MOVE_LIMIT: Duration = Duration::from_secs(3600);
/// How long a node may take to read its configuration: it gives up sooner by itself.
const RELOAD_LIMIT: Duration = Duration::from_secs(90);
/// How long a node may take to release everything.
const STOP_LIMIT: Duration = Duration::from_secs(3600);

/// Asks for a document and prints it.
pub(crate) fn show(places: &Places, json: &Json, request: &Request, text: fn(&Value) -> String) -> ExitCode {
    let answer = Client::connect(&places.run_dir).and_then(|mut c| c.ask(request));
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
pub(crate) fn resources(places: &Places, request: &Request) -> ExitCode {
    let answer = Client::connect(&places.run_dir).and_then(|mut c| c.ask_within(request, MOVE_LIMIT));
    match answer {
        Ok(_) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Has the node re-read its configuration; its complaints are printed as `check` would.
pub(crate) fn reload(places: &Places) -> ExitCode {
    let answer =
        Client::connect(&places.run_dir).and_then(|mut c| c.ask_within(&Request::Reload, RELOAD_LIMIT));
    let document = match answer {
        Ok(document) => document,
        Err(failure) => return failure.report(),
    };
    for line in document["lines"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        eprintln!("{line}");
    }
    if document["ok"] != json!(true) {
        eprintln!("heartbeat: error: nothing was changed: the node runs on as before");
        return ExitCode::from(2);
    }
    let changed: Vec<&str> =
        document["changed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for change in &changed {
        println!("changed: {change}");
    }
    if changed.is_empty() {
        println!("nothing changed");
    }
    ExitCode::SUCCESS
}

/// Has the node leave and waits until it is gone.
pub(crate) fn stop(places: &Places) -> ExitCode {
    let mut client = match Client::connect(&places.run_dir) {
        Ok(client) => client,
        Err(failure) => return failure.report(),
    };
    if let Err(failure) = client.ask(&Request::Stop) {
        return failure.report();
    }
    // The node closes the connection when it ends.
    match client.next_frame(Some(STOP_LIMIT)) {
        Ok(None) | Err(Failure::Broken(_)) => ExitCode::SUCCESS,
        Ok(Some(_)) => ExitCode::from(1),
        Err(failure) => failure.report(),
    }
}
