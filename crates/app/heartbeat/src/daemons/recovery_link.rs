//! Telling the recovery manager.

use hb_apphb::Occurrence;
use hb_apphb::record::{Caller, Report};
use hb_base::Instant;
use hb_ipc::{Framed, Framing, Incoming, Limits};
use rustix::process::{getegid, geteuid};
use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the recovery manager's socket, in the state folder.
pub(super) const SOCKET: &str = "recoverymgr.comm";
/// Occurrences that wait while nobody listens; the oldest goes first.
const WAITING_MAX: usize = 64;
/// Pause between two tries to connect.
const RETRY: Duration = Duration::from_secs(5);
const LIMITS: Limits = Limits { receive_bytes: 4 << 10, queue_bytes: 64 << 10 };

/// The connection, made when there is something to tell.
pub(super) struct RecoveryLink {
    socket: PathBuf,
    framed: Option<Framed>,
    waiting: VecDeque<Occurrence>,
    due: Option<Instant>,
}

impl RecoveryLink {
    pub(super) fn new(state_dir: &Path) -> RecoveryLink {
        RecoveryLink { socket: state_dir.join(SOCKET), framed: None, waiting: VecDeque::new(), due: None }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due
    }

    pub(super) fn tell(&mut self, now: Instant, occurrence: Occurrence) {
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(occurrence);
        if self.due.is_none() {
            self.turn(now);
        }
    }

    /// Tells what waits; what nobody takes now is due later.
    pub(super) fn turn(&mut self, now: Instant) {
        if self.due.is_some_and(|due| now < due) {
            return;
        }
        self.due = None;
        while let Some(occurrence) = self.waiting.front() {
            let record = Report::Event(Some(occurrence.clone())).encode();
            if record.is_none_or(|record| self.send(&record)) {
                self.waiting.pop_front();
            } else {
                self.framed = None;
                self.due = Some(now + RETRY);
                return;
            }
        }
    }

    fn send(&mut self, record: &[u8]) -> bool {
        self.forget_if_gone();
        if self.framed.is_none() {
            self.framed = self.connect();
        }
        self.framed.as_mut().is_some_and(|framed| framed.send(record).is_ok())
    }

    /// Reads the answers, which mean nothing to us, and the end of the connection, which does.
    fn forget_if_gone(&mut self) {
        while let Some(framed) = &mut self.framed {
            match framed.receive() {
                Ok(Incoming::Frame(_)) => {}
                Ok(Incoming::Pending) => return,
                Ok(Incoming::Closed) | Err(_) => self.framed = None,
            }
        }
    }

    fn connect(&self) -> Option<Framed> {
        let stream = UnixStream::connect(&self.socket).ok()?;
        let mut framed = Framed::with_framing(stream.into(), Framing::Classic, LIMITS).ok()?;
        let caller = Caller {
            application: "apphbd".to_owned(),
            instance: "normal".to_owned(),
            pid: i32::try_from(std::process::id()).ok()?,
            uid: geteuid().as_raw(),
            gid: getegid().as_raw(),
        };
        framed.send(&Report::Connect(Some(caller)).encode()?).ok()?;
        Some(framed)
    }
}
