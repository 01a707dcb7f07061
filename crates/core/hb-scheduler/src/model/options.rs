//! Cluster options, as the scheduler uses them.

use alloc::collections::BTreeMap;

/// What to do without quorum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoQuorum {
    /// Change nothing that is not needed.
    Freeze,
    /// Stop everything.
    #[default]
    Stop,
    /// Nothing special.
    Ignore,
    /// Fence the members of this partition.
    Suicide,
    /// Demote, and stop what cannot be promoted.
    Demote,
}

/// How nodes are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// By scores and by number of resources.
    #[default]
    Default,
    /// As default, but only where there is room.
    Utilization,
    /// On as few nodes as possible.
    Minimal,
    /// Where most room is left.
    Balanced,
}

/// What the health of a node means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HealthStrategy {
    /// Nothing.
    #[default]
    None,
    /// Red nodes are left.
    MigrateOnRed,
    /// Only green nodes are used.
    OnlyGreen,
    /// Colours and numbers are added to a base.
    Progressive,
    /// Colours and numbers are added.
    Custom,
}

/// Cluster options.
// Each is an option of its own.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, Default)]
pub struct Options<'d> {
    /// Every property as configured.
    pub configured: BTreeMap<&'d str, &'d str>,
    /// The partition has quorum.
    pub have_quorum: bool,
    /// `no-quorum-policy`.
    pub no_quorum: NoQuorum,
    /// `symmetric-cluster`.
    pub symmetric: bool,
    /// `maintenance-mode`.
    pub maintenance: bool,
    /// `stonith-enabled`.
    pub fencing: bool,
    /// There is a fencing device, or a watchdog.
    pub have_fencing_device: bool,
    /// Something asks for nodes to be switched on.
    pub unfencing: bool,
    /// `concurrent-fencing`.
    pub concurrent_fencing: bool,
    /// `stop-orphan-resources`.
    pub stop_orphan_resources: bool,
    /// `stop-orphan-actions`.
    pub stop_orphan_actions: bool,
    /// `stop-all-resources`.
    pub stop_everything: bool,
    /// `start-failure-is-fatal`.
    pub start_failure_fatal: bool,
    /// `remove-after-stop`.
    pub remove_after_stop: bool,
    /// `startup-fencing`.
    pub startup_fencing: bool,
    /// `shutdown-lock`.
    pub shutdown_lock: bool,
    /// `shutdown-lock-limit` in seconds; 0 is none.
    pub shutdown_lock_limit_s: i64,
    /// `enable-startup-probes`.
    pub startup_probes: bool,
    /// There are remote or guest nodes.
    pub have_remote_nodes: bool,
    /// `stonith-action`.
    pub fencing_action: &'d str,
    /// `priority-fencing-delay` in seconds.
    pub priority_fencing_delay_s: i64,
    /// `placement-strategy`.
    pub placement: Placement,
    /// `node-health-strategy`.
    pub health: HealthStrategy,
    /// What colours of health are worth.
    pub health_scores: hb_cib::Health,
}

impl<'d> Options<'d> {
    /// A property as configured, or its default.
    #[must_use]
    pub fn text(&self, name: &str, default: &'d str) -> &'d str {
        self.configured.get(name).copied().unwrap_or(default)
    }
}
