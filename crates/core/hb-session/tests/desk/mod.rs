//! A node around the sessions: it answers their questions and keeps what they say.
#![allow(dead_code)]

use hb_base::{ClientId, Instant, Uuid};
use hb_session::{
    Allowed, Ending, Fact, Input, LinkFact, NodeFact, Options, Output, Peer, Question, Session, Snapshot,
    Treatment,
};
use hb_wire::Message;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Two nodes and a ping node, as in the recordings.
pub(crate) struct Desk {
    pub(crate) session: Session,
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<NodeFact>,
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) held: Option<&'static str>,
    pub(crate) alive: BTreeSet<u32>,
    /// To whom what was sent, in order.
    pub(crate) sent: Vec<(ClientId, Arc<Message>)>,
    pub(crate) submitted: Vec<Message>,
    pub(crate) closed: Vec<ClientId>,
    pub(crate) holds: Vec<(ClientId, bool)>,
    pub(crate) signals: Vec<(u32, u8)>,
    pub(crate) online: BTreeSet<String>,
    pub(crate) notices: Vec<&'static str>,
    /// What is submitted comes back, as it does in a cluster.
    pub(crate) echo: bool,
}

pub(crate) const ROOT: Peer = Peer { pid: 72, uid: 0, gid: 0 };

pub(crate) fn node(name: &str, ping: bool, uuid: u8) -> NodeFact {
    let link = if ping { name } else { "eth0" };
    NodeFact {
        name: name.into(),
        own: name == "n1",
        ping,
        status: if ping { "ping" } else { "active" }.into(),
        weight: 100,
        site: String::new(),
        uuid: Uuid([uuid; 16]),
        links: vec![LinkFact { name: link.into(), up: true }],
    }
}

pub(crate) fn options() -> Options {
    let mut options = Options::new("n1");
    options.deadtime = Duration::from_secs(4);
    options.keepalive = Duration::from_millis(500);
    let root = || Allowed { users: vec![0], groups: vec![105] };
    for name in ["anon", "labcli", "ccm"] {
        options.permissions.0.insert(name.into(), root());
    }
    options.parameters.insert("keepalive".into(), "500ms".into());
    options.parameters.insert("pacemaker".into(), "false".into());
    options
}

impl Desk {
    pub(crate) fn new(options: Options) -> Desk {
        Desk {
            session: Session::new(options),
            now: Instant::ZERO,
            nodes: vec![node("n1", false, 1), node("n2", false, 2), node("10.77.0.254", true, 0)],
            snapshots: Vec::new(),
            held: Some("local"),
            alive: BTreeSet::from([72, 73, 74]),
            sent: Vec::new(),
            submitted: Vec::new(),
            closed: Vec::new(),
            holds: Vec::new(),
            signals: Vec::new(),
            online: BTreeSet::new(),
            notices: Vec::new(),
            echo: true,
        }
    }

    pub(crate) fn handle(&mut self, input: Input) {
        self.session.handle(self.now, input);
        while let Some(output) = self.session.poll() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Send { clients, message } => {
                self.sent.extend(clients.into_iter().map(|client| (client, message.clone())));
            }
            Output::Close { client } => self.closed.push(client),
            Output::Hold { client, hold } => self.holds.push((client, hold)),
            Output::Probe { client, pid } => {
                let alive = self.alive.contains(&pid);
                self.session.handle(self.now, Input::Probed { client, pid, alive });
            }
            Output::Signal { pid, signal } => self.signals.push((pid, signal)),
            Output::Ask { client, question, request } => {
                let fact = self.fact(&question);
                self.session.handle(self.now, Input::Fact { client, request, fact });
            }
            Output::Submit { message } => {
                self.submitted.push(message.clone());
                if self.echo && message.text("dest").is_none_or(|dest| dest == "n1") {
                    let message =
                        Arc::new(message.with("src", "n1").with_hex("seq", self.submitted.len() as u64));
                    let treatment = Treatment::Keep;
                    self.session.handle(self.now, Input::Delivered { message, treatment });
                }
            }
            Output::Client { name, online: true } => assert!(self.online.insert(name)),
            Output::Client { name, online: false } => assert!(self.online.remove(&name)),
            Output::Notice(notice) => self.notices.push(notice.code),
        }
    }

    fn fact(&self, question: &Question) -> Fact {
        let find = |wanted: &dyn Fn(&NodeFact) -> bool| self.nodes.iter().find(|node| wanted(node)).cloned();
        match question {
            Question::Snapshots => Fact::Snapshots(self.snapshots.clone()),
            Question::Nodes => Fact::Nodes(self.nodes.clone()),
            Question::Node(name) => Fact::Node(find(&|node| node.name == *name)),
            Question::Uuid(uuid) => Fact::Node(find(&|node| node.uuid == *uuid)),
            Question::Resources => Fact::Resources(self.held),
        }
    }

    pub(crate) fn connect(&mut self, number: u32, peer: Peer) -> ClientId {
        let client = ClientId(number);
        self.handle(Input::Connected { client, peer });
        client
    }

    pub(crate) fn receive(&mut self, client: ClientId, message: Message) {
        self.handle(Input::Received { client, message });
    }

    pub(crate) fn end(&mut self, client: ClientId) {
        self.handle(Input::Closed { client, ending: Ending::Closed });
    }

    /// Connects and signs on; the answer's result.
    pub(crate) fn sign_on(&mut self, number: u32, peer: Peer, name: &str) -> (ClientId, String) {
        let client = self.connect(number, peer);
        self.receive(client, signon(peer, name));
        let answer = self.last_to(client).expect("an answer");
        (client, answer.text("result").unwrap_or_default().to_owned())
    }

    /// A client that is on.
    pub(crate) fn client(&mut self, number: u32, peer: Peer, name: &str) -> ClientId {
        let (client, result) = self.sign_on(number, peer, name);
        assert_eq!(result, "OK", "{name}");
        self.sent.clear();
        client
    }

    pub(crate) fn deliver(&mut self, message: Message, treatment: Treatment) {
        self.handle(Input::Delivered { message: Arc::new(message), treatment });
    }

    pub(crate) fn last_to(&self, client: ClientId) -> Option<Arc<Message>> {
        self.sent.iter().rev().find(|(to, _)| *to == client).map(|(_, message)| message.clone())
    }

    /// Types of the messages sent to a client.
    pub(crate) fn kinds_to(&self, client: ClientId) -> Vec<String> {
        let mine = self.sent.iter().filter(|(to, _)| *to == client);
        mine.map(|(_, message)| message.kind().unwrap_or_default().to_owned()).collect()
    }

    /// One request of a client: the content of all answers, as `name=value` lines.
    pub(crate) fn ask(&mut self, client: ClientId, request: Message) -> Vec<String> {
        self.sent.clear();
        self.receive(client, request);
        self.sent.iter().filter(|(to, _)| *to == client).map(|(_, message)| content(message)).collect()
    }
}

/// Fields behind type and request type.
pub(crate) fn content(message: &Message) -> String {
    let field = |f: &hb_wire::Field| {
        let value = message.text(std::str::from_utf8(f.name.as_bytes()).expect("a name")).unwrap_or("?");
        format!("{}={value}", String::from_utf8_lossy(f.name.as_bytes()))
    };
    message.fields().skip(2).map(field).collect::<Vec<_>>().join(" ")
}

pub(crate) fn request(kind: &str) -> Message {
    Message::new("hbapi-req").with("reqtype", kind).with("pid", "72").with("from_id", "72")
}

pub(crate) fn signon(peer: Peer, name: &str) -> Message {
    Message::new("hbapi-req")
        .with("reqtype", "signon")
        .with_decimal("pid", u64::from(peer.pid))
        .with("from_id", name)
        .with_decimal("uid", u64::from(peer.uid))
        .with_decimal("gid", u64::from(peer.gid))
}
