//! Intervals and timeouts changed while running.

use crate::machine::Cluster;
use crate::{Phase, Timing};

pub(crate) fn handle(cluster: &mut Cluster, timing: Timing) {
    cluster.options.timing = timing;
    if matches!(cluster.phase, Phase::Forming | Phase::AskingNodes | Phase::Active) {
        cluster.send_status();
        cluster.watch_from_now();
    }
}
