//! From the start to `active`: generation, uuid, first statuses, everybody heard, node list (spec: 6.6, 9).

use crate::bugs::Bug;
use crate::hostcache::{self, Entry};
use crate::machine::Cluster;
use crate::nodes::{Kind, NodeSeed};
use crate::timers::Timer;
use crate::{Autojoin, GenerationFrom, MediumKind, Output, Phase, Record, Status, Stored, UuidFrom, notices};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::{Generation, NodeId, NodeName, Notice, Rng, Severity, Token, Uuid};
use hb_wire::Message;

/// For so long after the start peers are told a longer deadtime.
const START_GRACE_LASTS: Duration = Duration::from_secs(5);
/// By so much longer, as the original.
const START_GRACE: Duration = Duration::from_secs(2);
/// With a short deadtime, how many of them it lasts.
const SHORT_GRACE_DEADTIMES: u32 = 10;
/// Below this deadtime the original's grace would dominate it.
const SHORT_DEADTIME: Duration = Duration::from_secs(1);
/// The node list is asked for again after this, as the original; sooner from a node of our kind.
const ASK_NODES_AGAIN: Duration = Duration::from_secs(1);
const ASK_OURS_AGAIN: Duration = Duration::from_millis(100);

/// What only matters before the machine is in service.
#[derive(Debug, Default)]
pub(crate) struct Early {
    /// Waits for the first environment.
    pub(crate) start: Option<(Stored, u64)>,
    /// Records that must be durable before anything is sent.
    pub(crate) awaiting: Vec<Token>,
    /// Messages submitted before that. At most [`crate::bounds::EARLY_SUBMITS`].
    pub(crate) submits: VecDeque<Message>,
    /// Our status changed and its message has not been delivered to ourselves.
    pub(crate) status_changed: bool,
    /// Somebody answered our question for the node list.
    pub(crate) nodes_told: bool,
}

impl Cluster {
    /// Fills the node table from the configuration.
    pub(crate) fn fill_table(&mut self) {
        let own = self.options.node.clone();
        let mut names = self.options.nodes.clone();
        if !names.contains(&own) {
            names.insert(0, own.clone());
        }
        for name in names {
            if self.nodes.by_name(&name).is_none() {
                self.add_node(&name, Kind::Normal);
            }
        }
        let pings: Vec<NodeName> = self
            .options
            .media
            .iter()
            .filter_map(|medium| match &medium.kind {
                MediumKind::Ping { node } => Some(node.clone()),
                MediumKind::Peers => None,
            })
            .collect();
        for name in pings {
            if self.nodes.by_name(&name).is_none() {
                self.add_node(&name, Kind::Ping);
            }
        }
        self.own_id = self.nodes.by_name(&own).unwrap_or_default();
    }

    /// Adds a node with status `init`; none when the table is full.
    pub(crate) fn add_node(&mut self, name: &NodeName, kind: Kind) -> Option<NodeId> {
        let seed = NodeSeed {
            name,
            kind,
            options: &self.options,
            now: self.now,
            ack_trigger: self.rng.below(10),
            unbounded_missing: self.planted(Bug::UnboundedMissing),
        };
        let id = self.nodes.add(seed);
        if id.is_none() {
            let make = || Notice::new(Severity::Error, notices::TABLE_FULL, name.as_str());
            self.throttled(make, notices::TABLE_FULL);
        }
        id
    }

    /// Settles generation and uuid, and has them made durable.
    pub(crate) fn start(&mut self, stored: &Stored, entropy: u64) {
        self.rng = Rng::new(entropy);
        for node in self.nodes.iter_mut() {
            node.ack_trigger = self.rng.below(10);
        }
        self.phase = Phase::Persisting;
        self.settle_generation(stored);
        self.settle_uuid(stored);
        if self.options.autojoin != Autojoin::None && !self.options.manages_resources {
            self.read_host_cache(stored);
        }
        if self.planted(Bug::AnnounceBeforeDurable) {
            self.early.awaiting.clear();
            self.begin();
        }
    }

    fn settle_generation(&mut self, stored: &Stored) {
        let wall = self.wall.map_or(0, hb_base::WallTime::unix_secs);
        let read = |file: &Option<Vec<u8>>| file.as_deref().and_then(hostcache::parse_generation);
        let (main, copy) = (read(&stored.generation), read(&stored.generation_copy));
        if main.is_none() && stored.generation.is_some() {
            self.stored_unusable("hb_generation");
        }
        let known = main.max(copy);
        let (generation, source) = match (self.options.generation_from, main, known) {
            (GenerationFrom::Time, _, known) => (wall.max(known.map_or(0, |g| g + 1)), "time"),
            (GenerationFrom::File, Some(main), _) if copy.is_none_or(|copy| copy <= main) => {
                (main + 1, "file")
            }
            (GenerationFrom::File, _, Some(known)) => (wall.max(known) + 1, "copy"),
            (GenerationFrom::File, _, None) => (wall + 1, "wall_clock"),
        };
        let reuse = known.filter(|_| self.planted(Bug::GenerationReused));
        self.generation = Generation(reuse.unwrap_or(generation).max(1));
        let notice = Notice::new(Severity::Info, notices::GENERATION, self.options.node.as_str());
        self.notice(notice.with("generation", self.generation.0).with("source", source));
        let token = self.persist(Record::Generation(self.generation));
        self.early.awaiting.push(token);
    }

    fn settle_uuid(&mut self, stored: &Stored) {
        let found = stored.uuid.as_deref().and_then(|bytes| bytes.try_into().ok().map(Uuid));
        let uuid = match (self.options.uuid_from, found.filter(|uuid| !uuid.is_nil())) {
            (UuidFrom::NodeName, _) => hostcache::uuid_of_name(&self.options.node),
            (UuidFrom::File, Some(uuid)) => uuid,
            (UuidFrom::File, None) => {
                if stored.uuid.is_some() {
                    self.stored_unusable("hb_uuid");
                }
                let uuid = random_uuid(&mut self.rng);
                let token = self.persist(Record::Uuid(uuid));
                self.early.awaiting.push(token);
                uuid
            }
        };
        self.uuid = uuid;
        let own = self.own_id;
        if let Some(node) = self.nodes.find_mut(own) {
            node.uuid = uuid;
        }
    }

    fn stored_unusable(&mut self, file: &'static str) {
        let notice = Notice::new(Severity::Error, notices::STORED_UNUSABLE, self.options.node.as_str());
        self.notice(notice.with("file", file));
    }

    fn read_host_cache(&mut self, stored: &Stored) {
        let text = stored.hostcache.as_deref().unwrap_or_default();
        for Entry { name, uuid, weight, site } in hostcache::parse(text) {
            let id = match self.nodes.by_name(&name) {
                Some(id) => id,
                None => match self.add_node(&name, Kind::Normal) {
                    Some(id) => id,
                    None => return,
                },
            };
            let own = id == self.own_id;
            let Some(node) = self.nodes.find_mut(id) else { continue };
            if !own {
                node.uuid = uuid;
            }
            node.weight = weight;
            node.site = site;
        }
    }

    pub(crate) fn persist(&mut self, record: Record) -> Token {
        let token = self.take_token();
        self.emit(Output::Persist { record, token });
        token
    }

    /// Generation and uuid are durable: speak.
    pub(crate) fn begin(&mut self) {
        let now = self.now;
        self.phase = Phase::Forming;
        let timing = &self.options.timing;
        self.start_grace = if timing.deadtime < SHORT_DEADTIME { timing.deadtime / 2 } else { START_GRACE };
        let lasts = if timing.deadtime < SHORT_DEADTIME {
            (timing.deadtime * SHORT_GRACE_DEADTIMES).min(START_GRACE_LASTS)
        } else {
            START_GRACE_LASTS
        };
        self.deadlines.set(Timer::StartGrace, now + lasts);
        self.deadlines.set(Timer::Initdead, now + timing.initdead);
        for node in self.nodes.iter_mut() {
            node.silent_since = now;
        }
        let own = self.own_id;
        if let Some(node) = self.nodes.find_mut(own) {
            node.heard = true;
            node.generation = self.generation.0;
            node.status = Status::Init;
        }
        self.early.status_changed = true;
        self.send_status();
        self.change_own_status(Status::Up);
        for message in core::mem::take(&mut self.early.submits) {
            self.send(message);
        }
        self.watch_from_now();
        self.consider_startup();
    }

    /// Goes on with the start as far as it can.
    pub(crate) fn consider_startup(&mut self) {
        if self.phase == Phase::Forming {
            let waiting = self.nodes.iter().any(|node| !node.heard && !node.is_dead());
            if waiting || (self.options.autojoin != Autojoin::None && !self.initdead_passed) {
                return;
            }
            self.phase = Phase::AskingNodes;
            self.ask_nodes();
        } else if self.phase == Phase::AskingNodes && (self.early.nodes_told || self.peer_to_ask().is_none())
        {
            self.in_service();
        }
    }

    /// Asks the first configured peer that lives for its node list, again and again until somebody answers.
    pub(crate) fn ask_nodes(&mut self) {
        let Some(id) = self.peer_to_ask().filter(|_| !self.early.nodes_told) else {
            return self.in_service();
        };
        let wait = if self.is_native(id) { ASK_OURS_AGAIN } else { ASK_NODES_AGAIN };
        self.deadlines.set(Timer::NodeList, self.now + wait);
        let Some(node) = self.nodes.find(id) else { return };
        let message = Message::new("reqnodes").with("dest", node.name.as_str());
        self.send(message);
    }

    fn peer_to_ask(&self) -> Option<NodeId> {
        self.waiting_peers().next().map(|node| node.id).filter(|_| self.flow.on)
    }

    fn in_service(&mut self) {
        if self.phase != Phase::AskingNodes {
            return;
        }
        self.phase = Phase::Active;
        self.deadlines.clear(Timer::NodeList);
        self.change_own_status(Status::Active);
        let notice = Notice::new(Severity::Info, notices::COMMUNICATION_UP, self.options.node.as_str());
        self.notice(notice);
        self.emit(Output::CommunicationUp);
        self.watch_from_now();
    }

    /// The network knows a later start of this very node than our files do: take a higher generation, as long as
    /// nobody relies on us.
    pub(crate) fn generation_behind(&mut self, heard: u64) {
        let name = self.options.node.clone();
        if !matches!(self.phase, Phase::Forming | Phase::AskingNodes) {
            let make = || Notice::new(Severity::Critical, notices::OWN_NAME_TAKEN, name.as_str());
            return self.throttled(make, notices::OWN_NAME_TAKEN);
        }
        let notice = Notice::new(Severity::Error, notices::GENERATION_BEHIND, name.as_str());
        self.notice(notice.with("ours", self.generation.0).with("heard", heard));
        self.generation = Generation(heard + 1);
        self.deadlines.clear_all();
        self.lower_barrier();
        self.resume();
        self.history = crate::history::History::new(self.options.history.max(2));
        self.flow.ackseq = 0;
        for node in self.nodes.iter_mut() {
            node.acked = 0;
        }
        self.phase = Phase::Persisting;
        let token = self.persist(Record::Generation(self.generation));
        self.early.awaiting = alloc::vec![token];
    }
}

/// A random uuid of version 4.
fn random_uuid(rng: &mut Rng) -> Uuid {
    let mut bytes = [0; 16];
    for half in bytes.chunks_exact_mut(8) {
        half.copy_from_slice(&rng.next_u64().to_be_bytes());
    }
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Uuid(bytes)
}
