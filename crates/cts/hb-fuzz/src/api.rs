//! The Heartbeat API: the original's framing, and the sessions under any order of events.

use hb_base::{ClientId, Instant};
use hb_ipc::{Framed, FramedError, Framing, Incoming, Limits};
use hb_session::{
    Allowed, CLIENTS_MAX, Ending, Fact, Input, LinkFact, NodeFact, Options, Output, Peer, Question, Session,
    Treatment,
};
use hb_wire::Message;
use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

/// Shorter than what the socket's buffer takes at once.
const STREAM_BYTES: usize = 64 << 10;

/// Frames do not depend on the pieces that are read. The first byte is the length of the pieces.
pub fn frames(bytes: &[u8]) {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    if bytes.len() > STREAM_BYTES {
        return;
    }
    let whole = cut(bytes, bytes.len().max(1));
    assert_eq!(cut(bytes, usize::from(*piece) * 16 + 1), whole);
}

/// Every frame, and whether the connection broke.
fn cut(bytes: &[u8], length: usize) -> (Vec<Vec<u8>>, bool) {
    let (ours, mut theirs) = UnixStream::pair().expect("two sockets");
    let mut framed = Framed::with_framing(ours.into(), Framing::Classic, Limits::CLASSIC).expect("a socket");
    let mut frames = Vec::new();
    let mut take = |framed: &mut Framed| loop {
        match framed.receive() {
            Ok(Incoming::Frame(frame)) => {
                assert!(!frame.is_empty() && frame.len() <= Limits::CLASSIC.receive_bytes);
                frames.push(frame);
            }
            Ok(Incoming::Pending) => return Some(true),
            Ok(Incoming::Closed) => return Some(false),
            Err(error) => {
                assert!(!matches!(error, FramedError::TimedOut(_)), "nobody waited");
                return None;
            }
        }
    };
    for piece in bytes.chunks(length) {
        theirs.write_all(piece).expect("it fits");
        if take(&mut framed).is_none() {
            return (frames, true);
        }
    }
    drop(theirs);
    let broken = take(&mut framed).is_none();
    (frames, broken)
}

const NAMES: [&str; 5] = ["labcli", "ccm", "72", "nosuch", ""];
const REQUESTS: [&str; 14] = [
    "signon",
    "signoff",
    "nodelist",
    "nodestatus",
    "iflist",
    "ifstatus",
    "clientstatus",
    "getparm",
    "getrsc",
    "getuuid",
    "setfilter",
    "setsignal",
    "set_sendqlen",
    "nosuch",
];
const VALUES: [&str; 8] = ["n1", "n2", "zz", "eth0", "1", "3f", "-1", "keepalive"];

struct World {
    session: Session,
    now: Instant,
    next: u32,
    /// Connections that were not closed by either side.
    open: BTreeSet<ClientId>,
    online: BTreeSet<String>,
}

/// Bytes are events, three bytes each.
pub fn sessions(bytes: &[u8]) {
    let mut options = Options::new("n1");
    let root = Allowed { users: vec![0], groups: Vec::new() };
    options.permissions.0.extend(["anon", "labcli", "ccm"].map(|name| (name.to_owned(), root.clone())));
    let session = Session::new(options);
    let (open, online) = (BTreeSet::new(), BTreeSet::new());
    let mut world = World { session, now: Instant::ZERO, next: 1, open, online };
    for event in bytes.as_chunks::<3>().0 {
        world.event(*event);
    }
}

fn pick<'a>(from: &[&'a str], by: u8) -> &'a str {
    from[usize::from(by) % from.len()]
}

impl World {
    fn event(&mut self, [kind, who, what]: [u8; 3]) {
        let count = self.open.len().max(1);
        let client = self.open.iter().nth(usize::from(who) % count).copied().unwrap_or_default();
        match kind % 10 {
            0 => {
                let client = ClientId(self.next);
                self.next += 1;
                self.open.insert(client);
                let peer = Peer { pid: 70 + u32::from(what % 4), uid: u32::from(what % 5 == 4), gid: 0 };
                self.handle(Input::Connected { client, peer });
            }
            1..=3 => self.handle(Input::Received { client, message: signon(who, what) }),
            4 | 5 => self.handle(Input::Received { client, message: request(who, what) }),
            6 => self.handle(Input::Waiting { client, messages: usize::from(what) * 40 }),
            7 => {
                self.now += Duration::from_millis(u64::from(what) * 100);
                self.handle(Input::Timer);
            }
            8 => {
                self.open.remove(&client);
                let ending = if what.is_multiple_of(2) { Ending::Closed } else { Ending::SendFailed };
                self.handle(Input::Closed { client, ending });
            }
            _ if what.is_multiple_of(3) => self.handle(Input::Garbage { client }),
            _ => {
                let message = Arc::new(Message::new("news").with("to_id", pick(&NAMES, what)));
                self.handle(Input::Delivered { message, treatment: Treatment::Keep });
            }
        }
    }

    fn handle(&mut self, input: Input) {
        self.session.handle(self.now, input);
        while let Some(output) = self.session.poll() {
            self.carry_out(output);
        }
        let view = self.session.view();
        assert!(view.clients().count() <= CLIENTS_MAX);
        assert!(view.clients().all(|client| client.name().is_none_or(|name| self.online.contains(name))));
        assert_eq!(view.clients().filter(|client| client.name().is_some()).count(), self.online.len());
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Send { clients, .. } => {
                assert!(clients.iter().all(|client| self.open.contains(client)), "sent to nobody");
            }
            Output::Close { client } => assert!(self.open.remove(&client), "closed twice"),
            Output::Hold { client, .. } => assert!(self.open.contains(&client)),
            Output::Probe { client, pid } => {
                self.session.handle(self.now, Input::Probed { client, pid, alive: !pid.is_multiple_of(7) });
            }
            Output::Signal { signal, .. } => {
                assert!((1..32).contains(&signal) && signal != 9 && signal != 19);
            }
            Output::Ask { client, question, request } => {
                let fact = fact(&question);
                self.session.handle(self.now, Input::Fact { client, request, fact });
            }
            Output::Submit { message } => {
                assert!(message.kind() != Some("status"), "in the daemon's name");
                let (message, treatment) = (Arc::new(message), Treatment::Keep);
                self.session.handle(self.now, Input::Delivered { message, treatment });
            }
            Output::Client { name, online: true } => assert!(self.online.insert(name), "on twice"),
            Output::Client { name, online: false } => assert!(self.online.remove(&name), "off twice"),
            Output::Notice(_) => {}
        }
    }
}

fn signon(who: u8, what: u8) -> Message {
    let pid = 70 + u64::from(what % 4);
    let name = if who.is_multiple_of(3) { pid.to_string() } else { pick(&NAMES, who).to_owned() };
    Message::new("hbapi-req")
        .with("reqtype", "signon")
        .with_decimal("pid", pid)
        .with("from_id", name)
        .with_decimal("uid", u64::from(what % 5 == 4))
        .with_decimal("gid", 0)
}

fn request(who: u8, what: u8) -> Message {
    if what % 8 == 7 {
        return Message::new(if what > 128 { "labmsg" } else { "status" });
    }
    let mut request = Message::new("hbapi-req").with("reqtype", pick(&REQUESTS, what));
    request.set_decimal("pid", 70 + u64::from(who % 4));
    for (at, field) in
        ["node", "ifname", "cn", "pname", "queryname", "fmask", "signal", "sendqlen"].iter().enumerate()
    {
        if u32::from(who) >> at & 1 == 1 {
            request.set(*field, pick(&VALUES, what.wrapping_add(at as u8)));
        }
    }
    request.with("from_id", pick(&NAMES, who))
}

fn node(name: &str) -> NodeFact {
    NodeFact {
        name: name.to_owned(),
        own: name == "n1",
        ping: false,
        status: "active".into(),
        weight: 100,
        site: String::new(),
        uuid: hb_base::Uuid::NIL,
        links: vec![LinkFact { name: "eth0".into(), up: true }],
    }
}

fn fact(question: &Question) -> Fact {
    match question {
        Question::Snapshots => Fact::Snapshots(Vec::new()),
        Question::Nodes => Fact::Nodes(vec![node("n1"), node("n2")]),
        Question::Node(name) => Fact::Node(["n1", "n2"].contains(&name.as_str()).then(|| node(name))),
        Question::Uuid(_) => Fact::Node(None),
        Question::Resources => Fact::Resources(Some("local")),
    }
}
