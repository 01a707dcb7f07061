//! `ha.cf` as typed values (spec: ha.cf sections 2 and 3).

pub(crate) mod canonical;
mod children;
pub(crate) mod cross;
mod environment;
mod fencing;
pub(crate) mod finish;
mod logging;
pub(crate) mod media;
mod media_lines;
pub(crate) mod membership;
pub(crate) mod parse;
mod process;
pub(crate) mod table;
mod timing;
mod values;

pub use children::{ApiAuth, Child, ChildKind, EnvVariable};
pub use fencing::{StonithDevice, StonithParameters};
pub use media::{Medium, MediumKind};

use crate::span::{Setting, Span};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::NodeName;

/// Everything that `ha.cf` says, with defaults filled in and derived values derived.
#[derive(Clone, Debug)]
pub struct HaCf {
    /// Who is in the cluster.
    pub membership: Membership,
    /// How long things may take.
    pub timing: Timing,
    /// The media in the order of the file; a medium's place here is its `MediumId`. Includes those that this
    /// version cannot use, see [`Medium::is_supported`].
    pub media: Vec<Setting<Medium>>,
    /// Port of bcast and ucast media that follow the directive; each medium holds its own.
    pub udpport: Setting<u16>,
    /// Speed of serial media that follow the directive, in bits a second.
    pub baud: Setting<u32>,
    /// Who decides where resources run.
    pub resources: ResourceManagement,
    /// Fencing devices, in the order of the file, those of other hosts included.
    pub stonith: Vec<Setting<StonithDevice>>,
    /// How messages look on the wire.
    pub wire: Wire,
    /// Where logs go.
    pub logging: Logging,
    /// How the daemon's processes run.
    pub process: Process,
    /// Programs to run beside the daemon, in start order.
    pub children: Vec<Setting<Child>>,
    /// Who may sign on to the local API.
    pub apiauth: Vec<Setting<ApiAuth>>,
    /// Variables for scripts and children, in the order of the file.
    pub env: Vec<Setting<EnvVariable>>,
    /// See [`HaCf::parameter`].
    pub(crate) recorded: Vec<(&'static str, String)>,
    /// Where each directive that is there stands last.
    pub(crate) places: BTreeMap<&'static str, Span>,
}

/// Who is in the cluster.
#[derive(Clone, Debug)]
pub struct Membership {
    /// `node`: the declared members, each once, in the order of the file.
    pub nodes: Vec<Setting<NodeName>>,
    /// `autojoin`.
    pub autojoin: Setting<Autojoin>,
    /// `cluster`: the cluster's name.
    pub cluster: Setting<String>,
    /// `quorum_server`: a host.
    pub quorum_server: Option<Setting<String>>,
    /// `hbgenmethod`.
    pub generation: Setting<GenerationMethod>,
    /// `uuidfrom`.
    pub uuid: Setting<UuidSource>,
}

/// `autojoin`: which nodes may join without a `node` line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Autojoin {
    /// None.
    None,
    /// All but this one.
    Other,
    /// All.
    Any,
}

/// `hbgenmethod`: where the generation number comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GenerationMethod {
    /// A counter on disk.
    File,
    /// The wall clock.
    Time,
}

/// `uuidfrom`: where this node's uuid comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UuidSource {
    /// A file.
    File,
    /// The node's name.
    NodeName,
}

/// How long things may take. All times are whole milliseconds.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Between two statuses of ours. Default 1 s.
    pub keepalive: Setting<Duration>,
    /// Silence after which a node or link is dead. Default 30 s; more than twice keepalive.
    pub deadtime: Setting<Duration>,
    /// Silence after which a heartbeat is late. Default half of deadtime.
    pub warntime: Setting<Duration>,
    /// Deadtime until everybody was heard once. Default deadtime if above 10 s, 12 s if deadtime is below
    /// 6 s, otherwise twice deadtime; not less than deadtime.
    pub initdead: Setting<Duration>,
    /// Deadtime of ping nodes. Default deadtime; more than twice keepalive.
    pub deadping: Setting<Duration>,
    /// Upper bound of the random delay before a lost message is asked for. Default 250 ms.
    pub max_rexmit_delay: Setting<Duration>,
    /// Added to the number of nodes for the time to live on serial rings. Default 1.
    pub hopfudge: Setting<u8>,
    /// Messages kept for retransmission. Default 500. Our own directive.
    pub history: Setting<u16>,
}

/// Who decides where resources run.
#[derive(Clone, Debug)]
pub struct ResourceManagement {
    /// `crm`, `pacemaker`.
    pub crm: Setting<Crm>,
    /// `auto_failback`, `nice_failback`.
    pub auto_failback: Setting<AutoFailback>,
    /// `record_config_changes`.
    pub record_config_changes: Setting<bool>,
    /// `record_pengine_inputs`.
    pub record_pengine_inputs: Setting<bool>,
    /// `enable_config_writes`.
    pub enable_config_writes: Setting<bool>,
    /// `crmd_spawns_pengine`.
    pub crmd_spawns_pengine: Setting<bool>,
    /// `crm_daemon_dir`.
    pub crm_daemon_dir: Option<Setting<String>>,
}

/// `crm`: whether the cluster resource manager is on, and how its children are treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crm {
    /// Off: haresources decides.
    Off,
    /// On; an abnormal death of a child reboots the node.
    On,
    /// On; children are restarted.
    Respawn,
    /// On; children are started by somebody else.
    Minimal,
    /// On; children run under a memory checker.
    Valgrind,
}

/// `auto_failback`: what happens when the preferred node of a group comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AutoFailback {
    /// The group moves back.
    On,
    /// The group stays.
    Off,
    /// The returning node takes it at once, as in the first release. The default.
    Legacy,
}

/// How messages look on the wire.
#[derive(Clone, Debug)]
pub struct Wire {
    /// `msgfmt`. Default classic.
    pub format: Setting<MessageFormat>,
    /// `compression`; `None` until the directive is given.
    pub compression: Option<Setting<Compression>>,
    /// `compression_threshold`: messages above it are compressed. In kB (1024 bytes), default 2.
    pub compression_threshold_kb: Setting<u32>,
    /// `traditional_compression`: whole messages instead of single fields. Default no.
    pub traditional_compression: Setting<bool>,
}

/// `msgfmt`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageFormat {
    /// Text lines.
    Classic,
    /// Netstrings.
    Netstring,
}

/// `compression`: the algorithm for what we send. Both are always understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compression {
    /// zlib.
    Zlib,
    /// bzip2.
    Bz2,
}

/// Where logs go.
#[derive(Clone, Debug)]
pub struct Logging {
    /// `logfile`.
    pub logfile: Option<Setting<String>>,
    /// `debugfile`.
    pub debugfile: Option<Setting<String>>,
    /// `logfacility`: a syslog facility in lower case. `None` for the word `none` and when nothing is said.
    pub logfacility: Option<Setting<String>>,
    /// `use_logd`; `None` when nothing is said.
    pub use_logd: Option<Setting<bool>>,
    /// `conn_logd_time`. Default 60 s.
    pub conn_logd_time: Setting<Duration>,
    /// `syslogmsgfmt`: lines in log files look like syslog's. Default yes.
    pub syslogmsgfmt: Setting<bool>,
    /// `logsize`: above so many kilobytes a log file is rotated. Default 0, never.
    pub logsize_kb: Setting<u64>,
    /// `logkeep`: rotated files that are kept. Default 1.
    pub logkeep: Setting<u8>,
    /// `debug`: 0 is off, above 2 is for developers.
    pub debug: Setting<u8>,
    /// `log_badpack`: tell of malformed packets. Default yes.
    pub log_badpack: Setting<bool>,
}

impl Logging {
    /// Whether no destination is named at all: the original then behaves as with `use_logd yes`.
    pub const fn is_nowhere(&self) -> bool {
        self.logfile.is_none() && self.debugfile.is_none() && self.logfacility.is_none()
    }
}

/// How the daemon's processes run.
#[derive(Clone, Debug)]
pub struct Process {
    /// `realtime`: realtime scheduling and locked memory. Default yes.
    pub realtime: Setting<bool>,
    /// `rtprio`; `None` is the middle of the system's range.
    pub rtprio: Option<Setting<u8>>,
    /// `memreserve` in kB (1024 bytes). Default 6500.
    pub memreserve_kb: Setting<u32>,
    /// `coredumps`. Default yes.
    pub coredumps: Setting<bool>,
    /// `coreroot`: the folder for core dumps.
    pub coreroot: Option<Setting<String>>,
    /// `normalpoll`. Default yes.
    pub normalpoll: Setting<bool>,
    /// `watchdog`: the device.
    pub watchdog: Option<Setting<String>>,
    /// `use_apphbd`. Default no.
    pub use_apphbd: Setting<bool>,
}

impl HaCf {
    /// The text of a recorded parameter, as `cl_status hbparameter` prints it and as scripts see it under
    /// `HA_<name>`: what the file says, word for word, or the default. `None` for directives that are not
    /// recorded (those that may repeat) and for those without a default that nobody gave.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.recorded.iter().find(|(key, _)| *key == name).map(|(_, text)| text.as_str())
    }

    /// Every recorded parameter, sorted by name.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.recorded.iter().map(|(name, text)| (*name, text.as_str()))
    }

    /// Whether `name` is declared with `node`.
    pub fn has_node(&self, name: &NodeName) -> bool {
        self.membership.nodes.iter().any(|node| node.value == *name)
    }

    /// The fencing device that `node` uses: the last line that is meant for it. `None` when it has none.
    pub fn stonith_for(&self, node: &NodeName) -> Option<&Setting<StonithDevice>> {
        self.stonith.iter().rev().find(|device| device.is_for(node))
    }
}
