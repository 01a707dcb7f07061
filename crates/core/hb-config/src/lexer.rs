//! Lines and words with their places (spec: ha.cf section 2). Works on bytes: old files have comments in
//! any encoding, and a secret is any bytes.

use crate::span::{File, Span};
use alloc::borrow::Cow;
use alloc::string::String;

/// One line, without its end, its CR and, where the file has trailing comments, its comment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) file: File,
    pub(crate) number: u32,
    pub(crate) bytes: &'a [u8],
}

/// A blank-free run of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: Span,
    /// Where the word ends, in bytes from the start of its line.
    pub(crate) end: usize,
}

impl<'a> Word<'a> {
    /// The word as text; `None` when it is not UTF-8.
    pub(crate) fn text(self) -> Option<&'a str> {
        core::str::from_utf8(self.bytes).ok()
    }

    /// The word for showing to people.
    pub(crate) fn shown(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }
}

/// The lines of a file. CR at the end of a line is dropped, so files with DOS line ends work.
pub(crate) fn lines(file: File, bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut number = 0_u32;
    bytes.split(|&b| b == b'\n').map(move |line| {
        number = number.saturating_add(1);
        let end = line.iter().rposition(|&b| b != b'\r').map_or(0, |last| last + 1);
        Line { file, number, bytes: line.get(..end).unwrap_or(line) }
    })
}

impl<'a> Line<'a> {
    /// The line up to its first `#`. There is no quoting, so a value can never hold one.
    pub(crate) fn without_comment(self) -> Line<'a> {
        let end = self.bytes.iter().position(|&b| b == b'#').unwrap_or(self.bytes.len());
        Line { bytes: self.bytes.get(..end).unwrap_or_default(), ..self }
    }

    /// The words, split where `separates` says.
    pub(crate) fn words(self, separates: fn(u8) -> bool) -> impl Iterator<Item = Word<'a>> {
        self.words_from(0, separates)
    }

    /// The words from the byte at `offset` on.
    pub(crate) fn words_from(
        self,
        offset: usize,
        separates: fn(u8) -> bool,
    ) -> impl Iterator<Item = Word<'a>> {
        let mut offset = offset;
        // The column is counted along, not anew for each word: a line can be as long as the file.
        let mut column = characters(self.bytes.get(..offset).unwrap_or(self.bytes)) + 1;
        core::iter::from_fn(move || {
            let rest = self.bytes.get(offset..)?;
            let skipped = rest.iter().position(|&b| !separates(b))?;
            let (before, tail) = rest.split_at_checked(skipped)?;
            let length = tail.iter().position(|&b| separates(b)).unwrap_or(tail.len());
            let word = tail.get(..length)?;
            column += characters(before);
            let at = Span {
                file: self.file,
                line: self.number,
                column: u32::try_from(column).unwrap_or(u32::MAX),
            };
            column += characters(word);
            offset += skipped + length;
            Some(Word { bytes: word, at, end: offset })
        })
    }
}

/// How many characters there are: bytes of the form 10xxxxxx continue one.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| b & 0xc0 != 0x80).count()
}

/// Blanks: what separates words everywhere.
pub(crate) fn blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}

/// Blanks and commas: what separates the values of an option list.
pub(crate) fn blank_or_comma(byte: u8) -> bool {
    blank(byte) || byte == b','
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    fn words(text: &str, separates: fn(u8) -> bool) -> Vec<(String, String)> {
        lines(File::HaCf, text.as_bytes())
            .flat_map(|line| line.without_comment().words(separates))
            .map(|word| (word.shown().to_string(), word.at.to_string()))
            .collect()
    }

    #[test]
    fn words_know_their_places() {
        let found = words("node a,b # c\r\n\n\tkeepalive  1", blank_or_comma);
        let expected = [
            ("node", "ha.cf:1:1"),
            ("a", "ha.cf:1:6"),
            ("b", "ha.cf:1:8"),
            ("keepalive", "ha.cf:3:2"),
            ("1", "ha.cf:3:13"),
        ];
        assert_eq!(found.len(), expected.len());
        for ((word, at), (expected_word, expected_at)) in found.iter().zip(expected) {
            assert_eq!((word.as_str(), at.as_str()), (expected_word, expected_at));
        }
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        assert_eq!(words("näh x", blank).last().map(|w| w.1.clone()).as_deref(), Some("ha.cf:1:5"));
    }
}
