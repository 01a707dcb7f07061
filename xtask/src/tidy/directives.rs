//! Every ha.cf directive that the parser knows has a test of its own.

use super::below;
use crate::tree::Source;

/// Directives named in the table (`each("keepalive", …`, `line(…`, `list(…`) without a line
/// `directive_test!(keepalive, …` among the tests.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let tests: String =
        below(sources, "crates/core/hb-config/tests/", ".rs").map(|s| s.text.as_str()).collect();
    let mut complaints = Vec::new();
    for table in below(sources, "crates/core/hb-config/src/ha_cf/", "table.rs") {
        for name in names(&table.text) {
            if !tests.contains(&format!("directive_test!({name},")) {
                complaints.push(format!("{name}: no `directive_test!({name}, …)` in hb-config/tests"));
            }
        }
    }
    if sources.iter().any(|s| s.path == TABLE && names(&s.text).len() < DIRECTIVES_MIN) {
        complaints.push(format!("{TABLE}: the table is not where this check looks for it"));
    }
    complaints
}

/// The table of all directives.
const TABLE: &str = "crates/core/hb-config/src/ha_cf/table.rs";
/// There are more than this; fewer mean that the check has gone blind.
const DIRECTIVES_MIN: usize = 60;

fn names(table: &str) -> Vec<&str> {
    let Some((_, entries)) = table.split_once("pub const DIRECTIVES") else { return Vec::new() };
    let entries = entries.split("\n];").next().unwrap_or_default();
    let calls = ["each(", "line(", "list("];
    let marked = calls.iter().flat_map(|call| entries.split(call).skip(1));
    marked.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Source;

    #[test]
    fn a_directive_without_a_test_is_found() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let table = "pub const DIRECTIVES: &[D] = &[\n    each(\"keepalive\", 1),\n    list(\n        \"deadtime\"),\n];\n";
        let sources = [
            source("crates/core/hb-config/src/ha_cf/a_table.rs", table),
            source("crates/core/hb-config/tests/directives.rs", "directive_test!(keepalive, |c| c);\n"),
        ];
        let found = check(&sources);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("deadtime"));
    }
}
