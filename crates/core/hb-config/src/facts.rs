//! What the check may know about the host, as plain values: this crate looks nothing up.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

/// The host as the check sees it. Whatever is left out (`None`, or a name that is not in a map) is "nobody
/// looked", and no complaint is made about it.
#[derive(Clone, Debug)]
pub struct HostFacts {
    /// The name of this node, as `uname -n` or `--node` gives it; upper case is folded.
    pub node: String,
    /// The configuration folder, for scripts and agents. `/etc/ha.d` unless told otherwise.
    pub config_dir: String,
    /// The network interfaces, down ones included.
    pub interfaces: Option<Vec<Interface>>,
    /// Files that [`Wanted::paths`] asked for.
    pub files: BTreeMap<String, FileFact>,
    /// Users that [`Wanted::users`] asked for, and whether the system knows them.
    pub users: BTreeMap<String, bool>,
    /// Groups that [`Wanted::groups`] asked for, and whether the system knows them.
    pub groups: BTreeMap<String, bool>,
    /// Host names that [`Wanted::hosts`] asked for and their first address; `None` when there is none.
    pub hosts: BTreeMap<String, Option<IpAddr>>,
    /// Fencing device types that can be run here, each with its parameter names in the order in which
    /// `stonith -t TYPE -n` prints them; an empty list is "not known".
    pub stonith_types: Option<BTreeMap<String, Vec<String>>>,
    /// The port of the service `ha-cluster`/udp, if the services file has one.
    pub service_port: Option<u16>,
    /// Lowest and highest realtime priority.
    pub realtime_priorities: (u8, u8),
    /// Whether the system lets this process run with realtime priority.
    pub realtime_allowed: bool,
    /// Whether resources are to be managed; `false` for the original's option `-M`.
    pub resource_management: bool,
}

impl HostFacts {
    /// A host of which nothing is known but its name.
    pub fn unknown(node: &str) -> HostFacts {
        HostFacts {
            node: node.into(),
            config_dir: "/etc/ha.d".into(),
            interfaces: None,
            files: BTreeMap::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            hosts: BTreeMap::new(),
            stonith_types: None,
            service_port: None,
            realtime_priorities: (1, 99),
            realtime_allowed: true,
            resource_management: true,
        }
    }

    /// The interface called `name`; `None` when interfaces are not known or there is none of that name.
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.as_ref()?.iter().find(|interface| interface.name == name)
    }
}

/// A network interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its name, `eth0`.
    pub name: String,
    /// Whether it is administratively up.
    pub up: bool,
    /// Its addresses of either family.
    pub addresses: Vec<InterfaceAddress>,
}

/// An address on an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InterfaceAddress {
    /// The address.
    pub address: IpAddr,
    /// Length of the network prefix in bits.
    pub prefix: u8,
    /// The broadcast address that is configured with it, if any.
    pub broadcast: Option<Ipv4Addr>,
}

/// What there is at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileFact {
    /// Nothing.
    Missing,
    /// A regular file that we could read, with its permission bits (`0o755`).
    Regular {
        /// Permission bits.
        mode: u32,
    },
    /// A regular file that we could not read.
    Unreadable,
    /// A folder, a device, a socket.
    Other,
}

impl FileFact {
    /// Whether it can be run as a program.
    pub const fn is_program(self) -> bool {
        matches!(self, FileFact::Regular { mode } if mode & 0o111 != 0)
    }
}

/// What a set of files makes it worth looking up before the check; see [`crate::wanted`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// Absolute paths to look at.
    pub paths: BTreeSet<String>,
    /// User names to look up.
    pub users: BTreeSet<String>,
    /// Group names to look up.
    pub groups: BTreeSet<String>,
    /// Host names to resolve.
    pub hosts: BTreeSet<String>,
    /// Fencing device types whose parameter names are needed. Empty: none of the files has a fencing device
    /// for this node.
    pub stonith_types: BTreeSet<String>,
}
