//! The signals that a daemon role reads from a descriptor instead of handling them in a handler.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::sys;

/// A signal that people and scripts send to a role, and the ones a parent sends to its children.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// SIGTERM: shut down in order.
    Term,
    /// SIGINT: as Term, from a terminal.
    Int,
    /// SIGHUP: read the configuration again.
    Hup,
    /// SIGUSR1: role's own meaning.
    Usr1,
    /// SIGUSR2: role's own meaning.
    Usr2,
    /// SIGKILL: only to be sent.
    Kill,
}

impl Signal {
    /// The signals that [`crate::EventLoop::take_signals`] turns into events.
    pub const TAKEN: [Signal; 5] = [Signal::Term, Signal::Int, Signal::Hup, Signal::Usr1, Signal::Usr2];

    pub(crate) const fn number(self) -> i32 {
        match self {
            Signal::Term => libc::SIGTERM,
            Signal::Int => libc::SIGINT,
            Signal::Hup => libc::SIGHUP,
            Signal::Usr1 => libc::SIGUSR1,
            Signal::Usr2 => libc::SIGUSR2,
            Signal::Kill => libc::SIGKILL,
        }
    }

    pub(crate) fn from_number(number: i32) -> Option<Signal> {
        [Signal::Kill].into_iter().chain(Signal::TAKEN).find(|signal| signal.number() == number)
    }

    pub(crate) const fn rustix(self) -> rustix::process::Signal {
        match self {
            Signal::Term => rustix::process::Signal::TERM,
            Signal::Int => rustix::process::Signal::INT,
            Signal::Hup => rustix::process::Signal::HUP,
            Signal::Usr1 => rustix::process::Signal::USR1,
            Signal::Usr2 => rustix::process::Signal::USR2,
            Signal::Kill => rustix::process::Signal::KILL,
        }
    }
}

/// A signalfd with the taken signals blocked in this thread.
pub(crate) struct SignalSource {
    fd: OwnedFd,
}

impl SignalSource {
    pub(crate) fn new() -> io::Result<SignalSource> {
        Ok(SignalSource { fd: sys::signal_descriptor(&Signal::TAKEN.map(Signal::number))? })
    }

    /// The next pending signal, `None` when there is none.
    pub(crate) fn take(&self) -> io::Result<Option<Signal>> {
        while let Some(number) = sys::read_signal(self.fd.as_fd())? {
            if let Some(signal) = Signal::from_number(number) {
                return Ok(Some(signal));
            }
        }
        Ok(None)
    }
}

impl AsFd for SignalSource {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
