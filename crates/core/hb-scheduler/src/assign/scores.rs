//! Lines of scores.

use crate::model::{Cluster, INFINITY, NodeId, NodeTable, ResourceFlags as F, ResourceId};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A score as people write it.
pub(crate) fn readable(score: i32) -> String {
    if score >= INFINITY {
        "INFINITY".to_string()
    } else if score <= -INFINITY {
        "-INFINITY".to_string()
    } else {
        score.to_string()
    }
}

/// Notes the scores of a resource and of its parts.
pub(crate) fn note(c: &mut Cluster<'_>, label: &str, resource: ResourceId) {
    if c.want_scores {
        note_all(c, label, resource);
    }
}

fn note_all(c: &mut Cluster<'_>, label: &str, resource: ResourceId) {
    if c.resources[resource].is(F::ORPHAN) {
        return;
    }
    let lines = lines(c, label, resource, &c.resources[resource].allowed);
    c.scores.extend(lines);
    c.resources[resource].children.clone().into_iter().for_each(|child| note_all(c, label, child));
}

fn lines(c: &Cluster<'_>, label: &str, resource: ResourceId, table: &NodeTable) -> Vec<String> {
    let id = &c.resources[resource].id;
    let known = c.node_order.iter().filter_map(|node| Some((*node, table.score(*node)?)));
    known
        .map(|(node, score)| {
            format!("{label}: {id} allocation score on {}: {}", c.nodes[node].name, readable(score))
        })
        .collect()
}

/// Notes how much an instance is to be promoted.
pub(crate) fn note_promotion(c: &mut Cluster<'_>, instance: ResourceId, node: Option<NodeId>) {
    if !c.want_scores {
        return;
    }
    let it = &c.resources[instance];
    let node = node.map_or("none", |node| c.nodes[node].name);
    let line = format!("{} promotion score on {node}: {}", it.id, readable(it.sort_index));
    c.scores.push(line);
}
