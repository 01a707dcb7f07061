//! Where the recordings are.

use std::path::PathBuf;

/// The folder of recordings; `None` when it may be missing and is.
///
/// # Panics
/// If it is missing and may not be.
pub(crate) fn golden() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared"));
    let folder = std::env::var_os("HB_SHARED").map_or_else(beside, PathBuf::from).join("golden");
    if folder.join("vectors.json").is_file() {
        return Some(folder);
    }
    if std::env::var_os("HB_ALLOW_MISSING").is_some_and(|value| value == "1") {
        eprintln!("no recordings in {}: nothing was checked", folder.display());
        return None;
    }
    panic!(
        "no recordings in {}: set HB_SHARED to the folder that holds golden/, or HB_ALLOW_MISSING=1 to go without",
        folder.display()
    );
}

/// A file of that folder.
pub(crate) fn read(name: &str) -> Option<Vec<u8>> {
    let path = golden()?.join(name);
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}
