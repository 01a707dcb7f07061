//! Acknowledgements, and pausing local senders when they do not come (spec: 5.1 to 5.3).

use crate::bugs::Bug;
use crate::machine::Cluster;
use crate::nodes::{Kind, Node};
use crate::timers::Timer;
use crate::{Flow, Output, notices};
use alloc::string::String;
use hb_base::{Instant, NodeId, Notice, Severity};
use hb_wire::Message;

/// Between ours, at most so many messages are received before the next acknowledgement.
const ACKNOWLEDGE_EVERY: u64 = 10;
/// Between ours, an acknowledgement is repeated when the sender seems to lack so many that we have.
const ACKNOWLEDGE_AGAIN: u64 = 2 * ACKNOWLEDGE_EVERY;

/// Between ours, an acknowledgement says which generation of its addressee it means. The original ignores the field.
const ACKNOWLEDGED_GENERATION: &str = "ackhg";

/// Sender side.
#[derive(Debug)]
pub(crate) struct FlowControl {
    /// No node without `protocol` was met.
    pub(crate) on: bool,
    /// Local senders are told to wait.
    pub(crate) paused: bool,
    paused_at: Instant,
    /// Everybody has acknowledged up to here.
    pub(crate) ackseq: u64,
    /// Statuses sent to wake peers since the last progress.
    nudges: u32,
    /// Filling of the history that was told last, in percent.
    told_percent: u64,
}

impl FlowControl {
    pub(crate) fn new() -> FlowControl {
        FlowControl {
            on: true,
            paused: false,
            paused_at: Instant::ZERO,
            ackseq: 0,
            nudges: 0,
            told_percent: 0,
        }
    }
}

impl Cluster {
    /// Receiver side: acknowledges if it is due. `filled`: the lowest missing number before `seq` filled a hole.
    pub(crate) fn acknowledge(&mut self, id: NodeId, seq: u64, filled: Option<u64>) {
        let hasty = self.planted(Bug::AckTooEarly);
        let native = self.is_native(id);
        let Some(node) = self.nodes.find(id).filter(|_| self.flow.on) else { return };
        let due = if hasty {
            node.last_seq.filter(|last| *last >= node.ack_sent + ACKNOWLEDGE_EVERY)
        } else if native {
            due_to_ours(node, filled)
        } else {
            due_to_original(node, seq, filled)
        };
        if let Some(ackseq) = due {
            self.send_acknowledgement(id, ackseq);
        }
    }

    /// A status of ours says what its sender believes to be acknowledged. Acknowledgements carry no number and can
    /// be lost; repeat ours if it seems so.
    pub(crate) fn acknowledge_again(&mut self, id: NodeId, believed: u64) {
        let Some(node) = self.nodes.find(id).filter(|_| self.flow.on) else { return };
        let have = node.settled_below() - 1;
        if have >= believed.saturating_add(ACKNOWLEDGE_AGAIN) {
            self.send_acknowledgement(id, have);
        }
    }

    fn send_acknowledgement(&mut self, id: NodeId, ackseq: u64) {
        let native = self.is_native(id);
        let Some(node) = self.nodes.find_mut(id) else { return };
        node.ack_sent = ackseq;
        let mut message =
            Message::new("NS_ackmsg").with("dest", node.name.as_str()).with_hex("ackseq", ackseq);
        if native {
            message.set_hex(ACKNOWLEDGED_GENERATION, node.generation);
        }
        self.send(message);
    }

    /// Sender side: `NS_ackmsg`. It must be addressed to us.
    pub(crate) fn take_acknowledgement(&mut self, id: NodeId, message: &Message) {
        let Some(ackseq) = message.hex("ackseq") else { return };
        if message.value("dest").is_none() || ackseq > self.history.hiseq() {
            return;
        }
        // A peer that was paused while we restarted acknowledges what our former life said.
        if message.hex(ACKNOWLEDGED_GENERATION).is_some_and(|generation| generation != self.generation.0) {
            if let Some(node) = self.nodes.find_mut(id) {
                node.counters.stale += 1;
            }
            return;
        }
        let now = self.now;
        let sent = self.history.find(ackseq).filter(|sent| sent.again_at.is_none()).map(|sent| sent.at);
        let Some(node) = self.nodes.find_mut(id) else { return };
        if ackseq <= node.acked {
            return;
        }
        node.acked = ackseq;
        if let Some(at) = sent.filter(|_| node.speaks_hbx()) {
            node.measured(now - at);
        }
        self.advance_acknowledged();
    }

    /// Normal nodes other than us whose acknowledgement is waited for.
    pub(crate) fn waiting_peers(&self) -> impl Iterator<Item = &Node> {
        let own = self.own_id;
        self.nodes.iter().filter(move |node| node.kind == Kind::Normal && node.id != own && !node.is_dead())
    }

    /// Recomputes what everybody has acknowledged; senders may go on, frames may go.
    ///
    /// DEVIATION: the original waits for its own acknowledgement too, over the network. Ours is implied.
    pub(crate) fn advance_acknowledged(&mut self) {
        let window = self.options.window();
        let hiseq = self.history.hiseq();
        let least = match self.waiting_peers().map(|node| node.acked).min() {
            Some(least) => least,
            None => hiseq.saturating_sub(window - 1),
        };
        if least > self.flow.ackseq {
            self.flow.ackseq = least;
            self.flow.nudges = 0;
            if self.deadlines.is_armed(Timer::Nudge) {
                self.arm_nudge();
            }
        }
        self.history.release(self.flow.ackseq, self.now);
        self.tell_filling();
        if hiseq - self.flow.ackseq < window {
            self.resume();
        }
    }

    /// After a message took its place in the history.
    pub(crate) fn after_push(&mut self) {
        let alone = self.waiting_peers().next().is_none();
        if alone {
            self.advance_acknowledged();
        }
        let unacknowledged = self.history.hiseq().saturating_sub(self.flow.ackseq);
        self.tell_filling();
        if self.flow.on && !alone && unacknowledged > self.options.window() {
            self.pause(unacknowledged);
        }
    }

    fn pause(&mut self, unacknowledged: u64) {
        if self.flow.paused || self.planted(Bug::NeverPause) {
            return;
        }
        self.flow.paused = true;
        self.flow.paused_at = self.now;
        self.counters.pauses += 1;
        let slowest =
            self.waiting_peers().min_by_key(|node| node.acked).map(|node| String::from(node.name.as_str()));
        let name = self.options.node.clone();
        let make = || {
            Notice::new(Severity::Info, notices::FLOW_PAUSED, name.as_str())
                .with("unacknowledged", unacknowledged)
                .with("slowest", slowest.unwrap_or_default())
        };
        self.throttled(make, notices::FLOW_PAUSED);
        self.emit(Output::Flow(Flow::Pause));
        self.arm_nudge();
    }

    pub(crate) fn resume(&mut self) {
        if !self.flow.paused || self.planted(Bug::NeverResume) {
            return;
        }
        self.flow.paused = false;
        self.deadlines.clear(Timer::Nudge);
        let paused = self.now - self.flow.paused_at;
        let name = self.options.node.clone();
        let make =
            || Notice::new(Severity::Info, notices::FLOW_RESUMED, name.as_str()).with("paused", paused);
        self.throttled(make, notices::FLOW_RESUMED);
        self.emit(Output::Flow(Flow::Resume));
    }

    fn arm_nudge(&mut self) {
        if self.waiting_peers().any(Node::speaks_hbx) && self.options.native {
            let at = self.now + self.nudge_delay(self.flow.nudges);
            self.deadlines.set(Timer::Nudge, at);
        }
    }

    /// Paused and no progress: a status shows peers of our kind the newest number and what we believe acknowledged.
    pub(crate) fn nudge(&mut self) {
        if self.flow.paused {
            self.flow.nudges = self.flow.nudges.saturating_add(1);
            self.arm_nudge();
            self.send_status();
        }
    }

    /// A peer without `protocol`: no acknowledgements, no pauses, no node list, for good.
    pub(crate) fn switch_off_flow_control(&mut self, id: NodeId) {
        if !self.flow.on {
            return;
        }
        self.flow.on = false;
        if let Some(node) = self.nodes.find(id) {
            let notice = Notice::new(Severity::Warning, notices::FLOW_CONTROL_OFF, node.name.as_str());
            self.notice(notice);
        }
        self.resume();
        self.consider_startup();
    }

    /// Warns at 75 % and at 90 % of the history, once each time it fills.
    fn tell_filling(&mut self) {
        let unacknowledged = self.history.hiseq().saturating_sub(self.flow.ackseq);
        let percent = unacknowledged * 100 / (self.options.history.max(1) as u64);
        let level = [90, 75].into_iter().find(|level| percent >= *level).unwrap_or(0);
        if level > self.flow.told_percent && self.flow.on {
            let severity = if level == 90 { Severity::Error } else { Severity::Warning };
            let name = self.options.node.clone();
            let make =
                || Notice::new(severity, notices::HISTORY_FILLING, name.as_str()).with("percent", percent);
            self.throttled(make, notices::HISTORY_FILLING);
        }
        self.flow.told_percent = level;
    }
}

/// Between ours: every ten messages without a hole below, and as soon as a hole is filled.
fn due_to_ours(node: &Node, filled: Option<u64>) -> Option<u64> {
    let have = node.settled_below() - 1;
    let hole_gone = filled.is_some_and(|first| have >= first);
    (have >= node.ack_sent + ACKNOWLEDGE_EVERY || hole_gone && have > node.ack_sent).then_some(have)
}

/// As the original: at numbers that end in our digit.
fn due_to_original(node: &Node, seq: u64, filled: Option<u64>) -> Option<u64> {
    let Some(first) = filled else {
        let hole_below = node.missing.first().is_some_and(|first| seq > first);
        // A gap that this very message opened is not acknowledged over either: the hole is below it.
        return (seq % 10 == node.ack_trigger && !hole_below).then_some(seq);
    };
    let have = node.settled_below() - 1;
    let ackseq = have.checked_sub((have + 10 - node.ack_trigger) % 10)?;
    (seq == first && ackseq >= first).then_some(ackseq)
}
