//! The master control process: opens the media, starts the children, runs `hb-node`.

mod api;
mod carry;
mod events;
mod executors;
mod journal;
mod loading;
mod parcels;
mod persist;
mod places;
mod posts;
mod recorder;
mod reload;
mod worker;

use crate::cli::Places;
use crate::control::Server;
use crate::load;
use crate::roles::durable;
use hb_base::{ClientId, NodeName};
use hb_bzip2::BZIP2;
use hb_config::{Code, Config, Diagnostic};
use hb_node::{Input, Node};
use hb_runtime::{Class, EventLoop, Interest, Realtime, RealtimeReport, clock};
use hb_store::Store;
use journal::Journal;
pub(crate) use places::{make_run_dir, pid_file};
use posts::{Posts, Realtimes};
use std::path::PathBuf;
use std::process::ExitCode;
use worker::Post;

/// Priority of the master; its children run one below.
const MASTER_PRIORITY: u8 = 50;
/// What `ps` shows.
const TITLE: &str = "heartbeat: master control process";

/// Whose event it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Key {
    /// A child's channel.
    Channel(Post),
    /// A child's end.
    Exit(Post),
    /// A new connection.
    Listener,
    /// A connection.
    Client(ClientId),
    /// The child that reads the configuration speaks.
    Loader,
    /// It ended.
    LoaderExit,
    /// A new connection of the Heartbeat API.
    ApiListener,
    /// A connection of the Heartbeat API.
    ApiClient(ClientId),
}

/// The master.
pub(crate) struct Master {
    pub(crate) places: Places,
    pub(crate) own: NodeName,
    pub(crate) config: Config,
    pub(crate) codec: hb_wire::Codec,
    pub(crate) node: Node,
    pub(crate) posts: Posts,
    pub(crate) control: Server,
    pub(crate) api: api::Api,
    persisting: persist::Persisting,
    pub(crate) journal: Journal,
    pub(crate) realtime: RealtimeReport,
    loading: loading::Loading,
    pub(crate) media: Vec<String>,
    /// What the check of the configuration had to say, line by line.
    pub(crate) warnings: Vec<String>,
    /// The directives among it that have no effect in this version.
    pub(crate) not_yet: Vec<String>,
    /// Words of executors' notices seen so far.
    pub(crate) words: hb_lrm::channel::Words,
    /// One for each writer.
    parcels: Vec<parcels::Parcel>,
    /// When the wall clock and the load are read next.
    pub(crate) environment_due: hb_base::Instant,
    pub(crate) events: EventLoop<Key>,
    /// Set when everything is over: start again?
    pub(crate) exit: Option<bool>,
    pid_file: PathBuf,
}

/// Runs a node until it is told to leave. Without `resources` it carries messages and nothing else.
pub(crate) fn run(places: &Places, resources: bool) -> ExitCode {
    if let Err(why) = take_title() {
        eprintln!("heartbeat: error: {why}");
        return ExitCode::FAILURE;
    }
    let (config, diagnostics) = load::check(places);
    for diagnostic in &diagnostics {
        eprintln!("{diagnostic}");
    }
    let Some(config) = config else { return ExitCode::from(2) };
    loop {
        match Master::start(places.clone(), config.clone(), &diagnostics, resources).and_then(Master::serve) {
            Ok(false) => return ExitCode::SUCCESS,
            Ok(true) => {}
            Err(why) => {
                eprintln!("heartbeat: error: {why}");
                return ExitCode::FAILURE;
            }
        }
    }
}

impl Master {
    fn start(
        places: Places,
        config: Config,
        diagnostics: &[Diagnostic],
        resources: bool,
    ) -> Result<Master, String> {
        let own = NodeName::new(&load::node_name(&places)).ok_or("the host name cannot be a node's name")?;
        places::make_run_dir(&places.run_dir)?;
        let mut events = EventLoop::new().map_err(|e| format!("no event loop: {e}"))?;
        events.take_signals().map_err(|e| format!("no signals: {e}"))?;
        // First of all, because a second node on the same run folder must not touch anything.
        let control = Server::bind(&places.run_dir)?;
        events
            .add(control.listener(), Key::Listener, Class::Clients, Interest::Read)
            .map_err(|e| format!("control socket: {e}"))?;
        let mut options = hb_node::Options::from_config(&config, &own, &BZIP2).map_err(|e| e.to_string())?;
        options.session = load::session_options(&config, &own);
        if !resources {
            options.classic = None;
            options.cluster.manages_resources = false;
        }
        let timing = options.cluster.timing.clone();
        events.set_stall_bound(timing.stall_bound);
        let codec = options.codec.clone();
        let realtime_wish = realtime(&config);
        let posts = Posts::new(&places, &config, &own, children_realtime(realtime_wish))?;
        let pid_file = places::pid_file(&places.run_dir);
        std::fs::write(&pid_file, format!("{}\n", std::process::id()))
            .map_err(|e| format!("{}: {e}", pid_file.display()))?;
        let media = load::media_words(&config.ha_cf);
        let parcels = posts.writers.iter().map(|_| parcels::Parcel::default()).collect();
        let mut master = Master {
            parcels,
            places,
            own,
            config,
            codec,
            node: Node::new(options),
            posts,
            control,
            api: api::Api::default(),
            persisting: persist::Persisting::default(),
            journal: Journal::default(),
            realtime: RealtimeReport::default(),
            loading: loading::Loading::default(),
            media,
            warnings: diagnostics.iter().map(ToString::to_string).collect(),
            not_yet: not_yet(diagnostics),
            words: hb_lrm::channel::Words::default(),
            environment_due: hb_base::Instant::ZERO,
            events,
            exit: None,
            pid_file,
        };
        master.begin(realtime_wish)?;
        Ok(master)
    }

    fn begin(&mut self, realtime: Realtime) -> Result<(), String> {
        hb_logd::recorder::dump_on_panic(&self.places.state_dir.join(recorder::FILE));
        let now = clock::monotonic();
        self.posts.start_all(now, &mut self.events)?;
        self.realtime = realtime.apply(true);
        let store = Store::open(&self.places.state_dir).map_err(|e| e.to_string())?;
        let stored = durable::read(&store).map_err(|e| e.to_string())?;
        let entropy = getrandom::u64().map_err(|e| format!("no random numbers: {e}"))?;
        let wall = clock::wall();
        self.node.handle(now, Input::Scripts(posts::rc_scripts(&self.places.config_dir)));
        self.node.handle(now, Input::Start { stored, entropy, wall });
        self.say_start();
        self.carry_out(now);
        Ok(())
    }

    /// The marker lines of the original, and what everybody should know about this start.
    fn say_start(&mut self) {
        let version = env!("CARGO_PKG_VERSION");
        let mode = match self.config.ha_cf.stonith_for(&self.own) {
            Some(_) => "fenced: nothing is taken over before the device confirmed that the other node is off",
            None => {
                "unprotected: no fencing device is configured; in a partition both sides may run the same \
                 resources"
            }
        };
        let lines = [
            "**************************".to_owned(),
            format!("Configuration validated. Starting heartbeat {version}"),
            format!("mode {mode}"),
            format!(
                "realtime scheduling: {}; locked memory: {}",
                self.realtime.scheduling, self.realtime.memory
            ),
        ];
        for line in lines {
            self.journal.line(hb_base::Severity::Info, &line, &self.posts.logd);
        }
        for line in &self.warnings {
            self.journal.line(hb_base::Severity::Warning, line, &self.posts.logd);
        }
    }
}

/// Runs this program again under the original's title, unless it has it already: `ps` and scripts look for it.
fn take_title() -> Result<(), String> {
    use std::os::unix::process::CommandExt;
    let mut arguments = std::env::args_os();
    if arguments.next().is_some_and(|title| title == TITLE) {
        return Ok(());
    }
    let error = std::process::Command::new("/proc/self/exe").arg0(TITLE).args(arguments).exec();
    Err(format!("cannot take the title `{TITLE}`: {error}"))
}

impl Drop for Master {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.pid_file);
    }
}

/// The directives that are configured and have no effect: the first word in back-quotes of each such complaint.
fn not_yet(diagnostics: &[Diagnostic]) -> Vec<String> {
    let of = |d: &Diagnostic| d.message.split('`').nth(1).map(str::to_owned);
    diagnostics.iter().filter(|d| d.code == Code::NotYet).filter_map(of).collect()
}

fn realtime(config: &Config) -> Realtime {
    let process = &config.ha_cf.process;
    if !process.realtime.value {
        return Realtime::OFF;
    }
    let usual = Realtime::master(process.rtprio.as_ref().map_or(MASTER_PRIORITY, |p| p.value));
    if !process.memreserve_kb.is_written() {
        return usual;
    }
    let kilobytes = usize::try_from(process.memreserve_kb.value).unwrap_or(usize::MAX);
    Realtime { heap_bytes: kilobytes.saturating_mul(1024), ..usual }
}

/// Each below those that it must not delay: master, readers and writers, resource executor.
fn children_realtime(master: Realtime) -> Realtimes {
    let below = |steps: u8| master.priority.map(|priority| priority.saturating_sub(steps).max(1));
    Realtimes {
        movers: below(1).map_or(Realtime::OFF, Realtime::mover),
        lrmd: below(2).map_or(Realtime::OFF, Realtime::executor),
    }
}
