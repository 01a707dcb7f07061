//! A host to check configurations on, and small files to start from.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]

use hb_config::{Config, Diagnostic, FileFact, Files, HostFacts, Interface, InterfaceAddress, check, wanted};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

pub const AUTHKEYS: &str = "auth 1\n1 sha1 ThisIsTheSecret\n";

/// Lines that make a small file complete. A sample that has a directive of its own replaces the line.
pub const BASE: &[&str] = &["node paul silas", "bcast eth0", "auto_failback on", "logfacility daemon"];

fn interface(name: &str, up: bool, address: Option<([u8; 4], u8, Option<[u8; 4]>)>) -> Interface {
    let addresses = address.into_iter().map(|(address, prefix, broadcast)| InterfaceAddress {
        address: IpAddr::V4(Ipv4Addr::from(address)),
        prefix,
        broadcast: broadcast.map(Ipv4Addr::from),
    });
    Interface { name: name.into(), up, addresses: addresses.collect() }
}

/// The host `paul`: eth0 is complete, eth1 has no broadcast address, eth2 no address, eth3 is down.
pub fn paul() -> HostFacts {
    let mut facts = HostFacts::unknown("paul");
    facts.interfaces = Some(vec![
        interface("lo", true, Some(([127, 0, 0, 1], 8, None))),
        interface("eth0", true, Some(([10, 0, 0, 1], 24, Some([10, 0, 0, 255])))),
        interface("eth1", true, Some(([10, 0, 1, 1], 24, None))),
        interface("eth2", true, None),
        interface("eth3", false, Some(([10, 0, 3, 1], 24, Some([10, 0, 3, 255])))),
    ]);
    let types: [(&str, &[&str]); 5] = [
        ("baytech", &["ipaddr", "login", "password"]),
        ("external/ipmi", &["hostname", "ipaddr", "userid", "passwd", "interface"]),
        ("external/ssh", &["hostlist"]),
        ("meatware", &["hostlist"]),
        ("null", &["hostlist"]),
    ];
    let names = |list: &[&str]| list.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    facts.stonith_types = Some(types.iter().map(|(kind, list)| (kind.to_string(), names(list))).collect());
    facts
}

/// Answers what the files ask: a few users, hosts and programs there are, everything else there is not.
pub fn look_up(files: &Files<'_>, facts: &mut HostFacts) {
    let asked = wanted(files, facts);
    let programs = ["apache", "Filesystem", "LabRsc", "MailTo", "OCF", "drbddisk", "datadisk", "IPaddr2"];
    for path in asked.paths {
        let name = path.rsplit('/').next().unwrap_or_default();
        let fact = match path.as_str() {
            "/usr/lib/heartbeat/ipfail" | "/usr/lib/ocf/resource.d/heartbeat/Dummy" | "/etc/init.d/cron" => {
                FileFact::Regular { mode: 0o755 }
            }
            "/etc/ha.d/conf/baytech" | "/etc/passwd" => FileFact::Regular { mode: 0o644 },
            "/root/secret" => FileFact::Unreadable,
            "/dev/ttyS0" | "/dev/ttyS1" | "/var/lib/cores" => FileFact::Other,
            path if path.starts_with("/etc/ha.d/resource.d/") && programs.contains(&name) => {
                FileFact::Regular { mode: 0o755 }
            }
            _ => FileFact::Missing,
        };
        facts.files.insert(path, fact);
    }
    let known = |name: &String| ["root", "hacluster", "haclient", "nobody"].contains(&name.as_str());
    facts.users = asked.users.into_iter().map(|name| (name.clone(), known(&name))).collect();
    facts.groups = asked.groups.into_iter().map(|name| (name.clone(), known(&name))).collect();
    let address = |name: &String| -> Option<IpAddr> {
        match name.as_str() {
            "silas" => Some("10.0.0.2".parse().unwrap()),
            "router" => Some("10.0.0.254".parse().unwrap()),
            "six" => Some("2001:db8::6".parse().unwrap()),
            _ => None,
        }
    };
    facts.hosts =
        asked.hosts.into_iter().map(|name| (name.clone(), address(&name))).collect::<BTreeMap<_, _>>();
}

/// Checks an `ha.cf` on that host, the other files being small and right.
pub fn check_ha_cf(text: &str) -> (Option<Config>, Vec<Diagnostic>) {
    check_on(paul(), text)
}

/// As [`check_ha_cf`], on another host.
pub fn check_on(mut facts: HostFacts, text: &str) -> (Option<Config>, Vec<Diagnostic>) {
    let files = Files {
        ha_cf: Some(text.as_bytes()),
        authkeys: Some(AUTHKEYS.as_bytes()),
        authkeys_mode: Some(0o600),
        haresources: Some(b""),
    };
    look_up(&files, &mut facts);
    check(&files, &facts)
}

/// The sample followed by the lines of [`BASE`] whose directives it does not have.
pub fn complete(sample: &str) -> String {
    let has = |directive: &str| sample.lines().any(|line| line.split_whitespace().next() == Some(directive));
    let mut text = format!("{sample}\n");
    for line in BASE.iter().filter(|line| !has(line.split(' ').next().unwrap_or_default())) {
        text.push_str(line);
        text.push('\n');
    }
    text
}
