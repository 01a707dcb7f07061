//! What nodes say when they start, and what keeps them alive: somebody meddles with the cable of n2.

use super::messages::{DIRECTIONS, keep_sending};
use super::{Pair, Set, Stage, Template, ensure};
use crate::cluster::{Cluster, Design, Medium, System};
use crate::error::{Result, failed};
use crate::wait::until;
use crate::wire::{Meddler, Sighting, Verdict};
use crate::world::Network;
use std::net::Ipv4Addr;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// Deadtime that is announced for longer than it is, in milliseconds, for the first seconds.
const GRACE_MS: u64 = 2000;
/// How long it is announced at least; the original does so for 5 s.
const GRACE_LASTS: Duration = Duration::from_secs(3);
/// Numbers are followed for so many messages of a node.
const FOLLOWED: u64 = 30;

const PAIRS: &[(Pair, Set)] = &[
    (Pair::Mixed, Set::All),
    (Pair::Reversed, Set::All),
    (Pair::Ours, Set::All),
    (Pair::Original, Set::All),
];
/// With two of ours the start is another, quicker one.
const WITH_ORIGINAL: &[(Pair, Set)] =
    &[(Pair::Mixed, Set::All), (Pair::Reversed, Set::All), (Pair::Original, Set::All)];

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        name: "start-messages",
        about: "init, up, the node list, active: in this order, numbered without gap, to the group of mcast",
        pairs: WITH_ORIGINAL,
        run: start,
    },
    Template {
        name: "announced-deadtime",
        about: "a node announces a longer dead time while it starts, and then its own",
        pairs: PAIRS,
        run: announced,
    },
    Template {
        name: "late-heartbeat",
        about: "a heartbeat that comes after warntime is logged, and nobody dies",
        pairs: PAIRS,
        run: late,
    },
    Template {
        name: "other-traffic",
        about: "a node whose heartbeats stop is dead, whatever else it sends",
        pairs: PAIRS,
        run: other_traffic,
    },
];

/// A cluster on one network with a meddler at n2, not started.
fn meddled(stage: &Stage, design: Design) -> Result<(Cluster, Meddler)> {
    let cluster = stage.cluster(Design { networks: 1, ..design })?;
    let wire = cluster.world.meddle("n2", Network::Service(0))?;
    Ok((cluster, wire))
}

fn is_status(one: &Sighting, node: &str) -> bool {
    one.frame.kind() == "status" && one.frame.text("src") == Some(node)
}

fn start(stage: &Stage) -> Result<()> {
    let (cluster, wire) = meddled(stage, Design { medium: Medium::Mcast, ..Design::default() })?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (node, peer) in DIRECTIONS {
        until::holds(LIMIT, "enough messages to look at", || numbers(&wire, node).len() as u64 >= FOLLOWED)?;
        let seen = wire.since(0);
        let place = |what: &str, wanted: &dyn Fn(&Sighting) -> bool| match seen.iter().position(wanted) {
            Some(place) => Ok(place),
            None => failed(format!("{node} never said {what}")),
        };
        let status = |word: &'static str| {
            move |one: &Sighting| is_status(one, node) && one.frame.text("st") == Some(word)
        };
        let init = place("init", &status("init"))?;
        let up = place("up", &status("up"))?;
        let listed = place("the node list", &|one: &Sighting| {
            one.frame.kind() == "repnodes" && one.frame.text("src") == Some(peer)
        })?;
        let active = place("active", &status("active"))?;
        ensure!(init < up && up < listed && listed < active, "order: {init} {up} {listed} {active}");
        ensure!(seen.get(init).and_then(|one| one.frame.seq()) == Some(1), "init has another number than 1");
        for list in seen.iter().filter(|one| one.frame.kind() == "repnodes") {
            let mut names: Vec<&str> = list.frame.text("nodelist").unwrap_or("").split(' ').collect();
            names.sort_unstable();
            ensure!(names == ["", "n1", "n2"], "the node list is {:?}", list.frame);
            ensure!(list.frame.text("delnodelist") == Some(" "), "the other list is {:?}", list.frame);
        }
        let mut numbers = numbers(&wire, node);
        numbers.sort_unstable();
        numbers.dedup();
        numbers.truncate(usize::try_from(FOLLOWED).unwrap_or(usize::MAX));
        ensure!(numbers.iter().copied().eq(1..=FOLLOWED), "{node} numbered {numbers:?}");
    }
    for one in wire.since(0) {
        let numbered = one.frame.kind().starts_with("NS_") == one.frame.seq().is_none();
        ensure!(numbered, "a number where none belongs, or none: {:?}", one.frame);
        ensure!(one.destination == Ipv4Addr::new(239, 99, 0, 1) && one.ttl == 1, "sent elsewhere: {one:?}");
    }
    Ok(())
}

fn numbers(wire: &Meddler, node: &str) -> Vec<u64> {
    let theirs = wire.since(0).into_iter().filter(|one| one.frame.text("src") == Some(node));
    theirs.filter_map(|one| one.frame.seq()).collect()
}

fn announced(stage: &Stage) -> Result<()> {
    let (cluster, wire) = meddled(stage, Design::default())?;
    cluster.start_all()?;
    let usual = u64::try_from(cluster.design.deadtime.as_millis()).unwrap_or(u64::MAX);
    for (node, _) in DIRECTIONS {
        let what = format!("{node} to announce its own dead time");
        let settled = wire
            .await_one(LIMIT, &what, 0, |one| is_status(one, node) && one.frame.hex("dt") == Some(usual))?;
        let seen = wire.since(0);
        let before = seen.iter().filter(|one| is_status(one, node) && one.at < settled.at);
        let longer: Vec<&Sighting> = before.collect();
        let words: Vec<Option<u64>> = longer.iter().map(|one| one.frame.hex("dt")).collect();
        let first = longer.first().map_or(settled.at, |one| one.at);
        ensure!(
            !words.is_empty() && words.iter().all(|dt| *dt == Some(usual + GRACE_MS)),
            "{node}: {words:?}"
        );
        let lasted = settled.at.duration_since(first);
        ensure!(lasted >= GRACE_LASTS, "{node} announced it for {lasted:?} only");
    }
    Ok(())
}

fn log_of(cluster: &Cluster, node: &str) -> String {
    std::fs::read_to_string(cluster.world.node_dir(node).join("ha-log")).unwrap_or_default()
}

/// Lines in which a node says this about another, in whatever words it has.
fn says(cluster: &Cluster, node: &str, peer: &str, ours: &str, original: &str) -> usize {
    let word = if cluster.system(node) == System::Ours { ours } else { original };
    let log = log_of(cluster, node);
    log.lines().filter(|line| line.to_lowercase().contains(word) && line.contains(peer)).count()
}

fn late(stage: &Stage) -> Result<()> {
    let design = Design {
        deadtime: Duration::from_secs(20),
        initdead: Duration::from_secs(20),
        extra: vec!["warntime 1".into()],
        ..Design::default()
    };
    let (cluster, wire) = meddled(stage, design)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (node, watching) in DIRECTIONS {
        let told = says(&cluster, watching, node, "[late_heartbeat]", "late heartbeat");
        wire.judge(move |one| if is_status(one, node) { Verdict::Lose } else { Verdict::Pass });
        // A heartbeat each 200 ms: twice warntime.
        wire.await_heartbeats(LIMIT, watching, 10, wire.mark())?;
        wire.pass();
        until::holds(LIMIT, &format!("{watching} to log that {node} is late"), || {
            says(&cluster, watching, node, "[late_heartbeat]", "late heartbeat") > told
        })?;
        cluster.await_status(LIMIT, watching, node, "active")?;
        let deaths = says(&cluster, watching, node, "[node_dead]", "is dead");
        ensure!(deaths == 0, "{watching} took {node} for dead{}", cluster.tails());
    }
    Ok(())
}

fn other_traffic(stage: &Stage) -> Result<()> {
    for (node, watching) in DIRECTIONS {
        let (cluster, wire) = meddled(stage, Design::default())?;
        cluster.start_all()?;
        cluster.await_formed(LIMIT)?;
        // The dead time that counts is the one announced last.
        let usual = u64::try_from(cluster.design.deadtime.as_millis()).unwrap_or(u64::MAX);
        wire.await_one(LIMIT, "the usual dead time", 0, |one| {
            is_status(one, node) && one.frame.hex("dt") == Some(usual)
        })?;
        keep_sending(&cluster, node)?;
        let mark = wire.mark();
        wire.judge(move |one| if is_status(one, node) { Verdict::Lose } else { Verdict::Pass });
        until::holds(LIMIT, &format!("{watching} to declare {node} dead"), || {
            says(&cluster, watching, node, "[node_dead]", "is dead") > 0
        })?;
        let seen = wire.since(mark);
        let passed = |one: &&Sighting| one.frame.text("src") == Some(node) && !one.lost;
        let mut others = seen.iter().filter(passed).filter(|one| one.frame.seq().is_some());
        let (Some(silent_since), Some(last)) = (seen.iter().find(|one| one.lost), others.next_back()) else {
            return failed(format!("{node} said nothing else"));
        };
        let spoke = last.at.saturating_duration_since(silent_since.at);
        ensure!(spoke >= cluster.design.deadtime / 2, "{node} spoke for {spoke:?} only{}", cluster.tails());
    }
    Ok(())
}
