//! When a node's addresses come and go, as its kernel tells it: an event, not a look from time to time.

use crate::error::{Attempt, Result};
use crate::netns::NetNs;
use crate::sys;
use crate::wait::until;
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_ROUTE;
use rustix::event::{PollFd, PollFlags, poll};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// `RTNLGRP_IPV4_IFADDR`: changes to IPv4 addresses.
const ADDRESS_GROUP: u32 = 5;
/// Above what is watched: the time of an event is when it is read.
const PRIORITY: i32 = 65;
const EVENT_BYTES: usize = 16 * 1024;

/// An address that came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When the kernel told it.
    pub at: Instant,
    /// Which one.
    pub address: Ipv4Addr,
    /// It came; else it went.
    pub present: bool,
}

/// Listens to a node's kernel until it is dropped.
#[derive(Debug)]
pub struct AddressWatch {
    changes: Arc<Mutex<Vec<Change>>>,
    /// Closing it is the thread's signal to end.
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl AddressWatch {
    /// Begins to listen in a namespace.
    ///
    /// # Errors
    /// No netlink socket there.
    pub(crate) fn start(network: &NetNs) -> Result<Self> {
        let socket = network.within(|| {
            let mut socket = Socket::new(NETLINK_ROUTE).attempt("open a netlink socket")?;
            socket.bind_auto().attempt("bind a netlink socket")?;
            socket.add_membership(ADDRESS_GROUP).attempt("listen for changes of addresses")?;
            socket.set_non_blocking(true).attempt("listen for changes of addresses")?;
            Ok(socket)
        })?;
        let (ended, stop) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(std::io::Error::from)
            .attempt("make a pipe")?;
        let changes = Arc::new(Mutex::new(Vec::new()));
        let theirs = Arc::clone(&changes);
        let thread = thread::spawn(move || listen(&socket, &ended, &theirs));
        Ok(Self { changes, stop: Some(stop), thread: Some(thread) })
    }

    /// Everything so far.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When an address came, or went, for the first time at or after `since`.
    ///
    /// # Errors
    /// It did not.
    pub fn await_change(
        &self,
        limit: Duration,
        address: Ipv4Addr,
        present: bool,
        since: Instant,
    ) -> Result<Instant> {
        let what = format!("{address} to {}", if present { "come" } else { "go" });
        let is_it = |one: &Change| one.address == address && one.present == present && one.at >= since;
        until::some(limit, &what, || self.changes().into_iter().find(is_it).map(|one| one.at))
    }
}

impl Drop for AddressWatch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen(socket: &Socket, ended: &OwnedFd, changes: &Mutex<Vec<Change>>) {
    let _ = sys::realtime(PRIORITY);
    loop {
        let mut watched = [PollFd::new(socket, PollFlags::IN), PollFd::new(ended, PollFlags::empty())];
        let _ = poll(&mut watched, None);
        if !watched[1].revents().is_empty() {
            return;
        }
        let mut buffer = Vec::with_capacity(EVENT_BYTES);
        while socket.recv(&mut buffer, 0).is_ok() {
            let at = Instant::now();
            let found = read(&buffer).into_iter().map(|(address, present)| Change { at, address, present });
            changes.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
            buffer.clear();
        }
    }
}

/// The addresses that a datagram of the kernel tells of.
fn read(mut bytes: &[u8]) -> Vec<(Ipv4Addr, bool)> {
    let mut found = Vec::new();
    while let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(bytes) {
        let change = match &message.payload {
            NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewAddress(one)) => Some((one, true)),
            NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelAddress(one)) => Some((one, false)),
            _ => None,
        };
        found.extend(change.and_then(|(one, present)| Some((local(one)?, present))));
        // Messages begin at multiples of four bytes.
        let length = usize::try_from(message.header.length).unwrap_or(usize::MAX).max(4).next_multiple_of(4);
        let Some(rest) = bytes.get(length..) else { break };
        bytes = rest;
    }
    found
}

fn local(message: &AddressMessage) -> Option<Ipv4Addr> {
    message.attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::Local(IpAddr::V4(address)) => Some(*address),
        _ => None,
    })
}
