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
