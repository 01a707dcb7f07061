//! Notification scripts of rc.d that are not the stock ones (spec: cluster-protocol 2.4 and 8.6).
//!
//! A message whose type is the name of such a script runs it, with the message in the environment. What the
//! stock scripts do is built in.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_base::{CallId, NodeName};
use hb_lrm::Operation;
use hb_wire::{Message, Value};

/// Set in calls that belong to scripts; their results interest nobody.
const SCRIPT_BIT: u64 = 1 << 63;
/// Scripts that may wait at once; further messages do not run theirs.
const WAITING_MAX: usize = 100;
/// Built in, whatever the folder holds.
const STOCK: [&str; 5] = ["status", "ask_resources", "hb_takeover", "ip-request", "ip-request-resp"];

#[derive(Debug, Default)]
pub(crate) struct Scripts {
    names: BTreeSet<String>,
    waiting: usize,
    calls: u64,
}

impl Scripts {
    pub(crate) fn set(&mut self, names: Vec<String>) {
        self.names = names.into_iter().filter(|name| !STOCK.contains(&name.as_str())).collect();
    }

    /// Takes the result of a script; false when the call is not a script's.
    pub(crate) fn ran(&mut self, call: CallId) -> bool {
        let ours = call.0 & SCRIPT_BIT != 0;
        if ours {
            self.waiting = self.waiting.saturating_sub(1);
        }
        ours
    }

    /// The executor is gone, and with it what waited.
    pub(crate) fn forget(&mut self) {
        self.waiting = 0;
    }

    /// The script that `message` runs, if there is one and not too many wait.
    pub(crate) fn for_message(&mut self, own: &NodeName, message: &Message) -> Option<(CallId, Operation)> {
        if self.names.is_empty() || self.waiting >= WAITING_MAX {
            return None;
        }
        let kind = message.kind()?.to_ascii_lowercase();
        let name = self.names.get(&kind)?;
        self.waiting += 1;
        self.calls += 1;
        Some((CallId(SCRIPT_BIT | self.calls), Operation::rc(name, environment(own, message))))
    }
}

fn environment(own: &NodeName, message: &Message) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::Text(bytes) => core::str::from_utf8(bytes).ok().map(ToString::to_string),
        _ => None,
    };
    let named = |field: &hb_wire::Field| {
        let name = core::str::from_utf8(field.name.as_bytes()).ok()?;
        Some((format!("HA_{name}"), text(&field.value)?))
    };
    let mut env: Vec<(String, String)> = message.fields().filter_map(named).collect();
    env.push(("HA_CURHOST".to_string(), own.as_str().to_string()));
    env
}
