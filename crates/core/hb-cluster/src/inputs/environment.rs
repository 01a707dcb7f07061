//! Wall clock and load, for the fields `ts` and `ld`.

use crate::machine::Cluster;
use alloc::string::String;
use hb_base::WallTime;

pub(crate) fn handle(cluster: &mut Cluster, wall: WallTime, load: String) {
    cluster.wall = Some(wall);
    cluster.load = load;
    if let Some((stored, entropy)) = cluster.early.start.take() {
        cluster.start(&stored, entropy);
    }
}
