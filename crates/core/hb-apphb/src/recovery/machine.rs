//! The machine.

use super::{
    FIRST_DELAY, LONGEST_DELAY, MAX_RUNS, RUN_LIMIT, RecoveryConfig, RecoveryInput, RecoveryOutput,
    RecoveryView, Run, STEADY,
};
use crate::event::{EventKind, Occurrence};
use crate::notices;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::{CallId, Instant, Machine, Notice, Severity};

/// A script that runs.
#[derive(Clone, Copy, Debug)]
struct Running {
    call: CallId,
    /// When it has taken too long; `None` once it was killed.
    limit: Option<Instant>,
}

/// One application. There are as many as the configuration names.
#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    waiting: Option<Occurrence>,
    /// Scripts in a row.
    runs: u32,
    /// The end of the pause after the last start.
    pause_until: Instant,
    /// When the last event with an action came.
    troubled: Instant,
    given_up: bool,
}

/// The machine of `recoverymgrd`.
#[derive(Debug)]
pub struct Recovery {
    config: RecoveryConfig,
    states: BTreeMap<String, State>,
    calls: u64,
    outputs: VecDeque<RecoveryOutput>,
}

impl Recovery {
    /// Nothing has happened yet.
    pub fn new(config: RecoveryConfig) -> Recovery {
        Recovery { config, states: BTreeMap::new(), calls: 0, outputs: VecDeque::new() }
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: RecoveryInput) {
        match input {
            RecoveryInput::Occurred(occurrence) => self.occurred(now, occurrence),
            RecoveryInput::Ended { call, failure } => self.ended(now, call, failure),
            RecoveryInput::Timer => self.timer(now),
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<RecoveryOutput> {
        self.outputs.pop_front()
    }

    /// When a pause ends or a script has taken too long.
    pub fn deadline(&self) -> Option<Instant> {
        let of = |state: &State| match (state.running, &state.waiting) {
            (Some(running), _) => running.limit,
            (None, Some(_)) => Some(state.pause_until),
            (None, None) => None,
        };
        self.states.values().filter_map(of).min()
    }

    /// The state of every application that had a script.
    pub fn view(&self) -> Vec<RecoveryView> {
        let one = |(name, state): (&String, &State)| RecoveryView {
            application: name.clone(),
            runs: state.runs,
            running: state.running.is_some(),
            waiting: state.waiting.as_ref().map(|occurrence| occurrence.kind),
        };
        self.states.iter().map(one).collect()
    }

    fn occurred(&mut self, now: Instant, occurrence: Occurrence) {
        let Occurrence { application: name, kind, .. } = &occurrence;
        let Some(application) = self.config.applications.get(name) else { return };
        let (name, acts) = (name.clone(), application.actions.contains_key(kind));
        if *kind == EventKind::HeartbeatAgain {
            self.beats_again(&name);
        }
        if !acts {
            return;
        }
        let state = self.states.entry(name.clone()).or_default();
        if now.since(state.troubled) >= STEADY && state.running.is_none() {
            (state.runs, state.given_up) = (0, false);
        }
        state.troubled = now;
        if state.runs >= MAX_RUNS {
            if !core::mem::replace(&mut state.given_up, true) {
                let told = notice(Severity::Critical, notices::RECOVERY_GIVEN_UP, &name);
                self.tell(told.with("runs", u64::from(MAX_RUNS)).with("until_quiet_for", STEADY));
            }
            return;
        }
        state.waiting = Some(occurrence);
        self.go_on(now, &name);
    }

    /// What waits because of the silence is not needed any more.
    fn beats_again(&mut self, name: &str) {
        let Some(state) = self.states.get_mut(name) else { return };
        if state.waiting.as_ref().is_some_and(|waiting| waiting.kind == EventKind::NoHeartbeat) {
            state.waiting = None;
            self.tell(notice(Severity::Info, notices::RECOVERY_UNNEEDED, name));
        }
    }

    /// Starts what waits, when nothing runs and the pause is over.
    fn go_on(&mut self, now: Instant, name: &str) {
        let Some(state) = self.states.get_mut(name) else { return };
        if state.running.is_some() {
            return;
        }
        if state.waiting.is_some() && now < state.pause_until {
            let told = notice(Severity::Info, notices::RECOVERY_WAITS, name);
            let told = told.with("for", state.pause_until.since(now));
            self.tell(told);
            return;
        }
        let (Some(about), Some(application)) = (state.waiting.take(), self.config.applications.get(name))
        else {
            return;
        };
        self.calls += 1;
        let call = CallId(self.calls);
        state.running = Some(Running { call, limit: Some(now + RUN_LIMIT) });
        state.runs += 1;
        state.pause_until = now + pause(state.runs);
        let argument = application.actions.get(&about.kind).cloned().unwrap_or_default();
        let (script, user) = (application.script.clone(), application.user.clone());
        let told = notice(Severity::Warning, notices::RECOVERY_STARTED, name)
            .with("event", about.kind.name())
            .with("script", format!("{script} {argument}"))
            .with("user", user.clone())
            .with("run", u64::from(state.runs));
        self.tell(told);
        self.outputs.push_back(RecoveryOutput::Run(Run { call, script, argument, user, about }));
    }

    fn ended(&mut self, now: Instant, call: CallId, failure: Option<String>) {
        let ours = |state: &State| state.running.is_some_and(|running| running.call == call);
        let Some((name, state)) = self.states.iter_mut().find(|(_, state)| ours(state)) else { return };
        let name = name.clone();
        state.running = None;
        let told = match failure {
            None => notice(Severity::Info, notices::RECOVERY_ENDED, &name).with("how", "well"),
            Some(how) => notice(Severity::Error, notices::RECOVERY_ENDED, &name).with("how", how),
        };
        self.tell(told);
        self.go_on(now, &name);
    }

    fn timer(&mut self, now: Instant) {
        let names: Vec<String> = self.states.keys().cloned().collect();
        for name in names {
            let Some(state) = self.states.get_mut(&name) else { continue };
            match &mut state.running {
                Some(running) if running.limit.is_some_and(|limit| limit <= now) => {
                    running.limit = None;
                    let call = running.call;
                    self.outputs.push_back(RecoveryOutput::Kill { call });
                    let told = notice(Severity::Error, notices::RECOVERY_TOO_LONG, &name);
                    self.tell(told.with("limit", RUN_LIMIT));
                }
                Some(_) => {}
                None if state.pause_until <= now => self.go_on(now, &name),
                None => {}
            }
        }
    }

    fn tell(&mut self, notice: Notice) {
        self.outputs.push_back(RecoveryOutput::Notice(notice));
    }
}

/// The pause after the start of the `runs`-th script in a row.
fn pause(runs: u32) -> Duration {
    let doublings = runs.saturating_sub(1).min(16);
    FIRST_DELAY.saturating_mul(1 << doublings).min(LONGEST_DELAY)
}

fn notice(severity: Severity, code: &'static str, application: &str) -> Notice {
    Notice::new(severity, code, format!("application {application}"))
}

impl Machine for Recovery {
    type Input = RecoveryInput;
    type Output = RecoveryOutput;
    type View<'a> = Vec<RecoveryView>;

    fn handle(&mut self, now: Instant, input: RecoveryInput) {
        Recovery::handle(self, now, input);
    }

    fn poll(&mut self) -> Option<RecoveryOutput> {
        Recovery::poll(self)
    }

    fn deadline(&self) -> Option<Instant> {
        Recovery::deadline(self)
    }

    fn view(&self) -> Vec<RecoveryView> {
        Recovery::view(self)
    }
}
