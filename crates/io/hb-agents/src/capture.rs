//! What is kept of a program's output: a bounded head, the last line, the reason for its failure, and lines
//! for the log.

use crate::plan::REASON_PREFIX;

/// Bytes of standard output kept for judging a classic status.
pub const HEAD_BYTES: usize = 4096;
/// A longer line is cut; the rest of it is dropped.
pub const LINE_BYTES: usize = 1024;
/// Lines of one operation that reach the log; further ones are counted.
pub const LOGGED_LINES: u32 = 500;

/// Splits bytes into bounded lines. What is cut off is gone.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Adds `bytes`; gives every completed line, without its end, to `each`.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            self.add(piece);
            self.flush(&mut each);
        }
        self.add(last);
    }

    fn add(&mut self, piece: &[u8]) {
        let room = LINE_BYTES.saturating_sub(self.partial.len());
        self.partial.extend(piece.iter().take(room));
    }

    /// Gives the line that has no end yet, if any.
    pub(crate) fn flush(&mut self, mut each: impl FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.partial);
        let line = line.trim_end();
        if !line.is_empty() {
            each(line);
        }
        self.partial.clear();
    }
}

/// What is kept of one operation's output.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    pub(crate) head: Vec<u8>,
    pub(crate) reason: Option<String>,
    pub(crate) last_error: Option<String>,
    pub(crate) logged: u32,
    pub(crate) suppressed: u32,
}

impl Capture {
    /// Keeps the beginning of standard output.
    pub(crate) fn keep_head(&mut self, bytes: &[u8]) {
        let room = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(room));
    }

    /// Takes a line of standard error; returns it as the log should see it.
    pub(crate) fn error_line<'a>(&mut self, line: &'a str) -> &'a str {
        if let Some(reason) = line.strip_prefix(REASON_PREFIX) {
            self.reason = Some(reason.to_owned());
            return reason;
        }
        self.last_error = Some(line.to_owned());
        line
    }

    /// Whether one more line may go to the log; counts it either way.
    pub(crate) fn may_log(&mut self) -> bool {
        let may = self.logged < LOGGED_LINES;
        if may {
            self.logged += 1;
        } else {
            self.suppressed = self.suppressed.saturating_add(1);
        }
        may
    }

    /// The text of the last `ocf-exit-reason:`, else the last line of standard error.
    pub(crate) fn why(&mut self) -> Option<String> {
        self.reason.take().or_else(|| self.last_error.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.feed(piece, |line| found.push(line.to_owned()));
        }
        lines.flush(|line| found.push(line.to_owned()));
        found
    }

    #[test]
    fn lines_survive_being_read_in_pieces_and_empty_ones_are_dropped() {
        assert_eq!(lines(&[b"on", b"e\r\n\ntwo\nth", b"ree"]), ["one", "two", "three"]);
        assert_eq!(lines(&[b"bad \xff\n"]), ["bad \u{fffd}"]);
    }

    #[test]
    fn a_line_without_end_stays_bounded() {
        let found = lines(&[&[b'x'; 100_000], b"y\nnext"]);
        assert_eq!(found[0].len(), LINE_BYTES);
        assert_eq!(found[1], "next");
    }

    #[test]
    fn the_last_exit_reason_wins_over_later_lines() {
        let mut capture = Capture::default();
        capture.error_line("ocf-exit-reason:first");
        capture.error_line("ocf-exit-reason:second");
        capture.error_line("bye");
        assert_eq!(capture.why().as_deref(), Some("second"));
        assert_eq!(capture.why().as_deref(), Some("bye"));
    }

    #[test]
    fn head_and_log_are_bounded() {
        let mut capture = Capture::default();
        capture.keep_head(&[b'a'; 5000]);
        assert_eq!(capture.head.len(), HEAD_BYTES);
        assert_eq!((0..600).filter(|_| capture.may_log()).count(), 500);
        assert_eq!(capture.suppressed, 100);
    }
}
