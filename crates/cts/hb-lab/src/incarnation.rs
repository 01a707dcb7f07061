//! One life of a node, from power-on to power-off: its holder, its init, and the programs in it.

use crate::error::{Attempt, Result, failed};
use crate::process::protocol::{self, Answer, NodeSpec, Request, receive, send};
use crate::process::{command, with_control};
use crate::sys;
use crate::wait::until;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the kernel may take to make or to end a node.
const LIMIT: Duration = Duration::from_secs(20);

/// What is known about a program that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Run {
    Asked,
    Running,
    Refused(String),
    Ended(i32),
}

#[derive(Debug, Default)]
struct Known {
    init: Option<i32>,
    ready: bool,
    own_proc: bool,
    unable: Option<String>,
    gone: bool,
    runs: BTreeMap<u64, Run>,
}

#[derive(Debug, Default)]
struct Shared {
    known: Mutex<Known>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    /// Waits until `wanted` finds what it looks for.
    fn await_known<T>(
        &self,
        limit: Duration,
        what: &str,
        mut wanted: impl FnMut(&Known) -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + limit;
        let mut known = self.lock();
        loop {
            if let Some(found) = wanted(&known) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return until::timed_out(what, limit);
            }
            known = self
                .changed
                .wait_timeout(known, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(guard, _)| guard);
        }
    }
}

/// A living node.
#[derive(Debug)]
pub(crate) struct Incarnation {
    holder: Mutex<Child>,
    holder_pid: i32,
    control: Arc<OwnedFd>,
    shared: Arc<Shared>,
    init: i32,
    // Taken while the init certainly lived: it can never come to mean another process.
    init_process: Option<OwnedFd>,
    next: AtomicU64,
}

impl Incarnation {
    /// Makes the namespaces and starts the init; networks and programs come later.
    pub(crate) fn begin(spec: &NodeSpec, log: &Path) -> Result<Self> {
        let (ours, theirs) = protocol::pair().attempt("make a socket pair")?;
        let log = OpenOptions::new().create(true).append(true).open(log).attempt("open the node's log")?;
        let text = serde_json::to_string(spec).map_err(std::io::Error::other).attempt("describe a node")?;
        let mut starter = command("holder");
        starter.arg(text).stdin(Stdio::null());
        starter.stdout(log.try_clone().attempt("share the node's log")?).stderr(log);
        let holder = with_control(&mut starter, theirs.as_fd()).spawn().attempt("start the node's holder")?;
        drop(theirs);
        let (control, shared) = (Arc::new(ours), Arc::new(Shared::default()));
        let (their_control, their_shared) = (Arc::clone(&control), Arc::clone(&shared));
        std::thread::spawn(move || listen(&their_control, &their_shared));
        let holder_pid = i32::try_from(holder.id()).unwrap_or(-1);
        let (holder, init_process) = (Mutex::new(holder), None);
        let next = AtomicU64::new(1);
        let mut node = Self { holder, holder_pid, control, shared, init: 0, init_process, next };
        let what = format!("the node {} to begin", spec.name);
        let begun = node.shared.await_known(LIMIT, &what, |known| match (&known.unable, known.ready) {
            (Some(why), _) => Some(Err(why.clone())),
            (None, true) => known.init.map(Ok),
            (None, false) if known.gone => Some(Err("it ended at once".into())),
            (None, false) => None,
        });
        match begun {
            Ok(Ok(init)) => {
                node.init = init;
                let process = sys::pidfd(init).attempt("watch the node's init")?;
                node.init_process = Some(process);
            }
            Ok(Err(why)) => return failed(format!("node {}: {why}", spec.name)),
            Err(e) => return Err(e),
        }
        Ok(node)
    }

    /// The init's number outside the node.
    pub(crate) fn init(&self) -> i32 {
        self.init
    }

    /// Whether the init still lives.
    pub(crate) fn is_alive(&self) -> bool {
        !self.shared.lock().gone
    }

    /// Starts a program; hands back the name of the run.
    pub(crate) fn start(
        &self,
        argv: &[String],
        environment: Vec<(String, String)>,
        output: &Path,
    ) -> Result<u64> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.shared.lock().runs.insert(id, Run::Asked);
        let request = Request { id, argv: argv.to_vec(), environment, output: output.into() };
        send(&*self.control, &request).attempt("ask the node's init")?;
        self.shared.await_known(LIMIT, &argv.join(" "), |known| match known.runs.get(&id) {
            Some(Run::Refused(reason)) => Some(failed(reason)),
            Some(Run::Running | Run::Ended(_)) => Some(Ok(id)),
            _ if known.gone => Some(failed("the node is gone")),
            _ => None,
        })?
    }

    /// Waits until a program has ended; its exit code as a shell says it.
    pub(crate) fn wait(&self, id: u64, limit: Duration) -> Result<i32> {
        self.shared.await_known(limit, "a program to end", |known| match known.runs.get(&id) {
            Some(Run::Ended(code)) => Some(Ok(*code)),
            _ if known.gone => Some(failed("the node is gone")),
            _ => None,
        })?
    }

    /// Kills the node's init, and with it everything in the node, without waiting for the end.
    pub(crate) fn strike(&self) {
        if let Some(process) = &self.init_process {
            let _ = sys::signal_pidfd(process.as_fd(), libc::SIGKILL);
        }
    }

    /// Kills the node and returns once no process of it is left.
    pub(crate) fn end(&self) -> Result<()> {
        self.strike();
        rustix::net::shutdown(&*self.control, rustix::net::Shutdown::Both).ok();
        let watched = sys::pidfd(self.holder_pid).attempt("watch the node's holder")?;
        let limit = Timespec { tv_sec: i64::try_from(LIMIT.as_secs()).unwrap_or(1), tv_nsec: 0 };
        let mut ended = [PollFd::new(&watched, PollFlags::IN)];
        if !matches!(poll(&mut ended, Some(&limit)), Ok(1)) {
            return until::timed_out("the node's processes to be gone", LIMIT);
        }
        lock(&self.holder).wait().attempt("reap the node's holder").map(drop)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Incarnation {
    fn drop(&mut self) {
        let running = lock(&self.holder).try_wait().is_ok_and(|ended| ended.is_none());
        if running {
            let _ = self.end();
        }
    }
}

fn listen(control: &OwnedFd, shared: &Shared) {
    while let Ok(Some(answer)) = receive::<Answer>(control) {
        let mut known = shared.lock();
        match answer {
            Answer::Init(pid) => known.init = Some(pid),
            Answer::Ready { own_proc } => {
                known.ready = true;
                known.own_proc = own_proc;
            }
            Answer::Unable(why) => known.unable = Some(why),
            Answer::Running { id, .. } => {
                known.runs.insert(id, Run::Running);
            }
            Answer::NotRun { id, reason } => {
                known.runs.insert(id, Run::Refused(reason));
            }
            Answer::Ended { id, code } => {
                known.runs.insert(id, Run::Ended(code));
            }
        }
        drop(known);
        shared.changed.notify_all();
    }
    shared.lock().gone = true;
    shared.changed.notify_all();
}
