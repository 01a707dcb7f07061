//! One JSON document, to a file or standard output.

use crate::cli::Json;
use serde_json::Value;
use std::io::Write;
use std::path::Path;

/// Writes the document where `--json` says. Returns false when `--json` was not given.
pub(crate) fn write_json(json: &Json, document: &Value) -> Result<bool, String> {
    let Some(target) = &json.json else { return Ok(false) };
    let mut text = serde_json::to_string_pretty(document).map_err(|e| e.to_string())?;
    text.push('\n');
    let written = if target == Path::new("-") {
        std::io::stdout().write_all(text.as_bytes())
    } else {
        std::fs::write(target, &text)
    };
    match written {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("{}: {e}", target.display())),
        _ => Ok(true),
    }
}
