//! Signing on and off, and the flow of messages.

use crate::channel::Channel;
use crate::event::classify;
use crate::order::{Order, Ready};
use crate::{Error, Event};
use hb_wire::Message;
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where the daemon listens.
pub const SOCKET: &str = "/run/heartbeat/register";
/// How long the daemon may take to answer a question, unless [`SignOn::within`] says otherwise.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Events that may wait while questions are asked.
const EVENTS_MAX: usize = 16_384;

/// How to sign on.
#[derive(Clone, Debug)]
pub struct SignOn {
    name: Option<String>,
    socket: PathBuf,
    limit: Duration,
}

impl SignOn {
    /// As a client with a name of its own: it may send messages to the clients of this name on all nodes, where
    /// `apiauth` permits it. At most 31 bytes.
    pub fn named(name: &str) -> SignOn {
        SignOn { name: Some(name.to_owned()), ..SignOn::casual() }
    }

    /// As a client that asks and listens.
    pub fn casual() -> SignOn {
        SignOn { name: None, socket: SOCKET.into(), limit: ANSWER_LIMIT }
    }

    /// The daemon listens elsewhere.
    #[must_use]
    pub fn at(self, socket: &Path) -> SignOn {
        SignOn { socket: socket.to_owned(), ..self }
    }

    /// Answers may take this long, that to the sign-on too.
    #[must_use]
    pub fn within(self, limit: Duration) -> SignOn {
        SignOn { limit, ..self }
    }
}

/// What the daemon told at the sign-on.
#[derive(Clone, Debug, Default)]
struct Told {
    node: String,
    version: String,
    deadtime: Duration,
    keepalive: Duration,
    logfacility: Option<i32>,
}

/// A signed-on client.
#[derive(Debug)]
pub struct Client {
    pub(crate) channel: Channel,
    pub(crate) limit: Duration,
    id: String,
    casual: bool,
    told: Told,
    /// Came while an answer was waited for, in order.
    waiting: VecDeque<Message>,
    pub(crate) order: Order,
    ready: VecDeque<Event>,
}

impl Client {
    /// Connects and signs on; waits for the answer.
    ///
    /// # Errors
    /// Nobody listens, or the daemon does not permit it.
    pub fn sign_on(options: &SignOn) -> Result<Client, Error> {
        let channel = Channel::connect(&options.socket)?;
        let pid = std::process::id().to_string();
        let casual = options.name.is_none();
        let id = options.name.clone().unwrap_or(pid);
        let mut client = Client {
            channel,
            limit: options.limit,
            order: Order::new(&id),
            id,
            casual,
            told: Told::default(),
            waiting: VecDeque::new(),
            ready: VecDeque::new(),
        };
        let request = client
            .envelope("signon")
            .with("uid", rustix::process::geteuid().as_raw().to_string())
            .with("gid", rustix::process::getegid().as_raw().to_string());
        client.channel.send(&request)?;
        let answer = client.answer("signon").map_err(|error| match error {
            Error::Refused { reason, .. } => Error::SignOn { reason },
            other => other,
        })?;
        client.told = told(&answer)?;
        Ok(client)
    }

    /// Signs off and closes. Dropping does the same, except that the daemon takes it for an accident.
    ///
    /// # Errors
    /// The daemon is gone already.
    pub fn sign_off(mut self) -> Result<(), Error> {
        let request = self.envelope("signoff");
        self.channel.send(&request)?;
        self.channel.drain(self.limit)
    }

    /// This node's name.
    pub fn node(&self) -> &str {
        &self.told.node
    }

    /// The daemon's version.
    pub fn version(&self) -> &str {
        &self.told.version
    }

    /// The daemon's deadtime.
    pub fn deadtime(&self) -> Duration {
        self.told.deadtime
    }

    /// The daemon's keepalive.
    pub fn keepalive(&self) -> Duration {
        self.told.keepalive
    }

    /// The syslog facility that the daemon suggests, as `openlog` takes it.
    pub fn logfacility(&self) -> Option<i32> {
        self.told.logfacility
    }

    /// The name that we have signed on with; the process id for a casual client.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether we have no name of our own.
    pub fn is_casual(&self) -> bool {
        self.casual
    }

    /// The next event that is here, without waiting.
    ///
    /// # Errors
    /// The daemon is gone.
    pub fn poll(&mut self) -> Result<Option<Event>, Error> {
        self.channel.flush()?;
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let message = match self.waiting.pop_front() {
                Some(message) => message,
                None => match self.channel.receive()? {
                    Some(message) => message,
                    None => return Ok(None),
                },
            };
            self.take(message);
        }
    }

    /// The next event; waits for it. `None`: there was none within `limit`.
    ///
    /// # Errors
    /// The daemon is gone.
    pub fn wait(&mut self, limit: Duration) -> Result<Option<Event>, Error> {
        let end = Instant::now() + limit;
        loop {
            if let Some(event) = self.poll()? {
                return Ok(Some(event));
            }
            if !self.channel.wait(end)? {
                return Ok(None);
            }
        }
    }

    /// Whether something waits for the daemon to take it: watch the descriptor for writing too, then call
    /// [`Client::poll`].
    pub fn wants_write(&self) -> bool {
        self.channel.wants_write()
    }

    /// Whether an event is here already: the descriptor does not always tell of it.
    ///
    /// # Errors
    /// The daemon is gone.
    pub fn is_ready(&mut self) -> Result<bool, Error> {
        self.is_ready_within(Duration::ZERO)
    }

    /// Waits until an event is here, and leaves it there. False: there was none within `limit`.
    ///
    /// # Errors
    /// The daemon is gone.
    pub fn is_ready_within(&mut self, limit: Duration) -> Result<bool, Error> {
        if self.ready.is_empty()
            && let Some(event) = self.wait(limit)?
        {
            self.ready.push_front(event);
        }
        Ok(!self.ready.is_empty())
    }

    /// Waits until the daemon has taken everything that was sent.
    ///
    /// # Errors
    /// [`Error::TimedOut`] after the limit for answers; the daemon is gone.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.channel.drain(self.limit)
    }

    fn take(&mut self, message: Message) {
        for ready in self.order.take(message) {
            self.ready.push_back(match ready {
                Ready::Message(message) => classify(message),
                Ready::Gap { node, first, last } => Event::Gap { node, first, last },
            });
        }
    }

    /// What every request begins with, in the original's order.
    pub(crate) fn envelope(&self, kind: &str) -> Message {
        Message::new("hbapi-req")
            .with("reqtype", kind)
            .with("dest", self.told.node.as_str())
            .with("pid", std::process::id().to_string())
            .with("from_id", self.id.as_str())
    }

    /// The next answer of the daemon; what else comes meanwhile waits.
    pub(crate) fn answer(&mut self, request: &str) -> Result<Message, Error> {
        self.answer_that(request, self.limit, |message| message.kind() == Some("hbapi-resp"))
    }

    /// The next message that is the answer; what else comes meanwhile waits.
    pub(crate) fn answer_that(
        &mut self,
        request: &str,
        limit: Duration,
        wanted: impl Fn(&Message) -> bool,
    ) -> Result<Message, Error> {
        let end = Instant::now() + limit;
        loop {
            while let Some(message) = self.channel.receive()? {
                if !wanted(&message) {
                    self.keep(message)?;
                    continue;
                }
                return match message.text("result") {
                    Some("OK" | "ok/more") => Ok(message),
                    Some(_) => {
                        let reason = message.text("info").unwrap_or_default().to_owned();
                        Err(Error::Refused { request: request.to_owned(), reason })
                    }
                    None => Err(Error::Answer { request: request.to_owned(), field: "result" }),
                };
            }
            if !self.channel.wait(end)? {
                return Err(Error::TimedOut(limit));
            }
        }
    }

    fn keep(&mut self, message: Message) -> Result<(), Error> {
        if self.waiting.len() >= EVENTS_MAX {
            return Err(Error::Overflow(self.waiting.len()));
        }
        self.waiting.push_back(message);
        Ok(())
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}

fn told(answer: &Message) -> Result<Told, Error> {
    let lacks = |field| Error::Answer { request: "signon".to_owned(), field };
    let millis = |field| answer.hex(field).map(Duration::from_millis).ok_or_else(|| lacks(field));
    let text = |field| answer.text(field).map(str::to_owned);
    Ok(Told {
        node: text("node").ok_or_else(|| lacks("node"))?,
        // Releases before 3.0.6 do not tell.
        version: text("hbversion").unwrap_or_default(),
        deadtime: millis("deadtime")?,
        keepalive: millis("keepalive")?,
        logfacility: answer.text("logfacility").and_then(|text| text.parse().ok()),
    })
}
