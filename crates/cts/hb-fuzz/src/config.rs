//! Targets of hb-config: one a file. The other two files are small and right.

use hb_config::{
    Config, Diagnostic, File, Files, HostFacts, Interface, InterfaceAddress, check, reload, wanted,
};
use std::net::{IpAddr, Ipv4Addr};

const HA_CF: &[u8] = b"node paul silas\nbcast eth0\nauto_failback on\nlogfacility daemon\n";
const AUTHKEYS: &[u8] = b"auth 1\n1 sha1 secret\n";
const HARESOURCES: &[u8] = b"paul 10.0.0.5/24/eth0 apache\n";

/// `ha.cf`.
pub fn ha_cf(bytes: &[u8]) {
    let files = Files { ha_cf: Some(bytes), haresources: Some(b""), ..base() };
    for facts in [HostFacts::unknown("paul"), paul()] {
        if let Some(config) = sound(&files, &facts) {
            means_the_same_written_anew(&config, &files, &facts);
        }
    }
}

/// `authkeys`.
pub fn authkeys(bytes: &[u8]) {
    let files = Files { authkeys: Some(bytes), ..base() };
    if let Some(config) = sound(&files, &HostFacts::unknown("paul")) {
        let keys = &config.authkeys;
        assert!(keys.signing_key().is_some(), "a configuration without a signing key");
        assert!(keys.keys.windows(2).all(|pair| pair[0].number < pair[1].number));
    }
}

/// `haresources`.
pub fn haresources(bytes: &[u8]) {
    let files = Files { haresources: Some(bytes), ..base() };
    for facts in [HostFacts::unknown("paul"), paul()] {
        let Some(config) = sound(&files, &facts) else { continue };
        let mut keys: Vec<&str> = config.haresources.groups.iter().map(|group| group.key()).collect();
        let groups = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), groups, "two groups with one key");
        assert!(!keys.contains(&""), "a group without a key");
    }
}

fn base() -> Files<'static> {
    Files {
        ha_cf: Some(HA_CF),
        authkeys: Some(AUTHKEYS),
        authkeys_mode: Some(0o600),
        haresources: Some(HARESOURCES),
    }
}

/// A host of which everything is known: whatever a file asks for is not there.
fn paul() -> HostFacts {
    let address = InterfaceAddress {
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
        prefix: 24,
        broadcast: Some(Ipv4Addr::new(10, 0, 0, 255)),
    };
    let mut facts = HostFacts::unknown("paul");
    facts.interfaces = Some(vec![
        Interface { name: "eth0".into(), up: true, addresses: vec![address] },
        Interface { name: "eth1".into(), up: false, addresses: vec![] },
    ]);
    facts.stonith_types = Some([("null".to_owned(), vec!["hostlist".to_owned()])].into());
    facts.realtime_allowed = false;
    facts
}

/// Checks, and looks at what every check promises.
fn sound(files: &Files<'_>, facts: &HostFacts) -> Option<Config> {
    let (config, diagnostics) = check(files, facts);
    assert_eq!(config.is_none(), diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:?}");
    for diagnostic in &diagnostics {
        assert!(is_inside(files, diagnostic), "outside its file: {diagnostic}");
        let text = diagnostic.to_string();
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.ends_with('.'), "{text}");
        assert!(diagnostic.cure.ends_with(['.', '?']), "{text}");
    }
    assert!(diagnostics.len() <= hb_config::MAX_DIAGNOSTICS);
    let _ = wanted(files, facts);
    if let Some(config) = &config {
        let changes = reload(config, config).expect("nothing changed");
        assert!(changes.is_empty(), "{changes:?}");
        let _ = format!("{config:?}");
    }
    config
}

fn is_inside(files: &Files<'_>, diagnostic: &Diagnostic) -> bool {
    let bytes = match diagnostic.file {
        File::HaCf => files.ha_cf,
        File::Authkeys => files.authkeys,
        File::Haresources => files.haresources,
    };
    if (diagnostic.line, diagnostic.column) == (1, 1) {
        return true;
    }
    let line = bytes.unwrap_or_default().split(|b| *b == b'\n').nth(diagnostic.line as usize - 1);
    line.is_some_and(|line| (1..=line.len()).contains(&(diagnostic.column as usize)))
}

/// What is in force, written as a file, is in force again.
fn means_the_same_written_anew(config: &Config, files: &Files<'_>, facts: &HostFacts) {
    let lines = config.ha_cf.in_force();
    let text: String = lines.iter().map(|(name, value)| format!("{name} {value}\n")).collect();
    let (again, diagnostics) = check(&Files { ha_cf: Some(text.as_bytes()), ..*files }, facts);
    let again = again.unwrap_or_else(|| panic!("{text}\nis not sound: {diagnostics:?}"));
    assert_eq!(again.ha_cf.in_force(), lines);
}
