//! Carrying out a transition on a document, as if every agent did what it is told.
//!
//! Passes over the steps, in the order of the graph: what waits for nothing any more is done at once, so that a later
//! step of the same pass may follow. It ends when a pass does nothing.

mod convert;
mod step;

#[cfg(test)]
mod tests;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use hb_cib::OperationKey;
use hb_cib::status::{ExecutionStatus, Outcome, Presence, StatusEditor};

pub use step::{Operation, Step, StepKind};

/// Who says what is recorded.
pub const ORIGIN: &str = "crm_simulate";
/// How entries that are recorded are to be read.
pub const FEATURE_SET: &str = "3.16.1";

/// How things go.
pub struct Rehearsal<'r> {
    /// Seconds since 1970 at which everything happens.
    pub at: i64,
    /// Operations that fail: `vip_start_0@alice=1`.
    pub failures: &'r [String],
    /// Whether there is a resource, or an instance, of that name.
    pub is_resource: &'r dyn Fn(&str) -> bool,
}

/// How it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// What was done, in order.
    pub lines: Vec<String>,
    /// What could not be done as it was asked for.
    pub complaints: Vec<String>,
    /// Nothing waits for ever.
    pub complete: bool,
}

/// Carries out the steps of a transition on a document.
pub fn carry_out(steps: &[Step<'_>], editor: &mut StatusEditor, rehearsal: &Rehearsal<'_>) -> Course {
    let mut run = Run {
        editor,
        rehearsal,
        missing: steps.iter().map(|step| step.inputs.len()).collect(),
        followers: followers(steps),
        aborted: false,
        course: Course::default(),
    };
    let mut waiting: Vec<usize> = (0..steps.len()).collect();
    loop {
        let before = waiting.len();
        waiting.retain(|&index| match steps.get(index) {
            Some(step) => !run.fire(index, step, steps),
            None => false,
        });
        if waiting.len() == before {
            break;
        }
    }
    run.course.complete = waiting.is_empty() || run.aborted;
    run.course
}

/// For each step, those that wait for it.
fn followers(steps: &[Step<'_>]) -> Vec<Vec<usize>> {
    let mut followers: Vec<Vec<usize>> = steps.iter().map(|_| Vec::new()).collect();
    for (index, step) in steps.iter().enumerate() {
        for input in &step.inputs {
            if let Some(list) = followers.get_mut(*input) {
                list.push(index);
            }
        }
    }
    followers
}

struct Run<'r, 'e> {
    editor: &'e mut StatusEditor,
    rehearsal: &'r Rehearsal<'r>,
    /// How many inputs each step still waits for.
    missing: Vec<usize>,
    followers: Vec<Vec<usize>>,
    /// Something failed: only points in the order are still passed.
    aborted: bool,
    course: Course,
}

impl Run<'_, '_> {
    /// Does a step if it may be done.
    fn fire(&mut self, index: usize, step: &Step<'_>, steps: &[Step<'_>]) -> bool {
        let ready = self.missing.get(index).is_some_and(|missing| *missing == 0);
        let pseudo = matches!(step.kind, StepKind::Point { .. });
        if !ready || (self.aborted && !pseudo && step.priority < crate::model::INFINITY) {
            return false;
        }
        let succeeded = self.act(step);
        self.aborted |= !succeeded;
        for follower in core::mem::take(self.followers.get_mut(index).unwrap_or(&mut Vec::new())) {
            // What follows a failure goes on only when it has to in any case.
            let goes_on =
                succeeded || steps.get(follower).is_some_and(|step| step.priority >= crate::model::INFINITY);
            if goes_on && let Some(missing) = self.missing.get_mut(follower) {
                *missing = missing.saturating_sub(1);
            }
        }
        true
    }

    /// Does what a step says; says whether it succeeded.
    fn act(&mut self, step: &Step<'_>) -> bool {
        match &step.kind {
            StepKind::Point { key, node } => {
                let at = node.map(|node| format!(" on {node}")).unwrap_or_default();
                self.tell(format!("Pseudo action:   {key}{at}"));
                true
            }
            StepKind::Cluster { task, node, resource } => {
                let about = resource.map(|resource| format!(" for {resource}")).unwrap_or_default();
                self.tell(format!("Cluster action:  {task}{about} on {node}"));
                true
            }
            StepKind::Fence { node, how } => {
                self.tell(format!("Fencing {node} ({how})"));
                if !how.eq_ignore_ascii_case("on") {
                    self.editor.set_presence(node, Presence::Down, "simulate_fencing_action");
                    self.editor.forget(node);
                }
                true
            }
            StepKind::Operation(operation) => self.operate(operation),
        }
    }

    fn tell(&mut self, line: String) {
        self.course.lines.push(line);
    }

    fn operate(&mut self, operation: &step::Operation<'_>) -> bool {
        let step::Operation { task, node, interval_ms, .. } = *operation;
        if task == "probe_again" {
            return true;
        }
        let configured = operation.resource;
        let named = operation.instance.filter(|name| (self.rehearsal.is_resource)(name));
        let name =
            if (self.rehearsal.is_resource)(configured) { configured } else { named.unwrap_or(configured) };
        if task.eq_ignore_ascii_case("delete") || task.eq_ignore_ascii_case("meta-data") {
            self.tell(format!("Resource action: {name:<15} {task} on {node}"));
            return true;
        }
        let state = self.editor.node_state(node, operation.node_id);
        let Some(history) = self.editor.history(state, name, configured, operation.agent) else {
            self.course
                .complaints
                .push(format!("{configured}: class and type are not known; {task} is left out"));
            return false;
        };
        let times = if interval_ms > 0 { format!("={interval_ms}") } else { String::new() };
        self.tell(format!("Resource action: {name:<15} {task}{times} on {node}"));
        let failure = self.failure(operation, name);
        let key = OperationKey { resource: configured.into(), operation: task.into(), interval_ms };
        if let Some((failed, result)) = failure {
            self.tell(format!("Pretending action {} failed with rc={result}", operation.number));
            let key = OperationKey { resource: failed.into(), ..key.clone() };
            let id = operation.node_id.unwrap_or(node);
            for (attribute, value) in self.editor.add_failure(node, &key, result, self.rehearsal.at) {
                self.tell(format!("Injecting attribute {attribute}={value} into /node_state '{id}'"));
            }
        }
        let outcome = Outcome {
            key,
            parameters: Some(operation.parameters),
            status: ExecutionStatus::Done,
            result: failure.map_or(operation.expected, |(_, result)| result),
            expected: operation.expected,
            exit_reason: "User-injected result",
            at: self.rehearsal.at,
            origin: ORIGIN,
        };
        self.editor.record(history, &outcome, FEATURE_SET);
        failure.is_none()
    }

    /// The result of an operation that is to fail, and the name it was given.
    fn failure<'o>(&mut self, operation: &'o step::Operation<'_>, name: &'o str) -> Option<(&'o str, i32)> {
        for spec in self.rehearsal.failures {
            let Some((what, result)) = spec.split_once('=') else { continue };
            let names = [name, operation.resource];
            let hit = names.into_iter().find(|name| {
                let wanted =
                    format!("{name}_{}_{}@{}", operation.task, operation.interval_ms, operation.node);
                what.eq_ignore_ascii_case(&wanted)
            });
            let Some(hit) = hit else { continue };
            match result.parse() {
                Ok(result) => return Some((hit, result)),
                Err(_) => {
                    let complaint = format!("{spec}: the result is not a number; left out");
                    self.course.complaints.push(complaint);
                }
            }
        }
        None
    }
}
