//! `heartbeat check`: what is wrong with the configuration, without starting anything.

use super::write_json;
use crate::cli::{Json, Places};
use hb_config::Diagnostic;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Checks and reports: 0 clean, 1 warnings only, 2 errors.
pub(crate) fn run(places: &Places, json: &Json) -> ExitCode {
    let (config, diagnostics) = crate::load::check(places);
    match write_json(json, &document(&diagnostics)) {
        Ok(true) => {}
        Ok(false) => {
            for diagnostic in &diagnostics {
                eprintln!("{diagnostic}");
            }
            println!("{}", verdict(config.is_some(), diagnostics.len()));
        }
        Err(why) => {
            eprintln!("heartbeat: error: {why}");
            return ExitCode::from(2);
        }
    }
    ExitCode::from(match (config.is_some(), diagnostics.is_empty()) {
        (true, true) => 0,
        (true, false) => 1,
        (false, _) => 2,
    })
}

fn verdict(usable: bool, complaints: usize) -> String {
    match (usable, complaints) {
        (true, 0) => "the configuration is sound".to_owned(),
        (true, 1) => "the configuration can be used; 1 warning".to_owned(),
        (true, n) => format!("the configuration can be used; {n} warnings"),
        (false, _) => "the configuration cannot be used".to_owned(),
    }
}

/// The document of `check --json`.
fn document(diagnostics: &[Diagnostic]) -> Value {
    let one = |d: &Diagnostic| {
        json!({
            "file": d.file.name(), "line": d.line, "column": d.column, "severity": d.severity.word(),
            "code": d.code.as_str(), "message": d.message, "cure": d.cure,
        })
    };
    let ok = !diagnostics.iter().any(Diagnostic::is_error);
    json!({"ok": ok, "diagnostics": diagnostics.iter().map(one).collect::<Vec<_>>()})
}
