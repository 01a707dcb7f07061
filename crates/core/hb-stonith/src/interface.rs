//! What goes in and what comes out: the first thing to read.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use hb_base::{CallId, NodeName, Notice};
use hb_lrm::{Operation, Outcome};

use crate::device::Line;

/// Longest time a device gets for one operation, unless the options say otherwise.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause between a failure and the next try (spec: haresources 6).
pub const RETRY_DELAY: Duration = Duration::from_secs(5);
/// How often a device is asked for its status (spec: haresources 6).
pub const POLL_INTERVAL: Duration = Duration::from_secs(3600);
/// How long after an operation's limit its answer may still come before it counts as failed.
/// Covers the executor's TERM, 5 s, KILL, and the extra 15 s that fencing operations get there.
pub const ANSWER_GRACE: Duration = Duration::from_secs(25);
/// After the first alert about a request, alerts come at most this often.
pub const ALERT_INTERVAL: Duration = Duration::from_secs(60);
/// Nodes that can be waited for at the same time. One more request is refused with a failure.
pub const MAX_REQUESTS: usize = 32;

/// How fencing is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// This node: decides which `stonith_host` lines are ours.
    pub own: NodeName,
    /// The lines of the configuration, in file order.
    pub lines: Vec<Line>,
    /// Limit for one operation.
    pub operation_timeout: Duration,
    /// Pause after a failure.
    pub retry_delay: Duration,
    /// Time between two status operations.
    pub poll_interval: Duration,
    /// A defect to show, for tests of the simulator.
    #[cfg(feature = "planted-bugs")]
    pub bug: Option<crate::Bug>,
}

impl Options {
    /// The original's times, and these lines.
    pub fn new(own: NodeName, lines: Vec<Line>) -> Options {
        Options {
            own,
            lines,
            operation_timeout: OPERATION_TIMEOUT,
            retry_delay: RETRY_DELAY,
            poll_interval: POLL_INTERVAL,
            #[cfg(feature = "planted-bugs")]
            bug: None,
        }
    }
}

/// How takeover is protected.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// A device exists and answered well not long ago: a takeover waits for its confirmation.
    Fenced,
    /// No device, or none that works: nothing proves that a silent node has stopped.
    Unprotected,
}

impl Mode {
    /// The mode in one word.
    pub const fn word(self) -> &'static str {
        match self {
            Mode::Fenced => "fenced",
            Mode::Unprotected => "unprotected",
        }
    }
}

/// What became of a fencing request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FenceResult {
    /// The executor reported success for this very request: the node is down. Final.
    Confirmed,
    /// A try failed. Not final: another one follows after the retry delay.
    Failed {
        /// How many tries failed, from 1.
        attempt: u64,
        /// The device does not know the node (exit code 4 of the `stonith` program).
        bad_host: bool,
        /// For people.
        reason: String,
    },
    /// There is no device on this node. Final.
    NoDevice,
    /// Nothing had to be done. Final. Never reported by this crate; for whoever decides so before asking.
    Unneeded,
}

/// What can happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// From the composition, once, before anything else. Asks the device for its status.
    Start,
    /// From the shell, at or after the deadline.
    Timer,
    /// From the resource manager: make sure that `node` is down. A second request for a node that is being
    /// fenced joins the first.
    Fence {
        /// The victim.
        node: NodeName,
    },
    /// From the resource manager: `node` came back; stop trying. An operation that already runs may still
    /// hit the node; its result is not reported.
    Cancel {
        /// The victim.
        node: NodeName,
    },
    /// From the composition, when the configuration changed while we run: every line there is now. Tries that
    /// are under way with another device than before count for nothing; the new device is asked at once.
    ///
    /// A node that is waited for stays waited for also when no device is left: its tries fail until there is one
    /// again. Taking the lines out of the file proves nothing about that node.
    Devices(Vec<Line>),
    /// From the executor: the end of the operation `call`.
    Executed {
        /// Which one.
        call: CallId,
        /// How it ended.
        outcome: Outcome,
    },
    /// From the composition: the executor died; its running operations will never be answered.
    ExecutorLost,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// For the executor; answered by [`Input::Executed`] with the same `call`.
    Execute {
        /// Fresh for each operation.
        call: CallId,
        /// The device, what it shall do, and its limit.
        operation: Operation,
    },
    /// For the resource manager that asked.
    Fenced {
        /// The victim.
        node: NodeName,
        /// What became of it.
        result: FenceResult,
    },
    /// For the resource manager and status: the mode changed. Until the first one it is [`Mode::Unprotected`].
    Mode(Mode),
    /// For the log.
    Notice(Notice),
}
