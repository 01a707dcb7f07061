//! Sending: control fields, history, our own copy, all media (spec: sections 1 and 3).

use crate::machine::Cluster;
use crate::timers::Timer;
use crate::{Class, Output, Phase, StatusChange, notices};
use alloc::sync::Arc;
use hb_base::{Notice, Seq, Severity};
use hb_wire::Message;

impl Cluster {
    /// Sends a message of ours. One that cannot be encoded uses up no number.
    ///
    /// DEVIATION: the original lets a message that fits no datagram use up its number, and peers then ask for it for ever.
    pub(crate) fn send(&mut self, mut message: Message) {
        if matches!(self.phase, Phase::Idle | Phase::Persisting | Phase::Left) {
            return;
        }
        let Some(kind) = message.kind() else { return self.refuse_to_send("no type") };
        let unsequenced = kind.starts_with("NS_");
        let is_status = kind == "status";
        self.add_control_fields(&mut message, unsequenced);
        let frame: Arc<[u8]> = match self.codec.encode_signed(&message) {
            Ok(frame) => frame.into(),
            Err(error) => return self.refuse_to_send(&alloc::format!("{error}")),
        };
        if unsequenced {
            self.counters.control_sent += 1;
            return self.emit(Output::Transmit { class: Class::Control, frame });
        }
        self.counters.sent += 1;
        if let Some(lost) = self.history.push(frame.clone(), self.now) {
            self.notice_overrun(lost);
        }
        // DEVIATION: the original processes its own copy first, which can swap its messages on the wire.
        let class = if is_status { Class::Status } else { Class::Sequenced };
        self.emit(Output::Transmit { class, frame: frame.clone() });
        self.after_push();
        let message = Arc::new(message);
        self.recent.remember(frame, message.clone());
        self.process_own(&message);
    }

    fn refuse_to_send(&mut self, cause: &str) {
        self.counters.unsendable += 1;
        let notice = Notice::new(Severity::Error, notices::MESSAGE_REFUSED, self.options.node.as_str());
        self.notice(notice.with("cause", alloc::string::String::from(cause)));
    }

    fn add_control_fields(&self, message: &mut Message, unsequenced: bool) {
        self.add_destination(message);
        let keep = |message: &Message, name: &str| unsequenced && message.value(name).is_some();
        if !keep(message, "src") {
            message.set("src", self.options.node.as_str());
        }
        if !keep(message, "srcuuid") {
            message.set_uuid("srcuuid", self.uuid);
        }
        if !unsequenced {
            message.set_hex("seq", self.history.hiseq() + 1);
        }
        if !keep(message, "hg") {
            message.set_hex("hg", self.generation.0);
        }
        if !keep(message, "ts") {
            message.set_hex("ts", self.wall.map_or(0, hb_base::WallTime::unix_secs).max(1));
        }
        if !unsequenced {
            message.set("ld", self.load.as_str());
        }
        if !keep(message, "ttl") {
            let nodes = self.nodes.iter().count() as u64;
            message.set_decimal("ttl", u64::from(self.options.hopfudge) + nodes);
        }
    }

    fn add_destination(&self, message: &mut Message) {
        if let Some(dest) = message.text("dest") {
            let uuid = self.nodes.by_name(dest).and_then(|id| self.nodes.find(id)).map(|node| node.uuid);
            if let Some(uuid) = uuid {
                message.set_uuid("destuuid", uuid);
            }
        } else if let Some(uuid) = message.uuid("destuuid") {
            let node = self.nodes.by_uuid(uuid).and_then(|id| self.nodes.find(id));
            if let Some(node) = node {
                message.set("dest", node.name.as_str());
            }
        }
    }

    /// Our own copy of a message with a number, as if received.
    fn process_own(&mut self, message: &Arc<Message>) {
        let seq = self.history.hiseq();
        let from = self.options.node.clone();
        if !self.is_to_us(message) {
            return;
        }
        if !crate::receive::is_internal(message) {
            let change = match message.kind() {
                Some("status") if core::mem::take(&mut self.early.status_changed) => StatusChange::Changed,
                Some("status") => StatusChange::Unchanged,
                _ => StatusChange::NotStatus,
            };
            self.emit(Output::Deliver { from: from.clone(), message: message.clone(), change });
            self.emit(Output::Ordered { from, seq: Seq(seq), message: message.clone() });
        }
        self.handle_internal(self.own_id, message);
    }

    /// Sends our status now, and counts the keepalive from here.
    pub(crate) fn send_status(&mut self) {
        self.deadlines.set(Timer::Keepalive, self.now + self.options.timing.keepalive);
        let message = self.status_message();
        self.send(message);
    }

    fn status_message(&self) -> Message {
        let dt = self.announced_deadtime().as_millis();
        let mut message = Message::new("status")
            .with("st", self.own().status.as_str())
            .with_hex("dt", u64::try_from(dt).unwrap_or(u64::MAX));
        if self.flow.on {
            message.set_decimal("protocol", 1);
        }
        if self.options.native {
            let bye = if self.phase == Phase::Leaving { " bye" } else { "" };
            message.set("hbx", alloc::format!("1 ack={:x}{bye}", self.flow.ackseq));
        }
        message
    }
}
