//! Options of the Heartbeat API: who may sign on, what `getparm` tells.

use hb_base::NodeName;
use hb_config::Config;
use hb_node::{Allowed, Permissions, SessionOptions};
use hb_runtime::User;

/// The user and the group of the original's programs.
const USER: &str = "hacluster";
const GROUP: &str = "haclient";

/// The id of a group.
pub(crate) fn group_id(name: &str) -> Option<u32> {
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next() == Some(name);
        fields.nth(1).filter(|_| found)?.parse().ok()
    })
}

/// What programs of the Heartbeat API find on this node.
pub(crate) fn session_options(config: &Config, own: &NodeName) -> SessionOptions {
    let ha_cf = &config.ha_cf;
    let version = env!("CARGO_PKG_VERSION");
    let mut options = SessionOptions::new(own.as_str());
    options.version = version.to_owned();
    options.deadtime = ha_cf.timing.deadtime.value;
    options.keepalive = ha_cf.timing.keepalive.value;
    options.permissions = permissions(config);
    options.uid = rustix::process::geteuid().as_raw();
    options.parameters = ha_cf.parameters().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    options.parameters.insert("hbversion".to_owned(), version.to_owned());
    if let Some(pacemaker) = ha_cf.parameter("pacemaker") {
        options.pacemaker = pacemaker.to_owned();
    }
    let facility = ha_cf.logging.logfacility.as_ref().and_then(|name| hb_logd::parse_facility(&name.value));
    options.logfacility = facility.map_or(0, |facility| u32::from(facility.0) << 3);
    options
}

fn permissions(config: &Config) -> Permissions {
    let user = |name: &str| User::lookup(name).ok().map(|user| user.uid);
    let mut permissions = Permissions::built_in(user(USER), group_id(GROUP));
    let number = |name: &String| name.parse().ok();
    for auth in &config.ha_cf.apiauth {
        let allowed = Allowed {
            users: auth.value.users.iter().filter_map(|name| number(name).or_else(|| user(name))).collect(),
            groups: auth.value.groups.iter().filter_map(|n| number(n).or_else(|| group_id(n))).collect(),
        };
        permissions.0.insert(auth.value.client.clone(), allowed);
    }
    permissions
}

#[cfg(test)]
mod tests {
    use super::*;
    use hb_config::{Files, HostFacts, check};

    #[test]
    fn apiauth_replaces_what_is_built_in_and_numbers_are_ids() {
        let files = Files {
            ha_cf: Some(b"node paul silas\nbcast eth0\nkeepalive 500ms\nlogfacility daemon\napiauth ipfail uid=7,root gid=9\n"),
            authkeys: Some(b"auth 1\n1 sha1 k\n"),
            authkeys_mode: Some(0o600),
            haresources: Some(b""),
        };
        let config = check(&files, &HostFacts::unknown("paul")).0.expect("sound");
        let options = session_options(&config, &NodeName::new("paul").unwrap());
        assert_eq!(options.permissions.0["ipfail"], Allowed { users: vec![7, 0], groups: vec![9] });
        assert!(options.permissions.0["anon"].users.contains(&0));
        assert_eq!(options.parameters["keepalive"], "500ms");
        assert_eq!(options.parameters["udpport"], "694");
        assert_eq!(options.logfacility, 24);
        assert_eq!(group_id("root"), Some(0));
    }
}
