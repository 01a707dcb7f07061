//! Talking to the kernel's routing subsystem: pure building and reading of messages, and a socket that
//! carries them.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressScope, CacheInfo,
};
use netlink_packet_route::link::{LinkAttribute, LinkExtentMask, LinkFlags, LinkMessage};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteType};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::frames::Mac;
use crate::spec::bits;

/// The kernel answers while the request is sent; this bound is for a kernel that does not.
const ANSWER_LIMIT: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };
/// Room for one read of an answer; the kernel's dumps come in pieces below this.
const ANSWER_BYTES: usize = 64 * 1024;

/// A network interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its hardware address, if it has one of six bytes.
    pub mac: Option<Mac>,
    /// Whether the administrator switched it on.
    pub up: bool,
    /// Whether it has a carrier.
    pub carrier: bool,
    /// Whether neighbours have to be told where an address is.
    pub resolves: bool,
}

/// An address of this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assigned {
    /// Interface number.
    pub index: u32,
    /// The address.
    pub ip: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
    /// Whether it is usable: not tentative and not refused by duplicate detection.
    pub usable: bool,
}

/// A host on the link that the kernel has spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Neighbour {
    /// Its address.
    pub ip: IpAddr,
    /// Its hardware address, when known.
    pub mac: Option<Mac>,
}

/// Where the kernel would send packets for an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// Interface number.
    pub index: u32,
    /// Router; `None` when the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// Prefix length of the matching entry in bits.
    pub prefix: u8,
    /// Whether the address is this machine's own.
    pub local: bool,
}

/// Everything about an address that the kernel is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placement {
    /// The address.
    pub ip: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
    /// Interface number.
    pub index: u32,
    /// Whole label, with the interface's name (IPv4).
    pub label: Option<String>,
    /// Broadcast address (IPv4).
    pub broadcast: Option<Ipv4Addr>,
    /// Seconds until it is no source for new connections (IPv6); `None` is for ever.
    pub preferred_secs: Option<u32>,
    /// Do not add the route to its network.
    pub no_prefix_route: bool,
    /// Metric of that route.
    pub metric: Option<u32>,
}

/// Something that happened in the kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// An address was removed.
    Removed(Assigned),
    /// An interface is new or changed.
    Link(Link),
}

const fn family(ip: IpAddr) -> AddressFamily {
    match ip {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

/// The message that gives the machine an address. IPv6 goes without duplicate detection: it would keep the
/// address unusable for a second or more.
pub fn add_address(placement: &Placement) -> RouteNetlinkMessage {
    let mut message = address(placement);
    let mut flags = AddressFlags::empty();
    if placement.ip.is_ipv6() {
        flags |= AddressFlags::Nodad;
        message.header.flags = AddressHeaderFlags::Nodad;
    }
    if placement.no_prefix_route {
        flags |= AddressFlags::Noprefixroute;
    }
    if !flags.is_empty() {
        message.attributes.push(AddressAttribute::Flags(flags));
    }
    if let Some(secs) = placement.preferred_secs {
        let mut life = CacheInfo::default();
        (life.ifa_preferred, life.ifa_valid) = (secs, u32::MAX);
        message.attributes.push(AddressAttribute::CacheInfo(life));
    }
    if let Some(metric) = placement.metric {
        message.attributes.push(AddressAttribute::RoutePriority(metric));
    }
    if let Some(broadcast) = placement.broadcast {
        message.attributes.push(AddressAttribute::Broadcast(broadcast));
    }
    if let Some(label) = &placement.label {
        message.attributes.push(AddressAttribute::Label(label.clone()));
    }
    RouteNetlinkMessage::NewAddress(message)
}

/// The message that takes an address away.
pub fn remove_address(placement: &Placement) -> RouteNetlinkMessage {
    RouteNetlinkMessage::DelAddress(address(placement))
}

fn address(placement: &Placement) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = family(placement.ip);
    message.header.prefix_len = placement.prefix;
    message.header.index = placement.index;
    message.header.scope = match placement.ip {
        IpAddr::V6(ip) if ip.is_unicast_link_local() => AddressScope::Link,
        _ => AddressScope::Universe,
    };
    message.attributes.push(AddressAttribute::Local(placement.ip));
    message.attributes.push(AddressAttribute::Address(placement.ip));
    message
}

/// The question where packets for `ip` go, and by which entry of the table.
pub fn ask_route(ip: IpAddr) -> RouteNetlinkMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = family(ip);
    message.header.destination_prefix_length = bits(ip);
    message.header.flags = RouteFlags::FibMatch;
    message.attributes.push(RouteAttribute::Destination(ip.into()));
    RouteNetlinkMessage::GetRoute(message)
}

enum Interface<'a> {
    Name(&'a str),
    Index(u32),
    All,
}

fn ask_link(which: &Interface<'_>) -> RouteNetlinkMessage {
    let mut message = LinkMessage::default();
    // Counters and virtual functions make the answer long and are not needed.
    message.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
    match which {
        Interface::Name(name) => message.attributes.push(LinkAttribute::IfName((*name).to_owned())),
        Interface::Index(index) => message.header.index = *index,
        Interface::All => {}
    }
    RouteNetlinkMessage::GetLink(message)
}

/// One datagram with one request.
pub fn encode(message: RouteNetlinkMessage, flags: u16, sequence: u32) -> Vec<u8> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// The messages of a datagram, with the attributes that are read here and no others. Stops at the first one that makes no sense.
pub fn decode(mut bytes: &[u8]) -> Vec<NetlinkMessage<RouteNetlinkMessage>> {
    let mut messages = Vec::new();
    while let Some(length) = bytes.first_chunk::<4>().map(|length| u32::from_ne_bytes(*length) as usize) {
        if length < HEADER_BYTES {
            break;
        }
        let Some(piece) = bytes.get(..length) else { break };
        // A message of a kind that the crate cannot read is skipped, not the end of the rest.
        let lean = lean::lean(piece);
        messages.extend(lean.and_then(|message| NetlinkMessage::deserialize(&message).ok()));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    messages
}

const HEADER_BYTES: usize = 16;

fn read_link(message: &LinkMessage) -> Link {
    let flags = message.header.flags;
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        mac: None,
        up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        resolves: !flags.intersects(LinkFlags::Loopback | LinkFlags::Noarp),
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Address(bytes) => link.mac = Mac::from_bytes(bytes),
            _ => {}
        }
    }
    link
}

fn read_address(message: &AddressMessage) -> Option<Assigned> {
    let (mut address, mut local) = (None, None);
    let mut flags = AddressFlags::from_bits_retain(u32::from(message.header.flags.bits()));
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Address(ip) => address = Some(*ip),
            // On point-to-point interfaces this is ours and the other is the peer's.
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Flags(all) => flags = *all,
            _ => {}
        }
    }
    Some(Assigned {
        index: message.header.index,
        ip: local.or(address)?,
        prefix: message.header.prefix_len,
        usable: !flags.intersects(AddressFlags::Dadfailed | AddressFlags::Tentative)
            || flags.contains(AddressFlags::Optimistic),
    })
}

fn read_neighbour(message: &NeighbourMessage, index: u32) -> Option<Neighbour> {
    let known = matches!(
        message.header.state,
        NeighbourState::Reachable
            | NeighbourState::Stale
            | NeighbourState::Delay
            | NeighbourState::Probe
            | NeighbourState::Permanent
    );
    if !known || message.header.ifindex != index {
        return None;
    }
    let (mut ip, mut mac) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(address)) => {
                ip = Some(IpAddr::V4(*address));
            }
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(address)) => {
                ip = Some(IpAddr::V6(*address));
            }
            NeighbourAttribute::LinkLocalAddress(bytes) => mac = Mac::from_bytes(bytes),
            _ => {}
        }
    }
    let ip = ip.filter(|ip| !ip.is_multicast())?;
    Some(Neighbour { ip, mac })
}

fn read_route(message: &RouteMessage) -> Option<Route> {
    let (mut index, mut gateway) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Oif(oif) => index = Some(*oif),
            RouteAttribute::Gateway(RouteAddress::Inet(ip)) => gateway = Some(IpAddr::V4(*ip)),
            RouteAttribute::Gateway(RouteAddress::Inet6(ip)) => gateway = Some(IpAddr::V6(*ip)),
            _ => {}
        }
    }
    let usable = matches!(message.header.kind, RouteType::Unicast | RouteType::Local);
    Some(Route {
        index: index.filter(|_| usable)?,
        gateway,
        prefix: message.header.destination_prefix_length,
        local: message.header.kind == RouteType::Local,
    })
}

/// Reads a notification of the kernel; `None` when it is of no interest here.
pub fn read_change(message: &RouteNetlinkMessage) -> Option<Change> {
    match message {
        RouteNetlinkMessage::DelAddress(message) => read_address(message).map(Change::Removed),
        RouteNetlinkMessage::NewLink(message) => Some(Change::Link(read_link(message))),
        _ => None,
    }
}

/// A socket for requests.
pub(crate) struct Netlink {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Netlink {
    pub(crate) fn new() -> io::Result<Netlink> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        socket.set_non_blocking(true)?;
        Ok(Netlink { socket, sequence: 0, buffer: vec![0; ANSWER_BYTES] })
    }

    pub(crate) fn add(&mut self, placement: &Placement) -> io::Result<()> {
        self.ask(add_address(placement), NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL).map(drop)
    }

    pub(crate) fn remove(&mut self, placement: &Placement) -> io::Result<()> {
        self.ask(remove_address(placement), NLM_F_ACK).map(drop)
    }

    /// The addresses of one family.
    pub(crate) fn addresses(&mut self, of: IpAddr) -> io::Result<Vec<Assigned>> {
        let mut message = AddressMessage::default();
        message.header.family = family(of);
        let answers = self.ask(RouteNetlinkMessage::GetAddress(message), NLM_F_DUMP)?;
        let read = |answer: &RouteNetlinkMessage| match answer {
            RouteNetlinkMessage::NewAddress(message) => read_address(message),
            _ => None,
        };
        Ok(answers.iter().filter_map(read).collect())
    }

    pub(crate) fn link_named(&mut self, name: &str) -> io::Result<Option<Link>> {
        self.link(&Interface::Name(name))
    }

    pub(crate) fn link_numbered(&mut self, index: u32) -> io::Result<Option<Link>> {
        self.link(&Interface::Index(index))
    }

    fn link(&mut self, which: &Interface<'_>) -> io::Result<Option<Link>> {
        match self.ask(ask_link(which), 0) {
            Ok(answers) => Ok(links(&answers).next()),
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn links(&mut self) -> io::Result<Vec<Link>> {
        let answers = self.ask(ask_link(&Interface::All), NLM_F_DUMP)?;
        Ok(links(&answers).collect())
    }

    /// Where packets for `ip` go; `None` when nowhere.
    pub(crate) fn route(&mut self, ip: IpAddr) -> io::Result<Option<Route>> {
        match self.ask(ask_route(ip), 0) {
            Ok(answers) => Ok(answers.iter().find_map(|answer| match answer {
                RouteNetlinkMessage::NewRoute(message) => read_route(message),
                _ => None,
            })),
            Err(error) if is_unreachable(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hosts of the family of `of` that were heard on an interface.
    pub(crate) fn neighbours(&mut self, of: IpAddr, index: u32) -> io::Result<Vec<Neighbour>> {
        let mut message = NeighbourMessage::default();
        message.header.family = family(of);
        let answers = self.ask(RouteNetlinkMessage::GetNeighbour(message), NLM_F_DUMP)?;
        let read = |answer: &RouteNetlinkMessage| match answer {
            RouteNetlinkMessage::NewNeighbour(message) => read_neighbour(message, index),
            _ => None,
        };
        Ok(answers.iter().filter_map(read).collect())
    }

    /// Sends a request and collects its answers. Without an acknowledgement or a dump one answer is enough.
    fn ask(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<Vec<RouteNetlinkMessage>> {
        self.sequence = self.sequence.wrapping_add(1);
        self.socket.send(&encode(message, flags, self.sequence), 0)?;
        let single = flags == 0;
        let mut answers = Vec::new();
        loop {
            let count = match self.socket.recv(&mut &mut self.buffer[..], 0) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait()?;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            for message in decode(self.buffer.get(..count).unwrap_or_default()) {
                if message.header.sequence_number != self.sequence {
                    // The late answer of a request that was given up.
                    continue;
                }
                match message.payload {
                    NetlinkPayload::InnerMessage(inner) => answers.push(inner),
                    NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
                    NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => return Ok(answers),
                    _ => {}
                }
            }
            if single && !answers.is_empty() {
                return Ok(answers);
            }
        }
    }

    fn wait(&self) -> io::Result<()> {
        let fd = as_fd(&self.socket);
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&ANSWER_LIMIT)) {
            Ok(0) => Err(io::ErrorKind::TimedOut.into()),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn links(answers: &[RouteNetlinkMessage]) -> impl Iterator<Item = Link> + '_ {
    answers.iter().filter_map(|answer| match answer {
        RouteNetlinkMessage::NewLink(message) => Some(read_link(message)),
        _ => None,
    })
}

fn is_unreachable(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENETUNREACH | libc::EHOSTUNREACH | libc::ESRCH | libc::EINVAL))
}

fn as_fd(socket: &Socket) -> BorrowedFd<'_> {
    // SAFETY: the socket owns the descriptor and outlives the borrow.
    unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) }
}

/// A socket on which the kernel tells what changes.
pub(crate) struct Changes {
    socket: Socket,
}

impl Changes {
    pub(crate) fn new() -> io::Result<Changes> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        let groups = libc::RTMGRP_LINK | libc::RTMGRP_IPV4_IFADDR | libc::RTMGRP_IPV6_IFADDR;
        socket.bind(&SocketAddr::new(0, groups.cast_unsigned()))?;
        socket.set_non_blocking(true)?;
        Ok(Changes { socket })
    }

    /// What has happened; an empty list when nothing more is there. `Err` means that some changes were missed.
    pub(crate) fn read(&mut self) -> io::Result<Vec<Change>> {
        let mut buffer = vec![0; ANSWER_BYTES];
        match self.socket.recv(&mut &mut buffer[..], 0) {
            Ok(count) => {
                let messages = decode(buffer.get(..count).unwrap_or_default());
                Ok(messages
                    .iter()
                    .filter_map(|message| match &message.payload {
                        NetlinkPayload::InnerMessage(inner) => read_change(inner),
                        _ => None,
                    })
                    .collect())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        as_fd(&self.socket)
    }
}

mod lean;
#[cfg(test)]
mod tests;
