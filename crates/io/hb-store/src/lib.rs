//! Durable files: what a node must still know after a power cut.
//!
//! A file is replaced as a whole: written beside the old one, synced, renamed over it, the folder synced.
//! A reader therefore sees the old content or the new, never a torn one; content that is damaged all the
//! same (a copied disk, an administrator's editor) is for the machines that own its meaning to recognise.
//!
//! # Invariants
//! - [`Store::write`] returns only after the bytes would survive a power cut.
//! - Files are private to their owner (mode 0600) unless said otherwise.
//!
//! # Does not know about
//! What the bytes mean.
#![forbid(unsafe_code)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A folder of durable files.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
}

/// What went wrong, with the file it happened to. The store stays usable after each of them.
#[derive(Debug)]
pub struct StoreError {
    /// The file or folder.
    pub path: PathBuf,
    /// What was attempted: `create`, `read`, `write`.
    pub attempt: &'static str,
    /// The system's answer.
    pub source: io::Error,
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot {} {}: {}", self.attempt, self.path.display(), self.source)
    }
}

impl std::error::Error for StoreError {}

impl Store {
    /// Opens `dir`, creating it (mode 0755) when it does not exist.
    pub fn open(dir: &Path) -> Result<Store, StoreError> {
        fs::create_dir_all(dir).map_err(|source| StoreError {
            path: dir.to_owned(),
            attempt: "create",
            source,
        })?;
        Ok(Store { dir: dir.to_owned() })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The content of `name`, at most `limit_bytes` of it; `None` when there is no such file.
    pub fn read(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.dir.join(name);
        let failed = |source| StoreError { path: path.clone(), attempt: "read", source };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(e)),
        };
        let mut bytes = Vec::new();
        file.take(limit_bytes).read_to_end(&mut bytes).map_err(failed)?;
        Ok(Some(bytes))
    }

    /// Replaces the content of `name`, durably and as a whole.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.dir.join(name);
        self.replace(&path, bytes).map_err(|source| StoreError { path, attempt: "write", source })
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let beside = path.with_extension("tmp");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(&self.dir)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_a_leftover_of_a_crash_does_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("new")).unwrap();
        assert_eq!(store.read("hb_generation", 100).unwrap(), None);
        store.write("hb_generation", b"1").unwrap();
        fs::write(store.dir().join("hb_generation.tmp"), b"half of a wri").unwrap();
        assert_eq!(store.read("hb_generation", 100).unwrap().unwrap(), b"1");
        store.write("hb_generation", b"2").unwrap();
        assert_eq!(store.read("hb_generation", 100).unwrap().unwrap(), b"2");
        let mode = fs::metadata(store.dir().join("hb_generation")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_endless_file_is_cut_and_errors_name_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.write("big", &[7; 1000]).unwrap();
        assert_eq!(store.read("big", 10).unwrap().unwrap().len(), 10);
        let error = store.write("no/such/folder", b"x").unwrap_err();
        assert!(error.to_string().contains("no/such/folder"), "{error}");
    }
}
