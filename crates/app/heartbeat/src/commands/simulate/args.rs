//! The command line of `heartbeat simulate`, which is that of `crm_simulate`.

use clap::Args;
use std::path::PathBuf;

/// What the cluster would do.
#[derive(Args, Clone, Debug)]
#[command(disable_version_flag = true)]
#[command(after_help = "OPSPEC is RESOURCE_TASK_INTERVAL@NODE=RESULT, the interval in milliseconds: \
vip_monitor_10000@alice=7.")]
pub(crate) struct Simulate {
    /// Decide, and show what the cluster would do
    #[arg(short = 'R', long, help_heading = "Operations")]
    pub(crate) run: bool,
    /// As --run, and carry it out on the document, and show what comes of it
    #[arg(short = 'S', long, help_heading = "Operations")]
    pub(crate) simulate: bool,
    /// As --simulate, and write the outcome to the file that was read
    #[arg(short = 'X', long, help_heading = "Operations")]
    pub(crate) in_place: bool,
    /// Show attributes of nodes
    #[arg(short = 'A', long, help_heading = "Operations")]
    pub(crate) show_attrs: bool,
    /// Show failures of resources
    #[arg(short = 'c', long, help_heading = "Operations")]
    pub(crate) show_failcounts: bool,
    /// Show the scores by which nodes are chosen
    #[arg(short = 's', long, help_heading = "Operations")]
    pub(crate) show_scores: bool,
    /// Show operations that are under way (always so)
    #[arg(short = 'j', long, hide = true)]
    pub(crate) pending: bool,

    /// A node comes up
    #[arg(short = 'u', long, value_name = "NODE", help_heading = "Things that happen")]
    pub(crate) node_up: Vec<String>,
    /// A node goes down in order
    #[arg(short = 'd', long, value_name = "NODE", help_heading = "Things that happen")]
    pub(crate) node_down: Vec<String>,
    /// A node fails
    #[arg(short = 'f', long, value_name = "NODE", help_heading = "Things that happen")]
    pub(crate) node_fail: Vec<String>,
    /// An operation had this result
    #[arg(short = 'i', long, value_name = "OPSPEC", help_heading = "Things that happen")]
    pub(crate) op_inject: Vec<String>,
    /// An operation will have this result, if it is carried out
    #[arg(short = 'F', long, value_name = "OPSPEC", help_heading = "Things that happen")]
    pub(crate) op_fail: Vec<String>,
    /// It is this moment (ISO 8601)
    #[arg(short = 't', long, value_name = "DATETIME", help_heading = "Things that happen")]
    pub(crate) set_datetime: Option<String>,
    /// There is quorum, or not (1, 0)
    #[arg(short = 'q', long, value_name = "QUORUM", help_heading = "Things that happen")]
    pub(crate) quorum: Option<String>,
    /// There is a watchdog, or not (1, 0)
    #[arg(short = 'w', long, value_name = "DEVICE", help_heading = "Things that happen")]
    pub(crate) watchdog: Option<String>,
    /// A ticket is granted
    #[arg(short = 'g', long, value_name = "TICKET", help_heading = "Things that happen")]
    pub(crate) ticket_grant: Vec<String>,
    /// A ticket is revoked
    #[arg(short = 'r', long, value_name = "TICKET", help_heading = "Things that happen")]
    pub(crate) ticket_revoke: Vec<String>,
    /// A ticket is put on standby
    #[arg(short = 'b', long, value_name = "TICKET", help_heading = "Things that happen")]
    pub(crate) ticket_standby: Vec<String>,
    /// A ticket is not on standby any more
    #[arg(short = 'e', long, value_name = "TICKET", help_heading = "Things that happen")]
    pub(crate) ticket_activate: Vec<String>,

    /// Write the document, with what has happened
    #[arg(short = 'I', long, value_name = "FILE", help_heading = "Files")]
    pub(crate) save_input: Option<PathBuf>,
    /// Write the document, with what came of it
    #[arg(short = 'O', long, value_name = "FILE", help_heading = "Files")]
    pub(crate) save_output: Option<PathBuf>,
    /// Write the transition, as XML
    #[arg(short = 'G', long, value_name = "FILE", help_heading = "Files")]
    pub(crate) save_graph: Option<PathBuf>,
    /// Write the transition, for graphviz
    #[arg(short = 'D', long, value_name = "FILE", help_heading = "Files")]
    pub(crate) save_dotfile: Option<PathBuf>,
    /// With --save-dotfile: actions too that are not part of the transition
    #[arg(short = 'a', long, help_heading = "Files")]
    pub(crate) all_actions: bool,

    /// Read the document from the running cluster
    #[arg(short = 'L', long, conflicts_with_all = ["xml_file", "xml_pipe"], help_heading = "Source")]
    pub(crate) live_check: bool,
    /// Read the document from FILE
    #[arg(short = 'x', long, value_name = "FILE", conflicts_with = "xml_pipe", help_heading = "Source")]
    pub(crate) xml_file: Option<PathBuf>,
    /// Read the document from standard input
    #[arg(short = 'p', long, help_heading = "Source")]
    pub(crate) xml_pipe: bool,

    /// Write only what was asked for
    #[arg(short = 'Q', long)]
    pub(crate) quiet: bool,
    /// With --save-dotfile: number the actions
    #[arg(short = 'V', long = "verbose", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print version
    #[arg(long, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

impl Simulate {
    /// Whether a transition is wanted at all, and not only the status.
    pub(crate) fn decides(&self) -> bool {
        self.run
            || self.carries_out()
            || self.show_scores
            || self.save_graph.is_some()
            || self.save_dotfile.is_some()
    }

    /// Whether the transition is carried out.
    pub(crate) fn carries_out(&self) -> bool {
        self.simulate || self.in_place || !self.op_fail.is_empty()
    }

    /// Whether something is to happen before the decision. Quorum alone does not count, as it never did.
    pub(crate) fn happens(&self) -> bool {
        let lists = [
            &self.node_up,
            &self.node_down,
            &self.node_fail,
            &self.op_inject,
            &self.ticket_grant,
            &self.ticket_revoke,
            &self.ticket_standby,
            &self.ticket_activate,
        ];
        lists.iter().any(|list| !list.is_empty()) || self.watchdog.is_some()
    }
}
