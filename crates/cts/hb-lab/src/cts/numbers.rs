//! Reliable delivery as it looks on the wire: somebody meddles with the cable of n2.

use super::messages::{
    DIRECTIONS, FILLER, NODES, NOTED, NUMBER, heard, heard_once, note_messages, send, send_all,
};
use super::{Pair, Set, Stage, Template, ensure};
use crate::cluster::{Cluster, Design, System, document_in};
use crate::error::Result;
use crate::wait::until;
use crate::wire::{Meddler, Sighting, Verdict};
use crate::world::Network;
use std::collections::BTreeSet;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// Nobody is to be taken for dead while messages are held back.
const PATIENT: Duration = Duration::from_secs(30);
/// Longer than any node waits before it asks for what is missing.
const HELD_BACK: Duration = Duration::from_millis(700);
/// More heartbeats than pass while a request would be repeated four times.
const MEANWHILE: usize = 6;
/// More messages than any history holds.
const BEYOND_HISTORY: usize = 700;
/// Messages that are sent at once where each is to be acknowledged.
const PORTION: usize = 50;
/// Copies of one message that get lost.
const LOST_COPIES: usize = 3;
/// Soonest request to or from an original, with what the meddler's own clock may be late.
const SOONEST: Duration = Duration::from_millis(40);
/// At how many messages without an acknowledgement a client is paused.
const WINDOW: u64 = 250;

const PAIRS: &[(Pair, Set)] = &[
    (Pair::Mixed, Set::All),
    (Pair::Reversed, Set::All),
    (Pair::Ours, Set::All),
    (Pair::Original, Set::All),
];
/// A client of ours sends, so at least one node is ours.
const WITH_OURS: &[(Pair, Set)] =
    &[(Pair::Mixed, Set::All), (Pair::Reversed, Set::All), (Pair::Ours, Set::All)];
/// Ours tell each other in another way what they have.
const WITH_ORIGINAL: &[(Pair, Set)] =
    &[(Pair::Mixed, Set::All), (Pair::Reversed, Set::All), (Pair::Original, Set::All)];

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        name: "copies-on-both-media",
        about: "each message goes once over each of two media, as the same bytes, and is delivered once",
        pairs: PAIRS,
        run: copies,
    },
    Template {
        name: "swapped-messages",
        about: "a message overtaken by its successor is not asked for, one held back is; a copy is delivered once",
        pairs: PAIRS,
        run: swapped,
    },
    Template {
        name: "lost-message",
        about: "what is lost is asked for by number until it comes, as the very same bytes",
        pairs: PAIRS,
        run: lost,
    },
    Template {
        name: "number-no-longer-held",
        about: "a request for what history has lost is refused, and is then not repeated",
        pairs: PAIRS,
        run: refused,
    },
    Template {
        name: "acknowledgements",
        about: "one in ten messages is acknowledged, and more than a history of them arrive",
        pairs: WITH_ORIGINAL,
        run: acknowledged,
    },
    Template {
        name: "client-pauses",
        about: "a client is paused at 250 messages that a deaf node lacks, goes on later, and loses none",
        pairs: WITH_OURS,
        run: client_pauses,
    },
];

/// A cluster on one network with a meddler at n2, formed; these nodes note messages.
fn meddled(stage: &Stage, noting: &[&str]) -> Result<(Cluster, Meddler)> {
    let design = Design { networks: 1, deadtime: PATIENT, initdead: PATIENT, ..Design::default() };
    let cluster = stage.cluster(design)?;
    note_messages(&cluster, noting)?;
    let wire = cluster.world.meddle("n2", Network::Service(0))?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    Ok((cluster, wire))
}

fn is_number(one: &Sighting, number: &str) -> bool {
    one.frame.text(NUMBER) == Some(number)
}

/// The number that a message got, once it has come by.
fn seq_of(wire: &Meddler, mark: usize, number: &str) -> Result<u64> {
    let found = wire.await_one(LIMIT, number, mark, |one| is_number(one, number))?;
    found.frame.seq().map_or_else(|| crate::error::failed(format!("{number} has no seq")), Ok)
}

/// Whether `one` asks `sender` to send `seq` again.
fn asks_for(one: &Sighting, sender: &str, seq: u64) -> bool {
    let bound = |name: &str| one.frame.text(name).and_then(|text| text.parse::<u64>().ok());
    one.frame.kind() == "NS_rexmit"
        && one.frame.text("dest") == Some(sender)
        && matches!((bound("firstseq"), bound("lastseq")), (Some(a), Some(b)) if (a..=b).contains(&seq))
}

fn requests(wire: &Meddler, mark: usize, sender: &str, seq: u64) -> usize {
    wire.since(mark).iter().filter(|one| asks_for(one, sender, seq)).count()
}

fn copies(stage: &Stage) -> Result<()> {
    let design = Design { deadtime: PATIENT, initdead: PATIENT, ..Design::default() };
    let cluster = stage.cluster(design)?;
    note_messages(&cluster, NODES)?;
    let meddle = |network| cluster.world.meddle("n2", Network::Service(network));
    let wires = [meddle(0)?, meddle(1)?];
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (sender, receiver) in DIRECTIONS {
        let numbers: Vec<String> = (0..10).map(|number| format!("{sender}-{number}")).collect();
        send_all(&cluster, sender, NOTED, &numbers)?;
        heard_once(&cluster, sender, receiver, &numbers)?;
        for number in &numbers {
            let of = |wire: &Meddler| -> Vec<Sighting> {
                wire.since(0).into_iter().filter(|one| is_number(one, number)).collect()
            };
            let [first, second] = [of(&wires[0]), of(&wires[1])];
            let same = first.iter().zip(&second).all(|(a, b)| a.bytes == b.bytes);
            let once = first.len() == 1 && second.len() == 1;
            ensure!(once && same, "{number} came by as {first:?} and {second:?}");
        }
        for interface in ["eth0", "eth1"] {
            let what = format!("the link {interface} to {sender}");
            cluster.await_answer(LIMIT, "up", &what, || cluster.link_of(receiver, sender, interface))?;
        }
    }
    Ok(())
}

fn swapped(stage: &Stage) -> Result<()> {
    let (cluster, wire) = meddled(stage, NODES)?;
    for (sender, receiver) in DIRECTIONS {
        let [first, second, late, after] =
            ["first", "second", "late", "after"].map(|word| format!("{sender}-{word}"));
        let mark = wire.mark();
        let overtaken = first.clone();
        wire.judge(move |one| if is_number(one, &overtaken) { Verdict::AfterNext } else { Verdict::Pass });
        send_all(&cluster, sender, NOTED, &[first.clone(), second.clone()])?;
        heard_once(&cluster, sender, receiver, &[first.clone(), second])?;
        let seq = seq_of(&wire, mark, &first)?;
        let theirs: Vec<u64> = numbered(&wire, mark, sender);
        ensure!(theirs.windows(2).any(|pair| pair == [seq + 1, seq]), "{seq} was not overtaken: {theirs:?}");
        wire.await_heartbeats(LIMIT, receiver, MEANWHILE, wire.mark())?;
        let asked = requests(&wire, mark, sender, seq);
        ensure!(asked == 0, "{receiver} asked {asked} times for {seq}, which was only overtaken");

        let mark = wire.mark();
        let held = late.clone();
        wire.judge(move |one| if is_number(one, &held) { Verdict::After(HELD_BACK) } else { Verdict::Pass });
        send_all(&cluster, sender, NOTED, &[late.clone(), after.clone()])?;
        heard_once(&cluster, sender, receiver, &[late.clone(), after])?;
        let seq = seq_of(&wire, mark, &late)?;
        ensure!(requests(&wire, mark, sender, seq) > 0, "{receiver} never asked for {seq}");

        wire.judge(|one| if one.frame.kind() == NOTED { Verdict::Twice } else { Verdict::Pass });
        let copied: Vec<String> = (0..10).map(|number| format!("{sender}-copied-{number}")).collect();
        send_all(&cluster, sender, NOTED, &copied)?;
        heard_once(&cluster, sender, receiver, &copied)?;
        wire.pass();
    }
    Ok(())
}

/// Sequence numbers of a node's messages in the order in which they were passed on.
fn numbered(wire: &Meddler, mark: usize, sender: &str) -> Vec<u64> {
    let theirs = wire.since(mark).into_iter().filter(|one| one.frame.text("src") == Some(sender));
    theirs.filter_map(|one| one.frame.seq()).collect()
}

fn lost(stage: &Stage) -> Result<()> {
    let (cluster, wire) = meddled(stage, NODES)?;
    for (sender, receiver) in DIRECTIONS {
        let [victim, next] = ["victim", "next"].map(|word| format!("{sender}-{word}"));
        let (mark, hunted, mut left) = (wire.mark(), victim.clone(), LOST_COPIES);
        wire.judge(move |one| {
            let hit = left > 0 && is_number(one, &hunted);
            left -= usize::from(hit);
            if hit { Verdict::Lose } else { Verdict::Pass }
        });
        send_all(&cluster, sender, NOTED, &[victim.clone(), next.clone()])?;
        heard_once(&cluster, sender, receiver, &[victim.clone(), next])?;
        let seq = seq_of(&wire, mark, &victim)?;
        let seen = wire.since(mark);
        let copies: Vec<&Sighting> = seen.iter().filter(|one| is_number(one, &victim)).collect();
        ensure!(copies.len() > LOST_COPIES, "only {} copies came by", copies.len());
        ensure!(copies.windows(2).all(|pair| pair[0].bytes == pair[1].bytes), "a copy differs");
        let asked: Vec<&Sighting> = seen.iter().filter(|one| asks_for(one, sender, seq)).collect();
        ensure!(asked.len() >= LOST_COPIES, "asked {} times for {LOST_COPIES} losses", asked.len());
        let noticed = seen.iter().find(|one| one.frame.seq() == Some(seq + 1) && !one.lost);
        let (Some(noticed), Some(request)) = (noticed, asked.first()) else {
            return crate::error::failed("no successor or no request");
        };
        let after = request.at.saturating_duration_since(noticed.at);
        ensure!(stage.is_ours() || after >= SOONEST, "asked after {after:?} already");
        wire.pass();
    }
    Ok(())
}

fn refused(stage: &Stage) -> Result<()> {
    let (cluster, wire) = meddled(stage, NODES)?;
    for (sender, receiver) in DIRECTIONS {
        let gone = format!("{sender}-gone");
        let (mark, hunted) = (wire.mark(), gone.clone());
        wire.judge(move |one| if is_number(one, &hunted) { Verdict::Lose } else { Verdict::Pass });
        send(&cluster, sender, &gone)?;
        let seq = seq_of(&wire, mark, &gone)?;
        // A flood of all at once would make the receiver forget what it lacks.
        let fillers: Vec<String> = (0..PORTION).map(|number| number.to_string()).collect();
        for _ in 0..BEYOND_HISTORY / PORTION {
            send_all(&cluster, sender, FILLER, &fillers)?;
            wire.await_heartbeats(LIMIT, receiver, 1, wire.mark())?;
        }
        let refusal = |one: &Sighting| {
            one.frame.kind() == "NS_nak_rexmit"
                && one.frame.text("src") == Some(sender)
                && one.frame.hex("firstseq") == Some(seq)
        };
        let what = format!("{sender} to refuse {seq}");
        let refused = wire.await_one(LIMIT, &what, mark, refusal)?;
        ensure!(refused.frame.text("info") == Some("seqno too low"), "refused with {:?}", refused.frame);
        ensure!(refused.frame.text("dest") == Some(receiver), "refused to {:?}", refused.frame);
        ensure!(requests(&wire, mark, sender, seq) > 0, "{receiver} never asked for {seq}");
        // One more request may be on its way while the refusal is.
        wire.await_heartbeats(LIMIT, receiver, 2, wire.mark())?;
        let before = requests(&wire, mark, sender, seq);
        wire.await_heartbeats(LIMIT, receiver, MEANWHILE, wire.mark())?;
        let after = requests(&wire, mark, sender, seq);
        ensure!(before == after, "{receiver} goes on asking for {seq}: {before}, {after} requests");
        wire.pass();
        let next = format!("{sender}-after");
        send(&cluster, sender, &next)?;
        heard(&cluster, receiver, &next, 1)?;
    }
    Ok(())
}

fn acknowledged(stage: &Stage) -> Result<()> {
    let (cluster, wire) = meddled(stage, NODES)?;
    for (sender, receiver) in DIRECTIONS {
        let mark = wire.mark();
        // A flood of all at once is more than an original's socket holds.
        for portion in 0..BEYOND_HISTORY / PORTION {
            let last = format!("{sender}-{portion}");
            let numbers: Vec<String> =
                (1..PORTION).map(|n| format!("{last}-{n}")).chain([last.clone()]).collect();
            send_all(&cluster, sender, FILLER, &numbers)?;
            let newest = seq_of(&wire, mark, &last)?;
            await_acknowledged(&wire, mark, sender, receiver, newest)?;
        }
        let last = format!("{sender}-at-last");
        send(&cluster, sender, &last)?;
        heard(&cluster, receiver, &last, 1)?;
        let mut acked = acknowledgements(&wire, mark, sender, receiver);
        acked.sort_unstable();
        acked.dedup();
        // Gaps, and acknowledgements that are for several tens at once, make them fewer.
        let least = BEYOND_HISTORY / 20;
        ensure!(acked.len() >= least, "{receiver} acknowledged {} times only", acked.len());
        let digits: BTreeSet<u64> = acked.iter().map(|ack| ack % 10).collect();
        ensure!(digits.len() == 1, "{receiver} acknowledged at the digits {digits:?}: {acked:?}");
    }
    Ok(())
}

/// What a node acknowledged to another, in order.
fn acknowledgements(wire: &Meddler, mark: usize, sender: &str, receiver: &str) -> Vec<u64> {
    let seen = wire.since(mark);
    let theirs = seen.iter().filter(|one| acknowledges(one, sender, receiver));
    theirs.filter_map(|one| one.frame.hex("ackseq")).collect()
}

fn acknowledges(one: &Sighting, sender: &str, receiver: &str) -> bool {
    one.frame.kind() == "NS_ackmsg"
        && one.frame.text("dest") == Some(sender)
        && one.frame.text("src") == Some(receiver)
}

/// Waits until everything up to this number is acknowledged but the last incomplete ten, which
/// says that all of it has arrived.
fn await_acknowledged(wire: &Meddler, mark: usize, sender: &str, receiver: &str, newest: u64) -> Result<()> {
    until::holds(LIMIT, &format!("{receiver} to acknowledge {newest}"), || {
        acknowledgements(wire, mark, sender, receiver).into_iter().any(|ack| ack + 10 >= newest)
    })
}

/// The messages of the client: some that a script notes, many that nobody looks at, some more.
const CLIENT_SENDS: [(&str, u64); 3] = [(NOTED, 60), (FILLER, 850), (NOTED, 90)];

fn client_pauses(stage: &Stage) -> Result<()> {
    let ours = |node: &str| stage.system(node) == System::Ours;
    for (sender, receiver) in DIRECTIONS.into_iter().filter(|(sender, _)| ours(sender)) {
        let (cluster, wire) = meddled(stage, &[receiver])?;
        if ours(receiver) {
            receive_fillers(&cluster, receiver)?;
            deafen(&wire, sender);
        } else {
            // An original that hears nothing at all forgets what it lacks: heartbeats come on top
            // of the window. One that hears them asks for each of the messages that it lacks.
            lose_messages(&wire, sender, receiver)?;
        }
        let commands =
            CLIENT_SENDS.map(|(kind, count)| cluster.shell_command(sender, &send_words(kind, count)));
        let line = format!("{} && echo everything sent", commands.join(" && "));
        cluster.world.node(sender)?.start(&["sh", "-c", &line], "send.log")?;
        let messages = || Ok(cluster.document(sender, "status")?["messages"].clone());
        cluster.await_answer(LIMIT, "true", "the client to be paused", || {
            Ok(messages()?["paused"].to_string())
        })?;
        let document = messages()?;
        let number = |name: &str| document[name].as_u64().unwrap_or(0);
        let unacknowledged = number("newest").saturating_sub(number("acknowledged"));
        ensure!(unacknowledged >= WINDOW, "paused at {unacknowledged} messages: {document}");
        wire.await_heartbeats(LIMIT, sender, MEANWHILE, wire.mark())?;
        ensure!(messages()?["paused"] == true, "no longer paused while {receiver} is deaf");
        let log = cluster.world.node_dir(sender).join("send.log");
        let done = || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("everything sent"));
        ensure!(!done(), "everything was taken while {receiver} is deaf");
        cluster.await_status(LIMIT, sender, receiver, "active")?;
        let mark = wire.mark();
        wire.pass();
        until::holds(LIMIT, "the client to have sent everything", done)?;
        all_arrived(&cluster, &wire, mark, (sender, receiver))?;
    }
    Ok(())
}

fn send_words(kind: &str, count: u64) -> Vec<String> {
    ["debug", "send", "--kind", kind, "--count", &count.to_string()].map(str::to_owned).to_vec()
}

fn receive_fillers(cluster: &Cluster, receiver: &str) -> Result<()> {
    let count = CLIENT_SENDS.iter().filter(|(kind, _)| *kind == FILLER).map(|(_, count)| count).sum::<u64>();
    let words = ["debug", "receive", "--kind", FILLER, "--count", &count.to_string(), "--json"];
    cluster.start_command(receiver, &words, "receive.log")?;
    let log = cluster.world.node_dir(receiver).join("receive.log");
    let listens = || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("receiving"));
    until::holds(LIMIT, "the receiver to listen", listens)
}

/// Nothing of the sender arrives.
fn deafen(wire: &Meddler, sender: &'static str) {
    wire.judge(move |one| if one.frame.text("src") == Some(sender) { Verdict::Lose } else { Verdict::Pass });
}

/// No message of the client arrives, beginning with one whose predecessor is certain not to be
/// acknowledged: otherwise the gap in front of the next heartbeat would be one too wide.
fn lose_messages(wire: &Meddler, sender: &'static str, receiver: &'static str) -> Result<()> {
    let first = wire.await_one(LIMIT, "an acknowledgement", 0, |one| acknowledges(one, sender, receiver))?;
    let digit = first.frame.hex("ackseq").map_or(0, |ack| ack % 10);
    let mut losing = false;
    wire.judge(move |one| {
        let mine = one.frame.text("src") == Some(sender) && [NOTED, FILLER].contains(&one.frame.kind());
        losing |= mine && one.frame.seq().is_some_and(|seq| seq % 10 == (digit + 5) % 10);
        if losing && mine { Verdict::Lose } else { Verdict::Pass }
    });
    Ok(())
}

/// Each of the client's messages reached the receiver, once.
fn all_arrived(
    cluster: &Cluster,
    wire: &Meddler,
    mark: usize,
    (sender, receiver): (&str, &str),
) -> Result<()> {
    for number in 1..=90_u64 {
        let times = CLIENT_SENDS.iter().filter(|(kind, count)| *kind == NOTED && number <= *count).count();
        heard(cluster, receiver, &number.to_string(), times)?;
    }
    if cluster.system(receiver) == System::Original {
        let newest = numbered(wire, mark, sender).into_iter().max().unwrap_or(0);
        return await_acknowledged(wire, mark, sender, receiver, newest);
    }
    let log = cluster.world.node_dir(receiver).join("receive.log");
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    let document = until::some(LIMIT, "the receiver's report", || document_in(&said()))?;
    let sound = document["lost"] == 0 && document["senders"][0]["out_of_order"] == 0;
    ensure!(sound && document["messages"] == 850, "not all arrived: {document}");
    Ok(())
}
