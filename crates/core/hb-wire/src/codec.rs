//! Messages to frames and back: which encoding, signed how, compressed when.

use crate::compression::{self, MaybeBzip2};
use crate::signature::Signature;
use crate::{
    Bzip2, Compression, DecodeError, EncodeError, Keys, MAX_DATAGRAM_BYTES, MAX_DEPTH, MAX_MESSAGE_BYTES,
    Message, Value, netstring, text,
};
use alloc::borrow::Cow;
use alloc::vec::Vec;

const PAYLOAD: &str = "_compressed_payload";
const ALGORITHM: &str = "_compression_algorithm";

/// Room for both signatures and the markers: saves a second allocation.
const SIGNATURES_BYTES: usize = 128;

/// Which encoding goes out. Every one is understood (wire spec, section 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// As 3.0.6 by default (`msgfmt classic`): cluster media get netstrings whose fields also hold a text-style
    /// signature; local channels get text.
    #[default]
    Classic,
    /// `msgfmt netstring`: netstrings without that field, on local channels too.
    Netstring,
    /// Text wherever possible, as 2.0.x sends: for clusters with such nodes.
    Text,
}

/// Encodes, signs, verifies and decodes for one node. Pure; cheap to clone.
#[derive(Clone)]
pub struct Codec {
    keys: Keys,
    format: Format,
    compression: Compression,
    bzip2: MaybeBzip2,
}

impl core::fmt::Debug for Codec {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Codec")
            .field("keys", &self.keys)
            .field("format", &self.format)
            .field("compression", &self.compression)
            .field("bzip2", &self.bzip2.is_some())
            .finish()
    }
}

impl Codec {
    /// A codec with the default compression and without bzip2.
    pub fn new(keys: Keys, format: Format) -> Codec {
        Codec { keys, format, compression: Compression::default(), bzip2: None }
    }

    /// The same with this bzip2.
    #[must_use]
    pub fn with_bzip2(self, bzip2: &'static dyn Bzip2) -> Codec {
        Codec { bzip2: Some(bzip2), ..self }
    }

    /// The same with this compression.
    #[must_use]
    pub fn with_compression(self, compression: Compression) -> Codec {
        Codec { compression, ..self }
    }

    /// The same with other keys: what a reload of `authkeys` brings.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Codec {
        Codec { keys, ..self }
    }

    /// The keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// A datagram for the cluster media.
    ///
    /// # Errors
    /// [`EncodeError`]; [`EncodeError::TooLong`] when it does not fit a datagram even compressed.
    pub fn encode_signed(&self, message: &Message) -> Result<Vec<u8>, EncodeError> {
        let message = self.compress_fields(message)?;
        let mut frame = match self.envelope(&message)? {
            Some(envelope) => self.sign_netstring(&envelope)?,
            None => self.sign(&message)?,
        };
        // DEVIATION: the original loses messages that are longer than a datagram and shorter than 256 KiB. All its
        // versions unpack a compressed one.
        if frame.len() > MAX_DATAGRAM_BYTES && message.value(PAYLOAD).is_none() {
            frame = self.sign_netstring(&self.pack(&message)?)?;
        }
        if frame.len() > MAX_DATAGRAM_BYTES {
            return Err(EncodeError::TooLong { bytes: frame.len(), limit: MAX_DATAGRAM_BYTES });
        }
        Ok(frame)
    }

    /// The field `auth` that [`Codec::encode_signed`] puts behind the others, if it puts one there: receivers on this
    /// node see the same fields as those on the others.
    pub fn signature_field(&self, message: &Message) -> Option<Vec<u8>> {
        if self.format == Format::Netstring || message.is_structured() || message.value("auth").is_some() {
            return None;
        }
        let signature = self.text_signature(message, &mut Vec::new()).ok()?;
        Some(signature.as_bytes().to_vec())
    }

    /// Verifies, then decodes, what came from a cluster medium; unwraps a compressed message.
    ///
    /// # Errors
    /// [`DecodeError`]; nothing of the frame may be used.
    pub fn decode_signed(&self, frame: &[u8]) -> Result<Message, DecodeError> {
        if frame.len() > MAX_MESSAGE_BYTES {
            return Err(DecodeError::TooLong);
        }
        self.keys.verify(frame)?;
        let mut message = crate::decode(frame)?;
        if frame.starts_with(text::START) {
            drop_unsigned(&mut message);
        }
        self.unwrap(message)
    }

    /// The same message for a serial line: text, signed, no NUL. `frame` is one that [`Codec::encode_signed`] made.
    ///
    /// # Errors
    /// [`EncodeError::Value`] when `frame` is no such frame; others as for any message.
    pub fn serial_frame(&self, frame: &[u8]) -> Result<Vec<u8>, EncodeError> {
        let message = crate::decode(frame).map_err(|_| EncodeError::Value)?;
        let message = self.compress_all_fields(Cow::Owned(message))?;
        self.sign_text(&message)
    }

    /// A message for a local channel, unsigned: text and a NUL, or a netstring.
    ///
    /// # Errors
    /// [`EncodeError`]; [`EncodeError::TooLong`] above [`MAX_MESSAGE_BYTES`] even compressed.
    pub fn encode_local(&self, message: &Message) -> Result<Vec<u8>, EncodeError> {
        let message = self.compress_fields(message)?;
        let bytes = match self.envelope(&message)? {
            Some(envelope) => netstring::encode(&envelope)?,
            None => self.plain(&message)?,
        };
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(EncodeError::TooLong { bytes: bytes.len(), limit: MAX_MESSAGE_BYTES });
        }
        Ok(bytes)
    }

    /// Decodes what came from a local channel, signed or not; unwraps a compressed message.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode_local(&self, bytes: &[u8]) -> Result<Message, DecodeError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(DecodeError::TooLong);
        }
        self.unwrap(crate::decode(bytes)?)
    }

    /// The message inside the first field of this name, uncompressed if need be. `None`: no such field, or no message.
    ///
    /// # Errors
    /// [`DecodeError`] when a compressed field cannot be unpacked.
    pub fn child<'m>(
        &self,
        message: &'m Message,
        name: &str,
    ) -> Result<Option<Cow<'m, Message>>, DecodeError> {
        match message.value(name) {
            Some(Value::Struct(child) | Value::Uncompressed(child)) => Ok(Some(Cow::Borrowed(child))),
            Some(Value::Compressed(packed)) => {
                self.unpack(packed, message).map(|child| Some(Cow::Owned(child)))
            }
            _ => Ok(None),
        }
    }

    fn sign(&self, message: &Message) -> Result<Vec<u8>, EncodeError> {
        match self.format {
            Format::Text if !message.is_structured() => {
                let mut frame = self.sign_text(message)?;
                frame.push(0);
                Ok(frame)
            }
            Format::Classic if !message.is_structured() => {
                let mut frame = Vec::new();
                let auth = self.text_signature(message, &mut frame)?;
                netstring::write(message, Some(auth.as_bytes()), &mut frame)?;
                Ok(self.seal(frame))
            }
            _ => self.sign_netstring(message),
        }
    }

    fn sign_netstring(&self, message: &Message) -> Result<Vec<u8>, EncodeError> {
        Ok(self.seal(netstring::encode(message)?))
    }

    fn sign_text(&self, message: &Message) -> Result<Vec<u8>, EncodeError> {
        let mut frame = Vec::new();
        let auth = self.text_signature(message, &mut frame)?;
        text::write(message, Some(auth.as_bytes()), &mut frame)?;
        Ok(frame)
    }

    /// Appends the netstring-style signature.
    fn seal(&self, mut frame: Vec<u8>) -> Vec<u8> {
        let signature = self.keys.sign(&frame);
        netstring::write_netstring(signature.as_bytes(), &mut frame);
        frame
    }

    /// The text-style signature. `scratch` is empty before and after; its space is worth keeping.
    fn text_signature(&self, message: &Message, scratch: &mut Vec<u8>) -> Result<Signature, EncodeError> {
        scratch.reserve(netstring::encoded_len(message)? + SIGNATURES_BYTES);
        text::write_signed_lines(message, scratch)?;
        let signature = self.keys.sign(scratch);
        scratch.clear();
        Ok(signature)
    }

    /// Unsigned, for local channels and inside a compressed message.
    fn plain(&self, message: &Message) -> Result<Vec<u8>, EncodeError> {
        if self.format == Format::Netstring || message.is_structured() {
            return netstring::encode(message);
        }
        let mut bytes = text::encode(message)?;
        bytes.push(0);
        Ok(bytes)
    }

    /// The compressed message, if its length asks for it.
    fn envelope(&self, message: &Message) -> Result<Option<Message>, EncodeError> {
        let bytes = netstring::encoded_len(message)?;
        let long = self.compression.traditional_threshold_bytes.is_some_and(|limit| bytes > limit);
        if (long || bytes >= MAX_MESSAGE_BYTES) && message.value(PAYLOAD).is_none() {
            return self.pack(message).map(Some);
        }
        Ok(None)
    }

    fn pack(&self, message: &Message) -> Result<Message, EncodeError> {
        let algorithm = self.compression.algorithm;
        let packed = compression::pack(&self.plain(message)?, algorithm, self.bzip2)?;
        let mut envelope = Message::default();
        envelope.push(PAYLOAD, Value::Binary(packed));
        envelope.set(ALGORITHM, algorithm.wire_name());
        Ok(envelope)
    }

    fn unwrap(&self, message: Message) -> Result<Message, DecodeError> {
        let Some(Value::Binary(packed)) = message.value(PAYLOAD) else {
            return Ok(message);
        };
        let message = self.unpack(packed, &message)?;
        match message.value(PAYLOAD) {
            Some(Value::Binary(_)) => Err(DecodeError::NestedEnvelope),
            _ => Ok(message),
        }
    }

    fn unpack(&self, packed: &[u8], around: &Message) -> Result<Message, DecodeError> {
        let algorithm = around.text(ALGORITHM).ok_or(DecodeError::Algorithm)?;
        crate::decode(&compression::unpack(packed, algorithm, self.bzip2)?)
    }

    /// Compresses the fields that wait for it, unless whole messages are compressed instead.
    fn compress_fields<'m>(&self, message: &'m Message) -> Result<Cow<'m, Message>, EncodeError> {
        match self.compression.traditional_threshold_bytes {
            Some(_) => Ok(Cow::Borrowed(message)),
            None => self.compress_all_fields(Cow::Borrowed(message)),
        }
    }

    fn compress_all_fields<'m>(&self, message: Cow<'m, Message>) -> Result<Cow<'m, Message>, EncodeError> {
        if !waits_for_compression(&message, 0) {
            return Ok(message);
        }
        let mut message = message.into_owned();
        self.compress_in(&mut message)?;
        Ok(Cow::Owned(message))
    }

    fn compress_in(&self, message: &mut Message) -> Result<(), EncodeError> {
        let algorithm = self.compression.algorithm;
        let mut compressed = false;
        for field in message.fields_mut() {
            match &mut field.value {
                Value::Struct(child) => self.compress_in(child)?,
                Value::Uncompressed(child) => {
                    self.compress_in(child)?;
                    let packed = compression::pack(&self.plain(child)?, algorithm, self.bzip2)?;
                    field.value = Value::Compressed(packed);
                    compressed = true;
                }
                _ => {}
            }
        }
        if compressed {
            message.set(ALGORITHM, algorithm.wire_name());
        }
        Ok(())
    }
}

/// Deeper than [`MAX_DEPTH`] encoding fails anyway.
fn waits_for_compression(message: &Message, depth: usize) -> bool {
    depth <= MAX_DEPTH
        && message.fields().any(|field| match &field.value {
            Value::Uncompressed(_) => true,
            Value::Struct(child) => waits_for_compression(child, depth + 1),
            _ => false,
        })
}

/// A text-style signature covers no field named `auth`: keep the one that was checked, drop others.
fn drop_unsigned(message: &mut Message) {
    let mut checked = false;
    message.fields_mut().retain(|field| {
        field.name.as_bytes() != b"auth"
            || (matches!(field.value, Value::Text(_)) && !core::mem::replace(&mut checked, true))
    });
}

#[cfg(test)]
mod tests;
