//! The few system calls that neither the standard library nor rustix offers safely.
//! Everything unsafe that this crate needs to build a world stands here.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The descriptor under which a lab process finds its socket to whoever started it.
pub(crate) const CONTROL_FD: RawFd = 3;

/// The namespaces of a node: its own network, mounts, host name, System V objects and processes.
pub(crate) const NODE_NAMESPACES: libc::c_int =
    libc::CLONE_NEWNET | libc::CLONE_NEWNS | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC | libc::CLONE_NEWPID;

fn checked(rc: libc::c_int) -> io::Result<()> {
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn path_text(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

/// Leaves the namespaces of the caller for new ones. A new user namespace needs a process of one thread.
pub(crate) fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: no pointer is passed; the flags used here share no memory or descriptor table anew.
    checked(unsafe { libc::unshare(flags) })
}

/// Moves the calling thread into a network namespace.
pub(crate) fn enter_network(namespace: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is borrowed, thus open; only the calling thread moves.
    checked(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) })
}

/// `mount(2)` with empty data.
pub(crate) fn mount(source: &Path, target: &Path, kind: &str, flags: libc::c_ulong) -> io::Result<()> {
    let (source, target) = (path_text(source)?, path_text(target)?);
    let kind = CString::new(kind).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    // SAFETY: the three strings live until the call returns, data may be null.
    checked(unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, std::ptr::null()) })
}

/// Names the machine of the calling UTS namespace.
pub(crate) fn set_host_name(name: &str) -> io::Result<()> {
    // SAFETY: pointer and length are those of one live string.
    checked(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) })
}

/// Has the kernel kill the caller when the thread that started it ends.
pub(crate) fn die_with_parent() -> io::Result<()> {
    // SAFETY: plain integers.
    checked(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) })
}

/// What `fork` told the caller.
pub(crate) enum Forked {
    /// The caller is the new process.
    Child,
    /// The caller is the old one; the number of the new one.
    Parent(libc::pid_t),
}

/// Duplicates a process of a single thread.
pub(crate) fn fork() -> io::Result<Forked> {
    // SAFETY: only called by holder and service, which start no thread, so no lock is held by another.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent(pid)),
    }
}

/// A descriptor for a process, readable once that process has ended.
pub(crate) fn pidfd(pid: libc::pid_t) -> io::Result<OwnedFd> {
    // SAFETY: plain integers; the result is a fresh descriptor owned by nobody else.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = RawFd::try_from(fd).map_err(|_| io::Error::last_os_error())?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sends a signal to the very process that the descriptor stands for.
pub(crate) fn signal_pidfd(process: BorrowedFd<'_>, signal: libc::c_int) -> io::Result<()> {
    // SAFETY: the descriptor is open; a null siginfo means an ordinary signal.
    let rc = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), signal, std::ptr::null::<u8>(), 0)
    };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Blocks SIGCHLD and hands out a descriptor that becomes readable when a child ended.
pub(crate) fn child_signals() -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised by sigemptyset before use; the result is a fresh descriptor.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        checked(libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()))?;
        let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

/// For use between fork and exec: an own session, and no signal blocked.
pub(crate) fn fresh_session() -> io::Result<()> {
    // SAFETY: both calls are async-signal-safe, the set is initialised before use.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        checked(libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut()))?;
        if libc::setsid() < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// Leaves the session and the standard streams of whoever started this process.
pub(crate) fn detach() -> io::Result<()> {
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    // SAFETY: plain integers; the descriptor of the null device is open.
    unsafe {
        if libc::setsid() < 0 {
            return Err(io::Error::last_os_error());
        }
        for stream in 0..=2 {
            if libc::dup2(null.as_raw_fd(), stream) < 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(())
}

/// For use between fork and exec: makes `fd` the control descriptor of the program to come.
pub(crate) fn become_control(fd: RawFd) -> io::Result<()> {
    // SAFETY: plain integers; dup2 clears close-on-exec on the copy, fcntl does when they are equal.
    let rc = unsafe {
        if fd == CONTROL_FD { libc::fcntl(fd, libc::F_SETFD, 0) } else { libc::dup2(fd, CONTROL_FD) }
    };
    if rc < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Takes over the control descriptor that [`become_control`] left for this program.
pub(crate) fn control_descriptor() -> io::Result<OwnedFd> {
    // SAFETY: called once, first thing in a lab process; fcntl proves that the descriptor is open.
    unsafe {
        checked(libc::fcntl(CONTROL_FD, libc::F_SETFD, libc::FD_CLOEXEC))?;
        Ok(OwnedFd::from_raw_fd(CONTROL_FD))
    }
}

/// A socket for whole packets at one interface of the caller's network: it hears what arrives there
/// and not what leaves, and sends as if the interface did. A promiscuous one also hears what is
/// addressed to others.
pub(crate) fn packet_socket(interface: u32, promiscuous: bool) -> io::Result<OwnedFd> {
    let all = u16::try_from(libc::ETH_P_ALL).unwrap_or_default().to_be();
    let index = libc::c_int::try_from(interface).map_err(io::Error::other)?;
    // SAFETY: the structures are plain data of which all bytes zero is a value, they outlive the
    // calls that read them with their own sizes, and the fresh descriptor is owned by nobody else.
    unsafe {
        let fd = libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        let socket = OwnedFd::from_raw_fd(fd);
        let incoming: libc::c_int = 1;
        set_packet_option(fd, libc::PACKET_IGNORE_OUTGOING, &incoming)?;
        if promiscuous {
            let mut member: libc::packet_mreq = std::mem::zeroed();
            member.mr_ifindex = index;
            member.mr_type = u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or_default();
            set_packet_option(fd, libc::PACKET_ADD_MEMBERSHIP, &member)?;
        }
        let mut address: libc::sockaddr_ll = std::mem::zeroed();
        address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or_default();
        address.sll_protocol = all;
        address.sll_ifindex = index;
        let length = size_of_val(&address);
        let length = libc::socklen_t::try_from(length).map_err(io::Error::other)?;
        checked(libc::bind(fd, (&raw const address).cast(), length))?;
        Ok(socket)
    }
}

/// # Safety
/// `T` is what the kernel expects for the option.
unsafe fn set_packet_option<T>(fd: RawFd, option: libc::c_int, value: &T) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
    // SAFETY: value and length are those of one live object; the caller vouches for its type.
    checked(unsafe {
        libc::setsockopt(fd, libc::SOL_PACKET, option, std::ptr::from_ref(value).cast(), length)
    })
}

/// Reaps one child that has ended, if any: its number and its raw wait status.
pub(crate) fn reap() -> Option<(libc::pid_t, libc::c_int)> {
    let mut status = 0;
    // SAFETY: the status outlives the call.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    (pid > 0).then_some((pid, status))
}

/// Round-robin realtime scheduling for the calling thread; refused without the privilege.
pub(crate) fn realtime(priority: libc::c_int) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: the parameters outlive the call; 0 is the calling thread.
    checked(unsafe { libc::sched_setscheduler(0, libc::SCHED_RR, &raw const parameters) })
}

/// The least delay of timers for the calling thread.
pub(crate) fn least_timer_slack() {
    // SAFETY: plain integers; failure only means coarser timers.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1, 0, 0, 0) };
}

/// CPU time that the process has used, in ticks of this many a second.
pub(crate) fn ticks_per_second() -> u64 {
    // SAFETY: plain integer.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100)
}
