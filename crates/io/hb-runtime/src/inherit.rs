//! What a child finds when it starts: its role, its arguments, its descriptors, and how it is to settle down.
//!
//! All of it travels in environment variables, so that `ps` shows the role's title and nothing else; they are taken out
//! of the environment before anything else runs, so no program started later sees them.

use std::io;
use std::os::fd::{OwnedFd, RawFd};

use rustix::process::{getppid, set_parent_process_death_signal};
use rustix::thread::{set_name, set_no_new_privs};
use thiserror::Error;

use crate::privileges::{User, UserError};
use crate::realtime::{Realtime, RealtimeReport};
use crate::signals::Signal;
use crate::sys;

pub(crate) const ENV_ROLE: &str = "HEARTBEAT_ROLE";
pub(crate) const ENV_ARGS: &str = "HEARTBEAT_ROLE_ARGS";
pub(crate) const ENV_FDS: &str = "HEARTBEAT_ROLE_FDS";
pub(crate) const ENV_SETTLE: &str = "HEARTBEAT_ROLE_SETTLE";

/// Between arguments; refused inside one.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// How a child settles down before it does its work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settle {
    /// The user to become for good; `None` stays.
    pub user: Option<User>,
    /// Scheduling and memory.
    pub realtime: Realtime,
    /// Whether programs started later can gain no privileges.
    pub no_new_privileges: bool,
    /// Sent to the child by the kernel when its parent is gone; exactly: the thread that started it.
    pub parent_death: Option<Signal>,
}

impl Settle {
    /// For a child that moves datagrams: nobody, no privileges, killed with its parent.
    pub fn mover(realtime: Realtime) -> Settle {
        Settle {
            user: Some(User::nobody()),
            realtime,
            no_new_privileges: true,
            parent_death: Some(Signal::Kill),
        }
    }

    /// For an executor, which stays root: ordinary scheduling, told to end when its parent is gone.
    pub fn executor() -> Settle {
        Settle {
            user: None,
            realtime: Realtime::OFF,
            no_new_privileges: false,
            parent_death: Some(Signal::Term),
        }
    }

    pub(crate) fn encode(&self, parent: u32) -> String {
        let rt = &self.realtime;
        let mut words = vec![
            format!("parent={parent}"),
            format!("priority={}", rt.priority.unwrap_or(0)),
            format!("lock={}", u8::from(rt.lock)),
            format!("stack={}", rt.stack_bytes),
            format!("heap={}", rt.heap_bytes),
            format!("soft={}", rt.cpu_soft.as_micros()),
            format!("hard={}", rt.cpu_hard.as_micros()),
            format!("nnp={}", u8::from(self.no_new_privileges)),
            format!("death={}", self.parent_death.map_or(0, Signal::number)),
        ];
        if let Some(user) = &self.user {
            words.push(format!("uid={}", user.uid));
            words.push(format!("gid={}", user.gid));
            words.extend(user.groups.iter().map(|gid| format!("group={gid}")));
        }
        words.join(" ")
    }

    pub(crate) fn decode(text: &str) -> Option<(Settle, u32)> {
        let pairs: Option<Vec<(&str, u64)>> = text
            .split(' ')
            .map(|word| word.split_once('=').and_then(|(key, value)| Some((key, value.parse().ok()?))))
            .collect();
        let pairs = pairs?;
        let number = |key: &str| pairs.iter().find(|(k, _)| *k == key).map(|(_, value)| *value);
        let word = |key: &str| number(key).and_then(|value| u32::try_from(value).ok());
        let size = |key: &str| number(key).and_then(|value| usize::try_from(value).ok());
        let micros = |key: &str| number(key).map(std::time::Duration::from_micros);
        let groups = pairs.iter().filter(|(key, _)| *key == "group");
        let groups: Option<Vec<u32>> = groups.map(|(_, gid)| u32::try_from(*gid).ok()).collect();
        let user = match (word("uid"), word("gid")) {
            (Some(uid), Some(gid)) => Some(User { uid, gid, groups: groups? }),
            _ => None,
        };
        let priority = u8::try_from(number("priority")?).ok()?;
        let realtime = Realtime {
            priority: (priority > 0).then_some(priority),
            lock: number("lock")? != 0,
            stack_bytes: size("stack")?,
            heap_bytes: size("heap")?,
            cpu_soft: micros("soft")?,
            cpu_hard: micros("hard")?,
        };
        let parent_death = Signal::from_number(i32::try_from(number("death")?).ok()?);
        let settle = Settle { user, realtime, no_new_privileges: number("nnp")? != 0, parent_death };
        Some((settle, word("parent")?))
    }
}

/// How a child has settled down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// Whether it gave up root; see [`User::become_for_good`] for when there was nothing to give up.
    pub dropped: bool,
    /// What of its realtime wishes holds.
    pub realtime: RealtimeReport,
}

/// Why a child cannot start.
#[derive(Debug, Error)]
pub enum InheritError {
    /// The variables do not read as a parent writes them.
    #[error("{0} in the environment is not as a parent writes it")]
    Malformed(&'static str),
    /// A descriptor that the role needs was not passed.
    #[error("descriptor {name} was not passed")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A passed descriptor is not open.
    #[error("descriptor {name}: {error}")]
    Descriptor {
        /// Its name.
        name: String,
        /// Why.
        error: io::Error,
    },
    /// Root could not be given up.
    #[error(transparent)]
    User(#[from] UserError),
    /// The kernel refused a setting that must hold.
    #[error("cannot settle down: {0}")]
    Settle(io::Error),
    /// The parent died before the child could ask to be told.
    #[error("the parent is gone")]
    Orphan,
}

/// What this process inherited as a child role.
#[derive(Debug)]
pub struct Inherited {
    /// Which role to run.
    pub role: String,
    /// The role's arguments.
    pub args: Vec<String>,
    fds: Vec<(String, RawFd)>,
    settle: Settle,
    parent: u32,
}

impl Inherited {
    /// Whether this process was started as a child role, and as which. Must be the first thing in `main`: it changes
    /// the environment, which must not happen beside other threads.
    ///
    /// # Errors
    /// When the variables are there but malformed.
    pub fn take() -> Result<Option<Inherited>, InheritError> {
        let take = |name| sys::take_env(name).and_then(|value| value.into_string().ok());
        let Some(role) = take(ENV_ROLE) else { return Ok(None) };
        let (args, fds, settle) = (take(ENV_ARGS), take(ENV_FDS), take(ENV_SETTLE));
        let args = args.filter(|text| !text.is_empty());
        let args = args.map_or(Vec::new(), |text| text.split(SEPARATOR).map(str::to_owned).collect());
        let fds = decode_fds(&fds.unwrap_or_default()).ok_or(InheritError::Malformed(ENV_FDS))?;
        let settle = settle.as_deref().and_then(Settle::decode);
        let (settle, parent) = settle.ok_or(InheritError::Malformed(ENV_SETTLE))?;
        Ok(Some(Inherited { role, args, fds, settle, parent }))
    }

    /// Takes the descriptor that the parent passed as `name`; close-on-exec from now on.
    ///
    /// # Errors
    /// When it was not passed, was taken before, or is not open.
    pub fn fd(&mut self, name: &str) -> Result<OwnedFd, InheritError> {
        let at = self.fds.iter().position(|(known, _)| known == name);
        let at = at.ok_or_else(|| InheritError::Missing { name: name.to_owned() })?;
        let (name, number) = self.fds.swap_remove(at);
        sys::adopt_descriptor(number).map_err(|error| InheritError::Descriptor { name, error })
    }

    /// Settles down as the parent asked: process name `comm` (at most 15 bytes are kept), realtime, user, no new
    /// privileges, death with the parent. For a process with one thread.
    ///
    /// # Errors
    /// When root cannot be given up, or the parent is gone already. Realtime never fails, see its report.
    pub fn settle(&self, comm: &str) -> Result<Settled, InheritError> {
        let refused = |error: rustix::io::Errno| InheritError::Settle(error.into());
        if let Ok(name) = std::ffi::CString::new(comm) {
            set_name(&name).map_err(refused)?;
        }
        let drops = self.settle.user.is_some();
        let realtime = self.settle.realtime.apply(!drops);
        let dropped = match &self.settle.user {
            Some(user) => user.become_for_good()?,
            None => false,
        };
        if self.settle.no_new_privileges {
            set_no_new_privs(true).map_err(refused)?;
        }
        // After the change of user, which clears it.
        if let Some(signal) = self.settle.parent_death {
            set_parent_process_death_signal(Some(signal.rustix())).map_err(refused)?;
            let parent = getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
            if u32::try_from(parent) != Ok(self.parent) {
                return Err(InheritError::Orphan);
            }
        }
        Ok(Settled { dropped, realtime })
    }
}

pub(crate) fn encode_fds(fds: &[(&str, RawFd)]) -> String {
    let words: Vec<String> = fds.iter().map(|(name, number)| format!("{name}={number}")).collect();
    words.join(" ")
}

fn decode_fds(text: &str) -> Option<Vec<(String, RawFd)>> {
    let words = text.split(' ').filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (name, number) = word.split_once('=')?;
            let number: RawFd = number.parse().ok()?;
            (number > 2).then(|| (name.to_owned(), number))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parent_writes_the_child_reads() {
        let mut settle = Settle::mover(Realtime::mover(9));
        settle.user = Some(User { uid: 65534, gid: 65533, groups: vec![4, 24] });
        assert_eq!(Settle::decode(&settle.encode(77)), Some((settle, 77)));
        let executor = Settle::executor();
        assert_eq!(Settle::decode(&executor.encode(1)), Some((executor, 1)));
        assert_eq!(Settle::decode(""), None);
        assert_eq!(Settle::decode("parent=1 priority=x"), None);
    }

    #[test]
    fn standard_descriptors_and_nonsense_are_refused() {
        assert_eq!(decode_fds(&encode_fds(&[("a", 3), ("b", 14)])).unwrap().len(), 2);
        for bad in ["a", "a=", "a=-1", "a=1", "a=99999999999"] {
            assert!(decode_fds(bad).is_none(), "{bad}");
        }
    }
}
