//! The command line. Additions are free; what stands here is a contract.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// High availability for Linux machines.
#[derive(Debug, Parser)]
#[command(name = "heartbeat", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 as wished; 1 done, but not as wished; 2 unusable input or usage; \
3 not running; 4 refused for safety; 5 timed out.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Programs of other names that this one is when it is called by them, with the commands that they are.
const OTHER_NAMES: &[(&str, &str)] = &[("crm_simulate", "simulate")];

/// The command that a program's name stands for.
pub(crate) fn stands_for(name: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(other, _)| name == *other).map(|(_, command)| *command)
}

/// The arguments, with the command that the program's name stands for.
pub(crate) fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut all: Vec<OsString> = given.collect();
    let name = all.first().and_then(|path| Path::new(path).file_name()).and_then(OsStr::to_str);
    if let Some(command) = name.and_then(stands_for) {
        all.insert(1, command.into());
    }
    all
}

/// Where things are.
#[derive(Args, Clone, Debug)]
pub(crate) struct Places {
    /// Folder of ha.cf, authkeys and haresources
    #[arg(long, value_name = "D", default_value = "/etc/ha.d", global = true)]
    pub(crate) config_dir: PathBuf,
    /// Folder of durable state
    #[arg(long, value_name = "D", default_value = "/var/lib/heartbeat", global = true)]
    pub(crate) state_dir: PathBuf,
    /// Folder of sockets and process ids
    #[arg(long, value_name = "D", default_value = "/run/heartbeat", global = true)]
    pub(crate) run_dir: PathBuf,
    /// This node's name [default: the host name, lower case]
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) node: Option<String>,
}

/// One JSON document instead of text.
#[derive(Args, Clone, Debug)]
pub(crate) struct Json {
    /// Write one JSON document to FILE, or to standard output
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one node in the foreground until TERM; TERM again ends it at once
    Run {
        #[command(flatten)]
        places: Places,
        /// Manage no resources: messages and membership only
        #[arg(long)]
        no_resources: bool,
    },
    /// Check the configuration without starting anything
    Check {
        #[command(flatten)]
        places: Places,
        #[command(flatten)]
        json: Json,
    },
    /// Show this node, its resources, and how takeover is protected
    Status {
        #[command(flatten)]
        places: Places,
        #[command(flatten)]
        json: Json,
    },
    /// Show the nodes as this node sees them
    Nodes {
        #[command(flatten)]
        places: Places,
        #[command(flatten)]
        json: Json,
    },
    /// Show the links to each node
    Links {
        #[command(flatten)]
        places: Places,
        #[command(flatten)]
        json: Json,
    },
    /// Read the configuration again and apply what may change while running
    Reload {
        #[command(flatten)]
        places: Places,
    },
    /// Gather state, configuration without secrets, logs and the flight recorder into one archive
    Report {
        /// The archive [default: heartbeat-report-NODE.tar]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        places: Places,
    },
    /// Hand over what runs here and leave the cluster
    Stop {
        #[command(flatten)]
        places: Places,
    },
    /// Give resources up to the other node
    Standby {
        /// Which resources, seen from this node
        #[arg(value_enum, default_value_t = Share::All)]
        share: Share,
        #[command(flatten)]
        places: Places,
    },
    /// Take resources from the other node
    Takeover {
        /// Which resources, seen from this node
        #[arg(value_enum, default_value_t = Share::All)]
        share: Share,
        #[command(flatten)]
        places: Places,
    },
    /// Take back what prefers this node
    Online {
        #[command(flatten)]
        places: Places,
    },
    /// Watch applications that promised to send heartbeats (-h for its options)
    #[command(name = "apphbd", disable_help_flag = true)]
    Apphbd {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run scripts when applications fail (-h for its options)
    #[command(name = "recoverymgrd", disable_help_flag = true)]
    Recoverymgrd {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Take log lines from programs that must not wait for a disk (-h for its options)
    #[command(name = "ha_logd", disable_help_flag = true)]
    HaLogd {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Log a line through the logging daemon
    #[command(name = "ha_logger", disable_help_flag = true)]
    HaLogger {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Two machines, a service, and everything that can go wrong, on this machine in under 40 seconds
    Demo(Demo),
    /// What the cluster would do, decided and carried out on a document
    Simulate(Box<crate::commands::Simulate>),
    /// The cluster test suite
    #[command(subcommand)]
    Cts(Cts),
    /// Measurements, beside the peers that are installed
    #[command(subcommand)]
    Bench(Bench),
    /// Look at, and talk to, a running node
    #[command(subcommand)]
    Debug(Debug),
}

/// Which resources.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Share {
    /// Everything
    All,
    /// What prefers this node
    Local,
    /// What prefers the other node
    Foreign,
    /// What is not at home
    Failback,
}

impl From<Share> for hb_ipc::Share {
    fn from(share: Share) -> hb_ipc::Share {
        match share {
            Share::All => hb_ipc::Share::All,
            Share::Local => hb_ipc::Share::Local,
            Share::Foreign => hb_ipc::Share::Foreign,
            Share::Failback => hb_ipc::Share::Failback,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// How many nodes; takeover by haresources is between two
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) nodes: u32,
    /// Only the steps that take no time
    #[arg(long)]
    pub(crate) quick: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cts {
    /// The product's own machines in a virtual world, by seed
    #[command(disable_help_flag = true)]
    Sim {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Real processes in namespaces, one scenario after another
    Lab {
        /// Which scenarios; the gate's when none is named
        #[arg(value_name = "SCENARIO")]
        scenarios: Vec<String>,
        /// All of them, also those that take long
        #[arg(long)]
        all: bool,
        /// Name the scenarios and run none
        #[arg(long)]
        list: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Outage that a client sees when a node loses power, beside keepalived
    Failover {
        /// Repetitions
        #[arg(long, default_value_t = 30)]
        repeat: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Processor and memory of a node that has nothing to do
    Idle {
        /// Seconds measured for each row
        #[arg(long, default_value_t = 20)]
        seconds: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Messages a second between two nodes, with and without loss
    Messages {
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Debug {
    /// Register with apphbd and send heartbeats until TERM
    Beat {
        /// The application's name
        name: String,
        /// Which one of that name
        #[arg(default_value = "")]
        instance: String,
        /// The promised interval, in milliseconds; heartbeats come four times as often
        #[arg(long, value_name = "MS", default_value_t = 1000)]
        interval: u64,
        /// Folder of sockets
        #[arg(long, value_name = "D", default_value = "/run/heartbeat")]
        run_dir: PathBuf,
    },
    /// Flood the logging daemon, without ever waiting for it
    Log {
        /// Lines a second
        #[arg(long, value_name = "N", default_value_t = 100_000)]
        rate: u32,
        /// For how long
        #[arg(long, value_name = "S", default_value_t = 10)]
        seconds: u32,
        #[command(flatten)]
        places: Places,
    },
    /// Send messages to the cluster, as fast as it takes them
    Send {
        #[command(flatten)]
        places: Places,
        /// Message type
        #[arg(long, default_value = "debug")]
        kind: String,
        /// How many
        #[arg(long, default_value_t = 1)]
        count: u64,
        /// Payload of each
        #[arg(long, value_name = "BYTES", default_value_t = 64)]
        size: usize,
    },
    /// Receive messages from the cluster, each sender's in order, and report what came
    Receive {
        #[command(flatten)]
        places: Places,
        /// Message type
        #[arg(long, default_value = "debug")]
        kind: String,
        /// End after so many
        #[arg(long)]
        count: Option<u64>,
        #[command(flatten)]
        json: Json,
    },
}
