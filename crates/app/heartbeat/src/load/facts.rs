//! What the check may know about this host.

use crate::cli::Places;
use hb_config::{FileFact, HostFacts, Interface, InterfaceAddress, Wanted};
use hb_runtime::User;
use std::collections::BTreeMap;
use std::net::ToSocketAddrs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Facts that cost nothing.
pub(super) fn basic(places: &Places) -> HostFacts {
    let mut facts = HostFacts::unknown(&super::node_name(places));
    facts.config_dir = places.config_dir.display().to_string();
    facts.interfaces = hb_media::interfaces().ok().map(|all| all.iter().map(interface).collect());
    facts.realtime_allowed = hb_runtime::Realtime::is_allowed();
    facts.service_port = service_port();
    facts
}

fn interface(found: &hb_media::Interface) -> Interface {
    let address = |a: &hb_media::Address| InterfaceAddress {
        address: a.ip,
        prefix: a.prefix_bits,
        broadcast: a.broadcast,
    };
    Interface {
        name: found.name.clone(),
        up: found.is_up,
        addresses: found.addresses.iter().map(address).collect(),
    }
}

/// Looks up what the files make it worth looking up.
pub(super) fn look_up(wanted: &Wanted, places: &Places, facts: &mut HostFacts) {
    facts.files = wanted.paths.iter().map(|path| (path.clone(), file_fact(Path::new(path)))).collect();
    facts.users = wanted.users.iter().map(|name| (name.clone(), User::lookup(name).is_ok())).collect();
    facts.groups = wanted.groups.iter().map(|name| (name.clone(), super::group_id(name).is_some())).collect();
    facts.hosts = wanted.hosts.iter().map(|host| (host.clone(), resolve(host))).collect();
    if !wanted.stonith_types.is_empty() {
        facts.stonith_types = Some(stonith_types(wanted, places));
    }
}

fn file_fact(path: &Path) -> FileFact {
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => FileFact::Missing,
        Err(_) => FileFact::Unreadable,
        Ok(metadata) if metadata.is_file() => match std::fs::File::open(path) {
            Ok(_) => FileFact::Regular { mode: metadata.permissions().mode() & 0o7777 },
            Err(_) => FileFact::Unreadable,
        },
        Ok(_) => FileFact::Other,
    }
}

fn resolve(host: &str) -> Option<std::net::IpAddr> {
    (host, 0).to_socket_addrs().ok()?.next().map(|address| address.ip())
}

/// The port of `ha-cluster`/udp in the services file.
fn service_port() -> Option<u16> {
    let services = std::fs::read_to_string("/etc/services").ok()?;
    let mut lines =
        services.lines().map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
    let port = lines.find_map(|mut words| {
        let name = words.next()?;
        let (port, protocol) = words.next()?.split_once('/')?;
        (name == "ha-cluster" && protocol == "udp").then(|| port.to_owned())
    });
    port?.parse().ok()
}

/// Device types that can be run here with the names of their parameters; only those that are wanted are asked
/// for their names, because each asking runs a program.
fn stonith_types(wanted: &Wanted, places: &Places) -> BTreeMap<String, Vec<String>> {
    let agents = crate::roles::agent_places(&places.config_dir);
    let names = hb_agents::stonith_types(&agents).unwrap_or_default();
    let parameters = |kind: &String| {
        if wanted.stonith_types.contains(kind) {
            hb_agents::stonith_parameters(&agents, kind).unwrap_or_default()
        } else {
            Vec::new()
        }
    };
    names.into_iter().map(|kind| (kind.clone(), parameters(&kind))).collect()
}
