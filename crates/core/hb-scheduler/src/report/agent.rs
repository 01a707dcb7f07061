//! Answers of agents in words.

/// What an agent's result means.
#[must_use]
pub fn result_text(result: i64) -> &'static str {
    match result {
        0 => "ok",
        1 => "error",
        2 => "invalid parameter",
        3 => "unimplemented feature",
        4 => "insufficient privileges",
        5 => "not installed",
        6 => "not configured",
        7 => "not running",
        8 => "promoted",
        9 => "promoted (failed)",
        190 => "OCF_DEGRADED",
        191 => "promoted (degraded)",
        194 => "interrupted by signal (DEPRECATED STATUS)",
        195 => "not supported (DEPRECATED STATUS)",
        196 => "pending (DEPRECATED STATUS)",
        197 => "cancelled (DEPRECATED STATUS)",
        198 => "timeout (DEPRECATED STATUS)",
        199 => "other error (DEPRECATED STATUS)",
        _ => "unknown",
    }
}
