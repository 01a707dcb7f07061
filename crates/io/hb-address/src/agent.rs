//! Taking, keeping and giving up addresses.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hb_base::{Instant, Notice, Severity};
use rustix::event::epoll;

use crate::campaign::Campaign;
use crate::frames::{self, Mac};
use crate::netlink::{Assigned, Changes, Link, Netlink, Placement};
use crate::notices;
use crate::packet::{Kind, PacketSocket, arp_filter, by_family, discovery_filter};
use crate::spec::{AddressSpec, bits};
use crate::watch::Probing;

/// Addresses that one agent holds; a further start is refused.
pub const MAX_HELD: usize = 1024;

/// What a start has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Started {
    /// The address is held and the first announcement is out.
    Done,
    /// It is asked first whether somebody else holds it; [`Event::Started`] follows.
    Probing,
}

/// Why an address cannot be taken, given up or looked for.
#[derive(Debug)]
pub enum AddressError {
    /// There is no such interface.
    NoInterface(String),
    /// The interface is switched off.
    InterfaceDown(String),
    /// No interface was named and no connected network holds the address.
    NoNetwork(IpAddr),
    /// Another machine holds it.
    InUse(Mac),
    /// Too many addresses are held.
    Full,
    /// The start was overtaken by a stop.
    Cancelled,
    /// The kernel refused.
    Kernel {
        /// What it was asked to do.
        what: &'static str,
        /// What it said.
        error: io::Error,
    },
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressError::NoInterface(nic) => write!(f, "there is no interface `{nic}`"),
            AddressError::InterfaceDown(nic) => write!(f, "interface `{nic}` is down"),
            AddressError::NoNetwork(ip) => {
                write!(f, "no interface is given and no connected network holds {ip}")
            }
            AddressError::InUse(mac) => write!(f, "another machine ({mac}) holds the address"),
            AddressError::Full => write!(f, "too many addresses ({MAX_HELD}) are held"),
            AddressError::Cancelled => f.write_str("the start was overtaken by a stop"),
            AddressError::Kernel { what, error } => write!(f, "cannot {what}: {error}"),
        }
    }
}

impl std::error::Error for AddressError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AddressError::Kernel { error, .. } => Some(error),
            _ => None,
        }
    }
}

pub(crate) fn kernel(what: &'static str) -> impl FnOnce(io::Error) -> AddressError {
    move |error| AddressError::Kernel { what, error }
}

/// What the agent reports.
#[derive(Debug)]
pub enum Event {
    /// The result of a start that was [`Started::Probing`].
    Started {
        /// The resource's id.
        id: String,
        /// Its result.
        result: Result<(), AddressError>,
    },
    /// Another machine says that it holds an address which this one holds. The agent has stopped announcing
    /// and keeps the address; whether to give it up is not its decision.
    Conflict {
        /// The resource's id.
        id: String,
        /// The address.
        ip: IpAddr,
        /// The other machine.
        mac: Mac,
    },
    /// Somebody else on this machine removed a held address.
    Lost {
        /// The resource's id.
        id: String,
    },
    /// Something for the log.
    Notice(Notice),
}

/// An address that this agent has added and answers for.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) placement: Placement,
    pub(crate) link: Link,
    /// Whether this machine forwards IPv6 on the interface.
    pub(crate) router: bool,
    pub(crate) campaign: Campaign,
    /// When a conflict was last reported.
    pub(crate) conflict: Option<Instant>,
    /// Another address of ours to ask from (IPv6).
    pub(crate) second: Option<Ipv6Addr>,
}

/// Holds addresses. All its work is done inside its calls; nothing blocks longer than the kernel takes to
/// answer. The shell polls [`AddressAgent::fd`] and [`AddressAgent::deadline`].
pub struct AddressAgent {
    pub(crate) netlink: Netlink,
    pub(crate) changes: Changes,
    pub(crate) arp: PacketSocket,
    pub(crate) discovery: PacketSocket,
    epoll: OwnedFd,
    pub(crate) held: BTreeMap<String, Held>,
    pub(crate) probing: BTreeMap<String, Probing>,
    pub(crate) events: VecDeque<Event>,
}

impl AddressAgent {
    /// An agent of the network namespace it is made in. Needs the capabilities for network administration
    /// and raw sockets.
    ///
    /// # Errors
    /// When a socket cannot be had.
    pub fn new() -> io::Result<AddressAgent> {
        let agent = AddressAgent {
            netlink: Netlink::new()?,
            changes: Changes::new()?,
            arp: PacketSocket::new(Kind::Arp)?,
            discovery: PacketSocket::new(Kind::Discovery)?,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            held: BTreeMap::new(),
            probing: BTreeMap::new(),
            events: VecDeque::new(),
        };
        for fd in [agent.changes.as_fd(), agent.arp.as_fd(), agent.discovery.as_fd()] {
            epoll::add(&agent.epoll, fd, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
        }
        Ok(agent)
    }

    /// Readable when [`AddressAgent::on_readable`] has something to do.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// The next thing to report.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Ids of the resources whose addresses are held.
    pub fn held(&self) -> impl Iterator<Item = &str> {
        self.held.keys().map(String::as_str)
    }

    /// Takes the address and announces it before returning. Taking what is held already announces it again.
    ///
    /// # Errors
    /// See [`AddressError`]; nothing is held then that was not before.
    pub fn start(&mut self, now: Instant, id: &str, spec: &AddressSpec) -> Result<Started, AddressError> {
        if self.held.len() + self.probing.len() >= MAX_HELD && !self.held.contains_key(id) {
            return Err(AddressError::Full);
        }
        let (placement, link) = self.place(spec)?;
        if spec.probe && link.resolves && !self.held.contains_key(id) {
            let probing = Probing::new(now, placement, link);
            self.probing.insert(id.to_owned(), probing);
            self.refilter();
            self.probe_due(now);
            return Ok(Started::Probing);
        }
        self.take(now, id, placement, link)?;
        Ok(Started::Done)
    }

    /// Adds, announces, and keeps book; the announcement is the first thing after the kernel's yes.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        id: &str,
        mut placement: Placement,
        link: Link,
    ) -> Result<(), AddressError> {
        let began = std::time::Instant::now();
        let router = placement.ip.is_ipv6() && forwards(&link.name);
        match self.netlink.add(&placement) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(libc::EEXIST) => self.refresh(&mut placement)?,
            Err(error) => return Err(kernel("add the address")(error)),
        }
        let (campaign, conflict, second) = (Campaign::new(now), None, None);
        let mut held = Held { placement, link, router, campaign, conflict, second };
        self.announce(id, &held);
        if !held.link.resolves {
            held.campaign.stop();
        }
        let notice = Notice::new(Severity::Info, notices::ADDRESS_TAKEN, id)
            .with("nic", held.link.name.clone())
            .with("prefix", u64::from(held.placement.prefix))
            .with("took", began.elapsed());
        self.events.push_back(Event::Notice(notice));
        self.held.insert(id.to_owned(), held);
        self.refilter();
        Ok(())
    }

    /// The address is there already. An IPv6 one may be waiting for, or refused by, duplicate detection:
    /// then it is added anew without it.
    fn refresh(&mut self, placement: &mut Placement) -> Result<(), AddressError> {
        let there = self.netlink.addresses(placement.ip).map_err(kernel("list the addresses"))?;
        let same = |other: &&Assigned| other.ip == placement.ip && other.index == placement.index;
        let Some(found) = there.iter().find(same) else { return Ok(()) };
        if placement.ip.is_ipv6() && !found.usable {
            let old = Placement { prefix: found.prefix, ..placement.clone() };
            self.netlink.remove(&old).map_err(kernel("remove the unusable address"))?;
            return self.netlink.add(placement).map_err(kernel("add the address"));
        }
        if placement.ip.is_ipv6() {
            placement.prefix = found.prefix;
        }
        Ok(())
    }

    /// Tells everybody where the address is.
    pub(crate) fn announce(&mut self, id: &str, held: &Held) {
        if let Some(mac) = held.link.mac.filter(|_| held.link.resolves) {
            let frame = frames::announcement(held.placement.ip, mac, held.router);
            self.send(id, &held.link, &frame);
        }
    }

    pub(crate) fn send(&mut self, id: &str, link: &Link, frame: &[u8]) {
        // Either socket sends any frame.
        if let Err(error) = self.arp.send(link.index, frame) {
            let notice = Notice::new(Severity::Warning, notices::ADDRESS_UNANNOUNCED, id)
                .with("nic", link.name.clone())
                .with("error", error.to_string());
            self.events.push_back(Event::Notice(notice));
        }
    }

    /// Gives the address up; success when it is not there.
    ///
    /// # Errors
    /// When the kernel will not remove it.
    pub fn stop(&mut self, now: Instant, id: &str, spec: &AddressSpec) -> Result<(), AddressError> {
        if self.probing.remove(id).is_some() {
            let result = Err(AddressError::Cancelled);
            self.events.push_back(Event::Started { id: id.to_owned(), result });
        }
        let placements = match self.held.get(id) {
            Some(held) => vec![held.placement.clone()],
            None => self.find(spec)?.into_iter().map(|found| found.placement(spec)).collect(),
        };
        for placement in &placements {
            match self.netlink.remove(placement) {
                Ok(()) => {}
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(kernel("remove the address")(error)),
            }
        }
        let nic = self.held.remove(id).map(|held| held.link.name);
        if !placements.is_empty() {
            let notice = Notice::new(Severity::Info, notices::ADDRESS_RELEASED, id);
            self.events.push_back(Event::Notice(notice.with("nic", nic.unwrap_or_default())));
        }
        for placement in &placements {
            self.restore_siblings(now, placement);
        }
        self.refilter();
        Ok(())
    }

    /// Whether the address is on this machine and usable.
    ///
    /// # Errors
    /// When the kernel does not list its addresses.
    pub fn status(&mut self, spec: &AddressSpec) -> Result<bool, AddressError> {
        Ok(self.find(spec)?.iter().any(|found| found.usable))
    }

    /// The addresses of this machine that `spec` means.
    fn find(&mut self, spec: &AddressSpec) -> Result<Vec<Assigned>, AddressError> {
        let index = match &spec.nic {
            Some(nic) => match self.netlink.link_named(nic).map_err(kernel("look up the interface"))? {
                Some(link) => Some(link.index),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        let mut found = self.netlink.addresses(spec.ip).map_err(kernel("list the addresses"))?;
        found.retain(|other| {
            other.ip == spec.ip
                && index.is_none_or(|index| other.index == index)
                && spec.prefix.is_none_or(|prefix| other.prefix == prefix)
        });
        Ok(found)
    }

    /// With an IPv4 address the kernel may remove the later ones of the same network (`promote_secondaries`
    /// unset). Those that are ours come back.
    fn restore_siblings(&mut self, now: Instant, gone: &Placement) {
        let sibling = |held: &Held| held.placement.index == gone.index && held.placement.ip.is_ipv4();
        if !gone.ip.is_ipv4() || !self.held.values().any(sibling) {
            return;
        }
        let Ok(there) = self.netlink.addresses(gone.ip) else { return };
        let lost = |held: &Held| {
            sibling(held)
                && !there.iter().any(|a| a.ip == held.placement.ip && a.index == held.placement.index)
        };
        let lost: Vec<_> =
            self.held.iter().filter(|(_, held)| lost(held)).map(|(id, _)| id.clone()).collect();
        for id in lost {
            let Some(held) = self.held.remove(&id) else { continue };
            let notice = Notice::new(Severity::Warning, notices::ADDRESS_RESTORED, &*id);
            self.events.push_back(Event::Notice(notice.with("nic", held.link.name.clone())));
            if self.take(now, &id, held.placement, held.link).is_err() {
                self.events.push_back(Event::Lost { id });
            }
        }
    }

    /// Lets in what concerns the addresses that are held or probed for, and nothing else.
    pub(crate) fn refilter(&mut self) {
        let held = self.held.values().map(|held| held.placement.ip);
        let (four, six) = by_family(held.chain(self.probing.values().map(Probing::ip)));
        // Without the filter every frame is judged here: more work, the same result.
        let _ = self.arp.filter(&arp_filter(&four));
        let _ = self.discovery.filter(&discovery_filter(&six));
    }

    /// Decides interface, prefix and the rest.
    fn place(&mut self, spec: &AddressSpec) -> Result<(Placement, Link), AddressError> {
        let complete = spec.nic.is_some() && spec.prefix.is_some();
        let route = match complete {
            true => None,
            false => self.netlink.route(spec.ip).map_err(kernel("look up the route"))?,
        };
        let mut connected = route
            .filter(|route| route.gateway.is_none() && !route.local && route.prefix > 0)
            .map(|route| (route.index, route.prefix));
        if connected.is_none() && !complete {
            // It may be here already, and then its entry in the table is that of a local address.
            let there = self.netlink.addresses(spec.ip).map_err(kernel("list the addresses"))?;
            connected =
                there.iter().find(|other| other.ip == spec.ip).map(|other| (other.index, other.prefix));
        }
        let link = match (&spec.nic, connected) {
            (Some(nic), _) => self.netlink.link_named(nic),
            (None, Some((index, _))) => self.netlink.link_numbered(index),
            (None, None) => return Err(AddressError::NoNetwork(spec.ip)),
        };
        let link = link.map_err(kernel("look up the interface"))?;
        let link = link.ok_or_else(|| AddressError::NoInterface(spec.nic.clone().unwrap_or_default()))?;
        if !link.up {
            return Err(AddressError::InterfaceDown(link.name));
        }
        let by_route = connected.filter(|(index, _)| *index == link.index).map(|(_, prefix)| prefix);
        let prefix = spec.prefix.or(by_route).unwrap_or(bits(spec.ip));
        let placement = Placement {
            ip: spec.ip,
            prefix,
            index: link.index,
            label: spec.label.as_ref().filter(|_| spec.ip.is_ipv4()).map(|l| format!("{}:{l}", link.name)),
            broadcast: spec.broadcast.or_else(|| broadcast(spec.ip, prefix)),
            preferred_secs: spec.preferred_secs,
            no_prefix_route: spec.no_prefix_route,
            metric: spec.metric,
        };
        Ok((placement, link))
    }
}

impl fmt::Debug for AddressAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressAgent").field("held", &self.held).finish_non_exhaustive()
    }
}

impl Assigned {
    fn placement(&self, spec: &AddressSpec) -> Placement {
        Placement {
            ip: self.ip,
            prefix: self.prefix,
            index: self.index,
            label: None,
            broadcast: None,
            preferred_secs: spec.preferred_secs,
            no_prefix_route: spec.no_prefix_route,
            metric: spec.metric,
        }
    }
}

/// The broadcast address of an IPv4 network, if it has one.
fn broadcast(ip: IpAddr, prefix: u8) -> Option<Ipv4Addr> {
    match ip {
        IpAddr::V4(ip) if prefix < 31 => Some(Ipv4Addr::from(u32::from(ip) | (u32::MAX >> prefix))),
        _ => None,
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EADDRNOTAVAIL | libc::ENODEV | libc::ENOENT))
}

/// Whether this machine is an IPv6 router on the interface.
fn forwards(nic: &str) -> bool {
    std::fs::read(format!("/proc/sys/net/ipv6/conf/{nic}/forwarding"))
        .is_ok_and(|text| text.first() == Some(&b'1'))
}
