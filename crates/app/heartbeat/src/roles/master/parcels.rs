//! Frames on their way to the writers, gathered in a turn of the loop and handed over together: a writer is woken and
//! called once for many of them.

use super::Master;
use super::worker::{Post, Worker};
use hb_base::{Instant, MediumId};
use hb_cluster::Class;
use hb_ipc::BATCH;
use hb_media::protocol::FRAME;
use hb_node::Input;
use hb_runtime::Interest;
use std::sync::Arc;

/// What one writer gets next. At most [`BATCH`] frames; at the bound they are handed over at once.
#[derive(Default)]
pub(super) struct Parcel {
    frames: Vec<(Class, Arc<[u8]>)>,
    /// Their packets, one behind the other.
    bytes: Vec<u8>,
}

impl Parcel {
    fn push(&mut self, class: Class, frame: Arc<[u8]>) {
        self.bytes.push(FRAME);
        self.bytes.extend_from_slice(&frame);
        self.frames.push((class, frame));
    }

    /// How many the writer takes now; none when it is gone.
    fn hand_over(&self, writer: Option<&Worker>) -> usize {
        let Some(pair) = writer.and_then(Worker::pair) else { return 0 };
        let mut packets: [&[u8]; BATCH] = [&[]; BATCH];
        let mut rest = self.bytes.as_slice();
        for (packet, (_, frame)) in packets.iter_mut().zip(&self.frames) {
            (*packet, rest) = rest.split_at_checked(1 + frame.len()).unwrap_or_default();
        }
        pair.send_batch(packets.get(..self.frames.len()).unwrap_or_default()).unwrap_or(0)
    }
}

impl Master {
    pub(super) fn write(&mut self, now: Instant, medium: MediumId, class: Class, frame: Arc<[u8]>) {
        if self.node.view().outbox(medium).is_some_and(hb_node::Outbox::is_blocked) {
            // An earlier one was refused in this round: nothing may overtake it.
            self.node.handle(now, Input::WriterRefused { medium, class, frame });
            return;
        }
        let Some(parcel) = self.parcels.get_mut(usize::from(medium.0)) else { return };
        parcel.push(class, frame);
        if parcel.frames.len() == BATCH {
            self.dispatch(now, medium);
        }
    }

    /// Hands over what was gathered, at the end of a turn.
    pub(super) fn dispatch_all(&mut self, now: Instant) {
        for number in (0..=u8::MAX).take(self.parcels.len()) {
            self.dispatch(now, MediumId(number));
        }
    }

    fn dispatch(&mut self, now: Instant, medium: MediumId) {
        let at = usize::from(medium.0);
        let Some(parcel) = self.parcels.get_mut(at).filter(|parcel| !parcel.frames.is_empty()) else {
            return;
        };
        let taken = parcel.hand_over(self.posts.writers.get(at));
        let refused: Vec<_> = parcel.frames.drain(..).skip(taken).collect();
        parcel.bytes.clear();
        if refused.is_empty() {
            return;
        }
        // Frames for a writer that is gone wait for its successor.
        self.posts.watch(Post::Writer(medium.0), Interest::Both, &mut self.events);
        for (class, frame) in refused {
            self.node.handle(now, Input::WriterRefused { medium, class, frame });
        }
    }
}
