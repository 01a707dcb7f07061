//! Every ha.cf directive that the parser knows has a test of its own.

use super::below;
use crate::tree::Source;

/// Directives named in the table (`Directive { name: "keepalive", …`) without a line
/// `directive_test!(keepalive` or a test function whose name contains the directive.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let tests: String =
        below(sources, "crates/core/hb-config/tests/", ".rs").map(|s| s.text.as_str()).collect();
    let mut complaints = Vec::new();
    for table in below(sources, "crates/core/hb-config/src/", ".rs") {
        for name in names(&table.text) {
            if !tests.contains(&format!("directive_test!({name},")) {
                complaints.push(format!("{name}: no `directive_test!({name}, …)` in hb-config/tests"));
            }
        }
    }
    complaints
}

fn names(table: &str) -> Vec<&str> {
    let marked = table.split("Directive { name: \"").skip(1);
    marked.filter_map(|rest| rest.split('"').next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Source;

    #[test]
    fn a_directive_without_a_test_is_found() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let table = "Directive { name: \"keepalive\", a: 1 },\nDirective { name: \"deadtime\", a: 2 },\n";
        let sources = [
            source("crates/core/hb-config/src/directives.rs", table),
            source("crates/core/hb-config/tests/directives.rs", "directive_test!(keepalive, |c| c);\n"),
        ];
        let found = check(&sources);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("deadtime"));
    }
}
