//! Notification scripts of rc.d that are not the stock ones (spec: cluster-protocol 2.4 and 8.6).
//!
//! A message whose type is the name of such a script runs it, with the message in the environment. What the
//! stock scripts do is built in.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_base::{CallId, NodeName};
use hb_lrm::Operation;
use hb_wire::{Message, Value};

/// Set in calls that belong to scripts; their results interest nobody.
const SCRIPT_BIT: u64 = 1 << 63;
/// Scripts that may wait for their turn; further messages do not run theirs.
const WAITING_MAX: usize = 1000;
/// Built in, whatever the folder holds.
const STOCK: [&str; 5] = ["status", "ask_resources", "hb_takeover", "ip-request", "ip-request-resp"];

/// Scripts run one at a time, in the order of their messages (spec: cluster-protocol 8.6).
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    names: BTreeSet<String>,
    waiting: VecDeque<Operation>,
    running: bool,
    calls: u64,
    dropped: u64,
}

impl Scripts {
    pub(crate) fn set(&mut self, names: Vec<String>) {
        self.names = names.into_iter().filter(|name| !STOCK.contains(&name.as_str())).collect();
    }

    /// Takes the result of a script; false when the call is not a script's.
    pub(crate) fn ran(&mut self, call: CallId) -> bool {
        let ours = call.0 & SCRIPT_BIT != 0;
        self.running &= !ours;
        ours
    }

    /// The executor is gone, and with it the one that ran.
    pub(crate) fn forget(&mut self) {
        self.running = false;
    }

    /// Has the script of this message wait for its turn, if there is one. False: too many wait.
    pub(crate) fn take(&mut self, around: &Surroundings<'_>, message: &Message) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let Some(kind) = message.kind().map(str::to_ascii_lowercase) else { return true };
        let Some(name) = self.names.get(&kind) else { return true };
        if self.waiting.len() >= WAITING_MAX {
            self.dropped += 1;
            return false;
        }
        self.waiting.push_back(Operation::rc(name, environment(around, message)));
        true
    }

    /// Messages whose script was not run because too many waited.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The next one to run, when none runs.
    pub(crate) fn next_script(&mut self) -> Option<(CallId, Operation)> {
        if self.running {
            return None;
        }
        let operation = self.waiting.pop_front()?;
        self.running = true;
        self.calls += 1;
        Some((CallId(SCRIPT_BIT | self.calls), operation))
    }
}

/// What scripts are told beside the message (spec: ha-cf 5).
pub(crate) struct Surroundings<'a> {
    /// This node.
    pub(crate) own: &'a NodeName,
    /// Its status.
    pub(crate) status: &'a str,
    /// No other node is there to be asked.
    pub(crate) alone: bool,
}

/// The message's fields, as far as their names can be a variable's, then what is always there.
fn environment(around: &Surroundings<'_>, message: &Message) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::Text(bytes) => core::str::from_utf8(bytes).ok().map(ToString::to_string),
        _ => None,
    };
    let named = |field: &hb_wire::Field| {
        let name = core::str::from_utf8(field.name.as_bytes()).ok()?;
        let good = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let value = text(&field.value).filter(|value| !value.contains('\0'))?;
        good.then(|| (format!("HA_{name}"), value))
    };
    let mut env: Vec<(String, String)> = message.fields().filter_map(named).collect();
    let mut push = |name: &str, value: &str| env.push((name.to_string(), value.to_string()));
    push("HA_CURHOST", around.own.as_str());
    push("HA_OSTATUS", around.status);
    if around.alone {
        push("HA_DONTASK", "yes");
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn scripts_run_one_at_a_time_in_order_and_a_flood_is_counted() {
        let own = NodeName::new("n1").unwrap();
        let mut scripts = Scripts::default();
        scripts.set(vec!["mine".into(), "status".into()]);
        let message = |n: u64| Message::new("mine").with_decimal("number", n);
        let around = Surroundings { own: &own, status: "active", alone: true };
        assert!(scripts.take(&around, &Message::new("status")) && scripts.next_script().is_none(), "stock");
        for n in 0..=WAITING_MAX as u64 {
            assert_eq!(scripts.take(&around, &message(n)), n < WAITING_MAX as u64);
        }
        assert_eq!(scripts.dropped(), 1);
        for n in 0..3_u64 {
            let (call, operation) = scripts.next_script().unwrap();
            assert!(operation.env.contains(&("HA_number".into(), format!("{n}"))));
            assert!(scripts.next_script().is_none(), "one at a time");
            assert!(scripts.ran(call) && !scripts.ran(CallId(7)));
        }
    }

    #[test]
    fn scripts_learn_the_message_and_where_they_run_and_strange_names_are_left_out() {
        let own = NodeName::new("n1").unwrap();
        let message = Message::new("mine").with("info", "a b").with("a=b", "x").with("OSTATUS", "lies");
        let of = |alone| environment(&Surroundings { own: &own, status: "active", alone }, &message);
        let last = |env: &[(String, String)], name: &str| {
            env.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        let env = of(true);
        assert_eq!(last(&env, "HA_t").as_deref(), Some("mine"));
        assert_eq!(last(&env, "HA_info").as_deref(), Some("a b"));
        assert_eq!(last(&env, "HA_CURHOST").as_deref(), Some("n1"));
        assert_eq!(last(&env, "HA_OSTATUS").as_deref(), Some("active"), "the node's word counts");
        assert_eq!(last(&env, "HA_DONTASK").as_deref(), Some("yes"));
        assert!(env.iter().all(|(name, _)| !name.contains('=')));
        assert_eq!(last(&of(false), "HA_DONTASK"), None);
    }
}
