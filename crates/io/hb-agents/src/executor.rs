//! The body of the executor roles `lrmd` and `stonithd`: the machine, the programs, the addresses and the
//! channel to the master, joined.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use hb_address::{AddressAgent, AddressError, AddressSpec, Started};
use hb_base::{CallId, Instant, Notice, Severity};
use hb_lrm::channel::{Report, Request};
use hb_lrm::{Action, Input, Lrm, Operation, Outcome, Output, Resource};
use rustix::event::epoll;

use crate::channel::{Door, Packet, receive, transmit};
use crate::notices;
use crate::places::Places;
use crate::runner::{Event, Runner};

/// Reports that wait while the master takes none; beyond it the master counts as lost.
pub const MAX_UNSENT: usize = 4096;
/// Notices that wait to be taken by [`Executor::notice`]; beyond it the newest are dropped and counted.
pub const MAX_NOTICES: usize = 8192;
/// How long an executor without a master and without running operations waits for one before it ends.
pub const ORPHAN_PATIENCE: Duration = Duration::from_secs(10);
/// Packets of the master that are handled before anything else gets its turn.
const PACKETS_PER_TURN: usize = 64;

/// What an executor needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where agents live.
    pub places: Places,
    /// Where a returning master finds the executor (`RUN_DIR/lrmd`); `None` for none.
    pub socket: Option<PathBuf>,
    /// Whether it handles addresses; the fencing executor does not.
    pub addresses: bool,
    /// Programs that may run at once, see [`hb_lrm::max_children`].
    pub max_children: usize,
}

/// Why an executor cannot begin.
#[derive(Debug)]
pub enum ExecutorError {
    /// The kernel gives no descriptors.
    Kernel(io::Error),
    /// The socket for a returning master cannot be opened.
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for ExecutorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExecutorError::Kernel(error) => write!(f, "the executor cannot begin: {error}"),
            ExecutorError::Socket { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for ExecutorError {}

impl From<io::Error> for ExecutorError {
    fn from(error: io::Error) -> ExecutorError {
        ExecutorError::Kernel(error)
    }
}

impl From<rustix::io::Errno> for ExecutorError {
    fn from(error: rustix::io::Errno) -> ExecutorError {
        ExecutorError::Kernel(error.into())
    }
}

/// An executor. Poll [`Executor::fd`], call [`Executor::turn`] when it is readable or [`Executor::deadline`] has
/// come, take the notices, and end when [`Executor::is_over`].
pub struct Executor {
    lrm: Lrm,
    runner: Runner,
    addresses: bool,
    agent: Option<AddressAgent>,
    /// Starts of addresses that first look for a foreign holder, by resource.
    probing: BTreeMap<String, CallId>,
    epoll: OwnedFd,
    channel: Option<OwnedFd>,
    /// Whether the channel is watched for room to write.
    watching_room: bool,
    door: Option<Door>,
    unsent: VecDeque<Vec<u8>>,
    buffer: Vec<u8>,
    notices: VecDeque<Notice>,
    dropped: u64,
    orphan_since: Option<Instant>,
    over: bool,
}

impl Executor {
    /// An executor with its master at the other end of `channel` (a SEQPACKET socket). Its first packet is the
    /// state, empty now. An executor that listens at the same path is asked to retire first.
    ///
    /// # Errors
    /// See [`ExecutorError`]. Without the right to handle addresses it begins all the same and says so.
    pub fn new(now: Instant, settings: Settings, channel: OwnedFd) -> Result<Executor, ExecutorError> {
        let door = match settings.socket {
            Some(path) => Some(Door::open(&path).map_err(|error| ExecutorError::Socket { path, error })?),
            None => None,
        };
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let runner = Runner::new(settings.places)?;
        let mut executor = Executor {
            lrm: Lrm::new(settings.max_children),
            runner,
            addresses: settings.addresses,
            agent: None,
            probing: BTreeMap::new(),
            epoll,
            channel: None,
            watching_room: false,
            door,
            unsent: VecDeque::new(),
            buffer: Vec::new(),
            notices: VecDeque::new(),
            dropped: 0,
            orphan_since: None,
            over: false,
        };
        executor.watch(executor.runner.fd())?;
        if let Some(door) = &executor.door {
            executor.watch(door)?;
        }
        if executor.addresses {
            // Made now, so that a takeover does not pay for it.
            let _said_in_a_notice = executor.agent();
        }
        executor.welcome(now, channel)?;
        Ok(executor)
    }

    /// Readable when [`Executor::turn`] has something to do.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// When to call [`Executor::turn`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let agent = self.agent.as_ref().and_then(AddressAgent::deadline);
        let orphan = self.orphan_since.map(|since| since + ORPHAN_PATIENCE);
        [self.lrm.deadline(), agent, orphan].into_iter().flatten().min()
    }

    /// Whether the process may end: it was retired, or nobody needs it any more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The next notice for the log.
    pub fn notice(&mut self) -> Option<Notice> {
        if let Some(notice) = self.notices.pop_front() {
            return Some(notice);
        }
        let dropped = std::mem::take(&mut self.dropped);
        (dropped > 0).then(|| {
            Notice::new(Severity::Warning, notices::NOTICES_DROPPED, "executor").with("lines", dropped)
        })
    }

    /// Sends the notices to the master, which reads them with [`hb_lrm::channel::decode_notice`]. While it takes
    /// none, or none is there, they wait here.
    pub fn forward_notices(&mut self, now: Instant) {
        while self.channel.is_some() && self.unsent.len() < MAX_UNSENT / 2 {
            let Some(notice) = self.notice() else { break };
            if let Ok(packet) = hb_lrm::channel::encode_notice(&notice) {
                self.unsent.push_back(packet);
            }
        }
        self.flush(now);
    }

    /// Releases the addresses and ends; programs under way are left to themselves. Also what a termination
    /// signal means.
    pub fn retire(&mut self, now: Instant, why: &'static str) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        self.lrm.handle(now, Input::MasterLost);
        // The grace is for a master that returns; none will return to this process.
        self.lrm.handle(now + hb_lrm::ADOPTION_GRACE, Input::Timer);
        self.drain(now);
        self.note(Notice::new(Severity::Info, notices::EXECUTOR_ENDS, "executor").with("why", why));
        self.channel = None;
        self.door = None;
    }

    /// Does everything that is due or ready; never blocks.
    pub fn turn(&mut self, now: Instant) {
        if self.over {
            return;
        }
        // The master's word first: a start of an address is what somebody waits for.
        self.hear(now);
        self.answer_door(now);
        if self.over {
            return;
        }
        self.lrm.handle(now, Input::Timer);
        self.drain(now);
        self.runner.on_readable();
        while let Some(event) = self.runner.poll() {
            match event {
                Event::Exited { call, exit } => self.lrm.handle(now, Input::Exited { call, exit }),
                Event::Notice(notice) => self.note(notice),
            }
        }
        self.drain(now);
        if let Some(agent) = &mut self.agent {
            agent.on_readable(now);
            agent.on_timer(now);
        }
        self.hear_agent(now);
        self.drain(now);
        self.flush(now);
        self.mind_orphanhood(now);
    }

    fn watch(&self, fd: impl AsFd) -> Result<(), rustix::io::Errno> {
        epoll::add(&self.epoll, fd, epoll::EventData::new_u64(0), epoll::EventFlags::IN)
    }

    fn note(&mut self, notice: Notice) {
        if self.notices.len() >= MAX_NOTICES {
            self.dropped += 1;
        } else {
            self.notices.push_back(notice);
        }
    }

    fn welcome(&mut self, now: Instant, channel: OwnedFd) -> Result<(), rustix::io::Errno> {
        self.watch(&channel)?;
        if self.channel.is_some() {
            self.part(now);
        }
        self.channel = Some(channel);
        self.watching_room = false;
        self.orphan_since = None;
        self.lrm.handle(now, Input::MasterBack);
        self.drain(now);
        self.flush(now);
        Ok(())
    }

    /// The master is gone.
    fn part(&mut self, now: Instant) {
        // Closing takes it out of the epoll set: nobody else has a copy.
        self.channel = None;
        self.unsent.clear();
        self.lrm.handle(now, Input::MasterLost);
        self.drain(now);
    }

    fn hear(&mut self, now: Instant) {
        for _ in 0..PACKETS_PER_TURN {
            let Some(channel) = &self.channel else { return };
            match receive(channel, &mut self.buffer) {
                Packet::Request => self.obey(now),
                Packet::Nothing => return,
                Packet::Closed => return self.part(now),
            }
        }
    }

    /// Carries out the request in the buffer.
    fn obey(&mut self, now: Instant) {
        match Request::decode(&self.buffer) {
            Ok(Request::Submit { call, operation }) => {
                self.lrm.handle(now, Input::Submit { call, operation });
            }
            Ok(Request::Cancel { call }) => self.lrm.handle(now, Input::Cancel { call }),
            Ok(Request::Adopt { resources }) => self.lrm.handle(now, Input::Adopt { resources }),
            Ok(Request::Announce { resource }) => {
                if let Some(agent) = &mut self.agent {
                    agent.announce_again(now, &resource.id);
                }
            }
            Ok(Request::Retire) => return self.retire(now, "asked by a successor"),
            Err(_) => {
                let notice = Notice::new(Severity::Error, notices::REQUEST_MISUNDERSTOOD, "master");
                self.note(notice.with("bytes", self.buffer.len() as u64));
            }
        }
        self.drain(now);
        self.flush(now);
    }

    fn answer_door(&mut self, now: Instant) {
        while let Some((fd, uid, pid)) = self.door.as_ref().and_then(Door::accept) {
            if uid != 0 && uid != rustix::process::geteuid().as_raw() {
                let notice = Notice::new(Severity::Warning, notices::STRANGER_REFUSED, "executor");
                self.note(notice.with("uid", u64::from(uid)).with("pid", u64::from(pid)));
                continue;
            }
            // A successor says Retire at once; whoever says nothing yet is a master.
            let mut buffer = Vec::new();
            if receive(&fd, &mut buffer) == Packet::Request && Request::decode(&buffer) == Ok(Request::Retire)
            {
                return self.retire(now, "asked by a successor");
            }
            if self.welcome(now, fd).is_err() {
                self.part(now);
            }
        }
    }

    fn mind_orphanhood(&mut self, now: Instant) {
        let view = self.lrm.view();
        let needed = view.master || !view.running.is_empty() || !view.doomed.is_empty() || view.queued > 0;
        if needed {
            self.orphan_since = None;
        } else if now.since(*self.orphan_since.get_or_insert(now)) >= ORPHAN_PATIENCE {
            self.retire(now, "no master returned");
        }
    }

    /// Carries out what the machine wants.
    fn drain(&mut self, now: Instant) {
        while let Some(output) = self.lrm.poll() {
            match output {
                Output::Run { call, operation } => {
                    if let Err(outcome) = self.runner.start(call, &operation) {
                        self.lrm.handle(now, Input::Concluded { call, outcome });
                    }
                }
                Output::Address { call, operation } => {
                    if let Some(outcome) = self.address(now, call, &operation) {
                        self.lrm.handle(now, Input::Concluded { call, outcome });
                    }
                }
                Output::Signal { call, signal } => self.runner.signal(call, signal),
                Output::Release { resource } => {
                    self.release(now, &resource);
                    if self.channel.is_some() {
                        // A master that returned was told that it is held, and adopted it too late.
                        self.report(now, &Report::Lost { resource: resource.id });
                    }
                }
                Output::Done(done) => self.report(now, &Report::Done(done)),
                Output::State(state) => self.report(now, &Report::State(state)),
                Output::Notice(notice) => self.note(notice),
            }
        }
    }

    fn report(&mut self, now: Instant, report: &Report) {
        // A result that is longer than any message cannot be: its texts are bounded when they are captured.
        let Ok(packet) = report.encode() else { return };
        self.unsent.push_back(packet);
        self.flush(now);
    }

    fn flush(&mut self, now: Instant) {
        let Some(channel) = &self.channel else { return self.unsent.clear() };
        while let Some(packet) = self.unsent.front() {
            match transmit(channel, packet) {
                Ok(true) => drop(self.unsent.pop_front()),
                Ok(false) => break,
                Err(_) => return self.part(now),
            }
        }
        if self.unsent.len() > MAX_UNSENT {
            let unsent = self.unsent.len() as u64;
            self.note(Notice::new(Severity::Error, notices::MASTER_DEAF, "master").with("unsent", unsent));
            return self.part(now);
        }
        let wanted = !self.unsent.is_empty();
        if wanted != self.watching_room {
            let room = if wanted { epoll::EventFlags::OUT } else { epoll::EventFlags::empty() };
            let flags = epoll::EventFlags::IN | room;
            if epoll::modify(&self.epoll, channel, epoll::EventData::new_u64(0), flags).is_ok() {
                self.watching_room = wanted;
            }
        }
    }

    /// The address agent, made when it is first needed.
    fn agent(&mut self) -> Result<&mut AddressAgent, String> {
        if self.agent.is_none() {
            let made = AddressAgent::new().and_then(|agent| {
                self.watch(agent.fd())?;
                Ok(agent)
            });
            match made {
                Ok(agent) => self.agent = Some(agent),
                Err(error) => {
                    let notice = Notice::new(Severity::Error, notices::ADDRESSES_UNUSABLE, "addresses");
                    self.note(notice.with("error", error.to_string()));
                    return Err(format!("this process cannot handle addresses: {error}"));
                }
            }
        }
        self.agent.as_mut().ok_or_else(|| "no address agent".to_owned())
    }

    /// Carries out an operation on an address; `None` when its result comes later.
    fn address(&mut self, now: Instant, call: CallId, operation: &Operation) -> Option<Outcome> {
        let Resource { id, args, params, .. } = &operation.resource;
        let (spec, ignored) = match AddressSpec::parse(args, params) {
            Ok(read) => read,
            // The OCF code for a configuration that no node can use.
            Err(error) => return Some(Outcome::Failed { rc: Some(6), reason: error.to_string() }),
        };
        if operation.action == Action::Start {
            for name in ignored {
                let code = hb_address::notices::ADDRESS_PARAMETER_IGNORED;
                let notice = Notice::new(Severity::Warning, code, &**id);
                self.note(notice.with("parameter", name.to_owned()));
            }
        }
        let agent = match self.agent() {
            Ok(agent) => agent,
            Err(reason) => return Some(Outcome::Failed { rc: None, reason }),
        };
        let result = match operation.action {
            Action::Start => agent.start(now, id, &spec).map(|started| match started {
                Started::Done => Some(Outcome::Ok),
                Started::Probing => None,
            }),
            Action::Stop => agent.stop(now, id, &spec).map(|()| Some(Outcome::Ok)),
            Action::Status => agent
                .status(&spec)
                .map(|there| Some(if there { Outcome::Running } else { Outcome::NotRunning })),
        };
        let outcome = result.unwrap_or_else(|error| Some(failed(&error)));
        if outcome.is_none() {
            self.probing.insert(id.clone(), call);
        }
        self.hear_agent(now);
        outcome
    }

    fn release(&mut self, now: Instant, resource: &Resource) {
        let Ok((spec, _)) = AddressSpec::parse(&resource.args, &resource.params) else { return };
        let stopped = match self.agent() {
            Ok(agent) => agent.stop(now, &resource.id, &spec).map_err(|error| error.to_string()),
            Err(reason) => Err(reason),
        };
        if let Err(error) = stopped {
            let notice = Notice::new(Severity::Critical, notices::ADDRESS_NOT_REMOVED, &*resource.id);
            self.note(notice.with("error", error));
        }
        self.hear_agent(now);
    }

    fn hear_agent(&mut self, now: Instant) {
        while let Some(event) = self.agent.as_mut().and_then(AddressAgent::poll) {
            match event {
                hb_address::Event::Started { id, result } => {
                    let Some(call) = self.probing.remove(&id) else { continue };
                    let outcome = match result {
                        Ok(()) => Outcome::Ok,
                        Err(AddressError::Cancelled) => Outcome::Cancelled,
                        Err(error) => failed(&error),
                    };
                    self.lrm.handle(now, Input::Concluded { call, outcome });
                }
                // Whether to give the address up, or to put it back, is the master's decision. One that is away asks
                // what is active when it returns.
                hb_address::Event::Conflict { id, mac, .. } => {
                    self.report(now, &Report::Conflict { resource: id, with: mac.to_string() });
                }
                hb_address::Event::Lost { id } => {
                    self.lrm.handle(now, Input::Vanished { resource: id.clone() });
                    self.report(now, &Report::Lost { resource: id });
                }
                hb_address::Event::Notice(notice) => self.note(notice),
            }
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("lrm", &self.lrm).finish_non_exhaustive()
    }
}

fn failed(error: &AddressError) -> Outcome {
    let rc = match error {
        AddressError::NoInterface(_) => Some(5),
        AddressError::NoNetwork(_) | AddressError::InterfaceDown(_) | AddressError::InUse(_) => Some(1),
        AddressError::Full | AddressError::Cancelled | AddressError::Kernel { .. } => None,
    };
    Outcome::Failed { rc, reason: error.to_string() }
}
