//! How often a resource failed on a node.

use super::anonymous::base_name;
use super::history::Entry;
use crate::actions::create;
use crate::model::{ActionId, Cluster, Key, NodeId, ResourceFlags as F, ResourceId, Task, score};
use alloc::string::{String, ToString};
use hb_cib::rule::compare_versions;
use hb_cib::value;

/// What counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// All failures.
    All,
    /// Those that are not forgotten.
    Effective,
    /// Those that are not forgotten, and those of what is inside.
    WithFillers,
}

/// Counts failures; tells also when the last one was.
pub(crate) fn count(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    node: NodeId,
    what: Count,
    entry: Option<&Entry<'_>>,
) -> (i32, i64) {
    let (mut failures, last) = raw(c, resource, node);
    if failures > 0 && c.resources[resource].failure_timeout_s != 0 && blocks(c, resource, node, entry) {
        c.resources[resource].failure_timeout_s = 0;
    }
    let timeout = c.resources[resource].failure_timeout_s;
    let mut last_told = if failures > 0 && last > 0 { last } else { 0 };
    if what != Count::All && failures > 0 && last > 0 && timeout != 0 && c.now_s() > last + timeout {
        failures = 0;
    }
    if what == Count::WithFillers && !c.is_bundled(resource) {
        for filler in c.resources[resource].fillers.clone() {
            let (more, when) = count(c, filler, node, what, entry);
            failures = failures.saturating_add(more);
            last_told = last_told.max(when);
        }
    }
    (failures, last_told)
}

fn raw(c: &Cluster<'_>, resource: ResourceId, node: NodeId) -> (i32, i64) {
    let at = &c.nodes[node];
    if at.fail_counts.is_empty() {
        return (0, 0);
    }
    let it = &c.resources[resource];
    let name = it.history_name.unwrap_or(&it.id);
    let unique = it.is(F::UNIQUE);
    let name = if unique { name } else { base_name(name) };
    let old = c
        .cib
        .root()
        .get("crm_feature_set")
        .is_none_or(|version| compare_versions(version, "3.0.13") == core::cmp::Ordering::Less);
    let matches = |attribute: &str| {
        let Some(rest) = attribute.strip_prefix(name) else { return false };
        let rest = if unique { rest } else { without_number(rest) };
        if old {
            return rest.is_empty();
        }
        rest.strip_prefix('#').and_then(|rest| rest.rsplit_once('_')).is_some_and(|(operation, interval)| {
            !operation.is_empty()
                && !interval.is_empty()
                && interval.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let counts = at.fail_counts.iter().filter(|(attribute, _)| matches(attribute));
    let failures = counts.fold(0, |sum, (_, text)| score::add(sum, c.read_score(Some(text))));
    let moments = at.last_failures.iter().filter(|(attribute, _)| matches(attribute));
    let last = moments.filter_map(|(_, text)| value::integer(text)).max().unwrap_or(0);
    (failures, last.max(0))
}

fn without_number(rest: &str) -> &str {
    let Some(number) = rest.strip_prefix(':') else { return rest };
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 { rest } else { number.get(digits..).unwrap_or_default() }
}

/// Whether a failure is of an operation whose failures block.
fn blocks(c: &Cluster<'_>, resource: ResourceId, node: NodeId, entry: Option<&Entry<'_>>) -> bool {
    let it = &c.resources[resource];
    let name = base_name(&it.id).to_string();
    let blocking = it.operations.iter().filter(|operation| operation.element.get("on-fail") == Some("block"));
    blocking.into_iter().any(|operation| match entry {
        Some(entry) => failed_as(&name, operation.name, operation.interval_ms, entry),
        None => c.history_of(&name, c.nodes[node].name).is_some_and(|history| {
            history
                .children_named("lrm_rsc_op")
                .map(Entry::read)
                .any(|entry| failed_as(&name, operation.name, operation.interval_ms, &entry))
        }),
    })
}

fn failed_as(resource: &str, operation: &str, interval_ms: u32, entry: &Entry<'_>) -> bool {
    if interval_ms != entry.interval_ms || !operation.eq_ignore_ascii_case(entry.task) {
        return false;
    }
    let mut expected = String::from(resource);
    expected.push_str("_last_failure_0");
    let key = Key::Op(Task::Other(operation), interval_ms).text(resource);
    entry.id().eq_ignore_ascii_case(&expected)
        || (entry.id().eq_ignore_ascii_case(&key) && entry.answer != entry.expected())
}

/// Has failures forgotten.
pub(crate) fn clear(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) -> ActionId {
    let key = Key::Op(Task::ClearFailcount, 0);
    let action = create::custom(c, resource, key, Task::ClearFailcount, Some(node), false);
    c.actions[action].add("op_no_wait", "true");
    action
}
