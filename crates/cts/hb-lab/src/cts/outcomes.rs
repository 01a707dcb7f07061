//! The outcome table of the resource manager: what users see after each event, for every value of
//! `auto_failback`. The original passes the same scenarios, which proves them.

use super::{Pair, Set, Stage, Template, ensure};
use crate::cluster::{Cluster, Design, System};
use crate::error::Result;
use crate::wait::until;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// Ours at every change; the original and mixed pairs when everything runs.
const MAIN: &[(Pair, Set)] = &[
    (Pair::Ours, Set::Gate),
    (Pair::Original, Set::All),
    (Pair::Mixed, Set::All),
    (Pair::Reversed, Set::All),
];
const LONG: &[(Pair, Set)] = &[
    (Pair::Ours, Set::All),
    (Pair::Original, Set::All),
    (Pair::Mixed, Set::All),
    (Pair::Reversed, Set::All),
];

macro_rules! rows {
    ($($name:literal, $about:literal, $pairs:ident, $failback:literal, $run:path;)+) => {
        &[$(Template {
            name: $name,
            about: $about,
            pairs: $pairs,
            run: |stage| with(stage, $failback, $run),
        }),+]
    };
}

pub(super) const TEMPLATES: &[Template] = rows! {
    "boot-off", "both boot together: each starts its own", MAIN, "off", boot;
    "boot-on", "both boot together: each starts its own", LONG, "on", boot;
    "boot-legacy", "both boot together: each starts its own", LONG, "legacy", boot;
    "crash-off", "a crash moves everything, and a rejoin moves nothing", MAIN, "off", crash_off;
    "crash-on", "a crash moves everything, and a rejoin moves it back", LONG, "on", crash_on;
    "crash-legacy", "a crash moves everything, and a rejoin takes it back", LONG, "legacy", crash_legacy;
    "standby-off", "standby all, foreign and local, as the table says", MAIN, "off", standby;
    "standby-on", "standby all, foreign and local, as the table says", LONG, "on", standby;
    "standby-swapped", "standby local on a node that holds everything", LONG, "off", swapped;
    "standby-legacy", "standby is ignored", LONG, "legacy", standby_ignored;
    "takeover-off", "takeover all, local and foreign, as the table says", LONG, "off", takeover;
    "takeover-legacy", "takeover is ignored", LONG, "legacy", takeover_ignored;
    "stop-off", "a clean stop hands over at once, and a restart takes nothing", MAIN, "off", stop_off;
    "stop-on", "a clean stop hands over at once, and a restart takes back", LONG, "on", stop_on;
    "stop-legacy", "a clean stop hands over at once, and a restart takes back", LONG, "legacy", stop_on;
};

const GROUP_A: &[&str] = &["a1", "a2", "a3"];
const GROUP_B: &[&str] = &["b1", "b2"];

fn with(stage: &Stage, failback: &'static str, run: fn(&Cluster) -> Result<()>) -> Result<()> {
    let group = |node: &str, names: &[&str]| {
        let scripts: Vec<String> = names.iter().map(|name| format!("LabRsc::{name}")).collect();
        format!("{node} {}\n", scripts.join(" "))
    };
    let cluster = stage.cluster(Design {
        auto_failback: failback,
        haresources: group("n1", GROUP_A) + &group("n2", GROUP_B),
        ..Design::default()
    })?;
    cluster.start_all()?;
    settled(&cluster, "n1", "n2")?;
    run(&cluster)?;
    super::audit::never_twice(&cluster)
}

fn is_legacy(cluster: &Cluster) -> bool {
    cluster.design.auto_failback == "legacy"
}

/// Group A runs on `a` alone and group B on `b` alone, and both daemons say so (legacy does not
/// keep account of what is held).
fn settled(cluster: &Cluster, a: &str, b: &str) -> Result<()> {
    for (names, node) in [(GROUP_A, a), (GROUP_B, b)] {
        names.iter().try_for_each(|name| cluster.await_runs(LIMIT, name, &[node]))?;
    }
    if is_legacy(cluster) {
        return Ok(());
    }
    let held = match (a, b) {
        ("n1", "n2") => [("n1", "local"), ("n2", "local")],
        ("n2", "n1") => [("n1", "foreign"), ("n2", "foreign")],
        ("n1", _) => [("n1", "all"), ("n2", "none")],
        _ => [("n1", "none"), ("n2", "all")],
    };
    for (node, word) in held {
        if cluster.daemon_runs(node) {
            cluster.await_held(LIMIT, node, word)?;
        }
    }
    Ok(())
}

/// Takes a node's power away; nothing of it, resources included, is left.
fn crash(cluster: &Cluster, node: &str) -> Result<()> {
    cluster.world.node(node)?.switch_off()?;
    // What a real machine keeps in memory does not outlive its power.
    for name in GROUP_A.iter().chain(GROUP_B) {
        let _ = std::fs::remove_file(cluster.state_file(node, name));
    }
    Ok(())
}

fn revive(cluster: &Cluster, node: &str) -> Result<()> {
    cluster.world.node(node)?.switch_on()?;
    cluster.start(node)
}

fn boot(_: &Cluster) -> Result<()> {
    // That both settled is the whole of it; `with` has waited for it.
    Ok(())
}

fn crash_off(cluster: &Cluster) -> Result<()> {
    crash(cluster, "n1")?;
    settled(cluster, "n2", "n2")?;
    revive(cluster, "n1")?;
    cluster.await_formed(LIMIT)?;
    settled(cluster, "n2", "n2")
}

fn crash_on(cluster: &Cluster) -> Result<()> {
    crash(cluster, "n1")?;
    settled(cluster, "n2", "n2")?;
    revive(cluster, "n1")?;
    settled(cluster, "n1", "n2")?;
    // The group left in reverse order and came in order.
    let events = cluster.events()?;
    let after = |verb: &str, node: &str| -> Vec<&str> {
        let revived = events.iter().rposition(|event| event == "n1 power-on").unwrap_or(0);
        let lines = events.get(revived..).unwrap_or_default().iter();
        let ours = lines.filter_map(|event| event.strip_prefix(&format!("{node} {verb} ")));
        ours.filter(|name| GROUP_A.contains(name)).collect()
    };
    let mut stops = after("stop", "n2");
    stops.truncate(3);
    ensure!(stops == ["a3", "a2", "a1"], "stopped in the order {stops:?}");
    let starts = after("start", "n1");
    ensure!(starts == ["a1", "a2", "a3"], "started in the order {starts:?}");
    Ok(())
}

fn crash_legacy(cluster: &Cluster) -> Result<()> {
    crash(cluster, "n1")?;
    settled(cluster, "n2", "n2")?;
    revive(cluster, "n1")?;
    settled(cluster, "n1", "n2")
}

fn standby(cluster: &Cluster) -> Result<()> {
    cluster.standby("n2", "all")?;
    settled(cluster, "n1", "n1")?;
    cluster.standby("n1", "foreign")?;
    settled(cluster, "n1", "n2")?;
    cluster.standby("n2", "local")?;
    settled(cluster, "n1", "n1")?;
    cluster.standby("n1", "failback")?;
    settled(cluster, "n1", "n2")
}

fn swapped(cluster: &Cluster) -> Result<()> {
    cluster.standby("n1", "all")?;
    settled(cluster, "n2", "n2")?;
    cluster.standby("n2", "local")?;
    settled(cluster, "n2", "n1")
}

/// Asked for twice and answered with a refusal or with silence: either way nothing moves. What
/// would have moved first is stopped first, so a stop in the order of events would betray it.
fn nothing_moves(cluster: &Cluster, ask: impl Fn() -> Result<()>) -> Result<()> {
    let before = cluster.events()?;
    let _refused = ask();
    // A later event of the same kind that does act shows that the first one has been handled.
    cluster.stop("n2")?;
    settled(cluster, "n1", "n1")?;
    let after = cluster.events()?;
    let new = after.get(before.len()..).unwrap_or_default();
    ensure!(!new.iter().any(|event| event.starts_with("n1 stop a")), "n1 gave something up: {new:?}");
    Ok(())
}

fn standby_ignored(cluster: &Cluster) -> Result<()> {
    nothing_moves(cluster, || cluster.standby("n1", "all"))
}

fn takeover_ignored(cluster: &Cluster) -> Result<()> {
    nothing_moves(cluster, || cluster.takeover("n2", "all"))
}

fn takeover(cluster: &Cluster) -> Result<()> {
    cluster.takeover("n2", "all")?;
    settled(cluster, "n2", "n2")?;
    cluster.takeover("n1", "local")?;
    settled(cluster, "n1", "n2")?;
    cluster.takeover("n1", "foreign")?;
    settled(cluster, "n1", "n1")?;
    cluster.takeover("n2", "failback")?;
    // The original takes everything then; where one of ours has a say, what is at home here.
    let original = cluster.design.systems.iter().all(|system| *system == System::Original);
    if original { settled(cluster, "n2", "n2") } else { settled(cluster, "n1", "n2") }
}

fn stop_off(cluster: &Cluster) -> Result<()> {
    handed_over(cluster)?;
    cluster.start("n2")?;
    cluster.await_formed(LIMIT)?;
    settled(cluster, "n1", "n1")
}

fn stop_on(cluster: &Cluster) -> Result<()> {
    handed_over(cluster)?;
    cluster.start("n2")?;
    settled(cluster, "n1", "n2")
}

fn handed_over(cluster: &Cluster) -> Result<()> {
    cluster.stop("n2")?;
    settled(cluster, "n1", "n1")?;
    // Everything stopped there before anything started here.
    let events = cluster.events()?;
    let stopped = events.iter().rposition(|event| event.starts_with("n2 stop b"));
    let started = events.iter().position(|event| event.starts_with("n1 start b"));
    ensure!(stopped < started, "n1 started while n2 still stopped: {events:?}");
    until::holds(LIMIT, "the daemon of n2 to be gone", || !cluster.daemon_runs("n2"))
}
