//! The body of a reader child: datagrams from the socket to the master, with their time of arrival.

use std::io;
use std::os::fd::BorrowedFd;

use hb_base::{Instant, Token};
use hb_ipc::{BATCH, Batch, Wait, send_packets};
use hb_runtime::clock;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{RecvFlags, recv, sockopt};

use crate::medium::MAX_DATAGRAM_BYTES;
use crate::protocol::{FRAME_HEAD_BYTES, FromReader, drain, drain_token};
use crate::report::Report;
use crate::stamps::Stamps;
use crate::sys;

/// The kernel accounts at least this much for a queued datagram.
const LEAST_QUEUED_BYTES: usize = 512;

/// Drain requests answered together. The master asks for one at a time.
const MAX_REQUESTS: usize = 16;

/// Runs until the master's end closes.
///
/// # Errors
/// When the socket is of no use, which is a defect of the caller.
pub(crate) fn run(socket: BorrowedFd<'_>, master: BorrowedFd<'_>) -> io::Result<()> {
    Reader::new(socket, master).run()
}

struct Reader<'a> {
    socket: BorrowedFd<'a>,
    master: BorrowedFd<'a>,
    batch: Batch,
    stamps: Stamps,
    requests: Vec<Token>,
    report: Report,
    /// More datagrams than the socket can hold: after forwarding so many, all that were there at first are forwarded.
    socket_holds: usize,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    Go,
    End,
}

impl<'a> Reader<'a> {
    fn new(socket: BorrowedFd<'a>, master: BorrowedFd<'a>) -> Reader<'a> {
        let buffer_bytes = sockopt::socket_recv_buffer_size(socket).unwrap_or(usize::MAX);
        Reader {
            socket,
            master,
            batch: Batch::new(FRAME_HEAD_BYTES, MAX_DATAGRAM_BYTES),
            stamps: Stamps::default(),
            requests: Vec::with_capacity(MAX_REQUESTS),
            report: Report::default(),
            socket_holds: buffer_bytes / LEAST_QUEUED_BYTES + BATCH,
        }
    }

    fn run(&mut self) -> io::Result<()> {
        loop {
            let mut fds =
                [PollFd::new(&self.socket, PollFlags::IN), PollFd::new(&self.master, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [socket, master] = fds.map(|fd| fd.revents());
            if !master.is_empty() && self.take_requests()? == Next::End {
                return Ok(());
            }
            if (!socket.is_empty() || !self.requests.is_empty()) && self.forward_waiting()? == Next::End {
                return Ok(());
            }
        }
    }

    /// Takes the drain requests that are there.
    fn take_requests(&mut self) -> io::Result<Next> {
        while self.requests.len() < MAX_REQUESTS {
            let mut packet = [0; 16];
            match recv(self.master, &mut packet[..], RecvFlags::DONTWAIT) {
                Ok((0, _)) => return Ok(Next::End),
                Ok((count, _)) => {
                    self.requests.extend(packet.get(..count).and_then(drain_token));
                }
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::CONNRESET) => return Ok(Next::End),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Next::Go)
    }

    /// Forwards one batch; with a drain request all there is, and answers it.
    fn forward_waiting(&mut self) -> io::Result<Next> {
        let mut forwarded = 0;
        loop {
            let before = clock::monotonic();
            let count = match self.batch.receive(self.socket, Wait::No) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(error) if is_defect(&error) => return Err(error),
                // An error of the network, told once and gone with that: the socket is still of use.
                Err(error) => {
                    self.report.add(1, error.raw_os_error().unwrap_or(0));
                    0
                }
            };
            if self.forward(count)? == Next::End {
                return Ok(Next::End);
            }
            if count < BATCH {
                self.stamps.emptied(before);
            } else if self.was_full() {
                self.report.add(1, libc::ENOBUFS);
            }
            forwarded += count;
            if self.requests.is_empty() {
                return Ok(Next::Go);
            }
            if count == 0 || forwarded >= self.socket_holds {
                return self.answer();
            }
        }
    }

    /// Whether the socket had no room left, or hardly any, before the last batch: what came then is lost. The kernel's
    /// count of losses is of no use, because it includes the echoes that the socket's filter keeps out.
    fn was_full(&self) -> bool {
        let taken: usize = self.batch.packets().map(<[u8]>::len).sum();
        sys::fill(self.socket)
            .is_ok_and(|fill| fill.queued_bytes + taken >= fill.room_bytes - fill.room_bytes / 8)
    }

    fn answer(&mut self) -> io::Result<Next> {
        while let Some(token) = self.requests.first().copied() {
            if self.tell(&[&drain(token)])? == Next::End {
                return Ok(Next::End);
            }
            self.requests.remove(0);
        }
        Ok(Next::Go)
    }

    fn forward(&mut self, count: usize) -> io::Result<Next> {
        self.report_trouble(count > 0)?;
        if count == 0 {
            return Ok(Next::Go);
        }
        self.stamps.batch(clock::both());
        for index in 0..count {
            let stamp = self.stamps.convert(self.batch.stamp_nanos(index));
            if let Some(head) = self.batch.head_mut(index) {
                head.copy_from_slice(&FromReader::frame_head(stamp));
            }
        }
        let mut packets: [&[u8]; BATCH] = [&[]; BATCH];
        for (index, packet) in packets.iter_mut().enumerate().take(count) {
            *packet = self.batch.with_head(index).unwrap_or_default();
        }
        self.tell(packets.get(..count).unwrap_or_default())
    }

    fn report_trouble(&mut self, works: bool) -> io::Result<()> {
        if self.report.is_idle() {
            return Ok(());
        }
        let now: Instant = clock::monotonic();
        if let Some(trouble) = self.report.due(now, works) {
            self.tell(&[&trouble.encode()])?;
            self.report.told(now);
        }
        Ok(())
    }

    /// Sends all packets to the master, waiting while it is slow: the kernel holds the datagrams meanwhile.
    fn tell(&self, packets: &[&[u8]]) -> io::Result<Next> {
        let mut rest = packets;
        while !rest.is_empty() {
            match send_packets(self.master, rest, None, Wait::ForOne) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if is_gone(&error) => return Ok(Next::End),
                Err(error) => return Err(error),
            }
        }
        Ok(Next::Go)
    }
}

/// Whether the master's end is closed.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

/// Errors that no network causes and that no second attempt cures.
pub(crate) fn is_defect(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    [libc::EBADF, libc::ENOTSOCK, libc::EFAULT, libc::EINVAL].iter().any(|defect| number == Some(*defect))
}
