//! What the end of an operation means, class by class (spec: agents 1.3, 2; haresources 2; fencing 1).

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use crate::resource::{Action, Class, Resource};

/// How an operation ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// A start or stop, or another command, did its work.
    Ok,
    /// A status: the resource runs.
    Running,
    /// A status: the resource is cleanly stopped.
    NotRunning,
    /// It did not do its work, or says that the resource is broken.
    Failed {
        /// The exit code, when the agent ended by itself.
        rc: Option<i32>,
        /// For people: what the code means and what the agent said.
        reason: String,
    },
    /// It did not end in time and was killed.
    TimedOut,
    /// The agent, or a program it needs, is not on this node.
    NotInstalled {
        /// For people: what is missing.
        reason: String,
    },
    /// It was taken out of the queue before it ran.
    Cancelled,
}

impl Outcome {
    /// Whether a start or stop may be taken as done, or a status says "runs".
    pub fn is_success(&self) -> bool {
        matches!(self, Outcome::Ok | Outcome::Running)
    }

    /// One stable word for messages and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Running => "running",
            Outcome::NotRunning => "stopped",
            Outcome::Failed { .. } => "failed",
            Outcome::TimedOut => "timeout",
            Outcome::NotInstalled { .. } => "not_installed",
            Outcome::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Failed { rc: Some(rc), reason } => write!(f, "failed (rc {rc}): {reason}"),
            Outcome::Failed { rc: None, reason } => write!(f, "failed: {reason}"),
            Outcome::NotInstalled { reason } => write!(f, "not installed: {reason}"),
            other => f.write_str(other.word()),
        }
    }
}

/// How an agent's process ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ending {
    /// It called exit with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

/// What is known of an agent's process after its end.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Exit {
    /// Code or signal.
    pub ending: Ending,
    /// The beginning of its standard output, bounded by the runner.
    pub head: String,
    /// The text of its last `ocf-exit-reason:` line, else the last line it wrote to standard error.
    pub reason: Option<String>,
}

impl Exit {
    /// An exit with `code` and no output.
    pub fn code(code: i32) -> Exit {
        Exit { ending: Ending::Code(code), head: String::new(), reason: None }
    }
}

/// What `exit` of the agent of `resource` means as the result of `action`.
pub fn interpret(resource: &Resource, action: Action, exit: &Exit) -> Outcome {
    let rc = match exit.ending {
        Ending::Code(rc) => rc,
        Ending::Signal(signal) => {
            return failed(None, &format!("the agent was ended by signal {signal}"), exit);
        }
    };
    match resource.class {
        Class::Heartbeat if resource.agent == "OCF" => ocf(action, rc, exit),
        Class::Heartbeat => heartbeat(action, rc, exit),
        Class::Ocf { .. } => ocf(action, rc, exit),
        Class::Lsb => lsb(action, rc, exit),
        Class::Stonith => stonith(action, rc, exit),
        Class::Rc | Class::Address => match rc {
            0 => Outcome::Ok,
            _ => failed(Some(rc), "the script failed", exit),
        },
    }
}

fn failed(rc: Option<i32>, meaning: &str, exit: &Exit) -> Outcome {
    Outcome::Failed { rc, reason: why(meaning, exit) }
}

fn not_installed(meaning: &str, exit: &Exit) -> Outcome {
    Outcome::NotInstalled { reason: why(meaning, exit) }
}

/// The meaning of the code, then what the agent itself said.
fn why(meaning: &str, exit: &Exit) -> String {
    match &exit.reason {
        Some(said) => format!("{meaning}: {said}"),
        None => meaning.to_string(),
    }
}

/// Classic scripts: status by words, the rest by exit code.
fn heartbeat(action: Action, rc: i32, exit: &Exit) -> Outcome {
    match action {
        Action::Status if says_running(&exit.head) => Outcome::Running,
        Action::Status => Outcome::NotRunning,
        Action::Start | Action::Stop if rc == 0 => Outcome::Ok,
        Action::Start | Action::Stop => {
            failed(Some(rc), &format!("the script's {} failed", action.word()), exit)
        }
    }
}

/// Whether the words of a status mean "runs": `not running` wins, then `running` or `OK`; silence is stopped.
fn says_running(text: &str) -> bool {
    let stopped = ["not running", "Not running", "not Running", "Not Running"];
    if stopped.iter().any(|words| text.contains(words)) {
        return false;
    }
    ["running", "Running", "OK"].iter().any(|words| text.contains(words))
}

/// The exit codes of the OCF resource agent API, in words.
pub fn ocf_meaning(rc: i32) -> &'static str {
    match rc {
        0 => "success",
        1 => "generic error",
        2 => "invalid arguments (here; another node may do better)",
        3 => "the agent does not implement this action",
        4 => "insufficient privileges",
        5 => "a program that the agent needs is not installed",
        6 => "the resource is not configured correctly (no node can run it)",
        7 => "not running",
        8 => "running in promoted role",
        9 => "failed in promoted role",
        124 => "the agent gave up waiting (its own time limit)",
        190 => "running, but degraded",
        191 => "running in promoted role, but degraded",
        _ => "an exit code that the OCF standard does not know",
    }
}

fn ocf(action: Action, rc: i32, exit: &Exit) -> Outcome {
    let meaning = ocf_meaning(rc);
    match (action, rc) {
        (Action::Status, 0 | 8 | 190 | 191) => Outcome::Running,
        (Action::Status, 7) => Outcome::NotRunning,
        (Action::Start | Action::Stop, 0) => Outcome::Ok,
        (Action::Start, 7) => failed(Some(rc), "not running after its start", exit),
        // A stop that cannot find its programs has not stopped anything: that is a failed stop, not a missing agent.
        (Action::Start | Action::Status, 5) => not_installed(meaning, exit),
        _ => failed(Some(rc), meaning, exit),
    }
}

struct NotInstalledWhy<'a>(&'static str, &'a Exit);

impl From<NotInstalledWhy<'_>> for Outcome {
    fn from(NotInstalledWhy(meaning, exit): NotInstalledWhy<'_>) -> Outcome {
        let reason = match &exit.reason {
            Some(said) => format!("{meaning}: {said}"),
            None => meaning.to_string(),
        };
        Outcome::NotInstalled { reason }
    }
}

fn lsb(action: Action, rc: i32, exit: &Exit) -> Outcome {
    match (action, rc) {
        (Action::Status, 0) => Outcome::Running,
        (Action::Status, 1..=3) => Outcome::NotRunning,
        (Action::Status, 4) => failed(Some(rc), "the script does not know the status", exit),
        (_, 0) => Outcome::Ok,
        (Action::Start | Action::Status, 5) => not_installed("the program is not installed", exit),
        _ => failed(Some(rc), lsb_meaning(rc), exit),
    }
}

/// The exit codes of init scripts for actions other than status, in words.
fn lsb_meaning(rc: i32) -> &'static str {
    match rc {
        1 => "generic error",
        2 => "invalid arguments",
        3 => "the script does not implement this action",
        4 => "insufficient privileges",
        5 => "the program is not installed",
        6 => "the program is not configured",
        7 => "the program is not running",
        _ => "an exit code that the LSB reserves",
    }
}

/// The exit codes of the `stonith` program, in words (spec: fencing 1).
pub fn stonith_meaning(rc: i32) -> &'static str {
    match rc {
        0 => "done",
        1 => "the device's configuration is bad or incomplete",
        2 => "the device cannot be reached or refuses access",
        3 => "invalid argument",
        4 => "the device does not control this node",
        5 => "the device could not do it",
        6 => "the device did not answer in time",
        7 => "the outlet is off",
        8 => "the device type is unknown, or its plug-in is missing or writable by others",
        _ => "an exit code that the stonith program does not define",
    }
}

fn stonith(action: Action, rc: i32, exit: &Exit) -> Outcome {
    match (action, rc) {
        (Action::Status, 0) => Outcome::Running,
        (_, 0) => Outcome::Ok,
        (_, 8) => not_installed(stonith_meaning(rc), exit),
        _ => failed(Some(rc), stonith_meaning(rc), exit),
    }
}

#[cfg(test)]
mod tests;
