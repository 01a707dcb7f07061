//! A plan: everything that makes up one run, as data.
//!
//! A seed draws a plan ([`draw`]); a plan is printed and parsed ([`text`]); running it is a pure function.

mod draw;
mod text;

pub use draw::{Wishes, draw};
pub use text::{ParseError, parse};

use std::time::Duration;

/// Nodes a plan may have.
pub const NODES_MAX: u8 = 8;
/// Media a plan may have.
pub const MEDIA_MAX: u8 = 3;

/// One run of the simulator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Decides every packet's fate together with the packet's own number.
    pub seed: u64,
    /// How many nodes, named `n1`, `n2`, …
    pub nodes: u8,
    /// How each medium works, `m0`, `m1`, …
    pub media: Vec<MediumKind>,
    /// What the nodes do beside talking.
    pub service: Service,
    /// The timing options of ha.cf.
    pub timing: Timing,
    /// How frames are signed.
    pub signature: Signature,
    /// How much faster than true time each node's clock runs, in parts per million.
    pub drift_ppm: Vec<i32>,
    /// The longest that a process that can run waits for a processor, when nothing is wrong.
    pub latency: Duration,
    /// How long faults last; then everything is healed.
    pub duration: Duration,
    /// What happens, ordered by time.
    pub steps: Vec<Step>,
}

/// What a medium is like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MediumKind {
    /// To each peer by itself; own frames do not come back.
    Ucast,
    /// One frame to all; own frames come back.
    Bcast,
}

/// What the nodes do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Service {
    /// Messages only.
    Messages,
    /// Takeover by haresources between two nodes.
    Takeover {
        /// `auto_failback`.
        failback: Failback,
        /// Whether there are fencing devices.
        fenced: bool,
        /// Resources in the group of each node, 0 for no group.
        resources: [u8; 2],
    },
}

/// `auto_failback`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failback {
    /// The preferred node gets its group back.
    On,
    /// Nothing moves back.
    Off,
    /// A node grabs its own group when it joins.
    Legacy,
}

/// How frames are signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signature {
    /// A checksum.
    Crc,
    /// MD5 with a key.
    Md5,
    /// SHA-1 with a key.
    Sha1,
}

/// Timing options of ha.cf.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Between two statuses.
    pub keepalive: Duration,
    /// Silence that means death.
    pub deadtime: Duration,
    /// The same at start-up.
    pub initdead: Duration,
}

/// One thing that happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// When, after the start.
    pub at: Duration,
    /// For how long; zero for what has no length.
    pub lasts: Duration,
    /// What.
    pub what: What,
}

/// Directed links: a filter over medium, sender and receiver. `None` means all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Links {
    /// Which medium.
    pub medium: Option<u8>,
    /// Whose frames.
    pub from: Option<u8>,
    /// On their way to whom.
    pub to: Option<u8>,
}

impl Links {
    /// Whether this link is one of them.
    pub fn include(&self, medium: u8, from: u8, to: u8) -> bool {
        self.medium.is_none_or(|m| m == medium)
            && self.from.is_none_or(|n| n == from)
            && self.to.is_none_or(|n| n == to)
    }
}

/// A process of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Process {
    /// The master control process.
    Master,
    /// The reader of a medium.
    Reader(u8),
    /// The writer of a medium.
    Writer(u8),
    /// All readers.
    Readers,
    /// The executor of resource scripts.
    Executor,
    /// The fencing role.
    Fencer,
}

/// Resources as `hb_standby` and `hb_takeover` name them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// Everything.
    All,
    /// The node's own groups.
    Local,
    /// The other's groups.
    Foreign,
}

/// How an agent or a fencing device misbehaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mishap {
    /// It reports failure and did nothing.
    Fail,
    /// It never returns by itself and did nothing.
    Hang,
    /// It takes long, and works.
    Slow,
    /// It reports failure though it did it.
    Lie,
}

/// What happens in a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// Frames are lost.
    Loss {
        /// Where.
        links: Links,
        /// How many out of 1000.
        permille: u16,
    },
    /// Frames take up to so much longer, each its own time: they overtake each other.
    Delay {
        /// Where.
        links: Links,
        /// The longest.
        up_to: Duration,
    },
    /// Frames arrive twice.
    Duplicate {
        /// Where.
        links: Links,
        /// How many out of 1000.
        permille: u16,
    },
    /// One bit of a frame flips.
    Corrupt {
        /// Where.
        links: Links,
        /// How many out of 1000.
        permille: u16,
    },
    /// Nothing passes.
    Cut {
        /// Where.
        links: Links,
    },
    /// Nothing passes between a set of nodes and the rest.
    Partition {
        /// On which medium; `None` means all.
        medium: Option<u8>,
        /// The set: bit 0 for `n1`.
        set: u8,
    },
    /// A process stands still.
    Pause {
        /// On which node.
        node: u8,
        /// Which; `None` means all of them.
        process: Option<Process>,
    },
    /// Processes of a node wait long for a processor.
    Busy {
        /// Which node.
        node: u8,
        /// The longest wait.
        up_to: Duration,
    },
    /// A process dies.
    Kill {
        /// On which node.
        node: u8,
        /// Which.
        process: Process,
    },
    /// A node loses power, and gets it back at the end of the step.
    PowerCut {
        /// Which.
        node: u8,
    },
    /// A node is told to leave orderly; it starts again at the end of the step.
    Stop {
        /// Which.
        node: u8,
    },
    /// A node's wall clock is set.
    WallStep {
        /// Which.
        node: u8,
        /// By so many milliseconds.
        by_ms: i64,
    },
    /// The operation of every resource on a node goes wrong.
    Agent {
        /// Which node.
        node: u8,
        /// The action.
        action: Action,
        /// How.
        mishap: Mishap,
    },
    /// The fencing device that switches this node goes wrong.
    Device {
        /// The victim.
        node: u8,
        /// How.
        mishap: Mishap,
    },
    /// A client sends messages, spread over the step's length.
    Send {
        /// From which node.
        node: u8,
        /// How many.
        count: u32,
    },
    /// An operator moves resources away.
    Standby {
        /// Where the command is given.
        node: u8,
        /// What moves.
        which: Which,
    },
    /// An operator moves resources here.
    Takeover {
        /// Where the command is given.
        node: u8,
        /// What moves.
        which: Which,
    },
}

/// What an agent is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Start.
    Start,
    /// Stop.
    Stop,
    /// Status.
    Status,
}

impl What {
    /// Its word in the text form and in the coverage table.
    pub fn word(&self) -> &'static str {
        match self {
            What::Loss { .. } => "loss",
            What::Delay { .. } => "delay",
            What::Duplicate { .. } => "duplicate",
            What::Corrupt { .. } => "corrupt",
            What::Cut { .. } => "cut",
            What::Partition { .. } => "partition",
            What::Pause { .. } => "pause",
            What::Busy { .. } => "busy",
            What::Kill { .. } => "kill",
            What::PowerCut { .. } => "power-cut",
            What::Stop { .. } => "stop",
            What::WallStep { .. } => "wall-step",
            What::Agent { .. } => "agent",
            What::Device { .. } => "device",
            What::Send { .. } => "send",
            What::Standby { .. } => "standby",
            What::Takeover { .. } => "takeover",
        }
    }

    /// Whether it names links, each with two ends.
    pub(crate) fn is_about_links(&self) -> bool {
        use What::{Corrupt, Cut, Delay, Duplicate, Loss};
        matches!(self, Loss { .. } | Delay { .. } | Duplicate { .. } | Corrupt { .. } | Cut { .. })
    }

    /// Every node that it names, to change.
    pub(crate) fn each_node(&mut self, mut change: impl FnMut(&mut u8)) {
        match self {
            What::Loss { links, .. }
            | What::Delay { links, .. }
            | What::Duplicate { links, .. }
            | What::Corrupt { links, .. }
            | What::Cut { links } => {
                links.from.iter_mut().chain(&mut links.to).for_each(change);
            }
            What::Partition { .. } => {}
            What::Pause { node, .. }
            | What::Busy { node, .. }
            | What::Kill { node, .. }
            | What::PowerCut { node }
            | What::Stop { node }
            | What::WallStep { node, .. }
            | What::Agent { node, .. }
            | What::Device { node, .. }
            | What::Send { node, .. }
            | What::Standby { node, .. }
            | What::Takeover { node, .. } => change(node),
        }
    }

    /// The node it happens to, or the one whose links it concerns; `None` when it is about all.
    pub fn node(&self) -> Option<u8> {
        match *self {
            What::Loss { links, .. }
            | What::Delay { links, .. }
            | What::Duplicate { links, .. }
            | What::Corrupt { links, .. }
            | What::Cut { links } => links.from.or(links.to),
            What::Partition { .. } => None,
            What::Pause { node, .. }
            | What::Busy { node, .. }
            | What::Kill { node, .. }
            | What::PowerCut { node }
            | What::Stop { node }
            | What::WallStep { node, .. }
            | What::Agent { node, .. }
            | What::Device { node, .. }
            | What::Send { node, .. }
            | What::Standby { node, .. }
            | What::Takeover { node, .. } => Some(node),
        }
    }
}

impl Plan {
    /// Whether the nodes manage resources, and have devices to fence each other with.
    pub fn fenced(&self) -> bool {
        matches!(self.service, Service::Takeover { fenced: true, .. })
    }

    /// The end of the last step, or of the time for faults if that is later.
    pub fn end_of_faults(&self) -> Duration {
        self.duration
    }
}

impl Timing {
    /// What ha.cf demands of these numbers.
    pub fn valid(&self) -> bool {
        !self.keepalive.is_zero() && self.deadtime > self.keepalive * 2 && self.initdead >= self.deadtime
    }
}
