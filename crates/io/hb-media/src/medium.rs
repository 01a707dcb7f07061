//! What every medium offers, and what opening one gives.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use thiserror::Error;

use crate::holder::Holder;

/// Longest datagram that UDP over IPv4 carries (spec: wire limits).
pub const MAX_DATAGRAM_BYTES: usize = 65_507;

/// A way to the other nodes: one `ucast`, `mcast` or `bcast` entry of `ha.cf`.
///
/// After the original's entry points: parsing is the configuration's, reading and writing is the children's.
pub trait Medium {
    /// The directive: `ucast`, `mcast`, `bcast`.
    fn mtype(&self) -> &'static str;
    /// What messages about the directive call it, such as `UDP/IP broadcast`.
    fn description(&self) -> &'static str;
    /// The link's name: the interface. Two media on one interface have the same name.
    fn link(&self) -> &str;
    /// Whether a pseudo-node answers instead of other nodes.
    fn is_ping(&self) -> bool {
        false
    }
    /// Opens the sockets. For the master as root; the children only use them.
    ///
    /// # Errors
    /// Says what is wrong with the interface or who holds the port. Nothing stays open then.
    fn open(&self) -> Result<Opened, OpenError>;
}

/// The sockets of a medium. Blocking; every user passes MSG_DONTWAIT where it must not wait.
#[derive(Debug)]
pub struct Opened {
    /// Datagrams arrive here, with the kernel's receive time.
    pub receive: OwnedFd,
    /// Frames leave here. Those that come back to this node (echoes) are not received, where the kernel allows that.
    pub send: OwnedFd,
    /// On a medium that loops: echoes of frames sent here are received.
    pub send_heard: Option<OwnedFd>,
    /// Where they go.
    pub to: SocketAddrV4,
}

/// Why a medium cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// No such interface.
    #[error("interface {device} does not exist")]
    NoDevice {
        /// The interface.
        device: String,
    },
    /// The interface has no IPv4 address.
    #[error("interface {device} has no IPv4 address")]
    NoAddress {
        /// The interface.
        device: String,
    },
    /// The interface has no broadcast address configured.
    #[error("interface {device} has no broadcast address; without one the nodes cannot hear each other")]
    NoBroadcast {
        /// The interface.
        device: String,
    },
    /// The group is not in 224.0.0.0/4.
    #[error("{group} is not a multicast group")]
    NotAGroup {
        /// What was given.
        group: Ipv4Addr,
    },
    /// Another program holds the UDP port without sharing it.
    #[error("UDP port {port} is taken{}", .holder.as_ref().map_or_else(String::new, |by| format!(" by {by}")))]
    PortTaken {
        /// The port.
        port: u16,
        /// Who, where we can see that.
        holder: Option<Holder>,
    },
    /// The process lacks the right: a port below 1024, or binding to an interface.
    #[error("no permission for {what} on {device}")]
    NoPermission {
        /// The interface.
        device: String,
        /// What was refused.
        what: &'static str,
    },
    /// The kernel's reason.
    #[error("{what} on {device}: {error}")]
    Io {
        /// The interface.
        device: String,
        /// What was refused.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
}
