//! An application that is watched, for tests and for trying out the recovery manager's scripts.

use hb_apphb_client::{Client, ClientError};
use hb_runtime::{Event, EventLoop, Signal, clock};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Registers and beats until TERM; then it unregisters.
pub(crate) fn run(name: &str, instance: &str, interval_ms: u64, run_dir: &Path) -> ExitCode {
    match beat(name, instance, Duration::from_millis(interval_ms), run_dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("heartbeat: error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn beat(name: &str, instance: &str, interval: Duration, run_dir: &Path) -> Result<(), String> {
    let failed = |e: ClientError| e.to_string();
    let mut events: EventLoop<()> = EventLoop::new().map_err(|e| e.to_string())?;
    events.take_signals().map_err(|e| e.to_string())?;
    let mut client = Client::register_at(&run_dir.join("apphb.comm"), name, instance).map_err(failed)?;
    client.set_interval(interval).map_err(failed)?;
    println!("registered, process {}", std::process::id());
    let mut due = clock::monotonic();
    loop {
        match events.next(Some(due)).map_err(|e| e.to_string())? {
            Event::Deadline => {
                client.beat().map_err(failed)?;
                due = events.now() + interval / 4;
            }
            Event::Signal(Signal::Term | Signal::Int) => return client.unregister().map_err(failed),
            _ => {}
        }
    }
}
