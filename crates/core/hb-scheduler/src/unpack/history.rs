//! Entries of the history of operations.

use crate::model::Cluster;
use alloc::vec::Vec;
use core::cmp::Ordering;
use hb_cib::{Element, value};

/// Status of an operation that has not been carried through.
pub(crate) mod execution {
    pub(crate) const UNKNOWN: i64 = -2;
    pub(crate) const PENDING: i64 = -1;
    pub(crate) const DONE: i64 = 0;
    pub(crate) const CANCELLED: i64 = 1;
    pub(crate) const NOT_SUPPORTED: i64 = 3;
    pub(crate) const ERROR: i64 = 4;
    pub(crate) const ERROR_HARD: i64 = 5;
    pub(crate) const ERROR_FATAL: i64 = 6;
    pub(crate) const NOT_INSTALLED: i64 = 7;
    pub(crate) const NOT_CONNECTED: i64 = 8;
    pub(crate) const NO_FENCE_DEVICE: i64 = 10;
    pub(crate) const NO_SECRETS: i64 = 11;
}

/// What agents answer.
pub(crate) mod answer {
    pub(crate) const OK: i64 = 0;
    pub(crate) const INVALID_PARAMETER: i64 = 2;
    pub(crate) const UNIMPLEMENTED: i64 = 3;
    pub(crate) const INSUFFICIENT_PRIVILEGE: i64 = 4;
    pub(crate) const NOT_INSTALLED: i64 = 5;
    pub(crate) const NOT_CONFIGURED: i64 = 6;
    pub(crate) const NOT_RUNNING: i64 = 7;
    pub(crate) const RUNNING_PROMOTED: i64 = 8;
    pub(crate) const FAILED_PROMOTED: i64 = 9;
    pub(crate) const DEGRADED: i64 = 190;
    pub(crate) const DEGRADED_PROMOTED: i64 = 191;
}

/// One entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'d> {
    pub(crate) element: Element<'d>,
    pub(crate) task: &'d str,
    pub(crate) interval_ms: u32,
    pub(crate) call_id: i64,
    pub(crate) answer: i64,
    pub(crate) execution: i64,
}

impl<'d> Entry<'d> {
    pub(crate) fn read(element: Element<'d>) -> Self {
        let number = |name: &str| element.get(name).and_then(value::integer);
        let interval = number("interval").filter(|ms| *ms >= 0).unwrap_or(0);
        Entry {
            element,
            task: element.get("operation").unwrap_or_default(),
            interval_ms: u32::try_from(interval).unwrap_or(0),
            call_id: number("call-id").unwrap_or(-1),
            answer: number("rc-code").unwrap_or(0),
            execution: number("op-status").unwrap_or(execution::UNKNOWN),
        }
    }

    pub(crate) fn id(&self) -> &'d str {
        self.element.id().unwrap_or_default()
    }

    /// Its key, or its id where it has none.
    pub(crate) fn key(&self) -> &'d str {
        self.element.get("operation_key").or(self.element.id()).unwrap_or_default()
    }

    /// The answer that was expected; -1 when that is not known.
    pub(crate) fn expected(&self) -> i64 {
        self.element.get("transition-key").and_then(transition).map_or(-1, |(_, _, expected, _)| expected)
    }

    /// When the answer last changed, in seconds since 1970.
    pub(crate) fn changed_s(&self) -> Option<i64> {
        self.element.get("last-rc-change").and_then(value::integer)
    }

    pub(crate) fn is_probe(&self) -> bool {
        self.task == "monitor" && self.interval_ms == 0
    }

    /// Whether it says that the resource is not there, rather than that it failed.
    pub(crate) fn masks_failure(&self) -> bool {
        self.is_probe()
            && (matches!(self.answer, answer::NOT_INSTALLED | answer::INVALID_PARAMETER)
                || self.execution == execution::NOT_INSTALLED)
    }
}

/// Reads `ACTION:TRANSITION:EXPECTED:UUID`.
pub(crate) fn transition(key: &str) -> Option<(i64, i64, i64, &str)> {
    let mut parts = key.splitn(4, ':');
    let mut number = || parts.next().and_then(value::integer);
    let (action, transition, expected) = (number()?, number()?, number()?);
    Some((action, transition, expected, parts.next()?))
}

/// Which of two entries is newer.
pub(crate) fn compare(one: &Entry<'_>, other: &Entry<'_>, same_node: bool) -> Ordering {
    let nodes = (one.element.get("on_node"), other.element.get("on_node"));
    let same_node = match nodes {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => same_node,
    };
    if same_node && one.element.id() == other.element.id() {
        return Ordering::Equal;
    }
    let (a, b) = (one.call_id, other.call_id);
    if a == -1 && b == -1 {
        Ordering::Equal
    } else if same_node && a >= 0 && a < b {
        Ordering::Less
    } else if same_node && b >= 0 && a > b {
        Ordering::Greater
    } else if a >= 0 && b >= 0 {
        let (a, b) = (one.changed_s().unwrap_or(-1), other.changed_s().unwrap_or(-1));
        if a >= 0 && a < b {
            Ordering::Less
        } else if b >= 0 && a > b {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    } else {
        by_transition(one, other)
    }
}

/// One of them is pending: the transition that it belongs to tells.
fn by_transition(one: &Entry<'_>, other: &Entry<'_>) -> Ordering {
    let magic = |entry: &Entry<'_>| {
        let text = entry.element.get("transition-magic")?;
        let (_, key) = text.split_once(';')?;
        transition(key).map(|(_, number, _, uuid)| (number, uuid.to_ascii_lowercase()))
    };
    let (Some((a, a_uuid)), Some((b, b_uuid))) = (magic(one), magic(other)) else { return Ordering::Equal };
    if a_uuid != b_uuid || a == b {
        if other.call_id == -1 {
            Ordering::Less
        } else if one.call_id == -1 {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    } else if (a >= 0 && a < b) || b == -1 {
        Ordering::Less
    } else if (b >= 0 && a > b) || a == -1 {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// All entries of a resource's history, oldest first.
pub(crate) fn sorted<'d>(history: Element<'d>) -> Vec<Entry<'d>> {
    let mut entries: Vec<Entry<'d>> = history.children_named("lrm_rsc_op").map(Entry::read).collect();
    entries.reverse();
    crate::sort::merge_sort(&mut entries, &mut |one, other| compare(&one, &other, true));
    entries
}

/// Positions of the newest start and the newest stop; -1 for none.
pub(crate) fn active_since(entries: &[Entry<'_>]) -> (isize, isize) {
    let (mut start, mut stop) = (-1_isize, -1_isize);
    let (mut by_monitor, mut by_role) = (-1_isize, -1_isize);
    for (at, entry) in (0_isize..).zip(entries) {
        let is = |name: &str| entry.task.eq_ignore_ascii_case(name);
        if is("stop") && entry.element.get("op-status") == Some("0") {
            stop = at;
        } else if is("start") || is("migrate_from") {
            start = at;
        } else if by_monitor <= stop && is("monitor") {
            if matches!(entry.element.get("rc-code"), Some("0" | "8")) {
                by_monitor = at;
            }
        } else if is("promote") || is("demote") {
            by_role = at;
        }
    }
    if start == -1 {
        start = if by_role == -1 { by_monitor } else { by_role };
    }
    (start, stop)
}

impl<'d> Cluster<'d> {
    /// The history of a resource on a node.
    pub(crate) fn history_of(&self, resource: &str, node: &str) -> Option<Element<'d>> {
        let states = self.cib.root().child("status")?.children_named("node_state");
        let mut histories = states
            .filter(|state| state.get("uname") == Some(node))
            .filter_map(|state| state.descend(&["lrm", "lrm_resources"]))
            .flat_map(|list| list.children_named("lrm_resource"))
            .filter(|history| history.id() == Some(resource));
        let first = histories.next();
        if histories.next().is_some() { None } else { first }
    }
}
