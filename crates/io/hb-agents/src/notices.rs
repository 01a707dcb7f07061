//! Codes of the notices of running programs.

/// A line that an agent printed. Severity Info, of a status Debug. Fields: action, stream, text.
pub const AGENT_OUTPUT: &str = "agent_output";
/// Warning: an agent printed more lines than are logged. Fields: action, lines.
pub const AGENT_OUTPUT_SUPPRESSED: &str = "agent_output_suppressed";
/// Warning: too many daemons keep an agent's output open; the oldest one was closed.
pub const AGENT_OUTPUT_CLOSED: &str = "agent_output_closed";
/// Warning: a directory that agents need cannot be made. Fields: path, error.
pub const SCRATCH_UNUSABLE: &str = "agent_scratch_unusable";
/// Warning: this process runs with realtime priority and agents would inherit it. Fields: error.
pub const PRIORITY_INHERITED: &str = "agent_priority_inherited";
/// Error: a packet of the master cannot be understood. Fields: bytes.
pub const REQUEST_MISUNDERSTOOD: &str = "executor_request_misunderstood";
/// Error: the master takes no reports; it counts as lost. Fields: unsent.
pub const MASTER_DEAF: &str = "executor_master_deaf";
/// Warning: a process that is not the master's user tried to command the executor. Fields: uid, pid.
pub const STRANGER_REFUSED: &str = "executor_stranger_refused";
/// Error: addresses cannot be handled. Fields: error.
pub const ADDRESSES_UNUSABLE: &str = "executor_addresses_unusable";
/// Error: an address that nobody owns cannot be removed. Fields: error.
pub const ADDRESS_NOT_REMOVED: &str = "address_not_removed";
/// Warning: notices were dropped because nobody took them. Fields: lines.
pub const NOTICES_DROPPED: &str = "executor_notices_dropped";
/// Info: the executor ends. Fields: why.
pub const EXECUTOR_ENDS: &str = "executor_ends";
