//! The FIFO: where scripts on this node write messages. Its reader child cuts the stream into messages.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use hb_ipc::{Wait, send_packets};
use hb_runtime::clock;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, mkfifoat, open as open_path};
use rustix::net::{SendFlags, send};

use crate::protocol::FRAME;
use crate::reader::is_gone;
use crate::report::Report;

/// Longest line, with its end (spec: wire limits).
pub const MAX_LINE_BYTES: usize = 511;

/// Longest message.
pub const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// Opens the FIFO at `path`, made if it is missing, for its owner only. It never reads as ended, and keeps what was
/// written while no reader child runs.
///
/// # Errors
/// AlreadyExists when something else is there; the kernel's reasons.
pub fn open(path: &Path) -> io::Result<OwnedFd> {
    let mode = Mode::RUSR | Mode::WUSR;
    match mkfifoat(CWD, path, mode) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fd = open_path(path, flags, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&fd)?.st_mode) != FileType::Fifo {
        let text = format!("{} is not a FIFO", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    Ok(fd)
}

/// Cuts a stream into messages: from a line that starts with `>>>` to the next that starts with `<<<`. Pure.
///
/// Everything outside, lines that are too long, messages that are too long and messages cut short by the start of
/// another are garbage: counted and skipped.
#[derive(Debug, Default)]
pub struct Cutter {
    line: Vec<u8>,
    /// The line is too long: skip to its end.
    skipping: bool,
    message: Option<Vec<u8>>,
    garbage: u32,
}

impl Cutter {
    /// Takes the next bytes and passes on every message that they complete: its text from the `>>>` line to the `<<<`
    /// line, each with its line end.
    pub fn push(&mut self, bytes: &[u8], mut complete: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = piece.ends_with(b"\n");
            if !self.skipping && self.line.len() + piece.len() > MAX_LINE_BYTES {
                self.skipping = true;
                self.line.clear();
                self.spoil();
            }
            if !self.skipping {
                self.line.extend_from_slice(piece);
            }
            if ends {
                if !core::mem::take(&mut self.skipping) {
                    self.take_line(&mut complete);
                }
                self.line.clear();
            }
        }
    }

    /// How much garbage there was since the last call: lines and messages.
    pub fn take_garbage(&mut self) -> u32 {
        core::mem::take(&mut self.garbage)
    }

    fn spoil(&mut self) {
        self.message = None;
        self.garbage = self.garbage.saturating_add(1);
    }

    fn take_line(&mut self, complete: &mut impl FnMut(&[u8])) {
        if self.line.starts_with(b">>>") {
            if self.message.is_some() {
                self.spoil();
            }
            self.message = Some(self.line.clone());
            return;
        }
        let Some(message) = &mut self.message else {
            return self.spoil();
        };
        message.extend_from_slice(&self.line);
        if message.len() > MAX_MESSAGE_BYTES {
            return self.spoil();
        }
        if self.line.starts_with(b"<<<")
            && let Some(message) = self.message.take()
        {
            complete(&message);
        }
    }
}

/// The body of the FIFO reader child: runs until the master's end closes.
pub(crate) fn run(fifo: BorrowedFd<'_>, master: BorrowedFd<'_>) -> io::Result<()> {
    let mut cutter = Cutter::default();
    let mut report = Report::default();
    let mut chunk = [0; 4096];
    loop {
        let mut fds = [PollFd::new(&fifo, PollFlags::IN), PollFd::new(&master, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        // The master sends nothing: whatever happens at its end is its closing.
        if !fds[1].revents().is_empty() {
            return Ok(());
        }
        let count = match rustix::io::read(fifo, &mut chunk[..]) {
            Ok(count) => count,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        let mut outcome = Ok(());
        cutter.push(chunk.get(..count).unwrap_or_default(), |text| {
            if outcome.is_ok() {
                outcome = forward(master.as_fd(), text);
            }
        });
        match outcome {
            Ok(()) => {}
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) => return Err(error),
        }
        let garbage = cutter.take_garbage();
        if garbage > 0 {
            report.add(garbage, 0);
        }
        let now = clock::monotonic();
        if let Some(trouble) = report.due(now, garbage == 0)
            && send(master, &trouble.encode(), SendFlags::DONTWAIT | SendFlags::NOSIGNAL).is_ok()
        {
            report.told(now);
        }
    }
}

fn forward(master: BorrowedFd<'_>, text: &[u8]) -> io::Result<()> {
    let mut packet = Vec::with_capacity(1 + text.len());
    packet.push(FRAME);
    packet.extend_from_slice(text);
    send_packets(master, &[&packet], None, Wait::ForOne).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]]) -> (Vec<String>, u32) {
        let mut cutter = Cutter::default();
        let mut messages = Vec::new();
        for piece in pieces {
            cutter.push(piece, |text| messages.push(String::from_utf8(text.to_vec()).unwrap()));
        }
        (messages, cutter.take_garbage())
    }

    #[test]
    fn messages_are_cut_out_wherever_the_reads_fall() {
        let stream = b">>>\nt=a\n<<<\n>>>\nt=b\nx=1\n<<<\n";
        let expected = (vec![">>>\nt=a\n<<<\n".to_owned(), ">>>\nt=b\nx=1\n<<<\n".to_owned()], 0);
        assert_eq!(cut(&[stream]), expected);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(cut(&bytes), expected);
    }

    #[test]
    fn garbage_is_skipped_and_counted() {
        let (messages, garbage) = cut(&[b"hello\n<<<\n>>>\nt=cut short\n>>>\nt=a\n<<<\n"]);
        assert_eq!((messages.len(), garbage), (1, 3));
        assert_eq!(messages[0], ">>>\nt=a\n<<<\n");
    }

    #[test]
    fn a_line_is_at_most_511_bytes_with_its_end() {
        let stream = |len: usize| format!(">>>\n{}\n<<<\n>>>\nt=a\n<<<\n", "x".repeat(len - 1));
        assert_eq!(cut(&[stream(511).as_bytes()]).0.len(), 2);
        let (messages, garbage) = cut(&[stream(512).as_bytes()]);
        // The line, and the end of the message that it spoilt.
        assert_eq!((messages, garbage), (vec![">>>\nt=a\n<<<\n".to_owned()], 2));
    }

    #[test]
    fn nothing_grows_without_bound() {
        let mut cutter = Cutter::default();
        for _ in 0..100_000 {
            cutter.push(b"no line end ", |_| panic!("no message"));
        }
        assert!(cutter.line.capacity() <= 2 * MAX_LINE_BYTES);
        cutter.push(b"\n>>>\n", |_| panic!("no message"));
        for _ in 0..MAX_MESSAGE_BYTES {
            cutter.push(b"t=x\n", |_| panic!("no message"));
        }
        assert!(cutter.message.is_none() && cutter.take_garbage() > 1);
    }

    #[test]
    fn whatever_is_written_only_whole_messages_come_out() {
        let pieces = [&b">>>\n"[..], b"<<<\n", b"t=a\n", b"\n", b">>", b"<", b"\0\xff", &[b'x'; 600]];
        let mut rng = hb_base::Rng::new(7);
        let mut cutter = Cutter::default();
        let mut messages = 0;
        for _ in 0..100_000 {
            let piece = pieces[usize::try_from(rng.below(pieces.len() as u64)).unwrap()];
            cutter.push(piece, |text| {
                messages += 1;
                assert!(text.starts_with(b">>>") && text.ends_with(b"\n"));
                let mut lines = text.split(|byte| *byte == b'\n').rev().skip(1);
                assert!(lines.next().unwrap().starts_with(b"<<<"));
                assert!(lines.all(|line| !line.starts_with(b"<<<")));
            });
        }
        assert!(messages > 100);
    }

    #[test]
    fn a_fifo_is_made_once_and_other_files_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        let fd = open(&path).unwrap();
        rustix::io::write(&fd, b"kept").unwrap();
        let again = open(&path).unwrap();
        let mut buffer = [0; 4];
        assert_eq!(rustix::io::read(&again, &mut buffer[..]).unwrap(), 4);
        let file = dir.path().join("file");
        std::fs::write(&file, "precious").unwrap();
        assert_eq!(open(&file).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
