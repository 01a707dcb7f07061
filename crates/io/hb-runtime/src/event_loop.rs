//! The event loop: single-threaded, unfair on purpose.
//!
//! [`EventLoop::next`] hands out one event at a time, in this order:
//! 1. reports about the loop itself: [`Event::Stalled`], [`Event::Overrun`];
//! 2. packet sources found ready by the last look at the descriptors, each once;
//! 3. a due deadline, once between two looks, so that one that stays due starves nobody;
//! 4. clients, then housekeeping. Before a second event of these is handed out, the loop looks again whether
//!    packets have come.
//!
//! Sources are level-triggered: a handler takes one batch and returns; what is left is reported again. At a
//! keepalive of a few milliseconds a turn costs one system call of the loop's own.

mod sources;
mod waiting;

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use hb_base::Instant;

use crate::clock;
use crate::lateness::{Lateness, LatenessView};
use crate::signals::{Signal, SignalSource};
pub use sources::{MAX_SOURCES, SourceId};
use sources::{Sources, Token};
use waiting::Waiter;

/// Who goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// Packets of the cluster: readers' and writers' channels.
    Packets,
    /// Local clients, executors, signals.
    Clients,
    /// Exits of children, logs, everything that can wait.
    Housekeeping,
}

impl Class {
    /// How long handling one event may take before [`Event::Overrun`] tells of it, unless a source has its own budget.
    pub const fn default_budget(self) -> Duration {
        match self {
            Class::Packets => Duration::from_millis(2),
            Class::Clients => Duration::from_millis(5),
            Class::Housekeeping => Duration::from_millis(20),
        }
    }
}

/// What a source is watched for. A hang-up or an error is always reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    /// Only hang-up and error.
    Nothing,
    /// Something to read.
    Read,
    /// Room to write.
    Write,
    /// Both.
    Both,
}

/// What a source is ready for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ready {
    /// There is something to read, or the end of the stream.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
    /// The other end is gone, or the descriptor is in error. Data may still be there to read.
    pub closed: bool,
}

/// Why a turn came late.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StallCause {
    /// Handling the event before took this long.
    Handler,
    /// The process was not run although its deadline had come: no CPU, or stopped.
    NotRun,
    /// The machine was suspended.
    Suspended,
}

/// Handling took longer than the budget.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overrun<K> {
    /// Whose event it was; `None` for the deadline or a signal.
    pub key: Option<K>,
    /// How long handling took.
    pub took: Duration,
    /// How long it may take.
    pub budget: Duration,
    /// How many overruns, this one included, since the last report. At most one report a second.
    pub count: u32,
}

/// What [`EventLoop::next`] hands out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event<K> {
    /// A source is ready: take one batch from it.
    Ready {
        /// The key that the source was added with.
        key: K,
        /// What it is ready for.
        ready: Ready,
    },
    /// The deadline given to `next` has come.
    Deadline,
    /// A signal arrived.
    Signal(Signal),
    /// This turn came later than it should have: tell every machine before anything else.
    Stalled {
        /// By how much.
        by: Duration,
        /// Why.
        cause: StallCause,
    },
    /// A handler exceeded its budget: worth a warning.
    Overrun(Overrun<K>),
    /// The CPU guard took the realtime priority away, see [`crate::Realtime`].
    Demoted,
}

/// How late the loop was, and how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Late {
    /// Lateness of wake-ups for a deadline.
    pub wake_ups: LatenessView,
    /// Turns reported as stalled since the start.
    pub stalls: u64,
    /// Handlers that exceeded their budget since the start.
    pub overruns: u64,
}

/// The event that the caller is working on.
struct Handed<K> {
    key: Option<K>,
    at: Instant,
    budget: Duration,
}

/// The event loop of a role. `K` is the caller's name for a source, usually a small enum.
pub struct EventLoop<K> {
    waiter: Waiter,
    sources: Sources<K>,
    signals: Option<SignalSource>,
    ready: [VecDeque<(Token, Ready)>; 3],
    reports: VecDeque<Event<K>>,
    handed: Option<Handed<K>>,
    now: Instant,
    /// A deadline was handed out since the last look.
    deadline_served: bool,
    /// An event below packets was handed out since the last look.
    lower_served: bool,
    suspended_nanos: u64,
    stall_bound: Duration,
    lateness: Lateness,
    stalls: u64,
    overruns: u64,
    unreported_overruns: u32,
    overrun_reported: Option<Instant>,
}

/// Most reports waiting to be handed out; there is at most one of each kind a turn.
const MAX_REPORTS: usize = 8;

/// Differences between the two clocks below this are reading noise, not a suspend.
const SUSPEND_NOISE_NANOS: u64 = 5_000_000;

/// Shortest time between two reports about budgets.
const OVERRUN_EVERY: Duration = Duration::from_secs(1);

impl<K: Clone> EventLoop<K> {
    /// How late a turn may come before it is reported, unless [`EventLoop::set_stall_bound`] says otherwise.
    pub const DEFAULT_STALL_BOUND: Duration = Duration::from_millis(200);

    /// A loop without sources.
    ///
    /// # Errors
    /// When the kernel gives no descriptors.
    pub fn new() -> io::Result<EventLoop<K>> {
        Ok(EventLoop {
            waiter: Waiter::new()?,
            sources: Sources::new(),
            signals: None,
            ready: Default::default(),
            reports: VecDeque::new(),
            handed: None,
            now: clock::monotonic(),
            deadline_served: false,
            lower_served: false,
            suspended_nanos: clock::suspended_nanos(),
            stall_bound: Self::DEFAULT_STALL_BOUND,
            lateness: Lateness::default(),
            stalls: 0,
            overruns: 0,
            unreported_overruns: 0,
            overrun_reported: None,
        })
    }

    /// From which lateness on a turn is reported as [`Event::Stalled`]; some part of the deadtime.
    pub fn set_stall_bound(&mut self, bound: Duration) {
        self.stall_bound = bound;
    }

    /// Makes events of TERM, INT, HUP, USR1 and USR2 (class clients). They no longer interrupt anything in this thread.
    /// Exits of children are seen by their descriptors, not by SIGCHLD.
    ///
    /// # Errors
    /// When the kernel gives no descriptor.
    pub fn take_signals(&mut self) -> io::Result<()> {
        let signals = SignalSource::new()?;
        self.waiter.add_signals(signals.as_fd())?;
        self.signals = Some(signals);
        Ok(())
    }

    /// Watches `fd`. The source must be removed before its descriptor is closed.
    ///
    /// # Errors
    /// When there are [`MAX_SOURCES`] already, or the kernel refuses the descriptor (a plain file).
    pub fn add(&mut self, fd: impl AsFd, key: K, class: Class, interest: Interest) -> io::Result<SourceId> {
        self.add_with_budget(fd, key, class, interest, class.default_budget())
    }

    /// As [`EventLoop::add`], with a budget of its own for handling one event.
    ///
    /// # Errors
    /// As [`EventLoop::add`].
    pub fn add_with_budget(
        &mut self,
        fd: impl AsFd,
        key: K,
        class: Class,
        interest: Interest,
        budget: Duration,
    ) -> io::Result<SourceId> {
        let id = self.sources.insert(fd.as_fd(), key, class, interest, budget)?;
        if let Err(error) = self.waiter.add(fd.as_fd(), id.token(), interest) {
            self.sources.remove(id);
            return Err(error);
        }
        Ok(id)
    }

    /// Changes what a source is watched for. Costs a system call only when it is a change.
    ///
    /// # Errors
    /// NotFound when the source was removed.
    pub fn watch(&mut self, id: SourceId, interest: Interest) -> io::Result<()> {
        match self.sources.change_interest(id, interest) {
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
            Some(None) => Ok(()),
            Some(Some(fd)) => self.waiter.modify(fd, id.token(), interest),
        }
    }

    /// Stops watching; events of it that were not handed out yet are dropped. Nothing happens when it was
    /// removed before. Call it before the descriptor is closed.
    pub fn remove(&mut self, id: SourceId) {
        if let Some(fd) = self.sources.remove(id) {
            self.waiter.remove(fd);
        }
    }

    /// The time of the event that was handed out last: a handler's `now` without another reading of the clock.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How late the loop was until now.
    pub fn late(&self) -> Late {
        Late { wake_ups: self.lateness.view(), stalls: self.stalls, overruns: self.overruns }
    }

    /// The next event; waits for it. `deadline` is the earliest of the caller's deadlines, `None` for none.
    ///
    /// # Errors
    /// Only when the kernel refuses to wait, which is a defect.
    pub fn next(&mut self, deadline: Option<Instant>) -> io::Result<Event<K>> {
        self.now = clock::monotonic();
        self.account();
        loop {
            if let Some(report) = self.reports.pop_front() {
                return Ok(report);
            }
            if let Some(event) = self.pop_class(Class::Packets) {
                return Ok(event);
            }
            if !self.deadline_served && deadline.is_some_and(|at| at <= self.now) {
                self.deadline_served = true;
                self.hand(None, Class::Packets.default_budget());
                return Ok(Event::Deadline);
            }
            if !self.lower_served
                && let Some(event) = self.pop_lower()?
            {
                self.lower_served = true;
                return Ok(event);
            }
            self.look(deadline)?;
        }
    }

    fn hand(&mut self, key: Option<K>, budget: Duration) {
        self.handed = Some(Handed { key, at: self.now, budget });
    }

    /// Judges how long the event handed out before has taken.
    fn account(&mut self) {
        if crate::sys::take_cpu_limit_hit() {
            self.report(Event::Demoted);
        }
        let Some(handed) = self.handed.take() else { return };
        let took = self.now.since(handed.at);
        if took > self.stall_bound {
            self.stalls += 1;
            self.report(Event::Stalled { by: took, cause: StallCause::Handler });
        }
        if took <= handed.budget {
            return;
        }
        self.overruns += 1;
        self.unreported_overruns = self.unreported_overruns.saturating_add(1);
        if self.overrun_reported.is_none_or(|at| self.now.since(at) >= OVERRUN_EVERY) {
            let count = core::mem::take(&mut self.unreported_overruns);
            self.overrun_reported = Some(self.now);
            self.report(Event::Overrun(Overrun { key: handed.key, took, budget: handed.budget, count }));
        }
    }

    fn report(&mut self, event: Event<K>) {
        if self.reports.len() < MAX_REPORTS {
            self.reports.push_back(event);
        }
    }

    fn pop_class(&mut self, class: Class) -> Option<Event<K>> {
        while let Some((token, ready)) = self.ready[class as usize].pop_front() {
            let Some((key, budget)) = self.sources.lookup(token) else { continue };
            self.hand(Some(key.clone()), budget);
            return Some(Event::Ready { key, ready });
        }
        None
    }

    fn pop_lower(&mut self) -> io::Result<Option<Event<K>>> {
        if self.waiter.take_signal_ready()
            && let Some(signal) = self.signals.as_ref().map_or(Ok(None), SignalSource::take)?
        {
            self.hand(None, Class::Clients.default_budget());
            return Ok(Some(Event::Signal(signal)));
        }
        Ok(self.pop_class(Class::Clients).or_else(|| self.pop_class(Class::Housekeeping)))
    }

    /// Looks at the descriptors, waiting until `deadline` at most. What an earlier look found and nobody took is
    /// found again: everything is level-triggered.
    fn look(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        self.ready.iter_mut().for_each(VecDeque::clear);
        let before = self.now;
        let sources = &self.sources;
        let ready = &mut self.ready;
        self.waiter.wait(before, deadline, |token, now_ready| {
            if let Some(class) = sources.class(token) {
                ready[class as usize].push_back((token, now_ready));
            }
        })?;
        self.now = clock::monotonic();
        self.deadline_served = false;
        self.lower_served = false;
        self.judge_wake_up(before, deadline);
        Ok(())
    }

    fn judge_wake_up(&mut self, before: Instant, deadline: Option<Instant>) {
        let suspended = clock::suspended_nanos();
        let jump = suspended.saturating_sub(self.suspended_nanos);
        if jump > SUSPEND_NOISE_NANOS {
            self.suspended_nanos = suspended;
            self.stalls += 1;
            let by = Duration::from_nanos(jump);
            self.report(Event::Stalled { by, cause: StallCause::Suspended });
        }
        let Some(deadline) = deadline.filter(|at| *at <= self.now) else { return };
        let late = self.now.since(deadline.max(before));
        if deadline > before {
            self.lateness.record(late);
        }
        if late > self.stall_bound {
            self.stalls += 1;
            self.report(Event::Stalled { by: late, cause: StallCause::NotRun });
        }
    }
}

#[cfg(test)]
mod tests;
