//! What a client leaves unread: first its requests wait, then it is cut off.
//!
//! DEVIATION: the original cuts a client off at 64 messages, or at what it asked for with `set_sendqlen`. Here it is
//! paused at 64 and has more room before it is cut off.

use crate::machine::Session;
use crate::{Output, notices};
use hb_base::{ClientId, Notice, Severity};

/// Unread messages at which a client's requests are no longer read.
pub const HOLD_AT: usize = 64;
/// Unread messages at which they are read again.
const RELEASE_AT: usize = HOLD_AT / 4;
/// Unread messages above which a client is cut off, unless it has asked for more room.
pub const QUEUE_DEFAULT: usize = 1_024;
/// Most room that it can ask for.
pub const QUEUE_MAX: usize = 8_192;

impl Session {
    pub(crate) fn waiting(&mut self, id: ClientId, messages: usize) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.queue.waiting = messages;
        if messages > client.queue.limit {
            let notice = Notice::new(Severity::Warning, notices::DROPPED, client.subject())
                .with("unread", messages as u64)
                .with("limit", client.queue.limit as u64);
            self.notice(notice);
            return self.cut_off(id, "sendfail");
        }
        let hold = if client.queue.held { messages > RELEASE_AT } else { messages >= HOLD_AT };
        if hold != client.queue.held {
            client.queue.held = hold;
            if hold {
                let notice = Notice::new(Severity::Info, notices::PAUSED, client.subject());
                self.notice(notice.with("unread", messages as u64));
            }
            self.replies.push_back(Output::Hold { client: id, hold });
        }
    }

    /// `set_sendqlen`: room in messages. Nothing below the usual is taken.
    pub(crate) fn set_queue(&mut self, id: ClientId, messages: Option<u64>) {
        let wanted = messages.and_then(|n| usize::try_from(n).ok());
        if let (Some(client), Some(wanted)) = (self.clients.get_mut(&id), wanted) {
            client.queue.limit = wanted.clamp(QUEUE_DEFAULT, QUEUE_MAX);
        }
    }
}
