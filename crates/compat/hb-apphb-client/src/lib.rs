//! For applications that want to be watched: register with `apphbd`, promise an interval, beat.
//!
//! ```no_run
//! use std::time::Duration;
//! # fn work() -> bool { false }
//! let mut client = hb_apphb_client::Client::register("web", "1")?;
//! client.set_interval(Duration::from_secs(2))?;
//! while work() {
//!     client.beat()?;
//! }
//! client.unregister()?;
//! # Ok::<(), hb_apphb_client::ClientError>(())
//! ```
//!
//! Works with the original's `apphbd` and with ours. Child processes must register themselves.
//!
//! # Invariants
//! - [`Client::beat`] never waits; everything else waits for its answer, [`PATIENCE`] at most.
//!
//! # Does not know about
//! What is done when heartbeats stay away.
#![forbid(unsafe_code)]

use hb_apphb::record::{Registration, Request, decode_answer};
use hb_ipc::{Framed, FramedError, Framing, Limits};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use thiserror::Error;

/// Where `apphbd` listens.
pub const SOCKET: &str = "/run/heartbeat/apphb.comm";
/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

const LIMITS: Limits = Limits { receive_bytes: 4 << 10, queue_bytes: 4 << 10 };

/// Why a request was not carried out. Only after [`ClientError::Refused`] the client is still usable.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody listens there, or it may not be reached.
    #[error("apphbd cannot be reached: {0}")]
    Unreachable(std::io::Error),
    /// The connection is of no use any more.
    #[error("the connection to apphbd is lost: {0}")]
    Lost(#[from] FramedError),
    /// The name or the instance does not fit: at most 255 bytes without NUL, the name at least one.
    #[error("the name or the instance does not fit into a registration")]
    BadName,
    /// The daemon's answer, an `errno` value: 1 not allowed, 17 registered already, 22 not as it should be, 28 no room.
    #[error("apphbd refuses it with code {0}")]
    Refused(i32),
}

/// A registered application. When it is dropped without [`Client::unregister`], that is an event.
#[derive(Debug)]
pub struct Client {
    framed: Framed,
}

impl Client {
    /// Registers this process as `name`, of which it is `instance`, with the `apphbd` of this machine.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses.
    pub fn register(name: &str, instance: &str) -> Result<Client, ClientError> {
        Client::register_at(Path::new(SOCKET), name, instance)
    }

    /// As [`Client::register`], with an `apphbd` that listens elsewhere.
    ///
    /// # Errors
    /// As [`Client::register`].
    pub fn register_at(socket: &Path, name: &str, instance: &str) -> Result<Client, ClientError> {
        let stream = UnixStream::connect(socket).map_err(ClientError::Unreachable)?;
        let framed = Framed::with_framing(stream.into(), Framing::Classic, LIMITS);
        let mut client = Client { framed: framed.map_err(ClientError::Unreachable)? };
        let own = std::fs::metadata("/proc/self").map_err(ClientError::Unreachable)?;
        let folder = std::env::current_dir().unwrap_or_default().display().to_string();
        let registration = Registration {
            application: name.to_owned(),
            instance: instance.to_owned(),
            // It tells people where to look, nothing else: one that is too long is left out.
            folder: if folder.len() < 256 { folder } else { String::new() },
            pid: i32::try_from(std::process::id()).map_err(|_| ClientError::BadName)?,
            uid: own.uid(),
            gid: own.gid(),
        };
        client.ask(&Request::Register(Some(registration)))?;
        Ok(client)
    }

    /// Promises a heartbeat at least this often; zero promises nothing. Counts as a heartbeat.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn set_interval(&mut self, interval: Duration) -> Result<(), ClientError> {
        self.ask(&Request::Interval(Some(millis(interval))))
    }

    /// Has heartbeats that come later than this noted in the log; zero is never.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn set_warn(&mut self, warn: Duration) -> Result<(), ClientError> {
        self.ask(&Request::Warn(Some(millis(warn))))
    }

    /// Has the machine reboot when this application fails. For root and the cluster's user.
    ///
    /// # Errors
    /// Refused with 1 for anybody else; or the connection is lost.
    pub fn set_reboot(&mut self, on: bool) -> Result<(), ClientError> {
        self.ask(&Request::Reboot(Some(on)))
    }

    /// I am fine.
    ///
    /// # Errors
    /// When the connection is lost: register again.
    pub fn beat(&mut self) -> Result<(), ClientError> {
        let record = Request::Beat.encode().ok_or(ClientError::BadName)?;
        Ok(self.framed.send(&record)?)
    }

    /// No further heartbeats are to be expected.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn unregister(mut self) -> Result<(), ClientError> {
        self.ask(&Request::Unregister)
    }

    fn ask(&mut self, request: &Request) -> Result<(), ClientError> {
        let record = request.encode().ok_or(ClientError::BadName)?;
        let answer = self.framed.call(&record, PATIENCE)?;
        match decode_answer(&answer) {
            Some(0) => Ok(()),
            Some(errno) => Err(ClientError::Refused(errno)),
            None => Err(ClientError::Lost(FramedError::Truncated)),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hb_ipc::Incoming;
    use std::os::unix::net::UnixListener;

    /// A daemon that gives these answers, one a request, and tells what it was asked.
    fn daemon(socket: &Path, answers: Vec<i32>) -> std::thread::JoinHandle<Vec<Request>> {
        let listener = UnixListener::bind(socket).unwrap();
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut framed = Framed::with_framing(stream.into(), Framing::Classic, LIMITS).unwrap();
            let (mut asked, mut answers) = (Vec::new(), answers.into_iter());
            loop {
                match framed.receive() {
                    Ok(Incoming::Frame(frame)) => {
                        let request = Request::decode(&frame).unwrap();
                        if request != Request::Beat {
                            framed.send(&answers.next().unwrap_or(0).to_ne_bytes()).unwrap();
                        }
                        asked.push(request);
                    }
                    Ok(Incoming::Pending) => std::thread::yield_now(),
                    Ok(Incoming::Closed) | Err(_) => return asked,
                }
            }
        })
    }

    #[test]
    fn a_client_says_what_the_original_says() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("apphb.comm");
        let daemon = daemon(&socket, vec![0, 0, 0, 1, 0]);
        let mut client = Client::register_at(&socket, "web", "1").unwrap();
        client.set_interval(Duration::from_millis(200)).unwrap();
        client.set_warn(Duration::from_millis(100)).unwrap();
        assert!(matches!(client.set_reboot(true), Err(ClientError::Refused(1))));
        client.beat().unwrap();
        client.unregister().unwrap();
        let asked = daemon.join().unwrap();
        let Request::Register(Some(registration)) = &asked[0] else { panic!("{asked:?}") };
        assert_eq!((registration.application.as_str(), registration.instance.as_str()), ("web", "1"));
        assert_eq!(u32::try_from(registration.pid), Ok(std::process::id()));
        let rest = [
            Request::Interval(Some(200)),
            Request::Warn(Some(100)),
            Request::Reboot(Some(true)),
            Request::Beat,
            Request::Unregister,
        ];
        assert_eq!(asked[1..], rest);
    }

    #[test]
    fn names_that_do_not_fit_and_daemons_that_are_not_there_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("apphb.comm");
        assert!(matches!(Client::register_at(&socket, "web", ""), Err(ClientError::Unreachable(_))));
        let _daemon = daemon(&socket, vec![]);
        assert!(matches!(Client::register_at(&socket, &"n".repeat(256), ""), Err(ClientError::BadName)));
    }
}
