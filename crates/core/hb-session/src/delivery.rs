//! Who gets a message (spec: ipc 3.6).

use crate::client::Client;
use crate::machine::Session;
use crate::{Output, Treatment};
use alloc::sync::Arc;
use alloc::vec::Vec;
use hb_base::ClientId;
use hb_wire::Message;

impl Session {
    /// To the client that it is addressed to, or to all; of these, to whose filter wants it.
    pub(crate) fn deliver(&mut self, message: &Arc<Message>, treatment: Treatment) {
        let wanted = |client: &&Client| {
            client.identity().is_some() && client.filter.wants(treatment) && is_recent(client, message)
        };
        let clients: Vec<ClientId> = match message.value("to_id") {
            Some(_) => {
                let named = message.text("to_id").and_then(|name| self.names.get(name));
                named.and_then(|id| self.clients.get(id)).filter(wanted).map(|c| c.id).into_iter().collect()
            }
            None => self.clients.values().filter(wanted).map(|client| client.id).collect(),
        };
        if clients.is_empty() {
            return;
        }
        self.outputs.push_back(Output::Send { clients: clients.clone(), message: message.clone() });
        for id in clients {
            if let Some(signal) = self.signal_for(id) {
                self.outputs.push_back(signal);
            }
        }
    }

    /// An answer, or something else for one client in the order of its requests.
    pub(crate) fn reply(&mut self, id: ClientId, message: Message) {
        self.replies.push_back(Output::Send { clients: alloc::vec![id], message: Arc::new(message) });
        if let Some(signal) = self.signal_for(id) {
            self.replies.push_back(signal);
        }
    }

    fn signal_for(&self, id: ClientId) -> Option<Output> {
        let client = self.clients.get(&id).filter(|client| client.signal != 0)?;
        Some(Output::Signal { pid: client.identity()?.pid, signal: client.signal })
    }

    pub(crate) fn somebody_debugs(&self) -> bool {
        self.clients.values().any(|client| client.filter.debugs())
    }
}

/// Messages that were sent before a client signed on, and came after it because they were lost at first, are not its
/// business.
fn is_recent(client: &Client, message: &Message) -> bool {
    let Some(uuid) = message.uuid("srcuuid") else { return true };
    let Some(then) = client.snapshots.iter().find(|snapshot| snapshot.uuid == uuid) else { return true };
    match (message.hex("hg"), message.hex("seq")) {
        (Some(generation), Some(seq)) => {
            generation > then.generation || (generation == then.generation && seq >= then.last_seq)
        }
        _ => true,
    }
}
