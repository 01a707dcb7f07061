//! After (and, when asked for, before) an address is taken: verification, conflicts, changes by others.

use core::time::Duration;
use std::net::{IpAddr, Ipv6Addr};

use hb_base::{Instant, Notice, Severity};

use crate::agent::{AddressAgent, AddressError, Event, Held};
use crate::campaign::{Campaign, Round, Verdict};
use crate::frames::{self, Heard, Mac};
use crate::netlink::{Assigned, Change, Link, Neighbour, Placement};
use crate::notices;
use crate::packet::Kind;

/// How long it is listened for a foreign holder before a start that asks for it.
pub const PROBE_WINDOW: Duration = Duration::from_millis(200);
/// Questions asked in that time, evenly spread over its first half.
const PROBES: u64 = 3;
/// A conflict that goes on is reported again after this.
const CONFLICT_AGAIN: Duration = Duration::from_secs(10);
/// Frames read in one turn.
const FRAMES_PER_TURN: usize = 256;
/// Addresses outside every local network: whoever would carry packets for them is the default router.
/// They are reserved for documentation and never sent to (RFC 5737, RFC 3849).
const OUTSIDE: [&str; 2] = ["192.0.2.1", "2001:db8::1"];

/// A start that first asks whether somebody else holds the address.
#[derive(Debug)]
pub(crate) struct Probing {
    placement: Placement,
    link: Link,
    began: Instant,
    sent: u64,
}

impl Probing {
    pub(crate) fn new(now: Instant, placement: Placement, link: Link) -> Probing {
        Probing { placement, link, began: now, sent: 0 }
    }

    pub(crate) fn ip(&self) -> IpAddr {
        self.placement.ip
    }

    fn next(&self) -> Instant {
        match self.sent {
            0 => self.began,
            sent if sent < PROBES => self.began + Duration::from_millis(50 * sent),
            _ => self.began + PROBE_WINDOW,
        }
    }
}

impl AddressAgent {
    /// When to call [`AddressAgent::on_timer`]; `None` when nothing is planned.
    pub fn deadline(&self) -> Option<Instant> {
        let campaigns = self.held.values().filter_map(|held| held.campaign.deadline());
        campaigns.chain(self.probing.values().map(Probing::next)).min()
    }

    /// Does what is due. Early calls change nothing.
    pub fn on_timer(&mut self, now: Instant) {
        self.probe_due(now);
        let due = |held: &Held| held.campaign.deadline().is_some_and(|at| now >= at);
        let ids: Vec<String> =
            self.held.iter().filter(|(_, held)| due(held)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            // Taken out while it is worked on, because the work needs the sockets beside it.
            let Some(mut held) = self.held.remove(&id) else { continue };
            if held.campaign.is_fresh() {
                self.gather(&id, &mut held);
            }
            match held.campaign.due(now) {
                Some(Ok(round)) => self.carry_out(&id, &held, &round),
                Some(Err(verdict)) => self.tell(&id, &verdict),
                None => {}
            }
            self.held.insert(id, held);
        }
    }

    /// Tells everybody again where a held address is, and verifies anew; `false` when it is not held. Whoever
    /// asks for it knows that the address is ours alone, so an earlier conflict no longer counts.
    pub fn announce_again(&mut self, now: Instant, id: &str) -> bool {
        let Some(mut held) = self.held.remove(id) else { return false };
        held.conflict = None;
        if held.link.resolves {
            held.campaign = Campaign::new(now);
            self.announce(id, &held);
        }
        self.held.insert(id.to_owned(), held);
        true
    }

    /// Reads what came in, within a budget; call while [`AddressAgent::fd`] is readable.
    pub fn on_readable(&mut self, now: Instant) {
        let mut buffer = Vec::new();
        for kind in [Kind::Arp, Kind::Discovery] {
            for _ in 0..FRAMES_PER_TURN {
                let socket = match kind {
                    Kind::Arp => &self.arp,
                    Kind::Discovery => &self.discovery,
                };
                let Some(index) = socket.receive(&mut buffer) else { break };
                if let Some(heard) = frames::decode(&buffer) {
                    self.heard(now, index, &heard);
                }
            }
        }
        match self.changes.read() {
            Ok(changes) => changes.into_iter().for_each(|change| self.changed(now, change)),
            // Some were missed: look at everything.
            Err(_) => self.recheck(),
        }
    }

    /// Sends what is due before a start, and starts when nobody has answered.
    pub(crate) fn probe_due(&mut self, now: Instant) {
        let due: Vec<String> =
            self.probing.iter().filter(|(_, p)| now >= p.next()).map(|(id, _)| id.clone()).collect();
        for id in due {
            let Some(mut probing) = self.probing.remove(&id) else { continue };
            if probing.sent >= PROBES {
                let result = self.take(now, &id, probing.placement, probing.link);
                self.events.push_back(Event::Started { id, result });
                continue;
            }
            probing.sent += 1;
            if let Some(mac) = probing.link.mac {
                let frame = frames::probe(probing.placement.ip, mac, None);
                self.send(&id, &probing.link, &frame);
            }
            self.probing.insert(id, probing);
        }
    }

    /// Finds out whom to ask.
    fn gather(&mut self, id: &str, held: &mut Held) {
        let ip = held.placement.ip;
        let known = self.netlink.neighbours(ip, held.link.index).unwrap_or_default();
        let router = self.router(ip, held.link.index, &known);
        let mut ask: Vec<Neighbour> = router.into_iter().collect();
        ask.extend(
            known.into_iter().filter(|neighbour| router.is_none_or(|router| router.ip != neighbour.ip)),
        );
        ask.retain(|neighbour| neighbour.ip != ip);
        let total = ask.len() as u64;
        let left_out = held.campaign.load(ask) as u64;
        if left_out > 0 {
            let notice = Notice::new(Severity::Warning, notices::ADDRESS_NEIGHBOURS_SKIPPED, id);
            let notice = notice.with("asked", total - left_out).with("known", total);
            self.events.push_back(Event::Notice(notice));
        }
        if ip.is_ipv6() {
            let addresses = self.netlink.addresses(ip).unwrap_or_default();
            let second = |other: &Assigned| match other.ip {
                IpAddr::V6(own) if other.index == held.link.index && other.usable && other.ip != ip => {
                    Some(own)
                }
                _ => None,
            };
            let mut others: Vec<Ipv6Addr> = addresses.iter().filter_map(second).collect();
            others.sort_by_key(|own| !own.is_unicast_link_local());
            held.second = others.first().copied();
        }
    }

    /// The default router, when it is on this interface.
    fn router(&mut self, of: IpAddr, index: u32, known: &[Neighbour]) -> Option<Neighbour> {
        let outside = OUTSIDE.iter().filter_map(|text| text.parse::<IpAddr>().ok());
        let outside = outside.into_iter().find(|ip| ip.is_ipv4() == of.is_ipv4())?;
        let route = self.netlink.route(outside).ok()??;
        let ip = route.gateway.filter(|ip| route.index == index && ip.is_ipv4() == of.is_ipv4())?;
        let mac = known.iter().find(|neighbour| neighbour.ip == ip).and_then(|neighbour| neighbour.mac);
        Some(Neighbour { ip, mac })
    }

    fn carry_out(&mut self, id: &str, held: &Held, round: &Round) {
        let Some(mac) = held.link.mac else { return };
        let ip = held.placement.ip;
        if round.announce {
            self.announce(id, held);
        }
        for neighbour in &round.ask {
            if let Some(frame) = frames::query(ip, mac, neighbour.ip, neighbour.mac) {
                self.send(id, &held.link, &frame);
            }
        }
        // Without a second address the answer to an IPv6 probe would go to everybody and move their entries.
        if round.probe && (ip.is_ipv4() || held.second.is_some()) {
            let frame = frames::probe(ip, mac, held.second);
            self.send(id, &held.link, &frame);
        }
    }

    fn tell(&mut self, id: &str, verdict: &Verdict) {
        let notice = if verdict.unverified.is_empty() {
            Notice::new(Severity::Info, notices::ADDRESS_VERIFIED, id)
                .with("neighbours", verdict.verified as u64)
        } else {
            let list: Vec<String> = verdict.unverified.iter().map(IpAddr::to_string).collect();
            Notice::new(Severity::Warning, notices::ADDRESS_UNVERIFIED, id)
                .with("unverified", list.join(" "))
                .with("verified", verdict.verified as u64)
        };
        self.events.push_back(Event::Notice(notice.with("took", verdict.took)));
    }

    fn heard(&mut self, now: Instant, index: u32, heard: &Heard) {
        let mut foreign = Vec::new();
        for (id, held) in self.held.iter_mut().filter(|(_, held)| held.link.index == index) {
            let ip = held.placement.ip;
            match heard.claimed {
                Some(claimed) if claimed == ip && Some(heard.mac) != held.link.mac => {
                    foreign.push(id.clone());
                }
                Some(claimed) if claimed != ip && heard.answer && heard.target == ip => {
                    held.campaign.answered(now, claimed);
                }
                _ => {}
            }
        }
        let claims = |probing: &Probing| {
            probing.link.index == index
                && heard.claimed == Some(probing.placement.ip)
                && Some(heard.mac) != probing.link.mac
        };
        foreign.extend(self.probing.iter().filter(|(_, p)| claims(p)).map(|(id, _)| id.clone()));
        if !foreign.is_empty() && !self.is_own(heard.mac) {
            for id in foreign {
                self.conflict(now, id, heard.mac);
            }
        }
    }

    /// Two interfaces of one machine on one network hear each other.
    fn is_own(&mut self, mac: Mac) -> bool {
        self.netlink.links().is_ok_and(|links| links.iter().any(|link| link.mac == Some(mac)))
    }

    /// Somebody else claims the address: announcing against it would only move everybody to and fro.
    fn conflict(&mut self, now: Instant, id: String, mac: Mac) {
        if self.probing.remove(&id).is_some() {
            self.events.push_back(Event::Started { id, result: Err(AddressError::InUse(mac)) });
            self.refilter();
            return;
        }
        let Some(held) = self.held.get_mut(&id) else { return };
        held.campaign.stop();
        if held.conflict.is_some_and(|last| now.since(last) < CONFLICT_AGAIN) {
            return;
        }
        held.conflict = Some(now);
        let ip = held.placement.ip;
        let notice = Notice::new(Severity::Critical, notices::ADDRESS_CONFLICT, &*id)
            .with("mac", mac.to_string())
            .with("nic", held.link.name.clone());
        self.events.push_back(Event::Notice(notice));
        self.events.push_back(Event::Conflict { id, ip, mac });
    }

    fn changed(&mut self, now: Instant, change: Change) {
        match change {
            Change::Removed(gone) => {
                let ours = |held: &Held| held.placement.ip == gone.ip && held.link.index == gone.index;
                if self.held.values().any(ours) {
                    self.recheck();
                }
            }
            Change::Link(link) => self.link_changed(now, &link),
        }
    }

    /// Reports held addresses that are not there any more. The kernel is asked, because a notification may be
    /// older than a later start of the same address.
    fn recheck(&mut self) {
        let mut there = Vec::new();
        for family in [IpAddr::from([0; 4]), IpAddr::from([0u8; 16])] {
            match self.netlink.addresses(family) {
                Ok(some) => there.extend(some),
                Err(_) => return,
            }
        }
        let present = |held: &Held| {
            there.iter().any(|other| other.ip == held.placement.ip && other.index == held.link.index)
        };
        let lost: Vec<String> =
            self.held.iter().filter(|(_, held)| !present(held)).map(|(id, _)| id.clone()).collect();
        for id in lost {
            let Some(held) = self.held.remove(&id) else { continue };
            let notice = Notice::new(Severity::Error, notices::ADDRESS_LOST, &*id);
            self.events.push_back(Event::Notice(notice.with("nic", held.link.name)));
            self.events.push_back(Event::Lost { id });
            self.refilter();
        }
    }

    /// A cable that comes back, or another hardware address (a bond that fails over): announce anew.
    fn link_changed(&mut self, now: Instant, link: &Link) {
        let concerned = |held: &Held| held.link.index == link.index;
        let ids: Vec<String> =
            self.held.iter().filter(|(_, held)| concerned(held)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            let Some(mut held) = self.held.remove(&id) else { continue };
            let again = link.carrier && (!held.link.carrier || link.mac != held.link.mac);
            held.link = Link { name: held.link.name, ..link.clone() };
            if again && held.link.resolves && held.conflict.is_none() {
                held.campaign = Campaign::new(now);
                self.announce(&id, &held);
            }
            self.held.insert(id, held);
        }
    }
}
