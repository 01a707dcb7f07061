//! JSON documents from the views of a node's machines. Their shapes are a contract (docs/CLI.md).

use hb_base::{Instant, WallTime};
use hb_node::View;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// What turns ids and instants into words: both clocks, read at one moment, and the media's kinds.
#[derive(Clone, Copy)]
pub(crate) struct Lens<'a> {
    pub(crate) monotonic: Instant,
    pub(crate) wall: WallTime,
    /// Directive of each medium (`ucast`, …), in the order of the configuration.
    pub(crate) media: &'a [String],
}

impl Lens<'_> {
    /// RFC 3339 in UTC, in milliseconds.
    fn date(self, at: Instant) -> String {
        let ago = u64::try_from(self.monotonic.since(at).as_millis()).unwrap_or(u64::MAX);
        rfc3339(self.wall.unix_millis().saturating_sub(ago))
    }
}

/// RFC 3339 in UTC for milliseconds since 1970.
pub(crate) fn rfc3339(unix_millis: u64) -> String {
    let millis = i64::try_from(unix_millis).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| "unknown".to_owned(), |t| format!("{t:.3}"))
}

/// What the shell knows beside the machines.
pub(crate) struct Surroundings<'a> {
    pub(crate) realtime: Value,
    pub(crate) lateness_us: Value,
    pub(crate) notices: &'a VecDeque<Value>,
    pub(crate) processes: Value,
    pub(crate) not_yet: &'a [String],
}

/// The document of `heartbeat status`.
pub(crate) fn status(view: &View<'_>, lens: Lens<'_>, around: &Surroundings<'_>) -> Value {
    let cluster = view.cluster();
    let members: Vec<&str> = cluster
        .nodes()
        .filter(|node| !node.is_ping() && *node.status() != hb_cluster::Status::Dead)
        .filter(|node| node.is_self() || node.heard())
        .map(|node| node.name().as_str())
        .collect();
    let counters = cluster.counters();
    let flow = cluster.flow();
    json!({
        "node": cluster.options().node.as_str(),
        "state": cluster.status().as_str(),
        "generation": cluster.generation().0,
        "uuid": cluster.uuid().to_string(),
        "quorum": Value::Null,
        "mode": view.mode().word(),
        "members": members,
        "leaving": view.leaving(),
        "held": view.classic().map(|classic| classic.rscstatus()),
        "resources": resources(view, lens),
        "messages": {
            "sent": counters.sent, "retransmitted": counters.retransmitted, "refused": counters.refused,
            "stalls": counters.stalls, "paused": flow.paused, "newest": flow.hiseq, "acknowledged": flow.ackseq,
        },
        "realtime": around.realtime,
        "lateness_us": around.lateness_us,
        "processes": around.processes,
        "not_yet": around.not_yet,
        "notices": around.notices,
    })
}

fn resources(view: &View<'_>, lens: Lens<'_>) -> Vec<Value> {
    let Some(classic) = view.classic() else { return Vec::new() };
    let one = |group: &hb_classic::GroupRun, run: &hb_classic::ResourceRun| {
        json!({
            "id": run.resource.id,
            "class": run.resource.class.word(),
            "group": group.key(),
            "preferred": group.node().as_str(),
            "state": run.state.word(),
            "reason": run.reason.word(),
            "since_at": lens.date(run.since),
            "failure": run.failure,
            "conflict": run.conflict.as_ref().map(|conflict| {
                json!({"with": conflict.with, "since_at": lens.date(conflict.since)})
            }),
        })
    };
    let of = |group: &hb_classic::GroupRun| -> Vec<Value> {
        group.resources().iter().map(|run| one(group, run)).collect()
    };
    classic.groups.iter().flat_map(of).collect()
}

/// The document of `heartbeat nodes`.
pub(crate) fn nodes(view: &View<'_>, lens: Lens<'_>) -> Value {
    let one = |node: hb_cluster::NodeView<'_>| {
        json!({
            "name": node.name().as_str(),
            "type": if node.is_ping() { "ping" } else { "normal" },
            "status": node.status().as_str(),
            "since_at": lens.date(view.node_since(node.name())),
            "generation": node.generation().0,
            "ours": node.native(),
            "deadtime_ms": millis(node.deadtime()),
            "links": links_of(view, lens, &node),
        })
    };
    Value::Array(view.cluster().nodes().map(one).collect())
}

fn links_of(view: &View<'_>, lens: Lens<'_>, node: &hb_cluster::NodeView<'_>) -> Vec<Value> {
    let one = |(medium, name, up, counters): (hb_base::MediumId, &str, bool, &hb_cluster::LinkCounters)| {
        let kind = lens.media.get(usize::from(medium.0)).map_or("", String::as_str);
        json!({
            "medium": kind,
            "name": name,
            "status": if up { "up" } else { "dead" },
            "since_at": lens.date(view.link_since(node.name(), medium)),
            "received": counters.received,
            "deaths": counters.deaths,
        })
    };
    node.links().map(one).collect()
}

/// The document of `heartbeat links`: one entry for each node and medium, the own node left out.
pub(crate) fn links(view: &View<'_>, lens: Lens<'_>) -> Value {
    let mut all = Vec::new();
    for node in view.cluster().nodes().filter(|node| !node.is_self()) {
        for mut link in links_of(view, lens, &node) {
            link["node"] = json!(node.name().as_str());
            all.push(link);
        }
    }
    Value::Array(all)
}

fn millis(duration: core::time::Duration) -> Value {
    json!(duration.as_secs_f64() * 1e3)
}
