//! What a node costs that has nothing to do: processor and memory of all its processes together.

use super::failover::quick_design;
use super::narrate;
use super::peers;
use super::stats::{OURS, Report, Row};
use crate::cluster::{Cluster, Design, Medium, System, original};
use crate::error::{LabError, Result};
use crate::power::Outlet;
use crate::proc;
use crate::wait::until;
use crate::world::World;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(90);
const MEBIBYTE: f64 = 1_048_576.0;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Idle {
    /// Our program.
    pub program: PathBuf,
    /// For how long each row is measured.
    pub span: Duration,
    /// Also measure the original, where it is installed.
    pub with_original: bool,
}

/// Measures ours at 5 ms and 100 ms over two media of two kinds, keepalived at 10 ms over one network and the original
/// at 10 ms over two.
///
/// # Errors
/// Worlds cannot be built here.
pub fn idle(options: &Idle) -> Result<Report> {
    let mut report = Report::default();
    let settings = [(5, 25), (100, 500)].map(|timing| [(timing, Medium::Ucast), (timing, Medium::Bcast)]);
    for ((keepalive, deadtime), medium) in settings.into_iter().flatten() {
        let name = format!("{keepalive} ms, 2 {}", medium.word());
        narrate(&format!("heartbeat, keepalive {name}"));
        let design = Design {
            medium,
            keepalive: Duration::from_millis(keepalive),
            deadtime: Duration::from_millis(deadtime),
            boot: Vec::new(),
            ..quick_design()
        };
        cluster_rows(options, design, OURS, &name, &mut report);
    }
    narrate("keepalived, advert_int 0.01");
    match peers::keepalived() {
        Err(LabError::Missing(what)) => report.remarks.push(format!("{what} is not installed")),
        Err(e) => report.failures.push(format!("keepalived: {e}")),
        Ok(world) => {
            let measured = world.nodes().try_for_each(Outlet::switch_on).and_then(|()| {
                let ready = || ["n1", "n2"].iter().all(|n| peers::keepalived_is_ready(&world, n, 1));
                until::holds(LIMIT, "keepalived to be ready", ready)
            });
            if let Err(e) = measured {
                report.failures.push(format!("keepalived: {e}"));
            }
            rows(&world, options.span, "keepalived", "10 ms, 1 network", &mut report);
        }
    }
    if options.with_original && original().is_some() {
        narrate("the original, keepalive 10 ms");
        let design = Design {
            systems: vec![System::Original; 2],
            keepalive: Duration::from_millis(10),
            deadtime: Duration::from_millis(200),
            haresources: String::new(),
            boot: Vec::new(),
            ..quick_design()
        };
        let name = format!("10 ms, 2 {}", design.medium.word());
        cluster_rows(options, design, "original", &name, &mut report);
    }
    Ok(report)
}

fn cluster_rows(options: &Idle, design: Design, system: &str, name: &str, report: &mut Report) {
    let whole = || -> Result<Cluster> {
        let cluster = Cluster::build(design, &options.program)?;
        cluster.power_on()?;
        until::holds(LIMIT, "the cluster to be whole", || peers::cluster_is_ready(&cluster))?;
        Ok(cluster)
    };
    match whole() {
        Ok(cluster) => rows(&cluster.world, options.span, system, name, report),
        Err(e) => report.failures.push(format!("{system}: {e}")),
    }
}

/// One sample a node.
fn rows(world: &World, span: Duration, system: &str, name: &str, report: &mut Report) {
    let busy = |outlet: &Outlet| -> Duration {
        // The service that probes ask is not part of what is measured.
        let theirs = outlet.processes().into_iter().filter(|p| !p.title.contains(crate::FLAG));
        theirs.map(|process| process.busy).sum()
    };
    let before: Vec<Duration> = world.nodes().map(busy).collect();
    let started = Instant::now();
    std::thread::sleep(span);
    let elapsed = started.elapsed().as_secs_f64();
    let after = world.nodes().map(busy);
    let percent: Vec<f64> = after
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before).as_secs_f64() / elapsed * 100.0)
        .collect();
    report.add(Row::of(&format!("idle at {name}, processor"), system, "% of core", &percent));
    let memory: Vec<f64> = world
        .nodes()
        .map(|outlet| {
            let theirs = outlet.processes().into_iter().filter(|p| !p.title.contains(crate::FLAG));
            theirs.filter_map(|process| proc::proportional_bytes(process.pid)).sum::<u64>() as f64 / MEBIBYTE
        })
        .collect();
    report.add(Row::of(&format!("idle at {name}, memory"), system, "MiB", &memory));
    let count: Vec<f64> = world
        .nodes()
        .map(|outlet| {
            outlet.processes().iter().filter(|process| !process.title.contains(crate::FLAG)).count() as f64
        })
        .collect();
    report.add(Row::of(&format!("idle at {name}, processes"), system, "processes", &count));
}
