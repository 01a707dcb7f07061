//! The configuration changed.

use hb_base::Severity;

use crate::{AutoFailback, Classic, notices};

impl Classic {
    pub(crate) fn on_auto_failback(&mut self, failback: AutoFailback) {
        let before = self.options.auto_failback;
        if failback == before || !before.negotiates() || !failback.negotiates() {
            return;
        }
        self.options.auto_failback = failback;
        let notice = self
            .about_us(Severity::Info, notices::AUTO_FAILBACK)
            .with("from", before.word())
            .with("to", failback.word());
        self.notice(notice);
    }
}
