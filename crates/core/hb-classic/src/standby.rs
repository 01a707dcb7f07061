//! A standby in three steps (spec: haresources 7, cluster-protocol 8.4): the giver asks (`me`), the taker grants
//! (`other`), the giver stops what it gives and says `done`, the taker starts it and says `done` too.
//!
//! One message lies between the last stop and the first start, and no timer.

use hb_base::{ClientId, Instant, Severity};

use crate::messages::{self, Info, Stamp, Step};
use crate::timers::{GRANT_LIMIT, STANDBY_LIMIT, Timer};
use crate::{Classic, Done, Held, Output, Phase, Reason, Refusal, State, notices};

/// A standby under way.
#[derive(Clone, Debug)]
pub(crate) struct Standby {
    pub(crate) phase: Phase,
    /// The word on the wire: what moves, in the giver's view.
    which: Held,
    /// The same in our view.
    pub(crate) what: Held,
    pub(crate) reason: Reason,
    pub(crate) since: Instant,
    /// Who gets an answer.
    client: Option<ClientId>,
    /// What we held of it when we began to release.
    releasing: Held,
    /// The first of two passes: groups of it that we do not hold are stopped while those we hold still run.
    unheld_first: bool,
    /// The peer's message that this phase answers; its next one is newer.
    stamp: Option<Stamp>,
    /// The peer gives because it could not start something: it must not be given back.
    pub(crate) after_failure: bool,
}

impl Standby {
    pub(crate) fn gives(&self) -> bool {
        matches!(self.phase, Phase::Asked | Phase::Releasing | Phase::Released)
    }

    /// Whether the peer has said nothing about it after its message `stamp`.
    pub(crate) fn began_before(&self, stamp: Option<Stamp>) -> bool {
        self.stamp.is_none() || self.stamp <= stamp
    }
}

impl Classic {
    /// Why we cannot give `which` now, if so.
    pub(crate) fn standby_refusal(&self, which: Held) -> Option<Refusal> {
        let Some(peer) = &self.peer else { return Some(Refusal::NoPeer) };
        if !self.negotiates() {
            return Some(Refusal::Legacy);
        }
        if self.leaving.is_some() {
            return Some(Refusal::ShuttingDown);
        }
        if self.standby.is_some() {
            return Some(Refusal::StandbyRunning);
        }
        if !peer.is_alive() {
            return Some(Refusal::PeerDead);
        }
        if self.blocked_halves().overlaps(which) {
            return Some(Refusal::Blocked);
        }
        if !self.is_settled()
            || self.holdings_overlap()
            || self.fencing.is_some()
            || self.timers.is_armed(Timer::Restart)
        {
            return Some(Refusal::InFlux);
        }
        (!peer.stable).then_some(Refusal::PeerInFlux)
    }

    /// Begins to give `which` to the peer. `said`: somebody wrote the request to the FIFO, it is out already.
    pub(crate) fn begin_standby(
        &mut self,
        which: Held,
        reason: Reason,
        client: Option<ClientId>,
        said: bool,
    ) -> Result<(), Refusal> {
        if let Some(refusal) = self.standby_refusal(which) {
            return Err(refusal);
        }
        if !said {
            let mut message = messages::ask(which, Step::Me);
            if reason == Reason::StartFailed && self.both_native() {
                message.set("hbwhy", "start_failed");
            }
            self.own_asks = self.own_asks.saturating_add(1);
            self.put(Output::Send(message));
        }
        self.enter_standby(Phase::Asked, which, which, reason);
        if let Some(standby) = &mut self.standby {
            standby.client = client;
        }
        self.timers.arm(Timer::Standby, self.now + GRANT_LIMIT);
        Ok(())
    }

    fn enter_standby(&mut self, phase: Phase, which: Held, what: Held, reason: Reason) {
        if let Some(peer) = &mut self.peer {
            peer.fresh = false;
        }
        self.standby = Some(Standby {
            phase,
            which,
            what,
            reason,
            since: self.now,
            client: None,
            releasing: Held::NONE,
            unheld_first: true,
            stamp: None,
            after_failure: false,
        });
        self.tell_standby();
    }

    fn enter_phase(&mut self, phase: Phase) {
        if let Some(standby) = &mut self.standby {
            standby.phase = phase;
        }
        self.timers.arm(Timer::Standby, self.now + STANDBY_LIMIT);
        self.tell_standby();
    }

    fn tell_standby(&mut self) {
        let Some(standby) = &self.standby else { return };
        let notice = self
            .about_us(Severity::Info, notices::STANDBY)
            .with("phase", standby.phase.word())
            .with("which", standby.what.word())
            .with("reason", standby.reason.word());
        self.notice(notice);
    }

    /// Our own request came back, or a script wrote one to the FIFO.
    pub(crate) fn own_ask(&mut self, which: Held) {
        if self.own_asks > 0 {
            self.own_asks -= 1;
            return;
        }
        if let Err(refusal) = self.begin_standby(which, Reason::Command, None, true) {
            self.tell_refusal(which, refusal);
        }
    }

    pub(crate) fn tell_refusal(&mut self, which: Held, refusal: Refusal) {
        let notice = self
            .about_us(Severity::Warning, notices::REFUSED)
            .with("which", which.word())
            .with("reason", refusal.word());
        self.notice(notice);
    }

    /// The peer said one of the three steps.
    pub(crate) fn peer_asks(&mut self, which: Held, step: Step, after_failure: bool, stamp: Option<Stamp>) {
        match step {
            Step::Me => self.peer_gives(which, after_failure, stamp),
            Step::Other => self.peer_grants(which, stamp),
            Step::Done => self.peer_done(which, stamp),
        }
    }

    /// `me`: the peer wants to give.
    fn peer_gives(&mut self, which: Held, after_failure: bool, stamp: Option<Stamp>) {
        if self.standby.as_ref().is_some_and(|standby| standby.phase == Phase::Asked) {
            self.end_standby(Err(Refusal::Crossed));
            return;
        }
        let repeated = self.standby.as_ref().is_some_and(|standby| standby.phase == Phase::Granted);
        let blocked = (self.standby.is_some() && !repeated)
            || self.state != State::Stable
            || self.heal.is_some()
            || self.leaving.is_some()
            || !self.negotiates();
        if blocked {
            let refusal = match self.leaving {
                Some(_) => Refusal::ShuttingDown,
                None if self.standby.is_some() => Refusal::StandbyRunning,
                None => Refusal::InFlux,
            };
            self.tell_refusal(which.swapped(), refusal);
            return;
        }
        self.enter_standby(Phase::Granted, which, which.swapped(), Reason::PeerAsked);
        // An original does not say why it gives: it may be a failure, so it does not get it back by itself.
        let keep = after_failure || !self.both_native();
        if let Some(standby) = &mut self.standby {
            standby.stamp = stamp;
            standby.after_failure = keep;
        }
        self.timers.arm(Timer::Standby, self.now + STANDBY_LIMIT);
        self.put(Output::Send(messages::ask(which, Step::Other)));
        #[cfg(feature = "planted-bugs")]
        if self.options.bug == Some(crate::Bug::StartBeforePeerStopped) {
            self.start_halves(which.swapped(), Reason::PeerAsked);
        }
    }

    /// `other`: the peer grants what we asked for.
    fn peer_grants(&mut self, which: Held, stamp: Option<Stamp>) {
        let Some(standby) = &mut self.standby else { return };
        if standby.phase != Phase::Asked || standby.which != which {
            return;
        }
        standby.stamp = stamp;
        standby.releasing = self.held.common(standby.what);
        let (what, reason, rest) = (standby.what, standby.reason, self.held.without(standby.what));
        self.enter_phase(Phase::Releasing);
        self.set_held(rest, reason);
        self.announce(Info::Standby);
        self.stop_unheld(what, reason);
    }

    /// `done`: the peer has released what we were granted, or has started what it got.
    fn peer_done(&mut self, which: Held, stamp: Option<Stamp>) {
        let Some(standby) = &self.standby else { return };
        let newer = stamp.is_none() || standby.stamp.is_none() || stamp > standby.stamp;
        if standby.which != which || !newer {
            return;
        }
        let (what, reason) = (standby.what, standby.reason);
        match standby.phase {
            Phase::Granted => {
                let keep = standby.after_failure;
                if let Some(peer) = &mut self.peer {
                    peer.known_as_of(stamp);
                    peer.holds = peer.holds.without(what);
                    peer.may_hold = peer.may_hold.without(what);
                }
                self.handover.received(what, keep);
                self.set_held(self.held.and(what), Reason::HandedOver);
                self.start_halves(what, Reason::HandedOver);
                self.enter_phase(Phase::Acquiring);
            }
            Phase::Released => {
                if let Some(peer) = &mut self.peer {
                    peer.known_as_of(stamp);
                    peer.holds = peer.holds.and(what);
                    peer.may_hold = peer.may_hold.and(what);
                    peer.stable = true;
                }
                self.handed_over(what, reason);
            }
            Phase::Asked | Phase::Releasing | Phase::Acquiring => {}
        }
    }

    fn handed_over(&mut self, what: Held, reason: Reason) {
        if reason == Reason::StartFailed {
            self.handover.completed(what);
        }
        self.failback_due = false;
        self.end_standby(Ok(Done::HandedOver));
        self.announce(Info::None);
    }

    /// The taker announces what it got. Its `done` may still be on the way, or the taker knows of no dialogue and
    /// holds it anyway: it is over either way.
    pub(crate) fn check_released(&mut self, stamp: Option<Stamp>) {
        let Some(standby) = &self.standby else { return };
        let (what, reason, newer) = (standby.what, standby.reason, stamp > standby.stamp);
        let got = self.peer.as_ref().is_some_and(|peer| peer.stable && peer.holds.contains(what));
        if standby.phase == Phase::Released && newer && got {
            self.handed_over(what, reason);
        }
    }

    /// Goes on when the groups have come to rest.
    pub(crate) fn advance_standby(&mut self) {
        let Some(standby) = &self.standby else { return };
        let (what, which) = (standby.what, standby.which);
        match standby.phase {
            Phase::Releasing if self.blocked_halves().overlaps(what) => self.abort_release(),
            Phase::Releasing if !self.half_is_moving(what) => self.go_on_releasing(what, which),
            Phase::Acquiring if !self.half_is_moving(what) => {
                self.put(Output::Send(messages::ask(which, Step::Done)));
                self.failback_due = false;
                self.end_standby(Ok(Done::Acquired));
                self.announce(Info::None);
            }
            _ => {}
        }
    }

    fn go_on_releasing(&mut self, what: Held, which: Held) {
        let Some(standby) = &mut self.standby else { return };
        let (reason, releasing) = (standby.reason, standby.releasing);
        if core::mem::take(&mut standby.unheld_first) {
            self.stop_halves(releasing, reason);
            if self.half_is_moving(what) {
                return;
            }
        }
        if let Some(peer) = &mut self.peer {
            peer.may_hold = peer.may_hold.and(what);
        }
        self.put(Output::Send(messages::ask(which, Step::Done)));
        self.enter_phase(Phase::Released);
    }

    /// A resource will not stop: nothing was given away, so everything stays.
    fn abort_release(&mut self) {
        self.take_back(Reason::StopFailed);
        self.end_standby(Err(Refusal::Blocked));
        self.announce(Info::None);
    }

    /// What we were releasing is ours again.
    fn take_back(&mut self, reason: Reason) {
        let Some(standby) = &self.standby else { return };
        if standby.phase != Phase::Releasing {
            return;
        }
        let releasing = standby.releasing;
        self.set_held(self.held.and(releasing), reason);
        self.start_halves(releasing, reason);
    }

    /// The peer is gone, or not the one that we talked to: what is not handed over stays here.
    pub(crate) fn abandon_standby(&mut self, reason: Reason) {
        if self.standby.is_none() {
            return;
        }
        self.take_back(reason);
        self.end_standby(Err(Refusal::PeerLost));
    }

    /// A taker hears that the giver is stable and, after it asked, still holds what it was to give.
    pub(crate) fn check_granted(&mut self, stamp: Option<Stamp>) {
        let Some(standby) = &self.standby else { return };
        if stamp.is_some() && stamp <= standby.stamp {
            return;
        }
        let still = self.peer.as_ref().is_some_and(|peer| peer.stable && peer.holds.overlaps(standby.what));
        if standby.phase == Phase::Granted && still && self.both_native() {
            self.end_standby(Err(Refusal::PeerAborted));
        }
    }

    pub(crate) fn standby_timed_out(&mut self) {
        self.take_back(Reason::TimedOut);
        self.end_standby(Err(Refusal::TimedOut));
        if let Some(peer) = &mut self.peer {
            peer.stable = true;
        }
        self.announce(Info::None);
    }

    /// The dialogue is over, with this answer for whoever wished it.
    pub(crate) fn end_standby(&mut self, result: Result<Done, Refusal>) {
        let Some(standby) = self.standby.take() else { return };
        self.timers.disarm(Timer::Standby);
        if let Err(refusal) = result {
            let notice = self
                .about_us(Severity::Warning, notices::STANDBY_FAILED)
                .with("phase", standby.phase.word())
                .with("which", standby.what.word())
                .with("reason", refusal.word());
            self.notice(notice);
            self.retry_move_later();
            if standby.gives() && standby.reason == Reason::StartFailed {
                self.handover.refused(standby.what);
            }
        }
        if let Some(client) = standby.client {
            self.put(Output::Reply { client, result });
        }
        if !standby.gives() {
            self.wish_ended(result);
        }
    }
}
