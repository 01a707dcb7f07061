//! A flood of log lines from a program that never waits, for measurements.

use crate::daemons::LOG_SOCKET;
use hb_base::Severity;
use hb_ipc::{Framed, FramedError, Framing, Limits};
use hb_logd::{Line, record};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

/// Lines go out in bursts this often.
const BURST_EVERY: Duration = Duration::from_millis(1);
/// What may wait in this program for the daemon.
const LIMITS: Limits = Limits { receive_bytes: 1 << 10, queue_bytes: 1 << 20 };

/// Sends `rate` lines a second for so long and says how many went and how many had to be dropped.
pub(crate) fn run(rate: u32, seconds: u32, state_dir: &Path) -> ExitCode {
    match flood(rate, Duration::from_secs(u64::from(seconds)), state_dir) {
        Ok((sent, dropped, slowest)) => {
            println!("sent {sent}, dropped here {dropped}, slowest send {} us", slowest.as_micros());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("heartbeat: error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn flood(rate: u32, limit: Duration, state_dir: &Path) -> Result<(u64, u64, Duration), String> {
    let path = state_dir.join(LOG_SOCKET);
    let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let stream = UnixStream::connect(&path).map_err(|e| failed(&e))?;
    let framed = Framed::with_framing(stream.into(), Framing::Classic, LIMITS);
    let mut framed = framed.map_err(|e| failed(&e))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let line =
        Line::new(Severity::Info, "flood", "a line of ordinary length that says nothing much about anything");
    let body = record::encode(&line, now);
    let (mut sent, mut dropped, mut slowest) = (0_u64, 0_u64, Duration::ZERO);
    let began = Instant::now();
    while began.elapsed() < limit {
        let due = began.elapsed().as_micros() * u128::from(rate) / 1_000_000;
        while u128::from(sent + dropped) < due {
            let before = Instant::now();
            match framed.send(&body) {
                Ok(()) => sent += 1,
                Err(FramedError::Overflow { .. }) => {
                    dropped += 1;
                    framed.flush().map_err(|e| failed(&e))?;
                }
                Err(error) => return Err(failed(&error)),
            }
            slowest = slowest.max(before.elapsed());
        }
        std::thread::sleep(BURST_EVERY);
    }
    framed.settle(Duration::from_secs(10)).map_err(|e| failed(&e))?;
    Ok((sent, dropped, slowest))
}
