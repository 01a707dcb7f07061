//! A local originator has a message for the cluster.

use crate::machine::Cluster;
use crate::{Phase, bounds, notices};
use hb_base::{Notice, Severity};
use hb_wire::Message;

pub(crate) fn handle(cluster: &mut Cluster, message: Message) {
    match cluster.phase {
        Phase::Idle | Phase::Persisting if cluster.early.submits.len() < bounds::EARLY_SUBMITS => {
            cluster.early.submits.push_back(message);
        }
        Phase::Idle | Phase::Persisting | Phase::Left => {
            cluster.counters.unsendable += 1;
            let name = cluster.options.node.clone();
            let make = || Notice::new(Severity::Error, notices::MESSAGE_REFUSED, name.as_str());
            cluster.throttled(make, notices::MESSAGE_REFUSED);
        }
        _ => cluster.send(message),
    }
}
