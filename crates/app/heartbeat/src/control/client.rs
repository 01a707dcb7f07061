//! The commands' side.

use super::SOCKET;
use hb_ipc::{Framed, FramedError, Incoming, Limits, Request};
use rustix::event::{PollFd, PollFlags, poll};
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// How long a node may take to answer a question about its state.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A connection to the node on this machine.
pub(crate) struct Client {
    framed: Framed,
}

/// Why there is no answer, or not the wished one.
#[derive(Debug)]
pub(crate) enum Failure {
    NotRunning(String),
    Refused { code: String, why: String },
    TimedOut,
    Broken(String),
}

impl Failure {
    /// Says it on standard error and chooses the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let (code, text) = match self {
            Failure::NotRunning(why) => {
                (3, format!("heartbeat is not running here: {why}. Start it with `heartbeat run`"))
            }
            Failure::Refused { code, why } if code == "bad_request" => (2, why.clone()),
            Failure::Refused { why, .. } => (4, format!("refused: {why}")),
            Failure::TimedOut => (5, "no answer in time".to_owned()),
            Failure::Broken(why) => (1, format!("the connection to the node broke: {why}")),
        };
        eprintln!("heartbeat: error: {text}");
        ExitCode::from(code)
    }
}

impl From<FramedError> for Failure {
    fn from(error: FramedError) -> Failure {
        match error {
            FramedError::TimedOut(_) => Failure::TimedOut,
            other => Failure::Broken(other.to_string()),
        }
    }
}

impl Client {
    pub(crate) fn connect(run_dir: &Path) -> Result<Client, Failure> {
        let path = run_dir.join(SOCKET);
        let framed = Framed::connect(&path, Limits::CLIENT)
            .map_err(|e| Failure::NotRunning(format!("{}: {e}", path.display())))?;
        Ok(Client { framed })
    }

    /// One request, one answer.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Value, Failure> {
        self.ask_within(request, ANSWER_LIMIT)
    }

    pub(crate) fn ask_within(&mut self, request: &Request, limit: Duration) -> Result<Value, Failure> {
        let bytes = self.framed.call(&request.encode(), limit)?;
        let answer: Value = serde_json::from_slice(&bytes).map_err(|e| Failure::Broken(e.to_string()))?;
        let error = &answer["error"];
        if error.is_object() {
            let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
            return Err(Failure::Refused { code: text("code"), why: text("message") });
        }
        Ok(answer)
    }

    /// Sends a frame that gets no answer, waiting while the node takes nothing.
    pub(crate) fn push(&mut self, frame: &[u8]) -> Result<(), Failure> {
        while self.framed.wants_write() {
            let mut fds = [PollFd::new(&self.framed, PollFlags::OUT)];
            poll(&mut fds, None).map_err(|e| Failure::Broken(e.to_string()))?;
            self.framed.flush()?;
        }
        Ok(self.framed.send(frame)?)
    }

    /// The next frame; `None` when the node closed the connection or nothing came within `limit`.
    pub(crate) fn next_frame(&mut self, limit: Option<Duration>) -> Result<Option<Vec<u8>>, Failure> {
        let timeout = limit.and_then(|limit| rustix::event::Timespec::try_from(limit).ok());
        loop {
            match self.framed.receive()? {
                Incoming::Frame(frame) => return Ok(Some(frame)),
                Incoming::Closed => return Ok(None),
                Incoming::Pending => {}
            }
            let mut fds = [PollFd::new(&self.framed, PollFlags::IN)];
            match poll(&mut fds, timeout.as_ref()) {
                Ok(0) => return Ok(None),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(Failure::Broken(error.to_string())),
            }
        }
    }

    /// Waits until everything pushed was taken.
    pub(crate) fn settle(&mut self) -> Result<(), Failure> {
        while self.framed.wants_write() {
            let mut fds = [PollFd::new(&self.framed, PollFlags::OUT)];
            poll(&mut fds, None).map_err(|e| Failure::Broken(e.to_string()))?;
            self.framed.flush()?;
        }
        Ok(())
    }
}
