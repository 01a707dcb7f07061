//! The peer died or left: fencing first where it is needed, then everything is ours (spec: haresources 6,
//! cluster-protocol 8.3).

use hb_base::{Instant, Severity};

use crate::messages::{self, Info};
use crate::timers::Timer;
use crate::{Classic, FenceResult, FencingView, Held, Output, Presence, Reason, State, notices};

/// Why the peer is being fenced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// It died, and may hold something.
    Death,
    /// It lives and asked for it: a resource there will not stop.
    Request,
}

/// Fencing that we wait for.
#[derive(Clone, Debug)]
pub(crate) struct Fencing {
    pub(crate) purpose: Purpose,
    since: Instant,
    failures: u64,
}

impl Fencing {
    pub(crate) fn view(&self) -> FencingView {
        FencingView { since: self.since, failures: self.failures }
    }
}

/// A takeover whose groups are being started.
#[derive(Clone, Debug)]
pub(crate) struct Takeover {
    reason: Reason,
}

impl Classic {
    /// The peer is dead and communication is up.
    pub(crate) fn peer_died(&mut self) {
        self.abandon_standby(Reason::PeerDied);
        self.abandon_heal(Reason::PeerDied);
        if self.kept.is_none() {
            self.kept = Some(self.held);
        }
        let Some(peer) = &mut self.peer else { return };
        let harmless = peer.is_harmless();
        peer.heard = false;
        if self.leaving.is_some() {
            return;
        }
        let notice = self
            .about_peer(Severity::Warning, notices::PEER_DEAD)
            .with("fencing", if harmless { "unneeded" } else { "needed" });
        self.notice(notice);
        if harmless {
            self.tell_fencing("unneeded");
            self.take_over(Reason::FencingUnneeded);
        } else {
            self.fence(Purpose::Death);
            #[cfg(feature = "planted-bugs")]
            if self.options.bug == Some(crate::Bug::TakeoverBeforeConfirm) {
                self.take_over(Reason::FencingConfirmed);
            }
        }
    }

    pub(crate) fn fence(&mut self, purpose: Purpose) {
        let Some(node) = self.peer.as_ref().map(|peer| peer.name.clone()) else { return };
        match &mut self.fencing {
            Some(fencing) => fencing.purpose = purpose,
            None => {
                self.fencing = Some(Fencing { purpose, since: self.now, failures: 0 });
                self.put(Output::Fence { node });
            }
        }
    }

    /// We do not want the peer down any more.
    pub(crate) fn cancel_fencing(&mut self) {
        let node = self.peer.as_ref().map(|peer| peer.name.clone());
        if let (Some(_), Some(node)) = (self.fencing.take(), node) {
            self.put(Output::CancelFence { node });
        }
    }

    pub(crate) fn fencing_ended(&mut self, result: &FenceResult) {
        let Some(purpose) = self.fencing.as_ref().map(|fencing| fencing.purpose) else { return };
        match result {
            FenceResult::Confirmed => {
                self.fencing = None;
                let notice = self.about_peer(Severity::Info, notices::FENCED);
                self.notice(notice);
                self.tell_fencing("OK");
                if let Some(peer) = &mut self.peer {
                    peer.presence = Presence::Dead;
                    peer.heard = false;
                }
                self.abandon_standby(Reason::PeerDied);
                self.abandon_heal(Reason::PeerDied);
                self.take_over(Reason::FencingConfirmed);
            }
            FenceResult::Unneeded => {
                self.fencing = None;
                self.tell_fencing("unneeded");
                if purpose == Purpose::Death {
                    self.take_over(Reason::FencingUnneeded);
                }
            }
            FenceResult::NoDevice => {
                self.fencing = None;
                if purpose == Purpose::Request {
                    return;
                }
                let notice = self.about_us(Severity::Warning, notices::UNPROTECTED);
                self.notice(notice);
                self.tell_fencing("n_stnth");
                self.take_over(Reason::Unprotected);
            }
            FenceResult::Failed { attempt, bad_host, reason } => {
                if let Some(fencing) = &mut self.fencing {
                    fencing.failures = *attempt;
                }
                self.tell_fencing(if *bad_host { "badhost" } else { "bad" });
                let severity = if attempt.is_power_of_two() { Severity::Critical } else { Severity::Warning };
                let notice = self
                    .about_peer(severity, notices::FENCE_FAILED)
                    .with("attempt", *attempt)
                    .with("failure", reason.clone());
                self.notice(notice);
            }
        }
    }

    fn tell_fencing(&mut self, result: &str) {
        if let Some(peer) = &self.peer {
            let message = messages::stonith(&peer.name, result);
            self.put(Output::Send(message));
        }
    }

    /// Everything is ours now.
    fn take_over(&mut self, reason: Reason) {
        if let Some(peer) = &mut self.peer {
            peer.holds_nothing();
            peer.stable = true;
        }
        if self.leaving.is_some() {
            return;
        }
        self.settle_start(reason);
        self.acquire_all(reason);
        self.announce(Info::OurResources);
    }

    /// The peer released everything and leaves: no dead time, no fencing (spec: cluster-protocol 8.1).
    pub(crate) fn peer_left(&mut self) {
        self.abandon_standby(Reason::PeerLeft);
        self.cancel_fencing();
        self.abandon_heal(Reason::PeerLeft);
        if let Some(peer) = &mut self.peer {
            peer.holds_nothing();
            // DEVIATION: the original calls it stable; then a failback could begin towards a node that leaves.
            peer.stable = false;
            peer.starting = false;
        }
        if self.leaving.is_some() || self.state == State::Init {
            return;
        }
        let missing = Held::ALL.without(self.held);
        self.settle_start(Reason::PeerLeft);
        if !missing.is_none() && self.negotiates() {
            self.put(Output::Send(messages::ask(missing, messages::Step::Done)));
        }
        self.acquire_all(Reason::PeerLeft);
        if !missing.is_none() {
            self.announce(Info::None);
        }
        self.announce(Info::OurResources);
    }

    /// A takeover ends our start, whatever it was waiting for.
    fn settle_start(&mut self, reason: Reason) {
        self.timers.disarm(Timer::TieBreak);
        self.timers.disarm(Timer::AskAgain);
        self.legacy.forget_requests();
        if self.state < State::Stable {
            self.initial = Some(reason);
        }
        self.set_state(State::Stable, reason);
    }

    fn acquire_all(&mut self, reason: Reason) {
        let notice = self
            .about_peer(Severity::Warning, notices::TAKEOVER)
            .with("reason", reason.word())
            .with("mode", self.mode.word());
        self.notice(notice);
        self.set_held(Held::ALL, reason);
        self.failback_due = true;
        self.handover.forgive();
        self.takeover = Some(Takeover { reason });
        self.start_halves(Held::ALL, reason);
    }

    /// Says that a takeover is complete, as the original's `mach_down` does, and that a start is.
    pub(crate) fn advance_takeover(&mut self) {
        if self.state != State::Stable || self.is_moving() {
            return;
        }
        if let Some(takeover) = self.takeover.take() {
            if self.negotiates() && self.held.contains(Held::FOREIGN) {
                self.put(Output::Send(messages::mach_down()));
            }
            let notice = self
                .about_peer(Severity::Info, notices::TAKEOVER_COMPLETE)
                .with("reason", takeover.reason.word());
            self.notice(notice);
        }
        if let Some(reason) = self.initial.take() {
            let notice = self
                .about_us(Severity::Info, notices::INITIAL_COMPLETE)
                .with("reason", reason.word())
                .with("held", self.held.word());
            self.notice(notice);
        }
    }

    /// The peer asks to be fenced: a resource there will not stop.
    pub(crate) fn peer_wants_fencing(&mut self) {
        let possible = self.mode == crate::Mode::Fenced && self.both_native() && self.leaving.is_none();
        let notice = self
            .about_peer(Severity::Critical, notices::FENCE_ME)
            .with("by", "us")
            .with("possible", if possible { "yes" } else { "no" });
        self.notice(notice);
        if possible && self.fencing.is_none() && self.state == State::Stable {
            self.fence(Purpose::Request);
        }
    }
    /// The resource there stopped after all.
    pub(crate) fn peer_needs_no_fencing(&mut self) {
        if self.fencing.as_ref().is_some_and(|fencing| fencing.purpose == Purpose::Request) {
            self.cancel_fencing();
        }
    }
}
