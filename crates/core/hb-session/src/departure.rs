//! Comings and goings, as the clients of the same name hear them (spec: ipc 3.7).

use crate::client::{Client, Identity};
use crate::machine::Session;
use crate::{Output, notices};
use alloc::string::String;
use hb_base::{ClientId, Notice, Severity};
use hb_wire::Message;

impl Session {
    /// `hbapi-clstat` without the control fields that the cluster adds.
    pub(crate) fn client_report(&self, name: &str, status: &str, info: &str, generation: u64) -> Message {
        Message::new("hbapi-clstat")
            .with("st", status)
            .with("from_id", name)
            .with("to_id", name)
            .with("src", self.options.node.as_str())
            .with("info", info)
            .with_decimal("client_gen", generation)
    }

    /// A client is on: the cluster is told, and those of its name.
    pub(crate) fn announce_arrival(&mut self, identity: &Identity, generation: u64) {
        let Identity { name, casual, pid } = identity;
        self.outputs.push_back(Output::Client { name: name.clone(), online: true });
        if !casual {
            let message = self.client_report(name, "join", "signon", generation);
            self.outputs.push_back(Output::Submit { message });
        }
        let notice = Notice::new(Severity::Debug, notices::SIGNED_ON, alloc::format!("client {name}"));
        self.notice(notice.with("pid", u64::from(*pid)));
    }

    /// A connection is gone or given up. Its client, if it had signed on, is told to those of its name; the caller says
    /// goodbye to the client itself.
    pub(crate) fn depart(&mut self, id: ClientId, reason: &str) -> Option<Client> {
        let client = self.clients.remove(&id)?;
        let Some(Identity { name, casual, .. }) = client.identity() else { return Some(client) };
        self.names.remove(name);
        self.outputs.push_back(Output::Client { name: name.clone(), online: false });
        if !casual {
            let message = self.client_report(name, "leave", reason, client.generation);
            self.outputs.push_back(Output::Submit { message });
        }
        let notice = Notice::new(Severity::Debug, notices::SIGNED_OFF, client.subject());
        self.notice(notice.with("reason", String::from(reason)));
        Some(client)
    }

    /// Ends a session: a named client gets its own copy of the report, then the connection is closed.
    pub(crate) fn cut_off(&mut self, id: ClientId, reason: &str) {
        let Some(client) = self.depart(id, reason) else { return };
        if let Some(Identity { name, casual: false, .. }) = client.identity() {
            let report = self.client_report(name, "leave", reason, client.generation);
            self.reply(id, report);
        }
        self.replies.push_back(Output::Close { client: id });
    }
}
