//! The queue of one resource, and the operation that runs in it.

use alloc::collections::VecDeque;

use hb_base::{CallId, Instant, Notice, Severity};

use crate::machine::{KILL_AFTER, Output, Signal};
use crate::notices;
use crate::resource::Operation;

/// One resource's operations: at most one runs, the others wait in order.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    pub(crate) running: Option<Job>,
    pub(crate) queue: VecDeque<Waiting>,
}

/// An operation that waits for its turn.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) call: CallId,
    pub(crate) operation: Operation,
    pub(crate) since: Instant,
}

/// An operation under way.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) call: CallId,
    pub(crate) operation: Operation,
    pub(crate) since: Instant,
    pub(crate) started: Instant,
    pub(crate) stage: Stage,
    /// When something has to be done about it: its time is over, or a signal did not help.
    pub(crate) next: Option<Instant>,
}

/// How far the ending of an operation that takes too long has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    Running,
    /// It was cancelled and got TERM.
    Cancelled,
    Termed,
    Killed,
    /// Nothing more can be done but wait.
    Stuck,
}

impl Job {
    /// The next rung of the ladder: TERM, KILL, complaint.
    pub(crate) fn escalate(&mut self, now: Instant, id: &str, out: &mut VecDeque<Output>) {
        let action = self.operation.action.word();
        let (stage, signal, severity, code) = match self.stage {
            Stage::Running => {
                (Stage::Termed, Some(Signal::Term), Severity::Error, notices::OPERATION_TIMED_OUT)
            }
            Stage::Termed | Stage::Cancelled => {
                (Stage::Killed, Some(Signal::Kill), Severity::Error, notices::OPERATION_KILLED)
            }
            Stage::Killed | Stage::Stuck => {
                (Stage::Stuck, None, Severity::Critical, notices::OPERATION_UNKILLABLE)
            }
        };
        let mut notice = Notice::new(severity, code, id).with("action", action);
        if stage == Stage::Termed {
            notice = notice.with("limit", now.since(self.started));
        }
        self.stage = stage;
        self.next = (stage != Stage::Stuck).then(|| now + KILL_AFTER);
        out.push_back(Output::Notice(notice));
        if let Some(signal) = signal {
            out.push_back(Output::Signal { call: self.call, signal });
        }
    }
}
