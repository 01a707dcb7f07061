//! Actions.

use super::arena::{ActionId, NodeId, ResourceId};
use super::flags::{ActionFlags, OrderFlags};
use super::task::{Key, Task};
use crate::reason::Reason;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// What an action waits for before it may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// Quorum.
    Quorum,
    /// Quorum, and every unclean node fenced.
    Fencing,
}

/// One end of an order, kept at the other end.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// The action at the far end.
    pub action: ActionId,
    /// What the order means; empty when it was deleted.
    pub flags: OrderFlags,
    /// It is an input in the graph.
    pub dumped: bool,
}

/// Something to be done.
#[derive(Clone, Debug)]
pub struct Action<'d> {
    /// Its number in the graph, from 1.
    pub number: u32,
    /// The resource that it belongs to.
    pub resource: Option<ResourceId>,
    /// Where it is done.
    pub node: Option<NodeId>,
    /// What is done.
    pub task: Task<'d>,
    /// By what it is found.
    pub key: Key<'d>,
    /// Its name, when it has no resource.
    pub name: String,
    /// What is cancelled, for [`Task::Cancel`].
    pub cancelled: Option<Task<'d>>,
    /// What is true of it.
    pub flags: ActionFlags,
    /// What it needs.
    pub needs: Needs,
    /// Why it is required or not runnable; `None` when nothing was noted.
    pub reason: Option<Reason<'d>>,
    /// Priority of its own.
    pub priority: i32,
    /// Meta attributes that the configured operation may have, too: then they do not count.
    pub meta: Vec<(&'d str, Cow<'d, str>)>,
    /// Meta attributes that count whatever is configured.
    pub fixed_meta: Vec<(&'d str, Cow<'d, str>)>,
    /// What comes before it, oldest first.
    pub before: Vec<Order>,
    /// What comes after it, oldest first.
    pub after: Vec<Order>,
    /// How many of those before it are runnable.
    pub runnable_before: i32,
    /// How many have to be.
    pub required_runnable_before: i32,
}

impl<'d> Action<'d> {
    /// Whether all these flags are set.
    #[must_use]
    pub fn is(&self, flags: ActionFlags) -> bool {
        self.flags.contains(flags)
    }

    /// Interval in milliseconds; 0 when it is done once.
    #[must_use]
    pub fn interval_ms(&self) -> u32 {
        match self.key {
            Key::Op(_, interval) => interval,
            _ => 0,
        }
    }

    /// A meta attribute that was added.
    #[must_use]
    pub fn added(&self, name: &str) -> Option<&str> {
        let mut all = self.fixed_meta.iter().chain(&self.meta);
        all.find(|(known, _)| *known == name).map(|(_, value)| value.as_ref())
    }

    /// Adds a meta attribute, unless it is there.
    pub fn add(&mut self, name: &'d str, value: impl Into<Cow<'d, str>>) {
        if self.added(name).is_none() {
            self.meta.push((name, value.into()));
        }
    }

    /// Adds a meta attribute, in place of what is there or configured.
    pub fn replace(&mut self, name: &'d str, value: impl Into<Cow<'d, str>>) {
        self.fixed_meta.retain(|(known, _)| *known != name);
        self.fixed_meta.push((name, value.into()));
    }

    /// Notes a reason, unless there is one.
    pub(crate) fn note(&mut self, reason: Reason<'d>) {
        if self.reason.is_none() {
            self.reason = Some(reason);
        }
    }
}
