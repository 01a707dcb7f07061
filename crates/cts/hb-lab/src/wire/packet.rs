//! Ethernet frames, as far as a meddler has to understand them.

use std::net::Ipv4Addr;

const ETHERNET_BYTES: usize = 14;
const TYPE_IPV4: [u8; 2] = [8, 0];
const PROTOCOL_UDP: u8 = 17;
const UDP_BYTES: usize = 8;

/// A datagram in a packet that is not a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Datagram<'a> {
    pub(super) destination: Ipv4Addr,
    pub(super) port: u16,
    pub(super) ttl: u8,
    pub(super) payload: &'a [u8],
}

/// Where a packet's UDP header begins, unless it has none or is a fragment.
fn header(packet: &[u8]) -> Option<usize> {
    let ip = packet.get(ETHERNET_BYTES..)?;
    let fragment = u16::from_be_bytes([*ip.get(6)?, *ip.get(7)?]) & 0x3fff;
    let is_udp = packet.get(12..14)? == TYPE_IPV4 && *ip.get(9)? == PROTOCOL_UDP && fragment == 0;
    is_udp.then_some(ETHERNET_BYTES + usize::from(*ip.first()? & 0xf) * 4)
}

/// The datagram that a packet carries.
pub(super) fn datagram(packet: &[u8]) -> Option<Datagram<'_>> {
    let udp = packet.get(header(packet)?..)?;
    let address: [u8; 4] = packet.get(ETHERNET_BYTES + 16..ETHERNET_BYTES + 20)?.try_into().ok()?;
    let length = usize::from(u16::from_be_bytes([*udp.get(4)?, *udp.get(5)?]));
    Some(Datagram {
        destination: address.into(),
        port: u16::from_be_bytes([*udp.get(2)?, *udp.get(3)?]),
        ttl: *packet.get(ETHERNET_BYTES + 8)?,
        payload: udp.get(UDP_BYTES..length)?,
    })
}

/// A packet that never saw a wire has its checksum only begun, which no receiver would accept from
/// anybody but the kernel. Zero means that there is none.
pub(super) fn waive_checksum(packet: &mut [u8]) {
    let checksum = header(packet).and_then(|start| packet.get_mut(start + 6..start + 8));
    if let Some(checksum) = checksum {
        checksum.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(flags: u8) -> Vec<u8> {
        let mut packet = vec![2; 12];
        packet.extend_from_slice(&[8, 0, 0x45, 0, 0, 31, 0, 0, flags, 0, 7, 17, 0, 0]);
        packet.extend_from_slice(&[10, 99, 0, 1, 10, 99, 0, 2, 0x90, 0, 2, 182, 0, 11, 0xab, 0xcd]);
        packet.extend_from_slice(b"abcpadding");
        packet
    }

    #[test]
    fn a_datagram_is_found_and_padding_is_not_part_of_it() {
        let packet = packet(0x40);
        let found = datagram(&packet).expect("a datagram");
        assert_eq!((found.port, found.ttl, found.payload), (694, 7, &b"abc"[..]));
        assert_eq!(found.destination, Ipv4Addr::new(10, 99, 0, 2));
    }

    #[test]
    fn fragments_and_other_packets_are_left_alone() {
        let mut fragment = packet(0x20);
        let before = fragment.clone();
        waive_checksum(&mut fragment);
        assert_eq!((datagram(&fragment), &fragment), (None, &before));
        let mut arp = packet(0);
        arp[13] = 6;
        assert_eq!(datagram(&arp), None);
        assert_eq!(datagram(&packet(0)[..30]), None);
    }

    #[test]
    fn only_the_checksum_is_waived() {
        let (before, mut after) = (packet(0), packet(0));
        waive_checksum(&mut after);
        assert_eq!(&after[40..42], [0, 0]);
        after[40..42].copy_from_slice(&before[40..42]);
        assert_eq!(after, before);
    }
}
