//! May this process build a world? Root may; others in a user namespace; some kernels and
//! containers forbid both, and then the words here say what to allow.

use crate::error::{LabError, Result};
use crate::netns::NetNs;
use crate::sys;
use std::fs;
use std::io;

/// With which rights a world is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// The process may administer namespaces as it is.
    Administrator,
    /// The process moved into a user namespace of its own, where it is root over its worlds only.
    UserNamespace,
}

/// Capability numbers that a world needs (`capabilities(7)`).
const CAP_NET_ADMIN: u32 = 12;
const CAP_SYS_ADMIN: u32 = 21;

/// Obtains the right to build worlds. Call it first thing in a process, before any thread
/// is started: without the rights of an administrator the process moves into a user namespace,
/// which the kernel allows to processes of one thread only.
///
/// # Errors
/// [`LabError::Forbidden`] with what to allow.
pub fn enter() -> Result<Permit> {
    if has_capabilities() {
        // A container may deny namespaces even to an administrator: ask the kernel.
        match NetNs::create() {
            Ok(_) => return Ok(Permit::Administrator),
            Err(LabError::System { source, .. }) => return Err(forbidden(source)),
            Err(other) => return Err(other),
        }
    }
    let (user, group) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    sys::unshare(libc::CLONE_NEWUSER).map_err(forbidden)?;
    // The kernel wants this before an unprivileged process may map its group.
    fs::write("/proc/self/setgroups", "deny").map_err(forbidden)?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1")).map_err(forbidden)?;
    fs::write("/proc/self/gid_map", format!("0 {group} 1")).map_err(forbidden)?;
    match NetNs::create() {
        Ok(_) => Ok(Permit::UserNamespace),
        Err(LabError::System { source, .. }) => Err(forbidden(source)),
        Err(other) => Err(other),
    }
}

/// Whether threads of this process may be scheduled in real time.
#[must_use]
pub fn realtime_allowed() -> bool {
    std::thread::spawn(|| sys::realtime(1).is_ok()).join().unwrap_or(false)
}

fn has_capabilities() -> bool {
    let wanted = (1_u64 << CAP_NET_ADMIN) | (1_u64 << CAP_SYS_ADMIN);
    own_status("CapEff:")
        .and_then(|hex| u64::from_str_radix(&hex, 16).ok())
        .is_some_and(|held| held & wanted == wanted)
}

fn own_status(key: &str) -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned())
}

fn forbidden(source: io::Error) -> LabError {
    LabError::Forbidden { what: "namespaces are not permitted here".into(), cure: cure(), source }
}

/// What to change on this machine, from what it says about itself.
fn cure() -> String {
    let setting = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let mut cures = Vec::new();
    if setting("/proc/sys/kernel/unprivileged_userns_clone").as_deref() == Some("0") {
        cures.push("as root: sysctl -w kernel.unprivileged_userns_clone=1");
    }
    if setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").as_deref() == Some("1") {
        cures.push("as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
    }
    if setting("/proc/sys/user/max_user_namespaces").as_deref() == Some("0") {
        cures.push("as root: sysctl -w user.max_user_namespaces=1000");
    }
    if setting("/proc/sys/user/max_net_namespaces").as_deref() == Some("0") {
        cures.push("as root: sysctl -w user.max_net_namespaces=1000");
    }
    if own_status("Seccomp:").is_some_and(|mode| mode != "0") {
        cures.push(
            "this looks like a container: start it with --privileged, or with \
             --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined \
             --security-opt apparmor=unconfined",
        );
    }
    if cures.is_empty() {
        cures.push("run this as root, or on a kernel with user namespaces (CONFIG_USER_NS)");
    }
    format!("To allow it: {}", cures.join("; or "))
}
