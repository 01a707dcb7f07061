//! Re-reading the configuration while running: everything is taken, or nothing.

use super::Master;
use super::loading::Loaded;
use hb_base::{ClientId, Instant, Notice, Severity};
use hb_bzip2::BZIP2;
use hb_config::{Config, Diagnostic};
use hb_node::{Input, Live};
use serde_json::{Value, json};

impl Master {
    /// Somebody asks for it: a connection, or a signal.
    pub(super) fn ask_reload(&mut self, now: Instant, asker: Option<ClientId>) {
        if let Err(failed) = self.loading.ask(now, asker, &self.places, &mut self.events) {
            self.loaded(now, failed);
        }
    }

    pub(super) fn loader_speaks(&mut self, now: Instant) {
        if let Some(loaded) = self.loading.hear(&mut self.events) {
            self.loaded(now, loaded);
        }
    }

    pub(super) fn loader_ended(&mut self, now: Instant) {
        for loaded in self.loading.ended(now, &self.places, &mut self.events) {
            self.loaded(now, loaded);
        }
    }

    pub(super) fn loader_late(&mut self, now: Instant) {
        if let Some(loaded) = self.loading.late(now) {
            self.loaded(now, loaded);
        }
    }

    fn loaded(&mut self, now: Instant, loaded: Loaded) {
        let document = match loaded.result {
            Ok(material) => {
                let (config, diagnostics) = material.check();
                self.reload(now, config, &diagnostics)
            }
            Err(why) => self.refuse_reload(&[format!("heartbeat: error: {why}")]),
        };
        let text = document.to_string();
        for asker in loaded.askers {
            self.answer(now, asker, text.as_bytes());
        }
    }

    /// Takes what may change, or refuses everything and says by name why. The document of `reload`.
    fn reload(&mut self, now: Instant, config: Option<Config>, diagnostics: &[Diagnostic]) -> Value {
        let mut lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        let Some(config) = config else { return self.refuse_reload(&lines) };
        let changes = match hb_config::reload(&self.config, &config) {
            Ok(changes) => changes,
            Err(refusals) => {
                lines.extend(refusals.iter().map(|refusal| refusal.diagnostic.to_string()));
                return self.refuse_reload(&lines);
            }
        };
        let mut live = match Live::from_changes(&config, &changes, &BZIP2) {
            Ok(live) => live,
            Err(why) => {
                lines.push(format!("authkeys:1:1: error: {why}. Correct it; the keys in force stay."));
                return self.refuse_reload(&lines);
            }
        };
        // The last thing that can fail, so that nothing is taken when it does.
        if changes.logging()
            && let Err(why) =
                self.posts.replace_logd(&config.ha_cf, &self.own, &self.places.state_dir, &mut self.events)
        {
            lines.push(format!("heartbeat: error: {why}"));
            return self.refuse_reload(&lines);
        }
        if let Some(timing) = &live.timing {
            self.events.set_stall_bound(timing.stall_bound);
        }
        if let Some(codec) = &live.codec {
            self.codec = codec.clone();
        }
        self.config = config;
        live.session = Some(crate::load::session_options(&self.config, &self.own));
        self.not_yet = super::not_yet(diagnostics);
        self.node.handle(now, Input::Reload(Box::new(live)));
        let mut changed: Vec<&str> = changes.directives.iter().copied().collect();
        if changes.keys {
            changed.push("authkeys");
        }
        for line in &lines {
            self.journal.line(Severity::Warning, line, &self.posts.logd);
        }
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
