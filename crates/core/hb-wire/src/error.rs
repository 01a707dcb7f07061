//! What can be wrong with a message or with bytes that claim to be one.

use core::fmt;

/// Why a message cannot be encoded. The message is unchanged and still usable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// A field name is empty, begins with `(`, `>>>` or `<<<`, or holds `=`, a newline or NUL.
    Name,
    /// A text or list value holds a NUL, or a byte that this encoding uses for itself at this depth.
    Value,
    /// A list has an empty element, or is longer than [`crate::MAX_LIST_BYTES`] when packed.
    List,
    /// Messages are nested deeper than [`crate::MAX_DEPTH`].
    Depth,
    /// A field waiting for compression cannot be written as text. [`crate::Codec`] compresses it first.
    Uncompressed,
    /// The result would be longer than this channel carries.
    TooLong {
        /// How long it would be.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// bzip2 is configured and this codec was given none, or it failed.
    Bzip2,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::Name => f.write_str("a field name cannot be sent"),
            EncodeError::Value => f.write_str("a value holds bytes that cannot be sent"),
            EncodeError::List => f.write_str("a list has an empty element or is too long"),
            EncodeError::Depth => f.write_str("messages are nested too deeply"),
            EncodeError::Uncompressed => f.write_str("a field was not compressed before sending as text"),
            EncodeError::TooLong { bytes, limit } => write!(f, "{bytes} bytes are more than {limit}"),
            EncodeError::Bzip2 => f.write_str("bzip2 is not available"),
        }
    }
}

impl core::error::Error for EncodeError {}

/// Why bytes are not a message that we accept. Nothing of it was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DecodeError {
    /// The first four bytes are neither `>>>\n` nor `###\n`.
    NoMarker,
    /// More bytes than a message may have, packed or unpacked.
    TooLong,
    /// The bytes end within a field or before the end marker.
    Truncated,
    /// A text line has no `=` or an impossible type prefix.
    Line,
    /// A netstring length is not plain decimal, or does not end at its comma.
    Length,
    /// A field's type is not one that may be sent.
    FieldType,
    /// A field name is empty or holds bytes that no name has.
    Name,
    /// Base64 is not canonical.
    Base64,
    /// A packed list is broken, has an empty element or is too long.
    List,
    /// A string holds a NUL.
    Nul,
    /// Messages are nested deeper than [`crate::MAX_DEPTH`].
    Depth,
    /// The frame carries no signature.
    Unsigned,
    /// The signature is not `<number> <digest>`.
    Signature,
    /// The signature names a key that we do not have.
    UnknownKey {
        /// The number it names.
        number: u8,
    },
    /// The digest is not the one that the key gives.
    BadSignature {
        /// The key number it names.
        number: u8,
    },
    /// `_compression_algorithm` is missing or names none that we know.
    Algorithm,
    /// A bzip2 payload, and this codec was given no bzip2.
    NoBzip2,
    /// Compressed bytes are broken.
    Corrupt,
    /// A compressed message holds a compressed message: nobody sends this.
    NestedEnvelope,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            DecodeError::NoMarker => "no start marker",
            DecodeError::TooLong => "too long",
            DecodeError::Truncated => "truncated",
            DecodeError::Line => "a line is not a field",
            DecodeError::Length => "a netstring length is wrong",
            DecodeError::FieldType => "unknown field type",
            DecodeError::Name => "impossible field name",
            DecodeError::Base64 => "broken base64",
            DecodeError::List => "broken list",
            DecodeError::Nul => "a string holds a NUL",
            DecodeError::Depth => "nested too deeply",
            DecodeError::Unsigned => "not signed",
            DecodeError::Signature => "the signature has no number and digest",
            DecodeError::UnknownKey { number } => return write!(f, "signed with unknown key {number}"),
            DecodeError::BadSignature { number } => {
                return write!(f, "the signature with key {number} is wrong");
            }
            DecodeError::Algorithm => "unknown compression algorithm",
            DecodeError::NoBzip2 => "bzip2 is not available",
            DecodeError::Corrupt => "compressed data is broken",
            DecodeError::NestedEnvelope => "compressed twice",
        };
        f.write_str(words)
    }
}

impl core::error::Error for DecodeError {}
