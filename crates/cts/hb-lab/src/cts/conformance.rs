//! Ours and the original in one cluster: the checks of the conformance list that need both.

use super::messages::{DIRECTIONS, NODES, NOTED, heard, heard_once, note_messages, send, send_all};
use super::{Pair, Set, Stage, Template, ensure};
use crate::cluster::{Design, Medium, System};
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

/// A mixed pair at every change; everything else when everything runs.
const GATE: &[(Pair, Set)] = &[
    (Pair::Mixed, Set::Gate),
    (Pair::Reversed, Set::All),
    (Pair::Ours, Set::All),
    (Pair::Original, Set::All),
];
const LONG: &[(Pair, Set)] = &[
    (Pair::Mixed, Set::All),
    (Pair::Reversed, Set::All),
    (Pair::Ours, Set::All),
    (Pair::Original, Set::All),
];
const MIXED: &[(Pair, Set)] = &[(Pair::Mixed, Set::All), (Pair::Reversed, Set::All)];

const WITH_OURS: &[(Pair, Set)] =
    &[(Pair::Mixed, Set::All), (Pair::Reversed, Set::All), (Pair::Ours, Set::All)];

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
        name: "state-lost",
        about: "a node of ours that lost all that it had stored is followed at once",
        pairs: WITH_OURS,
        run: state_lost,
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
        name: "two-keys",
        about: "both hold two keys: what either signs the other accepts; of ours they need not sign with the same",
        pairs: WITH_OURS,
        run: two_keys,
    },
    Template {
        name: "client-of-another-node",
        about: "the original is told whether a client is on ours",
        pairs: MIXED,
        run: client_status,
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

fn two_keys(stage: &Stage) -> Result<()> {
    let keys = "1 sha1 laboratory\n2 md5 workshop";
    if !stage.is_ours() {
        // The original takes its own default key whatever number a signature bears.
        return forms(stage, Medium::Ucast, keys);
    }
    let design = Design { key: keys.into(), networks: 1, ..Design::default() };
    let cluster = stage.cluster(design)?;
    let authkeys = cluster.config_dir("n1").join("authkeys");
    std::fs::write(&authkeys, format!("auth 2\n{keys}\n")).attempt(authkeys.display())?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)
}

fn client_status(stage: &Stage) -> Result<()> {
    let cluster = stage.cluster(Design { networks: 1, ..Design::default() })?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (asking, asked) in DIRECTIONS.into_iter().filter(|(node, _)| stage.system(node) == System::Original) {
        let words = ["cl_status", "clientstatus", asked, "ccm", "20000"];
        let told = cluster.world.node(asking)?.run(&words, LIMIT)?;
        ensure!(told.code == 1 && told.output.trim() == "offline", "{asking} was told {told:?}");
    }
    Ok(())
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
    note_messages(&cluster, NODES)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (victim, witness) in [("n1", "n2"), ("n2", "n1")] {
        cluster.kill(victim)?;
        cluster.start(victim)?;
        cluster.await_formed(LIMIT)?;
        // Numbers began again at 1, and what they number is delivered all the same.
        // The sender notes its own copy too, so each round has a word of its own.
        let again = format!("{victim}-again");
        send(&cluster, victim, &again)?;
        heard(&cluster, witness, &again, 1)?;
    }
    Ok(())
}

fn state_lost(stage: &Stage) -> Result<()> {
    let cluster = stage.cluster(Design { deadtime: Duration::from_secs(10), ..Design::default() })?;
    note_messages(&cluster, NODES)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (victim, witness) in DIRECTIONS.into_iter().filter(|(node, _)| stage.system(node) == System::Ours) {
        cluster.kill(victim)?;
        let state = cluster.world.node_dir(victim).join("lib");
        std::fs::remove_dir_all(&state).attempt(state.display())?;
        std::fs::create_dir_all(&state).attempt(state.display())?;
        cluster.start(victim)?;
        cluster.await_formed(LIMIT)?;
        for (sender, receiver) in [(victim, witness), (witness, victim)] {
            let number = format!("{sender}-after-{victim}-lost-its-state");
            send(&cluster, sender, &number)?;
            heard(&cluster, receiver, &number, 1)?;
        }
    }
    Ok(())
}

fn retransmission(stage: &Stage) -> Result<()> {
    let cluster =
        stage.cluster(Design { networks: 1, deadtime: Duration::from_secs(8), ..Design::default() })?;
    note_messages(&cluster, NODES)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (sender, receiver) in DIRECTIONS {
        cluster.world.node(receiver)?.lose(LOSS_PERCENT)?;
        let numbers: Vec<String> = (0..MESSAGES).map(|number| format!("{sender}-{number}")).collect();
        for number in &numbers {
            send(&cluster, sender, number)?;
        }
        heard_once(&cluster, sender, receiver, &numbers)?;
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
    note_messages(&cluster, NODES)?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (sender, receiver) in DIRECTIONS {
        cluster.world.node(receiver)?.lose(100)?;
        let unheard: Vec<String> = (0..BEYOND).map(|number| format!("{sender}-unheard-{number}")).collect();
        send_all(&cluster, sender, NOTED, &unheard)?;
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
