//! hb-cluster under any order of events: what peers say, what children and the disk answer, time.

use hb_base::{Instant, MediumId, NodeName, Seq, Token, Uuid, WallTime};
use hb_cluster::{Autojoin, Cluster, Input, Medium, Options, Output, Record, Status, Stored, Timing};
use hb_wire::{Codec, Format, Keys, Message, Method};
use std::collections::BTreeMap;
use std::time::Duration;

/// Timers that may come due at one moment, one after another, before time must go on.
const TIMERS_AT_ONCE: usize = 64;
/// Missing numbers of one peer, and its messages that wait for them: the bounds of the machine.
const MISSING_MAX: usize = 499;
const HELD_MAX: usize = 1_001;

const PEERS: [&str; 3] = ["n2", "n3", "n4"];
/// What peers may say; the last field is chosen by the fuzzer.
const KINDS: [&str; 12] = [
    "status",
    "status",
    "app",
    "app",
    "NS_rexmit",
    "NS_ackmsg",
    "nak",
    "ip-request",
    "NS_st",
    "hbapi-clstat",
    "NS_reqnodesuuid",
    "shutdone",
];
const WORDS: [&str; 8] = ["active", "up", "dead", "init", "ping", "join", "leave", ""];
const NUMBERS: [u64; 8] = [0, 1, 2, 3, 60, 500, 100_000, u64::MAX];

fn name(text: &str) -> NodeName {
    NodeName::new(text).expect("a good name")
}

fn codec() -> Codec {
    let keys = Keys::new(1, [(1, Method::Crc, Vec::new())]).expect("one good key");
    Codec::new(keys, Format::Classic)
}

fn options(autojoin: Autojoin) -> Options {
    let nodes = ["n1", "n2", "n3"].map(name).to_vec();
    let mut options = Options::new(name("n1"), nodes, ["eth0", "eth1"].map(Medium::peers).to_vec());
    options.timing = Timing::new(Duration::from_millis(100), Duration::from_millis(1_000));
    options.autojoin = autojoin;
    options
}

struct World {
    cluster: Cluster,
    codec: Codec,
    now: Instant,
    drains: Vec<(MediumId, Token)>,
    persists: Vec<Token>,
    stored: Stored,
    /// Generation and number that each sender's ordered stream has reached.
    ordered: BTreeMap<NodeName, (u64, u64)>,
    left: bool,
}

impl World {
    fn new(autojoin: Autojoin) -> World {
        World {
            cluster: Cluster::new(options(autojoin), codec()),
            codec: codec(),
            now: Instant::from_millis(1_000),
            drains: Vec::new(),
            persists: Vec::new(),
            stored: Stored::default(),
            ordered: BTreeMap::new(),
            left: false,
        }
    }

    fn input(&mut self, input: Input) {
        self.cluster.handle(self.now, input);
        while let Some(output) = self.cluster.poll() {
            self.output(output);
        }
        for node in self.cluster.view().nodes() {
            assert!(node.missing() <= MISSING_MAX && node.held() <= HELD_MAX, "a bound is broken");
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Transmit { frame, .. } => {
                self.codec.decode_signed(&frame).expect("what is sent can be read");
            }
            Output::Drain { token, media } => {
                self.drains.extend(media.into_iter().map(|medium| (medium, token)));
            }
            Output::Persist { record, token } => {
                keep(&mut self.stored, &record);
                self.persists.push(token);
            }
            Output::Ordered { from, seq, message } => {
                self.reached(from, message.hex("hg").unwrap_or(0), seq, seq);
            }
            Output::Gap { from, first, last, .. } => {
                assert!(first <= last, "a gap that ends before it begins");
                let generation = self.ordered.get(&from).map_or(0, |at| at.0);
                self.reached(from, generation, first, last);
            }
            Output::Node { node, to, .. } => {
                assert!(node.as_str() != "n1" || to != Status::Dead, "it buries itself");
            }
            // A gap may be the first that is heard of the new generation, and does not name it.
            Output::Restarted { node } => self.ordered.entry(node).or_default().1 = 0,
            Output::Left => self.left = true,
            _ => {}
        }
    }

    /// Each sender's messages come in order, never twice, and what is given up stays given up.
    fn reached(&mut self, from: NodeName, generation: u64, first: Seq, last: Seq) {
        let at = self.ordered.entry(from).or_default();
        assert!(generation >= at.0, "generation {generation} after {at:?}");
        assert!(generation > at.0 || first.0 > at.1, "{first:?} after {at:?}");
        *at = (generation, last.0);
    }

    fn timers(&mut self) {
        for _ in 0..TIMERS_AT_ONCE {
            if self.cluster.deadline().is_none_or(|at| at > self.now) {
                return;
            }
            self.input(Input::Timer);
        }
        panic!("the deadline does not move on: {:?} at {:?}", self.cluster.deadline(), self.now);
    }
}

fn keep(stored: &mut Stored, record: &Record) {
    match record {
        Record::Generation(generation) => {
            let text = Record::generation_text(*generation).into_bytes();
            (stored.generation, stored.generation_copy) = (Some(text.clone()), Some(text));
        }
        Record::Uuid(uuid) => stored.uuid = Some(uuid.0.to_vec()),
        Record::HostCache(text) => stored.hostcache = Some(text.clone().into_bytes()),
        Record::DelHostCache(text) => stored.delhostcache = Some(text.clone().into_bytes()),
    }
}

fn start(world: &mut World, stored: Stored) {
    let wall = WallTime::from_unix_millis(1_800_000_000_000);
    world.input(Input::Start { stored, entropy: 7 });
    world.input(Input::Environment { wall, load: "0.5".into() });
}

/// The machine: four bytes an event.
pub fn machine(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let autojoin = [Autojoin::None, Autojoin::Other, Autojoin::Any][usize::from(*choice) % 3];
    let mut world = World::new(autojoin);
    start(&mut world, Stored::default());
    for event in bytes.chunks_exact(4) {
        let [kind, a, b, c] = [event[0], event[1], event[2], event[3]];
        step(&mut world, kind, a, b, c);
        if world.left {
            return;
        }
    }
}

fn step(world: &mut World, kind: u8, a: u8, b: u8, c: u8) {
    let medium = MediumId(a & 1);
    match kind % 16 {
        0..=7 => {
            let message = said(a, b, c, kind >> 4);
            let Ok(bytes) = world.codec.encode_signed(&message) else { return };
            world.input(Input::Packet { medium, stamp: world.now, bytes: bytes.into() });
        }
        8 | 9 => {
            world.now += Duration::from_millis(u64::from(a) * u64::from(b));
            world.timers();
        }
        10 => {
            for (medium, token) in core::mem::take(&mut world.drains) {
                world.input(Input::Drained { medium, token });
            }
        }
        11 => {
            for token in core::mem::take(&mut world.persists) {
                world.input(Input::Persisted { token });
            }
        }
        12 => {
            let message = Message::new("app").with("n", c.to_string());
            let to = PEERS.get(usize::from(a));
            world.input(Input::Submit { message: to.iter().fold(message, |m, to| m.with("dest", **to)) });
        }
        13 => world.input(Input::MediumState { medium, up: b & 1 == 0 }),
        14 => world.input(Input::Stalled { by: Duration::from_millis(u64::from(a) * 20) }),
        _ => match a % 8 {
            0 => world.input(Input::Drained { medium, token: Token(u64::from(b)) }),
            1 => world.input(Input::Persisted { token: Token(u64::from(b)) }),
            2 => {
                let keepalive = Duration::from_millis(u64::from(b) + 1);
                world.input(Input::Retune(Timing::new(keepalive, keepalive * (u32::from(c) + 3))));
            }
            3 => world.input(Input::Rekey(Box::new(codec()))),
            4 => world.input(Input::Client { name: format!("c{b}"), online: c & 1 == 0 }),
            5 => world.input(Input::Grace { extra: Duration::from_millis(u64::from(b)) }),
            6 if b == 7 => world.input(Input::Leave),
            _ => world.input(Input::Packet { medium, stamp: world.now, bytes: vec![a, b, c].into() }),
        },
    }
}

/// A correctly signed message of a peer. Few bits choose, so that streams of messages that fit together are likely.
fn said(a: u8, b: u8, c: u8, d: u8) -> Message {
    let from = usize::from(a >> 1) % 4;
    // The last one speaks in our own name.
    let name = PEERS.get(from).copied().unwrap_or("n1");
    let kind = KINDS[usize::from(a >> 3) % KINDS.len()];
    let number = |bits: u8| NUMBERS[usize::from(bits) % NUMBERS.len()];
    let digit = u8::try_from(from).unwrap_or(0) + 2;
    let mut message = Message::new(kind)
        .with("src", name)
        .with_uuid("srcuuid", Uuid([digit; 16]))
        .with_hex("hg", 100 + u64::from(d & 3))
        .with_hex("ts", 0x6b00_0000 + u64::from(c))
        .with("ttl", "3");
    if b & 1 == 0 {
        let seq = if c & 0x80 == 0 { u64::from(c & 0x7f) } else { number(c) };
        message = message.with_hex("seq", seq);
    }
    if b & 2 == 0 {
        message = message
            .with("st", WORDS[usize::from(b >> 2) % WORDS.len()])
            .with_hex("dt", number(c).saturating_mul(10));
    }
    if b & 0x20 != 0 {
        message = message.with("hbx", "1");
    }
    if b & 0x40 != 0 {
        message = message.with_decimal("firstseq", number(c)).with_decimal("lastseq", number(c >> 3));
        message = message.with_hex("ackseq", number(c >> 5)).with("dest", "n1");
    }
    if b & 0x80 != 0 {
        message = message.with("dest", WORDS[usize::from(c) % WORDS.len()]);
    }
    message
}

/// The durable files, each behind its first byte, which says whether it is there, and up to a `NUL NUL`: whatever they
/// hold, the node starts in a generation above the one on disk and would find itself again.
pub fn stored(bytes: &[u8]) {
    let mut files = split(bytes).map(|piece| match piece.split_first() {
        Some((0, _)) | None => None,
        Some((_, rest)) => Some(rest.to_vec()),
    });
    let mut file = || files.next().flatten();
    let stored = Stored {
        generation: file(),
        generation_copy: file(),
        uuid: file(),
        hostcache: file(),
        delhostcache: file(),
    };
    let mut world = World::new(Autojoin::Any);
    world.stored = stored.clone();
    start(&mut world, stored);
    for token in core::mem::take(&mut world.persists) {
        world.input(Input::Persisted { token });
    }
    let first = (world.cluster.view().generation(), world.cluster.view().uuid());
    let names = |world: &World| -> Vec<String> {
        world.cluster.view().nodes().map(|node| node.name().to_string()).collect()
    };
    let mut again = World::new(Autojoin::Any);
    let kept = world.stored.clone();
    again.stored = kept.clone();
    start(&mut again, kept);
    for token in core::mem::take(&mut again.persists) {
        again.input(Input::Persisted { token });
    }
    let view = again.cluster.view();
    assert!(view.generation() > first.0, "{:?} after {:?}", view.generation(), first.0);
    assert_eq!(view.uuid(), first.1);
    assert_eq!(names(&again), names(&world));
}

fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    core::iter::from_fn(move || {
        let all = rest?;
        match all.windows(2).position(|pair| pair == [0, 0]) {
            Some(at) => {
                rest = all.get(at + 2..);
                all.get(..at)
            }
            None => rest.take(),
        }
    })
}
