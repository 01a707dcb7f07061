//! Whole files: `tests/bad/NAME` with every complaint in `expected.txt`, `tests/good/NAME` with what comes of
//! them in `expected.txt`.
//!
//! A case holds `ha.cf`, `authkeys` and `haresources` as far as it is about them; the others are small and
//! right. `facts` changes the host: `node NAME`, `mode OCTAL` (of authkeys), `no FILE`, `no realtime`,
//! `no stonith`, `no resources`. After a wanted change of messages run `UPDATE_EXPECTED=1 cargo test -p hb-config`
//! and read the differences.

mod common;

use common::{AUTHKEYS, complete, look_up, paul};
use hb_config::{Code, Config, Diagnostic, Files, HostFacts, check};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

struct Case {
    folder: PathBuf,
    ha_cf: Option<Vec<u8>>,
    authkeys: Option<Vec<u8>>,
    haresources: Option<Vec<u8>>,
    mode: u32,
    facts: HostFacts,
}

impl Case {
    fn read(folder: PathBuf) -> Case {
        let file = |name: &str| std::fs::read(folder.join(name)).ok();
        let mut case = Case {
            ha_cf: Some(file("ha.cf").unwrap_or_else(|| complete("").into_bytes())),
            authkeys: Some(file("authkeys").unwrap_or_else(|| AUTHKEYS.into())),
            haresources: Some(file("haresources").unwrap_or_default()),
            mode: 0o600,
            facts: paul(),
            folder,
        };
        for line in std::fs::read_to_string(case.folder.join("facts")).unwrap_or_default().lines() {
            match line.split_once(' ').expect("two words") {
                ("node", name) => case.facts.node = name.into(),
                ("mode", octal) => case.mode = u32::from_str_radix(octal, 8).expect("an octal number"),
                ("no", "ha.cf") => case.ha_cf = None,
                ("no", "authkeys") => case.authkeys = None,
                ("no", "haresources") => case.haresources = None,
                ("no", "realtime") => case.facts.realtime_allowed = false,
                ("no", "stonith") => case.facts.stonith_types = Some(Default::default()),
                ("no", "resources") => case.facts.resource_management = false,
                _ => panic!("{}: facts: {line}", case.folder.display()),
            }
        }
        case
    }

    fn check(&self) -> (Option<Config>, Vec<Diagnostic>) {
        let files = Files {
            ha_cf: self.ha_cf.as_deref(),
            authkeys: self.authkeys.as_deref(),
            authkeys_mode: Some(self.mode),
            haresources: self.haresources.as_deref(),
        };
        let mut facts = self.facts.clone();
        look_up(&files, &mut facts);
        check(&files, &facts)
    }

    fn expect(&self, found: &str) -> Result<(), String> {
        let path = self.folder.join("expected.txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(&path, found).expect("expected.txt can be written");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if expected == found {
            return Ok(());
        }
        Err(format!("{}\n--- expected\n{expected}\n--- found\n{found}", path.display()))
    }
}

fn cases(kind: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(kind);
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    folders.sort();
    folders.into_iter().map(Case::read).collect()
}

fn lines(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| format!("{diagnostic} [{}]\n", diagnostic.code)).collect()
}

#[test]
fn bad_files_are_refused_with_exactly_these_words() {
    let cases = cases("bad");
    assert!(cases.len() >= 60, "{} bad cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let (config, diagnostics) = case.check();
        if config.is_some() {
            wrong.push(format!("{} is taken", case.folder.display()));
        }
        wrong.extend(case.expect(&lines(&diagnostics)).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn good_files_mean_exactly_this() {
    let cases = cases("good");
    assert!(cases.len() >= 15, "{} good cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let (config, diagnostics) = case.check();
        let Some(config) = config else {
            wrong.push(format!("{} is refused:\n{}", case.folder.display(), lines(&diagnostics)));
            continue;
        };
        wrong.extend(case.expect(&(lines(&diagnostics) + &meaning(&config))).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The configuration in words: what is in force, then media, keys and groups as typed values.
fn meaning(config: &Config) -> String {
    let mut text = String::new();
    let mut line =
        |args: std::fmt::Arguments<'_>| writeln!(text, "{args}").expect("a string takes everything");
    for (name, value) in config.ha_cf.in_force() {
        line(format_args!("{name} {value}"));
    }
    for medium in &config.ha_cf.media {
        line(format_args!("{:?}", medium.value));
    }
    for device in &config.ha_cf.stonith {
        line(format_args!("{:?}", device.value));
    }
    line(format_args!("signing with key {}", config.authkeys.signing.value));
    for key in &config.authkeys.keys {
        line(format_args!(
            "key {} {} ({} bytes of secret)",
            key.number,
            key.method.name(),
            key.secret.bytes().len()
        ));
    }
    for group in &config.haresources.groups {
        line(format_args!("group of {}, key {}, at {}", group.node, group.key(), group.at));
        for resource in &group.resources {
            line(format_args!("  {:?} at {}", resource.kind, resource.at));
        }
    }
    text
}

#[test]
fn every_kind_of_complaint_is_in_the_corpus() {
    let mut seen: BTreeSet<Code> = BTreeSet::new();
    for case in cases("bad").into_iter().chain(cases("good")) {
        seen.extend(case.check().1.iter().map(|diagnostic| diagnostic.code));
    }
    // These need a huge file or a reload; their tests are elsewhere.
    seen.extend([
        Code::TooManyComplaints,
        Code::FileTooLarge,
        Code::NeedsRestart,
        Code::TooManyMedia,
        Code::TooManyNodes,
    ]);
    let unseen: Vec<&Code> = Code::ALL.iter().filter(|code| !seen.contains(code)).collect();
    assert!(unseen.is_empty(), "no case has {unseen:?}");
}
