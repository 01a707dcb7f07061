//! A log file: whole lines, a bounded size where one is set, other files in its place when it was moved away.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How a log file is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keep {
    /// Longest file, in bytes; `None`: as long as it gets, somebody else rotates it.
    pub max_bytes: Option<u64>,
    /// Older files that are kept beside it, as `NAME.1`, `NAME.2` and so on.
    pub files: u8,
    /// Permissions of a new file.
    pub mode: u32,
}

impl Default for Keep {
    fn default() -> Keep {
        Keep { max_bytes: None, files: 1, mode: 0o640 }
    }
}

#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    keep: Keep,
    open: Option<File>,
    bytes: u64,
    /// Lines that it did not take since it last took one.
    lost: u64,
}

impl LogFile {
    pub(crate) fn new(path: PathBuf, keep: Keep) -> LogFile {
        LogFile { path, keep, open: None, bytes: 0, lost: 0 }
    }

    /// Appends whole lines, with one write where possible. Those that it does not take are counted; behind the next one
    /// that it takes stands how many they were, in a line that begins with `head`.
    pub(crate) fn append(&mut self, lines: &[String], head: &str) {
        if self.lost == 0 && self.try_append(&lines.concat()).is_ok() {
            return;
        }
        for line in lines {
            if self.try_append(line).is_err() {
                self.open = None;
                self.lost += 1;
                continue;
            }
            if self.lost == 0 {
                continue;
            }
            let lost = self.lost;
            let report = format!("{head}{lost} log lines lost: the disk took none [log_lines_lost]\n");
            if self.try_append(&report).is_ok() {
                self.lost = 0;
            }
        }
    }

    /// The next line opens it anew.
    pub(crate) fn reopen(&mut self) {
        self.open = None;
    }

    fn try_append(&mut self, text: &str) -> std::io::Result<()> {
        match self.open.as_ref().map(|file| still_there(file, &self.path)) {
            // Somebody else may have emptied it: its length is what it is.
            Some(Some(bytes)) => self.bytes = bytes,
            Some(None) => self.open = None,
            None => {}
        }
        if self.open.is_none() {
            self.open_now()?;
        }
        let added = text.len() as u64;
        if self.keep.max_bytes.is_some_and(|max| self.bytes > 0 && self.bytes + added > max) {
            self.rotate();
            self.open_now()?;
        }
        let Some(file) = &mut self.open else { return Err(std::io::ErrorKind::NotFound.into()) };
        match file.write(text.as_bytes()) {
            Ok(count) if count == text.len() => {
                self.bytes += added;
                Ok(())
            }
            written => {
                // What the disk still took of it is not a line. Somebody may have emptied the file meanwhile.
                if file.metadata().is_ok_and(|now| now.len() > self.bytes) {
                    let _stays_torn = file.set_len(self.bytes);
                }
                Err(written.err().unwrap_or_else(|| std::io::ErrorKind::StorageFull.into()))
            }
        }
    }

    fn open_now(&mut self) -> std::io::Result<()> {
        let file = OpenOptions::new().append(true).create(true).mode(self.keep.mode).open(&self.path)?;
        self.bytes = file.metadata()?.len();
        self.open = Some(file);
        Ok(())
    }

    /// Moves the files on by one place; the last one goes.
    fn rotate(&mut self) {
        self.open = None;
        for place in (1..=self.keep.files).rev() {
            let from = if place == 1 { self.path.clone() } else { numbered(&self.path, place - 1) };
            let _not_there_yet = std::fs::rename(from, numbered(&self.path, place));
        }
        if self.keep.files == 0 {
            let _gone = std::fs::remove_file(&self.path);
        }
    }
}

fn numbered(path: &Path, place: u8) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{place}"));
    name.into()
}

/// The length of the open file; `None` when another one, or none, has its name.
fn still_there(file: &File, path: &Path) -> Option<u64> {
    let (open, named) = (file.metadata().ok()?, std::fs::metadata(path).ok()?);
    (open.ino() == named.ino() && open.dev() == named.dev()).then_some(open.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stays_below_its_limit_and_so_many_older_ones_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let keep = Keep { max_bytes: Some(20), files: 2, mode: 0o600 };
        let mut file = LogFile::new(path.clone(), keep);
        for number in 0..8 {
            file.append(&[format!("line {number}\n")], "");
        }
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap_or_default();
        assert_eq!(read("log"), "line 6\nline 7\n");
        assert_eq!(read("log.1"), "line 4\nline 5\n");
        assert_eq!(read("log.2"), "line 2\nline 3\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
        // A file that was there before counts with what it holds.
        let mut again = LogFile::new(path, keep);
        again.append(&["line 8\n".to_owned()], "");
        assert_eq!(read("log"), "line 8\n");
        assert_eq!(std::fs::metadata(dir.path().join("log")).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_was_moved_away_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut file = LogFile::new(path.clone(), Keep::default());
        file.append(&["one\n".to_owned()], "");
        std::fs::rename(&path, dir.path().join("moved")).unwrap();
        file.append(&["two\n".to_owned()], "");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
        assert_eq!(std::fs::read_to_string(dir.path().join("moved")).unwrap(), "one\n");
        // Emptied by somebody else: what follows stands at its beginning.
        std::fs::write(&path, "").unwrap();
        file.append(&["three\n".to_owned()], "");
        assert_eq!((std::fs::read_to_string(&path).unwrap(), file.bytes), ("three\n".to_owned(), 6));
    }

    #[test]
    fn what_is_lost_is_counted_until_something_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut file = LogFile::new("/dev/full".into(), Keep::default());
        file.append(&["one\n".to_owned(), "two\n".to_owned()], "");
        file.append(&["three\n".to_owned()], "");
        file.path = path.clone();
        file.append(&["four\n".to_owned(), "five\n".to_owned()], "logd: ");
        let report = "logd: 3 log lines lost: the disk took none [log_lines_lost]";
        assert_eq!(std::fs::read_to_string(path).unwrap(), format!("four\n{report}\nfive\n"));
    }
}
