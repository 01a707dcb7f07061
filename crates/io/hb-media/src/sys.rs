//! Socket options and the interface list: the only unsafe code of this crate.

use std::ffi::CStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd};

/// Switches a socket-level option on.
pub(crate) fn enable(fd: impl AsFd, option: libc::c_int) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the kernel reads one int from a local.
    let result = unsafe {
        libc::setsockopt(
            fd.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// How much of its room for received datagrams a socket uses, as accounted by the kernel.
pub(crate) struct Fill {
    pub(crate) queued_bytes: usize,
    pub(crate) room_bytes: usize,
}

/// How full a receive socket is.
pub(crate) fn fill(fd: impl AsFd) -> io::Result<Fill> {
    let mut info = [0_u32; libc::SK_MEMINFO_DROPS as usize + 1];
    let mut len = size_of_val(&info) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to `info`, which is that long.
    let result = unsafe {
        libc::getsockopt(
            fd.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            info.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let [queued, room, ..] = info;
    Ok(Fill { queued_bytes: queued as usize, room_bytes: room as usize })
}

/// One line of the interface list: an interface, or one of its addresses.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) flags: u32,
    pub(crate) address: Option<IpAddr>,
    pub(crate) netmask: Option<IpAddr>,
    pub(crate) broadcast: Option<IpAddr>,
}

/// All interfaces and addresses of this network namespace.
pub(crate) fn list() -> io::Result<Vec<Entry>> {
    let mut first: *mut libc::ifaddrs = core::ptr::null_mut();
    // SAFETY: getifaddrs stores a list or fails; the list is freed once below and not used after that.
    if unsafe { libc::getifaddrs(&raw mut first) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut entries = Vec::new();
    let mut next = first;
    while !next.is_null() {
        // SAFETY: `next` is an element of the list, valid until freeifaddrs; its name is a C string; its addresses are
        // null or point to a socket address of the family they state. `ifa_ifu` is the broadcast address only on
        // interfaces with that flag.
        unsafe {
            let item = &*next;
            let broadcasts = item.ifa_flags & libc::IFF_BROADCAST as libc::c_uint != 0;
            entries.push(Entry {
                name: CStr::from_ptr(item.ifa_name).to_string_lossy().into_owned(),
                flags: item.ifa_flags,
                address: address(item.ifa_addr),
                netmask: address(item.ifa_netmask),
                broadcast: broadcasts.then(|| address(item.ifa_ifu)).flatten(),
            });
            next = item.ifa_next;
        }
    }
    // SAFETY: `first` came from getifaddrs and nothing borrowed from the list is left.
    unsafe { libc::freeifaddrs(first) };
    Ok(entries)
}

/// # Safety
/// `address` is null or points to a socket address as long as its family says.
unsafe fn address(address: *const libc::sockaddr) -> Option<IpAddr> {
    if address.is_null() {
        return None;
    }
    // SAFETY: as the caller promises; read unaligned because the list promises no alignment.
    unsafe {
        match libc::c_int::from(address.read_unaligned().sa_family) {
            libc::AF_INET => {
                let inet = address.cast::<libc::sockaddr_in>().read_unaligned();
                Some(Ipv4Addr::from(u32::from_be(inet.sin_addr.s_addr)).into())
            }
            libc::AF_INET6 => {
                let inet = address.cast::<libc::sockaddr_in6>().read_unaligned();
                Some(Ipv6Addr::from(inet.sin6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
}
