//! The codes of this crate's notices. Every one names its subject first: this node, the peer, a group or a resource.

/// The node's state changed (`from`, `to`, `reason`).
pub const STATE: &str = "classic_state";
/// What the node holds changed (`from`, `to`, `reason`).
pub const HELD: &str = "classic_held";
/// A group changed its state (`from`, `to`, `reason`).
pub const GROUP: &str = "classic_group";
/// A resource changed its state (`from`, `to`, `reason`); for developers.
pub const RESOURCE: &str = "classic_resource";
/// A group names a node that is not one of the pair; it is never started.
pub const GROUP_HOMELESS: &str = "classic_group_homeless";
/// A resource could not be started; its group is stopped (`group`, `failure`).
pub const START_FAILED: &str = "classic_start_failed";
/// A resource will not stop, and runs or may run. It is started nowhere else (`group`, `failure`).
pub const RESOURCE_BLOCKED: &str = "classic_resource_blocked";
/// Somebody else on this machine removed a resource that ran (`group`); it is put back.
pub const RESOURCE_LOST: &str = "classic_resource_lost";
/// Another machine claims what a resource of ours holds (`with`). Both keep it; a person must decide.
pub const RESOURCE_CONFLICT: &str = "classic_resource_conflict";
/// A resource was removed while another machine claims it too: it is not put back, and its group is stopped
/// (`with`).
pub const RESOURCE_GIVEN_UP: &str = "classic_resource_given_up";
/// When groups move back changed with the configuration (`from`, `to`).
pub const AUTO_FAILBACK: &str = "classic_auto_failback";
/// A resource runs although this node has not started it: left over from before, or started by hand (`group`). It is
/// kept when this node takes its group, and stopped when another does.
pub const FOUND_RUNNING: &str = "classic_found_running";
/// The stop of a resource failed although it does not run: its agent breaks the rules.
pub const STOP_LIED: &str = "classic_stop_lied";
/// A standby reached a phase (`phase`, `which`, `reason`).
pub const STANDBY: &str = "classic_standby";
/// A standby ended without moving anything (`phase`, `which`, `reason`).
pub const STANDBY_FAILED: &str = "classic_standby_failed";
/// A request of the peer or of a script was refused (`which`, `reason`).
pub const REFUSED: &str = "classic_refused";
/// The peer died (`fencing` says whether it must be fenced first).
pub const PEER_DEAD: &str = "classic_peer_dead";
/// The groups of a dead or gone peer are taken over (`reason`, `mode`).
pub const TAKEOVER: &str = "classic_takeover";
/// All groups of a takeover have been started, or given up.
pub const TAKEOVER_COMPLETE: &str = "classic_takeover_complete";
/// The first acquisition after our start is complete.
pub const INITIAL_COMPLETE: &str = "classic_initial_complete";
/// No fencing device: shared disks are not protected.
pub const UNPROTECTED: &str = "classic_unprotected";
/// The peer was fenced.
pub const FENCED: &str = "classic_fenced";
/// The peer could not be fenced; it is tried again and there is no takeover meanwhile (`attempt`, `failure`).
pub const FENCE_FAILED: &str = "classic_fence_failed";
/// We asked the peer to fence us, or it asked us.
pub const FENCE_ME: &str = "classic_fence_me";
/// How takeover is protected changed (`to`).
pub const MODE: &str = "classic_mode";
/// The peer returned after its death without a restart: a partition healed (`how`).
pub const HEAL: &str = "classic_heal";
/// After a healed partition we gave this up for the peer, or keep it (`kept`, `yielded`).
pub const HEAL_COMPLETE: &str = "classic_heal_complete";
/// Both nodes hold the same groups (`which`).
pub const BOTH_OWN: &str = "classic_both_own";
/// Neither node holds some groups (`which`).
pub const NONE_OWN: &str = "classic_none_own";
/// A message came later than a newer one of the same sender, and was ignored (`type`).
pub const LATE_MESSAGE: &str = "classic_late_message";
/// A third node speaks of resources; only two can.
pub const THIRD_NODE: &str = "classic_third_node";
/// Shutdown waits for a standby under way.
pub const SHUTDOWN_DELAYED: &str = "classic_shutdown_delayed";
/// Shutdown cannot complete: a resource will not stop, and the node must not leave it alone.
pub const SHUTDOWN_BLOCKED: &str = "classic_shutdown_blocked";
/// Everything is released.
pub const SHUTDOWN_COMPLETE: &str = "classic_shutdown_complete";
/// The executor was lost or came back (`to`).
pub const EXECUTOR: &str = "classic_executor";
