//! Section 6.4 and 6.5, and what may not count as evidence: our own pauses, slow readers, the wall clock.

mod talk;

use core::time::Duration;
use hb_base::{Instant, MediumId, WallTime};
use hb_cluster::{DeathReason, Input, Output, Status, StatusReason, Timing, notices};
use talk::{Peer, Talk, app, ms, name};

fn deaths(talk: &Talk) -> Vec<String> {
    talk.out
        .iter()
        .filter_map(|output| match output {
            Output::Node { node, to: Status::Dead, reason: StatusReason::Death(reason), .. } => {
                Some(format!("{node} {}", reason.word()))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_silent_node_dies_after_the_deadtime_that_it_announced() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.hear(&peer.next(peer.status("active").with_hex("dt", 2_500)));
    talk.take();
    talk.after(ms(2_499));
    assert_eq!(deaths(&talk), [""; 0]);
    talk.after(ms(1));
    assert_eq!(deaths(&talk), ["n2 silence"]);
    let synthetic = talk.out.iter().find_map(|output| match output {
        Output::Local { message } if message.kind() == Some("status") => Some(message.clone()),
        _ => None,
    });
    let fields: Vec<_> = synthetic.unwrap().fields().map(|field| field.name.to_string()).collect();
    assert_eq!(fields, ["t", "seq", "ts", "src", "st"]);
    assert!(talk.noticed(notices::NODE_DEAD));
    assert_eq!(talk.node("n2").counters().deaths, 1);
}

#[test]
fn only_statuses_keep_a_node_alive() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for _ in 0..50 {
        talk.hear(&peer.next(app("x")));
        talk.after(ms(100));
    }
    assert_eq!(deaths(&talk), ["n2 silence"]);
    talk.hear(&peer.next(app("from the dead")));
    assert_eq!(talk.status("n2"), "dead");
    assert_eq!(talk.delivered().last().map(String::as_str), Some("from the dead"));
}

#[test]
fn a_late_status_is_told_and_kills_nobody() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.after(ms(2_001));
    talk.hear(&peer.next(peer.status("active")));
    assert!(talk.noticed(notices::LATE_HEARTBEAT));
    assert_eq!((deaths(&talk).len(), talk.node("n2").counters().late), (0, 1));
}

#[test]
fn deadtimes_of_a_few_milliseconds_work() {
    let mut peer = Peer::new("n2");
    let mut options = talk::options(&["n1", "n2"]);
    options.timing = Timing::new(ms(2), ms(7));
    options.timing.initdead = ms(100);
    let mut talk = Talk::active_with(options, &mut [&mut peer]);
    for _ in 0..100 {
        talk.hear(&peer.next(peer.status("active").with_hex("dt", 7)));
        talk.after(ms(6));
    }
    assert_eq!(deaths(&talk), [""; 0]);
    talk.after(ms(1));
    assert_eq!(deaths(&talk), ["n2 silence"]);
}

#[test]
fn an_own_link_has_a_second_to_be_heard_again_however_short_the_deadtime() {
    let mut options = talk::options(&["n1", "n2"]);
    options.timing = Timing::new(ms(5), ms(25));
    options.timing.initdead = ms(100);
    let mut talk = Talk::active_with(options, &mut [&mut Peer::new("n2")]);
    talk.after(ms(200));
    let bytes = talk.frames.last().unwrap().clone();
    let stamp = talk.now;
    talk.input(Input::Packet { medium: MediumId(0), stamp, bytes: bytes.into() });
    talk.after(ms(999));
    assert!(talk.link("n1", 0));
    talk.after(ms(1));
    assert!(!talk.link("n1", 0));
}

#[test]
fn links_die_and_return_by_themselves() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    let status = peer.next(peer.status("active"));
    talk.hear_on(0, &status);
    talk.hear_on(1, &status);
    talk.take();
    for _ in 0..5 {
        talk.after(ms(1_000));
        talk.hear_on(0, &peer.next(peer.status("active")));
    }
    assert_eq!((talk.link("n2", 0), talk.link("n2", 1), talk.status("n2").as_str()), (true, false, "active"));
    let told =
        |output: &Output, up| matches!(output, Output::Link { medium: MediumId(1), up: is, .. } if *is == up);
    assert!(talk.out.iter().any(|output| told(output, false)));
    let ifstat = talk.out.iter().any(|output| match output {
        Output::Local { message } => {
            let text = |field| message.text(field);
            text("t") == Some("ifstat") && text("ifname") == Some("eth1") && text("st") == Some("dead")
        }
        _ => false,
    });
    assert!(ifstat);
    talk.take();
    talk.hear_on(1, &peer.next(peer.status("active")));
    assert!(talk.out.iter().any(|output| told(output, true)));
}

#[test]
fn nobody_dies_before_every_reader_is_drained() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.answers_drains = false;
    talk.take();
    talk.after(ms(4_000));
    assert_eq!(deaths(&talk), [""; 0]);
    let token = talk.drain_token().unwrap();
    talk.input(Input::Drained { medium: MediumId(0), token });
    talk.input(Input::Drained { medium: MediumId(0), token });
    talk.input(Input::Drained { medium: MediumId(1), token: hb_base::Token(token.0 - 1) });
    assert_eq!(deaths(&talk), [""; 0], "the other reader has not answered");
    talk.input(Input::Drained { medium: MediumId(1), token });
    assert_eq!(deaths(&talk), ["n2 silence"]);
}

#[test]
fn a_status_that_waited_in_the_socket_saves_its_sender() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.answers_drains = false;
    let start = talk.now;
    talk.after(ms(4_000));
    let token = talk.drain_token().unwrap();
    talk.after(ms(100));
    talk.hear_late(1, &peer.next(peer.status("active")), start + ms(3_000));
    for medium in [0, 1] {
        talk.input(Input::Drained { medium: MediumId(medium), token });
    }
    assert_eq!(deaths(&talk), [""; 0]);
    assert_eq!(talk.node("n2").last_status_at(), start + ms(3_000), "by the kernel's stamp");
    talk.after(ms(2_900));
    let again = talk.drain_token().unwrap();
    assert_ne!(again, token);
    for medium in [0, 1] {
        talk.input(Input::Drained { medium: MediumId(medium), token: again });
    }
    assert_eq!(deaths(&talk), ["n2 silence"], "measured from the stamp, not from reading");
}

#[test]
fn a_stuck_reader_is_to_be_replaced_and_its_successor_is_waited_for() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.answers_drains = false;
    talk.after(ms(4_000));
    let token = talk.drain_token().unwrap();
    talk.input(Input::Drained { medium: MediumId(0), token });
    talk.take();
    talk.after(ms(2_000));
    let stuck = |output: &Output| matches!(output, Output::ReaderStuck { medium: MediumId(1) });
    assert_eq!(talk.out.iter().filter(|output| stuck(output)).count(), 1);
    talk.input(Input::MediumState { medium: MediumId(1), up: false });
    talk.input(Input::MediumState { medium: MediumId(1), up: true });
    assert_eq!(deaths(&talk), [""; 0]);
    assert_eq!(talk.drain_token(), Some(token), "the new one is asked");
    talk.input(Input::Drained { medium: MediumId(1), token });
    assert_eq!(deaths(&talk), [""; 0], "its socket may have overflowed while nobody read it");
    talk.answers_drains = true;
    talk.after(ms(4_000));
    assert_eq!(deaths(&talk), ["n2 silence"]);
}

#[test]
fn readers_that_are_always_slow_do_not_keep_the_dead_alive() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.answers_drains = false;
    let mut rounds = 0;
    while deaths(&talk).is_empty() {
        assert!(rounds < 8, "never found");
        talk.after(ms(4_000));
        talk.after(ms(1_500));
        if let Some(token) = talk.drain_token() {
            rounds += 1;
            for medium in [0, 1] {
                talk.input(Input::Drained { medium: MediumId(medium), token });
            }
        }
    }
}

#[test]
fn a_reader_that_is_lost_for_good_does_not_hold_verdicts_up() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.answers_drains = false;
    talk.after(ms(4_000));
    let token = talk.drain_token().unwrap();
    talk.input(Input::Drained { medium: MediumId(0), token });
    talk.input(Input::MediumState { medium: MediumId(1), up: false });
    talk.after(ms(1_999));
    assert!(!talk.noticed(notices::MEDIUM_ABANDONED));
    talk.after(ms(1));
    assert!(talk.noticed(notices::MEDIUM_ABANDONED));
    talk.after(ms(4_000));
    let token = talk.drain_token().unwrap();
    talk.input(Input::Drained { medium: MediumId(0), token });
    assert_eq!(deaths(&talk), ["n2 silence"], "the other medium's reader suffices now");
}

#[test]
fn the_successor_of_a_reader_that_was_just_lost_is_waited_for() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.answers_drains = false;
    let start = talk.now;
    talk.after(ms(3_990));
    talk.input(Input::MediumState { medium: MediumId(1), up: false });
    talk.after(ms(10));
    let token = talk.drain_token().unwrap();
    talk.input(Input::Drained { medium: MediumId(0), token });
    assert_eq!(deaths(&talk), [""; 0], "nobody has read the other socket");
    talk.take();
    talk.after(ms(30));
    talk.input(Input::MediumState { medium: MediumId(1), up: true });
    assert_eq!(talk.drain_token(), Some(token));
    talk.hear_late(1, &peer.next(peer.status("active")), start + ms(3_995));
    talk.input(Input::Drained { medium: MediumId(1), token });
    assert_eq!(deaths(&talk), [""; 0]);
}

#[test]
fn a_reader_that_was_lost_long_ago_is_not_waited_for() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.input(Input::MediumState { medium: MediumId(1), up: false });
    talk.after(ms(4_000));
    assert_eq!(deaths(&talk), ["n2 silence"]);
}

#[test]
fn a_status_whose_number_was_given_up_shows_life_and_is_not_delivered() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.after(ms(4_000));
    assert_eq!(talk.status("n2"), "dead");
    let number = peer.seq;
    let status = peer.status("active");
    // A message has overtaken two statuses, the first of which ends the partition.
    talk.hear(&peer.at(number + 3, app("overtakes")));
    talk.hear(&peer.at(number + 1, status.clone()));
    assert_eq!(talk.status("n2"), "active");
    talk.after(ms(3_000));
    talk.take();
    talk.hear(&peer.at(number + 2, status));
    talk.after(ms(3_000));
    assert_eq!(talk.status("n2"), "active");
    assert_eq!(talk.delivered(), [""; 0]);
    talk.after(ms(1_000));
    assert_eq!(talk.status("n2"), "dead");
}

#[test]
fn a_node_without_readers_declares_nobody_dead() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for medium in [0, 1] {
        talk.input(Input::MediumState { medium: MediumId(medium), up: false });
    }
    talk.after(ms(60_000));
    assert_eq!(deaths(&talk), [""; 0]);
    assert!(talk.noticed(notices::DEAF));
    talk.input(Input::MediumState { medium: MediumId(0), up: true });
    assert_eq!(deaths(&talk), [""; 0], "nobody listened, so nobody was silent");
    talk.after(ms(4_000));
    assert_eq!(deaths(&talk), ["n2 silence"]);
}

#[test]
fn a_late_timer_is_a_stall_and_evidence_begins_anew() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.now += ms(60_000);
    talk.input(Input::Timer);
    assert!(talk.noticed(notices::STALLED));
    assert_eq!((deaths(&talk).len(), talk.cluster.view().counters().stalls), (0, 1));
    talk.after(ms(3_999));
    assert_eq!(deaths(&talk), [""; 0]);
    talk.after(ms(1));
    assert_eq!(deaths(&talk), ["n2 silence"], "it really was dead");
}

#[test]
fn a_reported_stall_while_draining_voids_the_round() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.answers_drains = false;
    talk.after(ms(4_000));
    let token = talk.drain_token().unwrap();
    talk.input(Input::Stalled { by: ms(1_500) });
    for medium in [0, 1] {
        talk.input(Input::Drained { medium: MediumId(medium), token });
    }
    assert_eq!(deaths(&talk), [""; 0]);
    talk.answers_drains = true;
    talk.after(ms(4_000));
    assert_eq!(deaths(&talk), ["n2 silence"]);
}

#[test]
fn a_short_stall_takes_only_itself_off_a_silence_but_leaves_half_a_deadtime_to_speak() {
    for (silent_before, dies_after) in [(500, 3_500), (3_000, 2_000)] {
        let mut peer = Peer::new("n2");
        let mut talk = Talk::active(&mut [&mut peer]);
        talk.after(ms(silent_before));
        talk.now += ms(1_500);
        talk.input(Input::Stalled { by: ms(1_500) });
        talk.after(ms(dies_after - 1));
        assert_eq!(deaths(&talk), [""; 0], "{silent_before}");
        talk.after(ms(1));
        assert_eq!(deaths(&talk), ["n2 silence"], "{silent_before}");
    }
}

#[test]
fn endless_stalls_do_not_keep_the_dead_alive() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    let start = talk.now;
    while deaths(&talk).is_empty() {
        talk.after(ms(1_000));
        let due = talk.cluster.deadline().unwrap();
        talk.now = due + ms(2_000);
        talk.input(Input::Timer);
        assert!(talk.now < start + ms(120_000), "never found");
    }
}

#[test]
fn steps_of_the_wall_clock_change_nothing() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for secs in [3_600, 1_900_000_000, 5] {
        talk.input(Input::Environment { wall: WallTime::from_unix_millis(secs * 1_000), load: "0".into() });
        talk.after(ms(2_000));
        // The peer's clock steps too.
        peer.ts = secs;
        talk.hear(&peer.next(peer.status("active")));
        assert_eq!(talk.status("n2"), "active");
    }
    assert_eq!(deaths(&talk), [""; 0]);
    let status = talk.sent("status").pop().unwrap();
    assert_eq!(status.hex("ts"), Some(5));
}

#[test]
fn ping_nodes_live_by_their_echo_and_deadping() {
    let mut peer = Peer::new("n2");
    let mut options = talk::options(&["n1", "n2"]);
    options.media.push(hb_cluster::Medium::ping(name("gw")));
    options.timing.deadping = ms(1_000);
    let mut talk = Talk::started(options);
    talk.hear(&peer.next(peer.status("active")));
    assert_eq!(talk.cluster.view().phase(), hb_cluster::Phase::Forming, "the ping node is waited for too");
    let echo = hb_wire::Message::new("NS_st")
        .with("st", "ping")
        .with("info", "ping")
        .with("src", "gw")
        .with_hex("ts", 1);
    talk.hear_on(2, &echo);
    assert_eq!((talk.status("gw").as_str(), talk.link("gw", 2)), ("ping", true));
    assert_eq!(talk.cluster.view().phase(), hb_cluster::Phase::AskingNodes);
    let reply = hb_wire::Message::new("repnodes").with("nodelist", "n1 n2 ").with("delnodelist", " ");
    talk.hear(&peer.next(reply.with("dest", "n1")));
    talk.after(ms(1_000));
    assert_eq!((talk.status("gw").as_str(), talk.link("gw", 2)), ("dead", false));
    assert_eq!(talk.status("n2"), "active");
    talk.hear_on(2, &echo);
    assert_eq!(talk.status("gw"), "ping");
}

#[test]
fn own_frames_heard_back_only_refresh_the_own_link() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.after(ms(500));
    let bytes = talk.frames.last().unwrap().clone();
    let stamp = talk.now;
    talk.take();
    talk.input(Input::Packet { medium: MediumId(0), stamp, bytes: bytes.into() });
    assert!(talk.link("n1", 0) && !talk.link("n1", 1));
    assert!(!talk.out.iter().any(|output| matches!(output, Output::Deliver { .. } | Output::Ordered { .. })));
}

#[test]
fn a_node_that_says_good_bye_is_gone_at_once_for_its_like() {
    let mut peer = Peer::ours("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    let lost = peer.next(app("last words"));
    talk.hear(&peer.next(peer.status("active").with("hbx", "1 ack=0 bye")));
    assert_eq!(deaths(&talk), [""; 0], "its last words are still missing");
    talk.hear(&lost);
    assert_eq!(deaths(&talk), ["n2 left"]);
    talk.hear(&peer.next(peer.status("active").with("hbx", "1 ack=0 bye")));
    assert_eq!(talk.status("n2"), "dead");
    assert!(!talk.out.iter().any(|output| matches!(output, Output::Returned { .. })));
    let mut again = Peer { generation: 101, seq: 0, ..peer };
    talk.hear(&again.next(again.status("init")));
    assert_eq!(talk.status("n2"), "init");
}

#[test]
fn leaving_says_so_a_few_times_and_answers_until_the_end() {
    let mut peer = Peer::ours("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.input(Input::Submit { message: app("last words") });
    let seq = talk.cluster.view().flow().hiseq;
    talk.take();
    talk.input(Input::Leave);
    talk.after(ms(300));
    let request = hb_wire::Message::new("NS_rexmit").with("dest", "n1").with_decimal("firstseq", seq);
    talk.hear(&peer.control(request.with_decimal("lastseq", seq)));
    assert!(talk.sent.iter().any(|(class, _)| *class == hb_cluster::Class::Repeat));
    talk.after(ms(1_000));
    let byes = talk.sent("status");
    assert!(
        byes.len() >= 3
            && byes.iter().all(|status| status.text("hbx").is_some_and(|hbx| hbx.ends_with(" bye")))
    );
    assert!(talk.out.iter().any(|output| matches!(output, Output::Left)));
    assert_eq!(talk.cluster.deadline(), None);
    talk.take();
    talk.input(Input::Submit { message: app("too late") });
    talk.after(Duration::from_secs(60));
    assert_eq!(talk.sent, []);
}

#[test]
fn who_leaves_judges_nobody() {
    let (mut n2, mut n3) = (Peer::ours("n2"), Peer::ours("n3"));
    let mut talk = Talk::active(&mut [&mut n2, &mut n3]);
    talk.hear(&n3.next(n3.status("active").with_hex("dt", 100)));
    talk.take();
    talk.input(Input::Leave);
    talk.hear(&n2.next(n2.status("active").with("hbx", "1 ack=0 bye")));
    talk.hear(&n3.next(n3.status("up").with_hex("dt", 100)));
    talk.after(ms(3_000));
    assert!(talk.out.iter().any(|output| matches!(output, Output::Left)));
    assert_eq!(deaths(&talk), [""; 0]);
}

#[test]
fn reasons_have_words() {
    assert_eq!(DeathReason::NeverHeard.word(), "never_heard");
    let mut talk = Talk::started(talk::options(&["n1", "n2"]));
    let start = talk.now;
    talk.after(ms(10_000));
    assert_eq!(deaths(&talk), ["n2 never_heard"]);
    assert_eq!(talk.now, start + ms(10_000));
    assert!(talk.now > Instant::ZERO);
}
