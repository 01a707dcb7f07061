//! The interfaces of this machine: what a medium can be opened on.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};

use crate::sys;

/// One address of an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Bits of its network.
    pub prefix_bits: u8,
    /// Its broadcast address, where one is configured.
    pub broadcast: Option<Ipv4Addr>,
}

/// One interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its number.
    pub index: u32,
    /// Set up by the administrator.
    pub is_up: bool,
    /// Has a carrier and can carry packets.
    pub is_running: bool,
    /// The loopback interface.
    pub is_loopback: bool,
    /// Can broadcast.
    pub can_broadcast: bool,
    /// Can multicast.
    pub can_multicast: bool,
    /// Its addresses, in the kernel's order.
    pub addresses: Vec<Address>,
}

impl Interface {
    /// Its IPv4 addresses with their broadcast addresses.
    pub(crate) fn ipv4(&self) -> impl Iterator<Item = (Ipv4Addr, Option<Ipv4Addr>)> + '_ {
        self.addresses.iter().filter_map(|address| match address.ip {
            IpAddr::V4(ip) => Some((ip, address.broadcast)),
            IpAddr::V6(_) => None,
        })
    }
}

fn prefix_bits(netmask: Option<IpAddr>) -> u8 {
    let bits = match netmask {
        Some(IpAddr::V4(mask)) => u32::from(mask).count_ones(),
        Some(IpAddr::V6(mask)) => u128::from(mask).count_ones(),
        None => 0,
    };
    u8::try_from(bits).unwrap_or(0)
}

/// All interfaces of this network namespace. Addresses with a label of their own (`eth0:0`) are listed under that
/// label, as the original's tools show them.
///
/// # Errors
/// When the kernel gives no list.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let any = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let mut found: Vec<Interface> = Vec::new();
    for entry in sys::list()? {
        let position = found.iter().position(|known| known.name == entry.name);
        let known = match position {
            Some(at) => found.get_mut(at),
            None => {
                found.push(described(&any, &entry));
                found.last_mut()
            }
        };
        if let (Some(known), Some(ip)) = (known, entry.address) {
            // Without a broadcast address the list repeats the address itself.
            let broadcast = match entry.broadcast {
                Some(IpAddr::V4(broadcast)) if !broadcast.is_unspecified() && broadcast != ip => {
                    Some(broadcast)
                }
                _ => None,
            };
            known.addresses.push(Address { ip, prefix_bits: prefix_bits(entry.netmask), broadcast });
        }
    }
    Ok(found)
}

fn described(any: &OwnedFd, entry: &sys::Entry) -> Interface {
    let has = |flag: libc::c_int| entry.flags & flag as u32 != 0;
    Interface {
        // 0 for an interface that went away in between.
        index: netdevice::name_to_index(any, &entry.name).unwrap_or(0),
        name: entry.name.clone(),
        is_up: has(libc::IFF_UP),
        is_running: has(libc::IFF_RUNNING),
        is_loopback: has(libc::IFF_LOOPBACK),
        can_broadcast: has(libc::IFF_BROADCAST),
        can_multicast: has(libc::IFF_MULTICAST),
        addresses: Vec::new(),
    }
}

/// The interface of this name, `None` when there is none.
///
/// # Errors
/// When the kernel gives no list.
pub fn interface(name: &str) -> io::Result<Option<Interface>> {
    Ok(interfaces()?.into_iter().find(|interface| interface.name == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_always_there() {
        let lo = interface("lo").unwrap().expect("lo");
        assert!(lo.is_loopback && lo.index > 0);
        assert!(interface("no-such-device").unwrap().is_none());
    }
}
