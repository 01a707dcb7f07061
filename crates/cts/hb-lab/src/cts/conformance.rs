//! Ours and the original in one cluster: the checks of the conformance list that need both.

use super::{Pair, Set, Stage, Template, ensure};
use crate::cluster::{Cluster, Design, Medium};
use crate::error::{Attempt, Result};
use crate::wait::until;
use crate::world::Network;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// Messages sent through the FIFO in a retransmission check.
const MESSAGES: usize = 60;
/// More messages than a receiver asks for again.
const BEYOND: usize = 300;
/// Share of packets lost there.
const LOSS_PERCENT: u8 = 25;
/// The type of those messages; a script of that name notes each of them.
const KIND: &str = "labmsg";

/// Both orders of a mixed pair, at every change.
const GATE: &[(Pair, Set)] = &[(Pair::Mixed, Set::Gate), (Pair::Ours, Set::All), (Pair::Original, Set::All)];
const LONG: &[(Pair, Set)] = &[
    (Pair::Mixed, Set::All),
    (Pair::Reversed, Set::All),
    (Pair::Ours, Set::All),
    (Pair::Original, Set::All),
];
const MIXED: &[(Pair, Set)] = &[(Pair::Mixed, Set::All), (Pair::Reversed, Set::All)];

macro_rules! formations {
    ($($name:literal $pairs:ident $medium:ident $key:literal;)+) => {
        &[$(Template {
            name: $name,
            about: "both see each other active over this medium with this key",
            pairs: $pairs,
            run: |stage| forms(stage, Medium::$medium, $key),
        }),+]
    };
}

pub(super) const FORMATIONS: &[Template] = formations! {
    "media-ucast-crc" MIXED Ucast "1 crc";
    "media-ucast-md5" MIXED Ucast "1 md5 laboratory";
    "media-ucast-sha1" GATE Ucast "1 sha1 laboratory";
    "media-bcast-crc" MIXED Bcast "1 crc";
    "media-bcast-md5" GATE Bcast "1 md5 laboratory";
    "media-bcast-sha1" MIXED Bcast "1 sha1 laboratory";
    "media-mcast-crc" GATE Mcast "1 crc";
    "media-mcast-md5" MIXED Mcast "1 md5 laboratory";
    "media-mcast-sha1" MIXED Mcast "1 sha1 laboratory";
};

pub(super) const TEMPLATES: &[Template] = &[
    Template { name: "start-orders", about: "either starts first and waits alone", pairs: LONG, run: orders },
    Template { name: "links", about: "one link dies and returns, the node stays", pairs: LONG, run: links },
    Template { name: "deaths", about: "each notices the death of the other", pairs: LONG, run: deaths },
    Template {
        name: "quick-restart",
        about: "a daemon that is back within the dead time was never dead, and is heard",
        pairs: LONG,
        run: quick_restart,
    },
    Template {
        name: "retransmission",
        about: "with packets lost in either direction every message arrives once",
        pairs: LONG,
        run: retransmission,
    },
    Template {
        name: "gap-beyond-window",
        about: "who was deaf for longer than history lasts goes on with what comes next",
        pairs: LONG,
        run: gap,
    },
    Template {
        name: "partition",
        about: "after a partition heals, the group runs on exactly one node",
        pairs: LONG,
        run: partition,
    },
];

fn forms(stage: &Stage, medium: Medium, key: &str) -> Result<()> {
    let design = Design { medium, key: key.into(), networks: 1, ..Design::default() };
    let cluster = stage.cluster(design)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)
}

fn orders(stage: &Stage) -> Result<()> {
    for (first, second) in [("n1", "n2"), ("n2", "n1")] {
        let design = Design { initdead: Duration::from_secs(4), ..Design::default() };
        let cluster = stage.cluster(design)?;
        cluster.start(first)?;
        cluster.await_status(LIMIT, first, second, "dead")?;
        cluster.await_status(LIMIT, first, first, "active")?;
        cluster.start(second)?;
        cluster.await_formed(LIMIT)?;
    }
    Ok(())
}

fn links(stage: &Stage) -> Result<()> {
    let cluster = stage.cluster(Design::default())?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for interface in [0, 1].map(Network::Service) {
        let (name, other) =
            (interface.interface(), if interface == Network::Service(0) { "eth1" } else { "eth0" });
        cluster.world.cut("n2", interface)?;
        for (node, peer) in [("n1", "n2"), ("n2", "n1")] {
            let what = format!("the link {name} to {peer}");
            cluster.await_answer(LIMIT, "dead", &what, || cluster.link_of(node, peer, &name))?;
            let up = cluster.link_of(node, peer, other)?;
            ensure!(up == "up", "{node} reports {other} {up} when {name} was cut");
            cluster.await_status(LIMIT, node, peer, "active")?;
        }
        cluster.world.heal("n2", interface)?;
        for (node, peer) in [("n1", "n2"), ("n2", "n1")] {
            let what = format!("the link {name} to {peer}");
            cluster.await_answer(LIMIT, "up", &what, || cluster.link_of(node, peer, &name))?;
        }
    }
    Ok(())
}

fn deaths(stage: &Stage) -> Result<()> {
    let cluster = stage.cluster(Design::default())?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (victim, witness) in [("n1", "n2"), ("n2", "n1")] {
        cluster.kill(victim)?;
        cluster.await_status(LIMIT, witness, victim, "dead")?;
        cluster.start(victim)?;
        cluster.await_formed(LIMIT)?;
    }
    Ok(())
}

fn quick_restart(stage: &Stage) -> Result<()> {
    let design = Design { deadtime: Duration::from_secs(10), ..Design::default() };
    let cluster = stage.cluster(design)?;
    note_messages(&cluster)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (victim, witness) in [("n1", "n2"), ("n2", "n1")] {
        cluster.kill(victim)?;
        cluster.start(victim)?;
        cluster.await_formed(LIMIT)?;
        // Numbers began again at 1, and what they number is delivered all the same.
        send(&cluster, victim, "again")?;
        heard(&cluster, witness, "again", 1)?;
    }
    Ok(())
}

fn retransmission(stage: &Stage) -> Result<()> {
    let cluster =
        stage.cluster(Design { networks: 1, deadtime: Duration::from_secs(8), ..Design::default() })?;
    note_messages(&cluster)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (sender, receiver) in [("n1", "n2"), ("n2", "n1")] {
        cluster.world.node(receiver)?.lose(LOSS_PERCENT)?;
        for number in 0..MESSAGES {
            send(&cluster, sender, &format!("{sender}-{number}"))?;
        }
        for number in 0..MESSAGES {
            heard(&cluster, receiver, &format!("{sender}-{number}"), 1)?;
        }
        let lost = cluster.world.node(receiver)?.lost_packets()?;
        ensure!(lost > 0, "{receiver} lost nothing");
        cluster.world.node(receiver)?.lose(0)?;
    }
    Ok(())
}

fn gap(stage: &Stage) -> Result<()> {
    let patient = Duration::from_secs(30);
    let design = Design { networks: 1, deadtime: patient, initdead: patient, ..Design::default() };
    let cluster = stage.cluster(design)?;
    note_messages(&cluster)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (sender, receiver) in [("n1", "n2"), ("n2", "n1")] {
        cluster.world.node(receiver)?.lose(100)?;
        let unheard: Vec<String> = (0..BEYOND).map(|number| format!("{sender}-unheard-{number}")).collect();
        send_all(&cluster, sender, &unheard)?;
        // Its own copy of the last one shows that the sender has sent them all.
        heard(&cluster, sender, &format!("{sender}-unheard-{}", BEYOND - 1), 1)?;
        cluster.world.node(receiver)?.lose(0)?;
        send(&cluster, sender, &format!("{sender}-after"))?;
        heard(&cluster, receiver, &format!("{sender}-after"), 1)?;
        cluster.await_status(LIMIT, receiver, sender, "active")?;
    }
    Ok(())
}

fn partition(stage: &Stage) -> Result<()> {
    let design = Design { haresources: "n1 LabRsc::a\n".into(), ..Design::default() };
    let cluster = stage.cluster(design)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    cluster.await_runs(LIMIT, "a", &["n1"])?;
    cluster.await_held(LIMIT, "n2", "local")?;
    for network in [0, 1].map(Network::Service) {
        cluster.world.separate("n2", network, true)?;
    }
    cluster.await_runs(LIMIT, "a", &["n1", "n2"])?;
    for network in [0, 1].map(Network::Service) {
        cluster.world.separate("n2", network, false)?;
    }
    cluster.await_formed(LIMIT)?;
    // With the original both let go of everything first, so wait for one holder that both agree on.
    until::holds(LIMIT, "exactly one holder that both agree on", || {
        let holders = cluster.names().iter().filter(|node| cluster.runs(node, "a")).count();
        let settled = |node: &str| cluster.held(node).is_ok_and(|held| held != "transition");
        holders == 1 && settled("n1") && settled("n2")
    })
}

/// Has every node note each message of [`KIND`] in the file of events.
fn note_messages(cluster: &Cluster) -> Result<()> {
    for node in cluster.names() {
        let events = cluster.world.events();
        let body = format!("#!/bin/sh\necho \"{node} heard $HA_number\" >>{}\n", events.display());
        cluster.add_script(&node, &format!("rc.d/{KIND}"), &body)?;
    }
    Ok(())
}

/// Sends a message through a node's FIFO, as scripts do.
fn send(cluster: &Cluster, node: &str, number: &str) -> Result<()> {
    send_all(cluster, node, &[number.to_owned()])
}

/// Sends messages through a node's FIFO, each in a write of its own.
fn send_all(cluster: &Cluster, node: &str, numbers: &[String]) -> Result<()> {
    let fifo = cluster.world.node_dir(node).join("lib/fifo");
    let list = cluster.world.node_dir(node).join("numbers");
    std::fs::write(&list, numbers.join("\n") + "\n").attempt(list.display())?;
    let line = format!(
        "while read n; do printf '>>>\\nt={KIND}\\nnumber=%s\\n<<<\\n' $n; done <{} >{}",
        list.display(),
        fifo.display()
    );
    let told = cluster.world.node(node)?.run(&["sh", "-c", &line], LIMIT)?;
    ensure!(told.code == 0, "{node}: {}: {told:?}", fifo.display());
    Ok(())
}

fn heard(cluster: &Cluster, node: &str, number: &str, times: usize) -> Result<()> {
    let line = format!("{node} heard {number}");
    let count = || Ok(cluster.events()?.iter().filter(|event| **event == line).count().to_string());
    cluster.await_answer(LIMIT, &times.to_string(), &line, count)
}
