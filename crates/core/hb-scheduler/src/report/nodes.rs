//! Nodes.

use super::Listing;
use crate::model::{Cluster, HealthStrategy, Node, NodeId, compare_names};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use hb_cib::Score;

/// Colour of a node's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Colour {
    Red,
    Yellow,
    Green,
}

/// Writes the list of nodes; says whether there was any.
pub(super) fn list(cluster: &Cluster<'_>, out: &mut Listing) -> bool {
    if cluster.node_order.is_empty() {
        return false;
    }
    out.begin("Node List");
    let mut lists: [(&str, Vec<&str>); 5] = [
        ("Online", Vec::new()),
        ("OFFLINE", Vec::new()),
        ("RemoteOnline", Vec::new()),
        ("RemoteOFFLINE", Vec::new()),
        ("GuestOnline", Vec::new()),
    ];
    for &id in &cluster.node_order {
        let node = &cluster.nodes[id];
        if is_special(cluster, node) {
            out.item(&line(cluster, id));
        } else if let Some((_, list)) = list_of(cluster, id).and_then(|index| lists.get_mut(index)) {
            list.push(node.name);
        }
    }
    for (title, names) in &lists {
        if !names.is_empty() {
            out.labelled(title, &format!("[ {} ]", names.join(" ")));
        }
    }
    out.end();
    true
}

/// Whether a node has a line of its own.
fn is_special(cluster: &Cluster<'_>, node: &Node<'_>) -> bool {
    node.unclean
        || node.pending
        || (node.standby_on_fail && node.online)
        || node.standby
        || node.maintenance
        || health(cluster, node) != Colour::Green
}

/// Which of the lists an ordinary node is in; guests that are off are in none.
fn list_of(cluster: &Cluster<'_>, id: NodeId) -> Option<usize> {
    match (cluster.nodes[id].online, cluster.is_guest_node(id), cluster.is_remote_node(id)) {
        (true, true, _) => Some(4),
        (true, false, true) => Some(2),
        (true, false, false) => Some(0),
        (false, _, true) => Some(3),
        (false, true, false) => None,
        (false, false, false) => Some(1),
    }
}

fn line(cluster: &Cluster<'_>, id: NodeId) -> String {
    let node = &cluster.nodes[id];
    let kind = if cluster.is_guest_node(id) {
        "GuestNode"
    } else if cluster.is_remote_node(id) {
        "RemoteNode"
    } else {
        "Node"
    };
    let health = match health(cluster, node) {
        Colour::Red => " (health is RED)",
        Colour::Yellow => " (health is YELLOW)",
        Colour::Green => "",
    };
    format!("{kind} {}: {}{health}", node.name, state(node))
}

/// The state of a node in words.
pub(super) fn state(node: &Node<'_>) -> &'static str {
    if node.unclean {
        match (node.online, node.pending) {
            (true, _) => "UNCLEAN (online)",
            (false, true) => "UNCLEAN (pending)",
            (false, false) => "UNCLEAN (offline)",
        }
    } else if node.pending {
        "pending"
    } else if node.standby_on_fail && node.online {
        "standby (on-fail)"
    } else if node.standby {
        match (node.online, node.running.is_empty()) {
            (true, false) => "standby (with active resources)",
            (true, true) => "standby",
            (false, _) => "OFFLINE (standby)",
        }
    } else if node.maintenance {
        if node.online { "maintenance" } else { "OFFLINE (maintenance)" }
    } else if node.online {
        "online"
    } else {
        "OFFLINE"
    }
}

/// The worst colour among a node's attributes of health; green when nobody asks.
pub(super) fn health(cluster: &Cluster<'_>, node: &Node<'_>) -> Colour {
    if cluster.options.health == HealthStrategy::None {
        return Colour::Green;
    }
    let scores = cluster.options.health_scores;
    let colour = |value: &str| {
        if value.eq_ignore_ascii_case("red") {
            return Colour::Red;
        }
        if value.eq_ignore_ascii_case("yellow") {
            return Colour::Yellow;
        }
        let score = Score::read_with(value, scores);
        if score <= scores.red {
            Colour::Red
        } else if score <= scores.yellow && scores.yellow != scores.green {
            Colour::Yellow
        } else {
            Colour::Green
        }
    };
    let values = node.attributes.iter().filter(|(name, _)| name.starts_with("#health"));
    values.map(|(_, value)| colour(value)).min().unwrap_or(Colour::Green)
}

/// Attributes that have a meaning of their own and are not shown.
fn is_internal(name: &str) -> bool {
    const HIDDEN: [&str; 7] =
        ["fail-count", "last-failure", "shutdown", "terminate", "standby", "probe_complete", "lrm_"];
    name.starts_with('#') || HIDDEN.iter().any(|prefix| name.starts_with(prefix))
}

/// Writes the attributes of nodes that are online.
pub(super) fn attributes(cluster: &Cluster<'_>, spaced: bool, out: &mut Listing) {
    let mut begun = false;
    for &id in &cluster.node_order {
        let node = &cluster.nodes[id];
        let mut shown: Vec<_> = node.attributes.iter().filter(|(name, _)| !is_internal(name)).collect();
        if !node.online || shown.is_empty() {
            continue;
        }
        if !begun {
            if spaced {
                out.blank();
            }
            out.begin("Node Attributes");
            begun = true;
        }
        out.begin(&format!("Node: {}", node.name));
        shown.sort_by(|one, other| compare_names(one.0, other.0));
        for (name, value) in shown {
            out.item(&format!("{name:<32}\t: {value:<10}"));
        }
        out.end();
    }
    if begun {
        out.end();
    }
}

/// Writes operations that have failed.
pub(super) fn failures(cluster: &Cluster<'_>, out: &mut Listing) {
    if cluster.failed.is_empty() {
        return;
    }
    out.blank();
    out.begin("Failed Resource Actions");
    for failed in &cluster.failed {
        let result = failed.entry.get("rc-code").and_then(hb_cib::value::integer).unwrap_or_default();
        let call = failed.entry.get("call-id").unwrap_or("-1");
        let operation = failed.entry.get("operation").unwrap_or("unknown");
        let (id, node) = (&cluster.resources[failed.resource].id, cluster.nodes[failed.node].name);
        let interval = failed.entry.get("interval").and_then(hb_cib::value::integer).unwrap_or_default();
        out.item(&format!(
            "{id} {} {operation} on {node} returned '{}' ({result}), call={call}",
            crate::report::summary::readable_interval(interval),
            super::result_text(result)
        ));
    }
    out.end();
}
