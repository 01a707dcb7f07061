//! Core crates name no clock, socket, thread or file, and neither do their dependencies.

use super::below;
use crate::tree::{self, Source};
use std::process::Command;

/// External crates each core crate may use. All are free of I/O, and used without their `std` feature.
const ALLOWED: &[(&str, &[&str])] = &[
    ("hb-base", &[]),
    ("hb-wire", &["base64", "crc", "hmac", "md-5", "sha1", "subtle", "miniz_oxide"]),
    ("hb-config", &[]),
    ("hb-cluster", &[]),
    ("hb-session", &[]),
    ("hb-lrm", &[]),
    ("hb-cib", &["md-5"]),
    ("hb-scheduler", &["bitflags"]),
    ("hb-classic", &[]),
    ("hb-stonith", &[]),
    ("hb-node", &[]),
];

/// Each core crate starts with `no_std` and forbids unsafe code.
pub(super) fn attributes(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for lib in below(sources, "crates/core/", "/src/lib.rs") {
        for wanted in ["#![no_std]", "#![forbid(unsafe_code)]"] {
            if !lib.text.lines().any(|line| line.trim() == wanted) {
                complaints.push(format!("{}: {wanted} is missing", lib.path));
            }
        }
    }
    for source in below(sources, "crates/core/", ".rs") {
        let in_src = source.path.contains("/src/") && !source.path.ends_with("tests.rs");
        let product = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        if in_src && product.lines().any(|line| line.trim() == "extern crate std;") {
            complaints.push(format!("{}: a core crate must not bring std in", source.path));
        }
    }
    complaints
}

/// Core crates' manifests name only listed external crates.
pub(super) fn allow_list(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for manifest in below(sources, "crates/core/", "/Cargo.toml") {
        let name = manifest.path.split('/').nth(2).unwrap_or_default();
        let allowed = ALLOWED.iter().find(|(core, _)| *core == name).map_or(&[][..], |(_, list)| list);
        for dependency in super::direction::dependencies(&manifest.text) {
            if !dependency.starts_with("hb-") && !allowed.contains(&dependency.as_str()) {
                complaints
                    .push(format!("{name} may not depend on {dependency}: see xtask/src/tidy/purity.rs"));
            }
        }
    }
    complaints
}

/// Asks cargo which features are on below each core crate, and wants no `std` among them.
pub(super) fn features() -> Result<Vec<String>, String> {
    let mut complaints = Vec::new();
    for (name, _) in ALLOWED {
        let output = Command::new("cargo")
            .args(["tree", "--locked", "--package", name, "--edges", "normal,features", "--prefix", "none"])
            .current_dir(tree::root())
            .output()
            .map_err(|e| format!("cannot run cargo tree: {e}"))?;
        if !output.status.success() {
            return Err(format!("cargo tree {name}: {}", String::from_utf8_lossy(&output.stderr)));
        }
        complaints.extend(std_features(name, &String::from_utf8_lossy(&output.stdout)));
    }
    Ok(complaints)
}

fn std_features(name: &str, tree: &str) -> Vec<String> {
    let mut found: Vec<&str> = tree.lines().filter(|line| line.contains("feature \"std\"")).collect();
    found.sort_unstable();
    found.dedup();
    found.iter().map(|line| format!("{name} reaches {}", line.trim_end_matches(" (*)"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::planted;

    #[test]
    fn a_core_crate_with_std_is_found() {
        let found = attributes(&planted("crates/core/hb-x/src/lib.rs", "//! X.\nuse std::net::UdpSocket;\n"));
        assert_eq!(found.len(), 2, "{found:?}");
        let sneaky = "#![no_std]\n#![forbid(unsafe_code)]\nextern crate std;\n";
        assert_eq!(attributes(&planted("crates/core/hb-x/src/lib.rs", sneaky)).len(), 1);
    }

    #[test]
    fn an_unlisted_dependency_is_found() {
        let manifest = "[dependencies]\nhb-base = { workspace = true }\nrand = \"0.9\"\n";
        let found = allow_list(&planted("crates/core/hb-cluster/Cargo.toml", manifest));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("rand"));
    }

    #[test]
    fn a_std_feature_of_a_dependency_is_found() {
        let tree = "sha1 v0.11.0\nsha1 feature \"default\"\ndigest feature \"std\" (*)\n";
        assert_eq!(std_features("hb-wire", tree), ["hb-wire reaches digest feature \"std\""]);
    }
}
