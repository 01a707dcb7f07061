//! One machine, `n1`, and peers that say exactly what a test wants them to say.
#![allow(dead_code)]

use core::time::Duration;
use hb_base::{Generation, Instant, MediumId, NodeName, Token, Uuid, WallTime};
use hb_cluster::{Class, Cluster, Input, Medium, NodeView, Options, Output, Record, Stored, Timing};
use hb_wire::{Codec, Format, Keys, Message, Method};

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn codec() -> Codec {
    Codec::new(Keys::new(1, [(1, Method::Crc, Vec::new())]).unwrap(), Format::Classic)
}

pub(crate) fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

/// keepalive 500 ms, deadtime 4 s, initdead 10 s, two media, nodes n1 (us), n2, n3.
pub(crate) fn options(nodes: &[&str]) -> Options {
    let nodes = nodes.iter().map(|node| name(node)).collect();
    let media = ["eth0", "eth1"].map(Medium::peers).to_vec();
    let mut options = Options::new(name("n1"), nodes, media);
    options.timing = Timing::new(ms(500), ms(4_000));
    options.timing.initdead = ms(10_000);
    options
}

pub(crate) const WALL: u64 = 0x6a00_0000;

/// A scripted peer.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) uuid: Uuid,
    pub(crate) generation: u64,
    pub(crate) seq: u64,
    pub(crate) ts: u64,
    pub(crate) hbx: bool,
}

impl Peer {
    pub(crate) fn new(name: &'static str) -> Peer {
        let digit = name.as_bytes()[name.len() - 1];
        Peer { name, uuid: Uuid([digit; 16]), generation: 100, seq: 0, ts: WALL, hbx: false }
    }

    pub(crate) fn ours(name: &'static str) -> Peer {
        Peer { hbx: true, ..Peer::new(name) }
    }

    /// With control fields and this number.
    pub(crate) fn at(&self, seq: u64, message: Message) -> Message {
        message
            .with("src", self.name)
            .with_uuid("srcuuid", self.uuid)
            .with_hex("seq", seq)
            .with_hex("hg", self.generation)
            .with_hex("ts", self.ts)
            .with("ld", "0")
            .with("ttl", "3")
    }

    /// With the next number.
    pub(crate) fn next(&mut self, message: Message) -> Message {
        self.seq += 1;
        self.at(self.seq, message)
    }

    pub(crate) fn status(&self, st: &str) -> Message {
        let message = Message::new("status").with("st", st).with_hex("dt", 4_000).with("protocol", "1");
        if self.hbx { message.with("hbx", "1") } else { message }
    }

    /// Without number.
    pub(crate) fn control(&self, message: Message) -> Message {
        message
            .with("src", self.name)
            .with_uuid("srcuuid", self.uuid)
            .with_hex("hg", self.generation)
            .with_hex("ts", self.ts)
    }
}

pub(crate) fn app(text: &str) -> Message {
    Message::new("app").with("n", text)
}

pub(crate) struct Talk {
    pub(crate) cluster: Cluster,
    pub(crate) now: Instant,
    /// Everything that came out since it was last taken.
    pub(crate) out: Vec<Output>,
    /// Frames sent since last taken, decoded.
    pub(crate) sent: Vec<(Class, Message)>,
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) answers_drains: bool,
    pub(crate) persists: bool,
    pub(crate) stored: Stored,
}

impl Talk {
    pub(crate) fn idle(options: Options) -> Talk {
        Talk {
            cluster: Cluster::new(options, codec()),
            now: Instant::from_millis(1_000),
            out: Vec::new(),
            sent: Vec::new(),
            frames: Vec::new(),
            answers_drains: true,
            persists: true,
            stored: Stored::default(),
        }
    }

    pub(crate) fn start(&mut self, stored: Stored) {
        self.input(Input::Environment { wall: WallTime::from_unix_millis(WALL * 1_000), load: "0.5".into() });
        self.input(Input::Start { stored, entropy: 42 });
    }

    /// Started; nobody was heard.
    pub(crate) fn started(options: Options) -> Talk {
        let mut talk = Talk::idle(options);
        talk.start(Stored {
            generation: Some(Record::generation_text(Generation(9)).into_bytes()),
            ..Stored::default()
        });
        talk
    }

    /// In service with these peers, each of which has said `status active` with its number 1. Nothing is pending.
    pub(crate) fn active(peers: &mut [&mut Peer]) -> Talk {
        let mut nodes = vec!["n1"];
        nodes.extend(peers.iter().map(|peer| peer.name));
        Talk::active_with(options(&nodes), peers)
    }

    pub(crate) fn active_with(options: Options, peers: &mut [&mut Peer]) -> Talk {
        let mut talk = Talk::started(options);
        for peer in peers.iter_mut() {
            let status = peer.status("active");
            let status = peer.next(status);
            talk.hear(&status);
        }
        let first = &mut *peers[0];
        let reply = Message::new("repnodes")
            .with("dest", "n1")
            .with(
                "nodelist",
                talk.cluster.view().nodes().map(|node| format!("{} ", node.name())).collect::<String>(),
            )
            .with("delnodelist", " ");
        let reply = first.next(reply);
        talk.hear(&reply);
        assert_eq!(talk.cluster.view().phase(), hb_cluster::Phase::Active);
        talk.take();
        talk
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.cluster.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.cluster.poll() {
            match &output {
                Output::Transmit { class, frame } => {
                    self.sent.push((*class, codec().decode_signed(frame).unwrap()));
                    self.frames.push(frame.to_vec());
                    continue;
                }
                Output::Persist { record, token } => {
                    let bytes = |text: &str| Some(text.as_bytes().to_vec());
                    match record {
                        Record::Generation(g) => {
                            self.stored.generation = Some(Record::generation_text(*g).into_bytes());
                        }
                        Record::Uuid(uuid) => self.stored.uuid = Some(uuid.0.to_vec()),
                        Record::HostCache(text) => self.stored.hostcache = bytes(text),
                        Record::DelHostCache(text) => self.stored.delhostcache = bytes(text),
                    }
                    if self.persists {
                        let token = *token;
                        self.cluster.handle(self.now, Input::Persisted { token });
                    }
                }
                Output::Drain { token, media } if self.answers_drains => {
                    for medium in media.clone() {
                        self.cluster.handle(self.now, Input::Drained { medium, token: *token });
                    }
                }
                _ => {}
            }
            self.out.push(output);
        }
    }

    /// A frame on the first medium, received and read now.
    pub(crate) fn hear(&mut self, message: &Message) {
        self.hear_on(0, message);
    }

    pub(crate) fn hear_on(&mut self, medium: u8, message: &Message) {
        self.hear_late(medium, message, self.now);
    }

    /// A frame that the kernel received at `stamp` and that is read only now.
    pub(crate) fn hear_late(&mut self, medium: u8, message: &Message, stamp: Instant) {
        let bytes = codec().encode_signed(message).unwrap();
        self.input(Input::Packet { medium: MediumId(medium), stamp, bytes: bytes.into() });
    }

    /// Lets time pass; timers are punctual.
    pub(crate) fn after(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.cluster.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.input(Input::Timer);
        }
        self.now = end;
    }

    /// Forgets what was sent and put out so far.
    pub(crate) fn take(&mut self) -> Vec<Output> {
        self.sent.clear();
        self.frames.clear();
        std::mem::take(&mut self.out)
    }

    /// Takes the sent messages of this type.
    pub(crate) fn sent(&mut self, kind: &str) -> Vec<Message> {
        let sent = std::mem::take(&mut self.sent);
        self.frames.clear();
        sent.into_iter().map(|(_, message)| message).filter(|message| message.kind() == Some(kind)).collect()
    }

    /// Takes the outputs; texts of delivered application messages.
    pub(crate) fn delivered(&mut self) -> Vec<String> {
        let out = std::mem::take(&mut self.out);
        out.iter()
            .filter_map(|output| match output {
                Output::Deliver { message, .. } => message.text("n").map(String::from),
                _ => None,
            })
            .collect()
    }

    /// Takes the outputs; what came on the ordered side: texts, and lost ranges as `first-last`.
    pub(crate) fn ordered(&mut self) -> Vec<String> {
        let out = std::mem::take(&mut self.out);
        out.iter()
            .filter_map(|output| match output {
                Output::Ordered { message, .. } => message.text("n").map(String::from),
                Output::Gap { first, last, reason, .. } => Some(format!("{first}-{last} {}", reason.word())),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn noticed(&self, code: &str) -> bool {
        self.out.iter().any(|output| matches!(output, Output::Notice(notice) if notice.code == code))
    }

    pub(crate) fn node(&self, name: &str) -> NodeView<'_> {
        self.cluster.view().node(name).unwrap()
    }

    pub(crate) fn status(&self, name: &str) -> String {
        self.node(name).status().to_string()
    }

    pub(crate) fn link(&self, node: &str, medium: u8) -> bool {
        let node = self.node(node);
        node.links().any(|(id, _, up, _)| id == MediumId(medium) && up)
    }

    /// The token of the newest request to drain.
    pub(crate) fn drain_token(&self) -> Option<Token> {
        self.out.iter().rev().find_map(|output| match output {
            Output::Drain { token, .. } => Some(*token),
            _ => None,
        })
    }
}
