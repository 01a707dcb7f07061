//! Where agents live.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Directories and programs, all replaceable for tests and other layouts.
#[derive(Clone, Debug)]
pub struct Places {
    /// Configuration directory, exported as `HA_DIR`.
    pub ha_dir: PathBuf,
    /// Classic resource scripts.
    pub resource_d: PathBuf,
    /// Init scripts.
    pub init_d: PathBuf,
    /// Notification scripts.
    pub rc_d: PathBuf,
    /// Root of the OCF agents, exported as `OCF_ROOT`.
    pub ocf_root: PathBuf,
    /// Parameter files of `OCF::type::instance`, as `<type>/<instance>`.
    pub ocf_conf: PathBuf,
    /// State files of agents, exported as `HA_RSCTMP`; created when absent.
    pub scratch: PathBuf,
    /// The fencing program: a path, or a name looked up in `PATH` and the system directories.
    pub stonith: PathBuf,
}

impl Default for Places {
    fn default() -> Places {
        let ha_dir = PathBuf::from("/etc/ha.d");
        Places {
            resource_d: ha_dir.join("resource.d"),
            rc_d: ha_dir.join("rc.d"),
            ocf_conf: ha_dir.join("conf/OCF"),
            ha_dir,
            init_d: "/etc/init.d".into(),
            ocf_root: "/usr/lib/ocf".into(),
            scratch: "/run/resource-agents".into(),
            stonith: "stonith".into(),
        }
    }
}

impl Places {
    /// The script of a classic resource: `resource.d/name`, else `init.d/name`.
    pub fn classic_script(&self, name: &str) -> Option<PathBuf> {
        executable(&self.resource_d, name).or_else(|| self.init_script(name))
    }

    /// `init.d/name`.
    pub fn init_script(&self, name: &str) -> Option<PathBuf> {
        executable(&self.init_d, name)
    }

    /// `rc.d/name`.
    pub fn rc_script(&self, name: &str) -> Option<PathBuf> {
        executable(&self.rc_d, name)
    }

    /// An OCF agent and its provider. Without a provider the first one, by name, that has the agent.
    pub fn ocf_agent(&self, provider: &str, name: &str) -> Option<(String, PathBuf)> {
        let base = self.ocf_root.join("resource.d");
        if !provider.is_empty() {
            return plain(provider)
                .and_then(|provider| executable(&base.join(provider), name))
                .map(|path| (provider.to_owned(), path));
        }
        let mut providers: Vec<String> = fs::read_dir(&base)
            .ok()?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        providers.sort();
        providers.into_iter().find_map(|provider| {
            let path = executable(&base.join(&provider), name)?;
            Some((provider, path))
        })
    }

    /// The fencing program, when it is installed.
    pub fn stonith_program(&self) -> Option<PathBuf> {
        if self.stonith.components().count() > 1 {
            return is_executable(&self.stonith).then(|| self.stonith.clone());
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let system = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from);
        let mut candidates = std::env::split_paths(&path).chain(system).map(|dir| dir.join(&self.stonith));
        candidates.find(|candidate| is_executable(candidate))
    }
}

/// `name` unless it could lead out of its directory or is hidden.
fn plain(name: &str) -> Option<&str> {
    (!name.is_empty() && !name.contains(['/', '\0']) && !name.starts_with('.')).then_some(name)
}

fn executable(directory: &Path, name: &str) -> Option<PathBuf> {
    let path = directory.join(plain(name)?);
    is_executable(&path).then_some(path)
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
