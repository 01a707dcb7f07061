//! Where clients on this machine connect.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode, fchmod};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, listen, socket_with,
};
use thiserror::Error;

use crate::sys;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 128;

/// Who is at the other end, as the kernel knows it: the process that connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Its process id; 0 when it is in a process-id namespace that we do not see.
    pub pid: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

/// Why there is no control socket.
#[derive(Debug, Error)]
pub enum ListenerError {
    /// Somebody listens there: the daemon runs already.
    #[error("{} is in use: the daemon runs already", path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something that is not a socket is there. It is left alone.
    #[error("{} is in the way: not a socket", path.display())]
    InTheWay {
        /// What is there.
        path: PathBuf,
    },
    /// The kernel's reason.
    #[error("{}: {error}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A listening socket at a path. The path is removed when it is dropped.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    path: PathBuf,
    /// Given up to be able to refuse a connection when there are no descriptors left.
    spare: Option<OwnedFd>,
}

impl Listener {
    /// Listens at `path` with permissions `mode` (such as 0o660) and group `gid` if given. A socket left over by a
    /// daemon that died is replaced. Never is the path open to more than `mode` says.
    ///
    /// # Errors
    /// When somebody listens there already, something else is there, or the kernel refuses.
    pub fn bind(path: &Path, mode: u32, gid: Option<u32>) -> Result<Listener, ListenerError> {
        let failed = |error: io::Error| ListenerError::Io { path: path.to_owned(), error };
        remove_stale(path)?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
            .map_err(|error| failed(error.into()))?;
        let address = SocketAddrUnix::new(path).map_err(|error| failed(error.into()))?;
        // The path is created with the mode that the socket has now.
        fchmod(&fd, Mode::RUSR | Mode::WUSR).map_err(|error| failed(error.into()))?;
        bind(&fd, &address).map_err(|error| failed(error.into()))?;
        let listener = Listener { fd, path: path.to_owned(), spare: spare() };
        if let Some(gid) = gid {
            rustix::fs::chown(path, None, Some(Gid::from_raw(gid))).map_err(|error| failed(error.into()))?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed)?;
        listen(&listener.fd, BACKLOG).map_err(|error| failed(error.into()))?;
        Ok(listener)
    }

    /// The next connection that waits, `None` when there is none.
    ///
    /// # Errors
    /// When there are no descriptors left, this process's or the machine's: the connection was closed, so that its
    /// client knows and this socket does not stay readable for ever.
    pub fn accept(&mut self) -> io::Result<Option<(OwnedFd, Peer)>> {
        use rustix::io::Errno;
        loop {
            match accept_with(&self.fd, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok(fd) => {
                    let (pid, uid, gid) = sys::peer_credentials(fd.as_fd())?;
                    let peer = Peer { pid, uid, gid };
                    return Ok(Some((fd, peer)));
                }
                Err(Errno::AGAIN) => return Ok(None),
                // It was given up before we came to it, or a signal came.
                Err(Errno::CONNABORTED | Errno::INTR) => {}
                Err(error @ (Errno::MFILE | Errno::NFILE)) => {
                    self.refuse();
                    return Err(error.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Accepts a connection in the place of the spare descriptor, and closes it.
    fn refuse(&mut self) {
        self.spare = None;
        let refused = accept_with(&self.fd, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK);
        drop(refused);
        self.spare = spare();
    }
}

/// A descriptor of no use, to have one when there is none.
fn spare() -> Option<OwnedFd> {
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
    rustix::fs::open("/dev/null", flags, Mode::empty()).ok()
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _already_gone = fs::remove_file(&self.path);
    }
}

fn remove_stale(path: &Path) -> Result<(), ListenerError> {
    let failed = |error: io::Error| ListenerError::Io { path: path.to_owned(), error };
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if !kind.is_socket() {
        return Err(ListenerError::InTheWay { path: path.to_owned() });
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        // Gone in the meantime.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Somebody answers, or may answer once we are allowed to ask or its backlog is shorter.
        Ok(_) | Err(_) => Err(ListenerError::InUse { path: path.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    fn wait_for(listener: &mut Listener) -> (OwnedFd, Peer) {
        let mut fds = [rustix::event::PollFd::new(&*listener, rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut fds, None).unwrap();
        listener.accept().unwrap().expect("a connection")
    }

    #[test]
    fn a_client_is_known_by_the_kernel_not_by_what_it_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control");
        let mut listener = Listener::bind(&path, 0o660, None).unwrap();
        assert!(listener.accept().unwrap().is_none());
        let _client = UnixStream::connect(&path).unwrap();
        let (_fd, peer) = wait_for(&mut listener);
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        assert_eq!(peer, Peer { pid: std::process::id(), uid, gid });
    }

    #[test]
    fn permissions_are_as_asked() {
        let dir = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o660, 0o666] {
            let path = dir.path().join(format!("{mode:o}"));
            let gid = rustix::process::getegid().as_raw();
            let _listener = Listener::bind(&path, mode, Some(gid)).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_left_over_socket_is_replaced_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let listener = Listener::bind(&path, 0o600, None).unwrap();
        assert!(matches!(Listener::bind(&path, 0o600, None), Err(ListenerError::InUse { .. })));
        UnixStream::connect(&path).unwrap();
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn other_files_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control");
        fs::write(&path, "precious").unwrap();
        assert!(matches!(Listener::bind(&path, 0o600, None), Err(ListenerError::InTheWay { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
