//! A message arrived.

use hb_base::{NodeName, Notice, Severity};
use hb_wire::Message;

use crate::messages::{self, Announced, Info, Stamp, Step, Told};
use crate::timers::{TIE_BREAK, Timer};
use crate::{Classic, Presence, Reason, State, notices};

impl Classic {
    pub(crate) fn on_message(&mut self, from: &NodeName, message: &Message) {
        let told = messages::read(message);
        if told == Told::Nothing {
            return;
        }
        let stamp = messages::stamp(message);
        if *from == self.options.own {
            self.own_message(told);
        } else if self.peer.as_ref().is_some_and(|peer| peer.name == *from) {
            self.peer_message(told, stamp);
        } else {
            self.notice(Notice::new(Severity::Warning, notices::THIRD_NODE, from.as_str()));
        }
    }

    /// Our own copy. Only what scripts may write to the FIFO tells us anything new.
    fn own_message(&mut self, told: Told) {
        match told {
            Told::AskResources { which, step: Step::Me, .. } => self.own_ask(which),
            Told::IpRequestResponse { dest, key, ok: true }
                if dest.as_deref() == Some(&*self.options.own) =>
            {
                self.own_response(&key);
            }
            _ => {}
        }
    }

    /// `req_resource` told us to take a group. We do when the group is ours to take.
    fn own_response(&mut self, key: &str) {
        let Some(group) = self.groups.iter().find(|group| group.key() == key) else { return };
        if !self.negotiates() {
            self.request_answered(key);
        } else if self.held.overlaps(group.half()) && self.leaving.is_none() && self.heal.is_none() {
            self.start_group(key, Reason::Command);
        } else if self.leaving.is_none() {
            let notice = Notice::new(Severity::Warning, notices::REFUSED, key).with("reason", "not_held");
            self.notice(notice);
        }
    }

    fn peer_message(&mut self, told: Told, stamp: Option<Stamp>) {
        let Some(peer) = &mut self.peer else { return };
        match peer.presence {
            Presence::Unheard => peer.begin_life(),
            // What it says counts after its return; then it is asked to say it again.
            Presence::Dead => return,
            Presence::Alive => {}
        }
        if peer.is_from_before(stamp) {
            return;
        }
        match told {
            Told::Starting { native } => self.peer_starting(native, stamp),
            Told::Resource(announced) => self.peer_announced(&announced, stamp),
            Told::AskResources { which, step, after_failure } => {
                self.peer_asks(which, step, after_failure, stamp);
            }
            Told::Takeover { word } => self.peer_takes(&word),
            Told::IpRequest { key } => self.peer_requests(&key),
            Told::IpRequestResponse { dest, key, ok } => {
                if ok && dest.as_deref() == Some(&*self.options.own) {
                    self.request_answered(&key);
                }
            }
            Told::Shutdone => {
                peer.known_as_of(stamp);
                self.peer_left();
            }
            Told::FenceMe { over: false } => self.peer_wants_fencing(),
            Told::FenceMe { over: true } => self.peer_needs_no_fencing(),
            Told::Nothing => {}
        }
    }

    /// `starting`: the peer wants to know what we hold (spec: cluster-protocol 8.1).
    fn peer_starting(&mut self, native: bool, stamp: Option<Stamp>) {
        let Some(peer) = &mut self.peer else { return };
        if !self.options.auto_failback.negotiates() {
            return;
        }
        if !peer.is_late(stamp) {
            peer.native = native;
            peer.starting = true;
            peer.stable = false;
            peer.settled = false;
            peer.fresh = false;
            self.abandon_standby(Reason::PeerRestarted);
            self.abandon_heal(Reason::PeerRestarted);
            if self.state == State::Starting {
                self.set_state(State::BothStarting, Reason::PeerStarting);
            }
        }
        if self.state != State::Init {
            self.announce(Info::None);
        }
    }

    /// `resource`: the peer tells what it holds (spec: cluster-protocol 8.1).
    fn peer_announced(&mut self, announced: &Announced, stamp: Option<Stamp>) {
        let Some(peer) = &mut self.peer else { return };
        if !self.options.auto_failback.negotiates() {
            return;
        }
        if peer.is_late(stamp) {
            let notice = self.about_peer(Severity::Debug, notices::LATE_MESSAGE).with("type", "resource");
            self.notice(notice);
            if announced.info == Info::Heal {
                self.late_heal(stamp);
            }
            return;
        }
        let was_stable = peer.stable;
        peer.announced(announced);
        let settled = peer.stable && !was_stable;
        if announced.info == Info::Heal {
            self.abandon_standby(Reason::Healed);
        }
        self.check_granted(stamp);
        self.check_released(stamp);
        let asked = announced.info == Info::Heal && self.state == State::Stable;
        if asked || settled && !matches!(self.state, State::Init | State::Shutdown) {
            self.announce(Info::None);
        }
        if self.state != State::Stable {
            self.release_strays();
        }
        self.go_on_starting(announced.info);
        self.compare_holdings();
    }

    /// A newer announcement has overtaken the one that asked us to tell our side. It asks all the same; but what we
    /// have talked about since then stands.
    fn late_heal(&mut self, stamp: Option<Stamp>) {
        if self.standby.as_ref().is_some_and(|standby| standby.began_before(stamp)) {
            self.abandon_standby(Reason::Healed);
        }
        if self.state == State::Stable {
            self.announce(Info::None);
        }
    }

    fn go_on_starting(&mut self, info: Info) {
        if !matches!(self.state, State::Starting | State::BothStarting | State::ResourcesReceived) {
            return;
        }
        let Some(peer) = &self.peer else { return };
        let (stable, starting) = (peer.stable, peer.starting);
        if self.state != State::ResourcesReceived {
            self.set_state(State::ResourcesReceived, Reason::PeerAnnounced);
            self.timers.arm(Timer::TieBreak, self.now + TIE_BREAK);
        }
        if stable {
            self.become_stable(Reason::PeerStable);
        } else if self.both_native() && starting && info != Info::Shutdown {
            self.become_stable(Reason::BothStarting);
        }
    }
}
