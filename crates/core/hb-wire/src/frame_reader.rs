//! Frames out of a byte stream: serial lines and the FIFO (wire spec, sections 2, 4 and 8.4).

use crate::{MAX_MESSAGE_BYTES, netstring, text};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Most complete frames that wait; more in one push are counted and dropped.
const MAX_WAITING_FRAMES: usize = 1024;

/// Collects bytes and cuts them into frames, which still have to be decoded.
///
/// A text frame begins at a line `>>>` and ends at a line that begins with `<<<`; NULs at the start of a line are
/// ignored, and so is CR before every line end if it stands after `>>>`. A netstring message (FIFO only) begins at a line `###`.
///
/// DEVIATION: the original does not begin anew at a `>>>` inside a frame, so a frame that was cut short takes the next
/// one with it. This reader loses only the broken one.
#[derive(Debug, Default)]
pub struct FrameReader {
    frame: Vec<u8>,
    /// Where the current line, or the current netstring, begins in `frame`.
    piece_start: usize,
    inside: Inside,
    ready: VecDeque<Vec<u8>>,
    dropped: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Inside {
    /// No frame has begun: lines are thrown away.
    #[default]
    Nothing,
    /// A text frame whose lines end in CR LF, or not.
    Text { crlf: bool },
    /// Bytes of the current netstring still to come, once its length is known.
    Netstring(Option<usize>),
}

impl FrameReader {
    /// A reader at the start of a stream.
    pub fn new() -> FrameReader {
        FrameReader::default()
    }

    /// Takes the next bytes of the stream. Memory is bounded by [`MAX_MESSAGE_BYTES`] and the frames that wait.
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.take(*byte);
            if self.frame.len() > MAX_MESSAGE_BYTES {
                self.drop_frame();
            }
        }
    }

    /// The next complete frame, markers included, without NUL.
    pub fn next_frame(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    /// How many frames were begun and given up: cut short, too long, or not taken in time.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn take(&mut self, byte: u8) {
        if let Inside::Netstring(missing) = self.inside {
            return self.take_netstring(byte, missing);
        }
        if byte == 0 && self.frame.len() == self.piece_start {
            return;
        }
        self.frame.push(byte);
        if byte == b'\n' {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let start = self.piece_start;
        let line = self.frame.get(start..).unwrap_or_default();
        let begins = match line {
            b">>>\n" => Some(Inside::Text { crlf: false }),
            b">>>\r\n" => Some(Inside::Text { crlf: true }),
            b"###\n" => Some(Inside::Netstring(None)),
            _ => None,
        };
        let crlf = Inside::Text { crlf: true };
        let strips = begins == Some(crlf) || (begins.is_none() && self.inside == crlf);
        let is_end = line.starts_with(b"<<<");
        if strips && line.ends_with(b"\r\n") {
            self.frame.truncate(self.frame.len() - 2);
            self.frame.push(b'\n');
        }
        if let Some(begins) = begins {
            self.dropped += u64::from(self.inside != Inside::Nothing);
            self.frame.drain(..start);
            self.inside = begins;
        } else if self.inside == Inside::Nothing {
            self.frame.clear();
        } else if is_end {
            self.frame.truncate(start);
            self.frame.extend_from_slice(text::END);
            return self.finish();
        }
        self.piece_start = self.frame.len();
    }

    fn take_netstring(&mut self, byte: u8, missing: Option<usize>) {
        self.frame.push(byte);
        let piece = self.frame.get(self.piece_start..).unwrap_or_default();
        match missing {
            Some(1) => {
                self.piece_start = self.frame.len();
                self.inside = Inside::Netstring(None);
            }
            Some(more) => self.inside = Inside::Netstring(Some(more - 1)),
            None if piece == netstring::END => self.finish(),
            None if netstring::END.starts_with(piece) => {}
            None if byte == b':' => match decimal(piece) {
                // The contents and their comma.
                Some(length) => self.inside = Inside::Netstring(Some(length + 1)),
                None => self.drop_frame(),
            },
            None if byte.is_ascii_digit() => {}
            None => self.drop_frame(),
        }
    }

    fn finish(&mut self) {
        let frame = core::mem::take(&mut self.frame);
        self.piece_start = 0;
        self.inside = Inside::Nothing;
        if self.ready.len() < MAX_WAITING_FRAMES {
            self.ready.push_back(frame);
        } else {
            self.dropped += 1;
        }
    }

    fn drop_frame(&mut self) {
        self.dropped += u64::from(self.inside != Inside::Nothing);
        self.frame.clear();
        self.piece_start = 0;
        self.inside = Inside::Nothing;
    }
}

/// The length before a `:`.
fn decimal(piece: &[u8]) -> Option<usize> {
    let digits = piece.strip_suffix(b":")?;
    core::str::from_utf8(digits).ok()?.parse().ok().filter(|length| *length <= MAX_MESSAGE_BYTES)
}

#[cfg(test)]
mod tests;
