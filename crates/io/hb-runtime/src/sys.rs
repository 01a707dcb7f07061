//! System calls that rustix does not offer. The only unsafe code of this crate besides `child`'s fork hook.

use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// What `epoll_ctl` is asked to do.
#[derive(Clone, Copy)]
pub(crate) enum EpollChange {
    Add { events: u32, data: u64 },
    Modify { events: u32, data: u64 },
    Remove,
}

/// Changes the interest list. `fd` may be stale: the kernel answers EBADF or ENOENT then.
pub(crate) fn epoll_change(epoll: BorrowedFd<'_>, fd: RawFd, change: EpollChange) -> io::Result<()> {
    let (op, events, data) = match change {
        EpollChange::Add { events, data } => (libc::EPOLL_CTL_ADD, events, data),
        EpollChange::Modify { events, data } => (libc::EPOLL_CTL_MOD, events, data),
        EpollChange::Remove => (libc::EPOLL_CTL_DEL, 0, 0),
    };
    let mut event = libc::epoll_event { events, u64: data };
    // SAFETY: `event` is a valid epoll_event for the whole call; the kernel only reads it.
    check(unsafe { libc::epoll_ctl(epoll.as_raw_fd(), op, fd, &raw mut event) }).map(|_| ())
}

/// Most events a single wait returns.
pub(crate) const WAIT_EVENTS: usize = 64;

/// Readiness words and data of one wait.
pub(crate) struct Waited {
    events: [libc::epoll_event; WAIT_EVENTS],
    count: usize,
}

impl Waited {
    pub(crate) fn new() -> Waited {
        Waited { events: [libc::epoll_event { events: 0, u64: 0 }; WAIT_EVENTS], count: 0 }
    }

    /// (readiness, data) of each event.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.events.iter().take(self.count).map(|event| (event.events, event.u64))
    }
}

/// `epoll_pwait2`: timeout in nanoseconds, `None` waits for ever. ENOSYS before Linux 5.11.
pub(crate) fn epoll_wait_nanos(
    epoll: BorrowedFd<'_>,
    waited: &mut Waited,
    timeout_nanos: Option<u64>,
) -> io::Result<()> {
    waited.count = 0;
    let timeout = timeout_nanos.map(|nanos| libc::timespec {
        tv_sec: (nanos / 1_000_000_000) as libc::time_t,
        tv_nsec: (nanos % 1_000_000_000) as libc::c_long,
    });
    let timeout_ptr = timeout.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
    // SAFETY: the event array holds WAIT_EVENTS entries; the timespec, if any, lives until the call returns; a null
    // signal mask leaves the mask alone.
    let count = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            epoll.as_raw_fd(),
            waited.events.as_mut_ptr(),
            WAIT_EVENTS as libc::c_int,
            timeout_ptr,
            core::ptr::null::<libc::sigset_t>(),
            0usize,
        )
    };
    waited.finish(count)
}

/// `epoll_wait` without a timeout of its own: at once, or for ever.
pub(crate) fn epoll_wait_plain(epoll: BorrowedFd<'_>, waited: &mut Waited, block: bool) -> io::Result<()> {
    waited.count = 0;
    let timeout = if block { -1 } else { 0 };
    // SAFETY: the event array holds WAIT_EVENTS entries.
    let count = unsafe {
        libc::epoll_wait(epoll.as_raw_fd(), waited.events.as_mut_ptr(), WAIT_EVENTS as libc::c_int, timeout)
    };
    waited.finish(libc::c_long::from(count))
}

impl Waited {
    /// Takes over the kernel's count. Being interrupted is the same as nothing having happened.
    fn finish(&mut self, count: libc::c_long) -> io::Result<()> {
        match usize::try_from(count) {
            Ok(count) => {
                self.count = count.min(WAIT_EVENTS);
                Ok(())
            }
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => Ok(()),
                error => Err(error),
            },
        }
    }
}

/// Blocks `signals` in this thread and returns a non-blocking descriptor that reads them.
pub(crate) fn signal_descriptor(signals: &[i32]) -> io::Result<OwnedFd> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set before anything reads it; all pointers are to live locals; the
    // descriptor that signalfd returns is new and nobody else's.
    unsafe {
        check(libc::sigemptyset(set.as_mut_ptr()))?;
        for signal in signals {
            check(libc::sigaddset(set.as_mut_ptr(), *signal))?;
        }
        let errno = libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), core::ptr::null_mut());
        if errno != 0 {
            return Err(io::Error::from_raw_os_error(errno));
        }
        let fd = check(libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// Reads one pending signal's number from a signal descriptor.
pub(crate) fn read_signal(fd: BorrowedFd<'_>) -> io::Result<Option<i32>> {
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = size_of::<libc::signalfd_siginfo>();
    // SAFETY: the buffer is `size` bytes long; it is looked at only when the kernel filled all of it.
    let read = unsafe { libc::read(fd.as_raw_fd(), info.as_mut_ptr().cast(), size) };
    if read < 0 {
        let error = io::Error::last_os_error();
        return match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        };
    }
    if usize::try_from(read) != Ok(size) {
        return Ok(None);
    }
    // SAFETY: all bytes were written by the kernel, and every bit pattern is a valid signalfd_siginfo.
    let info = unsafe { info.assume_init() };
    Ok(i32::try_from(info.ssi_signo).ok())
}

/// Round-robin scheduling at `priority` that children do not inherit, or ordinary scheduling for `None`.
pub(crate) fn schedule(priority: Option<i32>) -> io::Result<()> {
    // The flag stays also without a priority: to take it away once set needs a right that a child has given up.
    let (policy, sched_priority) = match priority {
        Some(priority) => (libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, priority),
        None => (libc::SCHED_OTHER | libc::SCHED_RESET_ON_FORK, 0),
    };
    let param = libc::sched_param { sched_priority };
    // SAFETY: `param` is a valid sched_param that the kernel only reads; 0 means the calling thread.
    check(unsafe { libc::sched_setscheduler(0, policy, &raw const param) }).map(|_| ())
}

static CPU_LIMIT_HIT: AtomicBool = AtomicBool::new(false);

extern "C" fn on_cpu_limit(_signal: libc::c_int) {
    // Only async-signal-safe things here: an atomic store and one system call.
    CPU_LIMIT_HIT.store(true, Ordering::Relaxed);
    let _ = schedule(None);
}

/// From now on SIGXCPU takes the realtime priority away instead of the process.
pub(crate) fn demote_on_cpu_limit() -> io::Result<()> {
    // SAFETY: an all-zero sigaction is valid (no flags, empty mask); the handler has the signature that a handler
    // without SA_SIGINFO needs and does only async-signal-safe things.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = on_cpu_limit as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        check(libc::sigaction(libc::SIGXCPU, &raw const action, core::ptr::null_mut())).map(|_| ())
    }
}

/// Whether the CPU guard took the realtime priority away since the last call.
pub(crate) fn take_cpu_limit_hit() -> bool {
    CPU_LIMIT_HIT.swap(false, Ordering::Relaxed)
}

/// Sets the allocator up for a small single-threaded daemon: one arena, the heap is kept once it has grown, large
/// buffers come as fresh pages of their own.
pub(crate) fn tune_allocator() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt only changes parameters of the allocator; a refused one is ignored.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 8 << 20);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 << 10);
    }
}

/// Removes and returns an environment variable.
///
/// Only [`crate::Inherited::take`] calls this, as the first thing a process does.
pub(crate) fn take_env(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name)?;
    // SAFETY: called at the start of `main`, before the process has a second thread that could read the environment.
    unsafe { std::env::remove_var(name) };
    Some(value)
}

/// Takes ownership of a descriptor that the parent left open for us and closes it on exec from now on.
pub(crate) fn adopt_descriptor(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: fcntl with F_SETFD on a number that may be stale fails with EBADF and does nothing else.
    check(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: the descriptor is open (checked above), was left open by the parent for this process, and each number
    // is adopted once: `Inherited` removes it from its list.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Blocks no signal any more. For the moment between fork and exec: async-signal-safe. The standard library hands our
/// mask down to children, which would make them deaf to SIGTERM.
pub(crate) fn unblock_signals() -> io::Result<()> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set before pthread_sigmask reads it.
    let errno = unsafe {
        check(libc::sigemptyset(set.as_mut_ptr()))?;
        libc::pthread_sigmask(libc::SIG_SETMASK, set.as_ptr(), core::ptr::null_mut())
    };
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

/// Marks every descriptor above standard error to be closed at exec, also those that this process itself inherited from
/// whoever started it. For the moment between fork and exec: async-signal-safe. Without effect before Linux 5.11.
pub(crate) fn close_others_at_exec() {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    // SAFETY: only sets a flag on this process's descriptors; an unknown call or flag changes nothing.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3 as libc::c_uint, libc::c_uint::MAX, CLOSE_RANGE_CLOEXEC)
    };
}

/// Leaves `fd` open across exec. For the moment between fork and exec: async-signal-safe.
pub(crate) fn keep_across_exec(fd: RawFd) -> io::Result<()> {
    // SAFETY: as above, a stale number does no harm.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, 0) }).map(|_| ())
}
