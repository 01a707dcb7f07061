//! What the sessions of a node are set up with.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

/// Entry for casual clients.
const CASUAL: &str = "anon";
/// Entry for names without one of their own.
const DEFAULT: &str = "default";

/// Who may sign on under a name: one of these users, or somebody whose primary group is one of these.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Allowed {
    /// User ids.
    pub users: Vec<u32>,
    /// Group ids.
    pub groups: Vec<u32>,
}

impl Allowed {
    pub(crate) fn permits(&self, uid: u32, gid: u32) -> bool {
        self.users.contains(&uid) || self.groups.contains(&gid)
    }
}

/// `apiauth`, by client name.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Permissions(pub BTreeMap<String, Allowed>);

impl Permissions {
    /// What the original permits when nobody writes an `apiauth` for the name (spec: ipc 3.4): users root and
    /// `hacluster`, group `haclient`. An id that this machine does not know permits nobody.
    pub fn built_in(hacluster: Option<u32>, haclient: Option<u32>) -> Permissions {
        let users = |users: &[Option<u32>]| users.iter().flatten().copied().collect();
        let entry = |user: &[Option<u32>], groups: &[Option<u32>]| Allowed {
            users: users(user),
            groups: users(groups),
        };
        let root = Some(0);
        let all = [
            ("ipfail", entry(&[hacluster], &[])),
            ("ccm", entry(&[hacluster], &[])),
            ("ping", entry(&[], &[haclient])),
            ("lha-snmpagent", entry(&[root], &[])),
            (CASUAL, entry(&[root], &[haclient])),
        ];
        Permissions(all.into_iter().map(|(name, allowed)| (name.to_string(), allowed)).collect())
    }

    /// The entry that counts for a client; why there is none, in the original's words.
    pub(crate) fn of(&self, name: Option<&str>) -> Result<&Allowed, &'static str> {
        match name {
            None => self.0.get(CASUAL).ok_or("apiauth anon missing"),
            Some(name) => self.0.get(name).or_else(|| self.0.get(DEFAULT)).ok_or("no default client auth"),
        }
    }
}

/// Options of [`Session`](crate::Session).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// This node's name.
    pub node: String,
    /// What clients are told as `hbversion` when they sign on.
    pub version: String,
    /// The text of the directive `pacemaker`.
    pub pacemaker: String,
    /// Number of the syslog facility, as `openlog` takes it; 0 when none is set.
    pub logfacility: u32,
    /// Told to clients.
    pub deadtime: Duration,
    /// Told to clients.
    pub keepalive: Duration,
    /// Who may sign on.
    pub permissions: Permissions,
    /// What `getparm` knows: names and texts.
    pub parameters: BTreeMap<String, String>,
    /// The user that the daemon runs as: its clients may debug, as root's.
    pub uid: u32,
}

impl Options {
    /// Options of a node named `node` with the original's defaults, for which nobody may sign on.
    pub fn new(node: &str) -> Options {
        Options {
            node: node.to_string(),
            version: String::from("unknown"),
            pacemaker: String::from("false"),
            logfacility: 0,
            deadtime: Duration::from_secs(30),
            keepalive: Duration::from_secs(1),
            permissions: Permissions::default(),
            parameters: BTreeMap::new(),
            uid: 0,
        }
    }
}
