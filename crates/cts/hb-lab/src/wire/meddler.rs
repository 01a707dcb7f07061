//! Somebody between a node's cable and the switch, who reads every heartbeat message that passes
//! in either direction, and may lose it, send it twice, or hold it back.

use super::frame::Frame;
use super::packet::{datagram, waive_checksum};
use crate::error::{Attempt, Result};
use crate::sys;
use crate::wait::until;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Where heartbeats go.
const PORT: u16 = 694;
/// Above everything that is tampered with: a meddler who dawdles would be a fault of his own.
const PRIORITY: i32 = 65;
/// The longest packet; segments are put together before they pass a virtual cable.
const PACKET_BYTES: usize = 70_000;
/// Messages that are remembered at most; later ones still pass.
const MEMORY: usize = 200_000;
/// Packets that are held back at most; a further one passes at once.
const HELD: usize = 1_000;

/// A message that came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// When it was passed on, or lost.
    pub at: Instant,
    /// Whether it goes to the node whose cable this is, or comes from there.
    pub inward: bool,
    /// The message.
    pub frame: Frame,
    /// Its datagram, signature included.
    pub bytes: Vec<u8>,
    /// To which address it was sent.
    pub destination: Ipv4Addr,
    /// Time to live of its packet.
    pub ttl: u8,
    /// Whether the meddler lost it.
    pub lost: bool,
}

/// What is to become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// It does not.
    Lose,
    /// It goes on, and so does a copy.
    Twice,
    /// It goes on after the next numbered message in the same direction.
    AfterNext,
    /// It goes on after this time.
    After(Duration),
}

type Judge = Box<dyn FnMut(&Sighting) -> Verdict + Send>;

struct Shared {
    judge: Mutex<Judge>,
    seen: Mutex<Vec<Sighting>>,
}

/// A meddler at work, until it is dropped; the cable is dead then.
pub struct Meddler {
    shared: Arc<Shared>,
    /// Closing it is the thread's signal to end.
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Meddler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meddler").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Meddler {
    /// Carries packets between two packet sockets: one at the node's cable, one at the switch.
    pub(crate) fn start(cable: OwnedFd, switch: OwnedFd) -> Result<Self> {
        let judge: Judge = Box::new(|_| Verdict::Pass);
        let shared = Arc::new(Shared { judge: Mutex::new(judge), seen: Mutex::new(Vec::new()) });
        let (ended, stop) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(std::io::Error::from)
            .attempt("make a pipe")?;
        let mut carrier = Carrier {
            sides: [cable, switch],
            ended,
            shared: Arc::clone(&shared),
            held: Vec::new(),
            next: Vec::new(),
        };
        let thread = thread::spawn(move || carrier.carry());
        Ok(Self { shared, stop: Some(stop), thread: Some(thread) })
    }

    /// From now on `judge` decides.
    pub fn judge(&self, judge: impl FnMut(&Sighting) -> Verdict + Send + 'static) {
        *lock(&self.shared.judge) = Box::new(judge);
    }

    /// From now on everything passes.
    pub fn pass(&self) {
        self.judge(|_| Verdict::Pass);
    }

    /// How many messages came by so far: a mark for [`Meddler::since`].
    #[must_use]
    pub fn mark(&self) -> usize {
        lock(&self.shared.seen).len()
    }

    /// Every message since a mark, in the order in which they were passed on.
    #[must_use]
    pub fn since(&self, mark: usize) -> Vec<Sighting> {
        lock(&self.shared.seen).get(mark..).unwrap_or_default().to_vec()
    }

    /// Waits for a message since a mark.
    ///
    /// # Errors
    /// None such came by.
    pub fn await_one(
        &self,
        limit: Duration,
        what: &str,
        mark: usize,
        wanted: impl Fn(&Sighting) -> bool,
    ) -> Result<Sighting> {
        until::some(limit, what, || self.since(mark).into_iter().find(&wanted))
    }

    /// Waits until so many new statuses of a node have passed since a mark: heartbeats are the clock
    /// by which "in the meantime nothing happened" can be said on a machine of any speed. Statuses
    /// that were missing and are sent again do not count.
    ///
    /// # Errors
    /// The node says nothing more.
    pub fn await_heartbeats(&self, limit: Duration, node: &str, count: usize, mark: usize) -> Result<()> {
        let number = |one: &Sighting| {
            let is_one = one.frame.kind() == "status" && one.frame.text("src") == Some(node);
            is_one.then(|| (one.frame.hex("hg"), one.frame.seq()))
        };
        let before = lock(&self.shared.seen).iter().take(mark).filter_map(number).max();
        until::holds(limit, &format!("{count} heartbeats of {node}"), || {
            let all = self.since(mark);
            let new: BTreeSet<_> = all.iter().filter_map(number).filter(|one| Some(*one) > before).collect();
            new.len() >= count
        })
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A packet on its way.
struct Packet {
    inward: bool,
    bytes: Vec<u8>,
    sighting: Sighting,
}

struct Carrier {
    /// The node's side and the switch's.
    sides: [OwnedFd; 2],
    ended: OwnedFd,
    shared: Arc<Shared>,
    /// Held back until a time.
    held: Vec<(Instant, Packet)>,
    /// Held back until a numbered message has passed.
    next: Vec<Packet>,
}

impl Carrier {
    fn carry(&mut self) {
        let _ = sys::realtime(PRIORITY);
        let mut buffer = vec![0_u8; PACKET_BYTES];
        loop {
            let due = self.held.iter().map(|(at, _)| *at).min();
            let left = due.map(|at| at.saturating_duration_since(Instant::now()));
            let limit = left.and_then(|left| Timespec::try_from(left).ok());
            let [cable, switch] = &self.sides;
            let mut watched = [
                PollFd::new(cable, PollFlags::IN),
                PollFd::new(switch, PollFlags::IN),
                PollFd::new(&self.ended, PollFlags::empty()),
            ];
            let _ = poll(&mut watched, limit.as_ref());
            if !watched[2].revents().is_empty() {
                return;
            }
            self.release();
            for (side, inward) in [(0, false), (1, true)] {
                while let Some(length) = self.receive(side, &mut buffer) {
                    self.arrived(inward, buffer.get(..length).unwrap_or_default());
                }
            }
        }
    }

    fn receive(&self, side: usize, buffer: &mut [u8]) -> Option<usize> {
        let socket = self.sides.get(side)?;
        rustix::net::recv(socket, &mut *buffer, rustix::net::RecvFlags::DONTWAIT).ok().map(|(n, _)| n)
    }

    /// Passes on what was held back long enough.
    fn release(&mut self) {
        let now = Instant::now();
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.held).into_iter().partition(|(at, _)| *at <= now);
        self.held = later;
        for (_, packet) in due {
            self.pass(packet);
        }
    }

    fn arrived(&mut self, inward: bool, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        waive_checksum(&mut bytes);
        let found = datagram(&bytes).filter(|datagram| datagram.port == PORT);
        let found = found.and_then(|datagram| Some((datagram, Frame::read(datagram.payload)?)));
        let Some((datagram, frame)) = found else { return self.send(inward, &bytes) };
        let sighting = Sighting {
            at: Instant::now(),
            inward,
            frame,
            bytes: datagram.payload.to_vec(),
            destination: datagram.destination,
            ttl: datagram.ttl,
            lost: false,
        };
        let verdict = (*lock(&self.shared.judge))(&sighting);
        let packet = Packet { inward, bytes, sighting };
        let full = self.held.len() + self.next.len() >= HELD;
        match verdict {
            Verdict::Lose => self.remember(Sighting { lost: true, ..packet.sighting }),
            Verdict::AfterNext if !full => self.next.push(packet),
            Verdict::After(time) if !full => self.held.push((Instant::now() + time, packet)),
            Verdict::Twice => {
                self.send(inward, &packet.bytes);
                self.remember(packet.sighting.clone());
                self.pass(packet);
            }
            Verdict::Pass | Verdict::AfterNext | Verdict::After(_) => self.pass(packet),
        }
    }

    fn pass(&mut self, packet: Packet) {
        self.send(packet.inward, &packet.bytes);
        let (inward, numbered) = (packet.inward, packet.sighting.frame.seq().is_some());
        self.remember(packet.sighting);
        if numbered {
            let waiting = std::mem::take(&mut self.next);
            let (after, still): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|other| other.inward == inward);
            self.next = still;
            for other in after {
                self.send(inward, &other.bytes);
                self.remember(other.sighting);
            }
        }
    }

    fn send(&self, inward: bool, bytes: &[u8]) {
        let [cable, switch] = &self.sides;
        // A cable that is pulled carries nothing, which is as it should be.
        let _ =
            rustix::net::send(if inward { cable } else { switch }, bytes, rustix::net::SendFlags::NOSIGNAL);
    }

    fn remember(&self, sighting: Sighting) {
        let mut seen = lock(&self.shared.seen);
        if seen.len() < MEMORY {
            seen.push(Sighting { at: Instant::now(), ..sighting });
        }
    }
}
