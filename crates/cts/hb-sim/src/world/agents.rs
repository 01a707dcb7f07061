//! Virtual resource agents and addresses of one node, with the truth about what is active.

use crate::agenda::Nanos;
use crate::chance::Draw;
use crate::plan::Mishap;
use hb_base::CallId;
use hb_lrm::{Action, Class, Exit, Outcome};

/// Resources of all groups; a set of them is a `u16`.
pub(crate) const RESOURCES_MAX: usize = 16;

/// An agent at work.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: u32,
    pub(crate) call: CallId,
    /// Which executor started it: another one does not get its result.
    pub(crate) executor: u32,
    /// On what; `None` for notification scripts.
    pub(crate) resource: Option<u8>,
    pub(crate) action: Action,
    pub(crate) address: bool,
    pub(crate) work: Work,
}

/// What an agent will do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Work {
    /// When it changes the resource; `None` if it never does.
    pub(crate) effect_after: Option<Nanos>,
    /// When it ends; `None` if not by itself.
    pub(crate) ends_after: Option<Nanos>,
    /// Whether it reports success.
    pub(crate) success: bool,
}

impl std::fmt::Display for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |nanos: Nanos| nanos as f64 / 1e6;
        match self.ends_after {
            None => f.write_str("and hangs"),
            Some(after) if self.success => write!(f, "done in {:.1} ms", ms(after)),
            Some(after) if self.effect_after.is_some() => {
                write!(f, "done in {:.1} ms, but will report failure", ms(after))
            }
            Some(after) => write!(f, "will fail in {:.1} ms", ms(after)),
        }
    }
}

/// All agents of a node.
#[derive(Default, Debug)]
pub(crate) struct Agents {
    /// The truth: bit n is set while resource n is active here.
    pub(crate) active: u16,
    pub(crate) jobs: Vec<Job>,
    /// Numbers the jobs of the node's whole life.
    pub(crate) started: u32,
}

impl Agents {
    /// The job with this id, if it still runs.
    pub(crate) fn job(&self, id: u32) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id == id)
    }

    /// Ends a job.
    pub(crate) fn take(&mut self, id: u32) -> Option<Job> {
        let at = self.jobs.iter().position(|job| job.id == id)?;
        Some(self.jobs.swap_remove(at))
    }

    /// Whether a resource is active.
    pub(crate) fn is_active(&self, resource: u8) -> bool {
        self.active >> resource & 1 == 1
    }
}

/// What an agent of this kind does, and how long it takes.
pub(crate) fn work(class: &Class, action: Action, mishap: Option<Mishap>, times: Draw, effect: Draw) -> Work {
    let ms = 1_000_000;
    let (low, high) = match (class, action) {
        (Class::Address, _) => (ms / 10, 2 * ms),
        (Class::Rc, _) | (_, Action::Status) => (ms, 20 * ms),
        (_, Action::Start) => (5 * ms, 400 * ms),
        (_, Action::Stop) => (5 * ms, 300 * ms),
    };
    let length = times.between(low, high);
    let changes = action != Action::Status && !matches!(class, Class::Rc | Class::Stonith);
    let at = |length: Nanos| changes.then(|| effect.between(1, length));
    match mishap {
        None => Work { effect_after: at(length), ends_after: Some(length), success: true },
        Some(Mishap::Fail) => Work { effect_after: None, ends_after: Some(length), success: false },
        Some(Mishap::Lie) => Work { effect_after: at(length), ends_after: Some(length), success: false },
        Some(Mishap::Hang) => Work { effect_after: None, ends_after: None, success: false },
        Some(Mishap::Slow) => {
            let length = length * 20 + 1_000 * ms;
            Work { effect_after: at(length), ends_after: Some(length), success: true }
        }
    }
}

/// What an agent's process leaves behind.
pub(crate) fn exit(action: Action, success: bool, active: bool) -> Exit {
    let mut exit = Exit::code(i32::from(!success));
    if action == Action::Status && success {
        exit.head = if active { "running" } else { "stopped" }.to_owned();
    }
    exit
}

/// What the address agent answers.
pub(crate) fn conclusion(action: Action, success: bool, active: bool) -> Outcome {
    match (action, success, active) {
        (_, false, _) => Outcome::Failed { rc: None, reason: "the simulated kernel refuses".to_owned() },
        (Action::Status, true, true) => Outcome::Running,
        (Action::Status, true, false) => Outcome::NotRunning,
        (Action::Start | Action::Stop, true, _) => Outcome::Ok,
    }
}
