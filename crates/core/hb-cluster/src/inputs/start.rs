//! The durable files were read.

use crate::Phase;
use crate::Stored;
use crate::machine::Cluster;

pub(crate) fn handle(cluster: &mut Cluster, stored: Stored, entropy: u64) {
    if cluster.phase != Phase::Idle {
        return;
    }
    if cluster.wall.is_some() {
        cluster.start(&stored, entropy);
    } else {
        cluster.early.start = Some((stored, entropy));
    }
}
