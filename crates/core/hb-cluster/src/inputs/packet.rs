//! A frame from a medium: verified, decoded, judged.

use crate::bugs::Bug;
use crate::machine::Cluster;
use crate::receive::Arrival;
use crate::{Phase, bounds, notices};
use alloc::string::ToString;
use alloc::sync::Arc;
use hb_base::{Instant, MediumId, Notice, Severity};
use hb_wire::DecodeError;

pub(crate) fn handle(cluster: &mut Cluster, medium: MediumId, stamp: Instant, bytes: Arc<[u8]>) {
    let Some(state) = cluster.media.get_mut(usize::from(medium.0)) else { return };
    state.counters.received += 1;
    // Nothing may be answered before the generation is durable, so nothing is heard either.
    if matches!(cluster.phase, Phase::Idle | Phase::Persisting | Phase::Left) {
        return;
    }
    if cluster.outputs.len() > bounds::OUTPUTS_WAITING {
        return overrun(cluster);
    }
    let stamp = if cluster.planted(Bug::CountReadingTime) { cluster.now } else { stamp.min(cluster.now) };
    let arrival = Arrival { medium, stamp };
    match cluster.recent.find(&bytes) {
        Some(message) => cluster.receive(arrival, &message),
        None => match cluster.codec.decode_signed(&bytes) {
            Ok(message) => {
                let message = Arc::new(message);
                cluster.recent.remember(bytes, message.clone());
                cluster.receive(arrival, &message);
            }
            Err(error) => reject(cluster, medium, error),
        },
    }
    if core::mem::take(&mut cluster.greet)
        && matches!(cluster.phase, Phase::Forming | Phase::AskingNodes | Phase::Active)
    {
        cluster.send_status();
    }
}

fn reject(cluster: &mut Cluster, medium: MediumId, error: DecodeError) {
    let unsigned = matches!(
        error,
        DecodeError::NoMarker
            | DecodeError::Unsigned
            | DecodeError::Signature
            | DecodeError::UnknownKey { .. }
            | DecodeError::BadSignature { .. }
    );
    if !unsigned {
        return cluster.malformed(medium);
    }
    if let Some(state) = cluster.media.get_mut(usize::from(medium.0)) {
        state.counters.rejected += 1;
    }
    let subject = cluster.medium_name(medium);
    let make =
        || Notice::new(Severity::Error, notices::FRAME_REJECTED, subject).with("cause", error.to_string());
    cluster.throttled(make, notices::FRAME_REJECTED);
}

fn overrun(cluster: &mut Cluster) {
    cluster.counters.overruns += 1;
    let name = cluster.options.node.clone();
    let make = || Notice::new(Severity::Critical, notices::OUTPUTS_WAITING, name.as_str());
    cluster.throttled(make, notices::OUTPUTS_WAITING);
}
