//! The channel between the master and one child: a SEQPACKET socket pair.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair, sockopt};

use crate::batch::{Batch, Wait, send_packets};

/// The master's end. Never blocks. The child's end is a plain blocking descriptor.
#[derive(Debug)]
pub struct Pair {
    fd: OwnedFd,
}

/// What became of packets given to [`Pair::send`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// The kernel has them for the child.
    Yes,
    /// The channel is full; watch it for room to write. Nothing was taken.
    Full,
}

/// What [`Pair::receive`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// This many packets. More may be there: the loop reports the channel again.
    Packets(usize),
    /// Nothing now.
    Nothing,
    /// The child's end is closed and everything it had sent was received.
    Closed,
}

/// How often a reset is read past: the kernel tells of it once a process death, before what is still queued.
const RESETS: usize = 4;

/// How much one end may have under way. The machine's limit for it may be smaller than a datagram: root passes it.
fn set_capacity(fd: &OwnedFd, bytes: usize) -> io::Result<()> {
    // The kernel doubles what it is asked for.
    let half = bytes / 2;
    let set = sockopt::set_socket_send_buffer_size_force(fd, half);
    Ok(set.or_else(|_| sockopt::set_socket_send_buffer_size(fd, half))?)
}

impl Pair {
    /// Smallest capacity that takes the largest datagram.
    pub const ONE_DATAGRAM_BYTES: usize = 68 << 10;

    /// A pair with the child's end. Capacities are in bytes of kernel memory, of which a small packet takes about 800;
    /// a packet longer than its direction's capacity is refused.
    ///
    /// # Errors
    /// When the kernel gives no descriptors.
    pub fn new(to_child_bytes: usize, to_master_bytes: usize) -> io::Result<(Pair, OwnedFd)> {
        let flags = SocketFlags::CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        set_capacity(&ours, to_child_bytes)?;
        set_capacity(&theirs, to_master_bytes)?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        Ok((Pair { fd: ours }, theirs))
    }

    /// The master's end of a channel that came about otherwise: by connecting to a child's socket.
    ///
    /// # Errors
    /// When the descriptor cannot be made non-blocking.
    pub fn adopt(fd: OwnedFd) -> io::Result<Pair> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        Ok(Pair { fd })
    }

    /// Sends one packet.
    ///
    /// # Errors
    /// BrokenPipe or ConnectionReset when the child is gone; InvalidInput for an empty packet, which would read as the end.
    pub fn send(&self, packet: &[u8]) -> io::Result<Sent> {
        Ok(if self.send_batch(&[packet])? == 1 { Sent::Yes } else { Sent::Full })
    }

    /// Sends as many of `packets` as fit, up to [`crate::BATCH`], in order; answers how many.
    ///
    /// # Errors
    /// As [`Pair::send`].
    pub fn send_batch(&self, packets: &[&[u8]]) -> io::Result<usize> {
        if packets.iter().any(|packet| packet.is_empty()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "an empty packet means the end"));
        }
        match send_packets(&self.fd, packets, None, Wait::No) {
            Ok(count) => Ok(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Receives up to [`crate::BATCH`] packets into `batch`.
    ///
    /// # Errors
    /// Only for defects; a dead child is [`Received::Closed`].
    pub fn receive(&self, batch: &mut Batch) -> io::Result<Received> {
        for _ in 0..RESETS {
            match batch.receive(&self.fd, Wait::No) {
                Ok(count) => {
                    let packets = batch.packets().take_while(|packet| !packet.is_empty()).count();
                    // The kernel fills the rest of a batch with empty packets once the other end is closed.
                    batch.truncate(packets);
                    return Ok(if packets == 0 && count > 0 {
                        Received::Closed
                    } else {
                        Received::Packets(packets)
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Received::Nothing),
                // The child died with packets of ours unread. Its own packets come after this.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Received::Closed)
    }
}

impl AsFd for Pair {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BATCH;

    fn pair() -> (Pair, OwnedFd) {
        Pair::new(Pair::ONE_DATAGRAM_BYTES, 4 * Pair::ONE_DATAGRAM_BYTES).unwrap()
    }

    #[test]
    fn packets_keep_their_bounds_and_order_in_batches() {
        let (ours, theirs) = pair();
        let texts: Vec<String> = (0..20).map(|i| "x".repeat(i + 1)).collect();
        let packets: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        assert_eq!(ours.send_batch(&packets).unwrap(), BATCH);
        assert_eq!(ours.send_batch(&packets[BATCH..]).unwrap(), 4);
        let mut batch = Batch::new(3, 100);
        let mut lens = Vec::new();
        while lens.len() < 20 {
            batch.receive(&theirs, Wait::ForOne).unwrap();
            lens.extend(batch.packets().map(<[u8]>::len));
        }
        assert_eq!(lens, (1..=20).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_channel_says_so_instead_of_blocking_and_takes_the_largest_datagram() {
        let (ours, theirs) = pair();
        let big = vec![7_u8; 65_516];
        assert_eq!(ours.send(&big).unwrap(), Sent::Yes);
        assert_eq!(ours.send(&big).unwrap(), Sent::Full);
        let mut batch = Batch::new(0, 70_000);
        batch.receive(&theirs, Wait::ForOne).unwrap();
        assert_eq!(batch.packet(0), Some(&big[..]));
        assert!(!batch.is_truncated(0));
        assert_eq!(ours.send(b"x").unwrap(), Sent::Yes);
    }

    #[test]
    fn what_a_dead_child_had_sent_is_received_before_the_end() {
        let (ours, theirs) = pair();
        send_packets(&theirs, &[b"last words"], None, Wait::No).unwrap();
        // Unread by the child: the kernel reports a reset first.
        ours.send(b"unread").unwrap();
        drop(theirs);
        let mut batch = Batch::new(0, 100);
        assert_eq!(ours.receive(&mut batch).unwrap(), Received::Packets(1));
        assert!(batch.packets().eq([&b"last words"[..]]));
        assert_eq!(ours.receive(&mut batch).unwrap(), Received::Closed);
        assert!(batch.is_empty());
        assert!(ours.send(b"x").is_err());
    }

    #[test]
    fn nothing_is_not_the_end_and_empty_packets_are_refused() {
        let (ours, _theirs) = pair();
        let mut batch = Batch::new(0, 100);
        assert_eq!(ours.receive(&mut batch).unwrap(), Received::Nothing);
        assert!(batch.is_empty() && batch.packet(0).is_none());
        assert!(ours.send(b"").is_err());
    }

    #[test]
    fn a_packet_longer_than_its_slot_is_marked() {
        let (ours, theirs) = pair();
        ours.send(&[1; 30]).unwrap();
        let mut batch = Batch::new(5, 10);
        batch.receive(&theirs, Wait::ForOne).unwrap();
        assert!(batch.is_truncated(0));
        assert_eq!(batch.packet(0), Some(&[1_u8; 10][..]));
        batch.head_mut(0).unwrap().copy_from_slice(b"12345");
        assert_eq!(batch.with_head(0).unwrap().get(..6), Some(&b"12345\x01"[..]));
    }
}
