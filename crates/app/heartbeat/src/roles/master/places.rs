//! The run folder and the file with the process id, where the original's programs look for them.

use crate::load::group_id;
use hb_runtime::User;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Whose the run folder is.
const USER: &str = "hacluster";
const GROUP: &str = "haclient";
/// Its owner and its group may connect to what listens in it.
const MODE: u32 = 0o750;

/// Makes the run folder as the original's package does, unless it is there: then its owner and mode are somebody's will.
pub(crate) fn make_run_dir(run_dir: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", run_dir.display());
    if let Some(parent) = run_dir.parent() {
        fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
    }
    match DirBuilder::new().mode(MODE).create(run_dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && run_dir.is_dir() => return Ok(()),
        made => made.map_err(failed)?,
    }
    let user = User::lookup(USER).ok().map(|user| rustix::fs::Uid::from_raw(user.uid));
    let group = group_id(GROUP).map(rustix::fs::Gid::from_raw);
    // A user namespace may know neither: then it stays ours.
    let _stays_ours = rustix::fs::chown(run_dir, user, group);
    Ok(())
}

/// Beside the run folder: `/run/heartbeat.pid` for `/run/heartbeat`.
pub(crate) fn pid_file(run_dir: &Path) -> PathBuf {
    let mut path = run_dir.as_os_str().to_owned();
    path.push(".pid");
    path.into()
}
