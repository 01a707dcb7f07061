//! Cluster options.

use crate::model::{Cluster, HealthStrategy, INFINITY, NoQuorum, Options, Placement};
use hb_cib::rule::NextChange;
use hb_cib::{Element, Health, Known, Score, Source, Values, time, value};

/// The set of options that goes before all others.
const FIRST: &str = "cib-bootstrap-options";

pub(super) fn read<'d>(c: &mut Cluster<'d>, section: Option<Element<'d>>) {
    let mut values = Values::new();
    if let Some(section) = section {
        let mut next = NextChange::default();
        let facts = c.facts();
        let source = Source { ids: &c.ids, facts: &facts, first: Some(FIRST) };
        values.collect(section, "cluster_property_set", Known::Stays, source, &mut next);
        c.recheck_rule(next);
    }
    let unfencing = wants_unfencing(c);
    let panics =
        c.cib.root().get("no-quorum-panic").and_then(value::integer).is_some_and(|number| number != 0);
    let options = &mut c.options;
    options.configured = values.iter().collect();
    options.unfencing = unfencing;
    truths(options);
    options.fencing_action = fencing_action(options);
    options.priority_fencing_delay_s = seconds(options, "priority-fencing-delay");
    if options.shutdown_lock {
        options.shutdown_lock_limit_s = seconds(options, "shutdown-lock-limit");
    }
    options.no_quorum = no_quorum(options, panics);
    options.placement = placement(options);
    health(options);
}

fn truths(options: &mut Options<'_>) {
    options.startup_probes = truth(options, "enable-startup-probes", true);
    options.have_fencing_device = value::is_true(options.configured.get("have-watchdog").copied());
    options.fencing = truth(options, "stonith-enabled", true);
    options.concurrent_fencing = truth(options, "concurrent-fencing", false);
    options.stop_everything = truth(options, "stop-all-resources", false);
    options.symmetric = truth(options, "symmetric-cluster", true);
    options.stop_orphan_resources = truth(options, "stop-orphan-resources", true);
    options.stop_orphan_actions = truth(options, "stop-orphan-actions", true);
    options.remove_after_stop = truth(options, "remove-after-stop", false);
    options.maintenance = truth(options, "maintenance-mode", false);
    options.start_failure_fatal = truth(options, "start-failure-is-fatal", true);
    options.startup_fencing = options.fencing && truth(options, "startup-fencing", true);
    options.shutdown_lock = truth(options, "shutdown-lock", false);
}

fn truth(options: &Options<'_>, name: &str, default: bool) -> bool {
    options.configured.get(name).and_then(|text| value::boolean(text)).unwrap_or(default)
}

fn seconds(options: &Options<'_>, name: &str) -> i64 {
    options.configured.get(name).and_then(|text| time::interval(text)).map_or(0, |ms| i64::from(ms / 1000))
}

fn fencing_action<'d>(options: &Options<'d>) -> &'d str {
    match options.text("stonith-action", "reboot") {
        "poweroff" => "off",
        action @ ("off" | "reboot") => action,
        _ => "reboot",
    }
}

fn no_quorum(options: &Options<'_>, panics: bool) -> NoQuorum {
    let text = options.text("no-quorum-policy", "stop");
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    if is("ignore") {
        NoQuorum::Ignore
    } else if is("freeze") {
        NoQuorum::Freeze
    } else if is("demote") {
        NoQuorum::Demote
    } else if is("suicide") && options.fencing && (panics || options.have_quorum) {
        NoQuorum::Suicide
    } else {
        NoQuorum::Stop
    }
}

fn placement(options: &Options<'_>) -> Placement {
    let text = options.text("placement-strategy", "default");
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    if is("utilization") {
        Placement::Utilization
    } else if is("minimal") {
        Placement::Minimal
    } else if is("balanced") {
        Placement::Balanced
    } else {
        Placement::Default
    }
}

fn health(options: &mut Options<'_>) {
    let text = options.text("node-health-strategy", "none");
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    let minus = Score::new(i64::from(-INFINITY));
    let score = |name: &str, default: &'static str| {
        Score::read(options.configured.get(name).copied().unwrap_or(default))
    };
    (options.health, options.health_scores) = if is("migrate-on-red") {
        (HealthStrategy::MigrateOnRed, Health { red: minus, yellow: Score::ZERO, green: Score::ZERO })
    } else if is("only-green") {
        (HealthStrategy::OnlyGreen, Health { red: minus, yellow: minus, green: Score::ZERO })
    } else if is("progressive") || is("custom") {
        let strategy = if is("custom") { HealthStrategy::Custom } else { HealthStrategy::Progressive };
        let scores = Health {
            red: score("node-health-red", "-INFINITY"),
            yellow: score("node-health-yellow", "0"),
            green: score("node-health-green", "0"),
        };
        (strategy, scores)
    } else {
        (HealthStrategy::None, Health { red: Score::ZERO, yellow: Score::ZERO, green: Score::ZERO })
    };
}

/// Whether a resource, or the defaults of resources, name unfencing.
fn wants_unfencing(c: &Cluster<'_>) -> bool {
    let asks = |set: Element<'_>| {
        set.is("meta_attributes")
            && set.children_named("nvpair").any(|pair| {
                matches!(pair.get("name"), Some("provides" | "requires"))
                    && pair.get("value") == Some("unfencing")
            })
    };
    let root = c.cib.root();
    let resources = root.descend(&["configuration", "resources"]);
    resources.is_some_and(|section| section.descendants().any(asks))
        || c.resource_defaults.is_some_and(|section| section.children().any(asks))
}

impl Cluster<'_> {
    /// Reads a score, in which colours of node health count; nothing is 0.
    pub(crate) fn read_score(&self, text: Option<&str>) -> i32 {
        text.map_or(0, |text| Score::read_with(text, self.options.health_scores).number())
    }
}
