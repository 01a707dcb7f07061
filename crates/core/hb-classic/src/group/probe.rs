//! What runs at the start although nobody started it: left over from before a crash, or started by hand.

use hb_base::Instant;
use hb_lrm::Outcome;

use super::{Event, GroupRun, ResourceState, Step};
use crate::Reason;

impl GroupRun {
    /// Finds out what runs, from left to right. Anything else that is wished comes first.
    pub(crate) fn probe(&mut self) {
        if self.step == Step::Rest && !self.wanted && !self.resources.is_empty() {
            self.step = Step::Probe(0);
        }
    }

    /// Whether it is only being looked at.
    pub(super) const fn is_probing(&self) -> bool {
        matches!(self.step, Step::Probe(_))
    }

    /// What a status at the start says. One that cannot be understood tells nothing: the start or stop that may follow
    /// finds out by itself.
    pub(super) fn probed(&mut self, now: Instant, index: usize, outcome: &Outcome) -> Event {
        match outcome {
            Outcome::Running | Outcome::Ok => {
                self.put(now, index, ResourceState::Started, Reason::FoundRunning);
            }
            Outcome::NotRunning => self.put(now, index, ResourceState::Stopped, Reason::Succeeded),
            _ => {}
        }
        self.step = if index + 1 < self.resources.len() { Step::Probe(index + 1) } else { Step::Rest };
        if self.wanted || self.stop_wished {
            self.turn();
        }
        if outcome.is_success() { Event::Found(index) } else { Event::Nothing }
    }
}
