//! A child reads the configuration while the node runs on: names may take long to look up, and a node that waits for
//! them would be taken for dead.

use super::Key;
use crate::cli::Places;
use crate::load::{Material, arguments};
use crate::roles::loader::LIMITS;
use hb_base::{ClientId, Instant};
use hb_ipc::{Framed, Incoming};
use hb_runtime::{Child, Class, EventLoop, Interest, Role, Settle, Signal, SourceId};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long reading may take. Whoever waits for it is told then.
const LOAD_LIMIT: Duration = Duration::from_secs(60);
/// What `ps` shows.
const TITLE: &str = "heartbeat: configuration reader";

/// Who wants to know: connections; nobody after a signal.
pub(super) type Askers = Vec<ClientId>;

/// The reading that is under way, and who asked for the next one.
#[derive(Default)]
pub(super) struct Loading {
    running: Option<Running>,
    /// Somebody asked after the present one began: what it reads may be older than the question.
    next: Option<Askers>,
}

struct Running {
    child: Child,
    framed: Framed,
    channel: SourceId,
    exit: SourceId,
    until: Instant,
    /// `None` when they have their answer.
    askers: Option<Askers>,
}

/// What came of a reading.
pub(super) struct Loaded {
    pub(super) askers: Askers,
    pub(super) result: Result<Box<Material>, String>,
}

impl Loading {
    /// Begins to read, now or when the present reading is over. An error is the kernel's.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        asker: Option<ClientId>,
        places: &Places,
        events: &mut EventLoop<Key>,
    ) -> Result<(), Loaded> {
        if self.running.is_some() {
            // One entry a connection at most: their number is bounded by that of connections.
            let askers = self.next.get_or_insert_default();
            askers.extend(asker.filter(|asker| !askers.contains(asker)));
            return Ok(());
        }
        self.begin(now, asker.into_iter().collect(), places, events)
    }

    fn begin(
        &mut self,
        now: Instant,
        askers: Askers,
        places: &Places,
        events: &mut EventLoop<Key>,
    ) -> Result<(), Loaded> {
        match start(places, events) {
            Ok((child, framed, channel, exit)) => {
                let until = now + LOAD_LIMIT;
                self.running = Some(Running { child, framed, channel, exit, until, askers: Some(askers) });
                Ok(())
            }
            Err(why) => Err(Loaded { askers, result: Err(why) }),
        }
    }

    /// When [`Loading::late`] is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.running.as_ref().filter(|running| running.askers.is_some()).map(|running| running.until)
    }

    /// Ends a reading that takes too long.
    pub(super) fn late(&mut self, now: Instant) -> Option<Loaded> {
        let running = self.running.as_mut().filter(|running| now >= running.until)?;
        let _gone = running.child.signal(Signal::Kill);
        let why = "reading the configuration took too long: a name in it cannot be looked up, or a fencing program hangs";
        Some(Loaded { askers: running.askers.take()?, result: Err(why.to_owned()) })
    }

    /// The child says something, or closed its end.
    pub(super) fn hear(&mut self, events: &mut EventLoop<Key>) -> Option<Loaded> {
        let running = self.running.as_mut()?;
        let result = match running.framed.receive() {
            Ok(Incoming::Pending) => return None,
            Ok(Incoming::Frame(frame)) => {
                Material::decode(&frame).map(Box::new).ok_or("its answer is garbled".to_owned())
            }
            Ok(Incoming::Closed) => Err("it gave no answer".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        events.remove(running.channel);
        let result = result.map_err(|why| format!("the configuration could not be read: {why}"));
        Some(Loaded { askers: running.askers.take()?, result })
    }

    /// The child may have ended. Begins the next reading that somebody asked for.
    pub(super) fn ended(
        &mut self,
        now: Instant,
        places: &Places,
        events: &mut EventLoop<Key>,
    ) -> Vec<Loaded> {
        let mut loaded: Vec<Loaded> = self.hear(events).into_iter().collect();
        let Some(running) = &mut self.running else { return loaded };
        if matches!(running.child.exit(), Ok(None)) {
            return loaded;
        }
        let Some(running) = self.running.take() else { return loaded };
        events.remove(running.channel);
        events.remove(running.exit);
        if let Some(askers) = running.askers {
            let why = "the configuration could not be read: its reader ended".to_owned();
            loaded.push(Loaded { askers, result: Err(why) });
        }
        if let Some(askers) = self.next.take() {
            loaded.extend(self.begin(now, askers, places, events).err());
        }
        loaded
    }

    /// A connection is gone: its number may be given to another one day.
    pub(super) fn forget(&mut self, client: ClientId) {
        let running = self.running.as_mut().and_then(|running| running.askers.as_mut());
        for askers in running.into_iter().chain(self.next.as_mut()) {
            askers.retain(|asker| *asker != client);
        }
    }
}

type Started = (Child, Framed, SourceId, SourceId);

fn start(places: &Places, events: &mut EventLoop<Key>) -> Result<Started, String> {
    let failed = |e: &dyn std::fmt::Display| format!("{TITLE}: {e}");
    let (ours, theirs) = UnixStream::pair().map_err(|e| failed(&e))?;
    let args = arguments(places);
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let settle = Settle { parent_death: Some(Signal::Kill), ..Settle::executor() };
    let fds = [("pair", theirs.as_fd())];
    let role = Role { name: "loader", title: TITLE, args: &words, fds: &fds, settle };
    let child = role.spawn().map_err(|e| failed(&e))?;
    let framed = Framed::new(OwnedFd::from(ours), LIMITS).map_err(|e| failed(&e))?;
    let channel = events
        .add(framed.as_fd(), Key::Loader, Class::Housekeeping, Interest::Read)
        .map_err(|e| failed(&e))?;
    let exit = events
        .add(child.as_fd(), Key::LoaderExit, Class::Housekeeping, Interest::Read)
        .map_err(|e| failed(&e))?;
    Ok((child, framed, channel, exit))
}
