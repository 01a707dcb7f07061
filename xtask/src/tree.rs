//! The files of the repository, as git knows them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root: the folder above this crate.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// One file: its path from the root, and its text.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All text files that git tracks or would track.
pub(crate) fn sources() -> Result<Vec<Source>, String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .map_err(|e| format!("cannot run git: {e}"))?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let read = |name: &str| {
        let text = std::fs::read_to_string(root().join(name)).ok()?;
        Some(Source { path: name.to_owned(), text })
    };
    Ok(names.lines().filter_map(read).collect())
}

/// What `cargo metadata` says of the workspace.
pub(crate) fn metadata(extra: &[&str]) -> Result<serde_json::Value, String> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(extra)
        .current_dir(root())
        .output()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))
}
