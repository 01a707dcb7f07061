//! Leaving: everything is released before we say that it is (spec: haresources 11, cluster-protocol 7.3).

use hb_base::Severity;

use crate::messages::{self, Info};
use crate::timers::{SHUTDOWN_PATIENCE, Timer};
use crate::{Classic, Held, Output, Phase, Reason, State, StopUnheld, notices};

/// On our way out.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    /// Start again afterwards.
    restart: bool,
    /// It was announced, and the groups are being stopped.
    announced: bool,
    /// We told that a resource will not stop.
    told_blocked: bool,
    pub(crate) finished: bool,
}

impl Classic {
    /// Begins to leave, or insists.
    pub(crate) fn leave(&mut self, restart: bool) {
        if let Some(leaving) = &mut self.leaving {
            leaving.restart &= restart;
            leaving.told_blocked = false;
            self.groups.iter_mut().for_each(crate::GroupRun::retry_blocked);
            return;
        }
        self.leaving = Some(Leaving { restart, announced: false, told_blocked: false, finished: false });
        self.timers.disarm(Timer::Restart);
        if self.standby.as_ref().is_some_and(|standby| standby.phase == Phase::Asked) {
            self.end_standby(Err(crate::Refusal::ShuttingDown));
        }
        if self.standby.is_some() {
            self.timers.arm(Timer::Patience, self.now + SHUTDOWN_PATIENCE);
            let notice = self.about_us(Severity::Info, notices::SHUTDOWN_DELAYED);
            self.notice(notice);
        }
    }

    /// Goes on when the standby is over, and when the groups are stopped.
    pub(crate) fn advance_leave(&mut self) {
        let Some(leaving) = &self.leaving else { return };
        if leaving.finished {
            return;
        }
        if !leaving.announced {
            if self.standby.is_some() && self.timers.is_armed(Timer::Patience) {
                return;
            }
            self.begin_release();
        }
        if self.is_moving() {
            return;
        }
        let blocked = self.blocked_halves();
        if self.groups.iter().any(crate::GroupRun::is_blocked) {
            self.leave_is_blocked(blocked);
        } else {
            self.finish_leaving();
        }
    }

    fn begin_release(&mut self) {
        self.timers.disarm(Timer::Patience);
        self.end_standby(Err(crate::Refusal::ShuttingDown));
        self.wish_ended(Err(crate::Refusal::ShuttingDown));
        self.cancel_fencing();
        self.takeover = None;
        self.initial = None;
        self.heal = None;
        self.timers.disarm(Timer::TieBreak);
        self.timers.disarm(Timer::AskAgain);
        let never_began = self.state == State::Init && self.held.is_none();
        if let Some(leaving) = &mut self.leaving {
            leaving.announced = true;
        }
        self.set_state(State::Shutdown, Reason::Shutdown);
        self.set_held(Held::NONE, Reason::Shutdown);
        if never_began {
            return;
        }
        self.announce(Info::Shutdown);
        let all = self.options.stop_unheld == StopUnheld::Run;
        self.stop_groups(Reason::Shutdown, |group| {
            let ours = !group.half().is_none();
            ours && (all || group.is_wanted() || group.may_run())
        });
    }

    /// A resource will not stop. The peer must not take what it belongs to, so we may not go.
    fn leave_is_blocked(&mut self, blocked: Held) {
        let Some(leaving) = &mut self.leaving else { return };
        if core::mem::replace(&mut leaving.told_blocked, true) {
            return;
        }
        self.set_held(blocked, Reason::StopFailed);
        let notice =
            self.about_us(Severity::Critical, notices::SHUTDOWN_BLOCKED).with("held", blocked.word());
        self.notice(notice);
        self.announce(Info::None);
    }

    fn finish_leaving(&mut self) {
        let Some(leaving) = &mut self.leaving else { return };
        leaving.finished = true;
        let restart = leaving.restart;
        self.set_held(Held::NONE, Reason::Shutdown);
        if self.peer.is_some() && self.communication {
            self.put(Output::Send(messages::shutdone()));
        }
        let notice = self.about_us(Severity::Info, notices::SHUTDOWN_COMPLETE);
        self.notice(notice);
        self.put(if restart { Output::Restart } else { Output::ShutdownDone });
        self.timers = crate::timers::Timers::default();
    }
}
