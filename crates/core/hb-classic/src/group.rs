//! One line of `haresources` on this node: started from left to right, stopped from right to left.
//!
//! A group is a small machine of its own. It says what to run next, one operation at a time; whoever owns it
//! runs that and reports the outcome. It never decides whether it may run here.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use hb_base::{CallId, Instant, NodeName};
use hb_lrm::{Action, Class, Outcome, Resource};

use crate::{Held, Reason};

/// Pause between two tries to stop a resource (spec: haresources 3).
pub const STOP_RETRY_DELAY: Duration = Duration::from_secs(1);
/// How often a blocked resource is asked to stop again, in case somebody helped.
pub const BLOCKED_RETRY_DELAY: Duration = Duration::from_secs(30);

/// What a resource does, as far as this node knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResourceState {
    /// Nobody asked yet.
    Unknown,
    /// Its status is asked before it is started.
    Checking,
    /// Its start is under way.
    Starting,
    /// It runs.
    Started,
    /// Its stop is under way, or waits for its next try.
    Stopping,
    /// It does not run.
    Stopped,
    /// Its start failed.
    Failed,
    /// It will not stop, and it still runs or may still run.
    Blocked,
}

impl ResourceState {
    /// The word in status and notices.
    pub const fn word(self) -> &'static str {
        match self {
            ResourceState::Unknown => "unknown",
            ResourceState::Checking => "checking",
            ResourceState::Starting => "starting",
            ResourceState::Started => "started",
            ResourceState::Stopping => "stopping",
            ResourceState::Stopped => "stopped",
            ResourceState::Failed => "failed",
            ResourceState::Blocked => "blocked",
        }
    }
}

/// What a group does as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupState {
    /// Not running here, as wished.
    Stopped,
    /// Its resources are being started.
    Starting,
    /// All of its resources run.
    Started,
    /// Its resources are being stopped.
    Stopping,
    /// One of its resources could not be started; all were stopped again.
    Failed,
    /// One of its resources will not stop.
    Blocked,
}

impl GroupState {
    /// The word in status and notices.
    pub const fn word(self) -> &'static str {
        match self {
            GroupState::Stopped => "stopped",
            GroupState::Starting => "starting",
            GroupState::Started => "started",
            GroupState::Stopping => "stopping",
            GroupState::Failed => "failed",
            GroupState::Blocked => "blocked",
        }
    }
}

/// A resource and what is known of it.
#[derive(Clone, Debug)]
pub struct ResourceRun {
    /// What it is.
    pub resource: Resource,
    /// What it does.
    pub state: ResourceState,
    /// Why it came to that state.
    pub reason: Reason,
    /// Since when.
    pub since: Instant,
    /// What its agent said when an operation failed last.
    pub failure: Option<String>,
    /// Another machine claims it too. Until it is started or stopped the next time.
    pub conflict: Option<Conflict>,
    /// How often somebody removed it lately, and when last.
    losses: (u32, Instant),
}

/// Another machine claims what a resource holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// Who, for people.
    pub with: String,
    /// When it was noticed first.
    pub since: Instant,
}

/// Where the group is in its pass through its resources.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// Nothing to do.
    Rest,
    /// At the start: find out what runs already.
    Probe(usize),
    /// Ask for the status before the start.
    Check(usize),
    Start(usize),
    Stop(usize),
    /// Ask for the status after all tries to stop failed.
    Recheck(usize),
    /// Wait, then try to stop again.
    Blocked(usize),
}

/// What an outcome meant for the group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    Nothing,
    /// All resources run.
    Started,
    /// All resources are stopped.
    Stopped,
    /// This resource could not be started, or not be kept; the group is being stopped.
    StartFailed(usize),
    /// This resource was lost, and must not be put back; the group is being stopped.
    GivenUp(usize),
    /// This resource will not stop.
    Blocked(usize),
    /// A stop failed, but the resource does not run: its agent breaks the rules.
    LyingStop(usize),
    /// Nobody started this resource, and it runs.
    Found(usize),
}

/// A group on this node.
#[derive(Clone, Debug)]
pub struct GroupRun {
    node: NodeName,
    half: Held,
    resources: Vec<ResourceRun>,
    wanted: bool,
    reason: Reason,
    step: Step,
    running: Option<(CallId, usize, Action)>,
    retry_at: Option<Instant>,
    tries: u32,
    failed: bool,
    blocked: bool,
    /// A stop was wished while the group was being looked at: it begins when that status has ended.
    stop_wished: bool,
    /// Resources whose state changed, with the state before, until somebody asks. Asked for after each input.
    changes: Vec<(usize, ResourceState)>,
    /// Whether a stop failure is forgotten: a planted defect.
    forgetful: bool,
}

impl GroupRun {
    pub(crate) fn new(node: NodeName, half: Held, resources: Vec<Resource>) -> GroupRun {
        let run = |resource| ResourceRun {
            resource,
            state: ResourceState::Unknown,
            reason: Reason::Start,
            since: Instant::ZERO,
            failure: None,
            conflict: None,
            losses: (0, Instant::ZERO),
        };
        GroupRun {
            node,
            half,
            resources: resources.into_iter().map(run).collect(),
            wanted: false,
            reason: Reason::Start,
            step: Step::Rest,
            running: None,
            retry_at: None,
            tries: 0,
            failed: false,
            blocked: false,
            stop_wished: false,
            changes: Vec::new(),
            forgetful: false,
        }
    }

    #[cfg(feature = "planted-bugs")]
    pub(crate) fn forgetting(mut self, forgetful: bool) -> GroupRun {
        self.forgetful = forgetful;
        self
    }

    /// The id of its first resource.
    pub fn key(&self) -> &str {
        self.resources.first().map_or("", |first| first.resource.id.as_str())
    }

    /// The node that it prefers.
    pub fn node(&self) -> &NodeName {
        &self.node
    }

    /// Local or foreign; nothing when its node is not one of the pair.
    pub fn half(&self) -> Held {
        self.half
    }

    /// Whether it shall run here.
    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Why it shall run here, or shall not.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Its resources in start order.
    pub fn resources(&self) -> &[ResourceRun] {
        &self.resources
    }

    /// What it does.
    pub fn state(&self) -> GroupState {
        match self.step {
            _ if self.blocked => GroupState::Blocked,
            Step::Check(_) | Step::Start(_) => GroupState::Starting,
            Step::Stop(_) | Step::Recheck(_) | Step::Blocked(_) => GroupState::Stopping,
            Step::Rest if self.failed => GroupState::Failed,
            Step::Rest if self.wanted => GroupState::Started,
            Step::Rest | Step::Probe(_) => GroupState::Stopped,
        }
    }

    /// Whether it is on its way to somewhere. A blocked group is not, nor one that is only looked at.
    pub fn is_moving(&self) -> bool {
        let only_looked_at = self.is_probing() && !self.wanted && !self.stop_wished;
        !only_looked_at && (self.running.is_some() || (self.step != Step::Rest && !self.blocked))
    }

    /// Whether one of its resources will not stop.
    pub fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Whether its resources are to be started, and not stopped.
    const fn shall_run(&self) -> bool {
        self.wanted && !self.failed
    }

    /// Whether something of it may run here: anything but known to be stopped, once something was tried.
    pub(crate) fn may_run(&self) -> bool {
        let idle = |state| matches!(state, ResourceState::Unknown | ResourceState::Stopped);
        let acting = self.running.is_some() && !self.is_probing();
        acting || self.resources.iter().any(|run| !idle(run.state))
    }

    /// Whether it was given up after a failed start.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// When it wants to be asked again although nothing was reported.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        self.retry_at.filter(|_| self.running.is_none())
    }

    /// It shall run here. Forgets an earlier failed start.
    pub(crate) fn start(&mut self, reason: Reason) {
        if self.wanted && !self.failed {
            return;
        }
        self.reason = reason;
        self.wanted = true;
        self.stop_wished = false;
        self.failed = false;
        if !self.blocked {
            self.turn();
        }
    }

    /// All of its resources shall be stopped, also those that were never started.
    pub(crate) fn stop(&mut self, reason: Reason) {
        self.reason = reason;
        let already = matches!(self.step, Step::Stop(_) | Step::Recheck(_) | Step::Blocked(_));
        self.wanted = false;
        if !already {
            self.failed = false;
            self.stop_wished = true;
            self.turn();
        }
    }

    /// Tries to stop a blocked resource again at once.
    pub(crate) fn retry_blocked(&mut self) {
        if self.blocked {
            self.retry_at = None;
        }
    }

    /// Begins the pass that its wish needs, unless an operation is under way: then its end does.
    fn turn(&mut self) {
        if self.running.is_some() {
            return;
        }
        self.retry_at = None;
        self.tries = 0;
        self.stop_wished = false;
        self.step = if self.shall_run() {
            self.first_to_start()
        } else {
            self.resources.len().checked_sub(1).map_or(Step::Rest, Step::Stop)
        };
    }

    /// The step for the first resource that does not run yet.
    fn first_to_start(&self) -> Step {
        // An address that was there already is not announced and watched before its start.
        let found =
            |run: &ResourceRun| run.resource.class == Class::Address && run.reason == Reason::FoundRunning;
        let waits = |run: &ResourceRun| run.state != ResourceState::Started || found(run);
        let next = self.resources.iter().enumerate().find(|(_, run)| waits(run));
        match next {
            None => Step::Rest,
            // The built-in address looks for itself whether there is anything to do.
            Some((i, run)) if run.resource.class == Class::Address => Step::Start(i),
            Some((i, _)) => Step::Check(i),
        }
    }

    /// What to run now. The caller runs it and says under which call with [`GroupRun::began`].
    pub(crate) fn next(&mut self, now: Instant) -> Option<(usize, Action)> {
        if self.running.is_some() || self.retry_at.is_some_and(|at| now < at) {
            return None;
        }
        match self.step {
            Step::Rest => None,
            Step::Probe(i) | Step::Check(i) | Step::Recheck(i) => Some((i, Action::Status)),
            Step::Start(i) => Some((i, Action::Start)),
            Step::Stop(i) | Step::Blocked(i) => Some((i, Action::Stop)),
        }
    }

    pub(crate) fn began(&mut self, now: Instant, call: CallId, index: usize, action: Action) {
        self.running = Some((call, index, action));
        self.retry_at = None;
        if let (Action::Start | Action::Stop, Some(run)) = (action, self.resources.get_mut(index)) {
            run.conflict = None;
        }
        if self.is_probing() {
            return;
        }
        let state = match (action, self.step) {
            (Action::Start, _) => ResourceState::Starting,
            (Action::Status, Step::Check(_)) => ResourceState::Checking,
            _ if self.blocked => ResourceState::Blocked,
            _ => ResourceState::Stopping,
        };
        let reason = self.reason;
        self.put(now, index, state, reason);
    }

    /// The end of the operation `call`; `None` when it is not this group's.
    pub(crate) fn ran(
        &mut self,
        now: Instant,
        call: CallId,
        outcome: &Outcome,
        retries: u32,
    ) -> Option<Event> {
        let (_, index, _) = self.running.filter(|(running, ..)| *running == call)?;
        self.running = None;
        let event = match self.step {
            Step::Probe(_) => self.probed(now, index, outcome),
            Step::Check(_) => self.checked(now, index, outcome),
            Step::Start(_) => self.start_ended(now, index, outcome),
            Step::Stop(_) | Step::Blocked(_) => self.stop_ended(now, index, outcome, retries),
            Step::Recheck(_) => self.rechecked(now, index, outcome),
            Step::Rest => Event::Nothing,
        };
        Some(event)
    }

    fn checked(&mut self, now: Instant, index: usize, outcome: &Outcome) -> Event {
        if outcome.is_success() {
            self.put(now, index, ResourceState::Started, Reason::FoundRunning);
            return self.go_on_starting();
        }
        self.put(now, index, ResourceState::Stopped, Reason::Succeeded);
        if !self.shall_run() {
            self.turn();
            return Event::Nothing;
        }
        self.step = Step::Start(index);
        Event::Nothing
    }

    fn start_ended(&mut self, now: Instant, index: usize, outcome: &Outcome) -> Event {
        if outcome.is_success() {
            let reason = self.reason;
            self.put(now, index, ResourceState::Started, reason);
            return self.go_on_starting();
        }
        self.fail(now, index, ResourceState::Failed, outcome);
        if !self.wanted {
            self.turn();
            return Event::Nothing;
        }
        self.failed = true;
        self.turn();
        Event::StartFailed(index)
    }

    /// From the left again: one that was started may have been lost meanwhile.
    fn go_on_starting(&mut self) -> Event {
        if !self.shall_run() {
            self.turn();
            return Event::Nothing;
        }
        self.step = self.first_to_start();
        if self.step == Step::Rest { Event::Started } else { Event::Nothing }
    }

    fn stop_ended(&mut self, now: Instant, index: usize, outcome: &Outcome, retries: u32) -> Event {
        if outcome.is_success() || self.forgetful {
            let reason = if self.blocked { Reason::StoppedAfterAll } else { self.reason };
            return self.stopped(now, index, reason);
        }
        if self.wanted && !self.failed && !self.blocked {
            // Somebody changed his mind: whether it still runs is found out by the start pass.
            self.fail(now, index, ResourceState::Unknown, outcome);
            self.turn();
            return Event::Nothing;
        }
        let state = if self.blocked { ResourceState::Blocked } else { ResourceState::Stopping };
        self.fail(now, index, state, outcome);
        self.tries = self.tries.saturating_add(1);
        if self.blocked || self.tries > retries {
            self.step = Step::Recheck(index);
        } else {
            self.retry_at = Some(now + STOP_RETRY_DELAY);
        }
        Event::Nothing
    }

    /// After all tries: only a clear "does not run", or a missing agent, lets the stop pass go on.
    fn rechecked(&mut self, now: Instant, index: usize, outcome: &Outcome) -> Event {
        let harmless = matches!(outcome, Outcome::NotRunning | Outcome::NotInstalled { .. });
        if harmless {
            return match self.stopped(now, index, Reason::StoppedAfterAll) {
                Event::Nothing => Event::LyingStop(index),
                event => event,
            };
        }
        let news = !self.blocked;
        self.blocked = true;
        self.step = Step::Blocked(index);
        self.retry_at = Some(now + BLOCKED_RETRY_DELAY);
        self.put(now, index, ResourceState::Blocked, Reason::StopFailed);
        if news { Event::Blocked(index) } else { Event::Nothing }
    }

    fn stopped(&mut self, now: Instant, index: usize, reason: Reason) -> Event {
        self.put(now, index, ResourceState::Stopped, reason);
        self.tries = 0;
        self.blocked = false;
        if self.wanted && !self.failed {
            self.turn();
            return Event::Nothing;
        }
        match index.checked_sub(1) {
            Some(left) => {
                self.step = Step::Stop(left);
                Event::Nothing
            }
            None => {
                self.step = Step::Rest;
                Event::Stopped
            }
        }
    }

    /// What changed since the last time.
    pub(crate) fn take_changes(&mut self) -> Vec<(usize, ResourceState)> {
        core::mem::take(&mut self.changes)
    }

    /// The executor died: what ran will never be answered.
    pub(crate) fn executor_lost(&mut self) {
        self.running = None;
    }

    /// The executor is back and found these resources running.
    pub(crate) fn executor_back(&mut self, now: Instant, active: &[String]) {
        self.running = None;
        for index in 0..self.resources.len() {
            let Some(run) = self.resources.get(index) else { continue };
            let state = if active.contains(&run.resource.id) {
                ResourceState::Started
            } else {
                ResourceState::Stopped
            };
            self.put(now, index, state, Reason::Executor);
        }
        self.blocked = false;
        if self.is_probing() {
            self.step = Step::Rest;
        }
        let runs = self.resources.iter().any(|run| run.state == ResourceState::Started);
        if self.wanted && !self.failed || self.step != Step::Rest || self.failed && runs {
            self.turn();
        }
    }

    fn put(&mut self, now: Instant, index: usize, state: ResourceState, reason: Reason) {
        if let Some(run) = self.resources.get_mut(index) {
            if run.state != state {
                run.since = now;
                self.changes.push((index, run.state));
            }
            run.state = state;
            run.reason = reason;
        }
    }

    fn fail(&mut self, now: Instant, index: usize, state: ResourceState, outcome: &Outcome) {
        self.put(now, index, state, Reason::Failed);
        if let Some(run) = self.resources.get_mut(index) {
            run.failure = Some(outcome.to_string());
        }
    }
}

mod news;
mod probe;
pub use news::{LOSS_WINDOW, LOSSES_MAX};
#[cfg(test)]
mod tests;
