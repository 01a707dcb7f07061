//! How frames are told apart on a stream.

use crate::framed::FramedError;

/// What stands before each frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// Four bytes of length, little-endian. The control socket speaks this. No frame is empty.
    Length,
    /// The original's libplumb (spec: ipc section 1): length, signed, then a magic number, four bytes each in this
    /// machine's byte order. Empty frames mean nothing and are skipped.
    Classic,
}

/// The magic number of [`Framing::Classic`].
const MAGIC: u32 = 0xabcd;
const WORD_BYTES: usize = 4;
/// Longest header of all framings.
const HEADER_BYTES_MAX: usize = 2 * WORD_BYTES;

/// The bytes before a frame's body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    bytes: [u8; HEADER_BYTES_MAX],
    length: usize,
}

impl Header {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The frame that received bytes begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    pub(crate) header_bytes: usize,
    pub(crate) body_bytes: usize,
}

impl Framing {
    /// Bytes of the header.
    pub const fn header_bytes(self) -> usize {
        match self {
            Framing::Length => WORD_BYTES,
            Framing::Classic => 2 * WORD_BYTES,
        }
    }

    pub(crate) fn header(self, body_bytes: u32) -> Header {
        let mut bytes = [0; HEADER_BYTES_MAX];
        let (first, second) = bytes.split_at_mut(WORD_BYTES);
        match self {
            Framing::Length => first.copy_from_slice(&body_bytes.to_le_bytes()),
            Framing::Classic => {
                first.copy_from_slice(&body_bytes.to_ne_bytes());
                second.copy_from_slice(&MAGIC.to_ne_bytes());
            }
        }
        Header { bytes, length: self.header_bytes() }
    }

    /// Reads the header at the start of `bytes`; `None` when it is not whole yet. The body need not be there.
    pub(crate) fn find(self, bytes: &[u8], limit: usize) -> Result<Option<Found>, FramedError> {
        let Some((first, rest)) = bytes.split_first_chunk::<WORD_BYTES>() else { return Ok(None) };
        let announced = match self {
            Framing::Length => u32::from_le_bytes(*first),
            Framing::Classic => u32::from_ne_bytes(*first),
        };
        if self == Framing::Classic {
            let Some((magic, _)) = rest.split_first_chunk::<WORD_BYTES>() else { return Ok(None) };
            let found = u32::from_ne_bytes(*magic);
            if found != MAGIC {
                return Err(FramedError::Magic { found });
            }
        }
        let least = usize::from(self == Framing::Length);
        let body = usize::try_from(announced).ok().filter(|bytes| (least..=limit).contains(bytes));
        let body_bytes = body.ok_or(FramedError::Length { announced, limit })?;
        Ok(Some(Found { header_bytes: self.header_bytes(), body_bytes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classic_header_is_the_one_of_the_original() {
        let header = Framing::Classic.header(0x4a);
        assert_eq!(header.as_bytes(), [0x4a, 0, 0, 0, 0xcd, 0xab, 0, 0]);
        let found = Framing::Classic.find(header.as_bytes(), 100).unwrap();
        assert_eq!(found, Some(Found { header_bytes: 8, body_bytes: 0x4a }));
        assert_eq!(Framing::Classic.find(&header.as_bytes()[..7], 100).unwrap(), None);
    }

    #[test]
    fn hostile_headers_are_refused() {
        let hostile = |words: [u32; 2]| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            Framing::Classic.find(&bytes, 100)
        };
        assert!(matches!(hostile([5, 0xabce]), Err(FramedError::Magic { found: 0xabce })));
        for length in [101, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            assert!(matches!(hostile([length, MAGIC]), Err(FramedError::Length { .. })), "{length:x}");
        }
        assert!(matches!(Framing::Length.find(&[0; 4], 100), Err(FramedError::Length { announced: 0, .. })));
    }
}
