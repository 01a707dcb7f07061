//! The outage that a client sees when the machine that holds its address loses power.

use super::narrate;
use super::peers::{self, SERVICE};
use super::stats::{OURS, Report, Row};
use crate::cluster::{Cluster, Design, System, original};
use crate::error::{LabError, Result};
use crate::power::Outlet;
use crate::probe::{Outage, Probe};
use crate::wait::until;
use crate::world::{Network, World};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a takeover or a rejoin may take before the repetition counts as failed.
const LIMIT: Duration = Duration::from_secs(60);
/// The service must have answered for this long before the next blow.
const CALM: Duration = Duration::from_millis(300);
/// The original takes half a minute for each repetition: it is measured less often.
const ORIGINAL_REPEAT: u32 = 5;
/// Starts and partitions take seconds each and vary little.
const STARTS: u32 = 5;
/// See [`STARTS`].
const PARTITIONS: u32 = 5;
/// A client that did not run for this long in an outage cannot say how long it was.
const BLIND: Duration = Duration::from_millis(1);

/// How often a master is killed.
const RELEASES: u32 = 10;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Failover {
    /// Our program.
    pub program: PathBuf,
    /// Repetitions.
    pub repeat: u32,
    /// Also measure the original, where it is installed.
    pub with_original: bool,
}

/// Measures ours, keepalived, and the original.
///
/// # Errors
/// Worlds cannot be built here.
pub fn failover(options: &Failover) -> Result<Report> {
    let mut report = Report::default();
    if !crate::permit::realtime_allowed() {
        report.remarks.push("realtime scheduling is not permitted here; figures are not comparable".into());
    }
    ours(options, &mut report);
    narrate("keepalived, advert_int 0.01");
    match keepalived(options.repeat, &mut report) {
        Err(LabError::Missing(what)) => report.remarks.push(format!("{what} is not installed")),
        Err(e) => report.failures.push(format!("keepalived: {e}")),
        Ok(()) => {}
    }
    if options.with_original && original().is_some() {
        narrate("the original, keepalive 10 ms");
        if let Err(e) = original_row(&options.program, &mut report) {
            report.failures.push(format!("the original: {e}"));
        }
    }
    Ok(report)
}

/// An unprotected cluster of two with one built-in address, as fast as it is promised to be.
pub(super) fn quick_design() -> Design {
    Design {
        keepalive: Duration::from_millis(5),
        deadtime: Duration::from_millis(25),
        initdead: Duration::from_secs(10),
        realtime: true,
        haresources: format!("n1 {SERVICE}/24/eth0\n"),
        at_boot: true,
        boot: vec![peers::everywhere_by_name()],
        ..Design::default()
    }
}

fn ours(options: &Failover, report: &mut Report) {
    narrate("heartbeat, keepalive 5 ms, deadtime 25 ms");
    let design = quick_design();
    report.remarks.push(format!("heartbeat uses 2 {}, keepalived 1 network", design.medium.word()));
    let measured = Cluster::build(design, &options.program).and_then(|cluster| {
        let probe = Probe::start(cluster.world.client(), SERVICE)?;
        Ours { cluster, probe }.measure(options.repeat, report)
    });
    if let Err(e) = measured {
        report.failures.push(format!("{OURS}: {e}"));
    }
}

/// Our cluster while it is measured.
struct Ours {
    cluster: Cluster,
    probe: Probe,
}

impl Ours {
    fn measure(&self, repeat: u32, report: &mut Report) -> Result<()> {
        let starts = samples(repeat.min(STARTS), |_| self.start())?;
        report.add(Row::of("both nodes started, until the address answers", OURS, "ms", &starts));
        let off = blows(&self.cluster.world, &self.probe, repeat, &mut |_, _| self.whole());
        outages(POWER_OFF, OURS, off, report)?;
        self.whole()?;
        outages(STANDBY, OURS, seen(repeat, |round| self.standby(round)), report)?;
        let released = samples(repeat.min(RELEASES), |_| self.release())?;
        report.add(Row::of("master killed, until its address is gone", OURS, "ms", &released));
        outages(HEALED, OURS, seen(repeat.min(PARTITIONS), |_| self.partition()), report)
    }

    /// Both see each other, and no resource is on its way.
    fn whole(&self) -> Result<()> {
        until::holds(LIMIT, "the cluster to be whole", || {
            let settled = |node: &String| self.cluster.held(node).is_ok_and(|held| held != "transition");
            peers::cluster_is_ready(&self.cluster) && self.cluster.names().iter().all(settled)
        })
    }

    fn start(&self) -> Result<f64> {
        self.cluster.world.nodes().try_for_each(Outlet::switch_off)?;
        let started = Instant::now();
        self.cluster.power_on()?;
        let answered = until::some(LIMIT, "the first answer", || self.probe.first_answer(started))?;
        self.whole()?;
        Ok(milliseconds(answered - started))
    }

    fn standby(&self, round: u32) -> Result<Outage> {
        calm(&self.probe)?;
        jitter(round);
        let holder = until::some(LIMIT, "somebody to serve", || self.probe.served_by(CALM))?;
        let since = Instant::now();
        self.cluster.standby(&holder, "all")?;
        until::holds(LIMIT, "the other node to serve", || {
            self.probe.served_by(CALM).is_some_and(|server| server != holder)
        })?;
        // The next round asks the other node, which is to be done with this one.
        self.whole()?;
        Ok(self.probe.outage(since))
    }

    /// Kills the master of the node that serves, which nobody starts again, until the kernel tells
    /// that the address is gone there.
    fn release(&self) -> Result<f64> {
        calm(&self.probe)?;
        let holder = until::some(LIMIT, "somebody to serve", || self.probe.served_by(CALM))?;
        let outlet = self.cluster.world.node(&holder)?;
        let watch = outlet.watch_addresses()?;
        let killed = outlet.kill_one("master control process")?;
        let gone = watch.await_change(LIMIT, SERVICE, false, killed)?;
        drop(watch);
        outlet.switch_off()?;
        outlet.switch_on()?;
        self.whole()?;
        Ok(milliseconds(gone - killed))
    }

    /// Isolates the node that does not serve until it serves too, and heals.
    fn partition(&self) -> Result<Outage> {
        calm(&self.probe)?;
        let holder = until::some(LIMIT, "somebody to serve", || self.probe.served_by(CALM))?;
        let other = if holder == "n1" { "n2" } else { "n1" };
        let outlet = self.cluster.world.node(other)?;
        let networks = [0, 1].map(Network::Service);
        let separate = |apart| {
            networks.iter().try_for_each(|network| self.cluster.world.separate(other, *network, apart))
        };
        separate(true)?;
        until::holds(LIMIT, "both to hold the address", || outlet.holds_address(SERVICE).unwrap_or(false))?;
        let since = Instant::now();
        separate(false)?;
        until::holds(LIMIT, "exactly one to hold the address", || {
            let holds = |node: &&Outlet| node.holds_address(SERVICE).unwrap_or(false);
            self.cluster.world.nodes().filter(holds).count() == 1
        })?;
        self.whole()?;
        calm(&self.probe)?;
        Ok(self.probe.outage(since))
    }
}

fn samples(repeat: u32, mut one: impl FnMut(u32) -> Result<f64>) -> Result<Vec<f64>> {
    (0..repeat).map(&mut one).collect()
}

/// Outages that a client saw, and how many more it was too late to see.
#[derive(Default)]
struct Seen {
    outages: Vec<Outage>,
    unseen: usize,
}

/// Repeats `one` until there are enough, those not counted in which the client itself did not run; at most twice as often.
fn seen(repeat: u32, mut one: impl FnMut(u32) -> Result<Outage>) -> Result<Seen> {
    let mut seen = Seen::default();
    for round in 0..repeat.saturating_mul(2) {
        if seen.outages.len() >= repeat as usize {
            break;
        }
        let outage = one(round)?;
        if outage.blind >= BLIND {
            seen.unseen += 1;
        } else {
            seen.outages.push(outage);
        }
    }
    Ok(seen)
}

/// Adds the row of such outages.
fn outages(what: &str, system: &str, seen: Result<Seen>, report: &mut Report) -> Result<()> {
    let seen = seen?;
    let lengths: Vec<f64> = seen.outages.iter().map(|outage| milliseconds(outage.longest)).collect();
    report.add(Row::of(what, system, "ms", &lengths));
    if seen.unseen > 0 {
        let remark =
            format!("{system}, {what}: {} more not counted, the client itself was late", seen.unseen);
        report.remarks.push(remark);
    }
    Ok(())
}

const POWER_OFF: &str = "power-off of the holder, outage of an address";
const STANDBY: &str = "planned standby, outage of an address";
const HEALED: &str = "a partition heals, outage of an address";

fn keepalived(repeat: u32, report: &mut Report) -> Result<()> {
    let world = peers::keepalived()?;
    world.nodes().try_for_each(Outlet::switch_on)?;
    let probe = Probe::start(world.client(), SERVICE)?;
    let mut lives = std::collections::BTreeMap::from([("n1".to_owned(), 1), ("n2".to_owned(), 1)]);
    let samples = blows(&world, &probe, repeat, &mut |world, revived| {
        if let Some(node) = revived {
            *lives.entry(node.to_owned()).or_insert(0) += 1;
        }
        until::holds(LIMIT, "keepalived to be ready", || {
            lives.iter().all(|(node, lives)| peers::keepalived_is_ready(world, node, *lives))
        })
    });
    outages(POWER_OFF, "keepalived", samples, report)
}

fn original_row(program: &Path, report: &mut Report) -> Result<()> {
    let design = Design {
        systems: vec![System::Original; 2],
        keepalive: Duration::from_millis(10),
        deadtime: Duration::from_millis(200),
        haresources: format!("n1 IPaddr2::{SERVICE}/24/eth0\n"),
        ..quick_design()
    };
    let cluster = Cluster::build(design, program)?;
    cluster.power_on()?;
    let probe = Probe::start(cluster.world.client(), SERVICE)?;
    let samples = blows(&cluster.world, &probe, ORIGINAL_REPEAT, &mut |_, _| {
        until::holds(LIMIT, "the cluster to be whole", || {
            peers::cluster_is_ready(&cluster)
                && cluster
                    .names()
                    .iter()
                    .all(|node| cluster.held(node).is_ok_and(|held| held != "transition"))
        })
    });
    outages(POWER_OFF, "original", samples, report)
}

/// Takes the holder's power away again and again; the outage of each blow.
/// `ready` waits until the cluster is whole; it is told who has just come back.
fn blows(
    world: &World,
    probe: &Probe,
    repeat: u32,
    ready: &mut dyn FnMut(&World, Option<&str>) -> Result<()>,
) -> Result<Seen> {
    let mut revived: Option<String> = None;
    seen(repeat, |round| {
        ready(world, revived.as_deref())?;
        calm(probe)?;
        jitter(round);
        let holder = until::some(LIMIT, "somebody to serve", || probe.served_by(CALM))?;
        let since = Instant::now();
        world.node(&holder)?.pull_plug()?;
        until::holds(LIMIT, "the other node to serve", || {
            probe.served_by(CALM).is_some_and(|server| server != holder)
        })?;
        calm(probe)?;
        let outage = probe.outage(since);
        world.node(&holder)?.put_plug()?;
        revived = Some(holder);
        Ok(outage)
    })
}

/// Waits until a client saw no outage for a while.
fn calm(probe: &Probe) -> Result<()> {
    until::holds(LIMIT, "a calm service", || {
        let since = Instant::now();
        std::thread::sleep(CALM);
        let seen = probe.outage(since);
        !seen.lasting && seen.answered > 0 && seen.longest < Duration::from_millis(20)
    })
}

/// Blows must not keep step with anybody's heartbeat.
fn jitter(round: u32) {
    let micros = u64::from(round).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 49;
    std::thread::sleep(Duration::from_micros(micros));
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
