//! What of a changed configuration a running node can take.

use crate::check::Config;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::ha_cf::table::{OnReload, find};
use crate::ha_cf::{AutoFailback, HaCf};
use crate::haresources::{Group, Haresources};
use crate::span::{File, Span};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What changed and takes effect without a restart. The new values are in the new configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LiveChanges {
    /// The signing key or any other key changed.
    pub keys: bool,
    /// The directives whose value in force changed, derived values included.
    pub directives: BTreeSet<&'static str>,
}

impl LiveChanges {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.keys && self.directives.is_empty()
    }

    /// Whether a time that governs liveness or retransmission changed.
    pub fn timing(&self) -> bool {
        self.any(&["keepalive", "deadtime", "warntime", "initdead", "deadping", "max_rexmit_delay"])
    }

    /// Whether where or how much is logged changed.
    pub fn logging(&self) -> bool {
        self.any(&[
            "logfile",
            "debugfile",
            "logfacility",
            "logsize",
            "logkeep",
            "syslogmsgfmt",
            "use_logd",
            "conn_logd_time",
            "debug",
            "log_badpack",
        ])
    }

    /// Whether the fencing devices changed.
    pub fn fencing(&self) -> bool {
        self.any(&["stonith", "stonith_host"])
    }

    /// Whether `auto_failback` changed (between on and off).
    pub fn failback(&self) -> bool {
        self.any(&["auto_failback"])
    }

    fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.directives.contains(name))
    }
}

/// A change that only a restart can bring about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The directive, or `haresources`.
    pub directive: &'static str,
    /// The complaint about it; its place is in the new files.
    pub diagnostic: Diagnostic,
}

/// Compares the configuration that is in force with the one that has just been checked.
///
/// Everything is taken or nothing: a single change that needs a restart refuses all of them, so that a node
/// never runs with a mixture that is in no file. The order of `node` lines does not count.
///
/// # Errors
/// Every change that needs a restart, by name; the old configuration stays in force.
pub fn reload(old: &Config, new: &Config) -> Result<LiveChanges, Vec<Refusal>> {
    let mut live = LiveChanges { keys: !same_keys(old, new), directives: BTreeSet::new() };
    let mut refusals = Vec::new();
    let (before, after) = (by_directive(&old.ha_cf), by_directive(&new.ha_cf));
    let names: BTreeSet<&'static str> = before.keys().chain(after.keys()).copied().collect();
    for name in names {
        if before.get(name) == after.get(name) {
            continue;
        }
        match find(name).map_or(OnReload::Restart, |directive| directive.on_reload) {
            OnReload::NoEffect => {}
            OnReload::Live if name == "auto_failback" && changes_protocol(old, new) => {
                let cure = "Restart the node; between `on` and `off` no restart is needed.";
                refusals.push(refusal(name, place(&new.ha_cf, name), cure));
            }
            OnReload::Live => {
                live.directives.insert(name);
            }
            OnReload::Restart => {
                refusals.push(refusal(name, place(&new.ha_cf, name), "Restart the node to bring it about."));
            }
        }
    }
    if shape(&old.haresources) != shape(&new.haresources) {
        let at = first_difference(&old.haresources, &new.haresources);
        let cure = "Restart both nodes, one after the other, to bring it about.";
        refusals.push(refusal("haresources", at, cure));
    }
    if refusals.is_empty() { Ok(live) } else { Err(refusals) }
}

fn refusal(directive: &'static str, at: Span, cure: &str) -> Refusal {
    let Span { file, line, column } = at;
    let message = format!("a change of `{directive}` does not take effect while the node runs");
    let diagnostic = Diagnostic {
        file,
        line,
        column,
        severity: Severity::Error,
        code: Code::NeedsRestart,
        message,
        cure: cure.into(),
    };
    Refusal { directive, diagnostic }
}

/// Between `legacy` and the other two the nodes talk differently.
fn changes_protocol(old: &Config, new: &Config) -> bool {
    let legacy = |config: &Config| config.ha_cf.resources.auto_failback.value == AutoFailback::Legacy;
    legacy(old) != legacy(new)
}

fn same_keys(old: &Config, new: &Config) -> bool {
    let keys = |config: &Config| {
        let keys =
            config.authkeys.keys.iter().map(|key| (key.number, key.method, key.secret.bytes().to_vec()));
        (config.authkeys.signing.value, keys.collect::<Vec<_>>())
    };
    keys(old) == keys(new)
}

/// The values in force of each directive, in their order where it counts.
fn by_directive(ha_cf: &HaCf) -> BTreeMap<&'static str, Vec<String>> {
    let mut map: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (name, text) in ha_cf.in_force() {
        map.entry(name).or_default().push(text);
    }
    map.entry("node").or_default().sort();
    map
}

/// Where the new file sets the directive; its first line when it no longer does.
fn place(ha_cf: &HaCf, name: &str) -> Span {
    ha_cf.places.get(name).copied().unwrap_or(Span::whole(File::HaCf))
}

/// The groups without their places.
fn shape(haresources: &Haresources) -> Vec<(&str, Vec<&str>)> {
    fn one(group: &Group) -> (&str, Vec<&str>) {
        (&group.node, group.resources.iter().map(|resource| resource.text.as_str()).collect())
    }
    haresources.groups.iter().map(one).collect()
}

/// The first new group that is not as it was.
fn first_difference(old: &Haresources, new: &Haresources) -> Span {
    let (before, after) = (shape(old), shape(new));
    let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    new.groups.get(same).map_or(Span::whole(File::Haresources), |group| group.at)
}
