//! Somebody wants a node down, or not any more.

use hb_base::{NodeName, Notice, Severity};

use crate::machine::Wait;
use crate::{FenceResult, MAX_REQUESTS, Output, Stonith, notices};

impl Stonith {
    pub(crate) fn on_fence(&mut self, node: &NodeName) {
        let Some(kind) = self.device().map(|device| device.kind.clone()) else {
            self.notice(Notice::new(Severity::Warning, notices::NO_DEVICE, node.as_str()));
            self.put(Output::Fenced { node: node.clone(), result: FenceResult::NoDevice });
            return;
        };
        if self.requests.iter().any(|request| request.node == *node) {
            self.notice(Notice::new(Severity::Info, notices::MERGED, node.as_str()));
            return;
        }
        if self.requests.len() >= MAX_REQUESTS {
            let reason = alloc::string::String::from("too many nodes are being fenced");
            self.notice(Notice::new(Severity::Critical, notices::TOO_MANY, node.as_str()));
            let result = FenceResult::Failed { attempt: 0, bad_host: false, reason };
            self.put(Output::Fenced { node: node.clone(), result });
            return;
        }
        let notice = Notice::new(Severity::Warning, notices::REQUEST, node.as_str()).with("device", kind);
        self.notice(notice);
        self.new_request(node);
    }

    pub(crate) fn on_cancel(&mut self, node: &NodeName) {
        let Some(index) = self.requests.iter().position(|request| request.node == *node) else { return };
        let request = self.requests.remove(index);
        let running = matches!(request.wait, Wait::Answer { .. });
        let notice = Notice::new(Severity::Info, notices::CANCELLED, node.as_str())
            .with("running", if running { "yes" } else { "no" });
        self.notice(notice);
    }
}
