//! The shorthand for addresses: `10.0.0.5/24/eth0:label/10.0.0.255`, `2001:db8::5/64/eth0`.

use alloc::format;
use alloc::string::{String, ToString};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A service address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressSpec {
    /// The address.
    pub address: IpAddr,
    /// Length of its network prefix in bits; `None` is that of the network it belongs to on this host.
    pub prefix: Option<u8>,
    /// The interface; `None` is the one that the route to the address uses.
    pub interface: Option<String>,
    /// The label after the interface, `eth0:LABEL`.
    pub label: Option<String>,
    /// The broadcast address; `None` follows from the prefix. IPv4 only.
    pub broadcast: Option<Ipv4Addr>,
}

/// What is wrong with an address, and what to write.
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) cure: &'static str,
}

/// Longest interface name of the system.
const MAX_INTERFACE: usize = 15;

/// Whether `text` is meant to be an address: it begins with digits and dots like `10.0.0.5`, or what stands
/// before its first `/` is an IPv6 address. Without a `/`, `db::a` is a script with an argument rather than an
/// address; one that begins with a digit is an address.
pub(super) fn is_meant(text: &str) -> bool {
    let (head, _) = text.split_once('/').unwrap_or((text, ""));
    if begins_like_ipv4(text) {
        return true;
    }
    head.parse::<Ipv6Addr>().is_ok() && (text.contains('/') || text.starts_with(|c: char| c.is_ascii_digit()))
}

/// Digits, dot, digits, dot, digits, dot, digit.
fn begins_like_ipv4(text: &str) -> bool {
    let mut rest = text;
    for _ in 0..3 {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let Some(tail) = after.strip_prefix('.').filter(|_| after.len() < rest.len()) else { return false };
        rest = tail;
    }
    rest.starts_with(|c: char| c.is_ascii_digit())
}

const SHAPE: &str = "Write ADDRESS/PREFIX/INTERFACE, for example `10.0.0.5/24/eth0`.";

/// Reads an address with its optional parts.
pub(super) fn read(text: &str) -> Result<AddressSpec, Wrong> {
    let wrong = |message: String| Wrong { message, cure: SHAPE };
    let mut parts = text.split('/');
    let head = parts.next().unwrap_or_default();
    let address: IpAddr = head.parse().map_err(|_| Wrong {
        message: format!("`{head}` is not an IP address"),
        cure: "Write four numbers from 0 to 255 with dots between them.",
    })?;
    if address.is_unspecified() || address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
        return Err(wrong(format!("`{head}` cannot be the address of a service")));
    }
    let mut spec = AddressSpec { address, prefix: None, interface: None, label: None, broadcast: None };
    let Some(mask) = parts.next() else { return Ok(spec) };
    spec.prefix = Some(prefix(mask, address)?);
    // `ADDRESS/MASK/BROADCAST` has no interface.
    if let Some(part) = parts.next() {
        if part.parse::<Ipv4Addr>().is_ok() {
            spec.broadcast = Some(broadcast(part, address)?);
        } else {
            let (name, label) =
                part.split_once(':').map_or((part, None), |(name, label)| (name, Some(label)));
            let bad = |c: char| c.is_whitespace() || c.is_control() || c == ':';
            if name.is_empty() {
                return Err(wrong("there is nothing where the interface should be".to_string()));
            }
            if name.len() > MAX_INTERFACE || name.contains(bad) {
                return Err(wrong(format!("`{name}` cannot be the name of an interface")));
            }
            if label.is_some_and(|label| label.is_empty() || name.len() + 1 + label.len() > MAX_INTERFACE) {
                return Err(Wrong {
                    message: format!("`{part}` has a label that the system cannot take"),
                    cure: "Interface, colon and label together have at most 15 letters; leave the label out.",
                });
            }
            spec.interface = Some(name.to_string());
            spec.label = label.map(ToString::to_string);
        }
    }
    if let Some(part) = parts.next() {
        if spec.broadcast.is_some() {
            return Err(wrong(format!("`/{part}` stands after the broadcast address")));
        }
        spec.broadcast = Some(broadcast(part, address)?);
    }
    match parts.next() {
        None => Ok(spec),
        Some(extra) => Err(wrong(format!("`/{extra}` is one part too many"))),
    }
}

/// A prefix length, or for IPv4 a mask in dotted form.
fn prefix(mask: &str, address: IpAddr) -> Result<u8, Wrong> {
    let most = if address.is_ipv4() { 32 } else { 128 };
    let decimal = !mask.is_empty() && mask.len() <= 3 && mask.bytes().all(|b| b.is_ascii_digit());
    let length = if decimal { mask.parse::<u8>().ok() } else { None };
    let dotted = mask.parse::<Ipv4Addr>().ok().filter(|_| address.is_ipv4()).and_then(|mask| {
        let bits = u32::from(mask);
        (bits.leading_ones() + bits.trailing_zeros() == 32).then_some(bits.leading_ones() as u8)
    });
    length.or(dotted).filter(|length| (1..=most).contains(length)).ok_or_else(|| Wrong {
        message: format!("`{mask}` is not the length of a network prefix, which goes from 1 to {most}"),
        cure: if most == 32 {
            "Write the number of bits of the network, for example 24 for 255.255.255.0."
        } else {
            "Write the number of bits of the network; 64 is usual."
        },
    })
}

fn broadcast(part: &str, address: IpAddr) -> Result<Ipv4Addr, Wrong> {
    if address.is_ipv6() {
        let message = format!("`/{part}` would be a broadcast address, and IPv6 has none");
        return Err(Wrong { message, cure: "Leave it out." });
    }
    part.parse().map_err(|_| Wrong {
        message: format!("`{part}` is not a broadcast address"),
        cure: "Leave it out: it follows from the prefix.",
    })
}

impl core::fmt::Display for AddressSpec {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.address)?;
        if let Some(prefix) = self.prefix {
            write!(f, "/{prefix}")?;
        }
        if let Some(interface) = &self.interface {
            write!(f, "/{interface}")?;
        }
        if let Some(label) = &self.label {
            write!(f, ":{label}")?;
        }
        if let Some(broadcast) = self.broadcast {
            write!(f, "/{broadcast}")?;
        }
        Ok(())
    }
}
