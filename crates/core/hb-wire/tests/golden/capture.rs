//! Payloads out of a pcap file: UDP datagrams to port 694 and ICMP echo data, IP fragments put together.

use std::collections::HashMap;

/// UDP port of all recordings.
const PORT: u16 = 694;

/// What carried a payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Carrier {
    Udp,
    IcmpEcho,
}

/// A fragmented datagram on its way: by offset, the bytes and whether more follow.
type Pieces = HashMap<usize, (Vec<u8>, bool)>;

/// All payloads of a file, in order.
pub(crate) fn payloads(file: &[u8]) -> Vec<(Carrier, Vec<u8>)> {
    let big_endian = file.starts_with(&[0xa1, 0xb2]);
    let number = |at: usize| {
        let bytes: [u8; 4] = file[at..at + 4].try_into().expect("four bytes");
        if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    assert_eq!(number(20), 1, "recordings are of Ethernet");
    let (mut at, mut found, mut waiting) = (24, Vec::new(), HashMap::new());
    while at + 16 <= file.len() {
        let length = number(at + 8) as usize;
        let packet = &file[at + 16..(at + 16 + length).min(file.len())];
        at += 16 + length;
        if packet.get(12..14) == Some(&[8, 0]) {
            found.extend(ip_payload(&packet[14..], &mut waiting));
        }
    }
    found
}

fn ip_payload(packet: &[u8], waiting: &mut HashMap<Vec<u8>, Pieces>) -> Option<(Carrier, Vec<u8>)> {
    let header = usize::from(packet[0] & 15) * 4;
    let total = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
    let fragment = u16::from_be_bytes([packet[6], packet[7]]);
    let mut body = packet[header..total].to_vec();
    if fragment & 0x3fff != 0 {
        let datagram = [&packet[12..20], &packet[4..6]].concat();
        let pieces = waiting.entry(datagram.clone()).or_default();
        pieces.insert(usize::from(fragment & 0x1fff) * 8, (body, fragment & 0x2000 != 0));
        body = joined(pieces)?;
        waiting.remove(&datagram);
    }
    match packet[9] {
        17 if u16::from_be_bytes([body[2], body[3]]) == PORT => {
            let length = usize::from(u16::from_be_bytes([body[4], body[5]]));
            Some((Carrier::Udp, body[8..length].to_vec()))
        }
        1 if matches!(body[0], 0 | 8) => Some((Carrier::IcmpEcho, body[8..].to_vec())),
        _ => None,
    }
}

/// The whole datagram, once no piece is missing.
fn joined(pieces: &Pieces) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let (piece, more) = pieces.get(&whole.len())?;
        whole.extend_from_slice(piece);
        if !more {
            return Some(whole);
        }
    }
}
