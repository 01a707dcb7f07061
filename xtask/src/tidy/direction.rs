//! Who may depend on whom: downwards only.

use super::below;
use crate::tree::Source;

/// Core crates from the bottom up: each may use those before it.
const CORE: &[&str] = &[
    "hb-base",
    "hb-wire",
    "hb-config",
    "hb-cluster",
    "hb-session",
    "hb-lrm",
    "hb-stonith",
    "hb-classic",
    "hb-node",
    "hb-apphb",
    "hb-cib",
    "hb-scheduler",
];
/// io crates from the bottom up: each may use `hb-base`, `hb-wire` and those before it.
const IO: &[&str] =
    &["hb-bzip2", "hb-store", "hb-runtime", "hb-ipc", "hb-logd", "hb-media", "hb-address", "hb-agents"];
/// What the test suite's crates may use besides `hb-base` and `hb-testkit`.
const CTS: &[(&str, &[&str])] = &[
    ("hb-testkit", &["hb-wire"]),
    ("hb-sim", &["hb-wire", "hb-config", "hb-cluster", "hb-lrm", "hb-stonith", "hb-classic", "hb-node"]),
    ("hb-lab", &["hb-client"]),
];

/// Every manifest below crates/ names only what its place allows. Test-only dependencies are free.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for manifest in below(sources, "crates/", "/Cargo.toml") {
        let mut parts = manifest.path.split('/').skip(1);
        let (Some(room), Some(name)) = (parts.next(), parts.next()) else { continue };
        for dependency in dependencies(&manifest.text).iter().filter(|d| d.starts_with("hb-")) {
            if !allowed(room, name, dependency) {
                complaints.push(format!("{name} ({room}) may not depend on {dependency}"));
            }
        }
    }
    complaints
}

fn allowed(room: &str, name: &str, dependency: &str) -> bool {
    let before = |order: &[&str]| {
        let place = |what: &str| order.iter().position(|c| *c == what);
        matches!((place(name), place(dependency)), (Some(own), Some(other)) if other < own)
    };
    match room {
        "core" => before(CORE),
        // The executor's shell carries out what the executor's machine decides: it speaks its words.
        "io" if name == "hb-agents" && dependency == "hb-lrm" => true,
        "io" => matches!(dependency, "hb-base" | "hb-wire") || before(IO),
        // Whatever decodes something is fuzzed.
        "cts" if name == "hb-fuzz" => CORE.contains(&dependency) || IO.contains(&dependency),
        "cts" => {
            let list = CTS.iter().find(|(c, _)| *c == name).map_or(&[][..], |(_, list)| list);
            dependency == "hb-base" || list.contains(&dependency)
        }
        "compat" => matches!(dependency, "hb-base" | "hb-wire" | "hb-ipc" | "hb-client" | "hb-apphb"),
        // The binary joins everything; nothing depends on it.
        "app" => true,
        _ => false,
    }
}

/// Names in `[dependencies]` (not dev- or build-dependencies) of a manifest.
pub(super) fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = section == "dependencies]";
            if let Some(name) = section.strip_prefix("dependencies.") {
                names.push(name.trim_end_matches(']').to_owned());
            }
        } else if inside && !line.starts_with('#') {
            names.extend(line.split_once('=').map(|(name, _)| name.trim().trim_matches('"').to_owned()));
        }
    }
    names.iter().map(|n| n.split('.').next().unwrap_or(n).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::planted;

    #[test]
    fn an_upward_dependency_is_found() {
        for (path, dependency) in [
            ("crates/core/hb-cluster/Cargo.toml", "hb-node"),
            ("crates/core/hb-cluster/Cargo.toml", "hb-media"),
            ("crates/io/hb-media/Cargo.toml", "hb-cluster"),
            ("crates/io/hb-ipc/Cargo.toml", "hb-media"),
            ("crates/cts/hb-sim/Cargo.toml", "hb-runtime"),
        ] {
            let manifest = format!("[dependencies]\n{dependency} = {{ workspace = true }}\n");
            assert_eq!(check(&planted(path, &manifest)).len(), 1, "{path} on {dependency}");
        }
        let fine =
            "[dependencies]\nhb-wire.workspace = true\n[dev-dependencies]\nhb-testkit.workspace = true\n";
        assert!(check(&planted("crates/core/hb-cluster/Cargo.toml", fine)).is_empty());
    }
}
