//! What happens to a node of ours when one of its processes, or all of them, are disturbed.

use super::{Pair, Set, Stage, Template, ensure};
use crate::cluster::{Cluster, Design};
use crate::error::{LabError, Result};
use crate::power::Outlet;
use crate::probe::Probe;
use crate::proc::Process;
use crate::wait::until;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
/// How long the processors are kept busy; the variable sets another number of seconds.
const BUSY: (&str, u64) = ("HB_BUSY_SECONDS", 600);
pub(super) const SERVICE: std::net::Ipv4Addr = std::net::Ipv4Addr::new(10, 99, 0, 100);

const GATE: &[(Pair, Set)] = &[(Pair::Ours, Set::Gate)];
const LONG: &[(Pair, Set)] = &[(Pair::Ours, Set::All)];

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        name: "process-titles",
        about: "2n + 2 messaging processes with the original's titles, media children without rights",
        pairs: GATE,
        run: titles,
    },
    Template {
        name: "media-child-killed",
        about: "a killed reader or writer is replaced, and nobody dies of it",
        pairs: GATE,
        run: child_killed,
    },
    Template {
        name: "writer-stuck",
        about: "a writer that hangs delays neither the master nor the other network",
        pairs: GATE,
        run: writer_stuck,
    },
    Template {
        name: "master-killed",
        about: "without a master the node lets go of its addresses, and the other takes them",
        pairs: GATE,
        run: master_killed,
    },
    Template {
        name: "frozen-unprotected",
        about: "a node that was frozen beyond the dead time declares nobody dead, and one holder remains",
        pairs: GATE,
        run: frozen_unprotected,
    },
    Template {
        name: "start-failure",
        about: "a group that does not start here is started by the other",
        pairs: LONG,
        run: start_failure,
    },
    Template {
        name: "stop-failure",
        about: "what does not stop is not started elsewhere",
        pairs: LONG,
        run: stop_failure,
    },
    Template {
        name: "busy-processors",
        about: "5 ms heartbeats, 25 ms dead time, every processor busy: no false takeover",
        pairs: LONG,
        run: busy,
    },
];

/// A cluster that has formed.
pub(super) fn whole(stage: &Stage, design: Design) -> Result<Cluster> {
    let cluster = stage.cluster(design)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    Ok(cluster)
}

fn titled(outlet: &Outlet, title: &str) -> Option<Process> {
    outlet.processes().into_iter().find(|process| process.title.contains(title))
}

fn titles(stage: &Stage) -> Result<()> {
    let cluster = whole(stage, Design::default())?;
    let outlet = cluster.world.node("n1")?;
    for title in [
        "master control process",
        "FIFO reader",
        "write: ucast eth0",
        "read: ucast eth0",
        "write: ucast eth1",
        "read: ucast eth1",
    ] {
        let found = outlet.processes().iter().filter(|process| process.title.contains(title)).count();
        ensure!(found == 1, "{found} processes are titled {title}: {:?}", outlet.processes());
    }
    if rustix::process::getuid().is_root() {
        for title in ["write: ucast eth0", "read: ucast eth0"] {
            let pid = titled(outlet, title).map_or(0, |process| process.pid);
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let privileged = status.lines().any(|line| line.starts_with("Uid:\t0\t"));
            // In a user namespace there is nobody else to be.
            let alone =
                std::fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| !map.contains("4294967295"));
            ensure!(alone || !privileged, "{title} runs as root");
        }
    }
    Ok(())
}

/// How often the links to the other node died for `node`, the steadiest link counted: as long as
/// that does not change, the other node cannot have been dead.
fn least_deaths(cluster: &Cluster, node: &str) -> Result<u64> {
    let nodes = cluster.document(node, "nodes")?;
    let other = nodes.as_array().into_iter().flatten().find(|one| one["name"] != node);
    let links = other.and_then(|other| other["links"].as_array()).into_iter().flatten();
    match links.filter_map(|link| link["deaths"].as_u64()).min() {
        Some(deaths) => Ok(deaths),
        None => crate::error::failed(format!("{node} knows no link to anybody: {nodes}")),
    }
}

fn child_killed(stage: &Stage) -> Result<()> {
    let cluster = whole(stage, Design::default())?;
    let (before, outlet) = (least_deaths(&cluster, "n2")?, cluster.world.node("n1")?);
    for title in ["read: ucast eth0", "write: ucast eth0", "FIFO reader"] {
        let Some(old) = titled(outlet, title) else {
            return crate::error::failed(format!("no process is titled {title}"));
        };
        ensure!(outlet.kill_titled(title) == 1, "{title} could not be killed");
        until::holds(LIMIT, &format!("a new {title}"), || {
            titled(outlet, title).is_some_and(|new| new.pid != old.pid && new.state != 'Z')
        })?;
    }
    for (node, peer) in [("n1", "n2"), ("n2", "n1")] {
        cluster.await_answer(LIMIT, "up", "the link eth0", || cluster.link_of(node, peer, "eth0"))?;
    }
    let after = least_deaths(&cluster, "n2")?;
    ensure!(before == after, "every link to n1 died: {before}, {after}");
    Ok(())
}

fn writer_stuck(stage: &Stage) -> Result<()> {
    let design = Design { haresources: "n1 LabRsc::a\n".into(), ..Design::default() };
    let cluster = whole(stage, design)?;
    cluster.await_runs(LIMIT, "a", &["n1"])?;
    cluster.await_held(LIMIT, "n2", "local")?;
    let (before, outlet) = (least_deaths(&cluster, "n2")?, cluster.world.node("n1")?);
    ensure!(outlet.stop_titled("write: ucast eth0") == 1, "there is no writer for eth0");
    cluster.standby("n1", "all")?;
    cluster.await_runs(LIMIT, "a", &["n2"])?;
    outlet.thaw();
    cluster.await_answer(LIMIT, "up", "the link eth0", || cluster.link_of("n2", "n1", "eth0"))?;
    let after = least_deaths(&cluster, "n2")?;
    ensure!(before == after, "every link to n1 died: {before}, {after}");
    Ok(())
}

/// A quick cluster without fencing that keeps one built-in address, and a client that asks there.
pub(super) fn addressed(stage: &Stage) -> Result<(Cluster, Probe)> {
    let design = Design {
        haresources: format!("n1 {SERVICE}/24/eth0\n"),
        boot: vec![crate::bench::everywhere_by_name()],
        ..Design::default()
    };
    let cluster = whole(stage, design)?;
    let probe = Probe::start(cluster.world.client(), SERVICE)?;
    let served = || probe.served_by(Duration::from_millis(200)).as_deref() == Some("n1");
    until::holds(LIMIT, "n1 to serve", served)?;
    Ok((cluster, probe))
}

fn master_killed(stage: &Stage) -> Result<()> {
    let (cluster, probe) = addressed(stage)?;
    let outlet = cluster.world.node("n1")?;
    ensure!(outlet.holds_address(SERVICE)?, "n1 serves and does not hold the address");
    let killed = Instant::now();
    ensure!(outlet.kill_titled("master control process") == 1, "n1 runs no master");
    until::holds(LIMIT, "n1 to let go of the address", || {
        outlet.holds_address(SERVICE).is_ok_and(|held| !held)
    })?;
    until::holds(LIMIT, "somebody to serve", || {
        probe.first_answer(killed + cluster.design.deadtime).is_some()
    })?;
    let both = ["n1", "n2"].iter().filter(|node| {
        cluster.world.node(node).and_then(|outlet| outlet.holds_address(SERVICE)).unwrap_or(false)
    });
    ensure!(both.count() == 1, "the address is not on exactly one node");
    Ok(())
}

fn frozen_unprotected(stage: &Stage) -> Result<()> {
    let design = Design { haresources: "n1 LabRsc::a\n".into(), ..Design::default() };
    let cluster = whole(stage, design)?;
    cluster.await_runs(LIMIT, "a", &["n1"])?;
    cluster.await_held(LIMIT, "n2", "local")?;
    let (before, outlet) = (least_deaths(&cluster, "n1")?, cluster.world.node("n1")?);
    outlet.freeze()?;
    until::holds(LIMIT, "n2 to take over", || cluster.runs("n2", "a"))?;
    outlet.thaw();
    until::holds(LIMIT, "exactly one holder that both agree on", || {
        let holders = cluster.names().iter().filter(|node| cluster.runs(node, "a")).count();
        let settled = |node: &str| cluster.held(node).is_ok_and(|held| held != "transition");
        holders == 1 && settled("n1") && settled("n2")
    })?;
    cluster.await_formed(LIMIT)?;
    let after = least_deaths(&cluster, "n1")?;
    ensure!(before == after, "after its own pause n1 found n2 dead");
    Ok(())
}

fn start_failure(stage: &Stage) -> Result<()> {
    let design = Design { haresources: "n1 LabRsc::a LabRsc::b\n".into(), ..Design::default() };
    let cluster = stage.cluster(design)?;
    cluster.fail("n1", "b", "start")?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    cluster.await_runs(LIMIT * 2, "b", &["n2"])?;
    cluster.await_runs(LIMIT, "a", &["n2"])
}

fn stop_failure(stage: &Stage) -> Result<()> {
    let design = Design { haresources: "n1 LabRsc::a\n".into(), ..Design::default() };
    let cluster = whole(stage, design)?;
    cluster.await_runs(LIMIT, "a", &["n1"])?;
    cluster.await_held(LIMIT, "n2", "local")?;
    cluster.fail("n1", "a", "stop")?;
    let before = cluster.events()?.len();
    // Whether the request is refused at once or fails later is not what this is about.
    let _refused = cluster.standby("n1", "all");
    until::holds(LIMIT, "two attempts to stop", || {
        let events = cluster.events().unwrap_or_default();
        events.iter().skip(before).filter(|event| *event == "n1 stop a").count() >= 2
    })?;
    ensure!(cluster.runs("n1", "a"), "it stopped after all");
    ensure!(!cluster.runs("n2", "a"), "started elsewhere while it runs");
    Ok(())
}

fn busy(stage: &Stage) -> Result<()> {
    if !crate::permit::realtime_allowed() {
        return Err(LabError::Missing("permission for realtime scheduling".into()));
    }
    let seconds = std::env::var(BUSY.0).ok().and_then(|text| text.parse().ok()).unwrap_or(BUSY.1);
    let design = Design {
        keepalive: Duration::from_millis(5),
        deadtime: Duration::from_millis(25),
        realtime: true,
        haresources: "n1 LabRsc::a\n".into(),
        ..Design::default()
    };
    let cluster = whole(stage, design)?;
    cluster.await_runs(LIMIT, "a", &["n1"])?;
    cluster.await_held(LIMIT, "n2", "local")?;
    let before = (least_deaths(&cluster, "n1")?, least_deaths(&cluster, "n2")?);
    let done = AtomicBool::new(false);
    let spinners = std::thread::available_parallelism().map_or(2, |n| n.get() * 2);
    std::thread::scope(|scope| {
        for _ in 0..spinners {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        std::thread::sleep(Duration::from_secs(seconds));
        done.store(true, Ordering::Relaxed);
    });
    let after = (least_deaths(&cluster, "n1")?, least_deaths(&cluster, "n2")?);
    ensure!(before == after, "a false death: {before:?}, {after:?}{}", cluster.tails());
    ensure!(!cluster.runs("n2", "a"), "a false takeover");
    Ok(())
}
