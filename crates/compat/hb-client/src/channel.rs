//! Messages over the daemon's socket.

use crate::Error;
use hb_ipc::{Framed, Framing, Incoming, Limits};
use hb_wire::{Codec, Format, Keys, Message, Method};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Channel {
    framed: Framed,
    codec: Codec,
}

impl Channel {
    pub(crate) fn connect(path: &Path) -> Result<Channel, Error> {
        let failed = |error| Error::Connect { path: path.to_owned(), error };
        let stream = UnixStream::connect(path).map_err(failed)?;
        let framed =
            Framed::with_framing(stream.into(), Framing::Classic, Limits::CLASSIC).map_err(failed)?;
        Ok(Channel { framed, codec: local_codec() })
    }

    /// Queues a message and sends what the daemon takes now.
    pub(crate) fn send(&mut self, message: &Message) -> Result<(), Error> {
        let bytes = self.codec.encode_local(message)?;
        Ok(self.framed.send(&bytes)?)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        Ok(self.framed.flush()?)
    }

    pub(crate) fn wants_write(&self) -> bool {
        self.framed.wants_write()
    }

    /// The next message that is here. Frames that are no messages are skipped.
    pub(crate) fn receive(&mut self) -> Result<Option<Message>, Error> {
        loop {
            match self.framed.receive()? {
                Incoming::Frame(bytes) => {
                    if let Ok(message) = self.codec.decode_local(&bytes) {
                        return Ok(Some(message));
                    }
                }
                Incoming::Pending => return Ok(None),
                Incoming::Closed => return Err(Error::Closed),
            }
        }
    }

    /// Waits until there is something to read, or room to write what waits. False: neither until `end`.
    pub(crate) fn wait(&mut self, end: Instant) -> Result<bool, Error> {
        let left = end.saturating_duration_since(Instant::now());
        // Not less than is left: rounding down would turn the end into a busy loop.
        let timeout = Timespec::try_from(left + Duration::from_micros(1)).ok();
        let write = if self.wants_write() { PollFlags::OUT } else { PollFlags::empty() };
        let mut fds = [PollFd::new(&self.framed, PollFlags::IN | write)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => return Ok(false),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Error::Channel(hb_ipc::FramedError::Io(error.into()))),
        }
        self.flush()?;
        Ok(true)
    }

    /// Waits until everything that was sent has been taken.
    pub(crate) fn drain(&mut self, limit: Duration) -> Result<(), Error> {
        let end = Instant::now() + limit;
        while self.wants_write() {
            if !self.wait(end)? {
                return Err(Error::TimedOut(limit));
            }
        }
        Ok(())
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.framed.as_fd()
    }
}

/// Local messages are not signed: the key has no use.
fn local_codec() -> Codec {
    let keys = Keys::new(1, [(1, Method::Crc, Vec::new())]);
    Codec::new(keys.unwrap_or_else(|_| unreachable!("one key without a secret is valid")), Format::Classic)
}
