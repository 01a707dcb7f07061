//! New keys. Frames in the history keep the signature that they were sent with.

use crate::machine::Cluster;
use hb_wire::Codec;

pub(crate) fn handle(cluster: &mut Cluster, codec: Codec) {
    cluster.codec = codec;
    cluster.recent.forget();
}
