//! Peers shall wait longer for us, or no longer so.

use crate::Phase;
use crate::machine::Cluster;
use core::time::Duration;

pub(crate) fn handle(cluster: &mut Cluster, extra: Duration) {
    let before = cluster.announced_deadtime();
    cluster.grace = extra;
    let speaking = matches!(cluster.phase, Phase::Forming | Phase::AskingNodes | Phase::Active);
    if speaking && cluster.announced_deadtime() != before {
        cluster.send_status();
    }
}
