//! The executor's machine: inputs, outputs and their dispatch.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use hb_base::{CallId, Instant, Notice, Severity};

use crate::lane::{Job, Lane, Stage, Waiting};
use crate::notices;
use crate::outcome::{Exit, Outcome, interpret};
use crate::resource::{Action, Class, Operation, Resource};

/// Operations that may wait for one resource; the next one is refused with [`notices::QUEUE_FULL`].
pub const MAX_QUEUED_PER_RESOURCE: usize = 64;
/// Resources that may have operations, and that may be remembered as active; beyond it operations are refused.
pub const MAX_RESOURCES: usize = 4096;
/// Results kept for a master that is away; the oldest goes first.
pub const MAX_KEPT_RESULTS: usize = 1024;
/// From the TERM at the end of an operation's time to the KILL, and from there to the complaint.
pub const KILL_AFTER: Duration = Duration::from_secs(5);
/// What fencing gets on top of its time, so that the device's own limit speaks first.
pub const FENCING_EXTRA: Duration = Duration::from_secs(15);
/// How long addresses stay without a master. Removing them takes a few milliseconds more; 50 ms are promised.
pub const ADOPTION_GRACE: Duration = Duration::from_millis(30);
/// Waiting longer than this for its turn is worth a notice.
pub const SLOW_QUEUE: Duration = Duration::from_secs(10);

/// What the machine is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// From the master: run this. A call id is answered exactly once and must not be in use.
    Submit {
        /// The master's number for it.
        call: CallId,
        /// What to run.
        operation: Operation,
    },
    /// From the master: do not run this after all. A running operation runs on, except a fencing one.
    Cancel {
        /// The number given with `Submit`.
        call: CallId,
    },
    /// From the runner, once for every [`Output::Run`] that could be started.
    Exited {
        /// The call of the `Run`.
        call: CallId,
        /// How its process ended.
        exit: Exit,
    },
    /// From the runner or the address agent: the operation is over and this is its result. Also for a
    /// program that could not be started.
    Concluded {
        /// The call of the `Run` or `Address`.
        call: CallId,
        /// The result.
        outcome: Outcome,
    },
    /// From the channel: the master is gone.
    MasterLost,
    /// From the listening socket: a master is there (again); answered by [`Output::State`].
    MasterBack,
    /// From the returned master: these resources are still its own. Addresses not named go when the grace is over.
    Adopt {
        /// Resource ids.
        resources: Vec<String>,
    },
    /// From the address agent: somebody else removed the address of this resource.
    Vanished {
        /// The resource's id.
        resource: String,
    },
    /// From the shell, at or after the deadline.
    Timer,
}

/// A signal for the process group of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Signal {
    /// Please end.
    Term,
    /// End.
    Kill,
}

/// The end of an operation, as the master is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// The master's number.
    pub call: CallId,
    /// The resource's id.
    pub resource: String,
    /// What was asked.
    pub action: Action,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it waited for its turn.
    pub queued: Duration,
    /// How long it ran.
    pub ran: Duration,
}

/// An operation that has begun and not ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Running {
    /// The master's number. A returning master numbers its own calls above these.
    pub call: CallId,
    /// The resource's id.
    pub resource: String,
    /// What is being done.
    pub action: Action,
}

/// What a returning master needs to know.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// Ids of the resources whose last result says "runs", in order of their ids.
    pub active: Vec<String>,
    /// Operations under way; their results still come.
    pub running: Vec<Running>,
    /// Results that no master has seen.
    pub finished: Vec<Done>,
}

/// What the machine wants done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// For the runner: start the agent's program; answer `Exited`, or `Concluded` when it cannot be started.
    Run {
        /// Identifies the process from now on.
        call: CallId,
        /// What to run.
        operation: Operation,
    },
    /// For the address agent: do it; answer `Concluded`.
    Address {
        /// Identifies the operation in the answer.
        call: CallId,
        /// What to do.
        operation: Operation,
    },
    /// For the runner: signal the process group.
    Signal {
        /// Whose.
        call: CallId,
        /// Which.
        signal: Signal,
    },
    /// For the address agent: remove this address now; nobody waits for an answer.
    Release {
        /// The address.
        resource: Resource,
    },
    /// For the master.
    Done(Done),
    /// For the master, after `MasterBack`.
    State(State),
    /// For the log.
    Notice(Notice),
}

/// A picture of the machine.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Operations under way.
    pub running: Vec<Running>,
    /// Operations that wait.
    pub queued: usize,
    /// Resources whose last result says "runs".
    pub active: &'a BTreeMap<String, Resource>,
    /// Whether a master is there.
    pub master: bool,
    /// Addresses that go when the grace is over.
    pub doomed: &'a BTreeSet<String>,
}

/// The local resource manager of one node. See the crate's header for the rules.
#[derive(Debug)]
pub struct Lrm {
    max_children: usize,
    children: usize,
    lanes: BTreeMap<String, Lane>,
    /// Lanes that could start something but for the limit of children, first come first.
    crowded: VecDeque<String>,
    calls: BTreeMap<CallId, String>,
    active: BTreeMap<String, Resource>,
    master: bool,
    release_at: Option<Instant>,
    doomed: BTreeSet<String>,
    finished: VecDeque<Done>,
    out: VecDeque<Output>,
}

/// Programs that may run at once on a machine with `cpus` processors.
pub const fn max_children(cpus: usize) -> usize {
    if cpus / 2 > 4 { cpus / 2 } else { 4 }
}

impl Lrm {
    /// A machine with its master present that runs at most `max_children` programs at once (at least 1).
    pub fn new(max_children: usize) -> Lrm {
        Lrm {
            max_children: max_children.max(1),
            children: 0,
            lanes: BTreeMap::new(),
            crowded: VecDeque::new(),
            calls: BTreeMap::new(),
            active: BTreeMap::new(),
            master: true,
            release_at: None,
            doomed: BTreeSet::new(),
            finished: VecDeque::new(),
            out: VecDeque::new(),
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Submit { call, operation } => self.submit(now, call, operation),
            Input::Cancel { call } => self.cancel(now, call),
            Input::Exited { call, exit } => self.exited(now, call, &exit),
            Input::Concluded { call, outcome } => self.conclude(now, call, outcome),
            Input::MasterLost => self.master_lost(now),
            Input::MasterBack => self.master_back(),
            Input::Adopt { resources } => {
                for id in resources {
                    self.doomed.remove(&id);
                }
            }
            Input::Vanished { resource } => {
                self.active.remove(&resource);
                self.doomed.remove(&resource);
            }
            Input::Timer => self.timer(now),
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to call `handle` with [`Input::Timer`].
    pub fn deadline(&self) -> Option<Instant> {
        let jobs = self.lanes.values().filter_map(|lane| lane.running.as_ref()?.next);
        jobs.chain(self.release_at).min()
    }

    /// The state, read only.
    pub fn view(&self) -> View<'_> {
        View {
            running: self.running(),
            queued: self.lanes.values().map(|lane| lane.queue.len()).sum(),
            active: &self.active,
            master: self.master,
            doomed: &self.doomed,
        }
    }

    fn running(&self) -> Vec<Running> {
        let jobs = self.lanes.iter().filter_map(|(id, lane)| Some((id, lane.running.as_ref()?)));
        jobs.map(|(id, job)| Running { call: job.call, resource: id.clone(), action: job.operation.action })
            .collect()
    }

    fn submit(&mut self, now: Instant, call: CallId, operation: Operation) {
        let id = operation.resource.id.clone();
        let known = self.lanes.contains_key(&id);
        let waiting = self.lanes.get(&id).map_or(0, |lane| lane.queue.len());
        let full = waiting >= MAX_QUEUED_PER_RESOURCE || (!known && self.lanes.len() >= MAX_RESOURCES);
        let refusal = if self.calls.contains_key(&call) {
            Some("the call id is in use")
        } else if full {
            let notice = Notice::new(Severity::Error, notices::QUEUE_FULL, id.clone());
            self.out.push_back(Output::Notice(notice.with("action", operation.action.word())));
            Some("too many operations are waiting")
        } else {
            None
        };
        if let Some(reason) = refusal {
            let outcome = Outcome::Failed { rc: None, reason: reason.into() };
            let done = Done {
                call,
                resource: id,
                action: operation.action,
                outcome,
                queued: Duration::ZERO,
                ran: Duration::ZERO,
            };
            self.report(done);
            return;
        }
        self.calls.insert(call, id.clone());
        let lane = self.lanes.entry(id.clone()).or_default();
        lane.queue.push_back(Waiting { call, operation, since: now });
        self.advance(now, &id);
    }

    /// Starts what can be started in the lane of `id`; drops the lane when it has nothing left to do.
    fn advance(&mut self, now: Instant, id: &str) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        if lane.running.is_some() {
            return;
        }
        let Some(next) = lane.queue.front() else {
            self.lanes.remove(id);
            return;
        };
        let counted = counts(&next.operation.resource.class);
        if counted && self.children >= self.max_children {
            if !self.crowded.iter().any(|other| other == id) {
                self.crowded.push_back(id.into());
            }
            return;
        }
        let Some(Waiting { call, operation, since }) = lane.queue.pop_front() else { return };
        let limit = match operation.resource.class {
            // The agent answers by itself in bounded time, and there is no process to signal.
            Class::Address => None,
            Class::Stonith => operation.timeout.map(|limit| limit + FENCING_EXTRA),
            _ => operation.timeout,
        };
        let next = limit.map(|limit| now + limit);
        lane.running = Some(Job {
            call,
            operation: operation.clone(),
            since,
            started: now,
            stage: Stage::Running,
            next,
        });
        self.children += usize::from(counted);
        self.announce(now.since(since), &operation);
        self.out.push_back(match operation.resource.class {
            Class::Address => Output::Address { call, operation },
            _ => Output::Run { call, operation },
        });
    }

    fn announce(&mut self, waited: Duration, operation: &Operation) {
        let action = operation.action.word();
        if waited > SLOW_QUEUE {
            let notice = Notice::new(Severity::Warning, notices::OPERATION_WAITED, &*operation.resource.id);
            self.out.push_back(Output::Notice(notice.with("action", action).with("waited", waited)));
        }
        let severity = match operation.action {
            Action::Status => Severity::Debug,
            _ => Severity::Info,
        };
        let notice = Notice::new(severity, notices::OPERATION_STARTED, &*operation.resource.id);
        let notice = notice.with("action", action).with("class", operation.resource.class.word());
        self.out.push_back(Output::Notice(notice));
    }

    fn cancel(&mut self, now: Instant, call: CallId) {
        let Some(id) = self.calls.get(&call).cloned() else { return };
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        if let Some(at) = lane.queue.iter().position(|waiting| waiting.call == call) {
            if let Some(waiting) = lane.queue.remove(at) {
                self.cancelled(now, waiting);
            }
            self.advance(now, &id);
            return;
        }
        let fencing = |job: &&mut Job| job.operation.resource.class == Class::Stonith;
        if let Some(job) = lane.running.as_mut().filter(fencing).filter(|job| job.stage == Stage::Running) {
            job.stage = Stage::Cancelled;
            job.next = Some(now + KILL_AFTER);
            self.out.push_back(Output::Signal { call, signal: Signal::Term });
        }
    }

    fn cancelled(&mut self, now: Instant, waiting: Waiting) {
        self.calls.remove(&waiting.call);
        self.report(Done {
            call: waiting.call,
            resource: waiting.operation.resource.id,
            action: waiting.operation.action,
            outcome: Outcome::Cancelled,
            queued: now.since(waiting.since),
            ran: Duration::ZERO,
        });
    }

    fn exited(&mut self, now: Instant, call: CallId, exit: &Exit) {
        let Some(job) = self.job(call) else { return };
        let outcome = match job.stage {
            Stage::Running => interpret(&job.operation.resource, job.operation.action, exit),
            Stage::Cancelled => Outcome::Cancelled,
            Stage::Termed | Stage::Killed | Stage::Stuck => Outcome::TimedOut,
        };
        if let (Outcome::Running, crate::Ending::Code(rc @ (190 | 191))) = (&outcome, exit.ending) {
            let id = &*job.operation.resource.id;
            let notice = Notice::new(Severity::Warning, notices::RESOURCE_DEGRADED, id).with("rc", rc as u64);
            self.out.push_back(Output::Notice(notice));
        }
        self.conclude(now, call, outcome);
    }

    fn job(&self, call: CallId) -> Option<&Job> {
        self.lanes.get(self.calls.get(&call)?)?.running.as_ref().filter(|job| job.call == call)
    }

    fn conclude(&mut self, now: Instant, call: CallId, outcome: Outcome) {
        if self.job(call).is_none() {
            return;
        }
        let Some(id) = self.calls.remove(&call) else { return };
        let Some(job) = self.lanes.get_mut(&id).and_then(|lane| lane.running.take()) else { return };
        let counted = counts(&job.operation.resource.class);
        self.children -= usize::from(counted);
        self.remember(now, &job.operation, &outcome);
        let done = Done {
            call,
            resource: id.clone(),
            action: job.operation.action,
            outcome,
            queued: job.started.since(job.since),
            ran: now.since(job.started),
        };
        self.tell(&done);
        self.report(done);
        self.advance(now, &id);
        while counted && self.children < self.max_children {
            let Some(next) = self.crowded.pop_front() else { break };
            self.advance(now, &next);
        }
    }

    /// Keeps book of what is active. A failed stop leaves the resource active: it may well be.
    fn remember(&mut self, now: Instant, operation: &Operation, outcome: &Outcome) {
        let resource = &operation.resource;
        if matches!(resource.class, Class::Rc | Class::Stonith) {
            return;
        }
        match (operation.action, outcome) {
            (Action::Start, Outcome::Ok) | (Action::Status, Outcome::Running) => {
                if self.active.len() < MAX_RESOURCES || self.active.contains_key(&resource.id) {
                    self.active.insert(resource.id.clone(), resource.clone());
                }
                if !self.master && resource.class == Class::Address {
                    self.doomed.insert(resource.id.clone());
                    self.release_at.get_or_insert(now);
                }
            }
            (Action::Stop, Outcome::Ok) | (Action::Status, Outcome::NotRunning) => {
                self.active.remove(&resource.id);
                self.doomed.remove(&resource.id);
            }
            _ => {}
        }
    }

    fn tell(&mut self, done: &Done) {
        let id = done.resource.clone();
        let notice = match &done.outcome {
            Outcome::Failed { rc, reason } => {
                let notice = Notice::new(Severity::Error, notices::OPERATION_FAILED, id)
                    .with("action", done.action.word());
                let notice = match rc.and_then(|rc| u64::try_from(rc).ok()) {
                    Some(rc) => notice.with("rc", rc),
                    None => notice,
                };
                notice.with("reason", reason.clone())
            }
            Outcome::NotInstalled { reason } => Notice::new(Severity::Error, notices::OPERATION_FAILED, id)
                .with("action", done.action.word())
                .with("reason", reason.clone()),
            // The notice about the timeout came when it happened.
            Outcome::TimedOut => return,
            outcome => {
                let severity = match done.action {
                    Action::Status => Severity::Debug,
                    _ => Severity::Info,
                };
                Notice::new(severity, notices::OPERATION_DONE, id)
                    .with("action", done.action.word())
                    .with("outcome", outcome.word())
                    .with("ran", done.ran)
            }
        };
        self.out.push_back(Output::Notice(notice));
    }

    /// To the master, or into the box for the next one.
    fn report(&mut self, done: Done) {
        if self.master {
            self.out.push_back(Output::Done(done));
            return;
        }
        if self.finished.len() >= MAX_KEPT_RESULTS {
            self.finished.pop_front();
        }
        self.finished.push_back(done);
    }

    /// Nobody says any more what this node owns: nothing is started, addresses go after the grace, stops
    /// and whatever runs go on.
    fn master_lost(&mut self, now: Instant) {
        if !self.master {
            return;
        }
        self.master = false;
        let ids: Vec<String> = self.lanes.keys().cloned().collect();
        let mut cancelled = 0u64;
        for id in &ids {
            let Some(lane) = self.lanes.get_mut(id) else { continue };
            let (keep, drop): (VecDeque<_>, VecDeque<_>) = core::mem::take(&mut lane.queue)
                .into_iter()
                .partition(|w| w.operation.action == Action::Stop);
            lane.queue = keep;
            cancelled += drop.len() as u64;
            for waiting in drop {
                self.cancelled(now, waiting);
            }
            self.advance(now, id);
        }
        let address = |resource: &&Resource| resource.class == Class::Address;
        self.doomed.extend(self.active.values().filter(address).map(|resource| resource.id.clone()));
        // A start under way counts as active: the agent may have added the address already.
        let starting = self.lanes.values().filter_map(|lane| lane.running.as_ref());
        let starting = starting.filter(|job| job.operation.resource.class == Class::Address);
        for job in starting.filter(|job| job.operation.action == Action::Start) {
            self.doomed.insert(job.operation.resource.id.clone());
        }
        let addresses = self.doomed.len() as u64;
        self.release_at = (addresses > 0).then(|| now + ADOPTION_GRACE);
        let notice = Notice::new(Severity::Warning, notices::MASTER_LOST, "master");
        let notice = notice.with("addresses", addresses).with("queued_cancelled", cancelled);
        self.out.push_back(Output::Notice(notice));
    }

    fn master_back(&mut self) {
        self.master = true;
        let state = State {
            active: self.active.keys().cloned().collect(),
            running: self.running(),
            finished: self.finished.drain(..).collect(),
        };
        let notice = Notice::new(Severity::Info, notices::MASTER_BACK, "master")
            .with("active", state.active.len() as u64)
            .with("running", state.running.len() as u64);
        self.out.push_back(Output::Notice(notice));
        self.out.push_back(Output::State(state));
    }

    fn timer(&mut self, now: Instant) {
        if self.release_at.is_some_and(|at| now >= at) {
            self.release_at = None;
            self.release_doomed();
        }
        let Lrm { lanes, out, .. } = self;
        for (id, lane) in lanes {
            if let Some(job) = lane.running.as_mut().filter(|job| job.next.is_some_and(|at| now >= at)) {
                job.escalate(now, id, out);
            }
        }
    }

    fn release_doomed(&mut self) {
        for id in core::mem::take(&mut self.doomed) {
            let running = self.lanes.get(&id).and_then(|lane| lane.running.as_ref());
            let starting = running.map(|job| job.operation.resource.clone());
            let Some(resource) = self.active.remove(&id).or(starting) else { continue };
            self.out.push_back(Output::Release { resource });
            let notice = Notice::new(Severity::Critical, notices::ADDRESS_ABANDONED, id);
            self.out.push_back(Output::Notice(notice));
        }
    }
}

/// Whether a program of this class takes one of the places for children.
const fn counts(class: &Class) -> bool {
    !matches!(class, Class::Address | Class::Stonith)
}

impl hb_base::Machine for Lrm {
    type Input = Input;
    type Output = Output;
    type View<'a> = View<'a>;

    fn handle(&mut self, now: Instant, input: Input) {
        Lrm::handle(self, now, input);
    }
    fn poll(&mut self) -> Option<Output> {
        Lrm::poll(self)
    }
    fn deadline(&self) -> Option<Instant> {
        Lrm::deadline(self)
    }
    fn view(&self) -> View<'_> {
        Lrm::view(self)
    }
}

#[cfg(test)]
mod tests;
