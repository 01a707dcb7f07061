//! What programs on the same machine can do to a node.

use super::{Pair, Set, Stage, Template, ensure};
use crate::cluster::{Cluster, Design};
use crate::error::{Result, failed};
use crate::wait::until;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// How hard and how long the logging daemon is flooded.
const FLOOD: &[&str] = &["debug", "log", "--rate", "100000", "--seconds", "10"];

pub(super) const TEMPLATES: &[Template] = &[Template {
    name: "log-flood",
    about: "100,000 lines a second for ten seconds: lateness with and without; every line is written or counted",
    pairs: &[(Pair::Ours, Set::All)],
    run: flood,
}];

/// The master's wake-ups, in microseconds: p50, p99, the greatest.
fn lateness(cluster: &Cluster, when: &str) -> Result<()> {
    let status = cluster.document("n1", "status")?;
    println!("log-flood: lateness of wake-ups {when}: {} us", status["lateness_us"]);
    Ok(())
}

fn deaths(cluster: &Cluster) -> Result<u64> {
    let links = cluster.document("n2", "links")?;
    Ok(links.as_array().into_iter().flatten().filter_map(|link| link["deaths"].as_u64()).sum())
}

fn flood(stage: &Stage) -> Result<()> {
    // As a node runs where that is allowed: what is not, is measured as it is.
    let realtime = crate::permit::realtime_allowed();
    let (keepalive, deadtime) = (Duration::from_millis(50), Duration::from_secs(1));
    let cluster = stage.cluster(Design { keepalive, deadtime, realtime, ..Design::default() })?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    let before = deaths(&cluster)?;
    // As long without a flood as with it.
    std::thread::sleep(Duration::from_secs(10));
    lateness(&cluster, "without the flood")?;
    let told = cluster.command("n1", FLOOD)?;
    println!("log-flood: {}", told.output.trim());
    lateness(&cluster, "with the flood")?;
    ensure!(told.code == 0, "the flood failed: {}", told.output);
    let after = deaths(&cluster)?;
    ensure!(before == after, "links to n1 died of the flood: {before}, {after}");
    let Some(sent) = told.output.split_whitespace().nth(1).and_then(|n| n.trim_end_matches(',').parse().ok())
    else {
        return failed(format!("no number in {}", told.output));
    };
    every_line(&cluster, sent)
}

/// Each line that the daemon took is in the file, or in a count of those that are not.
fn every_line(cluster: &Cluster, sent: u64) -> Result<()> {
    let mut seen = (0, 0);
    let all = until::holds(LIMIT, "every line to be written or counted", || {
        let log = std::fs::read_to_string(cluster.world.node_dir("n1").join("ha-log")).unwrap_or_default();
        let written = log.lines().filter(|line| line.contains(" flood: [")).count() as u64;
        let count = |line: &str| line.split("WARN: ").nth(1)?.split(' ').next()?.parse::<u64>().ok();
        let dropped =
            log.lines().filter(|line| line.contains("[log_lines_dropped]")).filter_map(count).sum::<u64>();
        seen = (written, dropped);
        written + dropped >= sent
    });
    println!("log-flood: of {sent} lines {} are written, {} counted as dropped", seen.0, seen.1);
    all
}
