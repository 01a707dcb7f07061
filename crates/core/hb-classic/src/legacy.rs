//! `auto_failback legacy`: group by group, without negotiation (spec: haresources 5, cluster-protocol 8.5).
//!
//! A starting node asks for each of its own groups (`ip-request`); whoever runs it stops it and answers; whoever
//! does not answers at once. DEVIATION: what a node holds is tracked and shown here too; the original always
//! says `none`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use hb_base::Severity;

use crate::messages;
use crate::timers::{ASK_AGAIN, Timer};
use crate::{Classic, Held, Output, Reason, State, notices};

/// Requests under way. Both lists hold keys of our own groups only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legacy {
    /// We asked for these.
    asked: Vec<String>,
    /// The peer asked for these; they are being stopped.
    giving: Vec<String>,
}

impl Legacy {
    /// The peer is gone: nobody will answer.
    pub(crate) fn forget_requests(&mut self) {
        self.asked.clear();
        self.giving.clear();
    }
}

impl Classic {
    /// Asks for our own groups; with `again` also for those that we run, in case the peer runs them too.
    pub(crate) fn request_local(&mut self, again: bool) {
        let local = self.groups.iter().filter(|group| group.half() == Held::LOCAL);
        let wanted = local.filter(|group| again || !group.is_wanted());
        let keys: Vec<String> = wanted.map(|group| group.key().to_string()).collect();
        for key in keys {
            self.put(Output::Send(messages::ip_request(&key)));
            if !self.legacy.asked.contains(&key) {
                self.legacy.asked.push(key);
            }
        }
        self.timers.arm(Timer::AskAgain, self.now + ASK_AGAIN);
    }

    pub(crate) fn ask_again(&mut self) {
        if self.legacy.asked.is_empty() || !self.peer_alive() {
            return;
        }
        let keys = self.legacy.asked.clone();
        keys.iter().for_each(|key| self.put(Output::Send(messages::ip_request(key))));
        self.timers.arm(Timer::AskAgain, self.now + ASK_AGAIN);
    }

    /// The peer asks for a group.
    pub(crate) fn peer_requests(&mut self, key: &str) {
        if self.negotiates() {
            // Only a node with another auto_failback asks so; it must not get what we negotiate about.
            let notice = self.about_peer(Severity::Error, notices::REFUSED).with("reason", "not_legacy");
            self.notice(notice);
            return;
        }
        let Some(group) = self.groups.iter().find(|group| group.key() == key) else { return };
        if !group.is_wanted() && !group.may_run() {
            self.answer(key, false);
            return;
        }
        // Ours as much as the peer's: whoever it prefers keeps it. And who leaves says so when it is done.
        if group.half() == Held::LOCAL || self.leaving.is_some() {
            return;
        }
        self.give(key);
    }

    /// The peer was missed, and still runs what prefers it: what we took is given up.
    pub(crate) fn give_all_foreign(&mut self) {
        let foreign = self.groups.iter().filter(|group| group.half() == Held::FOREIGN && group.is_wanted());
        let keys: Vec<String> = foreign.map(|group| group.key().to_string()).collect();
        keys.iter().for_each(|key| self.give(key));
    }

    fn give(&mut self, key: &str) {
        if !self.legacy.giving.iter().any(|known| known == key) {
            self.legacy.giving.push(String::from(key));
        }
        self.stop_groups(Reason::PeerAsked, |group| group.key() == key);
    }

    fn answer(&mut self, key: &str, we_own: bool) {
        if let Some(peer) = &self.peer {
            let message = messages::ip_request_response(&peer.name, key, we_own);
            self.put(Output::Send(message));
        }
    }

    /// Somebody does not run a group any more, or never did.
    pub(crate) fn request_answered(&mut self, key: &str) {
        let was_asked = self.legacy.asked.iter().any(|asked| asked == key);
        self.legacy.asked.retain(|asked| asked != key);
        if self.leaving.is_some() {
            return;
        }
        let Some(index) = self.groups.iter().position(|group| group.key() == key) else { return };
        let Some(group) = self.groups.get(index).filter(|group| group.half() == Held::LOCAL) else { return };
        if group.is_wanted() {
            self.reannounce_group(index);
        } else if was_asked {
            self.start_group(key, Reason::HandedOver);
        }
    }

    /// Answers for what is stopped, and tracks what we hold.
    pub(crate) fn advance_legacy(&mut self) {
        if self.negotiates() || self.state != State::Stable {
            return;
        }
        let giving = core::mem::take(&mut self.legacy.giving);
        for key in giving {
            let group = self.groups.iter().find(|group| group.key() == key);
            if group.is_some_and(|group| group.is_moving() || group.is_blocked()) {
                self.legacy.giving.push(key);
            } else if group.is_some_and(|group| !group.is_wanted()) {
                self.answer(&key, true);
            }
        }
        let runs = |group: &&crate::GroupRun| group.is_wanted() || group.is_moving() || group.is_blocked();
        let foreign = self.groups.iter().filter(|group| group.half() == Held::FOREIGN).any(|g| runs(&g));
        let mut local = self.groups.iter().filter(|group| group.half() == Held::LOCAL);
        let mut held = if local.all(|group| runs(&group)) { Held::LOCAL } else { Held::NONE };
        if foreign {
            held = held.and(Held::FOREIGN);
        }
        self.set_held(held, Reason::Succeeded);
    }
}
