//! Raw sockets for the frames of ARP and neighbour discovery, and the filters that keep everything else away.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::frames::Mac;

/// Larger than every frame of interest.
const FRAME_BYTES: usize = 512;
/// More addresses than this and the filter lets every ARP frame through; they are judged here anyway.
pub const FILTERED_ADDRESSES: usize = 100;

/// One instruction of a classic packet filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// Operation.
    pub code: u16,
    /// Instructions to skip when a comparison holds.
    pub jt: u8,
    /// Instructions to skip when it does not.
    pub jf: u8,
    /// Operand.
    pub k: u32,
}

const LOAD_WORD: u16 = 0x20;
const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF: u16 = 0x28;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_ABOVE: u16 = 0x35;
const RETURN: u16 = 0x06;
const ACCEPT: u32 = 0xffff;

const fn step(code: u16, jt: u8, jf: u8, k: u32) -> Instruction {
    Instruction { code, jt, jf, k }
}

/// Lets ARP frames through whose sender is one of `held`, or whose target is one of `held` and which are
/// answers. With nothing held nothing passes.
pub fn arp_filter(held: &[Ipv4Addr]) -> Vec<Instruction> {
    if held.is_empty() {
        return vec![step(RETURN, 0, 0, 0)];
    }
    if held.len() > FILTERED_ADDRESSES {
        return vec![step(RETURN, 0, 0, ACCEPT)];
    }
    let mut program = vec![step(LOAD_WORD, 0, 0, ARP_SENDER)];
    program.extend(any_of(held));
    program.extend([
        step(LOAD_HALF, 0, 0, ARP_OPERATION),
        step(JUMP_EQUAL, 1, 0, 2),
        step(RETURN, 0, 0, 0),
        step(LOAD_WORD, 0, 0, ARP_TARGET),
    ]);
    program.extend(any_of(held));
    program.push(step(RETURN, 0, 0, 0));
    program
}

const ARP_OPERATION: u32 = 20;
const ARP_SENDER: u32 = 28;
const ARP_TARGET: u32 = 38;

/// Accepts at once when the loaded word is one of the addresses, goes on otherwise.
fn any_of(held: &[Ipv4Addr]) -> impl Iterator<Item = Instruction> + '_ {
    let compare = |ip: &Ipv4Addr| [step(JUMP_EQUAL, 0, 1, u32::from(*ip)), step(RETURN, 0, 0, ACCEPT)];
    held.iter().flat_map(compare)
}

/// Lets neighbour solicitations and advertisements through, or nothing when nothing is held.
pub fn discovery_filter(held: &[Ipv6Addr]) -> Vec<Instruction> {
    if held.is_empty() {
        return vec![step(RETURN, 0, 0, 0)];
    }
    vec![
        step(LOAD_BYTE, 0, 0, 20),
        step(JUMP_EQUAL, 0, 4, 58),
        step(LOAD_BYTE, 0, 0, 54),
        step(JUMP_ABOVE, 0, 2, 135),
        step(JUMP_ABOVE, 1, 0, 137),
        step(RETURN, 0, 0, ACCEPT),
        step(RETURN, 0, 0, 0),
    ]
}

/// A raw socket for one kind of frame, on all interfaces.
pub(crate) struct PacketSocket {
    socket: Socket,
}

/// Which frames a socket carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Arp,
    Discovery,
}

impl PacketSocket {
    pub(crate) fn new(kind: Kind) -> io::Result<PacketSocket> {
        // Closed by a filter before frames can come in: with protocol 0 nothing is delivered until the bind.
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0)))?;
        socket.set_nonblocking(true)?;
        let packets = PacketSocket { socket };
        match kind {
            Kind::Arp => packets.filter(&arp_filter(&[]))?,
            Kind::Discovery => packets.filter(&discovery_filter(&[]))?,
        }
        let protocol = match kind {
            Kind::Arp => libc::ETH_P_ARP,
            Kind::Discovery => libc::ETH_P_IPV6,
        };
        packets.bind(u16::try_from(protocol).unwrap_or_default())?;
        Ok(packets)
    }

    fn bind(&self, protocol: u16) -> io::Result<()> {
        let address = link_address(0, protocol, Mac([0; 6]));
        // SAFETY: the address is a whole sockaddr_ll and its length is given.
        let result =
            unsafe { libc::bind(self.socket.as_raw_fd(), (&raw const address).cast(), LINK_ADDRESS_BYTES) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    pub(crate) fn filter(&self, program: &[Instruction]) -> io::Result<()> {
        let raw = |i: &Instruction| SockFilter::new(i.code, i.jt, i.jf, i.k);
        let program: Vec<SockFilter> = program.iter().map(raw).collect();
        self.socket.attach_filter(&program)
    }

    /// Sends a whole frame out of an interface.
    pub(crate) fn send(&self, index: u32, frame: &[u8]) -> io::Result<()> {
        let to = frame.first_chunk::<6>().map_or(Mac::BROADCAST, |to| Mac(*to));
        let protocol = frame.get(12..14).map_or(0, |p| u16::from_be_bytes([p[0], p[1]]));
        let address = link_address(index, protocol, to);
        // SAFETY: both buffers live across the call and their lengths are given.
        let sent = unsafe {
            libc::sendto(
                self.socket.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
                (&raw const address).cast(),
                LINK_ADDRESS_BYTES,
            )
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// The next frame and the interface it came in by; `None` when there is none.
    pub(crate) fn receive(&self, buffer: &mut Vec<u8>) -> Option<u32> {
        buffer.resize(FRAME_BYTES, 0);
        let mut address = link_address(0, 0, Mac([0; 6]));
        let mut length = LINK_ADDRESS_BYTES;
        // SAFETY: buffer and address live across the call, their sizes are given and not exceeded.
        let count = unsafe {
            libc::recvfrom(
                self.socket.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                libc::MSG_DONTWAIT,
                (&raw mut address).cast(),
                &raw mut length,
            )
        };
        buffer.truncate(usize::try_from(count).ok()?);
        u32::try_from(address.sll_ifindex).ok()
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

const LINK_ADDRESS_BYTES: libc::socklen_t = size_of::<libc::sockaddr_ll>() as libc::socklen_t;

fn link_address(index: u32, protocol: u16, mac: Mac) -> libc::sockaddr_ll {
    let [a, b, c, d, e, f] = mac.0;
    libc::sockaddr_ll {
        sll_family: libc::AF_PACKET.cast_unsigned() as u16,
        sll_protocol: protocol.to_be(),
        sll_ifindex: index.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr: [a, b, c, d, e, f, 0, 0],
    }
}

/// The addresses of one family.
pub(crate) fn by_family(held: impl Iterator<Item = IpAddr>) -> (Vec<Ipv4Addr>, Vec<Ipv6Addr>) {
    let (mut four, mut six) = (Vec::new(), Vec::new());
    for ip in held {
        match ip {
            IpAddr::V4(ip) => four.push(ip),
            IpAddr::V6(ip) => six.push(ip),
        }
    }
    (four, six)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames;

    /// Whether the kernel would hand the frame over: a tiny interpreter of the instructions used here.
    fn passes(program: &[Instruction], frame: &[u8]) -> bool {
        let (mut at, mut value) = (0usize, 0u32);
        loop {
            let i = program[at];
            let k = i.k as usize;
            at += 1;
            match i.code {
                LOAD_WORD => value = u32::from_be_bytes(frame[k..k + 4].try_into().unwrap()),
                LOAD_HALF => value = u32::from(u16::from_be_bytes([frame[k], frame[k + 1]])),
                LOAD_BYTE => value = u32::from(frame[k]),
                JUMP_EQUAL => at += usize::from(if value == i.k { i.jt } else { i.jf }),
                JUMP_ABOVE => at += usize::from(if value >= i.k { i.jt } else { i.jf }),
                RETURN => return i.k != 0,
                other => panic!("unknown instruction {other:#x}"),
            }
        }
    }

    #[test]
    fn arp_passes_when_it_claims_or_answers_a_held_address() {
        let mac = Mac([2; 6]);
        let held = [Ipv4Addr::new(10, 0, 0, 5), Ipv4Addr::new(10, 0, 0, 6)];
        let ask = |from: [u8; 4], to: [u8; 4]| frames::query(from.into(), mac, to.into(), None).unwrap();
        let filter = arp_filter(&held);
        assert!(passes(&filter, &ask([10, 0, 0, 6], [10, 0, 0, 6])), "a claim");
        assert!(!passes(&filter, &ask([10, 0, 0, 9], [10, 0, 0, 5])), "everybody's ordinary question");
        let mut answer = ask([10, 0, 0, 9], [10, 0, 0, 5]);
        answer[21] = 2;
        assert!(passes(&filter, &answer));
        let mut foreign = ask([10, 0, 0, 9], [10, 0, 0, 8]);
        foreign[21] = 2;
        assert!(!passes(&filter, &foreign));
        assert!(!passes(&arp_filter(&[]), &answer));
        let many = vec![held[0]; FILTERED_ADDRESSES + 1];
        assert!(passes(&arp_filter(&many), &foreign));
        assert!(arp_filter(&many[..FILTERED_ADDRESSES]).len() < 4096);
    }

    #[test]
    fn of_ipv6_only_neighbour_discovery_passes() {
        let (mac, ours) = (Mac([2; 6]), IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 5]));
        let filter = discovery_filter(&["fd00::5".parse().unwrap()]);
        assert!(passes(&filter, &frames::announcement(ours, mac, false)));
        assert!(passes(&filter, &frames::probe(ours, mac, None)));
        let mut other = frames::announcement(ours, mac, false);
        for kind in [128, 134, 137] {
            other[54] = kind;
            assert!(!passes(&filter, &other), "type {kind}");
        }
        other[54] = 136;
        other[20] = 6;
        assert!(!passes(&filter, &other), "tcp");
        assert!(!passes(&discovery_filter(&[]), &frames::announcement(ours, mac, false)));
    }
}
