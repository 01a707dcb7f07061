//! The executor's sockets: the channel to its master, and the one where a returning master finds it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hb_lrm::channel::Request;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect,
    listen, recv, send, socket_with, sockopt,
};

/// Largest packet: an operation with all its parameters fits many times.
pub(crate) const PACKET_BYTES: usize = 256 * 1024;

/// What came out of one read of the channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Packet {
    Request,
    Nothing,
    Closed,
}

/// Reads one packet into `buffer`, which keeps its room for the next one.
pub(crate) fn receive(channel: impl AsFd, buffer: &mut Vec<u8>) -> Packet {
    buffer.resize(PACKET_BYTES, 0);
    loop {
        return match recv(&channel, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((0, _)) => Packet::Closed,
            Ok((count, _)) => {
                buffer.truncate(count);
                Packet::Request
            }
            Err(Errno::AGAIN) => Packet::Nothing,
            Err(Errno::INTR) => continue,
            Err(_) => Packet::Closed,
        };
    }
}

/// Whether the packet went; `Ok(false)` means later.
pub(crate) fn transmit(channel: impl AsFd, packet: &[u8]) -> io::Result<bool> {
    loop {
        return match send(&channel, packet, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(_) => Ok(true),
            Err(Errno::AGAIN | Errno::NOBUFS) => Ok(false),
            Err(Errno::INTR) => continue,
            Err(error) => Err(error.into()),
        };
    }
}

/// Where a returning master connects. The path goes with it.
#[derive(Debug)]
pub(crate) struct Door {
    fd: OwnedFd,
    path: PathBuf,
    inode: u64,
}

impl Door {
    /// Opens the socket for this user alone. An executor that still listens there is asked to retire first.
    pub(crate) fn open(path: &Path) -> io::Result<Door> {
        if retire_executor(path)? || path.exists() {
            std::fs::remove_file(path).or_else(ignore_absent)?;
        }
        let fd = socket_with(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )?;
        // The path gets the mode that the socket has now.
        rustix::fs::fchmod(&fd, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)?;
        bind(&fd, &SocketAddrUnix::new(path)?)?;
        listen(&fd, 4)?;
        let inode = std::fs::symlink_metadata(path)?.ino();
        Ok(Door { fd, path: path.to_owned(), inode })
    }

    /// The next one who waits, with its user and process id.
    pub(crate) fn accept(&self) -> Option<(OwnedFd, u32, u32)> {
        let fd = accept_with(&self.fd, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).ok()?;
        let peer = sockopt::socket_peercred(&fd).ok()?;
        Some((fd, peer.uid.as_raw(), peer.pid.as_raw_nonzero().get().cast_unsigned()))
    }
}

impl AsFd for Door {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // A successor may have opened its own under the same name: that one stays.
        if std::fs::symlink_metadata(&self.path).is_ok_and(|there| there.ino() == self.inode) {
            let _already_gone = std::fs::remove_file(&self.path);
        }
    }
}

fn ignore_absent(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Connects to an executor that listens at `path`; `None` when nobody does. The result is a master's end of a
/// channel: the executor's first packet tells what is active, running and finished.
///
/// # Errors
/// When the socket is there and cannot be used.
pub fn call_executor(path: &Path) -> io::Result<Option<OwnedFd>> {
    let fd = socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?;
    match connect(&fd, &SocketAddrUnix::new(path)?) {
        Ok(()) => Ok(Some(fd)),
        Err(Errno::NOENT | Errno::CONNREFUSED) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Asks an executor that listens at `path` to release its addresses and to end; `false` when nobody listens.
///
/// # Errors
/// When the socket is there and cannot be used.
pub fn retire_executor(path: &Path) -> io::Result<bool> {
    let Some(fd) = call_executor(path)? else { return Ok(false) };
    let packet = Request::Retire.encode().map_err(|error| io::Error::other(error.to_string()))?;
    transmit(&fd, &packet)?;
    // It says nothing more but closes; one that hangs is not waited for.
    let mut buffer = Vec::new();
    let end = Instant::now() + RETIREMENT;
    while receive(&fd, &mut buffer) != Packet::Closed {
        let left = end.saturating_duration_since(Instant::now());
        let limit = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        if left.is_zero() || poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&limit)).is_err() {
            break;
        }
    }
    Ok(true)
}

/// How long a successor waits for the one before it.
const RETIREMENT: Duration = Duration::from_secs(1);
