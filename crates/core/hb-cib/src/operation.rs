//! Names of operations.

use alloc::string::String;
use core::fmt;

/// An operation of a resource, as keys of actions and history name it: `vip_monitor_10000`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationKey {
    /// Name of the resource.
    pub resource: String,
    /// Name of the operation, `start` or `pre_notify_start`.
    pub operation: String,
    /// Interval in milliseconds; 0 for operations that do not recur.
    pub interval_ms: u32,
}

impl OperationKey {
    /// Reads a key. Names of resources and some names of operations have underscores in them; what can be one of those
    /// operations is.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (rest, interval) = text.rsplit_once('_')?;
        let interval_ms = interval.parse().ok()?;
        let (resource, operation) = split_operation(rest)?;
        Some(OperationKey { resource: resource.into(), operation: operation.into(), interval_ms })
    }
}

fn split_operation(text: &str) -> Option<(&str, &str)> {
    let (before, last) = text.rsplit_once('_')?;
    let plain = Some((before, last));
    let migration = |text: &'_ str| -> Option<usize> {
        let start = text.strip_suffix("_migrate_from").or_else(|| text.strip_suffix("_migrate_to"))?;
        Some(start.len())
    };
    let told = |start: &str| {
        let name = start.strip_suffix("_pre_notify").or_else(|| start.strip_suffix("_post_notify"))?;
        Some(name.len())
    };
    if let Some(at) = migration(text) {
        let start = text.get(..at)?;
        let at = told(start).unwrap_or(at);
        return Some((text.get(..at)?, text.get(at + 1..)?));
    }
    if last.bytes().all(|byte| byte.is_ascii_lowercase())
        && !last.is_empty()
        && let Some(at) = told(before)
    {
        return Some((text.get(..at)?, text.get(at + 1..)?));
    }
    plain
}

impl fmt::Display for OperationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}", self.resource, self.operation, self.interval_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::OperationKey;
    use alloc::string::ToString;

    #[test]
    fn keys_are_taken_apart_from_the_end() {
        let parts = |text: &str| {
            OperationKey::read(text).map(|key| {
                assert_eq!(key.to_string(), text);
                (key.resource, key.operation, key.interval_ms)
            })
        };
        let key = |resource: &str, operation: &str, ms| Some((resource.into(), operation.into(), ms));
        assert_eq!(parts("vip_start_0"), key("vip", "start", 0));
        assert_eq!(parts("a_b:1_monitor_10000"), key("a_b:1", "monitor", 10_000));
        assert_eq!(parts("a_b_migrate_to_0"), key("a_b", "migrate_to", 0));
        assert_eq!(parts("a_pre_notify_start_0"), key("a", "pre_notify_start", 0));
        assert_eq!(parts("a_post_notify_migrate_from_0"), key("a", "post_notify_migrate_from", 0));
        assert_eq!(parts("a_b"), None);
        assert_eq!(parts("start_0"), None);
        assert_eq!(parts("a_start_x"), None);
    }
}
