//! Codes of the notices that this machine emits.

/// Info: an operation began. Fields: action, class.
pub const OPERATION_STARTED: &str = "operation_started";
/// Info: an operation did its work. Fields: action, outcome, ran.
pub const OPERATION_DONE: &str = "operation_done";
/// Error: an operation failed or its agent is missing. Fields: action, rc, reason.
pub const OPERATION_FAILED: &str = "operation_failed";
/// Error: an operation took longer than it may; its process group gets TERM. Fields: action, limit.
pub const OPERATION_TIMED_OUT: &str = "operation_timed_out";
/// Error: TERM did not help; the process group gets KILL. Fields: action.
pub const OPERATION_KILLED: &str = "operation_killed";
/// Critical: KILL did not help either; the resource is blocked until the process ends. Fields: action.
pub const OPERATION_UNKILLABLE: &str = "operation_unkillable";
/// Warning: an operation waited long for its turn. Fields: action, waited.
pub const OPERATION_WAITED: &str = "operation_waited";
/// Error: too much is queued; the operation was refused. Fields: action.
pub const QUEUE_FULL: &str = "operation_queue_full";
/// Warning: a resource runs in a degraded state. Fields: rc.
pub const RESOURCE_DEGRADED: &str = "resource_degraded";
/// Warning: the master is gone; addresses are released unless it returns at once. Fields: addresses, queued_cancelled.
pub const MASTER_LOST: &str = "executor_master_lost";
/// Info: a master is back. Fields: active, running.
pub const MASTER_BACK: &str = "executor_master_back";
/// Critical: an address was removed because no master claimed it.
pub const ADDRESS_ABANDONED: &str = "address_abandoned";
