//! What is configured for an operation: its meta attributes, and what a failure of it means.

use super::collect;
use crate::model::{Cluster, NodeId, OperationEntry, ResourceFlags as F, ResourceId, Task};
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString;
use hb_cib::rule::{Agent, Facts, NextChange};
use hb_cib::{Known, Moment, Role, Source, Values, value};

/// The time limit of operations that have none, in milliseconds.
const DEFAULT_TIMEOUT_MS: i64 = 20_000;

/// What a failure leads to, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OnFail {
    /// Nothing.
    Ignore,
    /// The instance is demoted.
    Demote,
    /// The resource is started anew, here or elsewhere.
    Recover,
    /// The connection is reset, the remote node fenced.
    ResetRemote,
    /// The container is started anew.
    RestartContainer,
    /// The resource leaves the node.
    Migrate,
    /// People have to look.
    Block,
    /// The resource stays stopped.
    Stop,
    /// The node goes to standby.
    Standby,
    /// The node is fenced.
    Fence,
}

/// Meta attributes of an operation, by name.
pub(crate) type OperationMeta<'d> = BTreeMap<&'d str, Cow<'d, str>>;

impl<'d> Cluster<'d> {
    /// The configured operation of that name and interval.
    pub(crate) fn operation_entry(
        &self,
        resource: ResourceId,
        name: &str,
        interval_ms: u32,
        disabled_too: bool,
    ) -> Option<OperationEntry<'d>> {
        let entries = self.resources[resource].operations.iter();
        let matches = |entry: &&OperationEntry<'d>| {
            entry.interval_ms == interval_ms
                && (disabled_too || entry.enabled)
                && entry.name.eq_ignore_ascii_case(name)
        };
        entries.copied().find(|entry| matches(&entry))
    }

    /// As [`Self::operation_entry`], with the names that stand for migrations and notifications.
    pub(crate) fn entry_for_task(
        &self,
        resource: ResourceId,
        task: Task<'_>,
        interval_ms: u32,
    ) -> Option<OperationEntry<'d>> {
        let direct = self.operation_entry(resource, task.name(), interval_ms, true);
        direct.or_else(|| match task {
            Task::MigrateTo | Task::MigrateFrom => self.operation_entry(resource, "migrate", 0, true),
            Task::Notify => self.operation_entry(resource, "notify", 0, true),
            _ => None,
        })
    }

    /// Meta attributes of an operation, with everything that is implied.
    pub(crate) fn operation_meta(
        &mut self,
        resource: ResourceId,
        node: Option<NodeId>,
        task: Task<'d>,
        interval_ms: u32,
        entry: Option<OperationEntry<'d>>,
    ) -> OperationMeta<'d> {
        let element = self.resources[resource].element;
        let agent = Agent {
            class: element.get("class"),
            provider: element.get("provider"),
            kind: element.get("type"),
        };
        let facts =
            Facts { resource: Some(agent), operation: Some((task.name(), interval_ms)), ..self.facts() };
        let mut values = Values::new();
        collect(self, &mut values, self.operation_defaults, "meta_attributes", &facts);
        let probe = task == Task::Monitor && interval_ms == 0;
        if let Some(timeout) =
            Some(()).filter(|()| probe).and_then(|()| self.shortest_monitor_timeout(resource))
        {
            values.set("timeout", timeout);
        }
        if let Some(entry) = entry {
            let mut next = NextChange::default();
            let source = Source { ids: &self.ids, facts: &facts, first: None };
            values.collect(entry.element, "meta_attributes", Known::IsReplaced, source, &mut next);
            self.recheck_rule(next);
            for (name, text) in entry.element.attributes() {
                values.set(name, text);
            }
        }
        let fence_device = agent.class.is_some_and(|class| class.eq_ignore_ascii_case("stonith"));
        if fence_device
            && (task == Task::Start || probe)
            && let Some(timeout) = self.parameters(resource, node).get("pcmk_monitor_timeout")
        {
            values.set("timeout", timeout);
        }
        let mut meta: OperationMeta<'d> =
            values.iter().map(|(name, text)| (name, Cow::Borrowed(text))).collect();
        finish(&mut meta, interval_ms, self.now);
        meta
    }

    fn shortest_monitor_timeout(&self, resource: ResourceId) -> Option<&'d str> {
        let entries = self.resources[resource].operations.iter();
        let monitors = entries.filter(|entry| {
            entry.enabled && entry.interval_ms > 0 && entry.name.eq_ignore_ascii_case("monitor")
        });
        monitors.min_by_key(|entry| entry.interval_ms)?.element.get("timeout")
    }

    /// What a failure of an operation leads to, and the role that it leaves the resource in.
    pub(crate) fn on_fail(
        &mut self,
        resource: ResourceId,
        task: Task<'d>,
        interval_ms: u32,
        entry: Option<OperationEntry<'d>>,
    ) -> (OnFail, Role) {
        let meta = self.operation_meta(resource, None, task, interval_ms, entry);
        let text = self.configured_on_fail(resource, task, entry, &meta);
        let (on_fail, role) = self.judge(resource, task, interval_ms, text.as_deref());
        let after =
            meta.get("role_after_failure").filter(|_| entry.is_some()).and_then(|text| Role::read(text));
        let default = if task == Task::Promote { Role::Unpromoted } else { Role::Started };
        (on_fail, role.or(after).unwrap_or(default))
    }

    fn configured_on_fail(
        &self,
        resource: ResourceId,
        task: Task<'d>,
        entry: Option<OperationEntry<'d>>,
        meta: &OperationMeta<'d>,
    ) -> Option<Cow<'d, str>> {
        let value = meta.get("on-fail").cloned();
        let is = |name: &str| value.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(name));
        let of_promoted = |entry: &OperationEntry<'d>| {
            entry.name.eq_ignore_ascii_case("monitor")
                && entry.interval_ms > 0
                && entry.element.get("role").and_then(Role::read) == Some(Role::Promoted)
        };
        match task {
            Task::Stop if is("standby") || is("demote") || is("stop") => None,
            Task::Demote if value.is_none() => {
                let mut entries = self.resources[resource].operations.iter();
                let found = entries.find_map(|entry| {
                    let text = entry.element.get("on-fail")?;
                    let counts = entry.enabled && of_promoted(entry) && !text.eq_ignore_ascii_case("demote");
                    counts.then_some(text)
                });
                found.map(Cow::Borrowed)
            }
            Task::LrmDelete => Some(Cow::Borrowed("ignore")),
            _ if is("demote") => {
                let promote = |entry: &OperationEntry<'d>| entry.name.eq_ignore_ascii_case("promote");
                let fits = entry.is_some_and(|entry| promote(&entry) || of_promoted(&entry));
                value.filter(|_| fits)
            }
            _ => value,
        }
    }

    fn judge(
        &self,
        resource: ResourceId,
        task: Task<'d>,
        interval_ms: u32,
        text: Option<&str>,
    ) -> (OnFail, Option<Role>) {
        let it = &self.resources[resource];
        let has_container = it.container.is_some();
        let fencing = self.options.fencing;
        let configured = match text.map(str::to_ascii_lowercase).as_deref() {
            Some("block") => Some((OnFail::Block, None)),
            Some("fence") if fencing => Some((OnFail::Fence, None)),
            Some("fence" | "stop") => Some((OnFail::Stop, Some(Role::Stopped))),
            Some("standby") => Some((OnFail::Standby, None)),
            Some("ignore" | "nothing") => Some((OnFail::Ignore, None)),
            Some("migrate") => Some((OnFail::Migrate, None)),
            Some("restart") => Some((OnFail::Recover, None)),
            Some("restart-container") if has_container => Some((OnFail::RestartContainer, None)),
            Some("demote") => Some((OnFail::Demote, None)),
            _ => None,
        };
        let managed = it.is(F::MANAGED);
        let watched = !(task == Task::Monitor && interval_ms == 0) && task != Task::Start;
        if configured.is_none() && has_container {
            (OnFail::RestartContainer, None)
        } else if (configured.is_none() || !managed) && watched && self.is_remote_connection(resource) {
            if !managed {
                (OnFail::Stop, Some(Role::Stopped))
            } else if it.reconnect_ms > 0 {
                (OnFail::ResetRemote, Some(Role::Stopped))
            } else {
                (OnFail::ResetRemote, None)
            }
        } else if let Some(configured) = configured {
            configured
        } else if task == Task::Stop {
            (if fencing { OnFail::Fence } else { OnFail::Block }, None)
        } else {
            (OnFail::Recover, None)
        }
    }
}

/// What is left out, and what is put into numbers.
fn finish(meta: &mut OperationMeta<'_>, interval_ms: u32, now: Moment) {
    meta.remove("id");
    if interval_ms > 0 {
        meta.insert("interval", Cow::Owned(interval_ms.to_string()));
    } else {
        meta.remove("interval");
    }
    let milliseconds = |text: &Cow<'_, str>| value::milliseconds(text).filter(|ms| *ms >= 0);
    let timeout = meta.get("timeout").and_then(milliseconds).unwrap_or(DEFAULT_TIMEOUT_MS);
    meta.insert("timeout", Cow::Owned(timeout.min(i64::from(i32::MAX)).to_string()));
    if meta.get("on-fail").is_some_and(|text| text.eq_ignore_ascii_case("block")) {
        meta.insert("on-fail", Cow::Borrowed("block"));
    }
    if let Some(delay) = meta.get("start-delay") {
        let delay = milliseconds(delay).unwrap_or(0);
        meta.insert("start-delay", Cow::Owned(delay.to_string()));
    } else if let Some(delay) =
        meta.get("interval-origin").and_then(|origin| delay_ms(origin, interval_ms, now))
    {
        meta.insert("start-delay", Cow::Owned(format!("{delay}")));
    }
}

/// How long until the next multiple of an interval after its origin.
fn delay_ms(origin: &str, interval_ms: u32, now: Moment) -> Option<i64> {
    let interval = i64::from(interval_ms / 1000);
    if interval == 0 {
        return None;
    }
    let origin = Moment::read(origin, now)?;
    let passed = (now.epoch() - origin.epoch()) % interval;
    Some(if passed <= 0 { -passed } else { interval - passed } * 1000)
}
