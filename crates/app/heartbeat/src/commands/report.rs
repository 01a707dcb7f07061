//! `heartbeat report`: everything that somebody needs who was not there, in one archive, without secrets.

mod archive;
mod redact;

use crate::cli::Places;
use crate::control::{Client, Failure};
use crate::load;
use archive::Archive;
use hb_ipc::Request;
use redact::Secrets;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

/// The end of each log file that is taken.
const LOG_BYTES_MAX: u64 = 16 << 20;
/// Files of the state folder that are taken.
const STATE_FILES: [&str; 4] = ["hb_generation", "hostcache", "delhostcache", "flight-recorder"];

/// Writes the archive and says where it is.
pub(crate) fn run(places: &Places, output: Option<&Path>) -> ExitCode {
    let node = load::node_name(places);
    let path = output.map_or_else(|| format!("heartbeat-report-{node}.tar").into(), Path::to_owned);
    let gathered = gather(places, &node);
    match archive::write(&path, &gathered) {
        Ok(()) => {
            println!("{}", path.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("heartbeat: error: {}: {error}. Name another place with -o.", path.display());
            ExitCode::FAILURE
        }
    }
}

fn gather(places: &Places, node: &str) -> Archive {
    let config = |name: &str| std::fs::read_to_string(places.config_dir.join(name));
    let secrets = Secrets::of(&config("authkeys").unwrap_or_default());
    let folder = format!("heartbeat-report-{node}");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut archive = Archive::new(folder, now);
    let mut add = |name: &str, text: &str| archive.add(name, secrets.remove(text).as_bytes());

    add("about", &about(node));
    for name in ["ha.cf", "authkeys", "haresources"] {
        let text = config(name).unwrap_or_else(|error| format!("{error}\n"));
        let text = if name == "authkeys" { redact::authkeys(&text) } else { redact::configuration(&text) };
        add(&format!("configuration/{name}"), &text);
    }
    let (checked, complaints) = load::check(places);
    let complaints: String = complaints.iter().map(|one| format!("{one}\n")).collect();
    add("configuration/check", &complaints);
    for (name, request) in [
        ("status.json", Request::Status),
        ("nodes.json", Request::Nodes),
        ("links.json", Request::Links),
        ("flight-recorder", Request::Recorder),
    ] {
        add(&format!("node/{name}"), &answer(places, &request));
    }
    for name in STATE_FILES {
        if let Ok(bytes) = std::fs::read(places.state_dir.join(name)) {
            add(&format!("state/{name}"), &String::from_utf8_lossy(&bytes));
        }
    }
    if let Some(config) = checked {
        let logging = config.ha_cf.logging;
        for (name, path) in [("logfile", logging.logfile), ("debugfile", logging.debugfile)] {
            if let Some(path) = path {
                add(&format!("logs/{name}"), &tail(Path::new(&path.value)));
            }
        }
    }
    archive
}

fn about(node: &str) -> String {
    let host = rustix::system::uname();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "node {node}\nheartbeat {}\nkernel {} {} {}\nload {load}",
        env!("CARGO_PKG_VERSION"),
        host.release().to_string_lossy(),
        host.version().to_string_lossy(),
        host.machine().to_string_lossy(),
    )
}

/// What the running node says, or why it says nothing.
fn answer(places: &Places, request: &Request) -> String {
    match Client::connect(&places.run_dir).and_then(|mut client| client.ask(request)) {
        Ok(document) => match document["text"].as_str() {
            Some(text) => text.to_owned(),
            None => format!("{document:#}\n"),
        },
        Err(Failure::NotRunning(why)) => format!("heartbeat is not running here: {why}\n"),
        Err(failure) => format!("no answer: {failure:?}\n"),
    }
}

/// The end of a file, from a whole line on.
fn tail(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        let skipped = length.saturating_sub(LOG_BYTES_MAX);
        file.seek(SeekFrom::Start(skipped))?;
        let mut bytes = Vec::new();
        file.take(LOG_BYTES_MAX).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(match (skipped, text.split_once('\n')) {
            (0, _) | (_, None) => text,
            (_, Some((_torn, rest))) => rest.to_owned(),
        })
    };
    read().unwrap_or_else(|error| format!("{}: {error}\n", path.display()))
}
