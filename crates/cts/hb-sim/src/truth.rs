//! What is really so, whatever the nodes believe: the invariants are judged against this.

mod evidence;
mod ownership;
mod streams;

pub(crate) use evidence::Evidence;
pub(crate) use ownership::Ownership;
pub(crate) use streams::Streams;

use crate::agenda::Nanos;
use std::fmt;

/// What must hold. The names are stable: `--plant`, regressions and tables use them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Invariant {
    /// S1: a resource is never active twice.
    ActiveOnce,
    /// S2: no takeover before confirmed fencing or a confirmed stop.
    TakeoverConfirmed,
    /// S3: messages of a sender in order.
    Order,
    /// S3: no message twice.
    Duplicate,
    /// S3: no message missing without a report.
    Gap,
    /// S8: no queue above its bound.
    Bound,
    /// S9: a node that stood still declares nobody dead on its own evidence.
    OwnPause,
    /// Nobody is declared dead whose frames reached the socket in time.
    FalseDeath,
    /// Who is silent is declared dead in time.
    LateDeath,
    /// A generation never repeats or falls, and is durable before it is announced.
    Generation,
    /// After healing, everybody gets where it should.
    Progress,
    /// No machine stops with a broken assumption.
    Panic,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Invariant; 12] = [
        Invariant::ActiveOnce,
        Invariant::TakeoverConfirmed,
        Invariant::Order,
        Invariant::Duplicate,
        Invariant::Gap,
        Invariant::Bound,
        Invariant::OwnPause,
        Invariant::FalseDeath,
        Invariant::LateDeath,
        Invariant::Generation,
        Invariant::Progress,
        Invariant::Panic,
    ];

    /// Its stable name.
    pub const fn word(self) -> &'static str {
        match self {
            Invariant::ActiveOnce => "s1-active-once",
            Invariant::TakeoverConfirmed => "s2-takeover-confirmed",
            Invariant::Order => "s3-order",
            Invariant::Duplicate => "s3-duplicate",
            Invariant::Gap => "s3-gap",
            Invariant::Bound => "s8-bound",
            Invariant::OwnPause => "s9-own-pause",
            Invariant::FalseDeath => "false-death",
            Invariant::LateDeath => "late-death",
            Invariant::Generation => "generation",
            Invariant::Progress => "progress",
            Invariant::Panic => "panic",
        }
    }
}

impl Invariant {
    /// What it demands, for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Invariant::ActiveOnce => {
                "a resource is never active on two nodes that were in touch, or fence each other"
            }
            Invariant::TakeoverConfirmed => {
                "with fencing, nothing is started before the end of every other start is confirmed"
            }
            Invariant::Order => "messages of a sender are delivered in its order",
            Invariant::Duplicate => "no message is delivered twice",
            Invariant::Gap => "a message that is not delivered is reported as lost",
            Invariant::Bound => "every queue stays below its bound, and clients are told to wait in time",
            Invariant::OwnPause => {
                "a node that stood still hears the others out before it declares anybody dead"
            }
            Invariant::FalseDeath => "nobody is declared dead whose status reached a socket in time",
            Invariant::LateDeath => "who is silent is declared dead when its time is over",
            Invariant::Generation => {
                "a generation is durable before it is announced, and greater than the last one"
            }
            Invariant::Progress => {
                "after everything is healed, all nodes and resources get where they should"
            }
            Invariant::Panic => "no machine stops with a broken assumption",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// An invariant did not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// When, in true time since the start.
    pub at: Nanos,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.at / 1_000_000_000, self.at % 1_000_000_000 / 1_000);
        write!(f, "{} at {seconds}.{micros:06}s: {}", self.invariant, self.what)
    }
}
