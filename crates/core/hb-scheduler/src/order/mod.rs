//! Orders among actions.

pub(crate) mod apply;
pub(crate) mod interleave;
pub(crate) mod internal;
pub(crate) mod update;

use crate::model::{Cluster, End, Key, OrderFlags as O, Ordering, ResourceFlags as F, ResourceId, Task};

impl<'d> Cluster<'d> {
    /// Notes that one end comes before another.
    pub(crate) fn order(&mut self, first: End<'d>, then: End<'d>, flags: O) {
        let first = self.complete(first);
        let then = self.complete(then);
        let order = Ordering { flags, first, then };
        self.orderings.push(order.clone());
        self.order_migration(&order);
    }

    /// Notes that one resource's task comes before another's.
    pub(crate) fn order_tasks(
        &mut self,
        first: ResourceId,
        first_task: Task<'d>,
        then: ResourceId,
        then_task: Task<'d>,
        flags: O,
    ) {
        self.order(End::of(first, Key::Op(first_task, 0)), End::of(then, Key::Op(then_task, 0)), flags);
    }

    fn complete(&self, end: End<'d>) -> End<'d> {
        let action = end.action.map(|action| &self.actions[action]);
        End {
            resource: end.resource.or(action.and_then(|action| action.resource)),
            key: end.key.or(action.map(|action| action.key)),
            action: end.action,
        }
    }

    /// The task at an end.
    fn end_task(&self, end: &End<'d>) -> Option<Task<'d>> {
        match (end.action, end.key) {
            (Some(action), _) => Some(self.actions[action].task),
            (None, Some(Key::Op(task, _))) => Some(task),
            _ => None,
        }
    }

    /// What is migrated starts and stops by migrating.
    fn order_migration(&mut self, order: &Ordering<'d>) {
        let (Some(first), Some(then)) = (order.first.resource, order.then.resource) else { return };
        let first_migrates = self.resources[first].is(F::ALLOW_MIGRATE);
        let then_migrates = self.resources[then].is(F::ALLOW_MIGRATE);
        if !first_migrates && !then_migrates {
            return;
        }
        if first == then || self.is_inside(first, then) || self.is_inside(then, first) {
            return;
        }
        let (Some(first_task), Some(then_task)) = (self.end_task(&order.first), self.end_task(&order.then))
        else {
            return;
        };
        let mut flags = O::OPTIONAL;
        match (first_task, then_task) {
            (Task::Start, Task::Start) => {
                if first_migrates && then_migrates {
                    self.order_tasks(first, Task::MigrateFrom, then, Task::MigrateTo, flags);
                    flags |= O::FIRST_NOT_MIGRATABLE;
                }
                if then_migrates {
                    self.order_tasks(first, Task::Start, then, Task::MigrateTo, flags);
                }
            }
            (Task::Stop, Task::Stop) if then_migrates => {
                if first_migrates {
                    flags |= O::FIRST_NOT_MIGRATABLE;
                }
                self.order_before_migration(first, Task::Stop, then, flags);
            }
            (Task::Promote, Task::Start) if then_migrates => {
                self.order_tasks(first, Task::Promote, then, Task::MigrateTo, flags);
            }
            (Task::Demote, Task::Stop) if then_migrates => {
                self.order_before_migration(first, Task::Demote, then, flags);
            }
            _ => {}
        }
    }

    fn order_before_migration(&mut self, first: ResourceId, task: Task<'d>, then: ResourceId, flags: O) {
        self.order_tasks(first, task, then, Task::MigrateTo, flags);
        if self.resources[then].partial_target.is_some() {
            self.order_tasks(first, task, then, Task::MigrateFrom, flags);
        }
    }
}
