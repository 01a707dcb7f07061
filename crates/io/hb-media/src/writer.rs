//! The body of a writer child: frames from the master to the socket.

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use hb_base::Instant;
use hb_ipc::{BATCH, Batch, Wait, send_packets};
use hb_runtime::clock;
use rustix::net::{SendFlags, send};

use crate::medium::MAX_DATAGRAM_BYTES;
use crate::protocol::FRAME;
use crate::reader::{is_defect, is_gone};
use crate::report::Report;

/// How often a frame is sent so that its echo is received. Hearing itself is what marks a node's own link as up, for
/// which the machine that judges it allows four times this.
const ECHO_EVERY: Duration = Duration::from_millis(250);

/// Where frames leave.
pub(crate) struct Way<'a> {
    socket: BorrowedFd<'a>,
    heard: Option<BorrowedFd<'a>>,
    heard_at: Option<Instant>,
    to: SocketAddrV4,
}

impl<'a> Way<'a> {
    /// Frames to `to` by `socket`, or now and then by `heard`, which has its echoes received.
    pub(crate) fn new(socket: BorrowedFd<'a>, heard: Option<BorrowedFd<'a>>, to: SocketAddrV4) -> Way<'a> {
        Way { socket, heard, heard_at: None, to }
    }

    fn socket(&mut self) -> BorrowedFd<'a> {
        let Some(heard) = self.heard else { return self.socket };
        let now = clock::monotonic();
        if self.heard_at.is_some_and(|at| now.since(at) < ECHO_EVERY) {
            return self.socket;
        }
        self.heard_at = Some(now);
        heard
    }
}

/// Runs until the master's end closes. Waits for frames in the receiving call itself: two system calls a batch.
///
/// # Errors
/// When a descriptor is of no use, which is a defect of the caller.
pub(crate) fn run(mut way: Way<'_>, master: BorrowedFd<'_>) -> io::Result<()> {
    let mut batch = Batch::new(0, 1 + MAX_DATAGRAM_BYTES);
    let mut report = Report::default();
    loop {
        match batch.receive(master, Wait::ForOne) {
            Ok(_) => {}
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut frames: [&[u8]; BATCH] = [&[]; BATCH];
        let mut count = 0;
        let mut ended = false;
        for (index, packet) in batch.packets().enumerate() {
            match packet.split_first() {
                // Half a frame is worse than none.
                Some(_) if batch.is_truncated(index) => report.add(1, libc::EMSGSIZE),
                Some((&FRAME, datagram)) => {
                    if let Some(place) = frames.get_mut(count) {
                        *place = datagram;
                        count += 1;
                    }
                }
                Some(_) => report.add(1, 0),
                // The master never sends an empty packet: its end is closed.
                None => ended = true,
            }
        }
        let sent = send_all(&mut way, frames.get(..count).unwrap_or_default(), &mut report)?;
        tell(master, &mut report, sent > 0);
        if ended {
            return Ok(());
        }
    }
}

/// Sends every frame once; answers how many went.
fn send_all(way: &mut Way<'_>, frames: &[&[u8]], report: &mut Report) -> io::Result<usize> {
    let (mut rest, mut sent) = (frames, 0);
    while !rest.is_empty() {
        let count = match send_packets(way.socket(), rest, Some(way.to), Wait::ForOne) {
            Ok(count) => {
                sent += count;
                count
            }
            Err(error) if is_defect(&error) && error.raw_os_error() != Some(libc::EINVAL) => {
                return Err(error);
            }
            // The first of the rest cannot be sent: the next may.
            Err(error) => {
                report.add(1, error.raw_os_error().unwrap_or(0));
                1
            }
        };
        rest = rest.get(count..).unwrap_or_default();
    }
    Ok(sent)
}

/// Tells the master of trouble when it is time. Never waits: a report that does not fit is made later.
fn tell(master: BorrowedFd<'_>, report: &mut Report, works: bool) {
    if report.is_idle() {
        return;
    }
    let now = clock::monotonic();
    if let Some(trouble) = report.due(now, works)
        && send(master, &trouble.encode(), SendFlags::DONTWAIT | SendFlags::NOSIGNAL).is_ok()
    {
        report.told(now);
    }
}
