//! The master's side: starting the children of a medium and talking to them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hb_base::Token;
use hb_ipc::{BATCH, Batch, Pair, Received, Sent};
use hb_runtime::{Child, Role, Settle, SpawnError};

use crate::fifo::MAX_MESSAGE_BYTES;
use crate::medium::{MAX_DATAGRAM_BYTES, Medium, Opened};
use crate::protocol::{FRAME_HEAD_BYTES, drain};

/// Channel capacity for what a child tells the master: about a second of frames.
const TO_MASTER_BYTES: usize = 256 << 10;

/// Channel capacity for requests and reports.
const SMALL_BYTES: usize = 16 << 10;

/// Where received packets of readers and the FIFO reader go: one for the whole master.
pub fn reader_batch() -> Batch {
    Batch::new(0, FRAME_HEAD_BYTES + MAX_DATAGRAM_BYTES.max(MAX_MESSAGE_BYTES))
}

/// Where received packets of writers go: one for the whole master.
pub fn writer_batch() -> Batch {
    Batch::new(0, 16)
}

fn channel(title: &str, to_child: usize, to_master: usize) -> Result<(Pair, OwnedFd), SpawnError> {
    Pair::new(to_child, to_master).map_err(|error| SpawnError::Refused { title: title.to_owned(), error })
}

/// A running reader of a medium.
#[derive(Debug)]
pub struct ReaderChild {
    /// The process. Dropping this closes the channel, which ends the process.
    pub child: Child,
    /// Its channel: class packets.
    pub pair: Pair,
}

impl ReaderChild {
    /// Starts a reader on the medium's receive socket, also after an earlier one died.
    ///
    /// # Errors
    /// When no process can be started.
    pub fn spawn(medium: &dyn Medium, opened: &Opened, settle: Settle) -> Result<ReaderChild, SpawnError> {
        let title = format!("heartbeat: read: {} {}", medium.mtype(), medium.link());
        let (pair, theirs) = channel(&title, SMALL_BYTES, TO_MASTER_BYTES)?;
        let fds = [("socket", opened.receive.as_fd()), ("pair", theirs.as_fd())];
        let child = Role { name: "read", title: &title, args: &[], fds: &fds, settle }.spawn()?;
        Ok(ReaderChild { child, pair })
    }

    /// Asks it to say when everything now in its socket is forwarded. [`Sent::Full`] means that it does not
    /// even take requests: treat it as not answering.
    ///
    /// # Errors
    /// When it is gone.
    pub fn request_drain(&self, token: Token) -> io::Result<Sent> {
        self.pair.send(&drain(token))
    }

    /// Receives what it has sent, to be read with [`crate::protocol::FromReader`]. One system call.
    ///
    /// # Errors
    /// Only for defects.
    pub fn receive(&self, batch: &mut Batch) -> io::Result<Received> {
        self.pair.receive(batch)
    }
}

/// A running writer of a medium.
#[derive(Debug)]
pub struct WriterChild {
    /// The process. Dropping this closes the channel; the process sends what it still has and ends.
    pub child: Child,
    /// Its channel: class packets.
    pub pair: Pair,
}

impl WriterChild {
    /// Starts a writer on the medium's send socket.
    ///
    /// # Errors
    /// When no process can be started.
    pub fn spawn(medium: &dyn Medium, opened: &Opened, settle: Settle) -> Result<WriterChild, SpawnError> {
        let title = format!("heartbeat: write: {} {}", medium.mtype(), medium.link());
        // Little more than one datagram: what a stuck writer leaves waiting is the master's to choose from.
        let (pair, theirs) = channel(&title, Pair::ONE_DATAGRAM_BYTES, SMALL_BYTES)?;
        let mut fds = vec![("socket", opened.send.as_fd()), ("pair", theirs.as_fd())];
        fds.extend(opened.send_heard.as_ref().map(|heard| ("heard", heard.as_fd())));
        let to = opened.to.to_string();
        let child = Role { name: "write", title: &title, args: &[&to], fds: &fds, settle }.spawn()?;
        Ok(WriterChild { child, pair })
    }

    /// Gives it frames, up to [`BATCH`] of them; answers how many it took, in order. Never waits. Each packet is a
    /// frame with [`crate::protocol::FRAME`] in front.
    ///
    /// # Errors
    /// When it is gone.
    pub fn send(&self, packets: &[&[u8]]) -> io::Result<usize> {
        self.pair.send_batch(packets.get(..packets.len().min(BATCH)).unwrap_or_default())
    }

    /// Receives its reports, to be read with [`crate::protocol::from_writer`].
    ///
    /// # Errors
    /// Only for defects.
    pub fn receive(&self, batch: &mut Batch) -> io::Result<Received> {
        self.pair.receive(batch)
    }
}

/// The running FIFO reader.
#[derive(Debug)]
pub struct FifoChild {
    /// The process.
    pub child: Child,
    /// Its channel, to be read with [`crate::protocol::FromFifo`]: class clients.
    pub pair: Pair,
}

impl FifoChild {
    /// Starts the FIFO reader on a FIFO from [`crate::fifo::open`].
    ///
    /// # Errors
    /// When no process can be started.
    pub fn spawn(fifo: BorrowedFd<'_>, settle: Settle) -> Result<FifoChild, SpawnError> {
        let title = "heartbeat: FIFO reader";
        let (pair, theirs) = channel(title, SMALL_BYTES, TO_MASTER_BYTES)?;
        let fds = [("fifo", fifo), ("pair", theirs.as_fd())];
        let child = Role { name: "fifo", title, args: &[], fds: &fds, settle }.spawn()?;
        Ok(FifoChild { child, pair })
    }

    /// Receives what it has sent.
    ///
    /// # Errors
    /// Only for defects.
    pub fn receive(&self, batch: &mut Batch) -> io::Result<Received> {
        self.pair.receive(batch)
    }
}
