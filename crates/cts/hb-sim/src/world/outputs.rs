//! What a master wants done is done.

use super::host::{EXECUTOR, FENCER, Master, Meta, News, Outgoing, ToExecutor, reader, writer};
use super::{Event, World, clients};
use crate::chance::Subject;
use crate::truth::{Invariant, Violation};
use hb_base::{CallId, Instant, MediumId, NodeName, Notice, Token, Value};
use hb_cluster::{Class, Record};
use hb_lrm::{Operation, Outcome};
use hb_node::{ExecutorEvent, Input, Output, Reply};
use std::sync::Arc;

impl World<'_> {
    /// Carries out everything that the machine wants done. True when the master has ended.
    pub(super) fn fetch_outputs(&mut self, node: u8, master: &mut Master, now: Instant) -> bool {
        while let Some(output) = master.node.poll() {
            if self.trace.explains() {
                self.explain_output(node, &output);
            }
            if let Output::Exit { restart } = output {
                master.exit = Some(restart);
                return true;
            }
            self.perform(node, master, now, output);
        }
        false
    }

    fn perform(&mut self, node: u8, master: &mut Master, now: Instant, output: Output) {
        match output {
            Output::Write { medium, class, frame } => self.write(node, master, now, medium, (class, frame)),
            Output::Drain { medium, token } => {
                self.host_mut(node).lines[usize::from(medium.0)].drains.push_back(token);
                self.wake(node, reader(medium.0));
            }
            Output::ReplaceReader(medium) => self.end_reader(node, master, medium.0),
            Output::Execute { call, operation } if operation.resource.agent == clients::KIND => {
                self.script_runs(node, master, call, &operation);
            }
            Output::Execute { call, operation } => {
                self.tell_executor(node, ToExecutor::Submit(call, operation));
            }
            Output::Adopt(resources) => self.tell_executor(node, ToExecutor::Adopt(resources)),
            Output::FenceOp { call, operation } => {
                if let Some(fencer) = &mut self.host_mut(node).fencer {
                    fencer.inbox.push_back((call, operation));
                    self.wake(node, FENCER);
                }
            }
            Output::Persist { record, token } => self.persist(node, record, token),
            Output::Deliver { message, .. } => self.deliver(node, &message),
            Output::Gap { from, first, last, .. } => {
                if let Some(from) = self.number_of(&from) {
                    self.streams.lost(node, from, first.0, last.0);
                    self.stats.gaps += 1;
                }
            }
            Output::Pause(wait) => master.clients_wait = wait,
            Output::Notice(notice) => self.noticed(node, &notice),
            Output::Reply { reply: Reply::Refused { .. }, .. } => self.stats.refused += 1,
            // The simulated nodes have no programs of the Heartbeat API.
            Output::ApiReady | Output::Api { .. } => {}
            Output::Reply { .. } | Output::Reannounce(_) | Output::Exit { .. } => {}
        }
    }

    pub(super) fn tell_executor(&mut self, node: u8, what: ToExecutor) {
        if let Some(executor) = &mut self.host_mut(node).executor {
            executor.inbox.push_back(what);
            self.wake(node, EXECUTOR);
        }
    }

    /// Offers a frame to a writer, which takes it or not; the master is told.
    fn write(
        &mut self,
        node: u8,
        master: &mut Master,
        now: Instant,
        medium: MediumId,
        (class, frame): (Class, Arc<[u8]>),
    ) {
        // A frame is offered to the writer of each medium; what it is was worked out the first time.
        let meta = match &master.written {
            Some((written, as_what, meta)) if Arc::ptr_eq(written, &frame) && *as_what == class => *meta,
            _ => {
                self.trace.note_bytes(&frame);
                let meta = Meta::of(node, self.host(node).life, class, &frame);
                master.written = Some((frame.clone(), class, meta));
                self.check_generation(node, master);
                meta
            }
        };
        self.trace.note(u64::from(medium.0));
        let host = self.host_mut(node);
        let alive = host.schedules[usize::from(writer(medium.0))].alive;
        let line = &mut host.lines[usize::from(medium.0)];
        if alive && line.outgoing.push(Outgoing { frame: frame.clone(), meta }).is_ok() {
            self.wake(node, writer(medium.0));
            return;
        }
        line.refused = true;
        self.stats.steps += 1;
        self.stats.frames_refused += 1;
        master.node.handle(now, Input::WriterRefused { medium, class, frame });
    }

    /// A generation is announced only when it is durable, and none twice.
    fn check_generation(&mut self, node: u8, master: &mut Master) {
        if std::mem::replace(&mut master.announced, true) {
            return;
        }
        let generation = master.node.view().cluster().generation().0;
        let durable = self.host(node).disk.durable_generation();
        let before = std::mem::replace(&mut self.host_mut(node).generation, generation);
        if generation <= before {
            let what = format!("n{} announces generation {generation} after {before}", node + 1);
            self.broken(Invariant::Generation, what);
        } else if durable != Some(generation) {
            let what =
                format!("n{} announces generation {generation} while {durable:?} is durable", node + 1);
            self.broken(Invariant::Generation, what);
        }
    }

    fn persist(&mut self, node: u8, record: Record, token: Token) {
        let life = self.host(node).life;
        self.host_mut(node).disk.begin(record);
        let draw = self.chance.of(Subject::Disk, u64::from(node), token.0 ^ u64::from(life) << 32);
        let after = draw.between(200_000, 20_000_000);
        let start = self.host(node).disk_busy_until.max(self.now());
        self.host_mut(node).disk_busy_until = start + after;
        let (life, token) = (life as u16, token.0 as u32);
        self.agenda.put(start + after, Event::Written { node, life, token });
    }

    /// A durable write is done.
    pub(super) fn written(&mut self, node: u8, life: u16, token: u32) {
        if self.host(node).power && self.host(node).life as u16 == life {
            self.host_mut(node).disk.end();
            self.tell(node, super::host::News::Persisted(Token(token.into())));
        }
    }

    fn deliver(&mut self, node: u8, message: &hb_wire::Message) {
        let Some((life, number, seq)) = clients::read(message) else { return };
        let from = message.text("src").and_then(NodeName::new).and_then(|name| self.number_of(&name));
        let Some(from) = from else { return };
        self.stats.delivered += 1;
        self.trace.note(u64::from(number));
        let at = self.now();
        let violation = self.streams.received((node, from), (life, number, seq), at);
        self.violate(violation);
    }

    /// The notification script for messages of clients: it sees every message once, when it arrives. It is
    /// so quick that nothing is gained by running it.
    fn script_runs(&mut self, node: u8, master: &mut Master, call: CallId, operation: &Operation) {
        let outcome = Outcome::Ok;
        master.news.push_back(News::Executor(ExecutorEvent::Ran { call, outcome }));
        let field = |name: &str| operation.env.iter().find(|(key, _)| key == name).map(|(_, v)| v.as_str());
        let from = field("HA_src").and_then(NodeName::new).and_then(|name| self.number_of(&name));
        let (Some(from), Some((life, number))) = (from, clients::read_environment(field)) else { return };
        let at = self.now();
        let violation = self.streams.arrived((node, from), (life, number), at);
        self.violate(violation);
    }

    fn number_of(&self, name: &NodeName) -> Option<u8> {
        self.hosts.iter().position(|host| host.name == *name).map(|place| place as u8)
    }

    fn noticed(&mut self, node: u8, notice: &Notice) {
        if notice.code == hb_cluster::notices::COMMUNICATION_UP {
            self.host_mut(node).formed_at = self.now();
        }
        if notice.code != hb_cluster::notices::NODE_DEAD {
            return;
        }
        let silent = match notice.field("reason") {
            Some(Value::Text(reason)) => reason != "left",
            _ => true,
        };
        let Some(victim) = NodeName::new(&notice.subject).and_then(|name| self.number_of(&name)) else {
            return;
        };
        self.stats.deaths += 1;
        if silent {
            let at = self.now();
            let violation = self.evidence.judged(node, victim, at);
            let violation = violation.or_else(|| self.own_pause(node, victim));
            let violation = violation.or_else(|| self.late_death(node, victim, notice));
            self.violate(violation);
        }
    }

    /// S9: after it stood still for a deadtime, a node hears the others out for another one.
    fn own_pause(&self, node: u8, victim: u8) -> Option<Violation> {
        let host = self.host(node);
        let deadtime = super::nanos(self.plan.timing.deadtime);
        let awake = self.now().saturating_sub(host.resumed_at);
        let wrong = host.paused_for >= deadtime && awake < deadtime - deadtime / 100 && host.pauses <= 2;
        wrong.then(|| Violation {
            invariant: Invariant::OwnPause,
            at: self.now(),
            what: format!(
                "n{} stood still for {} ms and declares n{} dead {} ms after it woke",
                node + 1,
                host.paused_for / 1_000_000,
                victim + 1,
                awake / 1_000_000
            ),
        })
    }

    /// Who is silent is declared dead when its time is over: by when its last frame reached a socket, not by when that
    /// was read. Later only while a process stood still or the node formed, or when evidence was void because of that.
    fn late_death(&self, node: u8, victim: u8, notice: &Notice) -> Option<Violation> {
        let Some(Value::Span(patience)) = notice.field("deadtime") else { return None };
        let host = self.host(node);
        let heard_at = self.evidence.any_frame_at(node, victim);
        let patience = super::nanos(*patience);
        let due = heard_at.max(host.anew_at) + patience + patience / 1_000;
        let due = due.max(host.formed_at).max(host.hindered_at);
        let slack = 50_000_000 + 20 * super::nanos(self.plan.latency);
        let late = self.now().saturating_sub(due);
        (!host.ever_busy && late > slack).then(|| Violation {
            invariant: Invariant::LateDeath,
            at: self.now(),
            what: format!(
                "n{} declares n{} dead {} ms after its time was over",
                node + 1,
                victim + 1,
                late / 1_000_000
            ),
        })
    }
}
