//! Several machines joined by a virtual network that loses, delays, swaps and duplicates.
#![allow(dead_code)]

use core::time::Duration;
use hb_base::{Instant, MediumId, NodeName, Rng, WallTime};
use hb_cluster::{Class, Cluster, Flow, Input, Medium, Options, Output, Phase, Stored, Timing};
use hb_wire::{Codec, Format, Keys, Message, Method};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(crate) const MS: Duration = Duration::from_millis(1);

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn name(n: usize) -> NodeName {
    NodeName::new(&format!("n{}", n + 1)).unwrap()
}

pub(crate) fn codec() -> Codec {
    Codec::new(Keys::new(1, [(1, Method::Sha1, b"secret".to_vec())]).unwrap(), Format::Netstring)
}

pub(crate) fn fast_timing() -> Timing {
    let mut timing = Timing::new(ms(20), ms(200));
    timing.initdead = ms(600);
    timing
}

/// Options of node `n` of `count` on `media` media.
pub(crate) fn options(n: usize, count: usize, media: usize) -> Options {
    let nodes = (0..count).map(name).collect();
    let media = (0..media).map(|m| Medium::peers(format!("eth{m}"))).collect();
    let mut options = Options::new(name(n), nodes, media);
    options.timing = fast_timing();
    options
}

/// What one machine did, as its neighbours saw it.
#[derive(Default)]
pub(crate) struct Diary {
    pub(crate) delivered: Vec<(NodeName, Message)>,
    pub(crate) ordered: Vec<(NodeName, u64, String)>,
    /// Messages with a field `n` in `ordered`, by sender.
    pub(crate) tally: BTreeMap<NodeName, usize>,
    pub(crate) gaps: Vec<(NodeName, u64, u64)>,
    /// The ordered side of each sender.
    pub(crate) streams: BTreeMap<NodeName, Vec<Item>>,
    /// Generation and number of everything sent to all that is delivered.
    pub(crate) said: Vec<(u64, u64)>,
    pub(crate) notices: Vec<(Instant, &'static str, String)>,
    pub(crate) events: Vec<(Instant, Output)>,
    pub(crate) communication_up_at: Option<Instant>,
    pub(crate) repeats: u64,
    pub(crate) left: bool,
}

/// An entry of the ordered side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Item {
    /// Generation, number.
    Message(u64, u64),
    Lost(u64, u64),
}

pub(crate) struct Host {
    pub(crate) cluster: Cluster,
    pub(crate) diary: Diary,
    pub(crate) alive: bool,
    pub(crate) paused: bool,
    /// While set, submissions wait here.
    pub(crate) backlog: VecDeque<Message>,
    pub(crate) stop_sending: bool,
    /// Inputs held back while this host is paused.
    held: Vec<Event>,
    /// Readers that hold frames back: medium to frames and drain requests.
    pub(crate) stuck: BTreeMap<u8, Vec<Input>>,
    pub(crate) stored: Stored,
}

#[derive(Clone)]
enum Event {
    Packet { to: usize, medium: u8, stamp: Instant, bytes: Vec<u8> },
    Wake { to: usize },
}

/// Whether a frame is lost: from, to, class, message.
pub(crate) type Drop = Box<dyn FnMut(usize, usize, Class, &Message) -> bool>;

pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) hosts: Vec<Host>,
    pub(crate) rng: Rng,
    /// Percent of frames lost on each medium for each receiver.
    pub(crate) loss: u64,
    pub(crate) duplicate: u64,
    pub(crate) delay: (Duration, Duration),
    /// Receiver, medium pairs that hear nothing.
    pub(crate) deaf: Vec<(usize, u8)>,
    /// Drops exactly these first transmissions: receiver and predicate on the message.
    pub(crate) drop: Option<Drop>,
    /// By time, then by age.
    queue: BTreeMap<(Instant, u64), Event>,
    next: u64,
}

impl Net {
    pub(crate) fn new(seed: u64, machines: Vec<Options>) -> Net {
        let hosts = machines.into_iter().map(|options| Host {
            cluster: Cluster::new(options, codec()),
            diary: Diary::default(),
            alive: false,
            paused: false,
            backlog: VecDeque::new(),
            stop_sending: false,
            held: Vec::new(),
            stuck: BTreeMap::new(),
            stored: Stored::default(),
        });
        Net {
            now: Instant::from_millis(1_000),
            hosts: hosts.collect(),
            rng: Rng::new(seed),
            loss: 0,
            duplicate: 0,
            delay: (Duration::from_micros(50), Duration::from_micros(300)),
            deaf: Vec::new(),
            drop: None,
            queue: BTreeMap::new(),
            next: 0,
        }
    }

    /// `count` machines of default test options, started.
    pub(crate) fn started(seed: u64, count: usize, media: usize) -> Net {
        let mut net = Net::new(seed, (0..count).map(|n| options(n, count, media)).collect());
        for n in 0..count {
            net.start(n);
        }
        net
    }

    /// The same, and in service.
    pub(crate) fn formed(seed: u64, count: usize, media: usize) -> Net {
        let mut net = Net::started(seed, count, media);
        net.until(ms(5_000), |net| net.hosts.iter().all(|host| host.cluster.view().phase() == Phase::Active));
        net
    }

    pub(crate) fn start(&mut self, n: usize) {
        self.hosts[n].alive = true;
        let entropy = self.rng.next_u64();
        let stored = self.hosts[n].stored.clone();
        self.environment(n);
        self.input(n, Input::Start { stored, entropy });
    }

    fn environment(&mut self, n: usize) {
        let wall = WallTime::from_unix_millis(1_790_000_000_000 + self.now.as_nanos() / 1_000_000);
        self.input(n, Input::Environment { wall, load: "0.00 0.00 0.00 1/2 3".into() });
    }

    /// Starts a host's machine anew, with what it had stored.
    pub(crate) fn restart(&mut self, n: usize) {
        let options = self.hosts[n].cluster.view().options().clone();
        let host = &mut self.hosts[n];
        host.cluster = Cluster::new(options, codec());
        // What it says still counts; what it heard before was heard by another.
        host.diary.delivered.clear();
        host.diary.streams.clear();
        host.held.clear();
        host.stop_sending = false;
        self.start(n);
    }

    pub(crate) fn kill(&mut self, n: usize) {
        self.hosts[n].alive = false;
    }

    pub(crate) fn submit(&mut self, n: usize, message: Message) {
        self.input(n, Input::Submit { message });
    }

    /// Hands a message in as soon as the host's senders may go on.
    pub(crate) fn submit_patiently(&mut self, n: usize, message: Message) {
        self.hosts[n].backlog.push_back(message);
        self.pump(n);
    }

    fn pump(&mut self, n: usize) {
        while !self.hosts[n].stop_sending
            && let Some(message) = self.hosts[n].backlog.pop_front()
        {
            self.handle(n, Input::Submit { message });
        }
    }

    pub(crate) fn input(&mut self, n: usize, input: Input) {
        self.handle(n, input);
        self.pump(n);
    }

    fn handle(&mut self, n: usize, input: Input) {
        let now = self.now;
        self.hosts[n].cluster.handle(now, input);
        while let Some(output) = self.hosts[n].cluster.poll() {
            self.carry_out(n, output);
        }
        if let Some(at) = self.hosts[n].cluster.deadline() {
            self.schedule(at.max(now), Event::Wake { to: n });
        }
    }

    fn schedule(&mut self, at: Instant, event: Event) {
        self.next += 1;
        self.queue.insert((at, self.next), event);
    }

    fn carry_out(&mut self, n: usize, output: Output) {
        let diary = &mut self.hosts[n].diary;
        match &output {
            Output::Transmit { class, frame } => {
                match class {
                    Class::Repeat => diary.repeats += 1,
                    Class::Control => {}
                    Class::Status | Class::Sequenced => {
                        let message = codec().decode_signed(frame).unwrap();
                        let internal =
                            matches!(message.kind(), Some("reqnodes" | "repnodes" | "query-cstatus"));
                        if message.value("dest").is_none() && !internal {
                            diary.said.push((message.hex("hg").unwrap(), message.hex("seq").unwrap()));
                        }
                    }
                }
                return self.transmit(n, *class, frame);
            }
            Output::Persist { record, token } => {
                use hb_cluster::Record;
                let stored = &mut self.hosts[n].stored;
                match record {
                    Record::Generation(generation) => {
                        stored.generation = Some(Record::generation_text(*generation).into_bytes());
                        stored.generation_copy = stored.generation.clone();
                    }
                    Record::Uuid(uuid) => stored.uuid = Some(uuid.0.to_vec()),
                    Record::HostCache(text) => stored.hostcache = Some(text.clone().into_bytes()),
                    Record::DelHostCache(text) => stored.delhostcache = Some(text.clone().into_bytes()),
                }
                return self.handle(n, Input::Persisted { token: *token });
            }
            Output::Drain { token, media } => {
                for medium in media.clone() {
                    let answer = Input::Drained { medium, token: *token };
                    match self.hosts[n].stuck.get_mut(&medium.0) {
                        Some(held) => held.push(answer),
                        None => self.handle(n, answer),
                    }
                }
            }
            Output::Deliver { from, message, .. } => {
                let copy = (**message).clone();
                diary.delivered.push((from.clone(), copy));
            }
            Output::Ordered { from, seq, message } => {
                let text = message.text("n").unwrap_or_default();
                *diary.tally.entry(from.clone()).or_default() += usize::from(!text.is_empty());
                diary.ordered.push((from.clone(), seq.0, text.into()));
                let generation = message.hex("hg").unwrap();
                diary.streams.entry(from.clone()).or_default().push(Item::Message(generation, seq.0));
            }
            Output::Gap { from, first, last, .. } => {
                diary.gaps.push((from.clone(), first.0, last.0));
                diary.streams.entry(from.clone()).or_default().push(Item::Lost(first.0, last.0));
            }
            Output::Notice(notice) => diary.notices.push((self.now, notice.code, notice.subject.clone())),
            Output::Flow(flow) => self.hosts[n].stop_sending = *flow == Flow::Pause,
            Output::CommunicationUp => diary.communication_up_at = Some(self.now),
            Output::Left => diary.left = true,
            _ => {}
        }
        self.hosts[n].diary.events.push((self.now, output));
    }

    fn transmit(&mut self, from: usize, class: Class, frame: &[u8]) {
        let media = self.hosts[from].cluster.view().options().media.len() as u8;
        for to in 0..self.hosts.len() {
            if to == from || !self.hosts[from].alive {
                continue;
            }
            if let Some(drop) = &mut self.drop {
                let message = codec().decode_signed(frame).unwrap();
                if drop(from, to, class, &message) {
                    continue;
                }
            }
            for medium in 0..media {
                if self.deaf.contains(&(to, medium)) {
                    continue;
                }
                let copies = 1 + u64::from(self.rng.chance(self.duplicate, 100));
                for _ in 0..copies {
                    if self.rng.chance(self.loss, 100) {
                        continue;
                    }
                    let at = self.now + self.rng.between(self.delay.0, self.delay.1);
                    self.schedule(at, Event::Packet { to, medium, stamp: at, bytes: frame.to_vec() });
                }
            }
        }
    }

    /// Handles the next event; false when there is none before `limit`.
    fn step(&mut self, limit: Instant) -> bool {
        let due = self.queue.first_entry().filter(|entry| entry.key().0 <= limit);
        let Some(((at, _), event)) = due.map(|entry| entry.remove_entry()) else {
            self.now = limit;
            return false;
        };
        self.now = self.now.max(at);
        let (Event::Packet { to, .. } | Event::Wake { to }) = event;
        if !self.hosts[to].alive {
            return true;
        }
        if self.hosts[to].paused {
            self.hosts[to].held.push(event);
            return true;
        }
        match event {
            Event::Packet { to, medium, stamp, bytes } => {
                let input = Input::Packet { medium: MediumId(medium), stamp, bytes: bytes.into() };
                match self.hosts[to].stuck.get_mut(&medium) {
                    Some(held) => held.push(input),
                    None => self.input(to, input),
                }
            }
            Event::Wake { to } => {
                if self.hosts[to].cluster.deadline().is_some_and(|due| due <= self.now) {
                    self.input(to, Input::Timer);
                }
            }
        }
        true
    }

    pub(crate) fn pause(&mut self, n: usize) {
        self.hosts[n].paused = true;
    }

    /// Lets a paused host go on: first its timers, as an event loop that wakes late may do, then what it missed.
    pub(crate) fn resume(&mut self, n: usize) {
        self.hosts[n].paused = false;
        let held = std::mem::take(&mut self.hosts[n].held);
        self.input(n, Input::Timer);
        for event in held {
            if let Event::Packet { to, medium, stamp, bytes } = event {
                self.input(to, Input::Packet { medium: MediumId(medium), stamp, bytes: bytes.into() });
            }
        }
    }

    /// Lets a stuck reader go on.
    pub(crate) fn unstick(&mut self, n: usize, medium: u8) {
        for input in self.hosts[n].stuck.remove(&medium).unwrap_or_default() {
            self.input(n, input);
        }
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let limit = self.now + time;
        while self.step(limit) {}
    }

    /// Runs until `done`; panics when it does not come.
    pub(crate) fn until(&mut self, time: Duration, done: impl Fn(&Net) -> bool) {
        let limit = self.now + time;
        while !done(self) {
            assert!(self.step(limit), "did not happen within {time:?}");
        }
    }

    /// How many messages of `from` with a field `n` came in order.
    pub(crate) fn tally(&self, at: usize, from: usize) -> usize {
        self.hosts[at].diary.tally.get(&name(from)).copied().unwrap_or(0)
    }

    /// Texts of the field `n` that `at` got from `from` at arrival.
    pub(crate) fn received(&self, at: usize, from: usize) -> Vec<String> {
        let from = name(from);
        let delivered = self.hosts[at].diary.delivered.iter().filter(|(sender, _)| *sender == from);
        delivered.filter_map(|(_, message)| message.text("n").map(String::from)).collect()
    }

    /// The same on the ordered side.
    pub(crate) fn received_in_order(&self, at: usize, from: usize) -> Vec<String> {
        let from = name(from);
        let ordered = self.hosts[at]
            .diary
            .ordered
            .iter()
            .filter(|(sender, _, text)| *sender == from && !text.is_empty());
        ordered.map(|(_, _, text)| text.clone()).collect()
    }

    /// Nothing comes twice, nothing out of order, nothing is passed over without a word.
    pub(crate) fn check_streams(&self) {
        for (at, host) in self.hosts.iter().enumerate() {
            let mut seen = BTreeSet::new();
            for (from, message) in &host.diary.delivered {
                let number = message.hex("seq").map(|seq| (from.clone(), message.hex("hg"), seq));
                assert!(number.is_none_or(|number| seen.insert(number)), "twice at n{}: {message:?}", at + 1);
            }
            for from in 0..self.hosts.len() {
                let said: BTreeSet<_> = self.hosts[from].diary.said.iter().copied().collect();
                let stream = host.diary.streams.get(&name(from)).map_or(&[][..], |stream| stream);
                check_stream(stream, &said, &format!("n{} of n{}", at + 1, from + 1));
            }
        }
    }

    pub(crate) fn status(&self, at: usize, of: usize) -> String {
        self.hosts[at].cluster.view().node(&name(of)).map_or("none".into(), |node| node.status().to_string())
    }

    pub(crate) fn count(&self, at: usize, code: &str) -> usize {
        self.hosts[at].diary.notices.iter().filter(|(_, c, _)| *c == code).count()
    }

    pub(crate) fn deaths(&self, at: usize) -> usize {
        self.count(at, hb_cluster::notices::NODE_DEAD)
    }
}

pub(crate) fn app(n: usize) -> Message {
    Message::new("app").with("n", n.to_string())
}

fn check_stream(stream: &[Item], said: &BTreeSet<(u64, u64)>, whose: &str) {
    // Generation, and everything up to here is accounted for.
    let mut at = (0, 0);
    for item in stream {
        let (generation, first, last) = match *item {
            Item::Message(generation, seq) => (generation, seq, seq),
            Item::Lost(first, last) => (at.0, first, last),
        };
        assert!(generation >= at.0, "{whose}: generation {generation} after {at:?}");
        if generation > at.0 {
            at = (generation, first - 1);
        }
        assert!(first > at.1, "{whose}: {item:?} after {at:?}");
        let passed = said.range((generation, at.1 + 1)..(generation, first)).next();
        assert_eq!(passed, None, "{whose}: passed over in silence before {item:?}");
        at.1 = last;
    }
}
