//! What the builder of a world and a node's init say to each other: one JSON document a packet.

use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

/// The most bytes of one packet; a request that is longer is refused by the kernel.
pub(crate) const PACKET_BYTES: usize = 64 * 1024;

/// What a node is made of; the argument of the holder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NodeSpec {
    /// Host name.
    pub(crate) name: String,
    /// (what, where): private files and folders put over those of the machine.
    pub(crate) binds: Vec<(PathBuf, PathBuf)>,
}

/// To the init: run a program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Names the run in answers.
    pub(crate) id: u64,
    /// Program and arguments.
    pub(crate) argv: Vec<String>,
    /// The whole environment.
    pub(crate) environment: Vec<(String, String)>,
    /// Where standard output and standard error are appended.
    pub(crate) output: PathBuf,
}

/// From holder and init.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The holder started the init: its number outside the node.
    Init(i32),
    /// Mounts, host name and loopback are in place; whether the node has its own /proc.
    Ready {
        /// False where a container does not allow a fresh /proc.
        own_proc: bool,
    },
    /// The node could not be made.
    Unable(String),
    /// The program runs; its number inside the node.
    Running {
        /// Of the request.
        id: u64,
        /// Inside the node.
        pid: i32,
    },
    /// The program could not be run.
    NotRun {
        /// Of the request.
        id: u64,
        /// Why.
        reason: String,
    },
    /// The program ended: exit code, or 128 + signal.
    Ended {
        /// Of the request.
        id: u64,
        /// As a shell would say it.
        code: i32,
    },
}

/// A pair of connected packet sockets, closed on exec.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Sends one document.
pub(crate) fn send<T: Serialize>(socket: impl AsFd, message: &T) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    rustix::net::send(socket, &bytes, rustix::net::SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives one document; `None` when the other side is gone.
pub(crate) fn receive<T: for<'a> Deserialize<'a>>(socket: impl AsFd) -> io::Result<Option<T>> {
    let mut buffer = vec![0_u8; PACKET_BYTES];
    let (length, _) = loop {
        match rustix::net::recv(&socket, &mut buffer[..], rustix::net::RecvFlags::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other?,
        }
    };
    if length == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(buffer.get(..length).unwrap_or_default())?))
}
