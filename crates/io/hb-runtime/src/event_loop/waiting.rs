//! Waiting in the kernel with nanosecond deadlines.
//!
//! Near deadlines go to `epoll_pwait2` as a timeout: no call besides the wait itself. The kernel widens such a timeout
//! by a thousandth for processes at ordinary priority, so deadlines farther away than [`NEAR`] are kept by
//! a timerfd, which has the process's own timer slack. Before Linux 5.11 the timerfd keeps all of them.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use hb_base::Instant;
use rustix::event::epoll;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use super::sources::Token;
use super::{Interest, Ready};
use crate::sys::{self, EpollChange, Waited};

/// Deadlines at most this far away are waited for by timeout.
const NEAR: Duration = Duration::from_millis(20);

const SIGNALS: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;

pub(super) struct Waiter {
    epoll: OwnedFd,
    timer: OwnedFd,
    /// What the timerfd is set to.
    armed: Option<Instant>,
    has_pwait2: bool,
    signal_ready: bool,
    waited: Box<Waited>,
}

fn events(interest: Interest) -> u32 {
    let (read, write) = (libc::EPOLLIN | libc::EPOLLRDHUP, libc::EPOLLOUT);
    (match interest {
        Interest::Nothing => 0,
        Interest::Read => read,
        Interest::Write => write,
        Interest::Both => read | write,
    }) as u32
}

fn ready(events: u32) -> Ready {
    let has = |bits: i32| events & bits as u32 != 0;
    Ready {
        readable: has(libc::EPOLLIN),
        writable: has(libc::EPOLLOUT),
        closed: has(libc::EPOLLHUP | libc::EPOLLERR | libc::EPOLLRDHUP),
    }
}

impl Waiter {
    pub(super) fn new() -> io::Result<Waiter> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        // Edge-triggered: an expiry is reported once and never has to be read.
        let edge = (libc::EPOLLIN | libc::EPOLLET) as u32;
        let change = EpollChange::Add { events: edge, data: TIMER };
        sys::epoll_change(epoll.as_fd(), timer.as_raw_fd(), change)?;
        let waited = Box::new(Waited::new());
        Ok(Waiter { epoll, timer, armed: None, has_pwait2: true, signal_ready: false, waited })
    }

    pub(super) fn add_signals(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        let read = EpollChange::Add { events: libc::EPOLLIN as u32, data: SIGNALS };
        sys::epoll_change(self.epoll.as_fd(), fd.as_raw_fd(), read)
    }

    pub(super) fn add(&self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        let change = EpollChange::Add { events: events(interest), data: token.0 };
        sys::epoll_change(self.epoll.as_fd(), fd.as_raw_fd(), change)
    }

    pub(super) fn modify(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let change = EpollChange::Modify { events: events(interest), data: token.0 };
        sys::epoll_change(self.epoll.as_fd(), fd, change)
    }

    /// A descriptor that was closed without being removed is not in the kernel's list any more: nothing to do then.
    pub(super) fn remove(&self, fd: RawFd) {
        let _gone = sys::epoll_change(self.epoll.as_fd(), fd, EpollChange::Remove);
    }

    /// Whether a signal was seen by the last look; once.
    pub(super) fn take_signal_ready(&mut self) -> bool {
        core::mem::take(&mut self.signal_ready)
    }

    /// Waits until something is ready or `deadline` has come, and reports what is ready.
    pub(super) fn wait(
        &mut self,
        now: Instant,
        deadline: Option<Instant>,
        mut found: impl FnMut(Token, Ready),
    ) -> io::Result<()> {
        self.sleep(now, deadline)?;
        self.signal_ready = false;
        for (events, data) in self.waited.iter() {
            match data {
                SIGNALS => self.signal_ready = true,
                TIMER => self.armed = None,
                token => found(Token(token), ready(events)),
            }
        }
        Ok(())
    }

    fn sleep(&mut self, now: Instant, deadline: Option<Instant>) -> io::Result<()> {
        let Some(deadline) = deadline else {
            return sys::epoll_wait_plain(self.epoll.as_fd(), &mut self.waited, true);
        };
        if deadline <= now {
            return sys::epoll_wait_plain(self.epoll.as_fd(), &mut self.waited, false);
        }
        let left = deadline.since(now);
        if self.has_pwait2 && left <= NEAR {
            let nanos = u64::try_from(left.as_nanos()).unwrap_or(u64::MAX);
            match sys::epoll_wait_nanos(self.epoll.as_fd(), &mut self.waited, Some(nanos)) {
                Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => self.has_pwait2 = false,
                other => return other,
            }
        }
        // A timer that is set too early costs one needless wake-up later, less than setting it anew each time.
        if self.armed.is_none_or(|at| at > deadline) {
            self.arm(deadline)?;
        }
        sys::epoll_wait_plain(self.epoll.as_fd(), &mut self.waited, true)
    }

    fn arm(&mut self, deadline: Instant) -> io::Result<()> {
        let nanos = deadline.as_nanos();
        let value = Timespec {
            tv_sec: i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (nanos % 1_000_000_000) as _,
        };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &once)?;
        self.armed = Some(deadline);
        Ok(())
    }
}
