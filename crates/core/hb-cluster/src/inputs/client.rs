//! A local client signed on or left.

use crate::bounds;
use crate::machine::Cluster;
use alloc::string::String;

pub(crate) fn handle(cluster: &mut Cluster, name: String, online: bool) {
    if !online {
        cluster.clients.remove(&name);
    } else if cluster.clients.len() < bounds::CLIENTS {
        cluster.clients.insert(name);
    }
}
