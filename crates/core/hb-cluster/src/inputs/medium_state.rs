//! A medium's reader lives, or was lost.

use crate::machine::Cluster;
use hb_base::MediumId;

pub(crate) fn handle(cluster: &mut Cluster, medium: MediumId, up: bool) {
    let Some(state) = cluster.media.get_mut(usize::from(medium.0)) else { return };
    state.up = up;
    cluster.reader_changed(medium, up);
}
