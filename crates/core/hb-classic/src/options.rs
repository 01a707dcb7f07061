//! How the resource manager is set up.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use hb_base::NodeName;
use hb_lrm::Resource;

/// When groups move back to the node that they prefer (directive `auto_failback`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AutoFailback {
    /// As soon as that node is back and stable.
    On,
    /// Only when told.
    Off,
    /// The returning node grabs them at once, group by group, without the negotiation of release 1.2.
    Legacy,
}

impl AutoFailback {
    /// The word of the configuration file.
    pub const fn word(self) -> &'static str {
        match self {
            AutoFailback::On => "on",
            AutoFailback::Off => "off",
            AutoFailback::Legacy => "legacy",
        }
    }

    /// Whether nodes negotiate what they hold ("nice failback").
    pub(crate) const fn negotiates(self) -> bool {
        !matches!(self, AutoFailback::Legacy)
    }
}

/// Whether stop scripts also run for groups that this node does not hold, when it gives groups away or leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopUnheld {
    /// As the original: a stop of something stopped is harmless, and it catches what somebody started by hand.
    Run,
    /// Only what this node holds is stopped.
    Skip,
}

/// One line of `haresources`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The node that it prefers.
    pub node: NodeName,
    /// Its resources in start order. The id of the first one is the group's key. An empty group is ignored.
    pub resources: Vec<Resource>,
}

impl Group {
    /// The name of the group: the id of its first resource.
    pub fn key(&self) -> &str {
        self.resources.first().map_or("", |first| first.id.as_str())
    }

    /// A group from the tokens of a line, the node first left out.
    pub fn classic(node: NodeName, tokens: &[&str]) -> Group {
        Group { node, resources: tokens.iter().map(|token| Resource::classic(token)).collect() }
    }
}

/// How the resource manager is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// This node.
    pub own: NodeName,
    /// The other normal node of the pair; `None` for a cluster of one.
    pub peer: Option<NodeName>,
    /// The lines of `haresources`, in file order. Groups that prefer neither node are never started.
    pub groups: Vec<Group>,
    /// When groups move back.
    pub auto_failback: AutoFailback,
    /// Whether unheld groups are stopped too. Default: as the original.
    pub stop_unheld: StopUnheld,
    /// How often a failed stop is repeated before the resource counts as blocked (`HA_STOPRETRYMAX`, 10).
    pub stop_retries: u32,
    /// Time limit of each operation. Default: none, as the original.
    pub operation_timeout: Option<Duration>,
    /// Whether to announce and use our extensions (field `hbx`). Off: behave exactly like the original.
    pub native: bool,
    /// A defect to show, for tests of the simulator.
    #[cfg(feature = "planted-bugs")]
    pub bug: Option<crate::Bug>,
}

impl Options {
    /// The original's behaviour for this pair and these groups; `auto_failback` as given.
    pub fn new(
        own: NodeName,
        peer: Option<NodeName>,
        groups: Vec<Group>,
        auto_failback: AutoFailback,
    ) -> Options {
        Options {
            own,
            peer,
            groups,
            auto_failback,
            stop_unheld: StopUnheld::Run,
            stop_retries: 10,
            operation_timeout: None,
            native: true,
            #[cfg(feature = "planted-bugs")]
            bug: None,
        }
    }
}

/// Unused until a group names neither node of the pair: its key, for the notice.
pub(crate) fn homeless(groups: &[Group], own: &NodeName, peer: Option<&NodeName>) -> Vec<String> {
    let known = |node: &NodeName| node == own || Some(node) == peer;
    groups.iter().filter(|group| !known(&group.node)).map(|group| String::from(group.key())).collect()
}
