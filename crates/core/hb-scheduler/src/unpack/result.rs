//! What the result of an operation means.

use super::failcount::{self, Count};
use super::history::{Entry, answer, execution};
use super::operation::OnFail;
use super::{active, migration, resource::everywhere};
use crate::actions::create::action_on;
use crate::actions::digest;
use crate::actions::fencing::{fence, fencing_action};
use crate::model::{
    Cluster, FailedOperation, INFINITY, NodeId, OrderFlags as O, ResourceFlags as F, ResourceId, Task,
};
use crate::reason::Reason;
use hb_cib::Role;

/// What is carried from entry to entry of one history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'d> {
    pub(super) last_failure: Option<Entry<'d>>,
    pub(super) on_fail: OnFail,
}

/// Reads one entry.
pub(super) fn read<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: &Entry<'d>,
    reading: &mut Reading<'d>,
) {
    let in_range = (execution::PENDING..=execution::NO_SECRETS).contains(&entry.execution);
    if entry.task.is_empty() || !in_range || matches!(entry.task, "notify" | "meta-data") {
        return;
    }
    let expected = entry.expected();
    let all = if c.resources[resource].is(F::UNIQUE) { resource } else { c.outermost(resource) };
    let expired =
        entry.execution != execution::NOT_INSTALLED && expires(c, resource, node, entry, entry.answer);
    let mut entry = *entry;
    let told = entry.answer;
    remap(c, resource, node, &mut entry, expected, reading);
    let original = Entry { answer: told, ..entry };
    let masked = !c.is_bundled(resource) && Entry::read(entry.element).masks_failure();
    if expired && masked && original.answer != expected {
        let role = &mut c.resources[resource].role;
        if *role <= Role::Stopped {
            *role = Role::Unknown;
        }
        return;
    }
    if expired && entry.answer != expected {
        if entry.interval_ms == 0 {
            return;
        }
        if c.nodes[node].online && !c.nodes[node].unclean {
            // The operation is to be scheduled anew.
            c.expired_entries.insert(entry.element.node().index());
            return;
        }
    }
    if masked {
        update(c, resource, node, &Entry { answer: expected, ..entry }, reading);
        record(c, resource, node, &entry);
        c.add_score(all, node, -INFINITY);
        return;
    }
    conclude(c, resource, all, node, entry, expected, reading);
}

fn conclude<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    all: ResourceId,
    node: NodeId,
    mut entry: Entry<'d>,
    expected: i64,
    reading: &mut Reading<'d>,
) {
    match entry.execution {
        execution::CANCELLED => return,
        execution::PENDING => return pending(c, resource, node, &entry),
        execution::DONE => return update(c, resource, node, &entry, reading),
        execution::NOT_INSTALLED => {
            if configured(c, resource, &entry).0 == OnFail::Ignore {
                reading.on_fail = OnFail::Migrate;
            }
            c.add_score(all, node, -INFINITY);
            return failed(c, resource, node, &entry, reading);
        }
        execution::NOT_CONNECTED => {
            let connection = c.nodes[node].connection.filter(|_| c.is_behind_connection(node));
            if let Some(connection) = connection.filter(|connection| c.resources[*connection].is(F::MANAGED))
            {
                c.resources[connection].flags.insert(F::FAILED | F::STOP);
            }
        }
        execution::NO_FENCE_DEVICE | execution::NO_SECRETS => entry.execution = execution::ERROR_HARD,
        _ => {}
    }
    let (strategy, _) = configured(c, resource, &entry);
    if strategy == OnFail::Ignore || (strategy == OnFail::RestartContainer && entry.task == "stop") {
        update(c, resource, node, &Entry { answer: expected, ..entry }, reading);
        c.resources[resource].flags.insert(F::FAILURE_IGNORED);
        record(c, resource, node, &entry);
        if strategy == OnFail::RestartContainer && reading.on_fail <= OnFail::Recover {
            reading.on_fail = strategy;
        }
    } else {
        failed(c, resource, node, &entry, reading);
        if entry.execution == execution::ERROR_HARD {
            c.add_score(all, node, -INFINITY);
        } else if entry.execution == execution::ERROR_FATAL {
            c.add_score_everywhere(all, -INFINITY);
        }
    }
}

/// What a failure of the operation leads to.
fn configured<'d>(c: &mut Cluster<'d>, resource: ResourceId, entry: &Entry<'d>) -> (OnFail, Role) {
    let task = Task::read(entry.task);
    // The key names the resource as the history does.
    let key = entry.key();
    let it = &c.resources[resource];
    let rest = [Some(it.id.as_str()), it.history_name]
        .into_iter()
        .flatten()
        .find_map(|id| key.strip_prefix(id)?.strip_prefix('_'));
    let named = rest.and_then(|rest| rest.rsplit_once('_')).and_then(|(name, interval)| {
        let interval = interval.parse::<u32>().ok()?;
        Some((name, interval))
    });
    let interval = named.map_or(0, |(_, interval)| interval);
    let configured = named.and_then(|(name, interval)| c.operation_entry(resource, name, interval, true));
    let configured = configured.or_else(|| {
        let migrates = key.contains("migrate_to") || key.contains("migrate_from");
        if migrates { c.operation_entry(resource, "migrate", 0, true) } else { None }
    });
    c.on_fail(resource, task, interval, configured)
}

/// Shows a failure in the status, once.
fn record<'d>(c: &mut Cluster<'d>, resource: ResourceId, node: NodeId, entry: &Entry<'d>) {
    if !c.nodes[node].online {
        return;
    }
    let key = entry.element.get("operation_key");
    let known = c.failed.iter().any(|known| known.node == node && known.entry.get("operation_key") == key);
    if !known {
        c.failed.push(FailedOperation { entry: entry.element, node, resource, key: entry.key() });
    }
}

/// Whether a failure is too old to count; has it forgotten where it is.
fn expires<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: &Entry<'d>,
    told: i64,
) -> bool {
    let is_last_failure = entry.id().to_ascii_lowercase().ends_with("_last_failure_0");
    let mut expired = false;
    let mut unexpired = 0;
    let mut why = false;
    let timeout = c.resources[resource].failure_timeout_s;
    if let Some(changed) = entry.changed_s().filter(|_| timeout > 0) {
        expired = c.now_s() >= changed.saturating_add(timeout) && !ignores_timeout(c, resource, entry);
        let (count, last) = failcount::count(c, resource, node, Count::Effective, Some(entry));
        unexpired = count;
        let over = last + c.resources[resource].failure_timeout_s + 1;
        if count > 0 && c.now_s() < over {
            c.recheck(over);
        }
    }
    let reconnects = c.resources[resource].reconnect_ms > 0;
    if expired {
        if failcount::count(c, resource, node, Count::All, Some(entry)).0 != 0 {
            why = unexpired == 0;
            expired = unexpired == 0;
        } else if is_last_failure && reconnects {
            why = true;
        }
    }
    if !expired && is_last_failure && parameters_changed(c, resource, node, entry) {
        why = true;
    }
    if why {
        let clear = failcount::clear(c, resource, node);
        if c.options.fencing
            && reconnects
            && let Some(behind) = c.node_named(&c.resources[resource].id)
        {
            let fencing = fencing_action(c, behind, None, true, None, false);
            c.order_actions(fencing, clear, O::IMPLIES_THEN);
        }
    }
    let harmless = matches!(
        told,
        answer::OK
            | answer::NOT_RUNNING
            | answer::RUNNING_PROMOTED
            | answer::DEGRADED
            | answer::DEGRADED_PROMOTED
    );
    expired && !(entry.interval_ms == 0 && entry.task.eq_ignore_ascii_case("monitor") && harmless)
}

/// The failure of a connection is not forgotten before its node has been fenced.
fn ignores_timeout(c: &Cluster<'_>, resource: ResourceId, entry: &Entry<'_>) -> bool {
    let it = &c.resources[resource];
    it.reconnect_ms > 0
        && c.options.fencing
        && entry.interval_ms != 0
        && entry.task.eq_ignore_ascii_case("monitor")
        && c.node_named(&it.id).is_some_and(|node| !c.nodes[node].was_fenced)
}

fn parameters_changed<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: &Entry<'d>,
) -> bool {
    if entry.task != "start" && entry.task != "monitor" {
        return false;
    }
    if crate::bundle::remote::needs_name(c, resource) {
        crate::bundle::remote::check_later(c, resource, node, entry.element, false);
        return false;
    }
    use digest::Change;
    !matches!(digest::compare(c, resource, node, entry), Change::Unknown | Change::None)
}

/// A monitor's "degraded" is noted as a failure, and taken as working.
fn take_degraded<'d>(c: &mut Cluster<'d>, resource: ResourceId, node: NodeId, entry: &mut Entry<'d>) {
    let effective = match (entry.task, entry.answer) {
        ("monitor", answer::DEGRADED) => answer::OK,
        ("monitor", answer::DEGRADED_PROMOTED) => answer::RUNNING_PROMOTED,
        _ => return,
    };
    if !c.nodes[node].shutdown || c.nodes[node].online {
        record(c, resource, node, entry);
    }
    entry.answer = effective;
}

/// Puts the agent's answer into what the cluster thinks about it.
fn remap<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: &mut Entry<'d>,
    expected: i64,
    reading: &mut Reading<'d>,
) {
    take_degraded(c, resource, node, entry);
    if !c.is_bundled(resource) && entry.masks_failure() {
        entry.execution = execution::DONE;
        entry.answer = answer::NOT_RUNNING;
    }
    if entry.execution != execution::DONE && entry.execution != execution::ERROR {
        return;
    }
    let probe = entry.is_probe();
    let as_expected = expected >= 0 && expected == entry.answer;
    entry.execution = if as_expected { execution::DONE } else { execution::ERROR };
    match entry.answer {
        answer::OK if probe && expected == answer::NOT_RUNNING => entry.execution = execution::DONE,
        answer::OK => {}
        answer::NOT_RUNNING => {
            if probe || as_expected || !c.resources[resource].is(F::MANAGED) {
                entry.execution = execution::DONE;
                c.resources[resource].role = Role::Stopped;
                reading.on_fail = OnFail::Ignore;
                c.want(resource, Role::Unknown);
            }
        }
        answer::RUNNING_PROMOTED => {
            if probe && !as_expected {
                entry.execution = execution::DONE;
            }
            c.resources[resource].role = Role::Promoted;
        }
        answer::DEGRADED_PROMOTED | answer::FAILED_PROMOTED => {
            c.resources[resource].role = Role::Promoted;
            entry.execution = execution::ERROR;
        }
        answer::NOT_CONFIGURED => entry.execution = execution::ERROR_FATAL,
        answer::UNIMPLEMENTED if entry.interval_ms > 0 => entry.execution = execution::NOT_SUPPORTED,
        answer::UNIMPLEMENTED
        | answer::NOT_INSTALLED
        | answer::INVALID_PARAMETER
        | answer::INSUFFICIENT_PRIVILEGE => {
            // Without fencing there is no way out of a stop that cannot work.
            if !probe && entry.task == "stop" && !c.can_fence(node) {
                active::block(c, resource);
            }
            entry.execution = execution::ERROR_HARD;
        }
        _ => {
            if entry.execution == execution::DONE {
                entry.execution = execution::ERROR;
            }
        }
    }
}

fn pending(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, entry: &Entry<'_>) {
    match entry.task {
        "start" => {
            c.resources[resource].flags.insert(F::START_PENDING);
            set_active(c, resource);
        }
        "promote" => c.resources[resource].role = Role::Promoted,
        "migrate_to" if c.nodes[node].unclean => {
            let target = entry.element.get("migrate_target").and_then(|name| c.node_named(name));
            if let Some(target) = target {
                action_on(c, resource, Task::Stop, Some(target), false);
            }
        }
        _ => {}
    }
    let it = &mut c.resources[resource];
    if it.pending_task.is_none() && !entry.is_probe() {
        let task = Task::read(entry.task);
        // Names that are not known are not shown either.
        it.pending_task = Some(if let Task::Other(_) = task { Task::Other("") } else { static_task(task) });
        it.pending_node = Some(node);
    }
}

/// The same task, without the text that it was read from.
fn static_task<'d>(task: Task<'_>) -> Task<'d> {
    match task {
        Task::Start => Task::Start,
        Task::Stop => Task::Stop,
        Task::Promote => Task::Promote,
        Task::Demote => Task::Demote,
        Task::Monitor => Task::Monitor,
        Task::MigrateTo => Task::MigrateTo,
        Task::MigrateFrom => Task::MigrateFrom,
        _ => Task::Other(""),
    }
}

fn set_active(c: &mut Cluster<'_>, resource: ResourceId) {
    let promotable = c.resources[c.outermost(resource)].is(F::PROMOTABLE);
    c.resources[resource].role = if promotable { Role::Unpromoted } else { Role::Started };
}

/// An operation went as it should: the role follows.
fn update<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: &Entry<'d>,
    reading: &mut Reading<'d>,
) {
    let is = |name: &str| entry.task.eq_ignore_ascii_case(name);
    let mut clears = false;
    let masked = !c.is_bundled(resource) && Entry::read(entry.element).masks_failure();
    let it = &mut c.resources[resource];
    if entry.answer == answer::NOT_INSTALLED || masked {
        it.role = Role::Stopped;
    } else if entry.answer == answer::NOT_RUNNING {
        clears = true;
    } else if is("monitor") {
        clears = reading.last_failure.is_some_and(|last| last.key().eq_ignore_ascii_case(entry.key()));
        if it.role < Role::Started {
            set_active(c, resource);
        }
    } else if is("start") || is("migrate_from") {
        it.role = Role::Started;
        clears = true;
    } else if is("stop") {
        it.role = Role::Stopped;
        clears = true;
    } else if is("promote") {
        it.role = Role::Promoted;
        clears = true;
    } else if is("demote") {
        clears = reading.on_fail == OnFail::Demote;
        it.role = Role::Unpromoted;
    } else if is("migrate_to") {
        migration::to_succeeded(c, resource, node, entry);
    } else if it.role < Role::Started {
        set_active(c, resource);
    }
    if clears {
        forgive(c, resource, reading);
    }
}

fn forgive(c: &mut Cluster<'_>, resource: ResourceId, reading: &mut Reading<'_>) {
    let forgiven = match reading.on_fail {
        OnFail::Stop | OnFail::Fence | OnFail::Migrate | OnFail::Standby => false,
        OnFail::ResetRemote => c.resources[resource].reconnect_ms == 0,
        _ => true,
    };
    if forgiven {
        reading.on_fail = OnFail::Ignore;
        c.want(resource, Role::Unknown);
    }
}

/// An operation failed.
fn failed<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    entry: &Entry<'d>,
    reading: &mut Reading<'d>,
) {
    reading.last_failure = Some(*entry);
    if c.options.symmetric || entry.answer != answer::NOT_INSTALLED {
        record(c, resource, node, entry);
    }
    let (on_fail, fail_role) = configured(c, resource, entry);
    reading.on_fail = reading.on_fail.max(on_fail);
    match entry.task {
        "stop" => c.add_score(resource, node, -INFINITY),
        "migrate_to" => migration::to_failed(c, resource, node, entry),
        "migrate_from" => migration::from_failed(c, resource, node, entry),
        "promote" => c.resources[resource].role = Role::Promoted,
        "demote" => {
            if on_fail == OnFail::Block {
                c.resources[resource].role = Role::Promoted;
                c.want(resource, Role::Stopped);
            } else {
                let stopped = entry.answer == answer::NOT_RUNNING;
                c.resources[resource].role = if stopped { Role::Stopped } else { Role::Unpromoted };
            }
        }
        _ => {}
    }
    if entry.is_probe() && entry.answer == answer::NOT_INSTALLED {
        c.resources[resource].role = Role::Stopped;
    } else if c.resources[resource].role < Role::Started {
        set_active(c, resource);
    }
    if fail_role != Role::Started && c.resources[resource].next_role < fail_role {
        c.want(resource, fail_role);
    }
    if fail_role == Role::Stopped {
        let parent = c.outermost(resource);
        let all = if c.resources[resource].parent.is_some() && c.is_anonymous_clone(parent) {
            parent
        } else {
            resource
        };
        let mut table = everywhere(c, 0);
        table.iter_mut().for_each(|(_, slot)| slot.score = -INFINITY);
        c.resources[all].allowed = table;
    }
}

/// A node that is gone, and something was active on it.
pub(super) fn fence_lost(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) {
    if c.is_guest_node(node) {
        c.resources[resource].flags.insert(F::FAILED | F::STOP);
        fence(c, node, Reason::ActiveThere(resource), false);
    } else if c.options.fencing {
        let connection = c.nodes[node].connection.filter(|_| c.is_remote_node(node));
        if connection.is_some_and(|connection| !c.resources[connection].is(F::FAILED)) {
            c.nodes[node].unseen = true;
            fence(c, node, Reason::ActiveBehindConnection(resource), false);
        } else {
            fence(c, node, Reason::ActiveThere(resource), false);
        }
    }
}

/// Does what a failure leads to.
pub(super) fn apply(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId, on_fail: OnFail) {
    let active = !matches!(c.resources[resource].role, Role::Stopped | Role::Unknown);
    let stop_flags = F::FAILED | F::STOP;
    match on_fail {
        OnFail::Ignore => {}
        OnFail::Demote => {
            c.resources[resource].flags.insert(F::FAILED);
            action_on(c, resource, Task::Demote, Some(node), false);
        }
        OnFail::Fence => fence(c, node, Reason::FailedThere(resource), false),
        OnFail::Standby => {
            c.nodes[node].standby = true;
            c.nodes[node].standby_on_fail = true;
        }
        OnFail::Block => active::block(c, resource),
        OnFail::Migrate => c.add_score(resource, node, -INFINITY),
        OnFail::Stop => c.want(resource, Role::Stopped),
        OnFail::Recover => {
            if active {
                c.resources[resource].flags.insert(stop_flags);
                action_on(c, resource, Task::Stop, Some(node), false);
            }
        }
        OnFail::RestartContainer => {
            c.resources[resource].flags.insert(stop_flags);
            match c.resources[resource].container {
                Some(container) if c.is_bundled(resource) => c.stop_needed.insert(0, container),
                Some(container) => {
                    action_on(c, container, Task::Stop, Some(node), false);
                }
                None if active => {
                    action_on(c, resource, Task::Stop, Some(node), false);
                }
                None => {}
            }
        }
        OnFail::ResetRemote => {
            c.resources[resource].flags.insert(stop_flags);
            let behind = c.node_named(&c.resources[resource].id);
            let behind = behind.filter(|_| c.options.fencing && c.resources[resource].is(F::IS_REMOTE));
            if let Some(behind) = behind.filter(|node| c.is_remote_node(*node) && !c.nodes[*node].was_fenced)
            {
                fence(c, behind, Reason::Node("remote connection is unrecoverable"), false);
            }
            if c.resources[resource].role > Role::Stopped {
                action_on(c, resource, Task::Stop, Some(node), false);
            }
            if c.resources[resource].reconnect_ms > 0 {
                c.want(resource, Role::Stopped);
            }
        }
    }
}
