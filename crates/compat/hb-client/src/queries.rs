//! Questions to the daemon (spec: ipc 3.5).

use crate::{Client, Error};
use hb_base::Uuid;
use hb_wire::Message;
use std::time::Duration;

/// A node, as the daemon sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// `normal` or `ping`; empty where the daemon is older than 3.0.6.
    pub kind: String,
    /// `init`, `up`, `active`, `dead` or `ping`; empty where the daemon is older than 3.0.6.
    pub status: String,
}

/// A link to a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// `up` or `dead`; empty where the daemon is older than 3.0.6.
    pub status: String,
}

/// Whether a client is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientState {
    /// It is.
    Online,
    /// It is not, or its node is not in service.
    Offline,
}

/// Which messages we get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filter {
    /// Messages for us, and changes.
    Usual,
    /// As before, and messages that were dropped.
    Promiscuous,
    /// As before, and statuses that change nothing.
    AllHeartbeats,
    /// Everything, requests of other clients too.
    Raw,
}

impl Filter {
    const fn mask(self) -> u64 {
        match self {
            Filter::Usual => 0x01,
            Filter::Promiscuous => 0x0d,
            Filter::AllHeartbeats => 0x0f,
            Filter::Raw => 0x3f,
        }
    }
}

impl Client {
    fn ask(&mut self, request: &Message) -> Result<Message, Error> {
        let kind = request.text("reqtype").unwrap_or_default().to_owned();
        self.channel.send(request)?;
        self.answer(&kind)
    }

    fn ask_field(&mut self, request: &Message, field: &'static str) -> Result<String, Error> {
        let answer = self.ask(request)?;
        let lacks =
            || Error::Answer { request: request.text("reqtype").unwrap_or_default().to_owned(), field };
        answer.text(field).map(str::to_owned).ok_or_else(lacks)
    }

    /// All answers to a request that has several.
    fn ask_list(&mut self, request: &Message) -> Result<Vec<Message>, Error> {
        let mut all = vec![self.ask(request)?];
        while all.last().and_then(|answer| answer.text("result")) == Some("ok/more") {
            let next = self.answer(request.text("reqtype").unwrap_or_default())?;
            all.push(next);
        }
        Ok(all)
    }

    /// All nodes in the daemon's order, ping nodes too.
    ///
    /// # Errors
    /// As for every question: refused, not in time, or the daemon is gone.
    pub fn nodes(&mut self) -> Result<Vec<Node>, Error> {
        let answers = self.ask_list(&self.envelope("nodelist"))?;
        let text = |answer: &Message, field| answer.text(field).unwrap_or_default().to_owned();
        let node = |answer: &Message| Node {
            name: text(answer, "node"),
            kind: text(answer, "nodetype"),
            status: text(answer, "st"),
        };
        Ok(answers.iter().map(node).collect())
    }

    /// A node's status.
    ///
    /// # Errors
    /// As for every question; refused with `EINVAL` when there is no such node.
    pub fn node_status(&mut self, node: &str) -> Result<String, Error> {
        self.ask_field(&self.envelope("nodestatus").with("node", node), "st")
    }

    /// `normal` or `ping`.
    ///
    /// # Errors
    /// As [`Client::node_status`].
    pub fn node_type(&mut self, node: &str) -> Result<String, Error> {
        self.ask_field(&self.envelope("nodetype").with("node", node), "nodetype")
    }

    /// A node's weight.
    ///
    /// # Errors
    /// As [`Client::node_status`].
    pub fn node_weight(&mut self, node: &str) -> Result<i32, Error> {
        let text = self.ask_field(&self.envelope("nodeweight").with("node", node), "weight")?;
        text.parse().map_err(|_| Error::Answer { request: "nodeweight".into(), field: "weight" })
    }

    /// A node's site, empty when none is set.
    ///
    /// # Errors
    /// As [`Client::node_status`].
    pub fn node_site(&mut self, node: &str) -> Result<String, Error> {
        self.ask_field(&self.envelope("nodesite").with("node", node), "site")
    }

    /// How many nodes there are, ping nodes not counted.
    ///
    /// # Errors
    /// As for every question.
    pub fn node_count(&mut self) -> Result<u32, Error> {
        let text = self.ask_field(&self.envelope("numnodes"), "numnodes")?;
        text.parse().map_err(|_| Error::Answer { request: "numnodes".into(), field: "numnodes" })
    }

    /// The links to a node.
    ///
    /// # Errors
    /// As [`Client::node_status`].
    pub fn links(&mut self, node: &str) -> Result<Vec<Link>, Error> {
        let answers = self.ask_list(&self.envelope("iflist").with("node", node))?;
        let text = |answer: &Message, field| answer.text(field).unwrap_or_default().to_owned();
        Ok(answers.iter().map(|a| Link { name: text(a, "ifname"), status: text(a, "st") }).collect())
    }

    /// The status of a link: `up` or `dead`.
    ///
    /// # Errors
    /// As [`Client::node_status`]; also when there is no such link.
    pub fn link_status(&mut self, node: &str, link: &str) -> Result<String, Error> {
        self.ask_field(&self.envelope("ifstatus").with("node", node).with("ifname", link), "st")
    }

    /// Whether a client is on there. Another node answers that itself, which may take `limit`.
    ///
    /// # Errors
    /// As [`Client::node_status`]; [`Error::TimedOut`] when that node did not answer: a later answer comes as an event.
    pub fn client_status(&mut self, node: &str, client: &str, limit: Duration) -> Result<ClientState, Error> {
        let request = self.envelope("clientstatus").with("node", node).with("cn", client);
        self.channel.send(&request)?;
        let answer = self.answer_that("clientstatus", limit, |message| {
            let remote = message.kind() == Some("respond-cstatus") && message.text("cn") == Some(client);
            remote || message.kind() == Some("hbapi-resp")
        })?;
        match answer.text("cs") {
            Some("online") => Ok(ClientState::Online),
            Some("offline") => Ok(ClientState::Offline),
            _ => Err(Error::Answer { request: "clientstatus".into(), field: "cs" }),
        }
    }

    /// What the configuration says; `None` for a name without a value.
    ///
    /// # Errors
    /// As for every question.
    pub fn parameter(&mut self, name: &str) -> Result<Option<String>, Error> {
        let answer = self.ask(&self.envelope("getparm").with("pname", name))?;
        Ok(answer.text("pvalue").map(str::to_owned))
    }

    /// What this node holds: `none`, `local`, `foreign`, `all` or `transition`.
    ///
    /// # Errors
    /// As for every question; refused where heartbeat manages no resources.
    pub fn resources(&mut self) -> Result<String, Error> {
        self.ask_field(&self.envelope("getrsc"), "rsc_hold")
    }

    /// A node's id, if it is known.
    ///
    /// # Errors
    /// As for every question.
    pub fn uuid_of(&mut self, node: &str) -> Result<Option<[u8; 16]>, Error> {
        let answer = self.ask(&self.envelope("getuuid").with("queryname", node))?;
        Ok(answer.uuid("queryuuid").map(|uuid| uuid.0))
    }

    /// The name of the node of an id, if there is one.
    ///
    /// # Errors
    /// As for every question.
    pub fn name_of(&mut self, uuid: [u8; 16]) -> Result<Option<String>, Error> {
        let answer = self.ask(&self.envelope("getnodename").with_uuid("queryuuid", Uuid(uuid)))?;
        Ok(answer.text("queryname").map(str::to_owned))
    }

    /// Which messages we want.
    ///
    /// # Errors
    /// As for every question; refused with `EPERM` for all but [`Filter::Usual`] where we may not.
    pub fn set_filter(&mut self, filter: Filter) -> Result<(), Error> {
        self.ask(&self.envelope("setfilter").with_hex("fmask", filter.mask())).map(drop)
    }

    /// Has the daemon send us this signal with each message; 0 for none.
    ///
    /// # Errors
    /// As for every question; refused for a signal that cannot be caught.
    pub fn set_signal(&mut self, signal: u8) -> Result<(), Error> {
        self.ask(&self.envelope("setsignal").with_decimal("signal", u64::from(signal))).map(drop)
    }

    /// So many messages may wait for us in the daemon. It does not answer.
    ///
    /// # Errors
    /// The daemon is gone.
    pub fn set_queue(&mut self, messages: u32) -> Result<(), Error> {
        let request = self.envelope("set_sendqlen").with_decimal("sendqlen", u64::from(messages));
        self.channel.send(&request)
    }
}
