//! Messages of clients that have signed on (spec: ipc 3.5 and 3.7).

use crate::client::Identity;
use crate::filter::Filter;
use crate::machine::Session;
use crate::{Output, Question};
use alloc::boxed::Box;
use alloc::string::String;
use hb_base::ClientId;
use hb_wire::Message;

/// Signals that cannot be caught.
const KILL: u64 = 9;
const STOP: u64 = 19;
const SIGNALS: u64 = 32;

/// An answer to a request: what it carries, or why not (`None`: without a word).
pub(crate) type Answer = Result<Message, Option<&'static str>>;

pub(crate) const EINVAL: Option<&str> = Some("EINVAL");

/// The answer that belongs to a request, still without content.
pub(crate) fn response(request: &Message) -> Message {
    Message::new("hbapi-resp").with("reqtype", request.text("reqtype").unwrap_or_default())
}

impl Session {
    pub(crate) fn request(&mut self, id: ClientId, message: Message) {
        match message.kind() {
            None => self.garbage(id, "no type"),
            Some("hbapi-req") => self.api_request(id, message),
            Some(_) => self.cluster_message(id, message),
        }
    }

    /// A message for the clients of the same name on all nodes.
    ///
    /// DEVIATION: the original lets a client send a `status` in its daemon's name.
    fn cluster_message(&mut self, id: ClientId, mut message: Message) {
        let Some(client) = self.clients.get(&id) else { return };
        let Some(Identity { name, casual, .. }) = client.identity() else { return };
        if *casual {
            return self.cut_off(id, "badclient");
        }
        if message.kind() == Some("status") {
            return self.garbage(id, "a status");
        }
        message.set("from_id", name.as_str());
        message.set("to_id", name.as_str());
        message.set_decimal("client_gen", client.generation);
        self.outputs.push_back(Output::Submit { message });
    }

    fn api_request(&mut self, id: ClientId, request: Message) {
        let Some(identity) = self.clients.get(&id).and_then(|client| client.identity()) else { return };
        // DEVIATION: the original finds the client by the first of these that matches any connection, so that a process
        // with two connections gets answers on one of them only.
        let by_pid = request.text("pid").is_some_and(|pid| pid.parse() == Ok(identity.pid));
        let by_name = request.text("from_id").is_some_and(|name| name == identity.name);
        if !by_pid && !by_name {
            return self.garbage(id, "a request in another client's name");
        }
        let Some(kind) = request.text("reqtype").map(String::from) else {
            return self.garbage(id, "a request without a type");
        };
        match self.question(&request, &kind) {
            Ok(Some(question)) => {
                let request = Box::new(request);
                self.outputs.push_back(Output::Ask { client: id, question, request });
            }
            Ok(None) => self.request_of_our_own(id, &request, &kind),
            Err(info) => self.say(id, &request, Err(info)),
        }
    }

    /// What must be known to answer; `None` when nothing.
    fn question(&self, request: &Message, kind: &str) -> Result<Option<Question>, Option<&'static str>> {
        let text = |field| request.text(field).map(String::from);
        let node = || text("node").map(Question::Node).ok_or(EINVAL);
        let question = match kind {
            "nodelist" | "numnodes" => Question::Nodes,
            "nodestatus" | "nodetype" | "nodeweight" | "nodesite" | "iflist" => node()?,
            "ifstatus" if request.value("ifname").is_some() => node()?,
            "clientstatus" if request.value("cn").is_some() && request.value("from_id").is_some() => node()?,
            "ifstatus" | "clientstatus" => return Err(EINVAL),
            "getrsc" => Question::Resources,
            "getuuid" => Question::Node(text("queryname").ok_or(Some("no query node name found"))?),
            "getnodename" => {
                Question::Uuid(request.uuid("queryuuid").ok_or(Some("no query node name found"))?)
            }
            _ => return Ok(None),
        };
        Ok(Some(question))
    }

    /// A request that is answered from what the session itself knows, or that has no answer.
    fn request_of_our_own(&mut self, id: ClientId, request: &Message, kind: &str) {
        let answer = match kind {
            "signoff" => return self.cut_off(id, "signoff"),
            "set_sendqlen" => return self.set_queue(id, request.decimal("sendqlen")),
            "setfilter" => self.set_filter(id, request.hex("fmask")),
            "setsignal" => self.set_signal(id, request.decimal("signal")),
            "getparm" => self.parameter(request.text("pname")),
            _ => Err(None),
        };
        let answer = answer.map(|content| {
            content.fields().fold(response(request), |mut answer, field| {
                answer.push(field.name.clone(), field.value.clone());
                answer
            })
        });
        self.say(id, request, answer);
    }

    fn set_filter(&mut self, id: ClientId, mask: Option<u64>) -> Answer {
        let daemon = self.options.uid;
        let client = self.clients.get_mut(&id).ok_or(None)?;
        let filter = Filter::parse(mask).ok_or(EINVAL)?;
        if filter.debugs() && !client.filter.debugs() && ![0, daemon].contains(&client.peer.uid) {
            return Err(Some("EPERM"));
        }
        client.filter = filter;
        Ok(Message::default())
    }

    fn set_signal(&mut self, id: ClientId, signal: Option<u64>) -> Answer {
        let client = self.clients.get_mut(&id).ok_or(None)?;
        let signal = signal.ok_or(None)?;
        if signal >= SIGNALS || signal == KILL || signal == STOP {
            return Err(EINVAL);
        }
        client.signal = u8::try_from(signal).unwrap_or(0);
        Ok(Message::default())
    }

    fn parameter(&self, name: Option<&str>) -> Answer {
        let name = match name.ok_or(EINVAL)? {
            "crm" => "pacemaker",
            other => other,
        };
        let value = self.options.parameters.get(name);
        Ok(value.map_or_else(Message::default, |value| Message::default().with("pvalue", value.as_str())))
    }

    /// Sends an answer with its result.
    pub(crate) fn say(&mut self, id: ClientId, request: &Message, answer: Answer) {
        let message = match answer {
            Ok(answer) => answer.with("result", "OK"),
            Err(info) => {
                let refused = response(request).with("result", "badreq");
                match info {
                    Some(info) => refused.with("info", info),
                    None => refused,
                }
            }
        };
        self.reply(id, message);
    }
}
