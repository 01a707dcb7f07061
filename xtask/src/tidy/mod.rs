//! What the project promises about its own shape, checked by a machine.
//!
//! Each check is a function from sources (or manifests) to complaints, so that its tests can hand it a
//! planted violation.

mod deviations;
mod direction;
mod directives;
mod purity;
mod sizes;
mod words;

use crate::tree::{self, Source};

/// A check: its name, and what it finds.
type Check = (&'static str, fn(&[Source]) -> Vec<String>);

const CHECKS: &[Check] = &[
    ("core crates are no_std and forbid unsafe code", purity::attributes),
    ("dependencies point downwards", direction::check),
    ("core crates depend on listed crates only", purity::allow_list),
    ("files and functions are small", sizes::check),
    ("every ha.cf directive has a test", directives::check),
    ("deviations are marked and listed", deviations::check),
    ("the project speaks only of itself", words::check),
];

pub(crate) fn run() -> Result<bool, String> {
    let sources = tree::sources()?;
    let mut all_well = true;
    for (name, check) in CHECKS {
        all_well &= report(name, &check(&sources));
    }
    all_well &= report("dependencies of core crates have no std feature", &purity::features()?);
    Ok(all_well)
}

fn report(name: &str, complaints: &[String]) -> bool {
    println!("{} {name}", if complaints.is_empty() { "ok  " } else { "FAIL" });
    for complaint in complaints {
        println!("     {complaint}");
    }
    complaints.is_empty()
}

/// Sources below `prefix` whose names end in `suffix`.
fn below<'a>(sources: &'a [Source], prefix: &'a str, suffix: &'a str) -> impl Iterator<Item = &'a Source> {
    sources.iter().filter(move |s| s.path.starts_with(prefix) && s.path.ends_with(suffix))
}

#[cfg(test)]
fn planted(path: &str, text: &str) -> Vec<Source> {
    vec![Source { path: path.to_owned(), text: text.to_owned() }]
}
