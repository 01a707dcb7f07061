//! What the configuration decides about messaging, with the original's defaults.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::NodeName;

/// Everything that the machine is told once, before it starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// This node.
    pub node: NodeName,
    /// Normal nodes in the order of the configuration. The own name is added in front when it is missing.
    pub nodes: Vec<NodeName>,
    /// All media in the order of the configuration: `MediumId(n)` is entry n.
    pub media: Vec<Medium>,
    /// Intervals and timeouts.
    pub timing: Timing,
    /// Sent messages kept for retransmission; half of it is the window of unacknowledged messages and the
    /// widest gap that is asked for. At least 2.
    pub history: usize,
    /// Added to the number of nodes to make the field `ttl`, which nobody evaluates.
    pub hopfudge: u8,
    /// What happens when a node speaks that nobody configured.
    pub autojoin: Autojoin,
    /// Whether this daemon manages resources itself (haresources). Then the host cache is neither read nor written.
    pub manages_resources: bool,
    /// Where the generation comes from.
    pub generation_from: GenerationFrom,
    /// Where the uuid comes from.
    pub uuid_from: UuidFrom,
    /// Whether to announce and use our extensions (field `hbx`). Off: speak exactly like the original.
    pub native: bool,
    /// Defects to show, for tests of the simulator.
    #[cfg(feature = "planted-bugs")]
    pub bugs: crate::Bugs,
}

impl Options {
    /// Defaults of 3.0.6 for this node, these normal nodes and these media.
    pub fn new(node: NodeName, nodes: Vec<NodeName>, media: Vec<Medium>) -> Options {
        Options {
            node,
            nodes,
            media,
            timing: Timing::default(),
            history: Options::HISTORY,
            hopfudge: 1,
            autojoin: Autojoin::None,
            manages_resources: true,
            generation_from: GenerationFrom::File,
            uuid_from: UuidFrom::File,
            native: true,
            #[cfg(feature = "planted-bugs")]
            bugs: crate::Bugs::default(),
        }
    }

    /// History of 3.0.6, in messages.
    pub const HISTORY: usize = 500;

    /// Unacknowledged messages at which senders are paused; also the widest gap that is asked for.
    pub fn window(&self) -> u64 {
        (self.history as u64 / 2).max(1)
    }
}

/// Intervals and timeouts; all may be as short as a few milliseconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Between two statuses of ours.
    pub keepalive: Duration,
    /// Silence after which peers shall take us for dead, and we them until they announce their own.
    pub deadtime: Duration,
    /// Silence that is worth a notice.
    pub warntime: Duration,
    /// Silence after which a node is taken for dead while communication is not yet up.
    pub initdead: Duration,
    /// Silence after which a ping node is taken for dead.
    pub deadping: Duration,
    /// Longest delay of a request for retransmission, and the interval of its repetitions.
    pub max_rexmit_delay: Duration,
    /// A timer that comes later than this means that we were stalled, and that our evidence against others is void.
    pub stall_bound: Duration,
    /// How long a reader may take to confirm that its socket is drained before it counts as stuck.
    pub drain_patience: Duration,
}

impl Timing {
    /// Everything derived from these two as the original derives it.
    pub fn new(keepalive: Duration, deadtime: Duration) -> Timing {
        let initdead = if deadtime > Duration::from_secs(10) {
            deadtime
        } else if deadtime < Duration::from_secs(6) {
            Duration::from_secs(12)
        } else {
            deadtime * 2
        };
        Timing {
            keepalive,
            deadtime,
            warntime: deadtime / 2,
            initdead,
            deadping: deadtime,
            max_rexmit_delay: Duration::from_millis(250),
            stall_bound: (deadtime / 4).clamp(Duration::from_millis(2), Duration::from_secs(1)),
            drain_patience: (deadtime / 2).clamp(Duration::from_millis(5), Duration::from_secs(2)),
        }
    }
}

impl Default for Timing {
    /// 1 s and 30 s.
    fn default() -> Timing {
        Timing::new(Duration::from_secs(1), Duration::from_secs(30))
    }
}

/// One medium of the configuration.
#[derive(Clone, Debug)]
pub struct Medium {
    /// Link name (`ifname` of the API): interface, tty path, or the ping node's name.
    pub name: String,
    /// What it leads to.
    pub kind: MediumKind,
}

impl Medium {
    /// A medium that leads to other nodes of the cluster.
    pub fn peers(name: impl Into<String>) -> Medium {
        Medium { name: name.into(), kind: MediumKind::Peers }
    }

    /// A medium that leads to a ping node or ping group called `node`.
    pub fn ping(node: NodeName) -> Medium {
        Medium { name: node.as_str().into(), kind: MediumKind::Ping { node } }
    }
}

/// What a medium leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MediumKind {
    /// Other nodes.
    Peers,
    /// A pseudo-node that only echoes.
    Ping {
        /// Its name in the node table.
        node: NodeName,
    },
}

/// Directive `autojoin`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Autojoin {
    /// Strangers are ignored.
    #[default]
    None,
    /// Strangers join; the own node must be configured.
    Other,
    /// Strangers join.
    Any,
}

/// Directive `hbgenmethod`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum GenerationFrom {
    /// One more than the stored one.
    #[default]
    File,
    /// The wall clock's seconds, never lower than anything stored.
    Time,
}

/// Directive `uuidfrom`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum UuidFrom {
    /// Made at random once, then kept.
    #[default]
    File,
    /// The node's name, padded with zeros.
    NodeName,
}
