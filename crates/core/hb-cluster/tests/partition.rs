//! Section 7.2 and what is left of a node that was dead.

mod talk;

use hb_cluster::Output;
use talk::{Peer, Talk, app, ms};

/// n2 was in service, said `count` things, and is dead.
fn dead(count: usize) -> (Talk, Peer) {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for n in 0..count {
        talk.hear(&peer.next(app(&n.to_string())));
    }
    talk.after(ms(4_000));
    assert_eq!(talk.status("n2"), "dead");
    talk.take();
    (talk, peer)
}

fn returned(talk: &Talk) -> bool {
    talk.out.iter().any(|output| matches!(output, Output::Returned { .. }))
}

#[test]
fn a_dead_node_returns_with_a_status_of_the_same_generation() {
    let (mut talk, mut peer) = dead(3);
    peer.seq += 20;
    talk.hear(&peer.next(peer.status("active")));
    assert!(returned(&talk));
    assert_eq!(talk.status("n2"), "active");
    assert_eq!(talk.sent("status").len(), 1, "answered at once");
    assert_eq!(talk.ordered(), [format!("6-{} partition", peer.seq - 1)]);
    talk.hear(&peer.next(app("after")));
    assert_eq!(talk.ordered(), ["after"]);
    assert_eq!(talk.node("n2").counters().returns, 1);
}

#[test]
fn late_packets_of_before_its_death_are_dropped() {
    let (mut talk, mut peer) = dead(3);
    let status = peer.at(1, peer.status("active"));
    talk.hear(&status);
    talk.hear(&peer.at(4, app("1")));
    assert_eq!(talk.status("n2"), "dead");
    assert!(!returned(&talk));
    assert_eq!(talk.delivered(), [""; 0]);
    assert_eq!(talk.node("n2").counters().stale, 2);
    talk.hear(&peer.next(peer.status("active")));
    assert!(returned(&talk));
}

#[test]
fn its_other_messages_may_overtake_the_status_that_ends_the_partition() {
    let (mut talk, mut peer) = dead(1);
    let status = peer.next(peer.status("active"));
    let word = peer.next(app("word"));
    talk.hear(&word);
    assert_eq!(talk.status("n2"), "dead");
    talk.hear(&status);
    assert!(returned(&talk));
    assert_eq!(talk.status("n2"), "active");
    talk.hear(&word);
    talk.hear(&status);
    talk.hear(&peer.next(app("next")));
    assert_eq!(talk.delivered(), ["word", "next"]);
}

#[test]
fn what_was_missing_when_it_died_is_told_and_order_ends_there() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.hear(&peer.next(app("a")));
    peer.seq += 2;
    talk.hear(&peer.next(app("b")));
    talk.after(ms(4_000));
    assert_eq!(talk.ordered(), ["a", "4-5 died", "b"]);
    assert_eq!(
        (talk.node("n2").missing(), talk.node("n2").held(), talk.node("n2").acknowledged()),
        (0, 0, 0)
    );
    talk.hear(&peer.at(4, app("too late")));
    assert_eq!(talk.ordered(), [""; 0], "it was told as lost");
}

#[test]
fn a_quick_restart_is_no_death() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for n in 0..30 {
        talk.hear(&peer.next(app(&n.to_string())));
    }
    talk.take();
    let mut again = Peer { generation: 101, seq: 0, ..peer };
    for st in ["init", "up", "active"] {
        talk.hear(&again.next(again.status(st)));
        assert_eq!(talk.status("n2"), st);
    }
    talk.hear(&again.next(app("hello again")));
    assert_eq!(talk.delivered(), ["hello again"]);
    assert_eq!(talk.node("n2").counters().deaths, 0);
    assert!(talk.sent("NS_rexmit").is_empty());
}

#[test]
fn a_restart_after_death_is_a_restart_and_no_healed_partition() {
    let (mut talk, peer) = dead(5);
    let mut again = Peer { generation: 101, seq: 0, ..peer };
    talk.hear(&again.next(again.status("init")));
    assert!(!returned(&talk));
    assert!(talk.out.iter().any(|output| matches!(output, Output::Restarted { .. })));
    assert_eq!(talk.status("n2"), "init");
}
