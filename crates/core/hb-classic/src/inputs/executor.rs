//! What the executor says.

use alloc::string::String;

use hb_base::{CallId, Severity};
use hb_lrm::Outcome;

use crate::{Classic, Held, Reason, State, notices};

impl Classic {
    pub(crate) fn on_ran(&mut self, call: CallId, outcome: &Outcome) {
        let (now, retries) = (self.now, self.options.stop_retries);
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get_mut(index) else { continue };
            let before = group.state();
            if let Some(event) = group.ran(now, call, outcome, retries) {
                self.tell_group(index, before);
                self.on_group_event(index, &event);
                return;
            }
        }
    }

    pub(crate) fn on_executor_lost(&mut self) {
        self.executor = false;
        for group in &mut self.groups {
            group.executor_lost();
        }
        let notice = self.about_us(Severity::Error, notices::EXECUTOR).with("to", "lost");
        self.notice(notice);
    }

    pub(crate) fn on_executor_back(&mut self, active: &[String]) {
        self.executor = true;
        let notice = self.about_us(Severity::Info, notices::EXECUTOR).with("to", "works");
        self.notice(notice);
        let now = self.now;
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get_mut(index) else { continue };
            let before = group.state();
            group.executor_back(now, active);
            self.tell_group(index, before);
        }
        match self.state {
            State::Init => self.adopt(),
            _ => self.release_strays(),
        }
    }

    /// Our predecessor left resources running: what runs is held, and is told to the peer before anything else.
    fn adopt(&mut self) {
        let running = self.groups.iter().filter(|group| group.may_run());
        let halves = running.fold(Held::NONE, |halves, group| halves.and(group.half()));
        self.set_held(self.held.and(halves), Reason::FoundRunning);
    }
}
