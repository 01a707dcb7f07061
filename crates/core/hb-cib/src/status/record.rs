//! Results of operations in the history of a resource.

use super::{StatusEditor, child_or_new};
use crate::OperationKey;
use crate::digest::{self, Parameters};
use crate::tree::{Element, NodeId};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

/// Stands for the transition that an operation belonged to when there was none.
const NO_TRANSITION: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

/// The kind of a resource, as its history names it.
#[derive(Clone, Copy, Debug)]
pub struct Agent<'a> {
    /// `ocf`, `stonith`, …
    pub class: &'a str,
    /// `heartbeat`, …
    pub provider: Option<&'a str>,
    /// `IPaddr2`, …
    pub kind: &'a str,
}

/// How an attempt to carry out an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// Not yet.
    Pending,
    /// The agent has answered.
    Done,
    /// Nobody wants to know any more.
    Cancelled,
    /// The agent did not answer in time.
    TimedOut,
    /// It could not be carried out, or was given up.
    Error,
}

impl ExecutionStatus {
    /// Its number in the history.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            ExecutionStatus::Pending => -1,
            ExecutionStatus::Done => 0,
            ExecutionStatus::Cancelled => 1,
            ExecutionStatus::TimedOut => 2,
            ExecutionStatus::Error => 4,
        }
    }
}

/// The result of an operation.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// The resource as the history names it, the operation, its interval.
    pub key: OperationKey,
    /// What the operation was given, meta attributes included; `None` when that is not known.
    pub parameters: Option<&'a Parameters>,
    /// How it ended.
    pub status: ExecutionStatus,
    /// The agent's answer.
    pub result: i32,
    /// The answer that was expected.
    pub expected: i32,
    /// Why it failed.
    pub exit_reason: &'a str,
    /// Seconds since 1970 when it was carried out.
    pub at: i64,
    /// Who records this.
    pub origin: &'a str,
}

impl Outcome<'_> {
    fn has_failed(&self) -> bool {
        match self.status {
            ExecutionStatus::Cancelled | ExecutionStatus::Pending => false,
            ExecutionStatus::TimedOut | ExecutionStatus::Error => true,
            ExecutionStatus::Done => self.result != self.expected,
        }
    }

    fn meta(&self, name: &str) -> Option<&str> {
        self.parameters?.get(&format!("CRM_meta_{name}")).map(String::as_str)
    }

    /// Ids of the entries that hold it: one, or for a failed operation that does not recur two.
    fn entries(&self, task: &str) -> (String, Option<String>) {
        let (resource, interval) = (&self.key.resource, self.key.interval_ms);
        let last = || format!("{resource}_last_0");
        match self.key.operation.as_str() {
            "notify" => {
                let kind = self.meta("notify_type").unwrap_or_default();
                let about = self.meta("notify_operation").unwrap_or_default();
                (format!("{resource}_{kind}_notify_{about}_0"), None)
            }
            "migrate_to" | "migrate_from" => (format!("{resource}_{task}_{interval}"), None),
            _ if self.has_failed() => (format!("{resource}_last_failure_0"), (interval == 0).then(last)),
            _ if interval > 0 => (format!("{resource}_{task}_{interval}"), None),
            _ => (last(), None),
        }
    }
}

impl StatusEditor {
    /// The history of a resource on a node: the one under the name it goes by, or else under the configured one, or a
    /// new one under that. `None` when it would have to be new and `agent` is not known.
    pub fn history(
        &mut self,
        state: NodeId,
        name: &str,
        configured: &str,
        agent: Option<Agent<'_>>,
    ) -> Option<NodeId> {
        let known = self.histories.entry(state).or_insert_with(|| {
            let mut known = BTreeMap::new();
            let resources =
                self.document.element(state).and_then(|state| state.descend(&["lrm", "lrm_resources"]));
            for resource in resources.into_iter().flat_map(|all| all.children_named("lrm_resource")) {
                if let Some(id) = resource.id() {
                    known.entry(id.to_string()).or_insert(resource.node());
                }
            }
            known
        });
        if let Some(found) = known.get(name).or_else(|| known.get(configured)) {
            return Some(*found);
        }
        let agent = agent?;
        let id = self.document.element(state).and_then(Element::id).unwrap_or_default().to_string();
        let lrm = child_or_new(&mut self.document, Some(state), "lrm");
        if self.document.element(lrm).and_then(Element::id).is_none() {
            self.document.set(lrm, "id", &id);
        }
        let resources = child_or_new(&mut self.document, Some(lrm), "lrm_resources");
        let history = self.document.append(resources, "lrm_resource");
        self.document.set(history, "id", configured);
        self.document.set(history, "class", agent.class);
        if let Some(provider) = agent.provider {
            self.document.set(history, "provider", provider);
        }
        self.document.set(history, "type", agent.kind);
        self.histories.entry(state).or_default().insert(configured.to_string(), history);
        Some(history)
    }

    /// Records a result in a history, in place of the one of the same kind that is there. A `feature_set` says how the
    /// entry is to be read.
    pub fn record(&mut self, history: NodeId, outcome: &Outcome<'_>, feature_set: &str) {
        // What was reloaded counts as started.
        let task = match (outcome.key.operation.as_str(), outcome.status) {
            ("reload" | "reload-agent", ExecutionStatus::Done) => "start",
            ("reload" | "reload-agent", _) => "monitor",
            (task, _) => task,
        };
        let call = self.next_call(history);
        let (first, second) = outcome.entries(task);
        self.write(history, &first, task, call, outcome, feature_set);
        if let Some(second) = second {
            self.write(history, &second, task, call, outcome, feature_set);
        }
    }

    fn next_call(&self, history: NodeId) -> i64 {
        let entries = self.document.element(history).into_iter().flat_map(Element::children);
        let calls = entries.filter_map(|entry| entry.get("call-id").and_then(crate::value::integer));
        calls.fold(0, i64::max).saturating_add(1)
    }

    fn write(
        &mut self,
        history: NodeId,
        id: &str,
        task: &str,
        call: i64,
        outcome: &Outcome<'_>,
        feature_set: &str,
    ) {
        let known = self.document.element(history).and_then(|history| {
            history.children_named("lrm_rsc_op").find(|entry| entry.id() == Some(id)).map(Element::node)
        });
        let entry = known.unwrap_or_else(|| self.document.append(history, "lrm_rsc_op"));
        // Results of notifications do not matter to anybody.
        let (result, status) = match task {
            "notify" => (0, ExecutionStatus::Done),
            _ => (outcome.result, outcome.status),
        };
        let (resource, interval) = (&outcome.key.resource, outcome.key.interval_ms);
        let key = format!("{call}:-1:{}:{NO_TRANSITION}", outcome.expected);
        let reason = if outcome.has_failed() && task != "notify" { outcome.exit_reason } else { "" };
        let at = outcome.at.to_string();
        let values = [
            ("id", id),
            ("operation_key", &format!("{resource}_{task}_{interval}")),
            ("operation", task),
            ("crm-debug-origin", outcome.origin),
            ("crm_feature_set", feature_set),
            ("transition-key", &key),
            ("transition-magic", &format!("{}:{result};{key}", status.number())),
            ("exit-reason", reason),
            ("call-id", &call.to_string()),
            ("rc-code", &result.to_string()),
            ("op-status", &status.number().to_string()),
            ("interval", &interval.to_string()),
            ("last-rc-change", &at),
            ("exec-time", "0"),
            ("queue-time", "0"),
        ];
        for (name, value) in values {
            self.document.set(entry, name, value);
        }
        if matches!(task, "migrate_to" | "migrate_from") {
            for name in ["migrate_source", "migrate_target"] {
                if let Some(value) = outcome.meta(name) {
                    self.document.set(entry, name, value);
                }
            }
        }
        if let Some(parameters) = outcome.parameters {
            let digest = digest::digest(&digest::significant(parameters));
            self.document.set(entry, "op-digest", &digest);
        }
    }
}
