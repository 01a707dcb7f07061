//! What a peer's `status` changes (spec: 6.4), and changes of our own.

use crate::machine::Cluster;
use crate::native::Hbx;
use crate::receive::Arrival;
use crate::timers::Timer;
use crate::{Output, Phase, Status, StatusChange, StatusReason, notices};
use alloc::sync::Arc;
use core::time::Duration;
use hb_base::{NodeId, Notice, Severity};
use hb_wire::Message;

/// Longest deadtime that a peer may ask for.
const DEADTIME_MAX: Duration = Duration::from_secs(24 * 3_600);

impl Cluster {
    /// A peer's status with a new number.
    pub(crate) fn take_status(
        &mut self,
        id: NodeId,
        arrival: Arrival,
        seq: u64,
        message: &Arc<Message>,
    ) -> StatusChange {
        let hbx = Hbx::read(message).filter(|_| self.options.native);
        let Some(node) = self.nodes.find_mut(id) else { return StatusChange::Unchanged };
        // DEVIATION: the original compares `ts` as well and lets an older status of the same second change the state
        // back. A status that a newer one has overtaken is still a sign of life.
        let outdated = seq < node.status_seq;
        if !outdated {
            node.status_seq = seq;
        }
        self.sign_of_life(id, arrival);
        if outdated {
            return StatusChange::Unchanged;
        }
        self.take_deadtime(id, message);
        self.take_hbx(id, hbx);
        if message.value("protocol").is_none() {
            self.switch_off_flow_control(id);
        }
        let status = message.text("st").and_then(Status::parse);
        match status {
            Some(status) => self.take_new_status(id, status),
            None => StatusChange::Unchanged,
        }
    }

    /// A ping node's echo (`NS_st`).
    pub(crate) fn take_echo(&mut self, id: NodeId, arrival: Arrival, message: &Message) {
        let is_ping = self.nodes.find(id).is_some_and(|node| node.kind == crate::nodes::Kind::Ping);
        let Some(status) = message.text("st").and_then(Status::parse).filter(|_| is_ping) else { return };
        self.sign_of_life(id, arrival);
        let change = self.take_new_status(id, status);
        let Some(node) = self.nodes.find(id) else { return };
        let from = node.name.clone();
        self.emit(Output::Deliver { from, message: Arc::new(message.clone()), change });
    }

    /// Moves the silence clock, by the kernel's stamp.
    fn sign_of_life(&mut self, id: NodeId, arrival: Arrival) {
        let warntime = self.options.timing.warntime;
        let Some(node) = self.nodes.find_mut(id) else { return };
        let silent = arrival.stamp - node.silent_since;
        let late = silent > warntime && node.heard && !matches!(node.status, Status::Init | Status::Dead);
        node.silent_since = node.silent_since.max(arrival.stamp);
        node.stalls = 0;
        if late {
            node.counters.late += 1;
            let name = node.name.clone();
            let notice = Notice::new(Severity::Warning, notices::LATE_HEARTBEAT, name.as_str());
            self.notice(notice.with("silent", silent).with("warntime", warntime));
        }
    }

    fn take_deadtime(&mut self, id: NodeId, message: &Message) {
        let Some(announced) = message.hex("dt").filter(|millis| *millis > 0) else { return };
        let Some(node) = self.nodes.find_mut(id) else { return };
        let deadtime = Duration::from_millis(announced).min(DEADTIME_MAX);
        if deadtime < node.deadtime {
            self.deadlines.set_no_later(Timer::Silence, node.silent_since + deadtime);
        }
        node.deadtime = deadtime;
    }

    fn take_hbx(&mut self, id: NodeId, hbx: Option<Hbx>) {
        let Some(node) = self.nodes.find_mut(id) else { return };
        if node.native != Some(hbx.is_some()) {
            node.native = Some(hbx.is_some());
            let name = node.name.clone();
            self.emit(Output::Native { node: name, yes: hbx.is_some() });
        }
        let Some(hbx) = hbx else { return };
        if hbx.bye
            && let Some(node) = self.nodes.find_mut(id)
        {
            node.leaving = true;
        }
        if let Some(believed) = hbx.ack {
            self.acknowledge_again(id, believed);
        }
    }

    fn take_new_status(&mut self, id: NodeId, status: Status) -> StatusChange {
        let Some(node) = self.nodes.find_mut(id) else { return StatusChange::Unchanged };
        // A node that joined by itself is told at its second status.
        if core::mem::take(&mut node.untold) || node.status == status {
            return StatusChange::Unchanged;
        }
        self.change_status(id, status, StatusReason::Announced);
        StatusChange::Changed
    }

    /// Stores a status and tells everybody.
    pub(crate) fn change_status(&mut self, id: NodeId, to: Status, reason: StatusReason) {
        let Some(node) = self.nodes.find_mut(id) else { return };
        if node.status == to {
            return;
        }
        let from = core::mem::replace(&mut node.status, to.clone());
        let name = node.name.clone();
        let due = node.silent_since + node.deadtime;
        // It may be watched from now on.
        self.deadlines.set_no_later(Timer::Silence, due.max(self.now));
        self.notice(notices::status(&name, &from, &to, reason));
        self.emit(Output::Node { node: name, from, to, reason });
    }

    /// Changes our own status and announces it at once.
    pub(crate) fn change_own_status(&mut self, to: Status) {
        self.early.status_changed = true;
        self.change_status(self.own_id, to, StatusReason::Own);
        self.send_status();
    }

    /// The deadtime that peers shall apply to us.
    ///
    /// DEVIATION: the original adds 2 s during its first 5 s. That would make takeover slow when the deadtime is much
    /// shorter, so below 1 s half of it is added instead.
    pub(crate) fn announced_deadtime(&self) -> Duration {
        self.options.timing.deadtime + self.start_grace.max(self.grace)
    }

    /// A dead node speaks again in the same generation.
    pub(crate) fn node_returned(&mut self, id: NodeId) {
        let Some(node) = self.nodes.find_mut(id) else { return };
        node.counters.returns += 1;
        let name = node.name.clone();
        self.notice(Notice::new(Severity::Warning, notices::NODE_RETURNED, name.as_str()));
        self.greet = true;
        self.emit(Output::Returned { node: name });
    }

    /// A leaving node goes as soon as nothing of it is missing.
    pub(crate) fn consider_farewell(&mut self, id: NodeId) {
        if self.phase == Phase::Leaving {
            return;
        }
        let gone = self
            .nodes
            .find(id)
            .is_some_and(|node| node.leaving && !node.is_dead() && node.missing.is_empty());
        if gone {
            self.declare_dead(id, crate::DeathReason::Left);
            if let Some(node) = self.nodes.find_mut(id) {
                node.left = true;
            }
        }
    }
}
