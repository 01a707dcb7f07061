//! News of a resource that nobody asked for.

use alloc::string::String;

use hb_base::{Notice, Severity};

use crate::{Classic, GroupRun, Held, Reason, State, notices};

impl Classic {
    /// Somebody removed it. It is put back; see [`GroupRun::lost`] for when it is not.
    pub(crate) fn on_lost(&mut self, id: &str) {
        let now = self.now;
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get_mut(index) else { continue };
            let before = group.state();
            let Some(event) = group.lost(now, id) else { continue };
            let key = String::from(group.key());
            self.notice(Notice::new(Severity::Error, notices::RESOURCE_LOST, id).with("group", key));
            self.tell_group(index, before);
            self.on_group_event(index, &event);
        }
    }

    /// Somebody else holds it too. Nothing is done about it: two that fight serve nobody.
    pub(crate) fn on_conflict(&mut self, id: &str, with: &str) {
        let now = self.now;
        let news = self.groups.iter_mut().filter_map(|group| group.conflict(now, id, with)).count();
        if news > 0 {
            let notice = Notice::new(Severity::Critical, notices::RESOURCE_CONFLICT, id);
            self.notice(notice.with("with", String::from(with)));
        }
    }

    pub(crate) fn given_up(&mut self, index: usize, resource: usize) {
        let id = self.resource_id(index, resource);
        let with = self.groups.get(index).and_then(|group: &GroupRun| group.resources().get(resource));
        let with = with.and_then(|run| run.conflict.as_ref()).map_or("", |conflict| conflict.with.as_str());
        let notice = Notice::new(Severity::Critical, notices::RESOURCE_GIVEN_UP, id);
        self.notice(notice.with("with", String::from(with)));
    }

    /// It runs and nobody here started it.
    pub(crate) fn found_running(&mut self, index: usize, resource: usize) {
        let id = self.resource_id(index, resource);
        let key = self.groups.get(index).map_or_else(String::new, |group| String::from(group.key()));
        self.notice(Notice::new(Severity::Warning, notices::FOUND_RUNNING, id).with("group", key));
        self.release_strays();
    }

    /// Stops what runs here and is the other's, or nobody's, to run. Until the other says that it holds it, or this
    /// node has settled, it runs on: it may well be ours.
    pub(crate) fn release_strays(&mut self) {
        let theirs = self.peer.as_ref().map_or(Held::NONE, |peer| peer.holds);
        let held = self.held;
        let settled = matches!(self.state, State::Stable | State::Shutdown);
        self.stop_groups(Reason::Stray, |group| {
            let decided = settled || theirs.overlaps(group.half()) && !held.overlaps(group.half());
            decided && !group.is_wanted() && group.may_run()
        });
    }
}
