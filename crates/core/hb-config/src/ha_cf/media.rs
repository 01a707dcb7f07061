//! Media: what packets travel over (spec: ha.cf section 3.2).

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

/// Most media a node may have.
pub const MAX_MEDIA: usize = 64;

/// A medium. Its name as a link is [`Medium::link`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Medium {
    /// UDP broadcast on an interface.
    Bcast {
        /// The interface.
        interface: String,
        /// UDP port.
        port: u16,
    },
    /// UDP multicast.
    Mcast {
        /// The interface.
        interface: String,
        /// The multicast group.
        group: Ipv4Addr,
        /// UDP port.
        port: u16,
        /// Time to live of the packets.
        ttl: u8,
        /// Whether our own packets come back to us.
        loopback: bool,
    },
    /// UDP multicast over IPv6.
    Mcast6 {
        /// The interface.
        interface: String,
        /// The multicast group.
        group: Ipv6Addr,
        /// UDP port.
        port: u16,
        /// Hop limit of the packets, 0 to 4.
        hops: u8,
        /// Whether our own packets come back to us.
        loopback: bool,
    },
    /// UDP to one peer.
    Ucast {
        /// The interface.
        interface: String,
        /// The peer as it is written.
        peer: String,
        /// Its address; `None` when a host name was not looked up.
        address: Option<Ipv4Addr>,
        /// UDP port.
        port: u16,
        /// Whether the peer is this host: such a line is received on but not sent to, so that all nodes can
        /// have the same file.
        own: bool,
    },
    /// UDP over IPv6 to one peer.
    Ucast6 {
        /// The interface.
        interface: String,
        /// The peer as it is written.
        peer: String,
        /// UDP port.
        port: u16,
    },
    /// A serial line.
    Serial {
        /// The device.
        device: String,
        /// Bits a second.
        baud: u32,
    },
    /// A host that is pinged, a pseudo-node of its own.
    Ping {
        /// The host as it is written.
        host: String,
    },
    /// As `Ping`, over IPv6.
    Ping6 {
        /// The host as it is written.
        host: String,
    },
    /// Hosts that are pinged and make up one pseudo-node.
    PingGroup {
        /// The pseudo-node's name.
        name: String,
        /// The hosts as they are written, at least one.
        hosts: Vec<String>,
    },
    /// A medium of the original that nobody has: kept by name.
    Rare {
        /// Which.
        kind: MediumKind,
        /// The words of the line.
        words: Vec<String>,
    },
}

/// The kinds of media, by their directives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum MediumKind {
    /// `bcast`
    Bcast,
    /// `mcast`
    Mcast,
    /// `mcast6`
    Mcast6,
    /// `ucast`
    Ucast,
    /// `ucast6`
    Ucast6,
    /// `serial`
    Serial,
    /// `ping`
    Ping,
    /// `ping6`
    Ping6,
    /// `ping_group`
    PingGroup,
    /// `hbaping`
    Hbaping,
    /// `openais`
    Openais,
    /// `rds`
    Rds,
    /// `tipc`
    Tipc,
}

impl MediumKind {
    /// The directive, which is also the kind's name in process titles and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            MediumKind::Bcast => "bcast",
            MediumKind::Mcast => "mcast",
            MediumKind::Mcast6 => "mcast6",
            MediumKind::Ucast => "ucast",
            MediumKind::Ucast6 => "ucast6",
            MediumKind::Serial => "serial",
            MediumKind::Ping => "ping",
            MediumKind::Ping6 => "ping6",
            MediumKind::PingGroup => "ping_group",
            MediumKind::Hbaping => "hbaping",
            MediumKind::Openais => "openais",
            MediumKind::Rds => "rds",
            MediumKind::Tipc => "tipc",
        }
    }
}

impl Medium {
    /// Its kind.
    pub const fn kind(&self) -> MediumKind {
        match self {
            Medium::Bcast { .. } => MediumKind::Bcast,
            Medium::Mcast { .. } => MediumKind::Mcast,
            Medium::Mcast6 { .. } => MediumKind::Mcast6,
            Medium::Ucast { .. } => MediumKind::Ucast,
            Medium::Ucast6 { .. } => MediumKind::Ucast6,
            Medium::Serial { .. } => MediumKind::Serial,
            Medium::Ping { .. } => MediumKind::Ping,
            Medium::Ping6 { .. } => MediumKind::Ping6,
            Medium::PingGroup { .. } => MediumKind::PingGroup,
            Medium::Rare { kind, .. } => *kind,
        }
    }

    /// The link's name in the API and in `cl_status`: interface, device, host or group name.
    pub fn link(&self) -> &str {
        match self {
            Medium::Bcast { interface, .. }
            | Medium::Mcast { interface, .. }
            | Medium::Mcast6 { interface, .. }
            | Medium::Ucast { interface, .. }
            | Medium::Ucast6 { interface, .. } => interface,
            Medium::Serial { device, .. } => device,
            Medium::Ping { host } | Medium::Ping6 { host } => host,
            Medium::PingGroup { name, .. } => name,
            Medium::Rare { words, .. } => words.first().map_or("", String::as_str),
        }
    }

    /// Whether this version can send and receive on it.
    pub const fn is_supported(&self) -> bool {
        matches!(self, Medium::Bcast { .. } | Medium::Mcast { .. } | Medium::Ucast { .. })
    }
}
