//! The committed seeds go through the fuzz targets on any compiler.

use hb_fuzz::TARGETS;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz").join(name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    listed.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn every_seed_goes_through_its_target() {
    for (name, target) in TARGETS {
        let seeds = files(&folder("corpus-seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in seeds {
            // The name of the seed shows in the output if the target panics.
            eprintln!("{}", seed.display());
            target(&std::fs::read(&seed).expect("a seed can be read"));
        }
    }
}

#[test]
fn every_target_has_its_program_and_seeds_and_there_are_no_others() {
    let expected: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stems = |name: &str| -> BTreeSet<String> {
        files(&folder(name)).iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
    };
    assert_eq!(stems("targets"), expected);
    assert_eq!(stems("corpus-seeds"), expected);
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).expect("the manifest of the programs");
    for name in expected {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
    }
}
