//! Re-reading the configuration while running.

use super::Master;
use crate::load;
use hb_base::{Instant, Notice, Severity};
use hb_node::{Input, Live};
use serde_json::{Value, json};

impl Master {
    /// Takes what may change, or refuses everything and says by name why. The document of `reload`.
    pub(super) fn reload(&mut self, now: Instant) -> Value {
        let (config, diagnostics) = load::check(&self.places);
        let mut lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        let Some(config) = config else { return self.refuse_reload(&lines) };
        let changes = match hb_config::reload(&self.config, &config) {
            Ok(changes) => changes,
            Err(refusals) => {
                lines.extend(refusals.iter().map(|refusal| refusal.diagnostic.to_string()));
                return self.refuse_reload(&lines);
            }
        };
        if changes.fencing() || changes.failback() || changes.logging() {
            let names: Vec<&str> = changes.directives.iter().copied().filter(|n| !is_timing(n)).collect();
            let why = "a change needs a restart of this node: heartbeat stop, then run it again";
            lines.push(format!("ha.cf: error: {}: {why}", names.join(", ")));
            return self.refuse_reload(&lines);
        }
        let codec = match changes.keys.then(|| load::codec(&config)).transpose() {
            Ok(codec) => codec,
            Err(why) => {
                lines.push(format!("authkeys: error: {why}"));
                return self.refuse_reload(&lines);
            }
        };
        let mut changed: Vec<String> = changes.directives.iter().map(|name| (*name).to_owned()).collect();
        if changes.keys {
            changed.push("authkeys".to_owned());
        }
        let timing = changes.timing().then(|| load::timing(&config.ha_cf));
        if let Some(timing) = &timing {
            self.events.set_stall_bound(timing.stall_bound);
        }
        if let Some(codec) = &codec {
            self.codec = codec.clone();
        }
        self.config = config;
        self.node.handle(now, Input::Reload(Box::new(Live { timing, codec })));
        let text = if changed.is_empty() { "nothing".to_owned() } else { changed.join(" ") };
        let notice = Notice::new(Severity::Info, "configuration_reloaded", "").with("changed", text);
        self.journal.notice(&notice, &self.posts.logd);
        json!({"ok": true, "changed": changed, "lines": lines})
    }

    fn refuse_reload(&mut self, lines: &[String]) -> Value {
        for line in lines {
            self.journal.line(Severity::Error, line, &self.posts.logd);
        }
        let notice = Notice::new(Severity::Error, "reload_refused", "")
            .with("complaints", lines.len() as u64)
            .with("in_force", "the configuration as before");
        self.journal.notice(&notice, &self.posts.logd);
        json!({"ok": false, "changed": [], "lines": lines})
    }
}

fn is_timing(name: &str) -> bool {
    ["keepalive", "deadtime", "warntime", "initdead", "deadping", "max_rexmit_delay"].contains(&name)
}
