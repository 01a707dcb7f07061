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
        if let Some(after) = cut_after.filter(|_| switches) {
            self.agenda.put(now + after, Event::Switch { node, call: call.0, victim });
        }
        let (asked, ms) = (operation.resource.args.join(" "), after as f64 / 1e6);
        let say = format_args!("   the device begins: {asked}, will say {answer:?} in {ms:.1} ms");
        self.trace.say(now, Some(node), say);
        self.agenda.put(now + after, Event::DeviceAnswers { node, fencer, call: call.0, answer, victim });
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
    pub(super) fn switch(&mut self, asker: (u8, u64), victim: u8) {
        self.trace.note(u64::from(victim) + 77);
        self.cut_power(victim);
        self.switched.push((asker, self.host(victim).power_ups));
        // Off is off: whoever hears of it may rely on it, and what boots again starts from scratch.
        self.power_on_later(victim, 2 * SECOND);
    }

    /// A device answers; the fencing role that asked may be gone.
    pub(super) fn device_answers(&mut self, asker: (u8, u32), call: u64, answer: Answer, victim: u8) {
        let (node, instance) = asker;
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
        let switched = self.switched.iter().position(|(asker, _)| *asker == (node, call));
        let ended = switched.map(|at| self.switched.swap_remove(at).1);
        if answer == Answer::Done && ended == Some(self.host(victim).power_ups) {
            self.ownership.confirmed_down(victim);
        }
        let asker = self.host_mut(node).fencer.as_mut().filter(|fencer| fencer.instance == instance);
        if let Some(fencer) = asker {
            fencer.answers.push_back((CallId(call), outcome));
            self.wake(node, FENCER);
        }
    }
}
