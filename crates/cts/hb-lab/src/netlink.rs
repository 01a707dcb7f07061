//! Bridges, veth pairs and addresses, asked of the kernel directly: a machine needs no `ip` program.
//!
//! Every call acts in the network namespace of the calling thread.

use crate::error::{Attempt, LabError, Result, failed};
use netlink_packet_core::{
    DefaultNla, NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    InfoBridge, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

/// `IFLA_PROTINFO` with one byte: the state of a bridge's port.
const PROTOCOL_INFO: u16 = 12;
const PORT_DISABLED: u8 = 0;
const PORT_FORWARDING: u8 = 3;
const ANSWER_BYTES: usize = 16 * 1024;

/// Sends one request and awaits its acknowledgement, or the first object when one was asked for.
fn request(message: RouteNetlinkMessage, flags: u16, what: &str) -> Result<Option<RouteNetlinkMessage>> {
    let mut socket = Socket::new(NETLINK_ROUTE).attempt("open a netlink socket")?;
    socket.bind_auto().attempt("bind a netlink socket")?;
    socket.connect(&SocketAddr::new(0, 0)).attempt("connect a netlink socket")?;
    let mut packet = NetlinkMessage::from(message);
    packet.header.flags = NLM_F_REQUEST | flags;
    packet.finalize();
    let mut bytes = vec![0; packet.buffer_len()];
    packet.serialize(&mut bytes);
    socket.send(&bytes, 0).attempt(what)?;
    let mut answer = Vec::with_capacity(ANSWER_BYTES);
    socket.recv(&mut answer, 0).attempt(what)?;
    let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer)
        .map_err(|e| LabError::Failed(format!("{what}: unreadable netlink answer: {e}")))?;
    match answer.payload {
        NetlinkPayload::Error(error) if error.code.is_some() => Err(error.to_io()).attempt(what),
        NetlinkPayload::Error(_) => Ok(None),
        NetlinkPayload::InnerMessage(message) => Ok(Some(message)),
        other => failed(format!("{what}: unexpected netlink answer {other:?}")),
    }
}

fn create_link(message: LinkMessage, what: &str) -> Result<()> {
    request(RouteNetlinkMessage::NewLink(message), NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, what).map(drop)
}

/// Creates a bridge that forwards at once and does not snoop on multicast.
///
/// # Errors
/// The kernel's refusal.
pub(crate) fn create_bridge(name: &str) -> Result<()> {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::IfName(name.into()));
    message.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::Bridge),
        LinkInfo::Data(InfoData::Bridge(vec![
            InfoBridge::ForwardDelay(0),
            InfoBridge::MulticastSnooping(false),
        ])),
    ]));
    create_link(message, &format!("make the bridge {name}"))
}

/// One end of a cable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CableEnd<'a> {
    /// Interface name.
    pub(crate) name: &'a str,
    /// Hardware address.
    pub(crate) hardware: [u8; 6],
}

/// Creates a veth pair: `near` in the namespace of the caller, `far` in another one.
///
/// # Errors
/// The kernel's refusal.
pub(crate) fn create_cable(
    near: &CableEnd<'_>,
    far: &CableEnd<'_>,
    far_namespace: BorrowedFd<'_>,
) -> Result<()> {
    let mut peer = LinkMessage::default();
    peer.attributes.push(LinkAttribute::IfName(far.name.into()));
    peer.attributes.push(LinkAttribute::Address(far.hardware.to_vec()));
    peer.attributes.push(LinkAttribute::NetNsFd(far_namespace.as_raw_fd()));
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::IfName(near.name.into()));
    message.attributes.push(LinkAttribute::Address(near.hardware.to_vec()));
    message.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::Veth),
        LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
    ]));
    create_link(message, &format!("make the cable {} - {}", near.name, far.name))
}

/// An interface of the caller's namespace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    index: u32,
    up: bool,
}

impl Link {
    /// Finds an interface by name.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn named(name: &str) -> Result<Self> {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.into()));
        match request(RouteNetlinkMessage::GetLink(message), 0, &format!("find the interface {name}"))? {
            Some(RouteNetlinkMessage::NewLink(found)) => {
                Ok(Self { index: found.header.index, up: found.header.flags.contains(LinkFlags::Up) })
            }
            _ => failed(format!("find the interface {name}: no answer")),
        }
    }

    /// The number under which the kernel knows the interface.
    pub(crate) fn index(self) -> u32 {
        self.index
    }

    /// Whether the interface was administratively up when it was looked up.
    pub(crate) fn is_up(self) -> bool {
        self.up
    }

    fn change(self, message: LinkMessage, what: &str) -> Result<()> {
        let mut message = message;
        message.header.index = self.index;
        request(RouteNetlinkMessage::SetLink(message), NLM_F_ACK, what).map(drop)
    }

    /// Sets the interface up.
    pub(crate) fn set_up(self) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        self.change(message, "set an interface up")
    }

    /// Sets the interface down: nothing passes in either direction.
    pub(crate) fn set_down(self) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.change_mask = LinkFlags::Up;
        self.change(message, "set an interface down")
    }

    /// Has the bridge that the interface is plugged into forward its frames, or drop them all. The
    /// link stays up: neither end of the cable can tell.
    pub(crate) fn forward(self, forwards: bool) -> Result<()> {
        let state = if forwards { PORT_FORWARDING } else { PORT_DISABLED };
        let mut message = LinkMessage::default();
        message.header.interface_family = AddressFamily::Bridge;
        message.attributes.push(LinkAttribute::ProtoInfoUnknown(DefaultNla::new(PROTOCOL_INFO, vec![state])));
        self.change(message, "set the state of a bridge's port")
    }

    /// Plugs the interface into a bridge.
    pub(crate) fn plug_into(self, bridge: Link) -> Result<()> {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::Controller(bridge.index));
        self.change(message, "plug a cable into a bridge")
    }

    /// Adds an IPv4 address with its broadcast address (bcast media need one).
    pub(crate) fn add_address(self, address: Ipv4Addr, prefix: u8) -> Result<()> {
        let hosts = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
        let broadcast = Ipv4Addr::from(u32::from(address) | hosts);
        let mut message = AddressMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.prefix_len = prefix;
        message.header.index = self.index;
        message.attributes.push(AddressAttribute::Local(IpAddr::V4(address)));
        message.attributes.push(AddressAttribute::Address(IpAddr::V4(address)));
        message.attributes.push(AddressAttribute::Broadcast(broadcast));
        let what = format!("add the address {address}/{prefix}");
        request(RouteNetlinkMessage::NewAddress(message), NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &what)
            .map(drop)
    }

    /// Removes the interface; the other end of a cable goes with it.
    pub(crate) fn remove(self) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = self.index;
        request(RouteNetlinkMessage::DelLink(message), NLM_F_ACK, "remove an interface").map(drop)
    }
}

/// Whether an error says that the interface is gone.
pub(crate) fn is_absent(error: &LabError) -> bool {
    matches!(error, LabError::System { source, .. } if source.raw_os_error() == Some(libc::ENODEV)
        || source.kind() == io::ErrorKind::NotFound)
}
