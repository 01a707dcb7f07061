//! The executor's process, and the agents that it runs.

use super::agents::{self, Job};
use super::host::{EXECUTOR, News, ToExecutor};
use super::{Event, World, build};
use crate::chance::Subject;
use crate::plan::{self, Mishap, What};
use crate::truth::Invariant;
use hb_base::{CallId, Instant};
use hb_lrm::{Action, Class, Ending, Exit, Input, Operation, Output, Resource};
use hb_node::ExecutorEvent;

impl World<'_> {
    pub(super) fn executor_turn(&mut self, node: u8) {
        let Some(mut executor) = self.host_mut(node).executor.take() else { return };
        self.stats.turns += 1;
        let now = self.local(node);
        if executor.lrm.deadline().is_some_and(|at| at <= now) {
            executor.lrm.handle(now, Input::Timer);
            self.lrm_outputs(node, &mut executor, now);
        }
        while let Some(what) = executor.inbox.pop_front() {
            let input = match what {
                ToExecutor::Submit(call, operation) => Input::Submit { call, operation },
                ToExecutor::Adopt(resources) => Input::Adopt { resources },
                ToExecutor::MasterLost => Input::MasterLost,
                ToExecutor::MasterBack => Input::MasterBack,
                ToExecutor::Ended(call, exit) => Input::Exited { call, exit },
                ToExecutor::Concluded(call, outcome) => Input::Concluded { call, outcome },
            };
            self.stats.steps += 1;
            executor.lrm.handle(now, input);
            self.lrm_outputs(node, &mut executor, now);
        }
        let deadline = executor.lrm.deadline();
        self.host_mut(node).executor = Some(executor);
        if let Some(deadline) = deadline {
            let at = self.host(node).clock.true_time(deadline);
            self.wake_at(node, EXECUTOR, at);
        }
    }

    /// An executor is told to end: what its master leaves behind is handled as if that would not come back.
    pub(super) fn retire_executor(&mut self, node: u8) {
        let Some(mut executor) = self.host_mut(node).executor.take() else { return };
        let now = self.local(node);
        self.stats.steps += 2;
        executor.lrm.handle(now, Input::MasterLost);
        executor.lrm.handle(now + hb_lrm::ADOPTION_GRACE, Input::Timer);
        self.lrm_outputs(node, &mut executor, now);
        self.host_mut(node).executor = Some(executor);
    }

    fn lrm_outputs(&mut self, node: u8, executor: &mut super::host::Executor, now: Instant) {
        let _ = now;
        while let Some(output) = executor.lrm.poll() {
            match output {
                Output::Run { call, operation } | Output::Address { call, operation } => {
                    self.start_agent(node, executor.instance, call, &operation);
                }
                Output::Signal { call, .. } => self.signal_agent(node, executor, call),
                Output::Release { resource } => self.release(node, &resource),
                Output::Done(done) => {
                    self.judge_done(node, &done);
                    let (call, outcome) = (done.call, done.outcome);
                    self.tell(node, News::Executor(ExecutorEvent::Ran { call, outcome }));
                }
                Output::State(state) => {
                    let active = state.active;
                    self.tell(node, News::Executor(ExecutorEvent::Up { active }));
                    for done in state.finished {
                        self.judge_done(node, &done);
                        let (call, outcome) = (done.call, done.outcome);
                        self.tell(node, News::Executor(ExecutorEvent::Ran { call, outcome }));
                    }
                }
                Output::Notice(notice) => {
                    let at = self.now();
                    self.trace.say(
                        at,
                        Some(node),
                        format_args!("   executor {}: {}", notice.code, notice.subject),
                    );
                }
            }
        }
    }

    /// A stop that was reported as done is a confirmation; a reported failure excuses what follows from it.
    fn judge_done(&mut self, node: u8, done: &hb_lrm::Done) {
        let Some(resource) = self.resource(&done.resource) else { return };
        match (done.action, done.outcome.is_success()) {
            (Action::Stop, true) => self.ownership.stop_confirmed(resource, node),
            // A group that was given up after a failure is stopped as a whole.
            (Action::Start | Action::Stop, false) => {
                let group = build::group_of(self.plan, resource);
                if let Some(blamed) = self.blamed.get_mut(usize::from(node)) {
                    *blamed |= group;
                }
            }
            _ => {}
        }
    }

    fn resource(&self, id: &str) -> Option<u8> {
        self.resources.iter().position(|name| name == id).map(|place| place as u8)
    }

    /// What goes wrong with this action on this node now.
    fn mishap(&self, node: u8, wanted: Action) -> Option<Mishap> {
        self.plan.steps.iter().zip(&self.in_force).filter(|(_, on)| **on).find_map(|(step, _)| {
            match step.what {
                What::Agent { node: on, action, mishap } if on == node && same(action, wanted) => {
                    Some(mishap)
                }
                _ => None,
            }
        })
    }

    fn start_agent(&mut self, node: u8, executor: u32, call: CallId, operation: &Operation) {
        let Operation { resource: Resource { id, class, .. }, action, .. } = operation;
        let resource = if matches!(class, Class::Rc) { None } else { self.resource(id) };
        let mishap = resource.and_then(|_| self.mishap(node, *action));
        let boots = self.host(node).boots as u16;
        let agents = &mut self.host_mut(node).agents;
        agents.started += 1;
        let job = agents.started;
        let times = self.chance.of(Subject::Agent, u64::from(node), u64::from(job));
        let effect = self.chance.of(Subject::Effect, u64::from(node), u64::from(job));
        let work = agents::work(class, *action, mishap, times, effect);
        let address = matches!(class, Class::Address);
        let job_entry = Job { id: job, call, executor, resource, action: *action, address, work };
        self.host_mut(node).agents.jobs.push(job_entry);
        self.stats.agents += 1;
        let now = self.now();
        self.trace.note(u64::from(job) << 8 | u64::from(node));
        self.trace.say(now, Some(node), format_args!("   the agent begins: {id} {}, {work}", action.word()));
        if let Some(resource) = resource {
            self.host_mut(node).left &= !(1 << resource);
        }
        if let (Some(resource), Action::Start) = (resource, action) {
            let violation = self.ownership.starting(resource, node, now);
            self.violate(violation);
        }
        if let Some(after) = work.effect_after {
            self.agenda.put(now + after, Event::Effect { node, boots, job });
        }
        if let Some(after) = work.ends_after {
            self.agenda.put(now + after, Event::AgentEnds { node, boots, job });
        }
    }

    /// An agent changes its resource.
    pub(super) fn agent_effect(&mut self, node: u8, boots: u16, job: u32) {
        if self.host(node).boots as u16 != boots {
            return;
        }
        let Some(job) = self.host(node).agents.job(job) else { return };
        if let (Some(resource), action) = (job.resource, job.action) {
            self.set_active(node, resource, action == Action::Start);
        }
    }

    fn set_active(&mut self, node: u8, resource: u8, active: bool) {
        let now = self.now();
        let agents = &mut self.host_mut(node).agents;
        if active {
            agents.active |= 1 << resource;
            let others = self.ownership.active(resource, node);
            if others != 0 {
                self.active_twice(node, resource, others);
            }
        } else {
            agents.active &= !(1 << resource);
            self.ownership.inactive(resource, node);
        }
        let word = if active { "active" } else { "inactive" };
        self.trace.note(u64::from(resource) << 1 | u64::from(active));
        let name = &self.resources[usize::from(resource)];
        self.trace.say(now, Some(node), format_args!("** {name} is {word} here"));
    }

    /// S1. Without fencing it is nobody's fault when nodes were really out of touch.
    fn active_twice(&mut self, node: u8, resource: u8, others: u8) {
        self.stats.double_active += 1;
        let other = others.trailing_zeros() as u8;
        let excused = self.excused || self.evidence.out_of_touch(node, other, self.now());
        if self.plan.fenced() || !excused {
            let name = &self.resources[usize::from(resource)];
            let what = format!("{name} becomes active on n{} while active on n{}", node + 1, other + 1);
            self.broken(Invariant::ActiveOnce, what);
        }
    }

    /// An agent ends.
    pub(super) fn agent_ends(&mut self, node: u8, boots: u16, job: u32) {
        if self.host(node).boots as u16 != boots {
            return;
        }
        let Some(job) = self.host_mut(node).agents.take(job) else { return };
        let active = job.resource.is_some_and(|resource| self.host(node).agents.is_active(resource));
        let result = if job.address {
            ToExecutor::Concluded(job.call, agents::conclusion(job.action, job.work.success, active))
        } else {
            ToExecutor::Ended(job.call, agents::exit(job.action, job.work.success, active))
        };
        if self.host(node).executor.as_ref().is_some_and(|executor| executor.instance == job.executor) {
            self.tell_executor(node, result);
        }
    }

    /// TERM or KILL: the agent ends at once, its work undone.
    fn signal_agent(&mut self, node: u8, executor: &mut super::host::Executor, call: CallId) {
        let agents = &mut self.host_mut(node).agents;
        let found = agents.jobs.iter().find(|job| job.call == call && job.executor == executor.instance);
        if let Some(job) = found.map(|job| job.id).and_then(|id| agents.take(id)) {
            let exit = Exit { ending: Ending::Signal(15), ..Exit::code(0) };
            executor.inbox.push_back(ToExecutor::Ended(job.call, exit));
        }
    }

    /// The executor takes an address away by itself.
    fn release(&mut self, node: u8, resource: &Resource) {
        let Some(resource) = self.resource(&resource.id) else { return };
        self.set_active(node, resource, false);
        let starts = |job: &Job| job.resource == Some(resource) && job.action == Action::Start;
        if !self.host(node).agents.jobs.iter().any(starts) {
            self.ownership.stop_confirmed(resource, node);
        }
    }

    /// Somebody looks after what was left running on his demand.
    pub(super) fn clear_left(&mut self, node: u8) {
        let left = std::mem::take(&mut self.host_mut(node).left);
        for resource in (0..self.resources.len() as u8).filter(|resource| left >> resource & 1 == 1) {
            self.set_active(node, resource, false);
            self.ownership.stop_confirmed(resource, node);
        }
    }

    /// Agents that hang come to their senses: they do what they should have done.
    pub(super) fn heal_agents(&mut self, node: u8) {
        let boots = self.host(node).boots as u16;
        let now = self.now();
        for job in &mut self.hosts[usize::from(node)].agents.jobs {
            if job.work.ends_after.is_none() {
                job.work.success = true;
                self.agenda.put(now + 1_000_000, Event::Effect { node, boots, job: job.id });
                self.agenda.put(now + 2_000_000, Event::AgentEnds { node, boots, job: job.id });
            }
        }
    }
}

fn same(planned: plan::Action, wanted: Action) -> bool {
    matches!(
        (planned, wanted),
        (plan::Action::Start, Action::Start)
            | (plan::Action::Stop, Action::Stop)
            | (plan::Action::Status, Action::Status)
    )
}
