//! The fencing role's process, and the power switches outside the nodes.

use super::host::{FENCER, News};
use super::network::nanos;
use super::{Event, World};
use crate::chance::Subject;
use crate::plan::{Mishap, What};
use hb_base::{CallId, NodeName};
use hb_lrm::{Action, Operation, Outcome};
use hb_node::FencerEvent;

/// What a device answers in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// It switched.
    Done,
    /// It is there.
    Fine,
    /// It did not, or says so.
    Failed,
    /// It never answered.
    TimedOut,
}

/// What a fencing device was told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    /// The node whose fencing role told it.
    asker: u8,
    /// Which of that node's.
    fencer: u32,
    call: CallId,
    victim: u8,
    /// What it will answer.
    answer: Answer,
    /// How often the victim had got power when it switched.
    switched_at: Option<u32>,
}

/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;

impl World<'_> {
    pub(super) fn fencer_turn(&mut self, node: u8) {
        self.stats.turns += 1;
        let Some(fencer) = &mut self.host_mut(node).fencer else { return };
        let instance = fencer.instance;
        let (inbox, answers) = (std::mem::take(&mut fencer.inbox), std::mem::take(&mut fencer.answers));
        for (call, outcome) in answers {
            self.tell(node, News::Fencer(FencerEvent::Executed { call, outcome }));
        }
        for (call, operation) in inbox {
            self.start_device(node, instance, call, &operation);
        }
    }

    fn start_device(&mut self, node: u8, fencer: u32, call: CallId, operation: &Operation) {
        self.stats.fencings += u64::from(operation.action != Action::Status);
        let victim = operation.resource.args.get(1).and_then(|name| NodeName::new(name));
        let victim = victim.and_then(|name| self.hosts.iter().position(|host| host.name == name));
        let victim = victim.map_or(u8::MAX, |place| place as u8);
        let now = self.now();
        let draw = self.chance.of(Subject::Device, u64::from(node), now);
        let length = draw.between(SECOND / 20, 2 * SECOND);
        let limit = operation.timeout.map_or(60 * SECOND, nanos);
        let switches = operation.action != Action::Status && victim != u8::MAX;
        let mishap = self.device_mishap(if switches { victim } else { 1 - node.min(1) });
        let (cut_after, answer, after) = match mishap {
            None if !switches => (None, Answer::Fine, length / 4),
            None => (Some(length / 2), Answer::Done, length),
            Some(Mishap::Fail) => (None, Answer::Failed, length),
            Some(Mishap::Lie) => (Some(length / 2), Answer::Failed, length),
            Some(Mishap::Hang) => (None, Answer::TimedOut, limit),
            Some(Mishap::Slow) if length * 10 > limit => (Some(length * 10), Answer::TimedOut, limit),
            Some(Mishap::Slow) if !switches => (None, Answer::Fine, length * 10),
            // It switches, and takes its time to say so.
            Some(Mishap::Slow) => (Some(length / 2), Answer::Done, length * 10),
        };
        let order = Order { asker: node, fencer, call, victim, answer, switched_at: None };
        self.orders.push(order);
        let place = self.orders.len() as u32 - 1;
        if let Some(after) = cut_after.filter(|_| switches) {
            self.agenda.put(now + after, Event::Switch(place));
        }
        let (asked, ms) = (operation.resource.args.join(" "), after as f64 / 1e6);
        let say = format_args!("   the device begins: {asked}, will say {answer:?} in {ms:.1} ms");
        self.trace.say(now, Some(node), say);
        self.agenda.put(now + after, Event::DeviceAnswers(place));
    }

    fn device_mishap(&self, victim: u8) -> Option<Mishap> {
        self.plan.steps.iter().zip(&self.in_force).filter(|(_, on)| **on).find_map(|(step, _)| {
            match step.what {
                What::Device { node, mishap } if node == victim => Some(mishap),
                _ => None,
            }
        })
    }

    /// A switch turns a node off and on again.
    pub(super) fn switch(&mut self, order: u32) {
        let Some(victim) = self.orders.get(order as usize).map(|order| order.victim) else { return };
        self.trace.note(u64::from(victim) + 77);
        self.cut_power(victim);
        let power_ups = self.host(victim).power_ups;
        if let Some(order) = self.orders.get_mut(order as usize) {
            order.switched_at = Some(power_ups);
        }
        // Off is off: whoever hears of it may rely on it, and what boots again starts from scratch.
        self.power_on_later(victim, 2 * SECOND);
    }

    /// A device answers; the fencing role that asked may be gone.
    pub(super) fn device_answers(&mut self, order: u32) {
        let Some(&Order { asker, fencer, call, victim, answer, switched_at }) =
            self.orders.get(order as usize)
        else {
            return;
        };
        let outcome = match answer {
            Answer::Done => Outcome::Ok,
            Answer::Fine => Outcome::Running,
            Answer::Failed => {
                Outcome::Failed { rc: Some(5), reason: "the simulated switch failed".to_owned() }
            }
            Answer::TimedOut => Outcome::TimedOut,
        };
        // Without power since the switch, whoever else kept it from the node, nothing runs there. What has booted
        // since began anew, and an operation of before says nothing of it.
        let still_off = switched_at.is_some_and(|power_ups| power_ups == self.host(victim).power_ups);
        if answer == Answer::Done && still_off {
            self.ownership.confirmed_down(victim);
        }
        let asked = self.host_mut(asker).fencer.as_mut().filter(|role| role.instance == fencer);
        if let Some(role) = asked {
            role.answers.push_back((call, outcome));
            self.wake(asker, FENCER);
        }
    }
}
