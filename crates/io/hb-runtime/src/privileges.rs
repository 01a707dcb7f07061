//! Users, and giving up root.

use std::fs;
use std::io;

use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use thiserror::Error;

/// A user to run as. Looked up in the files `/etc/passwd` and `/etc/group` only: name services would bring their
/// libraries into a process that locks its memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The user's number.
    pub uid: u32,
    /// The primary group's number.
    pub gid: u32,
    /// Supplementary groups' numbers.
    pub groups: Vec<u32>,
}

/// Why a user could not be looked up or taken on.
#[derive(Debug, Error)]
pub enum UserError {
    /// No line in `/etc/passwd`.
    #[error("no user {0} in /etc/passwd")]
    Unknown(String),
    /// The user database cannot be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// The file.
        path: &'static str,
        /// Why.
        error: io::Error,
    },
    /// The kernel refuses; the process still is who it was.
    #[error("cannot become uid {uid}: {error}")]
    Refused {
        /// The user that was asked for.
        uid: u32,
        /// Why.
        error: io::Error,
    },
}

fn read(path: &'static str) -> Result<String, UserError> {
    fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .map_err(|error| UserError::Unreadable { path, error })
}

fn parse_passwd(text: &str, name: &str) -> Option<(u32, u32)> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (user, _password) = (fields.next()?, fields.next()?);
        let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        (user == name).then_some((uid, gid))
    })
}

fn parse_group(text: &str, user: &str) -> Vec<u32> {
    let member = |line: &str| {
        let mut fields = line.split(':').skip(2);
        let gid = fields.next()?.parse().ok()?;
        fields.next()?.split(',').any(|name| name == user).then_some(gid)
    };
    text.lines().filter_map(member).collect()
}

impl User {
    /// Looks a user up, with its supplementary groups.
    ///
    /// # Errors
    /// When there is no such user, or no user database.
    pub fn lookup(name: &str) -> Result<User, UserError> {
        let found = parse_passwd(&read("/etc/passwd")?, name);
        let (uid, gid) = found.ok_or_else(|| UserError::Unknown(name.to_owned()))?;
        let groups = read("/etc/group").map(|text| parse_group(&text, name)).unwrap_or_default();
        Ok(User { uid, gid, groups })
    }

    /// The user for processes that need no rights at all: `nobody` without supplementary groups, 65534 where the
    /// user database does not know it.
    pub fn nobody() -> User {
        const NOBODY: u32 = 65534;
        let (uid, gid) = Self::lookup("nobody").map_or((NOBODY, NOBODY), |user| (user.uid, user.gid));
        User { uid, gid, groups: Vec::new() }
    }

    /// Becomes this user for good: supplementary groups, group, user, and with them all capabilities. For a process
    /// with one thread.
    ///
    /// Answers whether anything was given up: `false` when the process is not root (it cannot change, and need not),
    /// or when its user namespace knows no other user (root there is an ordinary user outside).
    ///
    /// # Errors
    /// When the kernel refuses for another reason.
    pub fn become_for_good(&self) -> Result<bool, UserError> {
        if !geteuid().is_root() {
            return Ok(false);
        }
        let refused = |error: rustix::io::Errno| UserError::Refused { uid: self.uid, error: error.into() };
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        let groups: Vec<Gid> = self.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
        if !namespace_knows(self.uid) {
            return Ok(false);
        }
        set_thread_groups(&groups).map_err(refused)?;
        set_thread_res_gid(gid, gid, gid).map_err(refused)?;
        set_thread_res_uid(uid, uid, uid).map_err(refused)?;
        Ok(true)
    }
}

/// Whether this process's user namespace maps `uid`. Yes where that cannot be read.
fn namespace_knows(uid: u32) -> bool {
    fs::read_to_string("/proc/self/uid_map").map_or(true, |map| map_covers(&map, uid))
}

fn map_covers(map: &str, uid: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_ascii_whitespace().map(|word| word.parse::<u64>().unwrap_or(0));
        let (first, _outside, count) = (numbers.next(), numbers.next(), numbers.next());
        let first = first.unwrap_or(0);
        (first..first.saturating_add(count.unwrap_or(0))).contains(&u64::from(uid))
    })
}

/// Whether this process runs in a user namespace of its own rather than the machine's.
pub(crate) fn in_user_namespace() -> bool {
    const ALL_USERS: &str = "4294967295";
    let Ok(map) = fs::read_to_string("/proc/self/uid_map") else { return false };
    let words: Vec<&str> = map.split_ascii_whitespace().collect();
    words != ["0", "0", ALL_USERS]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_files_are_read_as_written() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\nbroken\nhacluster:x:105:112::/var/lib/heartbeat:/bin/false\n";
        assert_eq!(parse_passwd(passwd, "hacluster"), Some((105, 112)));
        assert_eq!(parse_passwd(passwd, "haclu"), None);
        let group = "a:x:1:root,hacluster\nb:x:2:\nbroken\nc:x:3:hacluster\nd:x:4:hacluster2\n";
        assert_eq!(parse_group(group, "hacluster"), [1, 3]);
    }

    #[test]
    fn maps_say_who_exists() {
        assert!(map_covers("         0          0 4294967295\n", 65534));
        assert!(!map_covers("0 1000 1\n", 65534));
        assert!(map_covers("0 1000 1\n1 100000 65536\n", 65534));
    }

    #[test]
    fn nobody_is_not_root() {
        let nobody = User::nobody();
        assert!(nobody.uid != 0 && nobody.gid != 0 && nobody.groups.is_empty());
    }
}
