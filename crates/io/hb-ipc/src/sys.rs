//! `recvmmsg`, `sendmmsg` and peer credentials: the only unsafe code of this crate.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::SocketAddrV4;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::batch::BATCH;

/// What the kernel says of one received packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meta {
    pub(crate) len: usize,
    /// Longer than its slot: the rest is lost.
    pub(crate) truncated: bool,
    /// Receive time on CLOCK_REALTIME, where the socket was asked for it.
    pub(crate) stamp_nanos: Option<u64>,
}

/// Room for the control data of one packet: a time stamp with its header.
const CONTROL_BYTES: usize = 64;

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_BYTES]);

fn count(result: libc::c_int) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

fn empty_header() -> libc::mmsghdr {
    // SAFETY: mmsghdr is plain data (numbers and pointers) for which all zeros is valid: null pointers, zero lengths.
    unsafe { MaybeUninit::<libc::mmsghdr>::zeroed().assume_init() }
}

/// Receives up to [`BATCH`] packets, the i-th into `slots[i * slot_bytes + head..(i + 1) * slot_bytes]`.
pub(crate) fn receive(
    fd: BorrowedFd<'_>,
    slots: &mut [u8],
    slot_bytes: usize,
    head: usize,
    flags: libc::c_int,
    metas: &mut [Meta; BATCH],
) -> io::Result<usize> {
    let mut vectors = [libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 }; BATCH];
    let mut controls = [Control([0; CONTROL_BYTES]); BATCH];
    let mut headers = [empty_header(); BATCH];
    let mut used = 0;
    for (i, slot) in slots.chunks_exact_mut(slot_bytes).take(BATCH).enumerate() {
        let room = slot.get_mut(head..).unwrap_or_default();
        vectors[i] = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
        let header = &mut headers[i].msg_hdr;
        header.msg_iov = &raw mut vectors[i];
        header.msg_iovlen = 1;
        header.msg_control = controls[i].0.as_mut_ptr().cast();
        header.msg_controllen = CONTROL_BYTES as _;
        used += 1;
    }
    // SAFETY: each of the first `used` headers points to one iovec, which covers a part of `slots` that no other one
    // covers, and to a control buffer of the stated size; all of them outlive the call.
    let received = count(unsafe {
        libc::recvmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), used, flags as _, core::ptr::null_mut())
    })?;
    for (header, meta) in headers.iter().zip(metas.iter_mut()).take(received) {
        *meta = Meta {
            len: header.msg_len as usize,
            truncated: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
            ..Meta::default()
        };
        read_control(&header.msg_hdr, meta);
    }
    Ok(received)
}

fn read_control(header: &libc::msghdr, meta: &mut Meta) {
    // SAFETY: `header` was filled by the kernel, so its control buffer holds well-formed messages up to msg_controllen;
    // the CMSG functions stay within it. Payloads are read unaligned, after their length was checked.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(header);
        while !next.is_null() {
            let control = &*next;
            let data = libc::CMSG_DATA(next);
            let holds = |bytes: usize| control.cmsg_len as usize >= libc::CMSG_LEN(bytes as _) as usize;
            if control.cmsg_level == libc::SOL_SOCKET
                && control.cmsg_type == libc::SCM_TIMESTAMPNS
                && holds(size_of::<libc::timespec>())
            {
                let stamp = data.cast::<libc::timespec>().read_unaligned();
                let secs = u64::try_from(stamp.tv_sec).unwrap_or(0);
                let nanos = u64::try_from(stamp.tv_nsec).unwrap_or(0);
                meta.stamp_nanos = Some(secs.saturating_mul(1_000_000_000).saturating_add(nanos));
            }
            next = libc::CMSG_NXTHDR(header, next);
        }
    }
}

/// Sends up to [`BATCH`] packets; answers how many the kernel took.
pub(crate) fn send(
    fd: BorrowedFd<'_>,
    packets: &[&[u8]],
    to: Option<SocketAddrV4>,
    flags: libc::c_int,
) -> io::Result<usize> {
    let mut vectors = [libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 }; BATCH];
    let mut headers = [empty_header(); BATCH];
    let mut address = to.map(|to| libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: to.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(*to.ip()).to_be() },
        sin_zero: [0; 8],
    });
    let (name, name_len) = match &mut address {
        Some(address) => (core::ptr::from_mut(address).cast(), size_of::<libc::sockaddr_in>()),
        None => (core::ptr::null_mut(), 0),
    };
    let mut used = 0;
    for (i, packet) in packets.iter().take(BATCH).enumerate() {
        vectors[i] = libc::iovec { iov_base: packet.as_ptr().cast_mut().cast(), iov_len: packet.len() };
        let header = &mut headers[i].msg_hdr;
        header.msg_iov = &raw mut vectors[i];
        header.msg_iovlen = 1;
        header.msg_name = name;
        header.msg_namelen = name_len as _;
        used += 1;
    }
    if used == 0 {
        return Ok(0);
    }
    // SAFETY: each of the first `used` headers points to one iovec over a packet that outlives the call; the kernel
    // only reads packets and the address, which lives until the end of this function.
    count(unsafe { libc::sendmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), used as _, flags as _) })
}

/// Process, user and group of the process that connected. The process is 0 when it is in a process-id namespace that
/// we do not see.
pub(crate) fn peer_credentials(fd: BorrowedFd<'_>) -> io::Result<(u32, u32, u32)> {
    let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut len = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to `credentials`, which is that long.
    count(unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut len,
        )
    })?;
    Ok((u32::try_from(credentials.pid).unwrap_or(0), credentials.uid, credentials.gid))
}
