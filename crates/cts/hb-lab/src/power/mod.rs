//! The power switch: an outlet for every node, outside all of them. Switching off means that the
//! node's cables are dead, its init was killed and reaped, and no process of it is left; only then
//! the switch answers. Agents reach it over the management network.

pub(crate) mod fence;
mod outlet;
pub(crate) mod plug;
mod server;
pub(crate) mod stonith;
pub(crate) mod wire;

pub use outlet::{Event, Fault, Finished, Outlet, Supply};
pub(crate) use server::Server;

use crate::error::{Attempt, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where the agents of the power switch lie.
#[derive(Debug, Clone)]
pub struct Agents {
    /// The `external/*` plug-in, named `lab-switch`.
    pub external: PathBuf,
    /// The fence-agents program.
    pub fence: PathBuf,
    /// Stands in for cluster-glue's `stonith` program where that is not installed.
    pub stonith: PathBuf,
}

/// Writes both agents into a folder: two lines of shell around this very program.
///
/// # Errors
/// The folder cannot be written.
pub fn write_agents(folder: &Path) -> Result<Agents> {
    let program = std::env::current_exe().attempt("find this program")?;
    let write = |name: &str, role: &str| {
        let path = folder.join(name);
        let text = format!("#!/bin/sh\nexec '{}' {} {role} \"$@\"\n", program.display(), crate::FLAG);
        fs::write(&path, text).attempt(path.display())?;
        // A plug-in that its group may write to is refused by the framework.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).attempt(path.display())?;
        Ok(path)
    };
    Ok(Agents {
        external: write("lab-switch", "plug")?,
        fence: write("fence_lab_switch", "fence")?,
        stonith: write("stonith", "stonith")?,
    })
}
