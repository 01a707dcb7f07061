//! Turns of readers and writers: the processes between the master and the media.

use super::channel::Datagram;
use super::host::{FromReader, MASTER, News, Outgoing, reader, writer};
use super::{Packet, World};
use std::sync::Arc;

/// Datagrams that a reader or writer moves in one turn.
const BATCH: usize = 64;

/// The real writer lets a broadcast be heard by its own node this often; a filter keeps out the others.
const ECHO_INTERVAL: crate::agenda::Nanos = 250_000_000;

impl World<'_> {
    /// A reader forwards what its socket holds. Having been asked, it answers once the socket is empty.
    pub(super) fn reader_turn(&mut self, node: u8, medium: u8) {
        let host = self.host_mut(node);
        let Some(master) = host.master.as_mut() else { return };
        let line = &mut host.lines[usize::from(medium)];
        let pair = &mut master.from_readers[usize::from(medium)];
        let mut moved = 0;
        while !pair.is_full() && moved < BATCH {
            let packet = match line.socket.pop() {
                Some(datagram) => FromReader::Frame(datagram),
                None => match line.drains.pop_front() {
                    Some(token) => FromReader::Drained(token),
                    None => break,
                },
            };
            if pair.push(packet).is_err() {
                break;
            }
            moved += 1;
        }
        // Blocked by a full pair, it goes on when the master has read.
        let more = !pair.is_full() && (!line.socket.is_empty() || !line.drains.is_empty());
        self.stats.turns += 1;
        if moved > 0 {
            self.wake(node, MASTER);
        }
        if more {
            self.wake(node, reader(medium));
        }
    }

    /// A writer sends what the master gave it.
    pub(super) fn writer_turn(&mut self, node: u8, medium: u8) {
        self.stats.turns += 1;
        for _ in 0..BATCH {
            let Some(outgoing) = self.host_mut(node).lines[usize::from(medium)].outgoing.pop() else { break };
            self.transmit(node, medium, &outgoing);
        }
        let line = &mut self.host_mut(node).lines[usize::from(medium)];
        let more = !line.outgoing.is_empty();
        if std::mem::take(&mut line.refused) {
            self.tell(node, News::WriterReady(medium));
        }
        if more {
            self.wake(node, writer(medium));
        }
    }

    fn transmit(&mut self, from: u8, medium: u8, outgoing: &Outgoing) {
        let now = self.now();
        let own = self.plan.media[usize::from(medium)] == crate::plan::MediumKind::Bcast && {
            let echo_at = &mut self.host_mut(from).lines[usize::from(medium)].echo_at;
            let due = now >= *echo_at;
            if due {
                *echo_at = now + ECHO_INTERVAL;
            }
            due
        };
        for to in (0..self.plan.nodes).filter(|to| own || *to != from) {
            for arrival in self.network.send(medium, from, to).into_iter().flatten() {
                let bytes = match arrival.flipped {
                    None => outgoing.frame.clone(),
                    Some(bit) => flip(&outgoing.frame, bit),
                };
                let (meta, intact) = (outgoing.meta, arrival.flipped.is_none());
                self.put_packet(now + arrival.after, Packet { medium, to, bytes, meta, intact });
            }
        }
    }
}

fn flip(frame: &[u8], bit: u64) -> Arc<[u8]> {
    let mut bytes = frame.to_vec();
    if !bytes.is_empty() {
        let bit = bit % (bytes.len() as u64 * 8);
        bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
    }
    bytes.into()
}

/// A datagram for tests and flight records: its stamp and length.
impl std::fmt::Display for Datagram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {} bytes", self.stamp, self.bytes.len())
    }
}
