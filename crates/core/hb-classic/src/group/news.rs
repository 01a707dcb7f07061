//! What happens to a resource that runs although nobody here did anything to it.

use alloc::string::ToString;
use core::time::Duration;

use hb_base::Instant;

use super::{Conflict, Event, GroupRun, ResourceState, Step};
use crate::Reason;

/// A resource that somebody removes more often than this within [`LOSS_WINDOW`] cannot be kept here: that counts as
/// a failed start.
pub const LOSSES_MAX: u32 = 5;
/// How long a removal is remembered after the last one.
pub const LOSS_WINDOW: Duration = Duration::from_secs(60);

impl GroupRun {
    /// Somebody removed the resource `id`; `None` when it did not run here anyway.
    ///
    /// It is put back, and what was started after it goes on running, as it does when a cable was out. It is not put
    /// back when another machine claims it, because whoever removed it may have decided that dispute, nor when it is
    /// removed again and again: then the group is given up.
    pub(crate) fn lost(&mut self, now: Instant, id: &str) -> Option<Event> {
        let ran = |run: &super::ResourceRun| run.resource.id == id && run.state == ResourceState::Started;
        let index = self.resources.iter().position(ran)?;
        self.put(now, index, ResourceState::Stopped, Reason::Lost);
        if !self.wanted || self.failed {
            return Some(Event::Nothing);
        }
        let run = self.resources.get_mut(index)?;
        let (losses, last) = run.losses;
        let losses = if now.since(last) > LOSS_WINDOW { 1 } else { losses + 1 };
        run.losses = (losses, now);
        let event = if run.conflict.is_some() {
            run.failure = Some("it was removed while another machine claims it".to_string());
            Event::GivenUp(index)
        } else if losses > LOSSES_MAX {
            run.failure = Some("somebody removes it again and again".to_string());
            Event::StartFailed(index)
        } else {
            if self.step == Step::Rest {
                self.turn();
            }
            return Some(Event::Nothing);
        };
        self.failed = true;
        self.turn();
        Some(event)
    }

    /// Another machine claims the resource `id`; `None` when that is known already, or it does not run here.
    pub(crate) fn conflict(&mut self, now: Instant, id: &str, with: &str) -> Option<()> {
        let ran =
            |run: &&mut super::ResourceRun| run.resource.id == id && run.state == ResourceState::Started;
        let run = self.resources.iter_mut().find(ran)?;
        if run.conflict.as_ref().is_some_and(|known| known.with == with) {
            return None;
        }
        let since = run.conflict.take().map_or(now, |known| known.since);
        run.conflict = Some(Conflict { with: with.to_string(), since });
        Some(())
    }
}
