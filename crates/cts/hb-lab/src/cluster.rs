//! A cluster under test: a world whose nodes run our heartbeat or the original one.

mod files;
mod state;

use crate::error::{Attempt, LabError, Result, failed};
use crate::power::Outlet;
use crate::wait::until;
use crate::world::{Plan, World};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use state::Held;
pub(crate) use state::document_in;

/// How long commands may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// Stopping orderly may take as long as the original's own time limits.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// Which daemon a node runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// The program under test.
    Ours,
    /// Heartbeat 3.0.6 as the distribution has it.
    Original,
}

/// How the daemons talk to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// One line a peer and network.
    Ucast,
    /// To the network's broadcast address.
    Bcast,
    /// To a group address.
    Mcast,
}

impl Medium {
    /// Its directive.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Medium::Ucast => "ucast",
            Medium::Bcast => "bcast",
            Medium::Mcast => "mcast",
        }
    }
}

/// Which `stonith` program the daemons find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stonith {
    /// Cluster-glue's where it is installed, else the laboratory's.
    Installed,
    /// The laboratory's, which knows the power switch and nothing else.
    Own,
}

/// What a cluster is to be like.
#[derive(Debug, Clone)]
pub struct Design {
    /// One daemon a node: `n1`, `n2`, …
    pub systems: Vec<System>,
    /// How many networks carry heartbeats.
    pub networks: u8,
    /// How they do.
    pub medium: Medium,
    /// The line of `authkeys` after `auth 1`, such as `1 sha1 secret`.
    pub key: String,
    /// Interval of heartbeats.
    pub keepalive: Duration,
    /// Silence after which a node is dead.
    pub deadtime: Duration,
    /// The same, at start.
    pub initdead: Duration,
    /// `on`, `off` or `legacy`.
    pub auto_failback: &'static str,
    /// Whether daemons are to ask for realtime scheduling.
    pub realtime: bool,
    /// Whether the power switch is their fencing device.
    pub fencing: bool,
    /// What talks to it.
    pub stonith: Stonith,
    /// The text of `haresources`.
    pub haresources: String,
    /// Further lines of `ha.cf`.
    pub extra: Vec<String>,
    /// Whether daemons start when their node gets power.
    pub at_boot: bool,
    /// Further programs that start with the node, before the daemon.
    pub boot: Vec<Vec<String>>,
    /// Whether nodes of ours have the original's folders in their usual places too, so that its programs and scripts
    /// find the daemon.
    pub usual_places: bool,
}

impl Default for Design {
    fn default() -> Self {
        Self {
            systems: vec![System::Ours, System::Ours],
            networks: 2,
            medium: Medium::Ucast,
            key: "1 sha1 laboratory".into(),
            keepalive: Duration::from_millis(200),
            deadtime: Duration::from_secs(2),
            initdead: Duration::from_secs(10),
            auto_failback: "off",
            realtime: false,
            fencing: false,
            stonith: Stonith::Installed,
            haresources: String::new(),
            extra: Vec::new(),
            at_boot: false,
            boot: Vec::new(),
            usual_places: false,
        }
    }
}

/// A cluster whose nodes have their files and, after [`Cluster::power_on`], their power.
#[derive(Debug)]
pub struct Cluster {
    /// The world that it lives in.
    pub world: World,
    /// What it was made after.
    pub design: Design,
    program: PathBuf,
}

impl Cluster {
    /// Builds the world and writes the configuration; every node is off.
    ///
    /// # Errors
    /// [`LabError::Missing`] when the original is wanted and not installed.
    pub fn build(design: Design, program: &Path) -> Result<Self> {
        if design.systems.contains(&System::Original) && original().is_none() {
            return Err(LabError::Missing("the original heartbeat (Debian package heartbeat)".into()));
        }
        if design.systems.contains(&System::Ours) && !program.exists() {
            return Err(LabError::Failed(format!(
                "the program under test is not there: {}",
                program.display()
            )));
        }
        let program = program.canonicalize().unwrap_or_else(|_| program.to_owned());
        let nodes = (1..)
            .zip(&design.systems)
            .map(|(host, system)| files::node_plan(&format!("n{host}"), *system, &design, &program));
        let plan = Plan { networks: design.networks, nodes: nodes.collect() };
        let world = World::build_with(plan, |dir| files::write(dir, &design))?;
        Ok(Self { world, design, program })
    }

    /// Gives every node power.
    ///
    /// # Errors
    /// A node does not boot.
    pub fn power_on(&self) -> Result<()> {
        self.world.nodes().try_for_each(Outlet::switch_on)
    }

    /// A node's name: `n1` is the first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        (1..=self.design.systems.len()).map(|number| format!("n{number}")).collect()
    }

    /// Which daemon a node runs.
    #[must_use]
    pub fn system(&self, node: &str) -> System {
        let number = node.trim_start_matches('n').parse::<usize>().unwrap_or(0);
        self.design.systems.get(number.wrapping_sub(1)).copied().unwrap_or(System::Ours)
    }

    /// The folder that a node's daemon takes for `/etc/ha.d`.
    #[must_use]
    pub fn config_dir(&self, node: &str) -> PathBuf {
        self.world.node_dir(node).join("ha.d")
    }

    /// Adds a script to a node's configuration folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add_script(&self, node: &str, path: &str, body: &str) -> Result<()> {
        files::script(&self.config_dir(node).join(path), body)
    }

    /// Makes an action of a test resource fail on a node from now on.
    ///
    /// # Errors
    /// The mark cannot be written.
    pub fn fail(&self, node: &str, resource: &str, action: &str) -> Result<()> {
        let mark = self.world.node_dir(node).join(format!("fail.{resource}.{action}"));
        std::fs::write(&mark, "").attempt(mark.display())
    }

    /// Starts the daemon of a node that runs.
    ///
    /// # Errors
    /// The node is off, or the program cannot be run.
    pub fn start(&self, node: &str) -> Result<()> {
        let argv = files::start_line(self.system(node), node, &self.world.node_dir(node), &self.program);
        let words: Vec<&str> = argv.iter().map(String::as_str).collect();
        match self.system(node) {
            System::Ours => self.world.node(node)?.start(&words, "daemon.log"),
            System::Original => {
                let started = self.world.node(node)?.run(&words, COMMAND_LIMIT)?;
                if started.code == 0 { Ok(()) } else { failed(format!("{node}: {started:?}")) }
            }
        }
    }

    /// Starts our daemon under a supervisor that starts it again as soon as it ends.
    ///
    /// # Errors
    /// The node is off.
    pub fn start_supervised(&self, node: &str) -> Result<()> {
        let argv = files::start_line(System::Ours, node, &self.world.node_dir(node), &self.program);
        // A second of patience would be a second without a daemon; a daemon that cannot start at all must not spin.
        let mut line =
            ["sh", "-c", "while :; do \"$@\" || sleep 0.01; done", "supervisor"].map(str::to_owned).to_vec();
        line.extend(argv);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        self.world.node(node)?.start(&line, "daemon.log")
    }

    /// Starts every daemon.
    ///
    /// # Errors
    /// As for [`Cluster::start`].
    pub fn start_all(&self) -> Result<()> {
        self.names().iter().try_for_each(|node| self.start(node))
    }

    /// Stops the daemon of a node orderly and waits until it has ended.
    ///
    /// # Errors
    /// It does not end.
    pub fn stop(&self, node: &str) -> Result<()> {
        let outlet = self.world.node(node)?;
        match self.system(node) {
            System::Ours => {
                let told = self.command(node, &["stop"])?;
                if told.code != 0 {
                    return failed(format!("{node}: stop: {told:?}"));
                }
            }
            System::Original => {
                let daemon = original().unwrap_or_default();
                outlet.run(&[&daemon, "-k"], STOP_LIMIT)?;
            }
        }
        until::holds(STOP_LIMIT, &format!("the daemon of {node} to end"), || !self.daemon_runs(node))
    }

    /// Kills every process of the node but its init.
    ///
    /// # Errors
    /// There is no such node.
    pub fn kill(&self, node: &str) -> Result<()> {
        let outlet = self.world.node(node)?;
        // What a killed parent was about to start may still appear.
        until::holds(COMMAND_LIMIT, &format!("the processes of {node} to end"), || {
            outlet.kill_all();
            outlet.processes().is_empty()
        })?;
        let _ = std::fs::remove_file(self.world.node_dir(node).join("run/heartbeat.pid"));
        Ok(())
    }

    /// Whether a daemon runs in the node.
    #[must_use]
    pub fn daemon_runs(&self, node: &str) -> bool {
        let named =
            |title: &str| title.contains("master control process") || title.contains(" run --config-dir");
        self.world.node(node).is_ok_and(|outlet| outlet.processes().iter().any(|p| named(&p.title)))
    }

    /// Runs a command of our program in a node that runs ours.
    ///
    /// # Errors
    /// The node is off or the program hangs.
    pub fn command(&self, node: &str, words: &[&str]) -> Result<crate::power::Finished> {
        let argv = self.command_line(node, words);
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        self.world.node(node)?.run(&argv, COMMAND_LIMIT)
    }

    /// Starts a command of our program in a node and does not wait for it; output goes to a file
    /// among the node's.
    ///
    /// # Errors
    /// The node is off or the program cannot be run.
    pub fn start_command(&self, node: &str, words: &[&str], output: &str) -> Result<()> {
        let argv = self.command_line(node, words);
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        self.world.node(node)?.start(&argv, output)
    }

    /// A command of our program in a node as a shell would be told it.
    #[must_use]
    pub(crate) fn shell_command(&self, node: &str, words: &[String]) -> String {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let quoted = self.command_line(node, &words).into_iter().map(|word| format!("'{word}'"));
        quoted.collect::<Vec<_>>().join(" ")
    }

    fn command_line(&self, node: &str, words: &[&str]) -> Vec<String> {
        let mut argv = vec![self.program.display().to_string()];
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        argv.extend(files::places(&self.world.node_dir(node)));
        argv.extend(["--node".to_owned(), node.to_owned()]);
        argv
    }

    /// Asks the node to give resources up: `all`, `local`, `foreign` or `failback`.
    ///
    /// # Errors
    /// The command failed.
    pub fn standby(&self, node: &str, share: &str) -> Result<()> {
        self.move_resources(node, "standby", share)
    }

    /// Asks the other node to give resources up to this one.
    ///
    /// # Errors
    /// The command failed.
    pub fn takeover(&self, node: &str, share: &str) -> Result<()> {
        self.move_resources(node, "takeover", share)
    }

    fn move_resources(&self, node: &str, verb: &str, share: &str) -> Result<()> {
        let told = match self.system(node) {
            System::Ours => self.command(node, &[verb, share])?,
            System::Original => {
                let program = format!("/usr/share/heartbeat/hb_{verb}");
                self.world.node(node)?.run(&[&program, share], COMMAND_LIMIT)?
            }
        };
        if told.code == 0 { Ok(()) } else { failed(format!("{node}: {verb} {share}: {told:?}")) }
    }
}

/// The original's daemon, where it is installed.
#[must_use]
pub fn original() -> Option<String> {
    ["/usr/libexec/heartbeat/heartbeat", "/usr/lib/heartbeat/heartbeat"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .map(str::to_owned)
}
