//! A reader has forwarded everything that was in its socket.

use crate::machine::Cluster;
use hb_base::{MediumId, Token};

pub(crate) fn handle(cluster: &mut Cluster, medium: MediumId, token: Token) {
    cluster.drained(medium, token);
}
