//! Each place in the code that is marked as a deviation is in the document, and the other way round.

use super::below;
use crate::tree::Source;
use std::collections::BTreeMap;

const DOCUMENT: &str = "docs/DEVIATIONS.md";
/// What marks a place. Split, so that this file does not find itself.
const MARK: (&str, &str) = ("DEVIA", "TION:");

/// Files (`hb-cluster/send.rs`) whose marks are not as many as the document names them.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mark = format!("{}{}", MARK.0, MARK.1);
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for source in below(sources, "crates/", ".rs") {
        let marks = source.text.matches(&mark).count();
        if let Some(name) = short(&source.path).filter(|_| marks > 0) {
            counts.entry(name).or_default().0 += marks;
        }
    }
    let document = sources.iter().find(|s| s.path == DOCUMENT).map_or("", |s| s.text.as_str());
    for cell in document.lines().filter_map(|line| line.trim_end().strip_suffix('|')?.rsplit('|').next()) {
        for name in cell.split(',').map(str::trim).filter(|name| name.ends_with(".rs")) {
            counts.entry(name.to_owned()).or_default().1 += 1;
        }
    }
    let differs = counts.into_iter().filter(|(_, (code, told))| code != told);
    differs
        .map(|(name, (code, told))| {
            format!("{name}: {code} places marked `{mark}`, {told} lines of {DOCUMENT} name it")
        })
        .collect()
}

/// `hb-cluster/send.rs` for `crates/core/hb-cluster/src/send.rs`.
fn short(path: &str) -> Option<String> {
    let mut parts = path.splitn(5, '/').skip(2);
    let (name, _src, file) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{name}/{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_without_its_line_is_found_and_a_line_without_its_mark() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let mark = format!("// {}{} so and so.\n", MARK.0, MARK.1);
        let told = "| what | there | here | why | hb-a/x.rs |\n| more | | | | hb-a/y.rs, hb-a/gone.rs |\n";
        let code =
            |file: &str, marks: usize| source(&format!("crates/core/hb-a/src/{file}"), &mark.repeat(marks));
        let sources = [code("x.rs", 2), code("y.rs", 1), code("z.rs", 1), source(DOCUMENT, told)];
        let found: Vec<String> =
            check(&sources).iter().map(|c| c.split(':').next().unwrap().into()).collect();
        assert_eq!(found, ["hb-a/gone.rs", "hb-a/x.rs", "hb-a/z.rs"]);
    }
}
