//! Keys, and what they sign and verify (wire spec, section 5).

use crate::digest::{Digester, MAX_DIGEST_CHARS, Method};
use crate::{DecodeError, netstring, text};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Most keys, numbered from 0.
const MAX_KEYS: u8 = 16;

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

#[cfg(test)]
mod tests;
