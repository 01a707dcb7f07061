//! Realtime: being run at once when the time has come, and never waiting for a page.
//!
//! Everything here may be refused; nothing of it is needed for working on an idle machine. So nothing fails: the
//! [`RealtimeReport`] says what holds and why the rest does not, for `status` and `heartbeat check`.

use core::fmt;
use core::num::NonZeroU64;
use std::fs;
use std::hint::black_box;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::set_current_timer_slack;

use crate::privileges::in_user_namespace;
use crate::sys;

/// What to ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Realtime {
    /// Round-robin priority, 1 (lowest) to 99; `None` for ordinary scheduling (`realtime off`).
    pub priority: Option<u8>,
    /// Lock memory.
    pub lock: bool,
    /// Stack to touch before locking.
    pub stack_bytes: usize,
    /// Heap to reserve before locking. It is locked as it gets used, so it costs no memory before that.
    pub heap_bytes: usize,
    /// CPU time without a pause after which the process falls back to ordinary priority ([`crate::Event::Demoted`]).
    pub cpu_soft: Duration,
    /// CPU time without a pause after which the kernel kills the process.
    pub cpu_hard: Duration,
}

impl Realtime {
    /// For the master control process.
    pub const fn master(priority: u8) -> Realtime {
        Realtime {
            priority: Some(priority),
            lock: true,
            stack_bytes: 128 << 10,
            heap_bytes: 4 << 20,
            cpu_soft: Duration::from_millis(500),
            cpu_hard: Duration::from_secs(4),
        }
    }

    /// For the children that only move datagrams.
    pub const fn mover(priority: u8) -> Realtime {
        let master = Realtime::master(priority);
        Realtime { stack_bytes: 32 << 10, heap_bytes: 256 << 10, ..master }
    }

    /// For the resource executor, which holds the built-in addresses: an address that waits behind the machine's
    /// ordinary work is an outage. Programs that it starts are ordinary ones. Nothing is locked: it has no deadline.
    pub const fn executor(priority: u8) -> Realtime {
        let master = Realtime::master(priority);
        // A hard limit could not be taken from programs again without the right to raise it.
        let cpu_hard = Duration::from_micros(u64::MAX);
        Realtime { lock: false, stack_bytes: 0, heap_bytes: 0, cpu_hard, ..master }
    }

    /// Whether this process may be scheduled in real time. Tried in a thread of its own, so that nothing changes.
    pub fn is_allowed() -> bool {
        std::thread::spawn(|| sys::schedule(Some(1)).is_ok()).join().unwrap_or(false)
    }

    /// Ordinary scheduling, nothing locked: roles without deadlines, and everything with `realtime off`.
    pub const OFF: Realtime = Realtime {
        priority: None,
        lock: false,
        stack_bytes: 0,
        heap_bytes: 0,
        cpu_soft: Duration::ZERO,
        cpu_hard: Duration::ZERO,
    };
}

/// Why something does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// The process lacks the right (CAP_SYS_NICE, CAP_IPC_LOCK, CAP_SYS_RESOURCE).
    NoPermission,
    /// Root inside a user namespace has no such rights: they must be given from outside.
    UserNamespace,
    /// The control group grants no realtime time (cgroup v1, `cpu.rt_runtime_us` is 0).
    NoCgroupBudget {
        /// The control group.
        group: String,
    },
    /// More memory than RLIMIT_MEMLOCK allows.
    MemoryLimit {
        /// The limit.
        limit_bytes: u64,
    },
    /// What is there already is locked, what comes later is not: RLIMIT_MEMLOCK cannot be raised.
    OnlyCurrent,
    /// The kernel does not know it.
    Unsupported,
    /// Something else.
    Other(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::NoPermission => f.write_str("permission refused"),
            Why::UserNamespace => f.write_str("permission refused inside a user namespace"),
            Why::NoCgroupBudget { group } => write!(f, "control group {group} grants no realtime budget"),
            Why::MemoryLimit { limit_bytes } => write!(f, "memory lock limit is {limit_bytes} bytes"),
            Why::OnlyCurrent => f.write_str("only memory in use at start: the lock limit cannot be raised"),
            Why::Unsupported => f.write_str("not supported by this kernel"),
            Why::Other(text) => f.write_str(text),
        }
    }
}

/// Whether something asked for holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Held {
    /// It was not asked for.
    #[default]
    NotAsked,
    /// It holds.
    Yes,
    /// It holds with a restriction.
    Partly(Why),
    /// It does not hold.
    No(Why),
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Held::NotAsked => f.write_str("not asked for"),
            Held::Yes => f.write_str("yes"),
            Held::Partly(why) => write!(f, "partly: {why}"),
            Held::No(why) => write!(f, "no: {why}"),
        }
    }
}

/// What of a [`Realtime`] holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RealtimeReport {
    /// Round-robin scheduling.
    pub scheduling: Held,
    /// Locked memory.
    pub memory: Held,
    /// The guard against a role that spins at realtime priority.
    pub cpu_guard: Held,
    /// Timers without slack.
    pub timer_slack: Held,
    /// How much of each second realtime processes of this machine may use together, in microseconds; `None`: all.
    pub machine_budget_us: Option<u64>,
}

/// How far ahead of the stack pointer one round of touching reaches.
const STACK_STEP: usize = 4 << 10;

impl Realtime {
    /// Makes hold what can be had, in this process. Call it once, before privileges are given up.
    ///
    /// `keeps_rights`: whether the process stays privileged afterwards. One that does not can allocate only within
    /// RLIMIT_MEMLOCK once future memory is locked too, so that is asked for only if the limit can be raised.
    pub fn apply(&self, keeps_rights: bool) -> RealtimeReport {
        sys::tune_allocator();
        let mut report = RealtimeReport { machine_budget_us: machine_budget_us(), ..Default::default() };
        if self.stack_bytes > 0 {
            touch_stack(self.stack_bytes);
        }
        if self.heap_bytes > 0 {
            reserve_heap(self.heap_bytes);
        }
        if self.lock {
            report.memory = lock_memory(keeps_rights);
        }
        let Some(priority) = self.priority else {
            // Undo what a realtime parent hands down.
            let _ordinary = set_current_timer_slack(NonZeroU64::new(ORDINARY_SLACK_NANOS));
            return report;
        };
        report.timer_slack = match set_current_timer_slack(NonZeroU64::new(1)) {
            Ok(()) => Held::Yes,
            Err(error) => Held::No(Why::Other(error.to_string())),
        };
        report.cpu_guard = self.guard_cpu();
        report.scheduling = match sys::schedule(Some(i32::from(priority.clamp(1, 99)))) {
            Ok(()) => Held::Yes,
            Err(error) => Held::No(why_no_scheduling(&error)),
        };
        report
    }

    fn guard_cpu(&self) -> Held {
        let micros = |d: Duration| u64::try_from(d.as_micros()).ok();
        if let Err(error) = sys::demote_on_cpu_limit() {
            return Held::No(Why::Other(error.to_string()));
        }
        let before = *BEFORE.get_or_init(|| getrlimit(Resource::Rttime));
        let hard = micros(self.cpu_hard).map(|hard| before.maximum.map_or(hard, |limit| limit.min(hard)));
        let soft = micros(self.cpu_soft).map(|soft| hard.map_or(soft, |hard| hard.min(soft)));
        match setrlimit(Resource::Rttime, Rlimit { current: soft, maximum: hard }) {
            Ok(()) => Held::Yes,
            Err(error) => Held::No(Why::Other(error.to_string())),
        }
    }
}

/// The limit of CPU time before [`Realtime::apply`] set one.
static BEFORE: OnceLock<Rlimit> = OnceLock::new();

/// Takes from a child what it would inherit of this process's realtime: a program that somebody's script starts has its
/// own ideas of both. Scheduling itself is not inherited. For the moment between fork and exec: async-signal-safe.
pub(crate) fn disinherit() {
    let Some(before) = BEFORE.get() else { return };
    let _unprivileged = setrlimit(Resource::Rttime, *before);
    let _ordinary = set_current_timer_slack(NonZeroU64::new(ORDINARY_SLACK_NANOS));
}

/// The slack that timers of ordinary processes have.
const ORDINARY_SLACK_NANOS: u64 = 50_000;

#[inline(never)]
fn touch_stack(bytes: usize) {
    let page = [0_u8; STACK_STEP];
    black_box(&page);
    if bytes > STACK_STEP {
        touch_stack(bytes - STACK_STEP);
    }
    black_box(&page);
}

/// Grows the heap and gives it back to the allocator, which keeps it. In pieces below the size from which the
/// allocator takes fresh pages from the kernel.
fn reserve_heap(bytes: usize) {
    const PIECE: usize = 64 << 10;
    let mut pieces: Vec<Vec<u8>> = Vec::with_capacity(bytes / PIECE + 1);
    for _ in 0..bytes.div_ceil(PIECE) {
        pieces.push(black_box(Vec::with_capacity(PIECE)));
    }
    black_box(&pieces);
}

fn lock_memory(keeps_rights: bool) -> Held {
    let unlimited = Rlimit { current: None, maximum: None };
    let raised = setrlimit(Resource::Memlock, unlimited).is_ok();
    let future = keeps_rights || raised;
    let mut flags = MlockAllFlags::CURRENT | MlockAllFlags::ONFAULT;
    if future {
        flags |= MlockAllFlags::FUTURE;
    }
    let mut outcome = mlockall(flags);
    if outcome == Err(rustix::io::Errno::INVAL) {
        // Before Linux 4.4: every page at once.
        outcome = mlockall(flags - MlockAllFlags::ONFAULT);
    }
    match outcome {
        Ok(()) if future => Held::Yes,
        Ok(()) => Held::Partly(Why::OnlyCurrent),
        Err(rustix::io::Errno::PERM) => Held::No(refused()),
        Err(rustix::io::Errno::NOMEM | rustix::io::Errno::AGAIN) => {
            let limit_bytes = getrlimit(Resource::Memlock).current.unwrap_or(u64::MAX);
            Held::No(Why::MemoryLimit { limit_bytes })
        }
        Err(rustix::io::Errno::NOSYS) => Held::No(Why::Unsupported),
        Err(error) => Held::No(Why::Other(error.to_string())),
    }
}

fn refused() -> Why {
    if in_user_namespace() { Why::UserNamespace } else { Why::NoPermission }
}

fn why_no_scheduling(error: &io::Error) -> Why {
    if error.raw_os_error() != Some(libc::EPERM) {
        return Why::Other(error.to_string());
    }
    if let Some(group) = starved_cgroup() {
        return Why::NoCgroupBudget { group };
    }
    refused()
}

/// The cgroup-v1 cpu group of this process if it grants no realtime time.
fn starved_cgroup() -> Option<String> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = cpu_group(&groups)?;
    ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"].iter().find_map(|root| {
        let runtime = fs::read_to_string(format!("{root}{group}/cpu.rt_runtime_us")).ok()?;
        (runtime.trim() == "0").then(|| group.to_owned())
    })
}

fn cpu_group(groups: &str) -> Option<&str> {
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        controllers.split(',').any(|name| name == "cpu").then_some(path)
    })
}

fn machine_budget_us() -> Option<u64> {
    let number = |path| fs::read_to_string(path).ok()?.trim().parse::<i64>().ok();
    let runtime = u64::try_from(number("/proc/sys/kernel/sched_rt_runtime_us")?).ok()?;
    let period = u64::try_from(number("/proc/sys/kernel/sched_rt_period_us")?).ok().filter(|p| *p > 0)?;
    Some(u64::try_from(u128::from(runtime) * 1_000_000 / u128::from(period)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_group_is_found_among_version_1_groups_only() {
        assert_eq!(cpu_group("4:cpu,cpuacct:/system.slice\n1:name=systemd:/x\n"), Some("/system.slice"));
        assert_eq!(cpu_group("0::/user.slice\n5:cpuset:/y\n"), None);
    }

    #[test]
    fn nothing_asked_for_nothing_held() {
        let report = Realtime::OFF.apply(true);
        assert_eq!((report.scheduling, report.memory), (Held::NotAsked, Held::NotAsked));
    }

    #[test]
    fn reports_read_as_sentences() {
        assert_eq!(
            Held::No(Why::UserNamespace).to_string(),
            "no: permission refused inside a user namespace"
        );
    }
}
