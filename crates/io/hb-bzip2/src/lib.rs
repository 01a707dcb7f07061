//! bzip2 for the wire: bytes in, bytes out, bounded.
//!
//! `hb-wire` is pure and has no bzip2 of its own; whoever builds a `Codec` hands it [`BZIP2`].
//!
//! # Invariants
//! - Decompressing never returns, nor collects, more than the limit it is given.
//! - No state is kept between calls.
//!
//! # Does not know about
//! Messages, files, streams longer than memory.
#![forbid(unsafe_code)]

use bzip2::Compression;
use bzip2::read::{BzDecoder, BzEncoder};
use hb_wire::{Bzip2, Bzip2Error};
use std::io::Read;

/// The one instance that there is any need for.
pub static BZIP2: Libbz2 = Libbz2;

/// [`Bzip2`] by the Rust port of libbz2.
#[derive(Clone, Copy, Debug)]
pub struct Libbz2;

impl Bzip2 for Libbz2 {
    /// With the smallest block size, as the original does: messages are short.
    fn compress(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut packed = Vec::new();
        BzEncoder::new(plain, Compression::fast()).read_to_end(&mut packed).ok()?;
        Some(packed)
    }

    fn decompress(&self, packed: &[u8], limit_bytes: usize) -> Result<Vec<u8>, Bzip2Error> {
        let mut plain = Vec::new();
        let more_than_limit = limit_bytes as u64 + 1;
        BzDecoder::new(packed)
            .take(more_than_limit)
            .read_to_end(&mut plain)
            .map_err(|_| Bzip2Error::Corrupt)?;
        if plain.len() > limit_bytes {
            return Err(Bzip2Error::TooLong);
        }
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hb_wire::{Algorithm, Codec, Compression, Format, Keys, Message, Method};

    #[test]
    fn what_was_packed_comes_back() {
        for plain in [&b""[..], b"a", &[7; 300_000]] {
            let packed = BZIP2.compress(plain).unwrap();
            assert!(packed.starts_with(b"BZh"));
            assert_eq!(BZIP2.decompress(&packed, plain.len()).unwrap(), plain);
        }
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        let packed = BZIP2.compress(&[0; 1001]).unwrap();
        assert_eq!(BZIP2.decompress(&packed, 1000), Err(Bzip2Error::TooLong));
        assert!(BZIP2.decompress(&packed, 1001).is_ok());
    }

    #[test]
    fn broken_data_is_refused() {
        let packed = BZIP2.compress(b"some text that is packed").unwrap();
        for length in 0..packed.len() {
            assert_eq!(
                BZIP2.decompress(&packed[..length], 1000),
                Err(Bzip2Error::Corrupt),
                "cut to {length}"
            );
        }
        for bad in [&b"BZh9"[..], b"hello", b"BZh91AY&SYxxxxxxxxxxxx"] {
            assert_eq!(BZIP2.decompress(bad, 1000), Err(Bzip2Error::Corrupt));
        }
    }

    #[test]
    fn messages_travel_as_bzip2() {
        let keys = Keys::new(1, [(1, Method::Md5, b"unit".to_vec())]).unwrap();
        let compression = Compression { algorithm: Algorithm::Bzip2, traditional_threshold_bytes: Some(100) };
        let codec = Codec::new(keys, Format::Classic).with_bzip2(&BZIP2).with_compression(compression);
        let message = Message::new("x").with("v", "v".repeat(5000));
        let frame = codec.encode_signed(&message).unwrap();
        assert!(frame.len() < 300);
        assert_eq!(codec.decode_signed(&frame).unwrap(), message);
    }
}
