//! What can happen to an application.

use alloc::string::String;
use core::fmt;

/// What happened. The numbers and names are the original's (spec: ipc section 5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EventKind {
    /// Its connection ended although it had not unregistered.
    HungUp,
    /// No heartbeat within its interval.
    NoHeartbeat,
    /// It beats again after [`EventKind::NoHeartbeat`].
    HeartbeatAgain,
    /// A heartbeat came later than the warning time. Told in the log; the original never sends it.
    LateHeartbeat,
    /// It unregistered.
    Unregistered,
}

impl EventKind {
    /// All of them, by number.
    pub const ALL: [EventKind; 5] = [
        EventKind::HungUp,
        EventKind::NoHeartbeat,
        EventKind::HeartbeatAgain,
        EventKind::LateHeartbeat,
        EventKind::Unregistered,
    ];

    /// Its number on the wire, 1 to 5.
    pub const fn number(self) -> i32 {
        match self {
            EventKind::HungUp => 1,
            EventKind::NoHeartbeat => 2,
            EventKind::HeartbeatAgain => 3,
            EventKind::LateHeartbeat => 4,
            EventKind::Unregistered => 5,
        }
    }

    /// Its name in the recovery manager's configuration.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::HungUp => "APPHB_HUP",
            EventKind::NoHeartbeat => "APPHB_NOHB",
            EventKind::HeartbeatAgain => "APPHB_HBAGAIN",
            EventKind::LateHeartbeat => "APPHB_HBWARN",
            EventKind::Unregistered => "APPHB_HBUNREG",
        }
    }

    /// The event with this number.
    pub fn from_number(number: i32) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The event with this name.
    pub fn from_name(name: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One event of one application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Occurrence {
    /// The name it registered as.
    pub application: String,
    /// Which one of that name; may be empty.
    pub instance: String,
    /// Its process.
    pub pid: i32,
    /// Its user, as it said.
    pub uid: u32,
    /// Its group, as it said.
    pub gid: u32,
    /// What happened.
    pub kind: EventKind,
}
