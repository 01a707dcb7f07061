//! Many packets a system call.

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::AsFd;

use crate::sys::{self, Meta};

/// Most packets moved by one system call: more gains nothing.
pub const BATCH: usize = 16;

/// Whether to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Not at all: WouldBlock is the answer when nothing can be moved.
    No,
    /// For the first packet, on a blocking descriptor; the others are taken only if they are there.
    ForOne,
}

impl Wait {
    fn flags(self) -> libc::c_int {
        match self {
            Wait::No => libc::MSG_DONTWAIT,
            Wait::ForOne => libc::MSG_WAITFORONE,
        }
    }
}

/// Slots for received packets, each with room for a head in front, so that a packet can be passed on with a head
/// and without a copy.
///
/// The storage is taken from the kernel as fresh pages: a slot costs memory once a packet has used it.
#[derive(Debug)]
pub struct Batch {
    storage: Box<[u8]>,
    slot_bytes: usize,
    head_bytes: usize,
    metas: [Meta; BATCH],
    count: usize,
}

impl Batch {
    /// For packets of up to `packet_bytes` behind heads of `head_bytes`.
    pub fn new(head_bytes: usize, packet_bytes: usize) -> Batch {
        let slot_bytes = (head_bytes + packet_bytes).max(1);
        let storage = vec![0; slot_bytes * BATCH].into_boxed_slice();
        Batch { storage, slot_bytes, head_bytes, metas: [Meta::default(); BATCH], count: 0 }
    }

    /// Forgets what was received before and receives up to [`BATCH`] packets; answers how many.
    ///
    /// # Errors
    /// WouldBlock when nothing is there (and nothing was waited for); the batch is empty then. Being interrupted by a
    /// signal is not an error: it tries again.
    pub fn receive(&mut self, fd: impl AsFd, wait: Wait) -> io::Result<usize> {
        self.count = 0;
        loop {
            let (slot, head) = (self.slot_bytes, self.head_bytes);
            match sys::receive(fd.as_fd(), &mut self.storage, slot, head, wait.flags(), &mut self.metas) {
                Ok(count) => {
                    self.count = count.min(BATCH);
                    return Ok(self.count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Forgets all but the first `count` packets.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
    }

    /// How many packets are held.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn meta(&self, index: usize) -> Option<&Meta> {
        self.metas.get(index).filter(|_| index < self.count)
    }

    /// The packet in this place.
    pub fn packet(&self, index: usize) -> Option<&[u8]> {
        self.with_head(index)?.get(self.head_bytes..)
    }

    /// The packets in order of arrival.
    pub fn packets(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count).filter_map(|index| self.packet(index))
    }

    /// The packet in this place with its head in front.
    pub fn with_head(&self, index: usize) -> Option<&[u8]> {
        let start = index * self.slot_bytes;
        let len = self.head_bytes + self.meta(index)?.len;
        self.storage.get(start..start + len.min(self.slot_bytes))
    }

    /// The head of the packet in this place, to be written.
    pub fn head_mut(&mut self, index: usize) -> Option<&mut [u8]> {
        self.meta(index)?;
        let start = index * self.slot_bytes;
        self.storage.get_mut(start..start + self.head_bytes)
    }

    /// When the kernel received the packet, in nanoseconds on CLOCK_REALTIME, where the socket was asked for it.
    pub fn stamp_nanos(&self, index: usize) -> Option<u64> {
        self.meta(index)?.stamp_nanos
    }

    /// Whether the packet was longer than its slot and lost its end.
    pub fn is_truncated(&self, index: usize) -> bool {
        self.meta(index).is_some_and(|meta| meta.truncated)
    }
}

/// Sends up to [`BATCH`] of `packets` with one system call, each to `to` on an unconnected socket. Answers how many
/// went; fewer when the kernel has no room for more or the next one fails.
///
/// # Errors
/// When not even the first went: WouldBlock for want of room (with [`Wait::No`]), or the kernel's reason.
pub fn send_packets(
    fd: impl AsFd,
    packets: &[&[u8]],
    to: Option<SocketAddrV4>,
    wait: Wait,
) -> io::Result<usize> {
    let flags = match wait {
        Wait::No => libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
        Wait::ForOne => libc::MSG_NOSIGNAL,
    };
    loop {
        match sys::send(fd.as_fd(), packets, to, flags) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
