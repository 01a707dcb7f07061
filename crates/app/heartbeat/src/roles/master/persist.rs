//! Records on their way to the storing role. The master goes on meanwhile: a disk may take seconds to sync.

use super::Master;
use crate::roles::durable;
use hb_base::{Instant, Notice, Severity, Token};
use hb_cluster::Record;
use hb_ipc::Sent;
use hb_node::Input;
use std::collections::VecDeque;

/// Records that wait while the disk stalls. At the bound the oldest goes, with a notice: it is never answered, so what
/// depends on it does not happen.
const WAITING_MAX: usize = 64;

/// Records that are not known to be durable yet, oldest first.
#[derive(Default)]
pub(super) struct Persisting {
    waiting: VecDeque<(Token, Vec<u8>)>,
    /// The first of them was sent to the present child.
    sent: bool,
}

impl Master {
    pub(super) fn persist(&mut self, token: Token, record: &Record) {
        let persisting = &mut self.persisting;
        if persisting.waiting.len() == WAITING_MAX {
            let oldest_free = usize::from(persisting.sent);
            let _given_up = persisting.waiting.remove(oldest_free);
            self.not_durable("too many records wait for the disk");
        }
        self.persisting.waiting.push_back((token, durable::encode(token, record)));
        self.feed_store();
    }

    /// Sends the storing role its next record, one at a time: what a child that died had not answered is sent to its
    /// successor.
    fn feed_store(&mut self) {
        let Some((_, packet)) = self.persisting.waiting.front().filter(|_| !self.persisting.sent) else {
            return;
        };
        let sent = self.posts.store.pair().map(|pair| pair.send(packet));
        self.persisting.sent = matches!(sent, Some(Ok(Sent::Yes)));
    }

    /// The storing role was started anew: what its predecessor had not answered is not known to be durable.
    pub(super) fn store_up(&mut self) {
        self.persisting.sent = false;
        self.feed_store();
    }

    pub(super) fn store_says(&mut self, now: Instant, packet: &[u8]) {
        let Some((token, written)) = durable::decode_answer(packet) else { return };
        if self.persisting.waiting.front().is_none_or(|(first, _)| *first != token) {
            return;
        }
        self.persisting.waiting.pop_front();
        self.persisting.sent = false;
        match written {
            Ok(()) => self.node.handle(now, Input::Persisted(token)),
            // Not answered: what depends on it does not happen.
            Err(why) => self.not_durable(&why),
        }
        self.feed_store();
    }

    fn not_durable(&mut self, why: &str) {
        let notice = Notice::new(Severity::Critical, "not_durable", why.to_owned());
        self.journal.notice(&notice, &self.posts.logd);
    }
}
