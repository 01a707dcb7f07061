//! What actions do, and the keys by which they are found.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task<'d> {
    /// Start.
    Start,
    /// All of a collective are started.
    Started,
    /// Stop.
    Stop,
    /// All of a collective are stopped.
    Stopped,
    /// Promote.
    Promote,
    /// All are promoted.
    Promoted,
    /// Demote.
    Demote,
    /// All are demoted.
    Demoted,
    /// Monitor, once or again and again.
    Monitor,
    /// Tell an instance.
    Notify,
    /// All are told.
    Notified,
    /// Live migration, at the source.
    MigrateTo,
    /// Live migration, at the target.
    MigrateFrom,
    /// Take over changed parameters.
    ReloadAgent,
    /// End a recurring operation.
    Cancel,
    /// Forget the history (by the executor).
    Delete,
    /// Forget the history (in the information base).
    LrmDelete,
    /// Forget failures.
    ClearFailcount,
    /// Fence a node, or switch it on.
    Fence,
    /// Shut a node down.
    Shutdown,
    /// Probe a node again.
    Reprobe,
    /// Tell nodes behind connections about their maintenance.
    MaintenanceNodes,
    /// Anything else.
    Other(&'d str),
}

const NAMES: [(Task<'static>, &str); 22] = [
    (Task::Start, "start"),
    (Task::Started, "running"),
    (Task::Stop, "stop"),
    (Task::Stopped, "stopped"),
    (Task::Promote, "promote"),
    (Task::Promoted, "promoted"),
    (Task::Demote, "demote"),
    (Task::Demoted, "demoted"),
    (Task::Monitor, "monitor"),
    (Task::Notify, "notify"),
    (Task::Notified, "notified"),
    (Task::MigrateTo, "migrate_to"),
    (Task::MigrateFrom, "migrate_from"),
    (Task::ReloadAgent, "reload-agent"),
    (Task::Cancel, "cancel"),
    (Task::Delete, "delete"),
    (Task::LrmDelete, "lrm_delete"),
    (Task::ClearFailcount, "clear_failcount"),
    (Task::Fence, "stonith"),
    (Task::Shutdown, "do_shutdown"),
    (Task::Reprobe, "probe_again"),
    (Task::MaintenanceNodes, "maintenance_nodes"),
];

impl<'d> Task<'d> {
    /// Reads a name, in any case.
    #[must_use]
    pub fn read(name: &'d str) -> Self {
        NAMES
            .iter()
            .find(|(_, known)| name.eq_ignore_ascii_case(known))
            .map_or(Task::Other(name), |(task, _)| *task)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'d str {
        match self {
            Task::Other(name) => name,
            _ => NAMES.iter().find(|(task, _)| *task == self).map_or("", |(_, name)| *name),
        }
    }

    /// For a task that is begun, the one that says that all have done it.
    #[must_use]
    pub fn completed(self) -> Option<Self> {
        match self {
            Task::Start | Task::Started => Some(Task::Started),
            Task::Stop | Task::Stopped => Some(Task::Stopped),
            Task::Promote | Task::Promoted => Some(Task::Promoted),
            Task::Demote | Task::Demoted => Some(Task::Demoted),
            Task::Notify | Task::Notified => Some(Task::Notified),
            _ => None,
        }
    }

    /// For the completion of a collective, what a single resource does in its place.
    #[must_use]
    pub fn atomic(self) -> Self {
        match self {
            Task::Started => Task::Start,
            Task::Stopped => Task::Stop,
            Task::Promoted => Task::Promote,
            Task::Demoted => Task::Demote,
            other => other,
        }
    }

    /// The opposite, for what has one.
    #[must_use]
    pub fn inverse(self) -> Option<Self> {
        match self {
            Task::Start => Some(Task::Stop),
            Task::Stop => Some(Task::Start),
            Task::Promote => Some(Task::Demote),
            Task::Demote => Some(Task::Promote),
            Task::Promoted => Some(Task::Demoted),
            Task::Demoted => Some(Task::Promoted),
            Task::Started => Some(Task::Stopped),
            Task::Stopped => Some(Task::Started),
            _ => None,
        }
    }
}

impl fmt::Display for Task<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// When instances are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before.
    Pre,
    /// After.
    Post,
    /// When all have been told before.
    ConfirmedPre,
    /// When all have been told after.
    ConfirmedPost,
}

impl Phase {
    /// Its name in keys.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Pre => "pre",
            Phase::Post => "post",
            Phase::ConfirmedPre => "confirmed-pre",
            Phase::ConfirmedPost => "confirmed-post",
        }
    }
}

/// By what an action is found among those of its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'d> {
    /// `RESOURCE_TASK_INTERVAL`.
    Op(Task<'d>, u32),
    /// `RESOURCE_PHASE_notify_TASK_0`.
    Notify(Phase, Task<'d>),
    /// An action without resource, which has a name of its own.
    Named,
}

impl Key<'_> {
    /// Whether it is about a task that is done once: itself, or telling about it.
    #[must_use]
    pub fn is_about(self, task: Task<'_>) -> bool {
        matches!(self, Key::Op(own, 0) | Key::Notify(_, own) if own == task)
    }

    /// The key as text, for a resource of that id.
    #[must_use]
    pub fn text(self, id: &str) -> String {
        match self {
            Key::Op(task, interval) => format!("{id}_{task}_{interval}"),
            Key::Notify(phase, task) => format!("{id}_{}_notify_{task}_0", phase.name()),
            Key::Named => id.into(),
        }
    }
}
