//! Notices on their way out: to the logging role, and kept for `status`.

use super::worker::Worker;
use crate::picture::rfc3339;
use hb_base::{Notice, Severity};
use hb_logd::{Line, render};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Notices kept for `status`, those worth a warning or more.
const KEPT_MAX: usize = 32;

/// How the master names itself in the log.
const PROCESS: &str = "heartbeat";

/// The way out.
#[derive(Default)]
pub(crate) struct Journal {
    kept: VecDeque<Value>,
    /// Lines that the logging role could not take.
    lost: u64,
}

impl Journal {
    /// Sends a notice to the log and keeps it when it matters.
    pub(crate) fn notice(&mut self, notice: &Notice, logd: &Worker) {
        let text = render(notice);
        hb_logd::recorder::notice(hb_runtime::clock::monotonic().as_nanos(), &text);
        if notice.severity >= Severity::Warning {
            if self.kept.len() == KEPT_MAX {
                self.kept.pop_front();
            }
            let at = rfc3339(hb_runtime::clock::wall().unix_millis());
            let severity = notice.severity.word();
            self.kept.push_back(json!({"at": at, "severity": severity, "code": notice.code, "text": text}));
        }
        self.send(&Line::of_notice(PROCESS, notice), logd);
    }

    /// Sends a line to the log.
    pub(crate) fn line(&mut self, severity: Severity, text: &str, logd: &Worker) {
        self.send(&Line::new(severity, PROCESS, text), logd);
    }

    /// Never waits: a line that does not fit is counted, and told of later.
    fn send(&mut self, line: &Line, logd: &Worker) {
        if self.lost > 0 {
            let lost = format!("{} log lines lost: the logging role was busy [log_lines_lost]", self.lost);
            if !send(&Line::new(Severity::Warning, PROCESS, &lost), logd) {
                self.lost += 1;
                return;
            }
            self.lost = 0;
        }
        if !send(line, logd) {
            self.lost += 1;
        }
    }

    pub(crate) fn kept(&self) -> &VecDeque<Value> {
        &self.kept
    }
}

fn send(line: &Line, logd: &Worker) -> bool {
    logd.pair().is_some_and(|pair| matches!(pair.send(&line.encode()), Ok(hb_ipc::Sent::Yes)))
}
