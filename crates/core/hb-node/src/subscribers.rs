//! Local clients that receive the cluster's messages.

use crate::io::Output;
use crate::request::Reply;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use hb_base::{ClientId, NodeName, Seq};
use hb_wire::Message;

/// Clients that may subscribe at once.
pub(crate) const SUBSCRIBERS_MAX: usize = 512;

/// Who receives what.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    wanted: BTreeMap<ClientId, Option<String>>,
}

impl Subscribers {
    pub(crate) fn add(&mut self, client: ClientId, kind: Option<String>) -> Reply {
        if self.wanted.len() >= SUBSCRIBERS_MAX && !self.wanted.contains_key(&client) {
            return Reply::Refused {
                code: "too_many_clients",
                why: "too many clients receive messages".into(),
            };
        }
        self.wanted.insert(client, kind);
        Reply::Done
    }

    pub(crate) fn remove(&mut self, client: ClientId) {
        self.wanted.remove(&client);
    }

    pub(crate) fn deliver(&self, message: &Arc<Message>, outputs: &mut VecDeque<Output>) {
        if self.wanted.is_empty() {
            return;
        }
        let kind = message.kind();
        for (client, wanted) in &self.wanted {
            if wanted.is_none() || wanted.as_deref() == kind {
                outputs.push_back(Output::Deliver { client: *client, message: message.clone() });
            }
        }
    }

    pub(crate) fn gap(&self, from: &NodeName, first: Seq, last: Seq, outputs: &mut VecDeque<Output>) {
        for client in self.wanted.keys() {
            outputs.push_back(Output::Gap { client: *client, from: from.clone(), first, last });
        }
    }
}
