//! What the flight recorder keeps of the master's inputs.

use super::worker::Post;
use super::{Key, Master};
use hb_base::{Instant, MediumId, Notice, Severity};
use hb_logd::recorder::{self, Input};
use hb_runtime::Event;

/// Where it is left after a panic or USR1, in the state folder.
pub(super) const FILE: &str = "flight-recorder";

/// Keeps an event; whose it was, never what was in it.
pub(super) fn note(now: Instant, event: &Event<Key>) {
    let (kind, from, size) = match event {
        Event::Ready { key, .. } => {
            let (kind, from) = source(*key);
            (kind, from, 0)
        }
        Event::Deadline => ("deadline", 0, 0),
        Event::Signal(_) => ("signal", 0, 0),
        Event::Stalled { by, .. } => ("stalled_us", 0, u64::try_from(by.as_micros()).unwrap_or(u64::MAX)),
        Event::Overrun(overrun) => {
            ("overrun_us", 0, u64::try_from(overrun.took.as_micros()).unwrap_or(u64::MAX))
        }
        Event::Demoted => ("demoted", 0, 0),
    };
    recorder::input(Input { at_nanos: now.as_nanos(), kind, from, size });
}

/// Keeps a frame's arrival.
pub(super) fn frame(now: Instant, medium: MediumId, bytes: usize) {
    let (from, size) = (u64::from(medium.0), bytes as u64);
    recorder::input(Input { at_nanos: now.as_nanos(), kind: "frame", from, size });
}

fn source(key: Key) -> (&'static str, u64) {
    match key {
        Key::Channel(Post::Reader(n)) => ("reader", u64::from(n)),
        Key::Channel(Post::Writer(n)) => ("writer", u64::from(n)),
        Key::Channel(_) => ("role", 0),
        Key::Exit(_) => ("exit", 0),
        Key::Client(client) | Key::ApiClient(client) => ("client", u64::from(client.0)),
        _ => ("listener", 0),
    }
}

impl Master {
    pub(super) fn dump_recorder(&mut self) {
        let path = self.places.state_dir.join(FILE);
        let notice = match recorder::dump_to(&path) {
            Ok(()) => Notice::new(Severity::Info, "flight_recorder_written", path.display().to_string()),
            Err(error) => {
                Notice::new(Severity::Error, "flight_recorder_not_written", path.display().to_string())
                    .with("why", error.to_string())
            }
        };
        self.journal.notice(&notice, &self.posts.logd);
    }
}
