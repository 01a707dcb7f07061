//! The event loop found that it did not run for a while.

use crate::machine::Cluster;
use core::time::Duration;

/// `late`: a late timer has told the same just now.
pub(crate) fn handle(cluster: &mut Cluster, by: Duration, late: bool) {
    if !late && by > cluster.options.timing.stall_bound {
        cluster.stalled(by);
    }
}
