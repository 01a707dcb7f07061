//! What this node holds: how it changes, how it is announced, and what it means for the groups.

use hb_base::{Notice, Severity};

use crate::messages::{self, Info};
use crate::timers::Timer;
use crate::{Classic, Held, Reason, State, StopUnheld, notices};

impl Classic {
    pub(crate) fn set_state(&mut self, to: State, reason: Reason) {
        if self.state == to {
            return;
        }
        let notice = self
            .about_us(Severity::Info, notices::STATE)
            .with("from", self.state.word())
            .with("to", to.word())
            .with("reason", reason.word());
        self.state = to;
        self.notice(notice);
    }

    pub(crate) fn set_held(&mut self, to: Held, reason: Reason) {
        if self.held == to {
            return;
        }
        let notice = self
            .about_us(Severity::Info, notices::HELD)
            .with("from", self.held.word())
            .with("to", to.word())
            .with("reason", reason.word());
        self.held = to;
        self.notice(notice);
        if !to.contains(Held::FOREIGN) {
            self.failback_due = false;
        }
    }

    /// Whether we negotiate with the peer what each of us holds.
    pub(crate) fn negotiates(&self) -> bool {
        self.options.auto_failback.negotiates()
    }

    pub(crate) fn peer_alive(&self) -> bool {
        self.peer.as_ref().is_some_and(crate::Peer::is_alive)
    }

    /// Whether both of us speak our extensions.
    pub(crate) fn both_native(&self) -> bool {
        self.options.native && self.peer.as_ref().is_some_and(|peer| peer.native)
    }

    /// What the peer may still hold, in our view; nothing without a peer.
    pub(crate) fn peer_may_hold(&self) -> Held {
        self.peer.as_ref().map_or(Held::NONE, |peer| peer.may_hold)
    }

    /// Tells everybody what we hold.
    pub(crate) fn announce(&mut self, info: Info) {
        if !self.negotiates() || self.peer.is_none() {
            return;
        }
        let native = self.options.native;
        let stable = self.state == State::Stable && self.standby.is_none();
        let mut message = messages::resource(self.held, stable, info, native);
        if let Some(kept) = self.kept.filter(|_| native && stable) {
            message.set("hbkept", kept.common(self.held).word());
        }
        self.put(crate::Output::Send(message));
    }

    /// Lets the groups of these halves run here.
    pub(crate) fn start_halves(&mut self, halves: Held, reason: Reason) {
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get_mut(index) else { continue };
            if !group.half().is_none() && halves.contains(group.half()) {
                let before = group.state();
                group.start(reason);
                self.tell_group(index, before);
            }
        }
    }

    /// The groups of one key shall run.
    pub(crate) fn start_group(&mut self, key: &str, reason: Reason) {
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get_mut(index).filter(|group| group.key() == key) else { continue };
            if group.half() != Held::NONE {
                let before = group.state();
                group.start(reason);
                self.tell_group(index, before);
            }
        }
    }

    /// Stops the groups of these halves.
    pub(crate) fn stop_halves(&mut self, halves: Held, reason: Reason) {
        self.stop_groups(reason, |group| !group.half().is_none() && halves.contains(group.half()));
    }

    /// Stops groups that nobody should have started here, as the original does when it gives groups away.
    pub(crate) fn stop_unheld(&mut self, halves: Held, reason: Reason) {
        if self.options.stop_unheld == StopUnheld::Run {
            self.stop_groups(reason, |group| !group.is_wanted() && halves.contains(group.half()));
        }
    }

    pub(crate) fn stop_groups(&mut self, reason: Reason, which: impl Fn(&crate::GroupRun) -> bool) {
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get_mut(index).filter(|group| which(group)) else { continue };
            let before = group.state();
            group.stop(reason);
            self.tell_group(index, before);
        }
    }

    /// Whether a group of these halves is on its way to somewhere.
    pub(crate) fn half_is_moving(&self, halves: Held) -> bool {
        self.groups.iter().any(|group| halves.overlaps(group.half()) && group.is_moving())
    }

    /// The halves with a resource that will not stop.
    pub(crate) fn blocked_halves(&self) -> Held {
        let blocked = self.groups.iter().filter(|group| group.is_blocked());
        blocked.fold(Held::NONE, |halves, group| halves.and(group.half()))
    }

    /// The start is over: takes the local half unless the peer may hold it, and says so
    /// (spec: cluster-protocol 8.1, 8.2).
    pub(crate) fn become_stable(&mut self, reason: Reason) {
        self.timers.disarm(Timer::TieBreak);
        self.timers.disarm(Timer::AskAgain);
        let free = !self.peer_may_hold().contains(Held::LOCAL);
        let acquire = free && !self.held.contains(Held::LOCAL);
        if acquire {
            self.set_held(self.held.and(Held::LOCAL), reason);
        }
        self.initial = Some(reason);
        self.set_state(State::Stable, reason);
        let held = self.held;
        self.stop_groups(Reason::Stray, |group| !held.overlaps(group.half()) && group.may_run());
        self.start_halves(held, reason);
        self.announce(Info::None);
        if acquire {
            self.tell_acquisition();
        }
    }

    /// The messages of the original's `req_our_resources`, for those who listen: one per group, then the holding.
    /// DEVIATION: between two of ours only the holding is told.
    pub(crate) fn tell_acquisition(&mut self) {
        if !self.both_native() && self.negotiates() {
            let own = self.options.own.clone();
            let local = self.groups.iter().filter(|group| group.half() == Held::LOCAL);
            let told = local.map(|group| messages::ip_request_response(&own, group.key(), true));
            let told: alloc::vec::Vec<_> = told.map(crate::Output::Send).collect();
            told.into_iter().for_each(|output| self.put(output));
        }
        self.announce(Info::OurResources);
    }

    /// Takes the local half although nobody released it to us just now: nobody holds it.
    pub(crate) fn acquire_orphan(&mut self) {
        let notice = self.about_us(Severity::Warning, notices::NONE_OWN).with("which", Held::LOCAL.word());
        self.notice(notice);
        self.set_held(self.held.and(Held::LOCAL), Reason::Orphaned);
        self.start_halves(Held::LOCAL, Reason::Orphaned);
        self.announce(Info::OurResources);
    }

    /// All resources of a group run: a half that was given away because of a failure may be given away again.
    pub(crate) fn group_started(&mut self, index: usize) {
        let Some(half) = self.groups.get(index).map(crate::GroupRun::half) else { return };
        let mut same = self.groups.iter().filter(|group| group.half() == half);
        if same.all(|group| group.state() == crate::GroupState::Started) {
            self.handover.succeeded(half);
        }
    }

    pub(crate) fn start_failed(&mut self, index: usize, resource: usize) {
        let id = self.resource_id(index, resource);
        let Some(group) = self.groups.get(index) else { return };
        let half = group.half();
        let mut notice = Notice::new(Severity::Critical, notices::START_FAILED, id);
        notice = notice.with("group", alloc::string::String::from(group.key()));
        if let Some(failure) = group.resources().get(resource).and_then(|run| run.failure.clone()) {
            notice = notice.with("failure", failure);
        }
        self.notice(notice);
        self.handover.failed(half);
    }

    pub(crate) fn resource_blocked(&mut self, index: usize, resource: usize) {
        let id = self.resource_id(index, resource);
        let Some(group) = self.groups.get(index) else { return };
        let mut notice = Notice::new(Severity::Critical, notices::RESOURCE_BLOCKED, id)
            .with("group", alloc::string::String::from(group.key()))
            .with("mode", self.mode.word());
        if let Some(failure) = group.resources().get(resource).and_then(|run| run.failure.clone()) {
            notice = notice.with("failure", failure);
        }
        self.notice(notice);
        self.ask_to_be_fenced();
    }

    /// Nothing here can stop that resource. A peer with a device can.
    fn ask_to_be_fenced(&mut self) {
        if self.mode == crate::Mode::Fenced && self.both_native() && self.peer_alive() {
            self.asked_fencing = true;
            self.put(crate::Output::Send(messages::fence_me(false)));
            let notice = self.about_us(Severity::Critical, notices::FENCE_ME).with("by", "peer");
            self.notice(notice);
        }
    }

    /// Everything stopped after all: the peer need not fence us.
    pub(crate) fn advance_blocked(&mut self) {
        if self.asked_fencing && !self.groups.iter().any(crate::GroupRun::is_blocked) {
            self.asked_fencing = false;
            self.put(crate::Output::Send(messages::fence_me(true)));
        }
    }

    /// Tells what became of single resources.
    pub(crate) fn tell_resources(&mut self) {
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get_mut(index) else { continue };
            for (resource, from) in group.take_changes() {
                let Some(run) = self.groups.get(index).and_then(|group| group.resources().get(resource))
                else {
                    continue;
                };
                let notice = Notice::new(Severity::Debug, notices::RESOURCE, run.resource.id.clone())
                    .with("from", from.word())
                    .with("to", run.state.word())
                    .with("reason", run.reason.word());
                self.notice(notice);
            }
        }
    }
}
