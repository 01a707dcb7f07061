//! Messages of the kernel without what nobody here reads.
//!
//! A dump has dozens of attributes a message, more with each kernel. One that cannot be read would spoil the rest of
//! its message, and some are read carelessly by the crate behind [`super::decode`]: a short one ends the process. So
//! only the few that count are handed on.

const HEADER_BYTES: usize = 16;
const ATTRIBUTE_BYTES: usize = 4;

/// The lowest two bits below are a message's verb: new, delete, get, set.
const LINK: u16 = 16;
const ADDRESS: u16 = 20;
const ROUTE: u16 = 24;
const NEIGHBOUR: u16 = 28;

/// Bytes of the fixed part of a message of this kind, and the attributes that are read.
const fn wanted(kind: u16) -> Option<(usize, &'static [u16])> {
    match kind & !3 {
        LINK => Some((16, &[libc::IFLA_ADDRESS, libc::IFLA_IFNAME])),
        ADDRESS => Some((8, &[libc::IFA_ADDRESS, libc::IFA_LOCAL, libc::IFA_FLAGS])),
        ROUTE => Some((12, &[libc::RTA_OIF, libc::RTA_GATEWAY])),
        NEIGHBOUR => Some((12, &[libc::NDA_DST, libc::NDA_LLADDR])),
        _ => None,
    }
}

/// `message`, a whole one with its header, with the attributes that count. Answers that are no objects (errors, ends)
/// stay as they are; `None` for objects of other kinds.
pub(super) fn lean(message: &[u8]) -> Option<Vec<u8>> {
    let kind = u16::from_ne_bytes(*message.get(4..)?.first_chunk()?);
    if kind < LINK {
        return Some(message.to_vec());
    }
    let (fixed, attributes) = wanted(kind)?;
    let mut rest = message.get(HEADER_BYTES + fixed..)?;
    let mut kept = message.get(..HEADER_BYTES + fixed)?.to_vec();
    while let Some((head, _)) = rest.split_first_chunk::<ATTRIBUTE_BYTES>() {
        let [a, b, c, d] = *head;
        let (length, which) = (usize::from(u16::from_ne_bytes([a, b])), u16::from_ne_bytes([c, d]));
        let Some(attribute) = rest.get(..length).filter(|_| length >= ATTRIBUTE_BYTES) else { break };
        let padded = length.next_multiple_of(4);
        if attributes.contains(&which) {
            kept.extend_from_slice(attribute);
            kept.resize(kept.len() + padded - length, 0);
        }
        rest = rest.get(padded..).unwrap_or_default();
    }
    let length = u32::try_from(kept.len()).ok()?.to_ne_bytes();
    kept.get_mut(..length.len())?.copy_from_slice(&length);
    Some(kept)
}
