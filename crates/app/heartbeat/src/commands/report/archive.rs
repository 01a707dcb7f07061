//! A tar archive (POSIX ustar), in memory: a report is small.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const BLOCK_BYTES: usize = 512;

/// Files on their way into an archive.
pub(super) struct Archive {
    folder: String,
    at: u64,
    bytes: Vec<u8>,
}

impl Archive {
    /// An archive whose files are in `folder` and were written `at`, seconds since 1970.
    pub(super) fn new(folder: String, at: u64) -> Archive {
        Archive { folder, at, bytes: Vec::new() }
    }

    /// Adds a file. The whole name has at most 100 bytes; ours do.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) {
        let mut header = [0_u8; BLOCK_BYTES];
        let mut put = |at: usize, text: &[u8]| {
            for (to, from) in header.iter_mut().skip(at).zip(text) {
                *to = *from;
            }
        };
        let name: Vec<u8> = format!("{}/{name}", self.folder).into_bytes().into_iter().take(99).collect();
        put(0, &name);
        put(100, b"0000600\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, format!("{:011o}\0", content.len()).as_bytes());
        put(136, format!("{:011o}\0", self.at).as_bytes());
        // The sum is taken with blanks in its own place.
        put(148, b"        ");
        put(156, b"0");
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        for (to, from) in header.iter_mut().skip(148).zip(format!("{sum:06o}\0 ").as_bytes()) {
            *to = *from;
        }
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(BLOCK_BYTES), 0);
    }
}

/// Writes it so that only its owner can read it.
pub(super) fn write(path: &Path, archive: &Archive) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(&archive.bytes)?;
    file.write_all(&[0; 2 * BLOCK_BYTES])
}
