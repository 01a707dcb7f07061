//! Names and values that have changed: cluster properties, meta attributes, parameters of fencing devices.

use super::{Fate, Upgrade, Weight};
use crate::tree::NodeId;
use alloc::format;
use alloc::string::String;

/// Settings of an operation that were accepted among its parameters.
const OPERATION_SETTINGS: [&str; 7] =
    ["interval-origin", "start-delay", "enabled", "on-fail", "record-pending", "role", "timeout"];
/// Infrastructures from before corosync 2.
const OLD_INFRASTRUCTURES: [&str; 5] =
    ["heartbeat", "openais", "classic openais", "classic openais (with plugin)", "cman"];

/// What becomes of a parameter of a fencing device.
pub(super) fn fencing(name: &str, _value: &str) -> Option<Fate> {
    Some(Fate::Renamed(match name {
        "pcmk_list_cmd" => "pcmk_list_action",
        "pcmk_monitor_cmd" => "pcmk_monitor_action",
        "pcmk_off_cmd" => "pcmk_off_action",
        "pcmk_on_cmd" => "pcmk_on_action",
        "pcmk_reboot_cmd" => "pcmk_reboot_action",
        "pcmk_status_cmd" => "pcmk_status_action",
        _ => return None,
    }))
}

/// What becomes of a meta attribute of a resource.
pub(super) fn meta(name: &str, value: &str) -> Option<Fate> {
    match name {
        "isolation" | "isolation-host" | "isolation-instance" | "isolation-wrapper" => {
            Some(Fate::Redefined("target-role", "Stopped"))
        }
        "resource-failure-stickiness" | "resource_failure_stickiness" => Some(stickiness(value)),
        _ => None,
    }
}

fn stickiness(value: &str) -> Fate {
    if value == "-INFINITY" { Fate::Redefined("migration-threshold", "1") } else { Fate::Gone }
}

/// What becomes of a cluster property, and the section it moves to.
fn property(name: &str, value: &str) -> Option<(Fate, Option<&'static str>)> {
    let here = |name| Some((Fate::Renamed(name), None));
    match name {
        "cluster-infrastructure" if OLD_INFRASTRUCTURES.contains(&value) => Some((Fate::Gone, None)),
        "expected-quorum-votes" | "notification-agent" | "notification-recipient" => Some((Fate::Gone, None)),
        "default-migration-threshold" | "default_migration_threshold" => Some((Fate::Gone, None)),
        "default-action-timeout" | "default_action_timeout" => {
            Some((Fate::Renamed("timeout"), Some("op_defaults")))
        }
        "default-resource-stickiness" | "default_resource_stickiness" => {
            Some((Fate::Renamed("resource-stickiness"), Some("rsc_defaults")))
        }
        "is-managed-default" | "is_managed_default" => {
            Some((Fate::Renamed("is-managed"), Some("rsc_defaults")))
        }
        "default-resource-failure-stickiness" | "default_resource_failure_stickiness" => {
            Some((stickiness(value), Some("rsc_defaults")))
        }
        "cluster_recheck_interval" => here("cluster-recheck-interval"),
        "dc_deadtime" => here("dc-deadtime"),
        "election_timeout" => here("election-timeout"),
        "no_quorum_policy" => here("no-quorum-policy"),
        "remove_after_stop" => here("remove-after-stop"),
        "shutdown_escalation" => here("shutdown-escalation"),
        "startup_fencing" => here("startup-fencing"),
        "stonith_action" => here("stonith-action"),
        "stonith_enabled" => here("stonith-enabled"),
        "stop_orphan_actions" => here("stop-orphan-actions"),
        "stop_orphan_resources" => here("stop-orphan-resources"),
        "symmetric_cluster" => here("symmetric-cluster"),
        "transition_idle_timeout" => here("cluster-delay"),
        _ => None,
    }
}

impl Upgrade<'_> {
    pub(super) fn properties(&mut self) {
        for set in self.all(&["cluster_property_set"]) {
            for pair in self.children(set, "nvpair") {
                let (name, value) = self.pair(pair);
                let Some((fate, section)) = property(&name, &value) else { continue };
                self.settle(pair, &name, fate);
                if let Some(section) = section
                    && self.cib.element(pair).is_some()
                {
                    let target = self.defaults(section, set);
                    self.cib.move_into(target, pair);
                }
            }
        }
    }

    /// The set in a section of defaults that takes what moves there from `from`.
    fn defaults(&mut self, section: &str, from: NodeId) -> NodeId {
        let root = self.cib.root().node();
        let configuration = self.child_or_new(root, "configuration");
        let section_node = self.child_or_new(configuration, section);
        let rules = self.children(from, "rule");
        let source = self.get(from, "id").unwrap_or_default();
        let short = section.replace('_', "-").replace("defaults", "");
        let id = match rules.is_empty() {
            true => format!("_2TO3_-{short}defaults"),
            false => format!("_2TO3_{source}-{short}defaults"),
        };
        for set in self.children(section_node, "meta_attributes") {
            if self.get(set, "id").as_deref() == Some(&id) {
                return set;
            }
        }
        let set = self.cib.append(section_node, "meta_attributes");
        self.cib.set(set, "id", &id);
        for rule in rules {
            let copy = self.cib.element(rule).map(crate::tree::Document::of);
            if let Some(copy) = copy {
                self.cib.append_copy(set, copy.root());
            }
        }
        set
    }

    pub(super) fn rename_pairs(&mut self, set: NodeId, fate: fn(&str, &str) -> Option<Fate>) {
        for pair in self.children(set, "nvpair") {
            let (name, value) = self.pair(pair);
            if name == "pcmk_arg_map" {
                self.argument_map(pair, &value);
            } else if let Some(fate) = fate(&name, &value) {
                self.settle(pair, &name, fate);
            }
        }
    }

    fn argument_map(&mut self, pair: NodeId, value: &str) {
        match value.strip_prefix("port:") {
            Some(argument) if !argument.contains(',') => {
                self.cib.set(pair, "name", "pcmk_host_argument");
                self.cib.set(pair, "value", argument);
                self.note(pair, Weight::SameMeaning, "pcmk_arg_map is pcmk_host_argument now");
            }
            _ => self.drop_pair(pair, "pcmk_arg_map"),
        }
    }

    fn settle(&mut self, pair: NodeId, old: &str, fate: Fate) {
        match fate {
            Fate::Renamed(new) => {
                self.cib.set(pair, "name", new);
                self.note(pair, Weight::SameMeaning, &format!("{old} is {new} now"));
            }
            Fate::Redefined(new, value) => {
                self.cib.set(pair, "name", new);
                self.cib.set(pair, "value", value);
                let weight = if new == "target-role" { Weight::Behaviour } else { Weight::SameMeaning };
                self.note(pair, weight, &format!("{old} is {new}=\"{value}\" now"));
            }
            Fate::Gone => self.drop_pair(pair, old),
        }
    }

    fn drop_pair(&mut self, pair: NodeId, name: &str) {
        self.note(pair, Weight::Dropped, &format!("{name} has no effect any more; dropped"));
        self.cib.remove(pair);
    }

    fn pair(&self, pair: NodeId) -> (String, String) {
        (self.get(pair, "name").unwrap_or_default(), self.get(pair, "value").unwrap_or_default())
    }

    /// Takes a pair out of a set, and gives its value.
    pub(super) fn take_pair(&mut self, set: NodeId, name: &str) -> Option<String> {
        let pairs = self.children(set, "nvpair");
        let pair = pairs.into_iter().find(|pair| self.get(*pair, "name").as_deref() == Some(name))?;
        let value = self.get(pair, "value");
        self.cib.remove(pair);
        value
    }

    /// Settings of an operation among its parameters move to its meta attributes.
    pub(super) fn move_operation_settings(&mut self, operation: NodeId, parameters: NodeId) {
        for pair in self.children(parameters, "nvpair") {
            let (name, _) = self.pair(pair);
            if !OPERATION_SETTINGS.contains(&name.as_str()) {
                continue;
            }
            let set = match self.children(operation, "meta_attributes").first() {
                Some(set) => *set,
                None => {
                    let id = self.get(operation, "id").unwrap_or_default();
                    let set = self.cib.append(operation, "meta_attributes");
                    self.cib.set(set, "id", &format!("_2TO3_{id}-meta"));
                    set
                }
            };
            self.cib.move_into(set, pair);
            self.note(pair, Weight::SameMeaning, &format!("{name} is a meta attribute of the operation now"));
        }
        let empty = self.cib.element(parameters).is_some_and(|set| set.children().next().is_none());
        if empty {
            self.cib.remove(parameters);
        }
    }
}
