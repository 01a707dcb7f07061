//! Sections 5.1 to 5.3: who acknowledges what, and when local senders are paused.

mod talk;

use hb_cluster::{Flow, Output};
use hb_wire::Message;
use talk::{Peer, Talk, app, ms};

/// Numbers that we have acknowledged to n2 since last asked.
fn acks(talk: &mut Talk) -> Vec<u64> {
    let sent = talk.sent("NS_ackmsg");
    assert!(sent.iter().all(|message| message.text("dest") == Some("n2")));
    sent.iter().map(|message| message.hex("ackseq").unwrap()).collect()
}

fn ack(peer: &Peer, seq: u64) -> Message {
    peer.control(Message::new("NS_ackmsg").with("dest", "n1").with_hex("ackseq", seq))
}

fn flows(talk: &mut Talk) -> Vec<Flow> {
    let out = std::mem::take(&mut talk.out);
    out.iter()
        .filter_map(|output| match output {
            Output::Flow(flow) => Some(*flow),
            _ => None,
        })
        .collect()
}

#[test]
fn an_original_is_acknowledged_every_ten_messages_at_one_digit() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for _ in 0..60 {
        talk.hear(&peer.next(app("x")));
    }
    let acks = acks(&mut talk);
    assert_eq!(acks.len(), 6);
    assert!(acks.windows(2).all(|pair| pair[1] == pair[0] + 10), "{acks:?}");
}

#[test]
fn nothing_is_acknowledged_above_a_hole_and_filling_it_catches_up() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    let hole = peer.next(app("hole"));
    for _ in 0..45 {
        talk.hear(&peer.next(app("x")));
    }
    assert_eq!(acks(&mut talk), [0; 0]);
    talk.hear(&hole);
    let acks = acks(&mut talk);
    assert_eq!(acks.len(), 1);
    assert!((peer.seq - 9..=peer.seq).contains(&acks[0]), "{acks:?} of {}", peer.seq);
}

#[test]
fn between_ours_a_lost_acknowledgement_is_repeated_when_the_sender_seems_to_lack_it() {
    let mut peer = Peer::ours("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for _ in 0..40 {
        talk.hear(&peer.next(app("x")));
    }
    assert!(acks(&mut talk).len() >= 3);
    talk.hear(&peer.next(peer.status("active").with("hbx", "1 ack=2")));
    assert_eq!(acks(&mut talk).pop(), Some(peer.seq), "after losing all");
    let status = peer.status("active").with("hbx", format!("1 ack={:x}", peer.seq - 1));
    talk.hear(&peer.next(status));
    assert_eq!(acks(&mut talk), [0; 0], "it knows");
}

#[test]
fn senders_pause_at_the_window_and_go_on_after_the_slowest_acknowledged() {
    let (mut n2, mut n3) = (Peer::new("n2"), Peer::new("n3"));
    let mut talk = Talk::active(&mut [&mut n2, &mut n3]);
    let sent = talk.cluster.view().flow().hiseq;
    talk.hear(&ack(&n2, sent));
    talk.hear(&ack(&n3, sent));
    for _ in 0..250 {
        talk.input(hb_cluster::Input::Submit { message: app("x") });
    }
    assert_eq!(flows(&mut talk), []);
    talk.input(hb_cluster::Input::Submit { message: app("x") });
    assert_eq!(flows(&mut talk), [Flow::Pause]);
    talk.hear(&ack(&n2, sent + 251));
    talk.hear(&ack(&n3, sent + 1));
    assert_eq!(flows(&mut talk), [], "n3 lacks 250");
    talk.hear(&ack(&n3, sent + 2));
    assert_eq!(flows(&mut talk), [Flow::Resume]);
}

#[test]
fn the_window_is_half_of_any_history() {
    let mut peer = Peer::new("n2");
    let mut options = talk::options(&["n1", "n2"]);
    options.history = 200;
    let mut talk = Talk::active_with(options, &mut [&mut peer]);
    let sent = talk.cluster.view().flow().hiseq;
    talk.hear(&ack(&peer, sent));
    for n in 0..101 {
        assert_eq!(flows(&mut talk), [], "{n}");
        talk.input(hb_cluster::Input::Submit { message: app("x") });
    }
    assert_eq!(flows(&mut talk), [Flow::Pause]);
    talk.hear(&ack(&peer, sent + 2));
    assert_eq!(flows(&mut talk), [Flow::Resume]);
}

#[test]
fn foreign_old_and_impossible_acknowledgements_change_nothing() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    let sent = talk.cluster.view().flow().hiseq;
    for message in [
        ack(&peer, sent + 1),
        ack(&peer, sent).with("dest", "n2"),
        peer.control(Message::new("NS_ackmsg").with_hex("ackseq", sent)),
        ack(&peer, sent).with("ackseq", "z"),
    ] {
        talk.hear(&message);
        assert_eq!(talk.node("n2").acknowledged(), 0, "{message:?}");
    }
    talk.hear(&ack(&peer, sent));
    talk.hear(&ack(&peer, sent - 1));
    assert_eq!(talk.node("n2").acknowledged(), sent);
    assert_eq!(talk.cluster.view().flow().ackseq, sent);
}

#[test]
fn a_deaf_peer_pauses_senders_until_it_is_declared_dead_and_nothing_is_dropped() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    let before = talk.cluster.view().flow().hiseq;
    for _ in 0..260 {
        talk.input(hb_cluster::Input::Submit { message: app("x") });
    }
    assert_eq!(flows(&mut talk), [Flow::Pause]);
    assert_eq!(talk.cluster.view().flow().hiseq, before + 260, "what was on its way is sent all the same");
    talk.after(ms(4_000));
    assert_eq!(talk.status("n2"), "dead");
    assert_eq!(flows(&mut talk), [Flow::Resume]);
    talk.input(hb_cluster::Input::Submit { message: app("alone") });
    assert!(!talk.cluster.view().flow().paused);
}

#[test]
fn a_peer_without_protocol_switches_flow_control_off_for_good() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for _ in 0..300 {
        talk.input(hb_cluster::Input::Submit { message: app("x") });
    }
    assert_eq!(flows(&mut talk), [Flow::Pause]);
    let mut status = peer.status("active");
    status.remove("protocol");
    talk.hear(&peer.next(status));
    assert!(talk.noticed(hb_cluster::notices::FLOW_CONTROL_OFF));
    assert_eq!(flows(&mut talk), [Flow::Resume]);
    talk.take();
    for _ in 0..40 {
        talk.hear(&peer.next(app("x")));
    }
    talk.after(ms(500));
    assert_eq!(talk.sent.iter().filter(|(_, m)| m.kind() == Some("NS_ackmsg")).count(), 0);
    let statuses = talk.sent("status");
    assert!(!statuses.is_empty() && statuses.iter().all(|status| status.value("protocol").is_none()));
}

#[test]
fn a_paused_sender_of_ours_shows_peers_of_ours_what_they_miss() {
    let mut peer = Peer::ours("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for _ in 0..260 {
        talk.input(hb_cluster::Input::Submit { message: app("x") });
    }
    talk.take();
    talk.after(ms(100));
    let nudges = talk.sent("status").len();
    assert!((2..10).contains(&nudges), "soon, but ever less often: {nudges}");
    let sent = talk.cluster.view().flow().hiseq;
    talk.hear(&ack(&peer, sent));
    talk.take();
    talk.after(ms(300));
    assert_eq!(talk.sent("status").len(), 0, "flowing again, only keepalives");
}

#[test]
fn a_filling_history_is_told_at_three_quarters() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for _ in 0..374 {
        talk.input(hb_cluster::Input::Submit { message: app("x") });
    }
    assert!(talk.noticed(hb_cluster::notices::HISTORY_FILLING));
}

#[test]
fn an_acknowledgement_of_a_former_life_counts_for_nothing() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    let sent = talk.cluster.view().flow().hiseq;
    let late = ack(&peer, sent);
    let again = Peer { generation: 101, ..peer };
    talk.hear(&again.at(1, again.status("init")));
    talk.hear(&late);
    assert_eq!(talk.node("n2").acknowledged(), 0);
    talk.hear(&ack(&again, sent));
    assert_eq!(talk.node("n2").acknowledged(), sent);
}
