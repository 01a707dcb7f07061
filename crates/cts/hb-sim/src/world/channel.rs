//! Where packets wait: the kernel's socket buffers, and the SEQPACKET pairs between the processes of a node.
//!
//! Both are bounded in bytes as the kernel counts them. A datagram socket that is full drops what arrives;
//! a pair that is full refuses.

use hb_base::Instant;
use std::collections::VecDeque;

/// What a medium's socket holds: the kernel doubles the 1 MiB that the master asks for.
pub(crate) const MEDIUM_BYTES: usize = 2 << 20;
/// What a pair holds: `net.core.wmem_default` of Linux.
pub(crate) const PAIR_BYTES: usize = 212_992;

/// What the kernel accounts for a packet of `len` bytes: its own structures, and memory in powers of two.
pub(crate) fn true_size(len: usize) -> usize {
    256 + (len + 384).next_power_of_two()
}

/// Something that takes room.
pub(crate) trait Sized {
    /// Bytes of payload.
    fn bytes(&self) -> usize;
}

/// A bounded queue of packets.
#[derive(Debug)]
pub(crate) struct Channel<T> {
    queue: VecDeque<T>,
    used: usize,
    limit: usize,
    /// The most that ever waited, in packets.
    peak: usize,
}

impl<T: Sized> Default for Channel<T> {
    fn default() -> Self {
        Channel { queue: VecDeque::new(), used: 0, limit: PAIR_BYTES, peak: 0 }
    }
}

impl<T: Sized> Channel<T> {
    /// A channel that holds `limit` bytes.
    pub(crate) fn holding(limit: usize) -> Channel<T> {
        Channel { limit, ..Channel::default() }
    }

    /// Takes `packet`, or gives it back when it is full. As in the kernel, the packet that reaches the limit
    /// is still taken.
    pub(crate) fn push(&mut self, packet: T) -> Result<(), T> {
        if self.used >= self.limit {
            return Err(packet);
        }
        self.used += true_size(packet.bytes());
        self.queue.push_back(packet);
        self.peak = self.peak.max(self.queue.len());
        Ok(())
    }

    /// The oldest packet.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let packet = self.queue.pop_front()?;
        self.used -= true_size(packet.bytes());
        Some(packet)
    }

    /// The oldest packet, left where it is.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the next packet would be refused.
    pub(crate) fn is_full(&self) -> bool {
        self.used >= self.limit
    }

    /// Everything in it is gone.
    pub(crate) fn clear(&mut self) {
        self.queue.clear();
        self.used = 0;
    }
}

/// A datagram as the kernel holds it.
#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    /// When it arrived, on the node's clock.
    pub(crate) stamp: Instant,
    /// Its bytes.
    pub(crate) bytes: std::sync::Arc<[u8]>,
}

impl Sized for Datagram {
    fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Packet(usize);
    impl Sized for Packet {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn a_full_channel_refuses_until_something_is_taken() {
        let mut channel = Channel::default();
        let mut held = 0;
        while channel.push(Packet(200)).is_ok() {
            held += 1;
        }
        assert!(channel.is_full());
        assert_eq!(held, PAIR_BYTES.div_ceil(true_size(200)));
        assert!(channel.pop().is_some());
        assert!(channel.push(Packet(60_000)).is_ok(), "the last packet may exceed the limit");
        assert!(channel.push(Packet(1)).is_err());
        channel.clear();
        assert!(channel.is_empty() && channel.push(Packet(1)).is_ok());
    }
}
