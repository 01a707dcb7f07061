//! A child of the master: started, watched, replaced.

use super::Key;
use hb_base::Instant;
use hb_ipc::Pair;
use hb_runtime::{Child, Class, EventLoop, Interest, RestartPolicy, Signal, SourceId, SpawnError};
use std::os::fd::AsFd;

/// Which child.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Post {
    /// Reader of the medium with this number.
    Reader(u8),
    /// Writer of the medium with this number.
    Writer(u8),
    /// FIFO reader.
    Fifo,
    /// Resource executor.
    Lrmd,
    /// Fencing executor.
    Stonithd,
    /// Durable files.
    Store,
    /// Logging.
    Logd,
}

/// Starts the process of a post.
pub(crate) type Start = Box<dyn Fn() -> Result<(Child, Pair), SpawnError>>;

/// A child and its channel.
pub(crate) struct Worker {
    pub(crate) post: Post,
    pub(crate) title: String,
    class: Class,
    start: Start,
    live: Option<Live>,
    policy: RestartPolicy,
    due: Option<Instant>,
    /// Predecessors that were replaced and have not ended yet.
    replaced: Vec<(Child, SourceId)>,
}

struct Live {
    child: Child,
    pair: Pair,
    channel: SourceId,
    exit: SourceId,
}

impl Worker {
    pub(crate) fn new(post: Post, title: String, class: Class, start: Start) -> Worker {
        Worker {
            post,
            title,
            class,
            start,
            live: None,
            policy: RestartPolicy::default(),
            due: None,
            replaced: Vec::new(),
        }
    }

    /// Starts the child. An error is the kernel's refusal; the child is due again later.
    pub(crate) fn start(&mut self, now: Instant, events: &mut EventLoop<Key>) -> Result<(), String> {
        self.due = None;
        self.policy.started(now);
        let started = self.spawn(events);
        if started.is_err() {
            self.due = Some(self.policy.exited(now));
        }
        started
    }

    fn spawn(&mut self, events: &mut EventLoop<Key>) -> Result<(), String> {
        let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", self.title);
        let (child, pair) = (self.start)().map_err(|e| failed(&e))?;
        let channel =
            events.add(&pair, Key::Channel(self.post), self.class, Interest::Read).map_err(|e| failed(&e))?;
        let exit = events
            .add(child.as_fd(), Key::Exit(self.post), Class::Housekeeping, Interest::Read)
            .map_err(|e| failed(&e))?;
        self.live = Some(Live { child, pair, channel, exit });
        Ok(())
    }

    /// Starts a child in another way from now on, first its successor at once. The present child works off what it was
    /// sent and ends. After an error everything is as before.
    pub(crate) fn replace(&mut self, start: Start, events: &mut EventLoop<Key>) -> Result<(), String> {
        let (former, before) = (std::mem::replace(&mut self.start, start), self.live.take());
        if let Err(why) = self.spawn(events) {
            self.start = former;
            self.live = before;
            return Err(why);
        }
        self.due = None;
        if let Some(before) = before {
            // Closing the channel ends it; what was sent before stays readable there.
            events.remove(before.channel);
            self.replaced.push((before.child, before.exit));
        }
        Ok(())
    }

    /// Forgets predecessors that have ended.
    fn bury(&mut self, events: &mut EventLoop<Key>) {
        self.replaced.retain_mut(|(child, exit)| {
            let runs = matches!(child.exit(), Ok(None));
            if !runs {
                events.remove(*exit);
            }
            runs
        });
    }

    pub(crate) fn pair(&self) -> Option<&Pair> {
        self.live.as_ref().map(|live| &live.pair)
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.live.as_ref().map(|live| live.child.pid())
    }

    pub(crate) fn watch(&self, interest: Interest, events: &mut EventLoop<Key>) {
        if let Some(live) = &self.live {
            let _gone = events.watch(live.channel, interest);
        }
    }

    /// Stops listening to a channel whose other end is closed; the exit follows.
    pub(crate) fn hung_up(&mut self, events: &mut EventLoop<Key>) {
        if let Some(live) = &self.live {
            events.remove(live.channel);
        }
    }

    /// The child's exit was seen: reaps it and plans its successor. Says how it ended.
    pub(crate) fn exited(&mut self, now: Instant, events: &mut EventLoop<Key>) -> Option<String> {
        self.bury(events);
        let live = self.live.as_mut()?;
        let exit = match live.child.exit() {
            Ok(None) => return None,
            Ok(Some(exit)) => exit.to_string(),
            Err(error) => error.to_string(),
        };
        events.remove(live.channel);
        events.remove(live.exit);
        self.live = None;
        self.due = Some(self.policy.exited(now));
        Some(exit)
    }

    /// Closes the channel, which ends the child, and gives it up for reaping, with predecessors that still run.
    pub(crate) fn close(&mut self, events: &mut EventLoop<Key>) -> Vec<Child> {
        let mut children = Vec::new();
        for (child, exit) in self.replaced.drain(..) {
            events.remove(exit);
            children.push(child);
        }
        if let Some(live) = self.live.take() {
            events.remove(live.channel);
            events.remove(live.exit);
            children.push(live.child);
        }
        children
    }

    pub(crate) fn kill(&self) {
        if let Some(live) = &self.live {
            let _gone = live.child.signal(Signal::Kill);
        }
    }

    /// When the successor is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }
}
