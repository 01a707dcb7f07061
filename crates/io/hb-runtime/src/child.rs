//! Children: the same binary again, with a title, a role and a short list of descriptors.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid};
use thiserror::Error;

use crate::inherit::{ENV_ARGS, ENV_FDS, ENV_ROLE, ENV_SETTLE, SEPARATOR, Settle, encode_fds};
use crate::realtime::disinherit;
use crate::signals::Signal;
use crate::sys;

/// The running program itself, even when its file was replaced by an upgrade.
const OWN_BINARY: &str = "/proc/self/exe";

/// A child to start: what [`crate::Inherited`] is to find.
#[derive(Clone, Debug)]
pub struct Role<'a> {
    /// Which role `main` is to run: `read`, `write`, `fifo`, `lrmd`, `stonithd`.
    pub name: &'a str,
    /// What `ps` shows, such as `heartbeat: read: ucast eth0`.
    pub title: &'a str,
    /// The role's arguments.
    pub args: &'a [&'a str],
    /// The descriptors that the child inherits, by name (without blanks or `=`). All others are closed at exec.
    pub fds: &'a [(&'a str, BorrowedFd<'a>)],
    /// How it settles down.
    pub settle: Settle,
}

/// Why a child could not be started.
#[derive(Debug, Error)]
pub enum SpawnError {
    /// An argument or a descriptor's name holds a character that cannot be passed.
    #[error("{0:?} cannot be passed to a child")]
    Unpassable(String),
    /// The kernel refuses a process.
    #[error("cannot start {title}: {error}")]
    Refused {
        /// Which child.
        title: String,
        /// Why.
        error: io::Error,
    },
}

/// How a child ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// With this exit code.
    Code(i32),
    /// By this signal's number.
    Signal(i32),
}

impl core::fmt::Display for Exit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit code {code}"),
            Exit::Signal(number) => write!(f, "signal {number}"),
        }
    }
}

/// A running child. Its descriptor gets readable when it ends: add it to the loop as
/// [`crate::Class::Housekeeping`]. Dropping it neither ends nor reaps the child.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    pidfd: OwnedFd,
    exit: Option<Exit>,
}

impl Role<'_> {
    /// Starts the child. Its standard input is the null device, output and error are ours; it has a process group of
    /// its own, so that a terminal's signals reach the parent only.
    ///
    /// # Errors
    /// When the kernel refuses, or something cannot be passed.
    pub fn spawn(&self) -> Result<Child, SpawnError> {
        let bad_arg = |text: &&&str| text.contains([SEPARATOR, '\0']);
        if let Some(bad) = self.args.iter().chain([&self.name, &self.title]).find(bad_arg) {
            return Err(SpawnError::Unpassable((*bad).to_owned()));
        }
        let bad_name = |(name, _): &&(&str, _)| name.is_empty() || name.contains([' ', '=', '\0']);
        if let Some((bad, _)) = self.fds.iter().find(bad_name) {
            return Err(SpawnError::Unpassable((*bad).to_owned()));
        }
        let refused = |error: io::Error| SpawnError::Refused { title: self.title.to_owned(), error };
        let fds: Vec<(&str, RawFd)> = self.fds.iter().map(|(name, fd)| (*name, fd.as_raw_fd())).collect();
        let kept: Vec<RawFd> = fds.iter().map(|(_, fd)| *fd).collect();
        let mut command = Command::new(OWN_BINARY);
        command
            .arg0(self.title)
            .env(ENV_ROLE, self.name)
            .env(ENV_ARGS, self.args.join(&SEPARATOR.to_string()))
            .env(ENV_FDS, encode_fds(&fds))
            .env(ENV_SETTLE, self.settle.encode(std::process::id()))
            .stdin(Stdio::null())
            .process_group(0);
        // SAFETY: between fork and exec the closure makes only system calls, on numbers collected before the fork; it
        // allocates nothing and takes no lock.
        unsafe {
            command.pre_exec(move || {
                disinherit();
                sys::unblock_signals()?;
                sys::close_others_at_exec();
                kept.iter().try_for_each(|fd| sys::keep_across_exec(*fd))
            });
        }
        let child = command.spawn().map_err(refused)?;
        Child::adopt(child.id()).map_err(refused)
    }
}

/// Makes `command` start its program as one started from a shell: no signal blocked, no descriptors but the standard
/// ones, nothing of this process's realtime. For programs that a role starts which takes signals as events; those would be blocked in the program, too.
pub fn isolate(command: &mut Command) {
    // SAFETY: between fork and exec the closure makes only system calls; it allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| {
            disinherit();
            sys::unblock_signals()?;
            sys::close_others_at_exec();
            Ok(())
        });
    }
}

impl Child {
    /// Takes charge of a child of this process that was started in another way and was not waited for.
    ///
    /// # Errors
    /// When there is no such process, or no descriptor left.
    pub fn adopt(pid: u32) -> io::Result<Child> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        Ok(Child { pid, pidfd, exit: None })
    }

    /// Its process id, for people: signals go through the descriptor, which cannot hit another process.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Sends a signal. Nothing happens when the child has ended.
    ///
    /// # Errors
    /// When the child runs as a user that we may not signal.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.pidfd, signal.rustix()) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// How it ended, `None` while it runs. Reaps it.
    ///
    /// # Errors
    /// When somebody else has reaped it.
    pub fn exit(&mut self) -> io::Result<Option<Exit>> {
        if self.exit.is_none() {
            self.exit = self.reap(WaitIdOptions::EXITED | WaitIdOptions::NOHANG)?;
        }
        Ok(self.exit)
    }

    /// Waits for the end, without limit: for after a kill.
    ///
    /// # Errors
    /// When somebody else has reaped it.
    pub fn wait(&mut self) -> io::Result<Exit> {
        loop {
            if let Some(exit) = self.exit {
                return Ok(exit);
            }
            self.exit = self.reap(WaitIdOptions::EXITED)?;
        }
    }

    fn reap(&self, options: WaitIdOptions) -> io::Result<Option<Exit>> {
        let status = rustix::io::retry_on_intr(|| waitid(WaitId::PidFd(self.pidfd.as_fd()), options))?;
        Ok(status.and_then(|status| {
            let code = status.exit_status().map(Exit::Code);
            code.or_else(|| status.terminating_signal().map(Exit::Signal))
        }))
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}
