//! Digests (wire spec, section 5.2).
//!
//! Each key's state is prepared once; a frame's digest only runs over its bytes.

use crc::{CRC_32_CKSUM, Crc, Table};
use hmac::{Hmac, KeyInit, Mac};
use subtle::ConstantTimeEq;

/// Longest digest as text.
pub(crate) const MAX_DIGEST_CHARS: usize = 40;
/// Block size of MD5 and SHA-1.
const BLOCK_BYTES: usize = 64;

/// The POSIX `cksum` polynomial; unlike `cksum` the length is not appended.
static CKSUM: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_CKSUM);

/// How a key signs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Method {
    /// A checksum: finds damage, keeps nobody out. Takes no key.
    Crc,
    /// HMAC-MD5.
    Md5,
    /// HMAC-SHA1.
    Sha1,
}

/// A method with its key worked in.
#[derive(Clone)]
pub(crate) enum Digester {
    Crc,
    Md5(Hmac<md5::Md5>),
    Sha1(Hmac<sha1::Sha1>),
}

impl Digester {
    pub(crate) fn new(method: Method, secret: &[u8]) -> Digester {
        match method {
            Method::Crc => Digester::Crc,
            Method::Md5 => Digester::Md5(Hmac::new(&key_block::<md5::Md5>(secret).into())),
            Method::Sha1 => Digester::Sha1(Hmac::new(&key_block::<sha1::Sha1>(secret).into())),
        }
    }

    pub(crate) fn method(&self) -> Method {
        match self {
            Digester::Crc => Method::Crc,
            Digester::Md5(_) => Method::Md5,
            Digester::Sha1(_) => Method::Sha1,
        }
    }

    pub(crate) fn digest<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> Digest {
        match self {
            Digester::Crc => {
                let mut sum = CKSUM.digest();
                parts.for_each(|part| sum.update(part));
                Digest::from_number(sum.finalize())
            }
            Digester::Md5(keyed) => {
                let mut mac = keyed.clone();
                parts.for_each(|part| mac.update(part));
                Digest::from_bytes(&mac.finalize().into_bytes())
            }
            Digester::Sha1(keyed) => {
                let mut mac = keyed.clone();
                parts.for_each(|part| mac.update(part));
                Digest::from_bytes(&mac.finalize().into_bytes())
            }
        }
    }
}

/// RFC 2104: a key longer than a block is hashed first; a shorter one is filled up with zeros.
fn key_block<D: md5::Digest>(secret: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    let hashed;
    let key: &[u8] = if secret.len() > BLOCK_BYTES {
        hashed = D::digest(secret);
        &hashed
    } else {
        secret
    };
    block.iter_mut().zip(key).for_each(|(place, byte)| *place = *byte);
    block
}

/// A digest as lower-case hexadecimal text.
pub(crate) struct Digest {
    text: [u8; MAX_DIGEST_CHARS],
    len: usize,
}

impl Digest {
    /// Without leading zeros, as the original prints a checksum.
    fn from_number(number: u32) -> Digest {
        let mut digest = Digest::from_bytes(&number.to_be_bytes());
        let zeros = digest.as_bytes().iter().take_while(|b| **b == b'0').count().min(digest.len - 1);
        digest.text.rotate_left(zeros);
        digest.len -= zeros;
        digest
    }

    fn from_bytes(bytes: &[u8]) -> Digest {
        let mut digest = Digest { text: [0; MAX_DIGEST_CHARS], len: 0 };
        for (pair, byte) in digest.text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
            *pair = [hex_digit(byte >> 4), hex_digit(byte & 15)];
            digest.len += 2;
        }
        digest
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    /// In constant time for equal lengths; the length of a digest is no secret.
    pub(crate) fn equals(&self, other: &[u8]) -> bool {
        self.as_bytes().ct_eq(other).into()
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_have_no_leading_zeros() {
        assert_eq!(Digest::from_number(0).as_bytes(), b"0");
        assert_eq!(Digest::from_number(0x10).as_bytes(), b"10");
        assert_eq!(Digest::from_number(u32::MAX).as_bytes(), b"ffffffff");
    }

    #[test]
    fn digests_of_other_lengths_are_different() {
        let digest = Digest::from_number(0x1234);
        assert!(digest.equals(b"1234"));
        for other in [&b""[..], b"123", b"12340", b"1235"] {
            assert!(!digest.equals(other));
        }
    }
}
