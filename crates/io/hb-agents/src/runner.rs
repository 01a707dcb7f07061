//! Starting programs, reading what they print, and noticing their end.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

use hb_base::{CallId, Notice, Severity};
use hb_lrm::{Action, Ending, Exit, Operation, Outcome, Signal};
use rustix::event::epoll;
use rustix::process::{Pid, PidfdFlags, kill_process_group, pidfd_open};

use crate::capture::{Capture, Lines};
use crate::notices;
use crate::places::Places;
use crate::plan::{Missing, Plan, plan};

/// Bytes read from one pipe before the others get their turn.
const READ_BYTES: usize = 16 * 1024;
/// Reads of a dead program's pipe: more than a pipe holds, less than a daemon that never stops writing.
const LAST_READS: usize = 64;
/// Outputs of ended programs that their daemons still hold open; beyond it the oldest is closed.
const LINGERING: usize = 256;

/// What a runner reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The program of this call has ended. Sent exactly once for every successful start.
    Exited {
        /// Its call.
        call: CallId,
        /// How it ended and what it said.
        exit: Exit,
    },
    /// Something for the log.
    Notice(Notice),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    const fn word(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

struct Pipe {
    file: std::fs::File,
    lines: Lines,
}

struct Program {
    child: Child,
    pid: Pid,
    pidfd: OwnedFd,
    resource: String,
    action: Action,
    capture: Capture,
    pipes: [Option<Pipe>; 2],
    signalled: bool,
}

/// What an epoll key stands for.
#[derive(Clone, Copy)]
enum Source {
    End(CallId),
    Output(CallId, Stream),
    Lingering,
}

/// Runs programs of agents, each in a process group of its own.
pub struct Runner {
    places: Places,
    epoll: OwnedFd,
    programs: BTreeMap<CallId, Program>,
    sources: BTreeMap<u64, Source>,
    lingering: VecDeque<(u64, String, Pipe)>,
    next_key: u64,
    events: VecDeque<Event>,
}

impl Runner {
    /// A runner with the agents of `places`. Makes the agents' scratch directory and sees to it that
    /// programs do not inherit realtime scheduling.
    ///
    /// # Errors
    /// When the kernel grants no descriptor.
    pub fn new(places: Places) -> io::Result<Runner> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut events = VecDeque::new();
        if let Err(error) = std::fs::create_dir_all(&places.scratch) {
            let path = places.scratch.display().to_string();
            let notice = Notice::new(Severity::Warning, notices::SCRATCH_UNUSABLE, "agents");
            events.push_back(Event::Notice(notice.with("path", path).with("error", error.to_string())));
        }
        if let Err(error) = ordinary_children() {
            let notice = Notice::new(Severity::Warning, notices::PRIORITY_INHERITED, "agents");
            events.push_back(Event::Notice(notice.with("error", error.to_string())));
        }
        let (programs, sources, lingering) = (BTreeMap::new(), BTreeMap::new(), VecDeque::new());
        Ok(Runner { places, epoll, programs, sources, lingering, next_key: 0, events })
    }

    /// Where agents are looked for.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Readable when [`Runner::on_readable`] has something to do.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Whether programs are running.
    pub fn is_idle(&self) -> bool {
        self.programs.is_empty()
    }

    /// Starts the program of `operation`; its end comes as [`Event::Exited`].
    ///
    /// # Errors
    /// The outcome of the operation, when its agent is missing or cannot be started.
    pub fn start(&mut self, call: CallId, operation: &Operation) -> Result<(), Outcome> {
        let plan =
            plan(&self.places, operation).map_err(|Missing(reason)| Outcome::NotInstalled { reason })?;
        let failed = |error: io::Error| cannot_run(&plan, &error);
        let mut child = spawn(&plan).map_err(failed)?;
        match self.watch(call, operation, &mut child) {
            Ok((pid, pidfd, pipes)) => {
                let resource = operation.resource.id.clone();
                let (action, capture) = (operation.action, Capture::default());
                let program =
                    Program { child, pid, pidfd, resource, action, capture, pipes, signalled: false };
                self.programs.insert(call, program);
                Ok(())
            }
            Err(error) => {
                // It cannot be watched, so it must not run.
                if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
                    let _ = kill_process_group(pid, rustix::process::Signal::KILL);
                }
                let _ = child.wait();
                Err(failed(error))
            }
        }
    }

    /// Signals the process group of a running program; nothing happens when it has ended.
    pub fn signal(&mut self, call: CallId, signal: Signal) {
        let Some(program) = self.programs.get_mut(&call) else { return };
        program.signalled = true;
        let signal = match signal {
            Signal::Term => rustix::process::Signal::TERM,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        // The group exists: its leader has not been waited for.
        let _ = kill_process_group(program.pid, signal);
    }

    /// Reads what there is, within a budget; call while [`Runner::fd`] is readable.
    pub fn on_readable(&mut self) {
        let mut ready =
            [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }; 32];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        let Ok(count) = epoll::wait(&self.epoll, &mut ready, Some(&now)) else { return };
        for event in ready.iter().take(count) {
            let key = event.data.u64();
            match self.sources.get(&key).copied() {
                Some(Source::End(call)) => self.ended(key, call),
                Some(Source::Output(call, stream)) => self.output(key, call, stream),
                Some(Source::Lingering) => self.daemon_output(key),
                None => {}
            }
        }
    }

    /// The next thing to report.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn watch(
        &mut self,
        call: CallId,
        operation: &Operation,
        child: &mut Child,
    ) -> io::Result<(Pid, OwnedFd, [Option<Pipe>; 2])> {
        let pid = Pid::from_raw(child.id().cast_signed()).ok_or(io::ErrorKind::InvalidData)?;
        let pidfd = pidfd_open(pid, PidfdFlags::NONBLOCK)?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other(format!("no pipes to {}", operation.resource.agent)));
        };
        let pipes = [OwnedFd::from(stdout), OwnedFd::from(stderr)];
        for pipe in &pipes {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        let end = self.add(&pidfd, Source::End(call))?;
        let added = self.add(&pipes[0], Source::Output(call, Stream::Stdout)).and_then(|first| {
            self.add(&pipes[1], Source::Output(call, Stream::Stderr)).inspect_err(|_| {
                self.sources.remove(&first);
            })
        });
        if let Err(error) = added {
            self.sources.remove(&end);
            return Err(error);
        }
        let pipes = pipes.map(|fd| Some(Pipe { file: fd.into(), lines: Lines::default() }));
        Ok((pid, pidfd, pipes))
    }

    fn add(&mut self, fd: impl AsFd, source: Source) -> io::Result<u64> {
        let key = self.next_key;
        epoll::add(&self.epoll, fd, epoll::EventData::new_u64(key), epoll::EventFlags::IN)?;
        self.next_key += 1;
        self.sources.insert(key, source);
        Ok(key)
    }

    fn output(&mut self, key: u64, call: CallId, stream: Stream) {
        let Some(program) = self.programs.get_mut(&call) else { return };
        if program.read(stream, &mut self.events) == Reading::End {
            if let Some(pipe) = program.pipes[stream as usize].take() {
                let _ = epoll::delete(&self.epoll, &pipe.file);
            }
            self.sources.remove(&key);
        }
    }

    fn ended(&mut self, key: u64, call: CallId) {
        let Some(mut program) = self.programs.remove(&call) else { return };
        if program.signalled {
            // Whatever the leader left behind goes with it; its number is still taken until the wait below.
            let _ = kill_process_group(program.pid, rustix::process::Signal::KILL);
        }
        let status = match program.child.try_wait() {
            Ok(Some(status)) => status,
            Ok(None) => {
                self.programs.insert(call, program);
                return;
            }
            // Somebody else waited for it: the code is lost, and that is not a success.
            Err(_) => std::process::ExitStatus::from_raw(255 << 8),
        };
        let _ = epoll::delete(&self.epoll, &program.pidfd);
        self.sources.remove(&key);
        for stream in [Stream::Stdout, Stream::Stderr] {
            let reads = (0..LAST_READS).map(|_| program.read(stream, &mut self.events));
            if reads.into_iter().find(|reading| *reading != Reading::More) != Some(Reading::End) {
                self.linger(call, &program.resource, stream, program.pipes[stream as usize].take());
            } else if let Some(pipe) = program.pipes[stream as usize].take() {
                let _ = epoll::delete(&self.epoll, &pipe.file);
            }
        }
        self.forget_outputs(call);
        let ending = match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Code(code),
            (None, signal) => Ending::Signal(signal.unwrap_or_default()),
        };
        self.finish(call, program, ending);
    }

    fn finish(&mut self, call: CallId, mut program: Program, ending: Ending) {
        if program.capture.suppressed > 0 {
            let notice = Notice::new(Severity::Warning, notices::AGENT_OUTPUT_SUPPRESSED, program.resource);
            let lines = u64::from(program.capture.suppressed);
            let notice = notice.with("action", program.action.word()).with("lines", lines);
            self.events.push_back(Event::Notice(notice));
        }
        let head = String::from_utf8_lossy(&program.capture.head).into_owned();
        let exit = Exit { ending, head, reason: program.capture.why() };
        self.events.push_back(Event::Exited { call, exit });
    }

    fn forget_outputs(&mut self, call: CallId) {
        self.sources.retain(|_, source| !matches!(source, Source::Output(other, _) if *other == call));
    }

    /// A daemon inherited the pipe. Closing our end would kill it at its next line, so it is read on.
    fn linger(&mut self, call: CallId, resource: &str, stream: Stream, pipe: Option<Pipe>) {
        let Some(pipe) = pipe else { return };
        let mine = |source: &Source| matches!(source, Source::Output(c, s) if *c == call && *s == stream);
        let key = self.sources.iter().find(|(_, source)| mine(source)).map(|(key, _)| *key);
        let Some(key) = key else { return };
        self.sources.insert(key, Source::Lingering);
        self.lingering.push_back((key, resource.to_owned(), pipe));
        if self.lingering.len() > LINGERING
            && let Some((key, resource, pipe)) = self.lingering.pop_front()
        {
            let _ = epoll::delete(&self.epoll, &pipe.file);
            self.sources.remove(&key);
            let notice = Notice::new(Severity::Warning, notices::AGENT_OUTPUT_CLOSED, resource);
            self.events.push_back(Event::Notice(notice));
        }
    }

    fn daemon_output(&mut self, key: u64) {
        let Some(at) = self.lingering.iter().position(|(other, _, _)| *other == key) else { return };
        let Some((_, resource, pipe)) = self.lingering.get_mut(at) else { return };
        let mut buffer = [0; READ_BYTES];
        let events = &mut self.events;
        let mut log = |line: &str| {
            let notice = Notice::new(Severity::Debug, notices::AGENT_OUTPUT, &**resource);
            events.push_back(Event::Notice(notice.with("stream", "daemon").with("text", line.to_owned())));
        };
        match pipe.file.read(&mut buffer) {
            Ok(0) => pipe.lines.flush(log),
            Ok(count) => return pipe.lines.feed(buffer.get(..count).unwrap_or_default(), &mut log),
            Err(error) if is_temporary(&error) => return,
            Err(_) => {}
        }
        if let Some((_, _, pipe)) = self.lingering.remove(at) {
            let _ = epoll::delete(&self.epoll, &pipe.file);
        }
        self.sources.remove(&key);
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("running", &self.programs.keys()).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Something was read; there may be more.
    More,
    /// Nothing is there now.
    Later,
    /// Nothing will come.
    End,
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl Program {
    fn read(&mut self, stream: Stream, events: &mut VecDeque<Event>) -> Reading {
        let Some(pipe) = &mut self.pipes[stream as usize] else { return Reading::End };
        let mut buffer = [0; READ_BYTES];
        let read = match pipe.file.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if is_temporary(&error) => return Reading::Later,
            Err(_) => 0,
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        let capture = &mut self.capture;
        if stream == Stream::Stdout {
            capture.keep_head(bytes);
        }
        let severity = match (self.action, stream) {
            (Action::Status, Stream::Stdout) => Severity::Debug,
            _ => Severity::Info,
        };
        let (resource, action) = (&self.resource, self.action);
        let mut each = |line: &str| {
            let text = match stream {
                Stream::Stdout => line,
                Stream::Stderr => capture.error_line(line),
            };
            if capture.may_log() {
                let notice = Notice::new(severity, notices::AGENT_OUTPUT, &**resource)
                    .with("action", action.word())
                    .with("stream", stream.word())
                    .with("text", text.to_owned());
                events.push_back(Event::Notice(notice));
            }
        };
        if read == 0 {
            pipe.lines.flush(each);
            return Reading::End;
        }
        pipe.lines.feed(bytes, &mut each);
        Reading::More
    }
}

fn cannot_run(plan: &Plan, error: &io::Error) -> Outcome {
    let program = plan.program.display();
    match error.kind() {
        io::ErrorKind::NotFound => Outcome::NotInstalled {
            reason: format!("{program} or the interpreter that it names is not there"),
        },
        _ => Outcome::Failed { rc: None, reason: format!("cannot run {program}: {error}") },
    }
}

/// Starts the program in its own process group with nothing on standard input, no other descriptor of ours and no
/// signal blocked: a role blocks the signals that it reads, and a daemon that a script starts must hear SIGTERM.
fn spawn(plan: &Plan) -> io::Result<Child> {
    let command = |program: &std::path::Path| {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command.envs(plan.env.iter().map(|(name, value)| (name, value)));
        hb_runtime::isolate(&mut command);
        command
    };
    match command(&plan.program).args(&plan.args).spawn() {
        // A script without `#!` is for the shell, as it was for the original.
        Err(error) if error.raw_os_error() == Some(libc::ENOEXEC) => {
            command("/bin/sh".as_ref()).arg(&plan.program).args(&plan.args).spawn()
        }
        other => other,
    }
}

/// Children of a realtime process start as ordinary ones.
fn ordinary_children() -> io::Result<()> {
    // SAFETY: the call takes plain numbers; 0 is the calling thread.
    let policy = unsafe { libc::sched_getscheduler(0) };
    if policy < 0 {
        return Err(io::Error::last_os_error());
    }
    if policy == libc::SCHED_OTHER || policy & libc::SCHED_RESET_ON_FORK != 0 {
        return Ok(());
    }
    // SAFETY: `param` is a plain structure that lives across both calls.
    let changed = unsafe {
        let mut param: libc::sched_param = std::mem::zeroed();
        libc::sched_getparam(0, &raw mut param) == 0
            && libc::sched_setscheduler(0, policy | libc::SCHED_RESET_ON_FORK, &raw const param) == 0
    };
    if changed { Ok(()) } else { Err(io::Error::last_os_error()) }
}
