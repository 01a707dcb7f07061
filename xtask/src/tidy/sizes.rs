//! Small files, small functions.

use super::below;
use crate::tree::Source;

const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;

/// Files and functions above their ceilings.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in below(sources, "", ".rs") {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            complaints.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}", source.path));
        }
        for (name, line, length) in functions(&source.text) {
            if length > FUNCTION_LINES_MAX {
                let path = &source.path;
                complaints.push(format!(
                    "{path}:{line}: fn {name} has {length} lines, at most {FUNCTION_LINES_MAX}"
                ));
            }
        }
    }
    complaints
}

/// (name, first line, lines) of each function, by the indentation that rustfmt guarantees.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let closes = |l: &&str| {
            let own = l.len() - l.trim_start().len() == indent;
            own && (l.trim_start().starts_with('}') || l.trim_end().ends_with(';'))
        };
        if line.trim_end().ends_with(';') || line.trim_end().ends_with('}') {
            continue;
        }
        let length = lines[at + 1..].iter().position(closes).map_or(0, |n| n + 2);
        found.push((name, at + 1, length));
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace().skip_while(|w| {
        w.starts_with("pub")
            || w.starts_with("in")
            || matches!(*w, "const" | "async" | "unsafe" | "extern" | "\"C\"")
    });
    (words.next()? == "fn").then_some(())?;
    let name = words.next()?;
    Some(name.split(['(', '<']).next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::planted;

    #[test]
    fn a_long_file_and_a_long_function_are_found() {
        let body = "        let x = 1;\n".repeat(70);
        let text =
            format!("impl A {{\n    pub(crate) fn long(&self) {{\n{body}    }}\n\n    fn short() {{}}\n}}\n");
        let found = check(&planted("crates/a.rs", &text));
        assert_eq!(found, ["crates/a.rs:2: fn long has 72 lines, at most 70"]);
        assert_eq!(check(&planted("crates/a.rs", &"//\n".repeat(801))).len(), 1);
    }
}
