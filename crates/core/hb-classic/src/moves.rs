//! Moves that a settled node begins by itself: failback, the hand-over of what could not be started here, and
//! what nobody holds; and the wish of an administrator that the peer gives.

use hb_base::{ClientId, Severity};

use crate::timers::{GRANT_LIMIT, MOVE_RETRY_DELAY, Timer};
use crate::{AutoFailback, Classic, Done, Held, Output, Reason, Refusal, State, messages, notices};

/// How often a hand-over after a failed start is asked for before it is given up.
pub const HANDOVER_ATTEMPTS: u8 = 3;

/// Halves with a group that could not be started here. A half is handed over for that once in a row: not again
/// before all of its groups started here once, or the peer died, left or restarted; and not to where it came from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Handover {
    due: Held,
    spent: Held,
    attempts: u8,
}

impl Handover {
    pub(crate) fn failed(&mut self, half: Held) {
        if !self.spent.overlaps(half) {
            self.due = self.due.and(half);
            self.attempts = 0;
        }
    }

    pub(crate) fn succeeded(&mut self, half: Held) {
        self.due = self.due.without(half);
        self.spent = self.spent.without(half);
    }

    /// The halves came from the peer; `keep` when the peer could not start them. Otherwise it ran them, and may have
    /// them back.
    pub(crate) fn received(&mut self, halves: Held, keep: bool) {
        self.due = self.due.without(halves);
        self.spent = if keep { self.spent.and(halves) } else { self.spent.without(halves) };
    }

    pub(crate) fn completed(&mut self, halves: Held) {
        self.due = self.due.without(halves);
        self.spent = self.spent.and(halves);
    }

    /// The peer did not grant it, or we could not release it.
    pub(crate) fn refused(&mut self, halves: Held) {
        self.attempts = self.attempts.saturating_add(1);
        if self.attempts >= HANDOVER_ATTEMPTS {
            self.due = self.due.without(halves);
        }
    }

    /// The peer begins a new life: it may be tried again.
    pub(crate) fn forgive(&mut self) {
        self.spent = Held::NONE;
        self.attempts = 0;
    }
}

/// An administrator wants what the peer holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) client: ClientId,
    pub(crate) what: Held,
}

impl Classic {
    pub(crate) fn retry_move_later(&mut self) {
        self.timers.arm(Timer::Move, self.now + MOVE_RETRY_DELAY);
    }

    /// Begins what is due. Nothing is, while anything is under way.
    pub(crate) fn consider_moves(&mut self) {
        let Some(peer) = &self.peer else { return };
        let ready = self.state == State::Stable
            && self.negotiates()
            && peer.is_alive()
            && peer.stable
            && self.leaving.is_none()
            && self.fencing.is_none()
            && !self.timers.is_armed(Timer::Restart)
            && !self.holdings_overlap()
            && self.is_settled();
        if !ready {
            return;
        }
        let orphan = peer.fresh && !peer.may_hold.overlaps(Held::LOCAL) && !self.held.contains(Held::LOCAL);
        if orphan {
            self.acquire_orphan();
            return;
        }
        if self.timers.is_armed(Timer::Move) {
            return;
        }
        let failback = self.options.auto_failback == AutoFailback::On && self.failback_due;
        let due = self.handover.due.common(self.held);
        let (which, reason) = if failback && self.held.contains(Held::FOREIGN) {
            (Held::FOREIGN, Reason::Failback)
        } else if let Some(half) = due.halves().next() {
            (half, Reason::StartFailed)
        } else {
            return;
        };
        if self.begin_standby(which, reason, None, false).is_err() {
            self.retry_move_later();
        }
    }

    /// Asks the peer to give us `what`, in our view.
    pub(crate) fn begin_takeover(&mut self, client: ClientId, what: Held) {
        if self.held.contains(what) && self.state == State::Stable {
            self.put(Output::Reply { client, result: Ok(Done::AlreadySo) });
            return;
        }
        let refusal = match &self.peer {
            None => Some(Refusal::NoPeer),
            Some(_) if !self.negotiates() => Some(Refusal::Legacy),
            Some(_) if self.leaving.is_some() => Some(Refusal::ShuttingDown),
            Some(_) if self.standby.is_some() || self.wish.is_some() => Some(Refusal::StandbyRunning),
            Some(peer) if !peer.is_alive() => Some(Refusal::PeerDead),
            Some(_) if self.state != State::Stable => Some(Refusal::InFlux),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            self.put(Output::Reply { client, result: Err(refusal) });
            return;
        }
        self.wish = Some(Wish { client, what });
        self.timers.arm(Timer::Wish, self.now + GRANT_LIMIT);
        self.put(Output::Send(messages::takeover(what.word())));
    }

    /// A standby in our favour ended, or nothing came of our request.
    pub(crate) fn wish_ended(&mut self, result: Result<Done, Refusal>) {
        let Some(wish) = self.wish.take() else { return };
        self.timers.disarm(Timer::Wish);
        let result = if self.held.contains(wish.what) { Ok(Done::Acquired) } else { result };
        self.put(Output::Reply { client: wish.client, result });
    }

    /// The request timer ran out: unless the peer's standby is under way by now, nothing will come of it.
    pub(crate) fn wish_timed_out(&mut self) {
        if self.standby.is_none() {
            self.wish_ended(Err(Refusal::TimedOut));
        }
    }

    /// The peer wants what we hold: we go standby. Its local is our foreign.
    ///
    /// DEVIATION: the original's script knows no `failback` and gives everything; ours gives back what prefers
    /// the asking node.
    pub(crate) fn peer_takes(&mut self, word: &str) {
        let which = match crate::Which::from_word(word) {
            Some(crate::Which::All) => Held::ALL,
            Some(crate::Which::Local | crate::Which::Failback) => Held::FOREIGN,
            Some(crate::Which::Foreign) => Held::LOCAL,
            None => {
                let notice =
                    self.about_peer(Severity::Warning, notices::REFUSED).with("reason", "unknown_word");
                self.notice(notice);
                return;
            }
        };
        if let Err(refusal) = self.begin_standby(which, Reason::PeerAsked, None, false) {
            self.tell_refusal(which, refusal);
        }
    }
}
