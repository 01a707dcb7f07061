//! Section 4 of the protocol, row by row.

mod talk;

use hb_base::Uuid;
use hb_cluster::{Output, StatusChange};
use hb_wire::Message;
use talk::{Peer, Talk, app, ms};

fn pair() -> (Talk, Peer) {
    let mut peer = Peer::new("n2");
    let talk = Talk::active(&mut [&mut peer]);
    (talk, peer)
}

#[test]
fn row_1_without_mandatory_fields_nothing_is_accepted() {
    let (mut talk, mut peer) = pair();
    let whole = peer.next(app("a"));
    for field in ["t", "src", "ts", "seq"] {
        let mut message = whole.clone();
        message.remove(field);
        talk.hear(&message);
    }
    for (field, value) in [("ts", "0"), ("ts", "xyz"), ("seq", "0"), ("seq", "-1"), ("hg", "q"), ("src", "")]
    {
        talk.hear(&whole.clone().with(field, value));
    }
    assert_eq!(talk.delivered(), [""; 0]);
    let (_, counters) = talk.cluster.view().medium(hb_base::MediumId(0)).unwrap();
    assert_eq!(counters.malformed, 10);
    talk.hear(&whole);
    assert_eq!(talk.delivered(), ["a"]);
}

#[test]
fn row_1_a_wrong_signature_is_dropped_and_counted() {
    let (mut talk, mut peer) = pair();
    let mut bytes = talk::codec().encode_signed(&peer.next(app("a"))).unwrap();
    bytes[20] ^= 1;
    let now = talk.now;
    talk.input(hb_cluster::Input::Packet { medium: hb_base::MediumId(1), stamp: now, bytes: bytes.into() });
    assert!(talk.noticed(hb_cluster::notices::FRAME_REJECTED));
    assert_eq!(talk.delivered(), [""; 0]);
    assert_eq!(talk.cluster.view().medium(hb_base::MediumId(1)).unwrap().1.rejected, 1);
}

#[test]
fn row_2_strangers_are_dropped() {
    let (mut talk, _) = pair();
    let mut stranger = Peer::new("n9");
    talk.hear(&stranger.next(app("a")));
    assert!(talk.noticed(hb_cluster::notices::STRANGER));
    assert_eq!(talk.delivered(), [""; 0]);
    assert_eq!(talk.cluster.view().counters().strangers, 1);
}

#[test]
fn row_2_strangers_join_when_they_may() {
    let mut peer = Peer::new("n2");
    let mut options = talk::options(&["n1", "n2"]);
    options.autojoin = hb_cluster::Autojoin::Other;
    options.manages_resources = false;
    let mut talk = Talk::started(options);
    talk.hear(&peer.next(peer.status("active")));
    let mut stranger = Peer::new("n9");
    talk.hear(&stranger.next(app("dropped")));
    assert_eq!((talk.status("n9").as_str(), talk.node("n9").last_seq()), ("init", None));
    talk.hear(&stranger.next(stranger.status("active")));
    assert_eq!(talk.status("n9"), "init", "its first status is not told");
    talk.hear(&stranger.next(stranger.status("active")));
    assert_eq!(talk.status("n9"), "active");
    let hosts = String::from_utf8(talk.stored.hostcache.clone().unwrap()).unwrap();
    assert!(hosts.contains("n9\t39393939-3939-3939-3939-393939393939\t100\t\n"), "{hosts}");
    assert_eq!(talk.delivered(), [""; 0]);
}

#[test]
fn row_3_names_and_uuids_are_learnt() {
    let (mut talk, mut peer) = pair();
    peer.name = "N2";
    talk.hear(&peer.next(app("folded")));
    peer.uuid = Uuid([7; 16]);
    talk.hear(&peer.next(app("new uuid")));
    assert_eq!(talk.node("n2").uuid(), Uuid([7; 16]));
    peer.name = "paul";
    talk.hear(&peer.next(app("new name")));
    assert_eq!(talk.node("paul").uuid(), Uuid([7; 16]));
    let mut message = peer.next(app("no uuid"));
    message.remove("srcuuid");
    talk.hear(&message);
    assert_eq!(talk.delivered(), ["folded", "new uuid", "new name", "no uuid"]);
}

#[test]
fn row_3_our_own_name_is_ours() {
    let (mut talk, _) = pair();
    let mut impostor = Peer::new("n1");
    talk.hear(&impostor.next(app("a")));
    assert!(talk.noticed(hb_cluster::notices::OWN_NAME_TAKEN));
    assert_eq!(talk.delivered(), [""; 0]);
}

#[test]
fn row_4_refusals_count_whoever_they_are_for_and_others_only_for_us() {
    let (mut talk, mut peer) = pair();
    peer.seq += 1;
    talk.hear(&peer.next(app("b")));
    assert_eq!(talk.node("n2").missing(), 1);
    let refusal = Message::new("NS_nak_rexmit").with_hex("firstseq", peer.seq - 1).with("dest", "n7");
    talk.hear(&peer.control(refusal.with("info", "seqno too low")));
    assert_eq!(talk.node("n2").missing(), 0);
    assert_eq!(talk.ordered(), ["3-3 refused", "b"]);
    talk.hear(&peer.control(Message::new("NS_other").with("dest", "n7").with("n", "theirs")));
    talk.hear(&peer.control(Message::new("NS_other").with("dest", "n1").with("n", "ours")));
    talk.hear(&peer.control(Message::new("NS_other").with("n", "all")));
    assert_eq!(talk.delivered(), ["ours", "all"]);
}

#[test]
fn row_5_only_what_is_addressed_to_us_is_delivered_but_every_number_counts() {
    let (mut talk, mut peer) = pair();
    let own = talk.cluster.view().uuid();
    for (message, expected) in [
        (app("to all"), true),
        (app("to n1").with("dest", "n1"), true),
        (app("to N1").with("dest", "N1"), false),
        (app("to n2").with("dest", "n2"), false),
        (app("nil uuid").with("dest", "n1").with_uuid("destuuid", Uuid::NIL), true),
        (app("right uuid").with("dest", "n7").with_uuid("destuuid", own), true),
        (app("wrong uuid").with("dest", "n1").with_uuid("destuuid", Uuid([9; 16])), false),
    ] {
        let text = message.text("n").unwrap().to_string();
        talk.hear(&peer.next(message));
        assert_eq!(talk.delivered() == [text.clone()], expected, "{text}");
    }
    assert_eq!(talk.node("n2").missing(), 0);
}

#[test]
fn row_6_older_generations_are_dropped_and_newer_ones_begin_with_a_status() {
    let (mut talk, mut peer) = pair();
    let old = Peer { generation: 99, ..peer.clone() };
    talk.hear(&old.at(50, app("old")));
    let mut new = Peer { generation: 101, seq: 0, ..peer.clone() };
    talk.hear(&new.next(app("before its status")));
    assert_eq!(talk.delivered(), [""; 0]);
    talk.hear(&new.next(new.status("up")));
    assert!(
        talk.out.iter().any(|output| matches!(output, Output::Restarted { node } if node.as_str() == "n2"))
    );
    assert_eq!(talk.node("n2").generation().0, 101);
    talk.hear(&new.next(app("new")));
    talk.hear(&peer.next(app("late copy of the old start")));
    assert_eq!(talk.delivered(), ["new"]);
}

#[test]
fn row_6_a_restart_clears_what_was_missing() {
    let (mut talk, mut peer) = pair();
    peer.seq += 3;
    talk.hear(&peer.next(app("z")));
    assert_eq!(talk.node("n2").missing(), 3);
    let new = Peer { generation: 101, ..peer.clone() };
    talk.hear(&new.at(1, new.status("init")));
    assert_eq!(talk.node("n2").missing(), 0);
    assert_eq!(talk.ordered(), ["3-5 restarted", "z"]);
    talk.take();
    talk.after(ms(1_000));
    assert!(talk.sent("NS_rexmit").is_empty());
}

#[test]
fn row_7_next_and_same_numbers() {
    let (mut talk, mut peer) = pair();
    let message = peer.next(app("a"));
    talk.hear_on(0, &message);
    assert!(!talk.link("n2", 1));
    talk.hear_on(1, &message);
    assert!(talk.link("n2", 1), "a duplicate refreshes its link");
    assert_eq!(talk.delivered(), ["a"]);
    assert_eq!(talk.node("n2").counters().duplicates, 1);
}

#[test]
fn row_7_a_gap_up_to_the_window_is_asked_for_and_a_wider_one_is_not() {
    for (gap, asked) in [(1, true), (250, true), (251, false)] {
        let (mut talk, mut peer) = pair();
        peer.seq += gap;
        talk.hear(&peer.next(app("far")));
        assert_eq!(talk.node("n2").missing() as u64, if asked { gap } else { 0 });
        let ordered = talk.ordered();
        if asked {
            assert_eq!(ordered, [""; 0], "waits");
        } else {
            assert_eq!(ordered, ["3-253 too_wide".to_string(), "far".into()]);
        }
        talk.after(ms(300));
        assert_eq!(!talk.sent("NS_rexmit").is_empty(), asked);
    }
}

#[test]
fn between_ours_a_gap_is_asked_for_up_to_the_history() {
    for (gap, asked) in [(251, true), (499, true), (501, false)] {
        let mut peer = Peer::ours("n2");
        let mut talk = Talk::active(&mut [&mut peer]);
        peer.seq += gap;
        talk.hear(&peer.next(app("far")));
        assert_eq!(talk.node("n2").missing() as u64, if asked { gap } else { 0 });
    }
}

#[test]
fn row_7_the_window_follows_the_history_of_the_literature() {
    let mut options = talk::options(&["n1", "n2"]);
    options.history = 200;
    for (gap, asked) in [(100, 100), (101, 0)] {
        let mut peer = Peer::new("n2");
        let mut talk = Talk::active_with(options.clone(), &mut [&mut peer]);
        peer.seq += gap;
        talk.hear(&peer.next(app("far")));
        assert_eq!(talk.node("n2").missing(), asked);
    }
}

#[test]
fn row_7_a_hole_is_filled_once_and_delivered_late() {
    let (mut talk, mut peer) = pair();
    let late = peer.next(app("late"));
    talk.hear(&peer.next(app("early")));
    talk.hear(&late);
    talk.hear(&late);
    assert_eq!(talk.delivered(), ["early", "late"]);
    let counters = talk.node("n2").counters().clone();
    assert_eq!((counters.missed, counters.recovered, counters.lost), (1, 1, 0));
}

#[test]
fn row_7_on_the_ordered_side_the_later_message_waits_but_statuses_act_at_once() {
    let (mut talk, mut peer) = pair();
    let late = peer.next(app("late"));
    talk.hear(&peer.next(peer.status("up")));
    assert_eq!(talk.status("n2"), "up");
    assert_eq!(talk.node("n2").held(), 1);
    talk.hear(&peer.next(app("early")));
    talk.hear(&late);
    assert_eq!(talk.ordered(), ["late", "early"]);
    assert_eq!(talk.node("n2").held(), 0);
}

#[test]
fn row_7_old_numbers_that_are_not_missing_are_dropped() {
    let (mut talk, mut peer) = pair();
    let first = peer.next(app("first"));
    talk.hear(&first);
    talk.hear(&peer.next(app("second")));
    talk.hear_on(1, &first);
    assert_eq!(talk.delivered(), ["first", "second"]);
    assert!(!talk.link("n2", 1), "an old duplicate refreshes nothing");
}

#[test]
fn row_7_more_missing_than_are_remembered_gives_up_the_lowest() {
    let (mut talk, mut peer) = pair();
    for _ in 0..3 {
        peer.seq += 200;
        talk.hear(&peer.next(app("x")));
    }
    assert_eq!(talk.node("n2").missing(), 499);
    assert_eq!(talk.node("n2").counters().lost, 101);
    assert_eq!(talk.ordered(), ["3-103 forgotten"]);
}

#[test]
fn row_9_client_reports_wait_for_earlier_messages() {
    let (mut talk, mut peer) = pair();
    let report = |text: &str| Message::new("hbapi-clstat").with("st", "join").with("n", text);
    let late = peer.next(app("late"));
    talk.hear(&peer.next(report("one")));
    let later = peer.next(app("later"));
    talk.hear(&peer.next(report("two")));
    assert_eq!(talk.delivered(), [""; 0]);
    talk.hear(&late);
    assert_eq!(talk.delivered(), ["late", "one"]);
    talk.hear(&later);
    assert_eq!(talk.delivered(), ["later", "two"]);
}

#[test]
fn row_9_an_outdated_status_is_a_sign_of_life_but_changes_nothing() {
    let (mut talk, mut peer) = pair();
    let up = peer.next(peer.status("up"));
    talk.hear(&peer.next(peer.status("active")));
    talk.take();
    talk.after(ms(100));
    talk.hear(&up);
    assert_eq!(talk.status("n2"), "active");
    let changed = |output: &Output| matches!(output, Output::Deliver { change: StatusChange::Changed, .. });
    assert!(!talk.out.iter().any(changed));
    assert_eq!(talk.node("n2").last_status_at(), talk.now);
}
