//! The original's messages: ordered fields, two encodings, signatures, compression, stream framing.
//!
//! A [`Message`] is an ordered list of fields. A [`Codec`] turns it into the bytes of a cluster medium and back;
//! [`text`] and [`netstring`] are the two encodings by themselves, and [`FrameReader`] cuts a byte stream (serial
//! line, FIFO) into frames. There is no machine here: every function is a pure function of its arguments.
//!
//! ```
//! use hb_wire::{Codec, Format, Keys, Message, Method};
//!
//! let keys = Keys::new(1, [(1, Method::Sha1, b"secret".to_vec())]).unwrap();
//! let codec = Codec::new(keys, Format::Netstring);
//! let frame = codec.encode_signed(&Message::new("status").with("st", "active")).unwrap();
//! assert_eq!(codec.decode_signed(&frame).unwrap().text("st"), Some("active"));
//! ```
//!
//! # Invariants
//! - [`Codec::decode_signed`] verifies before it parses: of an unsigned or wrongly signed frame only the byte lengths
//!   (netstring) or the line ends and the `auth` line (text) are looked at.
//! - Fields keep their order and their duplicates; decoding and encoding again gives the same bytes.
//! - Nothing decoded is larger than [`MAX_UNPACKED_BYTES`] or nested deeper than [`MAX_DEPTH`].
//! - No input panics.
//!
//! # Does not know about
//! Sockets, nodes, sequence numbers, which fields a message needs, who reads it, where keys come from.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod codec;
mod compression;
mod digest;
mod error;
mod frame_reader;
mod message;
mod name;
pub mod netstring;
mod signature;
pub mod text;

pub use codec::{Codec, Format};
pub use compression::{Algorithm, Bzip2, Bzip2Error, Compression};
pub use digest::Method;
pub use error::{DecodeError, EncodeError};
pub use frame_reader::FrameReader;
pub use message::{Field, Message, Value};
pub use name::Name;
pub use signature::{Keys, KeysError};

/// Longest encoded message, packed: 256 KiB (wire spec, section 7).
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// Longest encoded message before packing and after unpacking: 2 MiB (wire spec, section 7).
pub const MAX_UNPACKED_BYTES: usize = 2 * 1024 * 1024;
/// Longest datagram that UDP over IPv4 carries; no signed frame is longer.
pub const MAX_DATAGRAM_BYTES: usize = 65_507;
/// Longest packed list in a netstring, which is all that the original reads.
pub const MAX_LIST_BYTES: usize = 1023;
/// Levels of messages inside messages below the outermost one.
pub const MAX_DEPTH: usize = 16;

/// Decodes either encoding, told apart by the first four bytes. Looks at no signature; what follows the end marker
/// is ignored.
///
/// # Errors
/// [`DecodeError`] for anything that is not a complete message.
pub fn decode(bytes: &[u8]) -> Result<Message, DecodeError> {
    if bytes.starts_with(netstring::START) {
        netstring::decode(bytes)
    } else if bytes.starts_with(text::START) {
        text::decode(bytes)
    } else {
        Err(DecodeError::NoMarker)
    }
}
