//! One connection.

use super::{ClientView, DEFAULT_INTERVAL, Peer};
use crate::event::{EventKind, Occurrence};
use crate::record::Registration;
use alloc::format;
use alloc::string::String;
use core::time::Duration;
use hb_base::Instant;

/// A connection and what was promised on it.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) peer: Peer,
    pub(super) registration: Option<Registration>,
    /// Zero: no timer.
    pub(super) interval: Duration,
    /// Zero: no warning.
    pub(super) warn: Duration,
    pub(super) reboot: bool,
    /// When it has missed its interval, or has not registered in time. `None`: no timer, or missed already.
    pub(super) due: Option<Instant>,
    pub(super) last_beat: Instant,
    pub(super) silent: bool,
}

impl Client {
    pub(super) fn new(now: Instant, peer: Peer) -> Client {
        Client {
            peer,
            registration: None,
            interval: DEFAULT_INTERVAL,
            warn: Duration::ZERO,
            reboot: false,
            due: Some(now + DEFAULT_INTERVAL),
            last_beat: now,
            silent: false,
        }
    }

    /// Starts the interval anew. Answers how late the beat was when it is worth a warning, and whether it ended a silence.
    pub(super) fn beat(&mut self, now: Instant) -> (Option<Duration>, bool) {
        let took = now.since(self.last_beat);
        let late = (!self.warn.is_zero() && took > self.warn).then_some(took);
        self.last_beat = now;
        self.due = (!self.interval.is_zero()).then(|| now + self.interval);
        (late, core::mem::take(&mut self.silent))
    }

    /// Whether a registration tells the truth about who sends it (spec: ipc section 5).
    pub(super) fn is_truly(&self, registration: &Registration) -> bool {
        let Registration { application, pid, uid, gid, .. } = registration;
        let process = u32::try_from(*pid).is_ok_and(|pid| pid >= 2 && pid == self.peer.pid);
        !application.is_empty() && process && (*uid == self.peer.uid || *gid == self.peer.gid)
    }

    /// How notices name it.
    pub(super) fn subject(&self) -> String {
        match &self.registration {
            Some(r) if r.instance.is_empty() => format!("application {}", r.application),
            Some(r) => format!("application {}/{}", r.application, r.instance),
            None => format!("process {}", self.peer.pid),
        }
    }

    pub(super) fn occurrence(&self, kind: EventKind) -> Option<Occurrence> {
        let r = self.registration.as_ref()?;
        let (application, instance) = (r.application.clone(), r.instance.clone());
        Some(Occurrence { application, instance, pid: r.pid, uid: r.uid, gid: r.gid, kind })
    }

    pub(super) fn view(&self) -> Option<ClientView> {
        let r = self.registration.as_ref()?;
        let (interval, silent) = (self.interval, self.silent);
        Some(ClientView { subject: self.subject(), pid: r.pid, interval, silent })
    }
}
