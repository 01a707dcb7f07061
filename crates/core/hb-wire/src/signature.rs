//! Keys and digests (wire spec, section 5).
//!
//! Each key's digest state is prepared once; signing or verifying a frame only runs over its bytes.

use crate::{DecodeError, netstring, text};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use crc::{CRC_32_CKSUM, Crc, Table};
use hmac::{Hmac, KeyInit, Mac};
use subtle::ConstantTimeEq;

/// Most keys, numbered from 0.
const MAX_KEYS: u8 = 16;
/// Longest digest as text.
const MAX_DIGEST_CHARS: usize = 40;
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

/// Why keys cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KeysError {
    /// A key's number is above 15.
    Number {
        /// The number.
        number: u8,
    },
    /// Two keys have one number.
    Twice {
        /// The number.
        number: u8,
    },
    /// A method other than crc without a key.
    Empty {
        /// The key's number.
        number: u8,
    },
    /// The key that should sign is not among them.
    NoSigner {
        /// Its number.
        number: u8,
    },
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeysError::Number { number } => write!(f, "key number {number} is above 15"),
            KeysError::Twice { number } => write!(f, "key {number} is given twice"),
            KeysError::Empty { number } => write!(f, "key {number} is empty"),
            KeysError::NoSigner { number } => write!(f, "there is no key {number} to sign with"),
        }
    }
}

impl core::error::Error for KeysError {}

/// The keys of a node: all verify, one signs. Never printed.
#[derive(Clone)]
pub struct Keys {
    keys: Vec<Key>,
    signer: Key,
}

#[derive(Clone)]
struct Key {
    number: u8,
    digester: Digester,
    /// This key's algorithm over the signing key's secret: what peers send who follow the original (section 5.4).
    crossed: Option<Digester>,
}

impl Keys {
    /// Prepares numbered keys, of which number `signing` signs. A secret given with [`Method::Crc`] is not used.
    ///
    /// # Errors
    /// [`KeysError`] when numbers or secrets do not fit together.
    pub fn new(
        signing: u8,
        keys: impl IntoIterator<Item = (u8, Method, Vec<u8>)>,
    ) -> Result<Keys, KeysError> {
        let mut prepared: Vec<Key> = Vec::new();
        let mut signing_secret = None;
        for (number, method, secret) in keys {
            if number >= MAX_KEYS {
                return Err(KeysError::Number { number });
            }
            if prepared.iter().any(|key| key.number == number) {
                return Err(KeysError::Twice { number });
            }
            if secret.is_empty() && method != Method::Crc {
                return Err(KeysError::Empty { number });
            }
            prepared.push(Key { number, digester: Digester::new(method, &secret), crossed: None });
            if number == signing && method != Method::Crc {
                signing_secret = Some(secret);
            }
        }
        if let Some(secret) = signing_secret {
            for key in prepared.iter_mut().filter(|key| key.number != signing) {
                key.crossed = match key.digester.method() {
                    Method::Crc => None,
                    method => Some(Digester::new(method, &secret)),
                };
            }
        }
        let signer = prepared.iter().find(|key| key.number == signing).cloned();
        let signer = signer.ok_or(KeysError::NoSigner { number: signing })?;
        Ok(Keys { keys: prepared, signer })
    }

    /// The number of the key that signs.
    pub fn signing(&self) -> u8 {
        self.signer.number
    }

    /// The method of the key that signs.
    pub fn signing_method(&self) -> Method {
        self.signer.digester.method()
    }

    /// The digest of `bytes` with the signing key, as it is printed in signatures.
    pub fn digest(&self, bytes: &[u8]) -> String {
        let digest = self.signer.digester.digest(core::iter::once(bytes));
        digest.as_bytes().iter().map(|byte| char::from(*byte)).collect()
    }

    /// `<number> <digest>` over `bytes`, with the signing key.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Signature {
        let mut signature = Signature { text: [0; MAX_SIGNATURE_CHARS], len: 0 };
        let number = self.signer.number;
        if number >= 10 {
            signature.push(b"1");
        }
        signature.push(&[b'0' + number % 10, b' ']);
        signature.push(self.signer.digester.digest(core::iter::once(bytes)).as_bytes());
        signature
    }

    /// Checks a frame's signature, text or netstring style.
    pub(crate) fn verify(&self, frame: &[u8]) -> Result<(), DecodeError> {
        if frame.starts_with(netstring::START) {
            self.verify_netstring(frame)
        } else if let Some(body) = frame.strip_prefix(text::START) {
            self.verify_text(body)
        } else {
            Err(DecodeError::NoMarker)
        }
    }

    /// Section 5.4: the signature follows the end marker and covers all bytes up to there.
    fn verify_netstring(&self, frame: &[u8]) -> Result<(), DecodeError> {
        let (signed, trailer) = frame.split_at(netstring::end_of_message(frame)?);
        if !trailer.first().is_some_and(u8::is_ascii_digit) {
            return Err(DecodeError::Unsigned);
        }
        let (signature, _) = netstring::split_netstring(trailer).map_err(|_| DecodeError::Signature)?;
        let (number, digest) = split_signature(signature)?;
        let key = self.key(number)?;
        let matches = |digester: &Digester| digester.digest(core::iter::once(signed)).equals(digest);
        if matches(&key.digester) || key.crossed.as_ref().is_some_and(matches) {
            return Ok(());
        }
        Err(DecodeError::BadSignature { number })
    }

    /// Section 5.3: the signature is field `auth` and covers all other lines.
    fn verify_text(&self, body: &[u8]) -> Result<(), DecodeError> {
        let mut signature = None;
        for line in text::Lines::outermost(body) {
            if let Some(value) = line?.0.strip_prefix(b"auth=") {
                signature = signature.or(Some(value));
            }
        }
        let (number, digest) = split_signature(signature.ok_or(DecodeError::Unsigned)?)?;
        let signed = text::Lines::outermost(body)
            .flatten()
            .filter(|(line, _)| !text::split_line(line).is_ok_and(|(_, name, _)| name == b"auth"))
            .map(|(_, with_end)| with_end);
        if self.key(number)?.digester.digest(signed).equals(digest) {
            return Ok(());
        }
        Err(DecodeError::BadSignature { number })
    }

    fn key(&self, number: u8) -> Result<&Key, DecodeError> {
        self.keys.iter().find(|key| key.number == number).ok_or(DecodeError::UnknownKey { number })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.keys.iter().map(|key| (key.number, key.digester.method()))).finish()
    }
}

/// Splits `<number> <digest>`.
fn split_signature(signature: &[u8]) -> Result<(u8, &[u8]), DecodeError> {
    match signature {
        [n @ b'0'..=b'9', b' ', digest @ ..] => Ok((n - b'0', digest)),
        [b'1', n @ b'0'..=b'9', b' ', digest @ ..] => Ok((10 + n - b'0', digest)),
        _ => Err(DecodeError::Signature),
    }
}

const MAX_SIGNATURE_CHARS: usize = 3 + MAX_DIGEST_CHARS;

/// `<number> <digest>`, ready to send.
pub(crate) struct Signature {
    text: [u8; MAX_SIGNATURE_CHARS],
    len: usize,
}

impl Signature {
    fn push(&mut self, bytes: &[u8]) {
        for (place, byte) in self.text.iter_mut().skip(self.len).zip(bytes) {
            *place = *byte;
            self.len += 1;
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }
}

/// A method with its key worked in.
#[derive(Clone)]
enum Digester {
    Crc,
    Md5(Hmac<md5::Md5>),
    Sha1(Hmac<sha1::Sha1>),
}

impl Digester {
    fn new(method: Method, secret: &[u8]) -> Digester {
        match method {
            Method::Crc => Digester::Crc,
            Method::Md5 => Digester::Md5(Hmac::new(&key_block::<md5::Md5>(secret).into())),
            Method::Sha1 => Digester::Sha1(Hmac::new(&key_block::<sha1::Sha1>(secret).into())),
        }
    }

    fn method(&self) -> Method {
        match self {
            Digester::Crc => Method::Crc,
            Digester::Md5(_) => Method::Md5,
            Digester::Sha1(_) => Method::Sha1,
        }
    }

    fn digest<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> Digest {
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
struct Digest {
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

    fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    /// In constant time for equal lengths; the length of a digest is no secret.
    fn equals(&self, other: &[u8]) -> bool {
        self.as_bytes().ct_eq(other).into()
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

#[cfg(test)]
mod tests;
