//! The first message of a connection (spec: ipc 3.3 and 3.4).

use crate::client::{Identity, NAME_BYTES_MAX, State};
use crate::machine::Session;
use crate::{Output, Peer, Question, Snapshot};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_base::ClientId;
use hb_wire::Message;

/// Why a sign-on is refused, in the original's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// No such process. The id is not stored yet.
    BadPid,
    /// Somebody has this id. It is not stored for this client.
    Duplicate,
    /// The id is stored.
    Known(&'static str),
}

impl Refusal {
    const fn word(self) -> &'static str {
        match self {
            Refusal::BadPid => "bad pid",
            Refusal::Duplicate => "duplicate add request",
            Refusal::Known(word) => word,
        }
    }
}

/// What a sign-on claims.
struct Claim {
    identity: Identity,
    uid: Option<u32>,
    gid: Option<u32>,
}

/// The number that a text begins with, as the original reads process ids.
fn leading_number(text: &str) -> u32 {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn claim(message: &Message) -> Result<Claim, Refusal> {
    let pid = message.text("pid").map_or(0, leading_number);
    let name = match message.value("from_id") {
        None => pid.to_string(),
        Some(_) => String::from(message.text("from_id").unwrap_or_default()),
    };
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(char::is_control) {
        return Err(Refusal::Known("bad client name"));
    }
    let casual = leading_number(&name) == pid;
    let number = |field| message.decimal(field).and_then(|n| u32::try_from(n).ok());
    Ok(Claim { identity: Identity { name, casual, pid }, uid: number("uid"), gid: number("gid") })
}

impl Session {
    /// Anything but a sign-on is ignored, and the connection stays as it is.
    pub(crate) fn first_message(&mut self, id: ClientId, message: Message) {
        let generation = self.generations;
        self.generations += 1;
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.generation = generation;
        let is_signon = message.kind() == Some("hbapi-req") && message.text("reqtype") == Some("signon");
        if !is_signon || (message.value("from_id").is_none() && message.value("pid").is_none()) {
            return self.garbage(id, "not a sign-on");
        }
        let pid = message.text("pid").map_or(0, leading_number);
        if pid == 0 {
            return self.refuse(id, &message, Refusal::BadPid);
        }
        if pid == client.peer.pid {
            let request = Box::new(message);
            let question = Question::Snapshots;
            self.outputs.push_back(Output::Ask { client: id, question, request });
        } else {
            client.state = State::Checking(Box::new(message));
            self.outputs.push_back(Output::Probe { client: id, pid });
        }
    }

    /// It is known now whether there is a process of the id that a sign-on claims.
    pub(crate) fn checked(&mut self, id: ClientId, signon: &Message, pid: u32, alive: bool) {
        if !alive || signon.text("pid").map_or(0, leading_number) != pid {
            return self.refuse(id, signon, Refusal::BadPid);
        }
        let request = Box::new(signon.clone());
        self.outputs.push_back(Output::Ask { client: id, question: Question::Snapshots, request });
    }

    /// Everything is known: the checks, in the original's order.
    pub(crate) fn sign_on(&mut self, id: ClientId, message: &Message, snapshots: Vec<Snapshot>) {
        let Some(client) = self.clients.get(&id).filter(|c| c.identity().is_none()) else { return };
        match self.examine(client.peer, message) {
            Err(refusal) => self.refuse(id, message, refusal),
            Ok(identity) => {
                let generation = client.generation;
                self.names.insert(identity.name.clone(), id);
                self.announce_arrival(&identity, generation);
                if let Some(client) = self.clients.get_mut(&id) {
                    client.snapshots = snapshots;
                    client.state = State::On(identity);
                }
                let answer = self.signon_answer(None);
                self.reply(id, answer);
            }
        }
    }

    fn examine(&self, peer: Peer, message: &Message) -> Result<Identity, Refusal> {
        let Claim { identity, uid, gid } = claim(message)?;
        if self.names.contains_key(&identity.name) {
            return Err(Refusal::Duplicate);
        }
        let (Some(uid), Some(gid)) = (uid, gid) else { return Err(Refusal::Known("invalid id info")) };
        if (uid, gid) != (peer.uid, peer.gid) {
            return Err(Refusal::Known("incorrect/false credentials"));
        }
        let name = (!identity.casual).then_some(identity.name.as_str());
        let allowed = self.options.permissions.of(name).map_err(Refusal::Known)?;
        if !allowed.permits(peer.uid, peer.gid) {
            return Err(Refusal::Known("client failed authorization"));
        }
        if peer.pid != 0 && peer.pid != identity.pid {
            return Err(Refusal::Known("pid mismatch"));
        }
        Ok(identity)
    }

    fn signon_answer(&self, refusal: Option<&str>) -> Message {
        let options = &self.options;
        let millis = |time: core::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let mut answer = Message::new("hbapi-resp").with("reqtype", "signon");
        if let Some(info) = refusal {
            answer.set("info", info);
        }
        answer
            .with("result", if refusal.is_some() { "badreq" } else { "OK" })
            .with_hex("deadtime", millis(options.deadtime))
            .with_hex("keepalive", millis(options.keepalive))
            .with("node", options.node.as_str())
            .with("hbversion", options.version.as_str())
            .with("pacemaker", options.pacemaker.as_str())
            .with_decimal("logfacility", u64::from(options.logfacility))
    }

    /// Says no and closes.
    ///
    /// DEVIATION: the original also tells the cluster that a client left who never was there.
    fn refuse(&mut self, id: ClientId, message: &Message, refusal: Refusal) {
        let Some(client) = self.clients.remove(&id) else { return };
        let subject = match message.text("from_id") {
            Some(name) => alloc::format!("client {}", name.escape_default()),
            None => client.subject(),
        };
        self.tell_refusal(subject, refusal.word());
        let answer = self.signon_answer(Some(refusal.word()));
        self.reply(id, answer);
        let claimed = claim(message).ok().map(|claim| claim.identity);
        let goodbye = match refusal {
            Refusal::BadPid => Some(("", "died")),
            Refusal::Duplicate => Some(("", refusal.word())),
            Refusal::Known(_) => {
                let named = claimed.as_ref().filter(|identity| !identity.casual);
                named.map(|identity| (identity.name.as_str(), refusal.word()))
            }
        };
        if let Some((name, info)) = goodbye {
            let report = self.client_report(name, "leave", info, client.generation);
            self.reply(id, report);
        }
        self.replies.push_back(Output::Close { client: id });
    }
}
