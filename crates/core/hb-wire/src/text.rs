//! The classic text encoding: a line a field (wire spec, section 2).
//!
//! A message inside a message is written in the same form with its line ends replaced by one byte that depends on the
//! depth. Reading and writing use that byte as the line end directly, so nothing is copied to escape it.

use crate::name::sendable;
use crate::{
    DecodeError, EncodeError, Field, MAX_DEPTH, MAX_MESSAGE_BYTES, MAX_UNPACKED_BYTES, Message, Name, Value,
};
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// First line of a message.
pub const START: &[u8] = b">>>\n";
/// Last line of a message.
pub const END: &[u8] = b"<<<\n";

/// Stands for a newline within a string value.
const NEWLINE: u8 = 0x13;
/// Line ends within messages inside messages, by depth.
const LINE_ENDS: [u8; MAX_DEPTH] = [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 15, 16, 17, 18];

/// Encodes a message, markers included, without the NUL that datagrams and local channels add.
///
/// # Errors
/// [`EncodeError`], see its variants; [`EncodeError::Uncompressed`] for a field that waits for compression.
pub fn encode(message: &Message) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::with_capacity(32 + 24 * message.len());
    write(message, None, &mut out)?;
    Ok(out)
}

/// Decodes a message: up to the end marker, a NUL or the end, whichever is first.
///
/// # Errors
/// [`DecodeError`] for bytes that are not a message.
pub fn decode(bytes: &[u8]) -> Result<Message, DecodeError> {
    if bytes.len() > MAX_UNPACKED_BYTES {
        return Err(DecodeError::TooLong);
    }
    let body = bytes.strip_prefix(START).ok_or(DecodeError::NoMarker)?;
    read_message(body, 0)
}

/// Appends the whole message. `auth` replaces the value of the first field of that name, or is appended as one.
pub(crate) fn write(message: &Message, auth: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.extend_from_slice(START);
    let mut auth = auth;
    for field in message.fields() {
        match auth.take_if(|_| field.name.as_bytes() == b"auth") {
            Some(signature) => write_auth(signature, out),
            None => write_line(field, 0, out)?,
        }
    }
    if let Some(signature) = auth {
        write_auth(signature, out);
    }
    out.extend_from_slice(END);
    Ok(())
}

fn write_auth(signature: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"auth=");
    out.extend_from_slice(signature);
    out.push(b'\n');
}

/// Appends what a text-style signature covers: all lines but those of fields named `auth`, without markers.
pub(crate) fn write_signed_lines(message: &Message, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let mut fields = message.fields().filter(|field| field.name.as_bytes() != b"auth");
    fields.try_for_each(|field| write_line(field, 0, out))
}

/// The byte that ends the lines of a message at `depth`, 0 being the outermost.
fn line_end(depth: usize) -> u8 {
    depth.checked_sub(1).and_then(|i| LINE_ENDS.get(i)).copied().unwrap_or(b'\n')
}

/// The line ends of all messages around one at `depth`, except the outermost: no byte of its text may be one.
fn outer_line_ends(depth: usize) -> &'static [u8] {
    LINE_ENDS.get(..depth).unwrap_or(&LINE_ENDS)
}

fn write_line(field: &Field, depth: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    write_field(field, depth, out)?;
    out.push(line_end(depth));
    if out.len() > MAX_UNPACKED_BYTES {
        return Err(EncodeError::TooLong { bytes: out.len(), limit: MAX_UNPACKED_BYTES });
    }
    Ok(())
}

fn write_field(field: &Field, depth: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let name = field.name.as_bytes();
    let forbidden = outer_line_ends(depth);
    if !sendable(name) || name.iter().any(|b| forbidden.contains(b)) {
        return Err(EncodeError::Name);
    }
    let prefix: &[u8] = match &field.value {
        Value::Text(_) => b"",
        Value::Binary(_) => b"(1)",
        Value::Struct(_) => b"(2)",
        Value::List(_) => b"(3)",
        Value::Compressed(_) => b"(4)",
        Value::Uncompressed(_) => return Err(EncodeError::Uncompressed),
    };
    out.extend_from_slice(prefix);
    out.extend_from_slice(name);
    out.push(b'=');
    match &field.value {
        Value::Text(text) => write_string(text, forbidden, out),
        Value::Binary(bytes) | Value::Compressed(bytes) => {
            write_base64(bytes, out);
            Ok(())
        }
        Value::List(elements) => {
            let start = out.len();
            crate::netstring::write_list(elements, out)?;
            let written = out.get(start..).unwrap_or_default();
            if written.iter().any(|b| matches!(b, 0 | b'\n') || forbidden.contains(b)) {
                return Err(EncodeError::Value);
            }
            Ok(())
        }
        Value::Struct(child) | Value::Uncompressed(child) => write_child(child, depth + 1, out),
    }
}

fn write_child(child: &Message, depth: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if depth > MAX_DEPTH {
        return Err(EncodeError::Depth);
    }
    out.extend_from_slice(b">>>");
    out.push(line_end(depth));
    child.fields().try_for_each(|field| write_line(field, depth, out))?;
    out.extend_from_slice(b"<<<");
    out.push(line_end(depth));
    Ok(())
}

fn write_string(text: &[u8], forbidden: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if text.contains(&0) || (!forbidden.is_empty() && text.iter().any(|b| forbidden.contains(b))) {
        return Err(EncodeError::Value);
    }
    if text.contains(&b'\n') {
        out.extend(text.iter().map(|b| if *b == b'\n' { NEWLINE } else { *b }));
    } else {
        out.extend_from_slice(text);
    }
    Ok(())
}

fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The space is exact, so this cannot fail; should it, the zeros would make the frame unreadable, not wrong.
    if let Some(space) = out.get_mut(start..) {
        let _ = STANDARD.encode_slice(bytes, space);
    }
}

/// The field lines of a message, without markers and line ends, up to its end. Blank lines are left out.
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    line_end: u8,
}

impl<'a> Lines<'a> {
    /// Lines of a whole outermost message after its start marker.
    pub(crate) fn outermost(body: &'a [u8]) -> Lines<'a> {
        Lines { rest: body, line_end: b'\n' }
    }
}

impl<'a> Iterator for Lines<'a> {
    /// A line, without and with its line end.
    type Item = Result<(&'a [u8], &'a [u8]), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if matches!(self.rest.first(), None | Some(0)) {
                return None;
            }
            let Some(end) = self.rest.iter().position(|b| *b == self.line_end || *b == 0) else {
                self.rest = &[];
                return Some(Err(DecodeError::Truncated));
            };
            if self.rest.get(end) == Some(&0) {
                self.rest = &[];
                return Some(Err(DecodeError::Truncated));
            }
            let (with_end, rest) = self.rest.split_at(end + 1);
            let line = with_end.get(..end).unwrap_or_default();
            if line == b"<<<" {
                self.rest = &[];
                return None;
            }
            self.rest = rest;
            if !line.is_empty() {
                return Some(Ok((line, with_end)));
            }
        }
    }
}

/// Splits a line into type digit, name and value. Plain strings have no digit.
pub(crate) fn split_line(line: &[u8]) -> Result<(u8, &[u8], &[u8]), DecodeError> {
    let (kind, rest) = match line {
        [b'(', digit, b')', rest @ ..] => (*digit, rest),
        [b'(', ..] => return Err(DecodeError::Line),
        _ => (b'0', line),
    };
    if kind == b'0' && rest.len() != line.len() {
        return Err(DecodeError::Line);
    }
    let equals = rest.iter().position(|b| *b == b'=').ok_or(DecodeError::Line)?;
    let (name, value) = rest.split_at(equals);
    Ok((kind, name, value.get(1..).unwrap_or_default()))
}

fn read_message(body: &[u8], depth: usize) -> Result<Message, DecodeError> {
    if depth > MAX_DEPTH {
        return Err(DecodeError::Depth);
    }
    let mut message = if depth == 0 { Message::with_usual_room() } else { Message::default() };
    for line in (Lines { rest: body, line_end: line_end(depth) }) {
        let (kind, name, value) = split_line(line?.0)?;
        if !sendable(name) {
            return Err(DecodeError::Name);
        }
        let value = match kind {
            b'0' => Value::Text(read_string(value)),
            b'1' => Value::Binary(read_base64(value)?),
            b'2' => Value::Struct(read_child(value, depth + 1)?),
            b'3' => Value::List(crate::netstring::read_list(value)?),
            b'4' => Value::Compressed(read_base64(value)?),
            _ => return Err(DecodeError::FieldType),
        };
        message.push(Name::from_wire(name), value);
    }
    Ok(message)
}

fn read_child(value: &[u8], depth: usize) -> Result<Message, DecodeError> {
    let body = value.strip_prefix(b">>>").ok_or(DecodeError::NoMarker)?;
    match body.split_first() {
        Some((first, body)) if *first == line_end(depth) => read_message(body, depth),
        _ => Err(DecodeError::NoMarker),
    }
}

fn read_string(value: &[u8]) -> Vec<u8> {
    value.iter().map(|b| if *b == NEWLINE { b'\n' } else { *b }).collect()
}

fn read_base64(value: &[u8]) -> Result<Vec<u8>, DecodeError> {
    if value.len() > MAX_MESSAGE_BYTES * 2 {
        return Err(DecodeError::TooLong);
    }
    STANDARD.decode(value).map_err(|_| DecodeError::Base64)
}

#[cfg(test)]
mod tests;
