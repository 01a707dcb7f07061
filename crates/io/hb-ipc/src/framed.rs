//! Frames over a stream, in both directions, each behind its header.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::IoSlice;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, sendmsg};
use thiserror::Error;

use crate::framing::{Framing, Header};

/// What a peer may make us hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Longest frame that is received, without its length.
    pub receive_bytes: usize,
    /// Most bytes that wait for the peer to read them.
    pub queue_bytes: usize,
}

impl Limits {
    /// The daemon's side of the control socket: short requests, long answers.
    pub const CONTROL: Limits = Limits { receive_bytes: 64 << 10, queue_bytes: 4 << 20 };
    /// The client's side of the control socket.
    pub const CLIENT: Limits = Limits { receive_bytes: 4 << 20, queue_bytes: 64 << 10 };
    /// Both sides of the original's sockets: frames of at most 256 KiB (spec: ipc section 1).
    pub const CLASSIC: Limits = Limits { receive_bytes: 256 << 10, queue_bytes: 8 << 20 };
}

/// What [`Framed::receive`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Incoming {
    /// One frame. Call again: the next may be here already, and no event will tell of it.
    Frame(Vec<u8>),
    /// Not a whole frame yet.
    Pending,
    /// The peer has closed its side, between two frames.
    Closed,
}

/// Why a connection is of no use any more. Close it.
#[derive(Debug, Error)]
pub enum FramedError {
    /// The peer announced a frame of a length that is refused.
    #[error("a frame of {announced} bytes is refused, the limit is {limit}")]
    Length {
        /// What it announced; 0 is refused too.
        announced: u32,
        /// What is allowed.
        limit: usize,
    },
    /// What should be the original's header is none.
    #[error("a header with the magic number {found:#x} is refused")]
    Magic {
        /// What stands in its place.
        found: u32,
    },
    /// The peer closed its side within a frame.
    #[error("the connection ended within a frame")]
    Truncated,
    /// The peer does not read, or the frame to send is longer than what may wait.
    #[error("{waiting} bytes would wait for the peer, the limit is {limit}")]
    Overflow {
        /// How many would have to wait.
        waiting: usize,
        /// How many may.
        limit: usize,
    },
    /// No answer came in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The kernel's reason.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Frames sent with one system call at most; each takes two pieces.
const FRAMES_A_CALL: usize = 16;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 8 << 10;

/// A frame that waits to be sent.
#[derive(Debug)]
struct Waiting {
    header: Header,
    body: Arc<[u8]>,
}

impl Waiting {
    fn bytes(&self) -> usize {
        self.header.as_bytes().len() + self.body.len()
    }
}

/// A stream with frames in both directions. Non-blocking.
#[derive(Debug)]
pub struct Framed {
    fd: OwnedFd,
    framing: Framing,
    limits: Limits,
    inbox: Vec<u8>,
    outbox: VecDeque<Waiting>,
    /// Bytes of all frames that wait.
    waiting_bytes: usize,
    /// How much of the first of them is sent already.
    sent: usize,
    ended: bool,
}

impl Framed {
    /// Takes over a connected stream socket; each frame stands behind its length.
    ///
    /// # Errors
    /// When it cannot be made non-blocking.
    pub fn new(fd: OwnedFd, limits: Limits) -> io::Result<Framed> {
        Framed::with_framing(fd, Framing::Length, limits)
    }

    /// Takes over a connected stream socket.
    ///
    /// # Errors
    /// When it cannot be made non-blocking.
    pub fn with_framing(fd: OwnedFd, framing: Framing, limits: Limits) -> io::Result<Framed> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        let (inbox, outbox) = (Vec::new(), VecDeque::new());
        Ok(Framed { fd, framing, limits, inbox, outbox, waiting_bytes: 0, sent: 0, ended: false })
    }

    /// Connects to the socket at `path`.
    ///
    /// # Errors
    /// NotFound or ConnectionRefused when nobody listens, PermissionDenied when we may not.
    pub fn connect(path: &Path, limits: Limits) -> io::Result<Framed> {
        Framed::new(UnixStream::connect(path)?.into(), limits)
    }

    /// The next frame, read as far as it has come.
    ///
    /// # Errors
    /// When the peer misbehaves or is gone: close the connection.
    pub fn receive(&mut self) -> Result<Incoming, FramedError> {
        loop {
            if let Some(frame) = self.take_frame()? {
                return Ok(Incoming::Frame(frame));
            }
            if self.ended {
                return if self.inbox.is_empty() {
                    Ok(Incoming::Closed)
                } else {
                    Err(FramedError::Truncated)
                };
            }
            let mut chunk = [0; CHUNK_BYTES];
            match recv(&self.fd, &mut chunk[..], RecvFlags::DONTWAIT) {
                Ok((0, _)) => self.ended = true,
                Ok((count, _)) => self.inbox.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(rustix::io::Errno::AGAIN) => return Ok(Incoming::Pending),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(FramedError::Io(error.into())),
            }
        }
    }

    fn take_frame(&mut self) -> Result<Option<Vec<u8>>, FramedError> {
        loop {
            let Some(found) = self.framing.find(&self.inbox, self.limits.receive_bytes)? else {
                return Ok(None);
            };
            let end = found.header_bytes + found.body_bytes;
            let Some(frame) = self.inbox.get(found.header_bytes..end) else { return Ok(None) };
            let frame = frame.to_vec();
            self.inbox.drain(..end);
            if !frame.is_empty() {
                return Ok(Some(frame));
            }
        }
    }

    /// Queues one frame and sends what the peer takes now. Afterwards, when [`Framed::wants_write`], watch for room
    /// to write and call [`Framed::flush`].
    ///
    /// # Errors
    /// Overflow when more would wait than may (nothing is queued then), or the peer is gone.
    pub fn send(&mut self, body: &[u8]) -> Result<(), FramedError> {
        self.send_shared(body.into())
    }

    /// As [`Framed::send`], with bytes that other connections may be sent too.
    ///
    /// # Errors
    /// As [`Framed::send`].
    pub fn send_shared(&mut self, body: Arc<[u8]>) -> Result<(), FramedError> {
        let limit = self.limits.queue_bytes;
        let waiting = self.waiting_bytes + self.framing.header_bytes() + body.len();
        let length = u32::try_from(body.len()).ok().filter(|length| *length > 0);
        let Some(length) = length.filter(|_| waiting <= limit) else {
            return Err(FramedError::Overflow { waiting, limit });
        };
        self.waiting_bytes = waiting;
        self.outbox.push_back(Waiting { header: self.framing.header(length), body });
        self.flush()
    }

    /// Sends what the peer takes now.
    ///
    /// # Errors
    /// When the peer is gone.
    pub fn flush(&mut self) -> Result<(), FramedError> {
        while !self.outbox.is_empty() {
            let mut pieces = Vec::with_capacity(2 * FRAMES_A_CALL);
            let mut skip = self.sent;
            for waiting in self.outbox.iter().take(FRAMES_A_CALL) {
                for piece in [waiting.header.as_bytes(), &waiting.body] {
                    pieces.push(IoSlice::new(piece.get(skip..).unwrap_or_default()));
                    skip = skip.saturating_sub(piece.len());
                }
            }
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match sendmsg(&self.fd, &pieces, &mut SendAncillaryBuffer::default(), flags) {
                Ok(count) => self.taken(count),
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(FramedError::Io(error.into())),
            }
        }
        Ok(())
    }

    /// The kernel took so many bytes.
    fn taken(&mut self, count: usize) {
        self.sent += count;
        while let Some(first) = self.outbox.front() {
            let bytes = first.bytes();
            if self.sent < bytes {
                return;
            }
            self.sent -= bytes;
            self.waiting_bytes -= bytes;
            self.outbox.pop_front();
        }
    }

    /// Whether something waits for the peer to read.
    pub fn wants_write(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// How many frames wait for the peer to read, one that is partly sent included.
    pub fn waiting_frames(&self) -> usize {
        self.outbox.len()
    }

    /// Waits until the peer has taken everything: for commands and short-lived children, not for daemons.
    ///
    /// # Errors
    /// TimedOut when something is left after `limit`.
    pub fn settle(&mut self, limit: Duration) -> Result<(), FramedError> {
        let end = Instant::now() + limit;
        loop {
            self.flush()?;
            if !self.wants_write() {
                return Ok(());
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(FramedError::TimedOut(limit));
            }
            let mut fds = [PollFd::new(&self.fd, PollFlags::OUT)];
            match poll(&mut fds, Timespec::try_from(left).ok().as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(FramedError::Io(error.into())),
            }
        }
    }

    /// Sends one request and waits for one answer: for commands, not for daemons.
    ///
    /// # Errors
    /// TimedOut when no whole answer came within `limit`; the connection is of no use then.
    pub fn call(&mut self, body: &[u8], limit: Duration) -> Result<Vec<u8>, FramedError> {
        let end = Instant::now() + limit;
        self.send(body)?;
        loop {
            self.flush()?;
            match self.receive()? {
                Incoming::Frame(frame) => return Ok(frame),
                Incoming::Closed => return Err(FramedError::Truncated),
                Incoming::Pending => {}
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(FramedError::TimedOut(limit));
            }
            let timeout = Timespec::try_from(left).ok();
            let write = if self.wants_write() { PollFlags::OUT } else { PollFlags::empty() };
            let mut fds = [PollFd::new(&self.fd, PollFlags::IN | write)];
            match poll(&mut fds, timeout.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(FramedError::Io(error.into())),
            }
        }
    }
}

impl AsFd for Framed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests;
