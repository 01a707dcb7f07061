//! hb-node: a node with the configuration that the bytes are, whose executor answers as they say.

use hb_base::{CallId, Instant, NodeName, WallTime};
use hb_bzip2::BZIP2;
use hb_cluster::Stored;
use hb_config::{Config, Files, HostFacts, check};
use hb_lrm::{Action, Operation, Outcome};
use hb_node::{ExecutorEvent, FencerEvent, Input, Live, Node, Options, Output};
use std::collections::BTreeSet;
use std::time::Duration;

const HA_CF: &[u8] = b"node paul silas\nbcast eth0\nauto_failback off\nlogfacility daemon\ndeadtime 2\n";
const AUTHKEYS: &[u8] = b"auth 1\n1 sha1 secret\n";
/// Lines of haresources that are worth running; more only repeat.
const GROUPS_MAX: usize = 8;
/// Timers before the node counts as settled, and before an orderly end counts as stuck.
const ROUNDS: usize = 400;

fn configuration(ha_cf: &[u8], haresources: &[u8]) -> Option<Config> {
    let files = Files {
        ha_cf: Some(ha_cf),
        authkeys: Some(AUTHKEYS),
        authkeys_mode: Some(0o600),
        haresources: Some(haresources),
    };
    check(&files, &HostFacts::unknown("paul")).0
}

fn paul() -> NodeName {
    NodeName::new("paul").expect("a good name")
}

struct World<'a> {
    node: Node,
    now: Instant,
    /// Decides how operations end, one bit each; all well when they are used up.
    luck: core::iter::Cycle<core::slice::Iter<'a, u8>>,
    unlucky: usize,
    busy: BTreeSet<String>,
    calls: BTreeSet<CallId>,
    /// Resources that run, or may run.
    active: BTreeSet<String>,
    exit: Option<bool>,
}

impl<'a> World<'a> {
    fn new(config: &Config, luck: &'a [u8]) -> World<'a> {
        let options = Options::from_config(config, &paul(), &BZIP2).expect("the keys are good");
        let mut world = World {
            node: Node::new(options),
            now: Instant::from_millis(1_000),
            luck: luck.iter().cycle(),
            unlucky: luck.len().min(40),
            busy: BTreeSet::new(),
            calls: BTreeSet::new(),
            active: BTreeSet::new(),
            exit: None,
        };
        let wall = WallTime::from_unix_millis(1_800_000_000_000);
        world.input(Input::Start { stored: Stored::default(), entropy: 7, wall });
        world.input(Input::Executor(ExecutorEvent::Up { active: Vec::new() }));
        world.input(Input::Fencer(FencerEvent::Up));
        world
    }

    fn input(&mut self, input: Input) {
        self.node.handle(self.now, input);
        while let Some(output) = self.node.poll() {
            match output {
                Output::Execute { call, operation } => self.execute(call, &operation),
                Output::FenceOp { call, .. } => {
                    let outcome = if self.lucky() { Outcome::Ok } else { Outcome::TimedOut };
                    self.input(Input::Fencer(FencerEvent::Executed { call, outcome }));
                }
                Output::Persist { token, .. } => self.input(Input::Persisted(token)),
                Output::Drain { medium, token } => self.input(Input::Drained { medium, token }),
                Output::Exit { restart } => self.exit = Some(restart),
                _ => {}
            }
        }
    }

    fn lucky(&mut self) -> bool {
        if self.unlucky == 0 {
            return true;
        }
        self.unlucky -= 1;
        self.luck.next().is_none_or(|byte| !byte.is_multiple_of(3))
    }

    /// Runs it at once; a slow executor is the business of other targets.
    fn execute(&mut self, call: CallId, operation: &Operation) {
        assert!(self.calls.insert(call), "{call:?} is used twice");
        let id = operation.resource.id.clone();
        assert!(self.busy.insert(id.clone()), "two at once on {id}");
        let runs = self.active.contains(&id);
        let lucky = self.lucky();
        let outcome = match operation.action {
            Action::Start => {
                self.active.insert(id.clone());
                if lucky { Outcome::Ok } else { Outcome::Failed { rc: Some(1), reason: "no".into() } }
            }
            Action::Stop if lucky => {
                self.active.remove(&id);
                Outcome::Ok
            }
            Action::Stop => Outcome::TimedOut,
            Action::Status if runs => Outcome::Running,
            Action::Status => Outcome::NotRunning,
        };
        self.busy.remove(&id);
        self.input(Input::Executor(ExecutorEvent::Ran { call, outcome }));
    }

    /// Lets time go on, from deadline to deadline, until `done`. Whether it came.
    fn until(&mut self, done: impl Fn(&World<'_>) -> bool) -> bool {
        for _ in 0..ROUNDS {
            if done(self) {
                return true;
            }
            let Some(at) = self.node.deadline() else { return false };
            self.now = self.now.max(at);
            self.input(Input::Timer);
        }
        done(self)
    }
}

/// `haresources`, and behind the first NUL how the executor's operations end: a node that is alone takes what is its
/// own and the other's, and an orderly end leaves nothing running.
pub fn haresources(bytes: &[u8]) {
    let (text, luck) = cut(bytes);
    let Some(config) = configuration(HA_CF, text) else { return };
    if config.haresources.groups.len() > GROUPS_MAX {
        return;
    }
    let mut world = World::new(&config, luck);
    let settled = |world: &World<'_>| world.node.view().classic().is_some_and(|view| view.stable);
    world.until(settled);
    world.input(Input::Terminate);
    if world.until(|world| world.exit.is_some()) {
        let left: Vec<&String> = world.active.iter().collect();
        assert!(left.is_empty(), "left running: {left:?}");
    } else {
        // Only a resource that will not stop may keep it.
        let view = world.node.view();
        let blocked = view.classic().is_some_and(|view| view.groups.iter().any(|group| group.is_blocked()));
        assert!(blocked || world.unlucky > 0, "it does not leave");
    }
}

/// Two `ha.cf` with a NUL between them: whatever of the second may change while the first runs is taken by the
/// machines, and the way back is open too.
pub fn reload(bytes: &[u8]) {
    let (old, new) = cut(bytes);
    let (Some(old), Some(new)) = (configuration(old, b""), configuration(new, b"")) else { return };
    let there = hb_config::reload(&old, &new);
    let back = hb_config::reload(&new, &old);
    assert_eq!(there.is_ok(), back.is_ok(), "{there:?} {back:?}");
    let (Ok(there), Ok(back)) = (there, back) else { return };
    assert_eq!(there, back);
    let mut world = World::new(&old, &[]);
    for (config, changes) in [(&new, &there), (&old, &back)] {
        let live = Live::from_changes(config, changes, &BZIP2).expect("the keys are good");
        world.input(Input::Reload(Box::new(live)));
        let wanted = Options::from_config(config, &paul(), &BZIP2).expect("the keys are good");
        let view = world.node.view();
        let timing = &view.cluster().options().timing;
        assert_eq!(format!("{timing:?}"), format!("{:?}", wanted.cluster.timing));
        let kinds = hb_stonith::Device::usable_by(&paul(), &wanted.stonith.lines);
        assert_eq!(view.stonith().device, kinds.last());
        for _ in 0..20 {
            let Some(at) = world.node.deadline() else { break };
            world.now = (world.now + Duration::from_millis(1)).max(at);
            world.input(Input::Timer);
        }
    }
}

fn cut(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}
