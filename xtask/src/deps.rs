//! Licences of what we build on, and crates that are there twice.

use crate::tree;
use serde_json::Value;
use std::collections::BTreeMap;

/// Licences that a GPL-2.0-or-later program may link, all permissive.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unlicense",
    "0BSD",
    "CC0-1.0",
    "MIT-0",
    "bzip2-1.0.6",
];
const OURS: &[&str] = &["GPL-2.0-or-later", "LGPL-2.1-or-later"];

/// Crates accepted in two versions, with the reason.
const TWICE: &[(&str, &str)] = &[
    ("windows-sys", "never compiled on Linux"),
    ("windows-link", "never compiled on Linux"),
    ("windows-targets", "never compiled on Linux"),
    ("getrandom", "proptest and tempfile move at their own pace"),
    ("syn", "derive macros move at their own pace"),
    ("rand_core", "proptest moves at its own pace"),
    ("r-efi", "never compiled on Linux"),
    ("linux-raw-sys", "rustix moves at its own pace"),
    ("bitflags", "netlink crates move at their own pace"),
    ("hashbrown", "indexmap moves at its own pace"),
];

pub(crate) fn run() -> Result<bool, String> {
    let metadata = tree::metadata(&[])?;
    let empty = Vec::new();
    let packages = metadata["packages"].as_array().unwrap_or(&empty);
    let mut complaints = licences(packages);
    complaints.extend(duplicates(packages));
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    println!("licences: {} packages, {} complaints", packages.len(), complaints.len());
    Ok(complaints.is_empty())
}

fn licences(packages: &[Value]) -> Vec<String> {
    let complain = |package: &Value| {
        let (name, licence) = (package["name"].as_str()?, package["license"].as_str().unwrap_or("none"));
        let ours = package["source"].is_null();
        let compat = package["manifest_path"].as_str()?.contains("/compat/");
        let ok = match (ours, compat) {
            (true, true) => licence == OURS[1],
            (true, false) => licence == OURS[0],
            (false, _) => permitted(licence),
        };
        (!ok).then(|| format!("{name}: licence `{licence}` is not on the list in xtask/src/deps.rs"))
    };
    packages.iter().filter_map(complain).collect()
}

/// Whether an SPDX expression can be met: one side of each OR, all sides of each AND.
fn permitted(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    let term = |t: &str| LICENCES.contains(&t.trim());
    plain.split(" OR ").any(|side| side.split(" AND ").all(term))
        || plain.split(" AND ").all(|side| side.split(" OR ").any(term))
}

fn duplicates(packages: &[Value]) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        if let (Some(name), Some(version)) = (package["name"].as_str(), package["version"].as_str()) {
            versions.entry(name).or_default().push(version);
        }
    }
    let twice = |(name, versions): (&&str, &Vec<&str>)| {
        let accepted = TWICE.iter().any(|(crate_name, _)| crate_name == name);
        (versions.len() > 1 && !accepted).then(|| {
            format!(
                "{name}: in versions {}; agree on one, or accept it in xtask/src/deps.rs",
                versions.join(", ")
            )
        })
    };
    versions.iter().filter_map(twice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_strange_licence_and_a_crate_in_two_versions_are_found() {
        let packages = vec![
            json!({"name": "a", "version": "1.0.0", "license": "MIT OR Apache-2.0", "source": "r", "manifest_path": "/x"}),
            json!({"name": "a", "version": "2.0.0", "license": "MPL-2.0", "source": "r", "manifest_path": "/x"}),
            json!({"name": "ours", "version": "1.0.0", "license": "MIT", "source": null, "manifest_path": "/c"}),
        ];
        let found = licences(&packages);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("MPL-2.0") && found[1].starts_with("ours"));
        assert!(duplicates(&packages)[0].starts_with("a: in versions 1.0.0, 2.0.0"));
    }

    #[test]
    fn expressions_are_read_as_choices() {
        assert!(permitted("MIT/Apache-2.0"));
        assert!(permitted("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(permitted("MPL-2.0 OR MIT"));
        assert!(!permitted("MIT AND MPL-2.0"));
    }
}
