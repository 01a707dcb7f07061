//! Packets between the master and its media and FIFO children. First byte: kind.
//!
//! | from, to | kind | rest |
//! |---|---|---|
//! | reader → master | 0 frame | 8 bytes stamp (LE, ns on CLOCK_MONOTONIC), datagram |
//! | reader → master | 1 drained | 8 bytes token (LE) |
//! | master → reader | 1 drain | 8 bytes token (LE) |
//! | master → writer | 0 frame | datagram |
//! | FIFO reader → master | 0 message | message text, `>>>` line to `<<<` line |
//! | any child → master | 2 trouble | 4 bytes count (LE), 4 bytes error number (LE, 0: none) |
//!
//! Trouble: a writer's failed sends; how often a reader found its socket full, so that datagrams were lost (ENOBUFS), or
//! failed to receive; a FIFO reader's garbage (error number 0). At most one a second; a count of 0 says that it is over.

use hb_base::{Instant, Token};

/// A frame or message.
pub const FRAME: u8 = 0;
/// Drain, drained.
pub const DRAIN: u8 = 1;
/// Trouble.
pub const TROUBLE: u8 = 2;

/// Bytes in front of a reader's datagram.
pub const FRAME_HEAD_BYTES: usize = 9;

/// What went wrong in a child since its last report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// How often; 0: it works again.
    pub count: u32,
    /// The last error's number; 0 where there is none.
    pub errno: i32,
}

impl Trouble {
    /// The last error, as the system words it.
    pub fn error(self) -> Option<std::io::Error> {
        (self.errno != 0).then(|| std::io::Error::from_raw_os_error(self.errno))
    }

    /// As a packet.
    pub fn encode(self) -> [u8; 9] {
        packet(TROUBLE, u64::from(self.count) | u64::from(self.errno.cast_unsigned()) << 32)
    }

    fn decode(rest: &[u8]) -> Option<Trouble> {
        let word = number(rest)?;
        let errno = ((word >> 32) as u32).cast_signed();
        Some(Trouble { count: (word & 0xffff_ffff) as u32, errno })
    }
}

fn packet(kind: u8, word: u64) -> [u8; 9] {
    let mut bytes = [kind; 9];
    if let Some(rest) = bytes.get_mut(1..) {
        rest.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn number(rest: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(rest.try_into().ok()?))
}

/// A packet from a reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FromReader<'a> {
    /// A datagram.
    Frame {
        /// When it arrived.
        stamp: Instant,
        /// The datagram, unchanged.
        datagram: &'a [u8],
    },
    /// Everything that was in the socket when this request came has been forwarded.
    Drained(Token),
    /// Datagrams were lost, or receiving fails.
    Trouble(Trouble),
}

impl<'a> FromReader<'a> {
    /// Reads a packet; `None` for one that no reader sends.
    pub fn decode(packet: &'a [u8]) -> Option<FromReader<'a>> {
        let (kind, rest) = packet.split_first()?;
        match *kind {
            FRAME => {
                let (stamp, datagram) = rest.split_first_chunk::<8>()?;
                Some(FromReader::Frame { stamp: Instant::from_nanos(u64::from_le_bytes(*stamp)), datagram })
            }
            DRAIN => Some(FromReader::Drained(Token(number(rest)?))),
            TROUBLE => Some(FromReader::Trouble(Trouble::decode(rest)?)),
            _ => None,
        }
    }

    /// The head that goes in front of a datagram.
    pub fn frame_head(stamp: Instant) -> [u8; FRAME_HEAD_BYTES] {
        packet(FRAME, stamp.as_nanos())
    }
}

/// A drain request, and its answer.
pub fn drain(token: Token) -> [u8; 9] {
    packet(DRAIN, token.0)
}

/// The token of a drain request; `None` for anything else.
pub fn drain_token(packet: &[u8]) -> Option<Token> {
    match packet.split_first()? {
        (&DRAIN, rest) => Some(Token(number(rest)?)),
        _ => None,
    }
}

/// A packet from a writer: only trouble.
pub fn from_writer(packet: &[u8]) -> Option<Trouble> {
    match packet.split_first()? {
        (&TROUBLE, rest) => Trouble::decode(rest),
        _ => None,
    }
}

/// A packet from the FIFO reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FromFifo<'a> {
    /// A complete message's text.
    Message(&'a [u8]),
    /// Garbage was written to the FIFO.
    Trouble(Trouble),
}

impl<'a> FromFifo<'a> {
    /// Reads a packet; `None` for one that no FIFO reader sends.
    pub fn decode(packet: &'a [u8]) -> Option<FromFifo<'a>> {
        match packet.split_first()? {
            (&FRAME, text) => Some(FromFifo::Message(text)),
            (&TROUBLE, rest) => Some(FromFifo::Trouble(Trouble::decode(rest)?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_writes_the_other_reads() {
        let stamp = Instant::from_nanos(0x0102_0304_0506_0708);
        let mut packet = FromReader::frame_head(stamp).to_vec();
        assert_eq!(packet, [0, 8, 7, 6, 5, 4, 3, 2, 1]);
        packet.extend_from_slice(b"data");
        assert_eq!(FromReader::decode(&packet), Some(FromReader::Frame { stamp, datagram: b"data" }));
        let token = Token(77);
        assert_eq!(drain_token(&drain(token)), Some(token));
        assert_eq!(FromReader::decode(&drain(token)), Some(FromReader::Drained(token)));
        let trouble = Trouble { count: 3, errno: 101 };
        assert_eq!(from_writer(&trouble.encode()), Some(trouble));
        assert_eq!(FromFifo::decode(b"\0>>>\n<<<\n"), Some(FromFifo::Message(b">>>\n<<<\n")));
    }

    #[test]
    fn short_and_unknown_packets_are_nothing() {
        for bad in
            [&b""[..], b"\0", b"\0short", b"\x01short", b"\x02short", b"\x03whatever", b"\x01toolongtoken"]
        {
            assert!(FromReader::decode(bad).is_none(), "{bad:?}");
            assert!(drain_token(bad).is_none() && from_writer(bad).is_none());
        }
    }
}
