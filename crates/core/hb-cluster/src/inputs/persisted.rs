//! A record is durable.

use crate::Phase;
use crate::machine::Cluster;
use hb_base::Token;

pub(crate) fn handle(cluster: &mut Cluster, token: Token) {
    // Records become durable in the order in which they were handed out.
    cluster.early.awaiting.retain(|awaited| *awaited > token);
    if cluster.phase == Phase::Persisting && cluster.early.awaiting.is_empty() {
        cluster.begin();
    }
}
