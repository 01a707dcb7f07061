//! Ethernet frames of ARP and neighbour discovery: building them, and reading what others say.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::icmpv6::{
    Icmpv6PayloadSlice, NdpOptionSlice, NdpOptionsIterator, NeighborAdvertisementHeader,
};
use etherparse::{
    ArpEthIpv4Packet, ArpOperation, ArpPacketSlice, EtherType, Ethernet2Header, Ethernet2HeaderSlice,
    Icmpv6Header, Icmpv6Slice, Icmpv6Type, IpNumber, Ipv6Header, Ipv6HeaderSlice,
};

/// A hardware address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Everybody on the link.
    pub const BROADCAST: Mac = Mac([0xff; 6]);

    /// From the kernel's bytes; `None` unless there are six.
    pub fn from_bytes(bytes: &[u8]) -> Option<Mac> {
        bytes.try_into().ok().map(Mac)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a frame of somebody says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heard {
    /// The address whose place the frame tells; `None` when it tells none (a probe).
    pub claimed: Option<IpAddr>,
    /// Where that address is, according to the frame.
    pub mac: Mac,
    /// The address that is asked for, or to which the answer goes.
    pub target: IpAddr,
    /// Whether this is an answer.
    pub answer: bool,
}

/// Tells everybody that `ip` is at `mac`: a gratuitous ARP request, or an unsolicited neighbour advertisement
/// with the override flag. The request form is taken at once even by those whose entry is young. `router`
/// says whether this machine forwards IPv6: whoever routes by way of the address would drop it otherwise.
pub fn announcement(ip: IpAddr, mac: Mac, router: bool) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => arp(mac, Mac::BROADCAST, ip, ip),
        IpAddr::V6(ip) => {
            let flags = NeighborAdvertisementHeader { router, solicited: false, r#override: true };
            let kind = Icmpv6Type::NeighborAdvertisement(flags);
            discovery(mac, ALL_NODES_MAC, ip, ALL_NODES, kind, ip, Some(TARGET_OPTION))
        }
    }
}

/// Asks `neighbour` for its own place in the name of `ip`: hearing the question teaches it where `ip` is, and
/// only if it learnt can its answer reach us. `to` is its hardware address when that is known.
///
/// `None` when the two addresses are of different families.
pub fn query(ip: IpAddr, mac: Mac, neighbour: IpAddr, to: Option<Mac>) -> Option<Vec<u8>> {
    match (ip, neighbour) {
        (IpAddr::V4(ip), IpAddr::V4(neighbour)) => {
            Some(arp(mac, to.unwrap_or(Mac::BROADCAST), ip, neighbour))
        }
        (IpAddr::V6(ip), IpAddr::V6(neighbour)) => {
            let (group, group_mac) = solicited_node(neighbour);
            let (to, destination) = match to {
                Some(to) => (to, neighbour),
                None => (group_mac, group),
            };
            let kind = Icmpv6Type::NeighborSolicitation;
            Some(discovery(mac, to, ip, destination, kind, neighbour, Some(SOURCE_OPTION)))
        }
        _ => None,
    }
}

/// Asks whether anybody holds `ip` without claiming it. For IPv6 `source` is another address of ours, so
/// that the answer comes to us alone and does not move anybody's entry.
pub fn probe(ip: IpAddr, mac: Mac, source: Option<Ipv6Addr>) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => arp(mac, Mac::BROADCAST, Ipv4Addr::UNSPECIFIED, ip),
        IpAddr::V6(ip) => {
            let (group, group_mac) = solicited_node(ip);
            let option = source.map(|_| SOURCE_OPTION);
            let source = source.unwrap_or(Ipv6Addr::UNSPECIFIED);
            discovery(mac, group_mac, source, group, Icmpv6Type::NeighborSolicitation, ip, option)
        }
    }
}

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC: Mac = Mac([0x33, 0x33, 0, 0, 0, 1]);
const SOURCE_OPTION: u8 = 1;
const TARGET_OPTION: u8 = 2;

/// The group that the holder of `ip` listens to, with its hardware address (RFC 4291 2.7.1, RFC 2464 7).
fn solicited_node(ip: Ipv6Addr) -> (Ipv6Addr, Mac) {
    let [.., a, b, c] = ip.octets();
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]));
    (group, Mac([0x33, 0x33, 0xff, a, b, c]))
}

fn arp(mac: Mac, to: Mac, sender: Ipv4Addr, target: Ipv4Addr) -> Vec<u8> {
    let ethernet = Ethernet2Header { source: mac.0, destination: to.0, ether_type: EtherType::ARP };
    let packet = ArpEthIpv4Packet {
        operation: ArpOperation::REQUEST,
        sender_mac: mac.0,
        sender_ipv4: sender.octets(),
        target_mac: [0; 6],
        target_ipv4: target.octets(),
    };
    [&ethernet.to_bytes()[..], &packet.to_bytes()].concat()
}

fn discovery(
    mac: Mac,
    to: Mac,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    kind: Icmpv6Type,
    target: Ipv6Addr,
    option: Option<u8>,
) -> Vec<u8> {
    let mut body = target.octets().to_vec();
    if let Some(option) = option {
        body.extend([option, 1]);
        body.extend(mac.0);
    }
    let ethernet = Ethernet2Header { source: mac.0, destination: to.0, ether_type: EtherType::IPV6 };
    let ip = Ipv6Header {
        // Everything but 255 is dropped by receivers, so that it cannot come from outside the link.
        hop_limit: 255,
        next_header: IpNumber::IPV6_ICMP,
        payload_length: u16::try_from(body.len() + ICMP_BYTES).unwrap_or(u16::MAX),
        source: source.octets(),
        destination: destination.octets(),
        ..Ipv6Header::default()
    };
    let mut icmp = Icmpv6Header::new(kind);
    // The length is far below what the sum can take.
    let _ = icmp.update_checksum(ip.source, ip.destination, &body);
    [&ethernet.to_bytes()[..], &ip.to_bytes(), &icmp.to_bytes(), &body].concat()
}

const ICMP_BYTES: usize = 8;

/// Reads a frame; `None` unless it is a sound ARP, neighbour solicitation or neighbour advertisement.
pub fn decode(frame: &[u8]) -> Option<Heard> {
    let ethernet = Ethernet2HeaderSlice::from_slice(frame).ok()?;
    let payload = frame.get(Ethernet2Header::LEN..)?;
    match ethernet.ether_type() {
        EtherType::ARP => decode_arp(payload),
        EtherType::IPV6 => decode_discovery(payload, Mac(ethernet.source())),
        _ => None,
    }
}

fn decode_arp(payload: &[u8]) -> Option<Heard> {
    let packet = ArpPacketSlice::from_slice(payload).ok()?.to_packet().try_eth_ipv4().ok()?;
    let sender = packet.sender_ipv4_addr();
    Some(Heard {
        claimed: (!sender.is_unspecified()).then_some(IpAddr::V4(sender)),
        mac: Mac(packet.sender_mac),
        target: IpAddr::V4(packet.target_ipv4_addr()),
        answer: packet.operation == ArpOperation::REPLY,
    })
}

fn decode_discovery(payload: &[u8], from: Mac) -> Option<Heard> {
    let ip = Ipv6HeaderSlice::from_slice(payload).ok()?;
    let body = payload.get(Ipv6Header::LEN..)?.get(..usize::from(ip.payload_length()))?;
    if ip.next_header() != IpNumber::IPV6_ICMP || ip.hop_limit() != 255 {
        return None;
    }
    let icmp = Icmpv6Slice::from_slice(body).ok()?;
    if !icmp.is_checksum_valid(ip.source(), ip.destination()) {
        return None;
    }
    let mac = |options: NdpOptionsIterator<'_>, wanted: u8| option_mac(options, wanted).unwrap_or(from);
    match icmp.payload_slice().ok()? {
        Icmpv6PayloadSlice::NeighborSolicitation(ask) => {
            let source = Ipv6Addr::from(ip.source());
            Some(Heard {
                claimed: (!source.is_unspecified()).then_some(IpAddr::V6(source)),
                mac: mac(ask.options_iterator(), SOURCE_OPTION),
                target: IpAddr::V6(ask.target_address()),
                answer: false,
            })
        }
        Icmpv6PayloadSlice::NeighborAdvertisement(answer) => Some(Heard {
            claimed: Some(IpAddr::V6(answer.target_address())),
            mac: mac(answer.options_iterator(), TARGET_OPTION),
            target: IpAddr::V6(ip.destination().into()),
            answer: true,
        }),
        _ => None,
    }
}

fn option_mac(options: NdpOptionsIterator<'_>, wanted: u8) -> Option<Mac> {
    options.map_while(Result::ok).find_map(|option| match option {
        NdpOptionSlice::SourceLinkLayerAddress(slice) if wanted == SOURCE_OPTION => {
            Mac::from_bytes(slice.link_layer_address())
        }
        NdpOptionSlice::TargetLinkLayerAddress(slice) if wanted == TARGET_OPTION => {
            Mac::from_bytes(slice.link_layer_address())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const US: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const THEM: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_gratuitous_request_is_byte_for_byte_what_rfc_5227_says() {
        let frame = announcement(ip("10.0.0.5"), US, false);
        let mut expected = vec![0xff; 6];
        expected.extend([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 5]);
        expected.extend([0, 0, 0, 0, 0, 0, 10, 0, 0, 5]);
        assert_eq!(frame, expected);
    }

    #[test]
    fn an_unsolicited_advertisement_overrides_and_has_a_sound_checksum() {
        let frame = announcement(ip("fd00::5"), US, false);
        assert_eq!(frame.len(), 86);
        assert_eq!(frame[..6], [0x33, 0x33, 0, 0, 0, 1]);
        assert_eq!((frame[21], frame[54], frame[58]), (255, 136, 0x20), "hop limit, type, override");
        let heard = decode(&frame).unwrap();
        assert_eq!(
            heard,
            Heard { claimed: Some(ip("fd00::5")), mac: US, target: ip("ff02::1"), answer: true }
        );
        assert_eq!(announcement(ip("fd00::5"), US, true)[58], 0xa0, "router, override");
        let mut broken = frame;
        broken[60] ^= 1;
        assert_eq!(decode(&broken), None);
    }

    #[test]
    fn questions_claim_and_probes_do_not() {
        for (ours, other) in [("10.0.0.5", "10.0.0.9"), ("fd00::5", "fd00::9")] {
            let question = query(ip(ours), US, ip(other), Some(THEM)).unwrap();
            assert_eq!(question[..6], THEM.0);
            let heard = decode(&question).unwrap();
            assert_eq!(heard, Heard { claimed: Some(ip(ours)), mac: US, target: ip(other), answer: false });
            let quiet = decode(&probe(ip(ours), US, None)).unwrap();
            assert_eq!((quiet.claimed, quiet.target), (None, ip(ours)));
        }
        assert_eq!(query(ip("10.0.0.5"), US, ip("fd00::9"), None), None);
        let group = query(ip("fd00::5"), US, ip("fd00::1:2233"), None).unwrap();
        assert_eq!(group[..6], [0x33, 0x33, 0xff, 1, 0x22, 0x33]);
    }

    #[test]
    fn a_probe_from_a_second_address_names_it() {
        let heard = decode(&probe(ip("fd00::5"), US, Some("fe80::1".parse().unwrap()))).unwrap();
        assert_eq!((heard.claimed, heard.target), (Some(ip("fe80::1")), ip("fd00::5")));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn a_cut_or_changed_frame_is_survived(cut in 0usize..86, at in 0usize..86, bit in 0u8..8) {
            let mut frame = announcement(ip("fd00::5"), US, false);
            frame[at] ^= 1 << bit;
            let _ = decode(&frame[..cut]);
            let _ = decode(&frame);
        }
    }
}
