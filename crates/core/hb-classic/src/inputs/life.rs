//! Start, communication up, shutdown.

use hb_base::{Notice, Severity};

use crate::timers::{ASK_AGAIN, Timer};
use crate::{Classic, Held, Output, Presence, Reason, State, messages, notices, options};

impl Classic {
    pub(crate) fn on_start(&mut self) {
        let peer = self.options.peer.as_ref();
        for key in options::homeless(&self.options.groups, &self.options.own, peer) {
            self.notice(Notice::new(Severity::Warning, notices::GROUP_HOMELESS, key));
        }
    }

    /// The resource phase begins (spec: haresources 5).
    pub(crate) fn on_communication_up(&mut self) {
        if core::mem::replace(&mut self.communication, true) || self.leaving.is_some() {
            return;
        }
        let Some(presence) = self.peer.as_ref().map(|peer| peer.presence) else {
            self.begin_alone();
            return;
        };
        if self.negotiates() {
            self.put(Output::Send(messages::starting(self.options.native)));
            self.timers.arm(Timer::AskAgain, self.now + ASK_AGAIN);
            self.set_state(State::Starting, Reason::CommunicationUp);
        } else {
            self.initial = Some(Reason::CommunicationUp);
            self.set_state(State::Stable, Reason::CommunicationUp);
            if presence != Presence::Dead {
                self.release_strays();
            }
        }
        if presence == Presence::Dead {
            self.peer_died();
        } else if !self.negotiates() {
            self.request_local(false);
        }
    }

    /// A cluster of one.
    fn begin_alone(&mut self) {
        self.initial = Some(Reason::Alone);
        self.set_state(State::Stable, Reason::Alone);
        self.set_held(Held::LOCAL, Reason::Alone);
        self.start_halves(Held::LOCAL, Reason::Alone);
    }

    pub(crate) fn on_shutdown(&mut self) {
        self.leave(false);
    }
}
