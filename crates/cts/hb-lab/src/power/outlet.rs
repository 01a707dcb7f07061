//! One outlet and the node that hangs on it.

use crate::error::{Attempt, LabError, Result, failed};
use crate::incarnation::Incarnation;
use crate::netns::NetNs;
use crate::proc::{self, Process};
use crate::process::protocol::NodeSpec;
use crate::watch::AddressWatch;
use crate::world::{Ground, Network, NodePlan};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The search path of every program that runs in a node.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The folder among a node's files that a boot empties.
const VOLATILE: &str = "run";
/// How long a small administrative program may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(20);
/// How often a set of processes is listed until nothing new appears in it.
const FREEZE_PASSES: u32 = 50;

/// Power as it arrives at the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// The node runs.
    On,
    /// It does not.
    Off,
}

/// How an outlet misbehaves towards agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Never answers and does nothing.
    Hang,
    /// Answers with an error and does nothing.
    Refuse,
    /// Claims success and does nothing.
    Lie,
    /// Acts after this time.
    Slow(Duration),
    /// Acts, but the answer gets lost.
    LoseReply,
    /// Switches off, but never on again.
    Half,
}

/// What happened at an outlet, and when it was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// On, or confirmed off.
    pub supply: Supply,
    /// On the clock of the machine.
    pub at: Instant,
}

/// What a program in a node said and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Exit code as a shell says it: 128 + signal for killed programs.
    pub code: i32,
    /// Standard output and standard error.
    pub output: String,
}

#[derive(Debug)]
struct Power {
    node: Option<Arc<Incarnation>>,
    /// Whether the plug is in the wall; without it switching on has no effect yet.
    plugged: bool,
    /// What the switch's relay is set to.
    relay: Supply,
    history: Vec<Event>,
    /// The network of a node that died, until the next boot: the kernel's clearing away would hold
    /// up changes to everybody's addresses just when a takeover is measured.
    remains: Option<NetNs>,
}

/// An outlet of the power switch with its node.
#[derive(Debug)]
pub struct Outlet {
    spec: NodeSpec,
    path: String,
    host: u8,
    boot: Vec<Vec<String>>,
    ground: Arc<Ground>,
    power: Mutex<Power>,
    fault: Mutex<Option<Fault>>,
    refusals: AtomicU64,
    outputs: AtomicU64,
}

impl Outlet {
    pub(crate) fn new(plan: NodePlan, host: u8, ground: Arc<Ground>) -> Self {
        let spec = NodeSpec { name: plan.name, binds: plan.binds };
        let path = plan
            .search_first
            .map_or_else(|| SEARCH_PATH.to_owned(), |first| format!("{}:{SEARCH_PATH}", first.display()));
        let boot = plan.boot;
        let power =
            Power { node: None, plugged: true, relay: Supply::Off, history: Vec::new(), remains: None };
        let (power, fault) = (Mutex::new(power), Mutex::new(None));
        Self {
            spec,
            path,
            host,
            boot,
            ground,
            power,
            fault,
            refusals: AtomicU64::new(0),
            outputs: AtomicU64::new(0),
        }
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The node's address on a network.
    #[must_use]
    pub fn address(&self, network: Network) -> std::net::Ipv4Addr {
        network.address(self.host)
    }

    fn lock(&self) -> MutexGuard<'_, Power> {
        self.power.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the outlet misbehave towards agents, or behave again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// How many requests of agents were refused ([`Fault::Refuse`]).
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    pub(crate) fn count_refusal(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Switches on: the node boots if its plug is in the wall. Nothing happens when it runs.
    ///
    /// # Errors
    /// The kernel refused something that the node needs.
    pub fn switch_on(&self) -> Result<()> {
        let mut power = self.lock();
        power.relay = Supply::On;
        self.supply(&mut power)
    }

    /// Switches off; on return no process of the node is left.
    ///
    /// # Errors
    /// It could not be confirmed that the node is dead.
    pub fn switch_off(&self) -> Result<()> {
        let mut power = self.lock();
        power.relay = Supply::Off;
        self.kill(&mut power)
    }

    /// Pulls the plug out of the wall: as switching off, but switching on has no effect any more.
    ///
    /// # Errors
    /// As for [`Outlet::switch_off`].
    pub fn pull_plug(&self) -> Result<()> {
        let mut power = self.lock();
        power.plugged = false;
        // An accident, not a request: everything ends at one moment, the answer can wait.
        if let Some(node) = power.node.clone() {
            power.remains = NetNs::of_process(node.init()).ok();
            node.strike();
        }
        self.kill(&mut power)
    }

    /// Puts the plug back; the node boots if the relay is on.
    ///
    /// # Errors
    /// As for [`Outlet::switch_on`].
    pub fn put_plug(&self) -> Result<()> {
        let mut power = self.lock();
        power.plugged = true;
        if power.relay == Supply::On { self.supply(&mut power) } else { Ok(()) }
    }

    /// Whether the node lives, found out by looking.
    #[must_use]
    pub fn liveness(&self) -> Supply {
        if self.lock().node.as_ref().is_some_and(|node| node.is_alive()) { Supply::On } else { Supply::Off }
    }

    /// Everything that happened to the node's power.
    #[must_use]
    pub fn history(&self) -> Vec<Event> {
        self.lock().history.clone()
    }

    fn supply(&self, power: &mut Power) -> Result<()> {
        if !power.plugged || power.node.as_ref().is_some_and(|node| node.is_alive()) {
            return Ok(());
        }
        self.kill(power)?;
        power.remains = None;
        forget(&self.folder().join(VOLATILE));
        let node = Incarnation::begin(&self.spec, &self.folder().join("console.log"))?;
        let inside = NetNs::of_process(node.init())?;
        for network in &self.ground.networks {
            self.ground.lay_cable(self.name(), self.host, *network, &inside)?;
        }
        for argv in &self.boot {
            node.start(argv, self.environment(), &self.folder().join("boot.log"))?;
        }
        power.node = Some(Arc::new(node));
        self.remember(power, Supply::On);
        Ok(())
    }

    fn kill(&self, power: &mut Power) -> Result<()> {
        let Some(node) = power.node.take() else { return Ok(()) };
        power.remains = power.remains.take().or_else(|| NetNs::of_process(node.init()).ok());
        // Cables first: whatever the dying node still does, nobody hears it.
        let cut = self.ground.cut(self.name(), &self.ground.networks);
        if let Err(e) = node.end() {
            power.node = Some(node);
            return Err(e);
        }
        self.remember(power, Supply::Off);
        // A node that died by itself took its cables with it, and that is as good as cut.
        cut.or_else(|e| if crate::netlink::is_absent(&e) { Ok(()) } else { Err(e) })
    }

    fn environment(&self) -> Vec<(String, String)> {
        [("PATH", self.path.as_str()), ("LANG", "C"), ("HOME", "/root"), ("HA_DIR", "/etc/ha.d")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    /// Remembers what happened to the power, here and in the world's file of events.
    fn remember(&self, power: &mut Power, supply: Supply) {
        power.history.push(Event { supply, at: Instant::now() });
        let word = if supply == Supply::On { "power-on" } else { "power-off" };
        let file = OpenOptions::new().create(true).append(true).open(self.ground.events());
        let _ = file.and_then(|mut file| writeln!(file, "{} {word}", self.name()));
    }

    fn folder(&self) -> PathBuf {
        self.ground.dir.join(self.name())
    }

    /// The life that the node leads now; whoever works with it holds up nobody who ends it.
    fn life(&self) -> Result<Arc<Incarnation>> {
        let node = self.lock().node.clone();
        node.map_or_else(|| failed(format!("the node {} is off", self.name())), Ok)
    }

    /// Starts a program in the node without waiting for it; output is appended to `output`.
    ///
    /// # Errors
    /// The node is off, or the program cannot be run.
    pub fn start(&self, argv: &[&str], output: &str) -> Result<()> {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let output = self.folder().join(output);
        self.life()?.start(&argv, self.environment(), &output).map(drop)
    }

    /// Runs a program in the node to its end.
    ///
    /// # Errors
    /// The node is off or dies, the program cannot be run or takes longer than `limit`.
    pub fn run(&self, argv: &[&str], limit: Duration) -> Result<Finished> {
        let number = self.outputs.fetch_add(1, Ordering::Relaxed);
        let path = self.folder().join(format!("run.{number}"));
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let node = self.life()?;
        let id = node.start(&argv, self.environment(), &path)?;
        let code = node.wait(id, limit)?;
        let output = fs::read(&path).attempt(path.display())?;
        let _ = fs::remove_file(&path);
        Ok(Finished { code, output: String::from_utf8_lossy(&output).into_owned() })
    }

    /// Every process of the node except its init.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        let init = self.lock().node.as_ref().map_or(0, |node| node.init());
        if init > 0 { proc::descendants(init) } else { Vec::new() }
    }

    /// Stops every process of the node, as if its processors stood still.
    ///
    /// # Errors
    /// New processes kept appearing.
    pub fn freeze(&self) -> Result<()> {
        for _ in 0..FREEZE_PASSES {
            let moving: Vec<i32> =
                self.processes().iter().filter(|p| !matches!(p.state, 'T' | 'Z')).map(|p| p.pid).collect();
            if moving.is_empty() {
                return Ok(());
            }
            moving.into_iter().for_each(|pid| signal(pid, rustix::process::Signal::STOP));
        }
        failed(format!("the processes of {} cannot be stopped", self.name()))
    }

    /// Lets stopped processes go on.
    pub fn thaw(&self) {
        for process in self.processes() {
            signal(process.pid, rustix::process::Signal::CONT);
        }
    }

    /// Kills the processes whose title contains `title`; how many there were.
    pub fn kill_titled(&self, title: &str) -> usize {
        let matching = |process: &&Process| process.title.contains(title);
        let victims: Vec<i32> = self.processes().iter().filter(matching).map(|p| p.pid).collect();
        victims.iter().for_each(|pid| signal(*pid, rustix::process::Signal::KILL));
        victims.len()
    }

    /// Kills the one process whose title contains `title`; at which moment.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn kill_one(&self, title: &str) -> Result<Instant> {
        let matching = |process: &Process| process.title.contains(title);
        let victims: Vec<i32> = self.processes().into_iter().filter(matching).map(|p| p.pid).collect();
        let [victim] = victims[..] else {
            return failed(format!("{} processes of {} are titled {title}", victims.len(), self.name()));
        };
        let now = Instant::now();
        signal(victim, rustix::process::Signal::KILL);
        Ok(now)
    }

    /// Begins to listen for changes of the node's addresses.
    ///
    /// # Errors
    /// The node is off.
    pub fn watch_addresses(&self) -> Result<AddressWatch> {
        AddressWatch::start(&self.network()?)
    }

    /// Stops the processes whose title contains `title`; how many there were. [`Outlet::thaw`] lets
    /// them go on.
    pub fn stop_titled(&self, title: &str) -> usize {
        let matching = |process: &&Process| process.title.contains(title);
        let victims: Vec<i32> = self.processes().iter().filter(matching).map(|p| p.pid).collect();
        victims.iter().for_each(|pid| signal(*pid, rustix::process::Signal::STOP));
        victims.len()
    }

    /// Lets the stopped processes whose title contains `title` go on.
    pub fn resume_titled(&self, title: &str) {
        let matching = |process: &&Process| process.title.contains(title);
        self.processes().iter().filter(matching).for_each(|p| signal(p.pid, rustix::process::Signal::CONT));
    }

    /// Whether the node has this address on one of its interfaces.
    ///
    /// # Errors
    /// The node is off.
    pub fn holds_address(&self, address: std::net::Ipv4Addr) -> Result<bool> {
        let path = format!("/proc/{}/net/fib_trie", self.life()?.init());
        let table = fs::read_to_string(&path).attempt(&path)?;
        // An address of the machine is a leaf of its own with a line that calls it local.
        let leaf = format!("|-- {address}");
        let mut lines = table.lines().skip_while(|line| !line.trim_start().ends_with(&leaf));
        Ok(lines.nth(1).is_some_and(|line| line.contains("host LOCAL")))
    }

    /// Kills every process of the node but its init: the machine lives, all its programs are gone.
    pub fn kill_all(&self) {
        for process in self.processes() {
            signal(process.pid, rustix::process::Signal::KILL);
        }
    }

    /// Loses this share of the UDP packets that reach the node, evenly at random; 0 for none.
    ///
    /// # Errors
    /// [`LabError::Missing`] without the `nft` program.
    pub fn lose(&self, percent: u8) -> Result<()> {
        let Some(nft) = packet_filter() else {
            return if percent == 0 { Ok(()) } else { Err(no_packet_filter()) };
        };
        let _absent_at_first = self.run(&[nft, "delete", "table", "inet", "hb_lab_loss"], COMMAND_LIMIT)?;
        if percent == 0 {
            return Ok(());
        }
        let share = if percent < 100 { format!("numgen random mod 100 < {percent}") } else { String::new() };
        let rules = format!(
            "table inet hb_lab_loss {{ chain input {{ type filter hook input priority 0; \
             meta l4proto udp udp dport != {} {share} counter drop; }}; }}",
            crate::service::PORT
        );
        let told = self.run(&[nft, &rules], COMMAND_LIMIT)?;
        if told.code == 0 { Ok(()) } else { failed(format!("nft: {}", told.output)) }
    }

    /// How many packets were lost since [`Outlet::lose`] was last called with more than 0.
    ///
    /// # Errors
    /// [`LabError::Missing`] without the `nft` program; nothing is being lost.
    pub fn lost_packets(&self) -> Result<u64> {
        let nft = packet_filter().ok_or_else(no_packet_filter)?;
        let listed = self.run(&[nft, "list", "table", "inet", "hb_lab_loss"], COMMAND_LIMIT)?.output;
        let mut words = listed.split_whitespace().skip_while(|word| *word != "packets");
        match words.nth(1).and_then(|count| count.parse().ok()) {
            Some(count) => Ok(count),
            None => failed(format!("{} loses no packets: {listed}", self.name())),
        }
    }

    /// The node's network namespace.
    ///
    /// # Errors
    /// The node is off.
    pub fn network(&self) -> Result<NetNs> {
        NetNs::of_process(self.life()?.init())
    }
}

/// Removes the files below a folder and keeps its folders, as a boot finds `/run`.
fn forget(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            forget(&entry.path());
        } else {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn packet_filter() -> Option<&'static str> {
    ["/usr/sbin/nft", "/sbin/nft"].into_iter().find(|path| Path::new(path).exists())
}

fn no_packet_filter() -> LabError {
    LabError::Missing("nft (Debian package nftables)".into())
}

fn signal(pid: i32, signal: rustix::process::Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        // It may have ended since it was listed, which is as well.
        let _ = rustix::process::kill_process(pid, signal);
    }
}
