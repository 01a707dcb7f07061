//! Compression of whole messages and of single fields (wire spec, section 6).

use crate::{DecodeError, EncodeError, MAX_UNPACKED_BYTES};
use alloc::vec::Vec;
use miniz_oxide::inflate::TINFLStatus;

/// zlib's own default; its streams begin `78 9c` like the original's.
const ZLIB_LEVEL: u8 = 6;

/// How messages are compressed. Receivers understand both whatever is configured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Algorithm {
    /// zlib, RFC 1950.
    #[default]
    Zlib,
    /// bzip2.
    Bzip2,
}

impl Algorithm {
    /// Its name on the wire and in the configuration.
    pub const fn wire_name(self) -> &'static str {
        match self {
            Algorithm::Zlib => "zlib",
            Algorithm::Bzip2 => "bz2",
        }
    }

    /// The algorithm of this name.
    pub fn from_wire_name(name: &str) -> Option<Algorithm> {
        [Algorithm::Zlib, Algorithm::Bzip2].into_iter().find(|a| a.wire_name() == name)
    }
}

/// What is compressed when sent: directives `compression`, `compression_threshold`, `traditional_compression`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Compression {
    /// With what.
    pub algorithm: Algorithm,
    /// `traditional_compression on`: whole messages whose encoding is longer than this many bytes are compressed, and
    /// fields marked for compression are sent as they are. `None` is `off`: only those fields are compressed, and
    /// whole messages when they would not fit otherwise.
    pub traditional_threshold_bytes: Option<usize>,
}

/// Why bzip2 failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bzip2Error {
    /// The data is not a bzip2 stream, or is broken.
    Corrupt,
    /// The result would be longer than the limit.
    TooLong,
}

/// bzip2, handed in because it is not pure enough for this crate. Implementations keep no state.
pub trait Bzip2: Sync {
    /// Compresses `plain`; `None` if that fails.
    fn compress(&self, plain: &[u8]) -> Option<Vec<u8>>;

    /// Restores `packed`, to at most `limit_bytes`. Memory use must stay near that limit.
    ///
    /// # Errors
    /// [`Bzip2Error`] when the data is broken or too much.
    fn decompress(&self, packed: &[u8], limit_bytes: usize) -> Result<Vec<u8>, Bzip2Error>;
}

/// A bzip2 that may be missing.
pub(crate) type MaybeBzip2 = Option<&'static dyn Bzip2>;

pub(crate) fn pack(plain: &[u8], algorithm: Algorithm, bzip2: MaybeBzip2) -> Result<Vec<u8>, EncodeError> {
    match algorithm {
        Algorithm::Zlib => Ok(miniz_oxide::deflate::compress_to_vec_zlib(plain, ZLIB_LEVEL)),
        Algorithm::Bzip2 => bzip2.and_then(|b| b.compress(plain)).ok_or(EncodeError::Bzip2),
    }
}

pub(crate) fn unpack(packed: &[u8], algorithm: &str, bzip2: MaybeBzip2) -> Result<Vec<u8>, DecodeError> {
    match Algorithm::from_wire_name(algorithm).ok_or(DecodeError::Algorithm)? {
        Algorithm::Zlib => {
            miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, MAX_UNPACKED_BYTES).map_err(
                |error| match error.status {
                    TINFLStatus::HasMoreOutput => DecodeError::TooLong,
                    _ => DecodeError::Corrupt,
                },
            )
        }
        Algorithm::Bzip2 => {
            let plain = bzip2.ok_or(DecodeError::NoBzip2)?.decompress(packed, MAX_UNPACKED_BYTES);
            plain.map_err(|error| match error {
                Bzip2Error::Corrupt => DecodeError::Corrupt,
                Bzip2Error::TooLong => DecodeError::TooLong,
            })
        }
    }
}
