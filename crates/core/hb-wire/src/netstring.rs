//! The netstring encoding: every field with its byte count in front (wire spec, section 3).

use crate::name::sendable;
use crate::{
    DecodeError, EncodeError, Field, MAX_DEPTH, MAX_LIST_BYTES, MAX_UNPACKED_BYTES, Message, Name, Value,
};
use alloc::vec::Vec;

/// First bytes of a message.
pub const START: &[u8] = b"###\n";
/// Last bytes of a message; on cluster media the signature follows.
pub const END: &[u8] = b"%%%\n";

/// Most digits of a length: enough for [`MAX_UNPACKED_BYTES`].
const MAX_LENGTH_DIGITS: usize = 7;
/// Type prefix and `=` of a field.
const FIELD_OVERHEAD_BYTES: usize = 4;
/// Enough for the field `auth` and the signature after the message.
const SIGNATURE_BYTES: usize = 112;

/// Encodes a message, markers included, without signature.
///
/// # Errors
/// [`EncodeError`], see its variants.
pub fn encode(message: &Message) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    write(message, None, &mut out)?;
    Ok(out)
}

/// Decodes a message. What follows the end marker is ignored.
///
/// # Errors
/// [`DecodeError`] for bytes that are not a message.
pub fn decode(bytes: &[u8]) -> Result<Message, DecodeError> {
    if bytes.len() > MAX_UNPACKED_BYTES {
        return Err(DecodeError::TooLong);
    }
    read_message(bytes, 0).map(|(message, _)| message)
}

/// How many bytes the message takes: checked for depth and total length, not for contents.
pub(crate) fn encoded_len(message: &Message) -> Result<usize, EncodeError> {
    let bytes = message_len(message, 0)?;
    if bytes > MAX_UNPACKED_BYTES {
        return Err(EncodeError::TooLong { bytes, limit: MAX_UNPACKED_BYTES });
    }
    Ok(bytes)
}

/// Appends the whole message. `auth` replaces the value of the first field of that name, or is appended as one.
pub(crate) fn write(message: &Message, auth: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    // Room for the signature that may follow, too.
    out.reserve(encoded_len(message)? + SIGNATURE_BYTES);
    out.extend_from_slice(START);
    let mut auth = auth;
    for field in message.fields() {
        match auth.take_if(|_| field.name.as_bytes() == b"auth") {
            Some(signature) => write_auth(signature, out),
            None => write_field(field, out)?,
        }
    }
    if let Some(signature) = auth {
        write_auth(signature, out);
    }
    out.extend_from_slice(END);
    Ok(())
}

fn write_auth(signature: &[u8], out: &mut Vec<u8>) {
    write_decimal(FIELD_OVERHEAD_BYTES + b"auth".len() + signature.len(), out);
    out.extend_from_slice(b":(0)auth=");
    out.extend_from_slice(signature);
    out.push(b',');
}

/// Appends `bytes` as one netstring: `<length>:<bytes>,`.
pub(crate) fn write_netstring(bytes: &[u8], out: &mut Vec<u8>) {
    write_decimal(bytes.len(), out);
    out.push(b':');
    out.extend_from_slice(bytes);
    out.push(b',');
}

/// Splits the first netstring off; contents and the rest.
pub(crate) fn split_netstring(bytes: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    let head = bytes.get(..bytes.len().min(MAX_LENGTH_DIGITS + 1)).unwrap_or_default();
    let Some(digits) = head.iter().position(|b| !b.is_ascii_digit()) else {
        return Err(if head.len() > MAX_LENGTH_DIGITS {
            DecodeError::Length
        } else {
            DecodeError::Truncated
        });
    };
    let (number, rest) = bytes.split_at(digits);
    let padded = number.len() > 1 && number.first() == Some(&b'0');
    if number.is_empty() || padded || rest.first() != Some(&b':') {
        return Err(DecodeError::Length);
    }
    let length = number.iter().fold(0, |sum, b| sum * 10 + usize::from(b - b'0'));
    let rest = rest.get(1..).unwrap_or_default();
    match (rest.get(..length), rest.get(length)) {
        (Some(contents), Some(b',')) => Ok((contents, rest.get(length + 1..).unwrap_or_default())),
        (Some(_), Some(_)) => Err(DecodeError::Length),
        _ => Err(DecodeError::Truncated),
    }
}

/// Where the message that begins `bytes` ends: the offset after its end marker. Reads lengths only.
pub(crate) fn end_of_message(bytes: &[u8]) -> Result<usize, DecodeError> {
    let mut rest = bytes.strip_prefix(START).ok_or(DecodeError::NoMarker)?;
    loop {
        if let Some(after) = rest.strip_prefix(END) {
            return Ok(bytes.len() - after.len());
        }
        rest = split_netstring(rest)?.1;
    }
}

/// Appends a packed list: each element as a netstring.
pub(crate) fn write_list(elements: &[Vec<u8>], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    for element in elements {
        if element.is_empty() {
            return Err(EncodeError::List);
        }
        write_netstring(element, out);
    }
    Ok(())
}

/// Reads a packed list.
pub(crate) fn read_list(mut packed: &[u8]) -> Result<Vec<Vec<u8>>, DecodeError> {
    let mut elements = Vec::new();
    while !packed.is_empty() {
        let (element, rest) = split_netstring(packed).map_err(|_| DecodeError::List)?;
        if element.is_empty() || element.contains(&0) {
            return Err(DecodeError::List);
        }
        elements.push(element.to_vec());
        packed = rest;
    }
    Ok(elements)
}

fn write_decimal(mut number: usize, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut used = 0;
    for digit in &mut digits {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    out.extend(digits.iter().take(used).rev());
}

fn decimal_len(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

fn message_len(message: &Message, depth: usize) -> Result<usize, EncodeError> {
    let mut bytes = START.len() + END.len();
    for field in message.fields() {
        let inner = field_len(field, depth)?;
        bytes += decimal_len(inner) + 2 + inner;
    }
    Ok(bytes)
}

/// Bytes of a field between its `:` and `,`.
fn field_len(field: &Field, depth: usize) -> Result<usize, EncodeError> {
    let value = match &field.value {
        Value::Text(bytes) | Value::Binary(bytes) | Value::Compressed(bytes) => bytes.len(),
        Value::List(elements) => elements.iter().map(|e| decimal_len(e.len()) + 2 + e.len()).sum(),
        Value::Struct(_) | Value::Uncompressed(_) if depth >= MAX_DEPTH => return Err(EncodeError::Depth),
        Value::Struct(child) | Value::Uncompressed(child) => message_len(child, depth + 1)?,
    };
    Ok(FIELD_OVERHEAD_BYTES + field.name.as_bytes().len() + value)
}

/// Appends a field; its depth is known to be allowed.
fn write_field(field: &Field, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let name = field.name.as_bytes();
    if !sendable(name) {
        return Err(EncodeError::Name);
    }
    // Depth was checked from the outside in; measuring a field again begins at its own level.
    write_decimal(field_len(field, 0)?, out);
    out.extend_from_slice(match &field.value {
        Value::Text(_) => b":(0)",
        Value::Binary(_) => b":(1)",
        Value::Struct(_) => b":(2)",
        Value::List(_) => b":(3)",
        Value::Compressed(_) => b":(4)",
        Value::Uncompressed(_) => b":(5)",
    });
    out.extend_from_slice(name);
    out.push(b'=');
    write_value(&field.value, out)?;
    out.push(b',');
    Ok(())
}

fn write_child(child: &Message, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.extend_from_slice(START);
    child.fields().try_for_each(|field| write_field(field, out))?;
    out.extend_from_slice(END);
    Ok(())
}

fn write_value(value: &Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match value {
        Value::Text(text) if text.contains(&0) => Err(EncodeError::Value),
        Value::Text(bytes) | Value::Binary(bytes) | Value::Compressed(bytes) => {
            out.extend_from_slice(bytes);
            Ok(())
        }
        Value::List(elements) => {
            let start = out.len();
            write_list(elements, out)?;
            let packed = out.get(start..).unwrap_or_default();
            match packed.len() > MAX_LIST_BYTES {
                true => Err(EncodeError::List),
                false if packed.contains(&0) => Err(EncodeError::Value),
                false => Ok(()),
            }
        }
        Value::Struct(child) | Value::Uncompressed(child) => write_child(child, out),
    }
}

/// Reads the message that begins `bytes`; it and what follows it.
fn read_message(bytes: &[u8], depth: usize) -> Result<(Message, &[u8]), DecodeError> {
    if depth > MAX_DEPTH {
        return Err(DecodeError::Depth);
    }
    let mut rest = bytes.strip_prefix(START).ok_or(DecodeError::NoMarker)?;
    let mut message = if depth == 0 { Message::with_usual_room() } else { Message::default() };
    loop {
        if let Some(after) = rest.strip_prefix(END) {
            return Ok((message, after));
        }
        let (contents, after) = split_netstring(rest)?;
        rest = after;
        let [b'(', kind, b')', field @ ..] = contents else {
            return Err(DecodeError::FieldType);
        };
        let equals = field.iter().position(|b| *b == b'=').ok_or(DecodeError::Name)?;
        let (name, value) = field.split_at(equals);
        if !sendable(name) {
            return Err(DecodeError::Name);
        }
        let value = read_value(*kind, value.get(1..).unwrap_or_default(), depth)?;
        message.push(Name::from_wire(name), value);
    }
}

fn read_value(kind: u8, value: &[u8], depth: usize) -> Result<Value, DecodeError> {
    Ok(match kind {
        b'0' if value.contains(&0) => return Err(DecodeError::Nul),
        b'0' => Value::Text(value.to_vec()),
        b'1' => Value::Binary(value.to_vec()),
        b'2' => Value::Struct(read_child(value, depth + 1)?),
        b'3' if value.len() > MAX_LIST_BYTES => return Err(DecodeError::List),
        b'3' => Value::List(read_list(value)?),
        b'4' => Value::Compressed(value.to_vec()),
        b'5' => Value::Uncompressed(read_child(value, depth + 1)?),
        _ => return Err(DecodeError::FieldType),
    })
}

fn read_child(value: &[u8], depth: usize) -> Result<Message, DecodeError> {
    match read_message(value, depth)? {
        (child, []) => Ok(child),
        _ => Err(DecodeError::Length),
    }
}

#[cfg(test)]
mod tests;
