//! What the fencing program knows, asked while a configuration is checked (spec: fencing 1).

use std::fmt;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, kill_process_group, pidfd_open};

use crate::places::Places;
use crate::plan::{Missing, stonith_program};

/// How long the program may take to list its types.
pub const QUESTION_LIMIT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 256 * 1024;

/// Why the fencing program gave no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StonithProblem {
    /// The program is not there. The text says what to install.
    NotInstalled(String),
    /// It ended with this code, or could not be run.
    Failed {
        /// Its exit code, if it ended by itself.
        rc: Option<i32>,
        /// For people.
        reason: String,
    },
    /// It took longer than [`QUESTION_LIMIT`] and was killed.
    TimedOut,
}

impl fmt::Display for StonithProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StonithProblem::NotInstalled(text) => f.write_str(text),
            StonithProblem::Failed { reason, .. } => f.write_str(reason),
            StonithProblem::TimedOut => f.write_str("the fencing program gave no answer in time"),
        }
    }
}

impl std::error::Error for StonithProblem {}

/// The device types that can be used here, external scripts as `external/<name>`.
///
/// # Errors
/// See [`StonithProblem`].
pub fn stonith_types(places: &Places) -> Result<Vec<String>, StonithProblem> {
    Ok(read_stonith_types(&ask(places, &["-L"])?))
}

/// The names of the parameters of a device type, in the order of positional values.
///
/// # Errors
/// See [`StonithProblem`]; an unknown type is `Failed` with code 8.
pub fn stonith_parameters(places: &Places, device_type: &str) -> Result<Vec<String>, StonithProblem> {
    Ok(read_stonith_parameters(&ask(places, &["-t", device_type, "-n"])?))
}

/// The device types in what `stonith -L` prints: one a line.
pub fn read_stonith_types(answer: &str) -> Vec<String> {
    answer.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The names in what `stonith -t TYPE -n` prints: separated by blanks.
pub fn read_stonith_parameters(answer: &str) -> Vec<String> {
    answer.split_whitespace().map(str::to_owned).collect()
}

fn ask(places: &Places, args: &[&str]) -> Result<String, StonithProblem> {
    let program = stonith_program(places).map_err(|Missing(text)| StonithProblem::NotInstalled(text))?;
    let failed = |error: &dyn fmt::Display| StonithProblem::Failed {
        rc: None,
        reason: format!("cannot run {}: {error}", program.display()),
    };
    let mut command = Command::new(&program);
    command.args(args).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    hb_runtime::isolate(&mut command);
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let answer = listen(&mut child);
    if answer.is_err()
        && let Some(pid) = Pid::from_raw(child.id().cast_signed())
    {
        let _ = kill_process_group(pid, rustix::process::Signal::KILL);
    }
    let status = child.wait().map_err(|error| failed(&error))?;
    let answer = answer?;
    match status.code() {
        Some(0) => Ok(answer),
        Some(rc) => {
            Err(StonithProblem::Failed { rc: Some(rc), reason: hb_lrm::stonith_meaning(rc).to_owned() })
        }
        None => Err(failed(&"a signal ended it")),
    }
}

/// Reads until the program ends, within the limit.
fn listen(child: &mut std::process::Child) -> Result<String, StonithProblem> {
    let broken = |error: std::io::Error| StonithProblem::Failed { rc: None, reason: error.to_string() };
    let pid = Pid::from_raw(child.id().cast_signed()).ok_or(StonithProblem::TimedOut)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| broken(error.into()))?;
    let Some(mut stdout) = child.stdout.take() else { return Ok(String::new()) };
    rustix::io::ioctl_fionbio(&stdout, true).map_err(|error| broken(error.into()))?;
    let end = Instant::now() + QUESTION_LIMIT;
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let limit = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        let mut fds = [PollFd::new(&pidfd, PollFlags::IN), PollFd::new(&stdout, PollFlags::IN)];
        match poll(&mut fds, Some(&limit)) {
            Ok(0) => return Err(StonithProblem::TimedOut),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(broken(error.into())),
        }
        let ended = fds[0].revents().contains(PollFlags::IN);
        // After the end the pipe is emptied, not waited for: a child of the program may hold it.
        loop {
            match stdout.read(&mut buffer) {
                Ok(count) if count > 0 && answer.len() < ANSWER_BYTES => {
                    answer.extend_from_slice(buffer.get(..count).unwrap_or_default());
                }
                Ok(0) if !ended => {
                    let _ = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&limit));
                    return Ok(String::from_utf8_lossy(&answer).into_owned());
                }
                _ => break,
            }
        }
        if ended {
            return Ok(String::from_utf8_lossy(&answer).into_owned());
        }
    }
}
