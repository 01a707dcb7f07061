//! What must be so after every scenario.

use crate::error::Result;
use crate::proc;
use crate::wait::until;
use std::fs;
use std::time::Duration;

/// How long the kernel and the janitor may take to clear a world away.
const LIMIT: Duration = Duration::from_secs(10);

/// No process of a world is left below this one, and no folder of its worlds.
///
/// # Errors
/// Something is left.
pub fn no_leftovers() -> Result<()> {
    let us = i32::try_from(std::process::id()).unwrap_or(-1);
    until::holds(LIMIT, "every process of the world to be gone", || {
        !proc::descendants(us).iter().any(|process| process.title.contains(crate::FLAG))
    })?;
    let prefix = format!("hb-lab.{us}.");
    until::holds(LIMIT, "the files of the world to be gone", || {
        let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
        !entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
    })
}
