//! The executor reports.

use alloc::string::ToString;

use hb_base::{CallId, Notice, Severity};
use hb_lrm::Outcome;

use crate::machine::{Poll, Wait};
use crate::{Stonith, notices};

/// Exit code of the `stonith` program for a node that the device does not control (spec: fencing 1).
const BAD_HOST: i32 = 4;

impl Stonith {
    pub(crate) fn on_executed(&mut self, call: CallId, outcome: &Outcome) {
        let waits = |wait: Wait| matches!(wait, Wait::Answer { call: waited, .. } if waited == call);
        if let Some(index) = self.requests.iter().position(|request| waits(request.wait)) {
            if *outcome == Outcome::Ok || self.believes(outcome) {
                self.confirm(index);
            } else {
                let bad_host = matches!(outcome, Outcome::Failed { rc: Some(BAD_HOST), .. });
                self.fail(index, bad_host, outcome.to_string());
            }
        } else if matches!(self.poll, Poll::Answer { call: waited, .. } if waited == call) {
            self.poll = Poll::Next { at: self.now + self.options.poll_interval };
            self.set_health((!outcome.is_success()).then(|| outcome.to_string()));
        } else {
            self.stale(outcome);
        }
    }

    /// Whether a failure is taken for a success: only by a planted defect.
    fn believes(&self, outcome: &Outcome) -> bool {
        #[cfg(feature = "planted-bugs")]
        if self.options.bug == Some(crate::Bug::ConfirmOnTimeout) {
            return *outcome == Outcome::TimedOut;
        }
        let _ = outcome;
        false
    }

    /// Cancelled, late, or unknown: it proves nothing about any request.
    fn stale(&mut self, outcome: &Outcome) {
        let notice = Notice::new(Severity::Info, notices::STALE_RESULT, self.options.own.as_str())
            .with("outcome", outcome.word());
        self.notice(notice);
        #[cfg(feature = "planted-bugs")]
        if self.options.bug == Some(crate::Bug::StaleResultCounts)
            && *outcome == Outcome::Ok
            && !self.requests.is_empty()
        {
            self.confirm(0);
        }
    }

    /// What ran will never be answered: that is a failure of each.
    pub(crate) fn on_executor_lost(&mut self) {
        for index in 0..self.requests.len() {
            let running = self.requests.get(index).map(|request| request.wait);
            if matches!(running, Some(Wait::Answer { .. })) {
                self.fail(index, false, "the executor was lost".to_string());
            }
        }
        if matches!(self.poll, Poll::Answer { .. }) {
            self.poll = Poll::Next { at: self.now + self.options.retry_delay };
        }
    }
}
