//! Two and more machines on a virtual network.

mod net;

use net::{Net, app, ms};
use std::string::ToString;

#[test]
fn two_nodes_form_quickly_at_any_keepalive() {
    for keepalive in [5, 20, 100] {
        for loss in [0, 10] {
            let machines = (0..2).map(|n| {
                let mut options = net::options(n, 2, 2);
                options.timing = hb_cluster::Timing::new(ms(keepalive), ms(keepalive * 10));
                options
            });
            let mut net = Net::new(keepalive + loss, machines.collect());
            net.loss = loss;
            let start = net.now;
            net.start(0);
            net.run(ms(3));
            net.start(1);
            net.until(ms(5_000), |net| net.hosts.iter().all(|host| host.diary.communication_up_at.is_some()));
            let took = net.now - start;
            assert!(took < ms(300), "keepalive {keepalive} ms, loss {loss} %: {took:?}");
            net.until(ms(5_000), |net| net.status(0, 1) == "active" && net.status(1, 0) == "active");
        }
    }
}

#[test]
fn everything_arrives_once_and_in_order_over_bad_media() {
    let mut net = Net::formed(3, 3, 2);
    (net.loss, net.duplicate, net.delay) = (20, 5, (ms(0), ms(3)));
    for n in 0..2_000 {
        net.submit_patiently(0, app(n));
        net.submit_patiently(1, app(n));
    }
    net.until(ms(60_000), |net| (0..3).all(|at| (0..2).all(|from| net.tally(at, from) == 2_000)));
    let all: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    for at in 0..3 {
        for from in 0..2 {
            assert_eq!(net.received_in_order(at, from), all);
            let mut arrived = net.received(at, from);
            arrived.sort_by_key(|n| n.parse::<u32>().unwrap());
            assert_eq!(arrived, all);
        }
        assert_eq!(net.hosts[at].diary.gaps, []);
        assert_eq!(net.deaths(at), 0);
    }
}

#[test]
fn a_fifth_of_all_frames_lost_does_not_starve_a_busy_sender() {
    for seed in 0..3 {
        let mut net = Net::formed(seed, 2, 2);
        net.loss = 20;
        let start = net.now;
        for n in 0..10_000 {
            net.submit_patiently(0, app(n));
        }
        net.until(ms(60_000), |net| net.tally(1, 0) == 10_000);
        let took = net.now - start;
        assert!(took < ms(6_000), "10,000 messages took {took:?} of virtual time");
    }
}

#[test]
fn of_eight_deaf_receivers_one_is_answered() {
    let mut net = Net::formed(11, 9, 2);
    let lost = std::cell::Cell::new(0);
    net.drop = Some(Box::new(move |from, _, class, message| {
        let hit = from == 0 && class == hb_cluster::Class::Sequenced && message.text("n") == Some("7");
        lost.set(lost.get() + u32::from(hit));
        hit
    }));
    for n in 0..20 {
        net.submit(0, app(n));
        net.run(ms(1));
    }
    net.until(ms(5_000), |net| (1..9).all(|at| net.tally(at, 0) == 20));
    let requests: u64 =
        (1..9).map(|at| net.hosts[at].cluster.view().node("n1").unwrap().counters().requested).sum();
    assert!(requests >= 1);
    assert_eq!(net.hosts[0].diary.repeats, 1, "{requests} requests");
}

#[test]
fn a_peer_that_slept_through_our_restart_still_gets_everything() {
    let mut net = Net::formed(21, 2, 2);
    net.pause(0);
    for n in 0..40 {
        net.submit(1, app(n));
    }
    net.run(ms(20));
    net.restart(1);
    net.drop = Some(Box::new(|_, to, _, message| {
        let n = message.text("n").and_then(|n| n.parse::<u32>().ok());
        to == 0 && n.is_some_and(|n| (105..125).contains(&n))
    }));
    for n in 100..140 {
        net.submit(1, app(n));
    }
    net.run(ms(20));
    net.drop = None;
    // What it missed lies in its sockets: first what the former life said, which it acknowledges.
    net.resume(0);
    net.until(ms(10_000), |net| net.tally(0, 1) >= 80);
    net.check_streams();
    assert_eq!(net.hosts[0].cluster.view().node("n2").unwrap().missing(), 0);
}
