//! The record that programs send to the logging daemon (spec: ipc section 4). This machine's byte order, 64-bit layout.

use crate::line::{Line, Priority, TEXT_MAX_BYTES};

/// Bytes before the text.
pub const HEADER_BYTES: usize = 96;
/// Bytes of the sender's name, NUL padded.
const ENTITY_BYTES: usize = 64;
/// `msgtype` of a line; the original logs others all the same.
const LOG: u32 = 2;
/// `LOG_USER`; nobody reads it.
const FACILITY: u32 = 8;

/// Reads a record; `None` when it is shorter than its header. The text ends at its first NUL, or with the record.
pub fn decode(bytes: &[u8]) -> Option<Line> {
    let (header, text) = bytes.split_at_checked(HEADER_BYTES)?;
    let word = |at: usize| Some(u32::from_ne_bytes(header.get(at..at + 4)?.try_into().ok()?));
    let entity = header.get(24..24 + ENTITY_BYTES)?;
    let at = u64::from_ne_bytes(header.get(88..96)?.try_into().ok()?);
    let text = until_nul(text);
    Some(Line {
        priority: Priority(u8::try_from(word(8)?).unwrap_or(7).min(7)),
        word: word(16)? != 0,
        at: Some(at),
        process: String::from_utf8_lossy(until_nul(entity)).into_owned(),
        pid: word(20)?,
        text: String::from_utf8_lossy(text.get(..TEXT_MAX_BYTES).unwrap_or(text)).into_owned(),
        fields: Vec::new(),
    })
}

/// The record of a line; `at` is used where the line has no time of its own.
pub fn encode(line: &Line, at: u64) -> Vec<u8> {
    let text = line.text.as_bytes();
    let text = text.get(..TEXT_MAX_BYTES).unwrap_or(text);
    let mut bytes = Vec::with_capacity(HEADER_BYTES + text.len() + 1);
    let length = u32::try_from(text.len() + 1).unwrap_or(u32::MAX);
    for word in [LOG, FACILITY, u32::from(line.priority.0), length, u32::from(line.word), line.pid] {
        bytes.extend_from_slice(&word.to_ne_bytes());
    }
    let entity = line.process.as_bytes();
    // One NUL must stand at its end.
    bytes.extend_from_slice(entity.get(..ENTITY_BYTES - 1).unwrap_or(entity));
    bytes.resize(24 + ENTITY_BYTES, 0);
    bytes.extend_from_slice(&line.at.unwrap_or(at).to_ne_bytes());
    bytes.extend_from_slice(text);
    bytes.push(0);
    bytes
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the package's `ha_logger -t labtag 'hello log'` sent.
    fn golden() -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [2_u32, 8, 6, 10, 0, 52] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(b"labtag");
        bytes.resize(88, 0);
        bytes.extend_from_slice(&0x6b02_365a_u64.to_le_bytes());
        bytes.extend_from_slice(b"hello log\0");
        bytes
    }

    #[test]
    fn the_originals_record_is_read_and_written_byte_for_byte() {
        let line = decode(&golden()).unwrap();
        assert_eq!((line.process.as_str(), line.pid, line.text.as_str()), ("labtag", 52, "hello log"));
        assert_eq!((line.priority, line.word, line.at), (Priority::INFO, false, Some(0x6b02_365a)));
        assert_eq!(encode(&line, 0), golden());
    }

    #[test]
    fn hostile_records_are_harmless() {
        assert!(decode(&golden()[..95]).is_none());
        let line = decode(&[0xff; 200]).unwrap();
        assert_eq!(line.priority, Priority::DEBUG);
        let mut unterminated = golden();
        unterminated.pop();
        assert_eq!(decode(&unterminated).unwrap().text, "hello log");
        let long = Line { process: "n".repeat(100), ..decode(&golden()).unwrap() };
        assert_eq!(decode(&encode(&long, 0)).unwrap().process.len(), 63);
    }
}
