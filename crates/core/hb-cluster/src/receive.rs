//! What happens to a verified frame of a peer: the table of section 4 of the protocol.

use crate::bugs::Bug;
use crate::machine::Cluster;
use crate::nodes::Kind;
use crate::sequence::Verdict;
use crate::{Output, StatusChange, bounds, notices};
use alloc::string::String;
use alloc::sync::Arc;
use hb_base::{Instant, MediumId, NodeId, NodeName, Notice, Seq, Severity, Uuid};
use hb_wire::Message;

/// The fields without which no message is accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'m> {
    pub(crate) kind: &'m str,
    pub(crate) src: &'m str,
    pub(crate) uuid: Uuid,
    /// None for types that begin with `NS_`.
    pub(crate) seq: Option<u64>,
    pub(crate) generation: u64,
}

impl<'m> Head<'m> {
    pub(crate) fn read(message: &'m Message) -> Option<Head<'m>> {
        let kind = message.kind()?;
        message.hex("ts").filter(|ts| *ts != 0)?;
        let seq = match kind.starts_with("NS_") {
            true => None,
            false => Some(message.hex("seq").filter(|seq| (1..u64::MAX).contains(seq))?),
        };
        Some(Head {
            kind,
            src: message.text("src")?,
            uuid: message.uuid("srcuuid").unwrap_or(Uuid::NIL),
            seq,
            generation: match message.value("hg") {
                Some(_) => message.hex("hg")?,
                None => 0,
            },
        })
    }
}

/// How a frame came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) medium: MediumId,
    /// Kernel receive time, not later than now.
    pub(crate) stamp: Instant,
}

/// Types that are handled here and are nobody else's business.
pub(crate) fn is_internal(message: &Message) -> bool {
    let internal = ["reqnodes", "repnodes", "addnode", "delnode", "setweight", "setsite", "query-cstatus"];
    message.kind().is_some_and(|kind| internal.contains(&kind))
}

impl Cluster {
    /// A frame whose signature is good.
    pub(crate) fn receive(&mut self, arrival: Arrival, message: &Arc<Message>) {
        let Some(head) = Head::read(message) else { return self.malformed(arrival.medium) };
        let Some(name) = NodeName::new(head.src) else { return self.malformed(arrival.medium) };
        let Some(id) = self.identify(&name, head.uuid) else { return };
        if id == self.own_id {
            return self.hear_ourselves(arrival, &head);
        }
        let Some(seq) = head.seq else { return self.receive_unsequenced(id, arrival, message) };
        let verdict = self.judge_number(id, &head, seq);
        let Some(node) = self.nodes.find_mut(id) else { return };
        match verdict {
            Verdict::Stale => node.counters.stale += 1,
            Verdict::Duplicate => {
                node.counters.duplicates += 1;
                if self.is_to_us(message) {
                    self.refresh_link(id, arrival.medium, arrival.stamp);
                }
            }
            Verdict::Known => {
                node.counters.duplicates += 1;
                // Its number was given up while its sender was out of reach, so it is not delivered; but it is newer than
                // any status that we know, and shows that its sender lives.
                if head.kind == "status" && seq > node.status_seq && self.is_to_us(message) {
                    self.refresh_link(id, arrival.medium, arrival.stamp);
                    self.take_status(id, arrival, seq, message);
                }
            }
            Verdict::New { filled, returned } => {
                node.counters.received += 1;
                self.accept(id, arrival, message, Number { seq, filled, returned });
            }
        }
    }

    /// A message whose number is new.
    fn accept(&mut self, id: NodeId, arrival: Arrival, message: &Arc<Message>, number: Number) {
        let Number { seq, filled, returned } = number;
        if returned {
            self.node_returned(id);
        }
        let first_word = self.hear(id, arrival.stamp);
        if self.is_to_us(message) {
            self.refresh_link(id, arrival.medium, arrival.stamp);
            let change = match message.kind() {
                Some("status") => self.take_status(id, arrival, seq, message),
                _ => StatusChange::NotStatus,
            };
            if !is_internal(message) {
                self.deliver(id, seq, filled, message, change);
            }
            self.handle_internal(id, message);
        }
        self.release_reports(id);
        self.release_order(id);
        self.acknowledge(id, seq, filled);
        self.consider_farewell(id);
        if first_word {
            self.consider_startup();
        }
    }

    /// Hands a message out at arrival, and puts it in its place on the ordered side.
    fn deliver(
        &mut self,
        id: NodeId,
        seq: u64,
        filled: Option<u64>,
        message: &Arc<Message>,
        change: StatusChange,
    ) {
        let broken = self.planted(Bug::OrderBroken) && filled.is_some();
        let Some(node) = self.nodes.find_mut(id) else { return };
        let from = node.name.clone();
        if broken {
            let (from, message) = (from.clone(), message.clone());
            self.emit(Output::Ordered { from, seq: Seq(seq), message });
        } else {
            node.order.insert(seq, message.clone());
        }
        let Some(node) = self.nodes.find_mut(id) else { return };
        let waits =
            message.kind() == Some("hbapi-clstat") && node.missing.first().is_some_and(|first| seq > first);
        if waits {
            let at = node.client_reports.partition_point(|(other, _)| *other < seq);
            node.client_reports.insert(at, (seq, message.clone()));
            return;
        }
        self.emit(Output::Deliver { from, message: message.clone(), change });
    }

    /// Client reports wait for earlier messages of their node; here go those that no longer have to.
    pub(crate) fn release_reports(&mut self, id: NodeId) {
        let unbounded = self.planted(Bug::UnboundedMissing);
        loop {
            let Some(node) = self.nodes.find_mut(id) else { return };
            let first_missing = node.missing.first().unwrap_or(u64::MAX);
            let full = node.client_reports.len() > bounds::CLIENT_REPORTS && !unbounded;
            let Some((seq, _)) = node.client_reports.front() else { return };
            if *seq > first_missing && !full {
                return;
            }
            let Some((_, message)) = node.client_reports.pop_front() else { return };
            let from = node.name.clone();
            self.emit(Output::Deliver { from, message, change: StatusChange::NotStatus });
        }
    }

    /// Something of this node was accepted. Whether it is the first since it was last dead.
    fn hear(&mut self, id: NodeId, stamp: Instant) -> bool {
        let Some(node) = self.nodes.find_mut(id) else { return false };
        let first_word = !core::mem::replace(&mut node.heard, true);
        if first_word {
            // Its status may have been overtaken by this. From here on it has its own deadtime, not initdead, and the
            // silence before its first word must not be held against it.
            node.silent_since = node.silent_since.max(stamp);
        }
        self.greet |= first_word && node.kind == Kind::Normal;
        first_word
    }

    /// `NS_` messages have no number; most are not even for us.
    fn receive_unsequenced(&mut self, id: NodeId, arrival: Arrival, message: &Message) {
        let kind = message.kind().unwrap_or_default();
        let Some(node) = self.nodes.find_mut(id) else { return };
        // DEVIATION: the original does not look at the generation here, so that a late acknowledgement or refusal of a
        // node's former life counts for its present one.
        let former = message.hex("hg").is_some_and(|generation| generation != node.generation);
        if node.left || (former && node.generation > 0) {
            node.counters.stale += 1;
            return;
        }
        if kind == "NS_nak_rexmit" {
            return self.take_refusal(id, message);
        }
        if let Some(dest) = message.text("dest")
            && dest != self.options.node.as_str()
        {
            return;
        }
        let first_word = self.hear(id, arrival.stamp);
        self.refresh_link(id, arrival.medium, arrival.stamp);
        if let Some(node) = self.nodes.find_mut(id) {
            node.counters.received += 1;
        }
        match kind {
            "NS_rexmit" => self.answer_request(id, message),
            "NS_ackmsg" => self.take_acknowledgement(id, message),
            "NS_st" => self.take_echo(id, arrival, message),
            _ => {
                let Some(node) = self.nodes.find(id) else { return };
                let from = node.name.clone();
                let message = Arc::new(message.clone());
                self.emit(Output::Deliver { from, message, change: StatusChange::NotStatus });
            }
        }
        if first_word {
            self.consider_startup();
        }
    }

    /// One of our own frames came back over a medium that loops, or somebody else uses our name.
    fn hear_ourselves(&mut self, arrival: Arrival, head: &Head<'_>) {
        if head.generation > self.generation.0 && head.kind == "status" && head.uuid == self.uuid {
            return self.generation_behind(head.generation);
        }
        if head.generation == self.generation.0 || head.seq.is_none() {
            self.refresh_link(self.own_id, arrival.medium, arrival.stamp);
        }
    }

    /// Whether a message is addressed to this node (or to all).
    pub(crate) fn is_to_us(&self, message: &Message) -> bool {
        if let Some(uuid) = message.uuid("destuuid").filter(|uuid| !uuid.is_nil()) {
            return uuid == self.uuid;
        }
        match message.value("dest") {
            Some(_) => message.text("dest") == Some(self.options.node.as_str()),
            None => true,
        }
    }

    /// Finds the sender in the table, by uuid before name; strangers may join.
    fn identify(&mut self, name: &NodeName, uuid: Uuid) -> Option<NodeId> {
        if let Some(id) = self.nodes.by_uuid(uuid) {
            if id != self.own_id {
                self.rename(id, name);
            } else if *name != self.options.node {
                self.own_name_taken(name);
                return None;
            }
            return Some(id);
        }
        let Some(id) = self.nodes.by_name(name) else {
            self.meet_stranger(name, uuid);
            return None;
        };
        if !uuid.is_nil() {
            if id == self.own_id {
                self.own_name_taken(name);
                return None;
            }
            self.learn_uuid(id, uuid);
        }
        Some(id)
    }

    fn rename(&mut self, id: NodeId, name: &NodeName) {
        let same = self.nodes.find(id).is_none_or(|node| node.name == *name);
        if same || self.nodes.by_name(name).is_some() {
            return;
        }
        let Some(node) = self.nodes.find_mut(id) else { return };
        let before = core::mem::replace(&mut node.name, name.clone());
        let notice = Notice::new(Severity::Warning, notices::NODE_RENAMED, name.as_str());
        self.notice(notice.with("before", String::from(before.as_str())));
        self.write_host_cache();
    }

    fn learn_uuid(&mut self, id: NodeId, uuid: Uuid) {
        let Some(node) = self.nodes.find_mut(id).filter(|node| node.kind == Kind::Normal) else { return };
        let before = core::mem::replace(&mut node.uuid, uuid);
        let name = node.name.clone();
        if !before.is_nil() {
            self.notice(Notice::new(Severity::Warning, notices::UUID_REPLACED, name.as_str()));
        }
        self.write_host_cache();
    }

    fn own_name_taken(&mut self, name: &NodeName) {
        let make = || Notice::new(Severity::Critical, notices::OWN_NAME_TAKEN, name.as_str());
        self.throttled(make, notices::OWN_NAME_TAKEN);
    }

    pub(crate) fn malformed(&mut self, medium: MediumId) {
        let index = usize::from(medium.0);
        if let Some(state) = self.media.get_mut(index) {
            state.counters.malformed += 1;
        }
        let subject = self.medium_name(medium);
        let make = || Notice::new(Severity::Warning, notices::FRAME_MALFORMED, subject);
        self.throttled(make, notices::FRAME_MALFORMED);
    }

    /// The link name of a medium.
    pub(crate) fn medium_name(&self, medium: MediumId) -> String {
        self.options.media.get(usize::from(medium.0)).map_or_else(|| "?".into(), |medium| medium.name.clone())
    }
}

/// A new number: of which message, what hole it filled, whether it ended a partition.
#[derive(Clone, Copy)]
struct Number {
    seq: u64,
    /// The lowest missing number before, when this one was missing.
    filled: Option<u64>,
    returned: bool,
}
