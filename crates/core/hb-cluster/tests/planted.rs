//! Every planted defect shows: each scenario is quiet without, and complains with its defect.
#![cfg(feature = "planted-bugs")]

mod net;

use hb_base::Instant;
use hb_cluster::{Bug, Bugs, Class, Cluster, Input, Output, Stored, notices};
use net::{Net, app, ms};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Two machines in service, both with this defect.
fn pair(bug: Option<Bug>) -> Net {
    let machines = (0..2).map(|n| {
        let mut options = net::options(n, 2, 2);
        options.bugs = bug.map_or_else(Bugs::default, |bug| Bugs::default().with(bug));
        options
    });
    let mut net = Net::new(5, machines.collect());
    net.start(0);
    net.start(1);
    net.until(ms(5_000), |net| net.hosts.iter().all(|host| host.diary.communication_up_at.is_some()));
    net.run(ms(50));
    net
}

fn stuck_readers_kill_nobody(mut net: Net) {
    for medium in [0, 1] {
        net.hosts[0].stuck.insert(medium, Vec::new());
    }
    net.run(ms(1_000));
    net.unstick(0, 0);
    net.unstick(0, 1);
    net.run(ms(1_000));
    assert_eq!(net.deaths(0), 0);
}

fn a_paused_node_kills_nobody(mut net: Net) {
    net.pause(0);
    net.run(ms(1_000));
    net.resume(0);
    net.run(ms(1_000));
    assert_eq!(net.deaths(0), 0);
}

fn a_dead_node_is_found_in_time_although_its_last_words_were_read_late(mut net: Net) {
    // The longer deadtime of the start is over.
    net.run(ms(5_500));
    for medium in [0, 1] {
        net.hosts[0].stuck.insert(medium, Vec::new());
    }
    net.run(ms(40));
    net.kill(1);
    let killed = net.now;
    net.run(ms(150));
    net.unstick(0, 0);
    net.unstick(0, 1);
    net.run(ms(2_000));
    let dead = |output: &Output| matches!(output, Output::Node { to: hb_cluster::Status::Dead, .. });
    let found = net.hosts[0].diary.events.iter().find(|(_, output)| dead(output)).map(|(at, _)| *at);
    assert!(found.is_some_and(|at| at - killed < ms(250)), "{:?}", found.map(|at| at - killed));
}

fn a_lossy_stream_is_whole(mut net: Net) {
    net.loss = 30;
    for n in 0..1_000 {
        net.submit_patiently(0, app(n));
    }
    net.until(ms(20_000), |net| net.tally(1, 0) == 1_000);
    net.check_streams();
}

fn a_healed_partition_is_told(mut net: Net) {
    net.deaf = vec![(1, 0), (1, 1)];
    for n in 0..20 {
        net.submit(0, app(n));
    }
    net.run(ms(1_000));
    net.deaf.clear();
    net.run(ms(500));
    net.submit(0, app(20));
    net.run(ms(500));
    assert_eq!(net.tally(1, 0), 1);
    net.check_streams();
}

/// Message 7 and its repetitions are lost for a while, while the sender's clients ignore all pauses.
fn a_hole_beyond_history_is_told(mut net: Net) {
    net.drop = Some(Box::new(|from, _, _, message| from == 0 && message.text("n") == Some("7")));
    for n in 0..700 {
        net.submit(0, app(n));
        net.run(ms(1));
    }
    net.drop = None;
    net.until(ms(1_000), |net| net.tally(1, 0) == 699);
    net.check_streams();
}

fn what_waits_behind_a_hole_is_bounded(mut net: Net) {
    net.drop = Some(Box::new(|from, _, class, message| {
        from == 0 && (message.text("n") == Some("7") || class == Class::Control)
    }));
    for n in 0..1_500 {
        net.submit(0, app(n));
        net.run(ms(1));
        let view = net.hosts[1].cluster.view();
        assert!(view.node("n1").unwrap().held() <= 1_001);
    }
}

fn a_lost_retransmission_is_asked_for_again(mut net: Net) {
    let mut to_lose = 2;
    net.drop = Some(Box::new(move |from, _, _, message| {
        let hit = from == 0 && message.text("n") == Some("7") && to_lose > 0;
        to_lose -= i32::from(hit);
        hit
    }));
    for n in 0..20 {
        net.submit(0, app(n));
    }
    net.until(ms(3_000), |net| net.tally(1, 0) == 20);
}

fn a_restarted_node_is_heard(mut net: Net) {
    for n in 0..50 {
        net.submit(0, app(n));
    }
    net.run(ms(100));
    net.restart(0);
    net.until(ms(5_000), |net| net.status(0, 0) == "active" && net.status(1, 0) == "active");
    let before = net.tally(1, 0);
    net.submit(0, app(1));
    net.until(ms(1_000), |net| net.tally(1, 0) == before + 1);
    assert_eq!(net.deaths(1), 0);
}

fn a_fast_sender_never_outruns_history(mut net: Net) {
    net.drop =
        Some(Box::new(|from, _, class, _| from == 0 && matches!(class, Class::Sequenced | Class::Repeat)));
    for n in 0..2_000 {
        net.submit_patiently(0, app(n));
    }
    net.run(ms(100));
    net.drop = None;
    net.until(ms(20_000), |net| net.tally(1, 0) == 2_000);
    assert_eq!(net.count(0, notices::HISTORY_OVERRUN), 0);
}

fn nothing_precedes_the_durable_generation(bug: Option<Bug>) {
    let mut options = net::options(0, 2, 2);
    options.bugs = bug.map_or_else(Bugs::default, |bug| Bugs::default().with(bug));
    let mut cluster = Cluster::new(options, net::codec());
    let now = Instant::from_millis(1);
    let wall = hb_base::WallTime::from_unix_millis(1_790_000_000_000);
    cluster.handle(now, Input::Environment { wall, load: "n/a".into() });
    cluster.handle(now, Input::Start { stored: Stored::default(), entropy: 1 });
    while let Some(output) = cluster.poll() {
        assert!(!matches!(output, Output::Transmit { .. }));
    }
}

fn scenario(bug: Bug) -> fn(Option<Bug>) {
    match bug {
        Bug::SkipDrainBarrier => |bug| stuck_readers_kill_nobody(pair(bug)),
        Bug::IgnoreStall => |bug| a_paused_node_kills_nobody(pair(bug)),
        Bug::DeliverDuplicate | Bug::OrderBroken | Bug::NeverResume | Bug::AckTooEarly => {
            |bug| a_lossy_stream_is_whole(pair(bug))
        }
        Bug::SkipGapReport => |bug| a_healed_partition_is_told(pair(bug)),
        Bug::HistoryOverrunSilent => |bug| a_hole_beyond_history_is_told(pair(bug)),
        Bug::GenerationReused => |bug| a_restarted_node_is_heard(pair(bug)),
        Bug::UnboundedMissing => |bug| what_waits_behind_a_hole_is_bounded(pair(bug)),
        Bug::ForgetResend => |bug| a_lost_retransmission_is_asked_for_again(pair(bug)),
        Bug::AnnounceBeforeDurable => nothing_precedes_the_durable_generation,
        Bug::NeverPause => |bug| a_fast_sender_never_outruns_history(pair(bug)),
        Bug::CountReadingTime => {
            |bug| a_dead_node_is_found_in_time_although_its_last_words_were_read_late(pair(bug))
        }
    }
}

#[test]
fn every_planted_defect_shows() {
    let mut hidden = Vec::new();
    for bug in Bug::ALL {
        let run = scenario(bug);
        assert_eq!(Bug::named(bug.name()), Some(bug));
        run(None);
        if catch_unwind(AssertUnwindSafe(|| run(Some(bug)))).is_ok() {
            hidden.push(bug.name());
        }
    }
    assert!(hidden.is_empty(), "not found: {hidden:?}");
}
