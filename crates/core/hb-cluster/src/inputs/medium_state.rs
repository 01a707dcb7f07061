//! A medium's reader lives, or was lost.

use crate::machine::Cluster;
use hb_base::MediumId;

pub(crate) fn handle(cluster: &mut Cluster, medium: MediumId, up: bool) {
    let now = cluster.now;
    let Some(state) = cluster.media.get_mut(usize::from(medium.0)) else { return };
    state.up = up;
    state.lost_at = if up { None } else { state.lost_at.or(Some(now)) };
    cluster.reader_changed(medium, up);
}
