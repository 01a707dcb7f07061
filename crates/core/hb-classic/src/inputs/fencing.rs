//! What fencing says.

use hb_base::{NodeName, Severity};

use crate::{Classic, FenceResult, Mode, notices};

impl Classic {
    pub(crate) fn on_fenced(&mut self, node: &NodeName, result: &FenceResult) {
        if self.peer.as_ref().is_some_and(|peer| peer.name == *node) {
            self.fencing_ended(result);
        }
    }

    pub(crate) fn on_mode(&mut self, mode: Mode) {
        if self.mode != mode {
            self.mode = mode;
            let severity = match mode {
                Mode::Fenced => Severity::Info,
                Mode::Unprotected => Severity::Warning,
            };
            let notice = self.about_us(severity, notices::MODE).with("to", mode.word());
            self.notice(notice);
        }
    }
}
