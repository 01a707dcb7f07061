//! Time passed.

use crate::timers::{ASK_AGAIN, Timer};
use crate::{Classic, Output, Reason, State, messages};

impl Classic {
    pub(crate) fn on_timer(&mut self) {
        let now = self.now;
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                Timer::TieBreak => self.tie_break(),
                Timer::AskAgain => self.repeat_question(),
                Timer::Standby => self.standby_timed_out(),
                Timer::Restart => self.leave(true),
                Timer::Overlap => self.overlap_persists(),
                Timer::Wish => self.wish_timed_out(),
                // What waits for these looks at them whenever anything happens.
                Timer::Move | Timer::Patience => {}
            }
        }
    }

    fn tie_break(&mut self) {
        if self.state == State::ResourcesReceived {
            self.become_stable(Reason::TieBreak);
        }
    }

    fn repeat_question(&mut self) {
        if matches!(self.state, State::Starting | State::BothStarting) && self.peer_alive() {
            self.put(Output::Send(messages::starting(self.options.native)));
            self.timers.arm(Timer::AskAgain, self.now + ASK_AGAIN);
        } else {
            self.ask_again();
        }
    }
}
