//! A daemon of one node in a thread: the product's sessions behind the product's sockets. What is submitted comes back, as
//! it does in a cluster.

use hb_base::{ClientId, Instant, Uuid};
use hb_ipc::{Framed, Framing, Incoming, Limits, Listener};
use hb_session::{
    Allowed, Ending, Fact, Input, LinkFact, NodeFact, Options, Output, Peer, Question, Session, Treatment,
};
use hb_wire::{Codec, Format, Keys, Message, Method};
use rustix::event::{PollFd, PollFlags, poll};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Duration;

/// Tells the daemon what happens in its cluster; it ends when this is dropped.
pub(crate) struct Daemon {
    pub(crate) socket: PathBuf,
    news: Sender<Message>,
    wake: std::io::PipeWriter,
    thread: Option<std::thread::JoinHandle<()>>,
    _dir: tempfile::TempDir,
}

impl Daemon {
    pub(crate) fn start() -> Daemon {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("register");
        let (news, heard) = channel();
        let (woken, wake) = std::io::pipe().unwrap();
        let listener = Listener::bind(&socket, 0o777, None).unwrap();
        let thread = Some(std::thread::spawn(move || Life::new(listener, heard, woken).live()));
        Daemon { socket, news, wake, thread, _dir: dir }
    }

    pub(crate) fn tell(&self, message: Message) {
        use std::io::Write;
        self.news.send(message).unwrap();
        (&self.wake).write_all(b"!").unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        use std::io::Write;
        let (nobody, _) = channel();
        self.news = nobody;
        (&self.wake).write_all(b"!").unwrap();
        self.thread.take().unwrap().join().unwrap();
    }
}

struct Life {
    listener: Listener,
    heard: Receiver<Message>,
    woken: std::io::PipeReader,
    session: Session,
    codec: Codec,
    clients: BTreeMap<ClientId, Framed>,
    next: u32,
    sequence: u64,
}

fn options() -> Options {
    let mut options = Options::new("n1");
    options.version = "test".into();
    let us = Allowed { users: vec![rustix::process::geteuid().as_raw()], groups: Vec::new() };
    options.permissions.0.insert("anon".into(), us.clone());
    options.permissions.0.insert("labcli".into(), us);
    options.parameters.insert("keepalive".into(), "500ms".into());
    options.uid = rustix::process::geteuid().as_raw();
    options
}

fn nodes() -> Vec<NodeFact> {
    let node = |name: &str, uuid, status: &str| NodeFact {
        name: name.into(),
        own: name == "n1",
        ping: status == "ping",
        status: status.into(),
        weight: 100,
        site: "here".into(),
        uuid: Uuid([uuid; 16]),
        links: vec![LinkFact { name: "eth0".into(), up: true }, LinkFact { name: "eth1".into(), up: false }],
    };
    vec![node("n1", 1, "active"), node("n2", 2, "active"), node("gate", 0, "ping")]
}

impl Life {
    fn new(listener: Listener, heard: Receiver<Message>, woken: std::io::PipeReader) -> Life {
        let codec = Codec::new(Keys::new(1, [(1, Method::Crc, Vec::new())]).unwrap(), Format::Classic);
        let session = Session::new(options());
        Life { listener, heard, woken, session, codec, clients: BTreeMap::new(), next: 1, sequence: 0 }
    }

    fn live(mut self) {
        loop {
            let mut fds =
                vec![PollFd::new(&self.listener, PollFlags::IN), PollFd::new(&self.woken, PollFlags::IN)];
            fds.extend(self.clients.values().map(|client| PollFd::new(client, PollFlags::IN)));
            poll(&mut fds, None).unwrap();
            if !fds[1].revents().is_empty() {
                use std::io::Read;
                self.woken.read_exact(&mut [0]).unwrap();
                match self.heard.try_recv() {
                    Ok(message) => self.deliver(message),
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            while let Some((fd, peer)) = self.listener.accept().unwrap() {
                let client = ClientId(self.next);
                self.next += 1;
                let framed = Framed::with_framing(fd, Framing::Classic, Limits::CLASSIC).unwrap();
                self.clients.insert(client, framed);
                let peer = Peer { pid: peer.pid, uid: peer.uid, gid: peer.gid };
                self.handle(Input::Connected { client, peer });
            }
            self.read();
        }
    }

    fn read(&mut self) {
        let ids: Vec<ClientId> = self.clients.keys().copied().collect();
        for client in ids {
            while let Some(framed) = self.clients.get_mut(&client) {
                match framed.receive() {
                    Ok(Incoming::Frame(bytes)) => {
                        let message = self.codec.decode_local(&bytes).unwrap();
                        self.handle(Input::Received { client, message });
                    }
                    Ok(Incoming::Pending) => break,
                    Ok(Incoming::Closed) | Err(_) => {
                        self.clients.remove(&client);
                        self.handle(Input::Closed { client, ending: Ending::Closed });
                    }
                }
            }
        }
    }

    fn deliver(&mut self, message: Message) {
        let treatment = Treatment::Keep;
        self.handle(Input::Delivered { message: Arc::new(message), treatment });
    }

    fn handle(&mut self, input: Input) {
        let mut submitted = VecDeque::new();
        self.session.handle(Instant::ZERO, input);
        while let Some(output) = self.session.poll() {
            match output {
                Output::Send { clients, message } => {
                    let bytes: Arc<[u8]> = self.codec.encode_local(&message).unwrap().into();
                    for client in clients {
                        let framed = self.clients.get_mut(&client).unwrap();
                        let _gone = framed.send_shared(bytes.clone());
                    }
                }
                Output::Close { client } => drop(self.clients.remove(&client)),
                Output::Ask { client, question, request } => {
                    let fact = fact(&question);
                    self.session.handle(Instant::ZERO, Input::Fact { client, request, fact });
                }
                Output::Submit { message } => submitted.push_back(message),
                Output::Probe { client, pid } => {
                    self.session.handle(Instant::ZERO, Input::Probed { client, pid, alive: true });
                }
                Output::Hold { .. } | Output::Signal { .. } | Output::Client { .. } | Output::Notice(_) => {}
            }
            while let Some(message) = submitted.pop_front() {
                self.sequence += 1;
                let message = message.with("src", "n1").with_hex("seq", self.sequence).with_hex("hg", 1);
                if message.text("dest").is_none_or(|dest| dest == "n1") {
                    let (message, treatment) = (Arc::new(message), Treatment::Keep);
                    self.session.handle(Instant::ZERO, Input::Delivered { message, treatment });
                }
            }
        }
    }
}

fn fact(question: &Question) -> Fact {
    match question {
        Question::Snapshots => Fact::Snapshots(Vec::new()),
        Question::Nodes => Fact::Nodes(nodes()),
        Question::Node(name) => Fact::Node(nodes().into_iter().find(|node| node.name == *name)),
        Question::Uuid(uuid) => Fact::Node(nodes().into_iter().find(|node| node.uuid == *uuid)),
        Question::Resources => Fact::Resources(Some("local")),
    }
}

/// Longer than anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
