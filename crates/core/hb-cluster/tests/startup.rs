//! From the stored generation to `active`: sections 6.3, 6.6 and 9.

mod talk;

use hb_base::{Generation, Token, Uuid, WallTime};
use hb_cluster::{Autojoin, GenerationFrom, Input, Output, Phase, Record, Stored, Timing, UuidFrom, notices};
use hb_wire::Message;
use talk::{Peer, Talk, WALL, app, ms};

fn stored(generation: u64) -> Stored {
    Stored {
        generation: Some(Record::generation_text(Generation(generation)).into_bytes()),
        ..Stored::default()
    }
}

fn generation_after(stored: Stored) -> u64 {
    let mut talk = Talk::idle(talk::options(&["n1", "n2"]));
    talk.start(stored);
    talk.cluster.view().generation().0
}

#[test]
fn the_generation_grows_whatever_was_found() {
    let file = |generation| Some(Record::generation_text(Generation(generation)).into_bytes());
    assert_eq!(generation_after(stored(41)), 42);
    assert_eq!(generation_after(Stored::default()), WALL + 1);
    for torn in [&b""[..], b"           12", b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", b"garbage\n"] {
        let torn = Some(torn.to_vec());
        let generation = |copy: Option<Vec<u8>>| {
            generation_after(Stored { generation: torn.clone(), generation_copy: copy, ..Stored::default() })
        };
        assert_eq!(generation(None), WALL + 1);
        assert_eq!(generation(torn.clone()), WALL + 1);
        assert_eq!(generation(file(7)), WALL + 1, "a torn file may have held more than its copy");
        assert_eq!(generation(file(WALL + 1_000)), WALL + 1_001, "the wall clock is behind");
    }
    let old_backup = Stored { generation: file(5), generation_copy: file(90), ..Stored::default() };
    assert!(generation_after(old_backup) > 90);
    let copy_not_yet = Stored { generation: file(90), generation_copy: file(89), ..Stored::default() };
    assert_eq!(generation_after(copy_not_yet), 91);
}

#[test]
fn the_generation_may_come_from_the_clock_and_still_grows() {
    for (found, expected) in [(None, WALL), (Some(5), WALL), (Some(WALL + 7), WALL + 8)] {
        let mut options = talk::options(&["n1", "n2"]);
        options.generation_from = GenerationFrom::Time;
        let mut talk = Talk::idle(options);
        talk.start(found.map_or_else(Stored::default, stored));
        assert_eq!(talk.cluster.view().generation().0, expected);
    }
}

#[test]
fn nothing_is_sent_before_the_generation_is_durable() {
    let mut talk = Talk::idle(talk::options(&["n1", "n2"]));
    talk.persists = false;
    talk.input(Input::Start { stored: stored(1), entropy: 1 });
    assert!(talk.out.is_empty(), "the wall clock is not known yet");
    talk.input(Input::Environment { wall: WallTime::from_unix_millis(WALL * 1_000), load: "0".into() });
    let tokens: Vec<(Token, Record)> = talk
        .out
        .iter()
        .filter_map(|output| match output {
            Output::Persist { record, token } => Some((*token, record.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(tokens[0].1, Record::Generation(Generation(2)));
    assert!(matches!(tokens[1].1, Record::Uuid(uuid) if !uuid.is_nil()));
    let mut peer = Peer::new("n2");
    talk.hear(&peer.next(peer.status("active")));
    talk.input(Input::Submit { message: app("early") });
    talk.after(ms(60_000));
    talk.input(Input::Persisted { token: tokens[0].0 });
    talk.after(ms(60_000));
    assert_eq!(talk.sent, []);
    talk.input(Input::Persisted { token: tokens[1].0 });
    let kinds: Vec<_> = talk.sent.iter().map(|(_, message)| message.kind().unwrap()).collect();
    assert_eq!(kinds, ["status", "status", "app"]);
    assert!(talk.sent.iter().all(|(_, message)| message.hex("hg") == Some(2)));
}

#[test]
fn the_uuid_is_kept_made_or_taken_from_the_name() {
    let mut talk = Talk::idle(talk::options(&["n1", "n2"]));
    talk.start(Stored { uuid: Some(vec![3; 16]), ..Stored::default() });
    assert_eq!(talk.cluster.view().uuid(), Uuid([3; 16]));
    for torn in [vec![], vec![3; 15], vec![0; 16]] {
        let mut talk = Talk::idle(talk::options(&["n1", "n2"]));
        talk.start(Stored { uuid: Some(torn), ..Stored::default() });
        assert_eq!(talk.stored.uuid, Some(talk.cluster.view().uuid().0.to_vec()));
        assert!(talk.noticed(notices::STORED_UNUSABLE));
    }
    let mut options = talk::options(&["n1", "n2"]);
    options.uuid_from = UuidFrom::NodeName;
    let mut talk = Talk::idle(options);
    talk.start(Stored::default());
    assert_eq!(talk.cluster.view().uuid().0, *b"n1\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
}

/// Types, and for statuses the status, of everything sent.
fn said(talk: &mut Talk) -> Vec<String> {
    let sent = core::mem::take(&mut talk.sent);
    let numbered = sent.iter().filter(|(_, message)| message.value("seq").is_some());
    let words = numbered.map(|(_, message)| match message.text("st") {
        Some(st) => format!("status {st}"),
        None => message.kind().unwrap().to_string(),
    });
    words.collect()
}

#[test]
fn the_order_of_a_start_is_the_originals() {
    let mut talk = Talk::started(talk::options(&["n1", "n2"]));
    let first = talk.sent[0].1.clone();
    let fields: Vec<_> = first.fields().map(|field| field.name.to_string()).collect();
    let expected =
        ["t", "st", "dt", "protocol", "hbx", "src", "srcuuid", "seq", "hg", "ts", "ld", "ttl", "auth"];
    assert_eq!(fields, expected);
    assert_eq!((first.hex("seq"), first.hex("hg"), first.decimal("ttl")), (Some(1), Some(10), Some(3)));
    assert_eq!(said(&mut talk), ["status init", "status up"]);
    let mut peer = Peer::new("n2");
    talk.hear(&peer.next(peer.status("init")));
    assert_eq!(said(&mut talk), ["reqnodes", "status up"]);
    talk.hear(&peer.next(peer.status("up")));
    talk.hear(&peer.next(Message::new("reqnodes").with("dest", "n1")));
    let reply = talk.sent[0].1.clone();
    let fields: Vec<_> = reply.fields().take(5).map(|field| field.name.to_string()).collect();
    assert_eq!(fields, ["dest", "t", "nodelist", "delnodelist", "destuuid"]);
    assert_eq!((reply.text("nodelist"), reply.text("delnodelist")), (Some("n1 n2 "), Some(" ")));
    assert_eq!(said(&mut talk), ["repnodes"]);
    let answer =
        Message::new("repnodes").with("dest", "n1").with("nodelist", "n1 n2 ").with("delnodelist", " ");
    talk.hear(&peer.next(answer));
    assert_eq!(said(&mut talk), ["status active"]);
    assert!(talk.out.iter().any(|output| matches!(output, Output::CommunicationUp)));
}

#[test]
fn a_pure_speaker_of_the_original_says_nothing_else() {
    let mut options = talk::options(&["n1", "n2"]);
    options.native = false;
    let talk = Talk::started(options);
    assert!(talk.sent.iter().all(|(_, message)| message.value("hbx").is_none()));
}

#[test]
fn the_announced_deadtime_is_longer_for_five_seconds() {
    let mut talk = Talk::started(talk::options(&["n1", "n2"]));
    assert_eq!(talk.sent[0].1.text("dt"), Some("1770"));
    talk.after(ms(4_999));
    assert!(talk.sent("status").iter().all(|status| status.text("dt") == Some("1770")));
    talk.after(ms(1));
    assert_eq!(talk.sent("status").pop().unwrap().text("dt"), Some("fa0"));
    talk.input(Input::Grace { extra: ms(30_000) });
    assert_eq!(talk.sent("status").pop().unwrap().hex("dt"), Some(34_000));
    talk.input(Input::Grace { extra: ms(0) });
    assert_eq!(talk.sent("status").pop().unwrap().hex("dt"), Some(4_000));
    talk.input(Input::Retune(Timing { deadtime: ms(3_000), ..talk::options(&["n1"]).timing }));
    assert_eq!(talk.sent("status").pop().unwrap().hex("dt"), Some(3_000));
}

#[test]
fn a_short_deadtime_is_not_swamped_by_its_grace() {
    let mut options = talk::options(&["n1", "n2"]);
    options.timing = Timing::new(ms(10), ms(100));
    let talk = Talk::started(options);
    assert_eq!(talk.sent[0].1.hex("dt"), Some(150));
}

#[test]
fn the_node_list_is_asked_for_every_second_until_anybody_answers() {
    let (mut n2, mut n3) = (Peer::new("n2"), Peer::new("n3"));
    let mut talk = Talk::started(talk::options(&["n1", "n2", "n3"]));
    talk.hear(&n2.next(n2.status("up")));
    assert_eq!(talk.cluster.view().phase(), Phase::Forming);
    talk.hear(&n3.next(n3.status("up")));
    talk.sent.clear();
    for _ in 0..7 {
        talk.hear(&n2.next(n2.status("up")));
        talk.hear(&n3.next(n3.status("up")));
        talk.after(ms(500));
    }
    let asked = talk.sent("reqnodes");
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|message| message.text("dest") == Some("n2")));
    assert_eq!(talk.status("n1"), "up");
    let answer = Message::new("repnodes").with("nodelist", "n1 n2 n3 ").with("delnodelist", " ");
    talk.hear(&n3.next(answer.with("dest", "n1")));
    assert_eq!(talk.status("n1"), "active");
}

#[test]
fn a_lone_node_is_in_service_after_initdead() {
    let mut talk = Talk::started(talk::options(&["n1", "n2"]));
    talk.after(ms(9_999));
    assert_eq!(talk.status("n1"), "up");
    talk.after(ms(1));
    assert_eq!((talk.status("n1").as_str(), talk.status("n2").as_str()), ("active", "dead"));
    let mut peer = Peer::new("n2");
    talk.take();
    talk.hear(&peer.next(peer.status("init")));
    assert_eq!(talk.status("n2"), "init");
    let first_time = |output: &Output| matches!(output, Output::Returned { .. } | Output::Restarted { .. });
    assert!(!talk.out.iter().any(first_time), "it was never here");
}

#[test]
fn a_peer_without_flow_control_is_not_asked() {
    let mut talk = Talk::started(talk::options(&["n1", "n2"]));
    let mut peer = Peer::new("n2");
    let mut status = peer.status("active");
    status.remove("protocol");
    talk.hear(&peer.next(status));
    assert_eq!(talk.status("n1"), "active");
    assert!(talk.sent("reqnodes").is_empty());
}

#[test]
fn with_autojoin_initdead_is_waited_for() {
    let mut options = talk::options(&["n1", "n2"]);
    options.autojoin = Autojoin::Any;
    options.manages_resources = false;
    let mut talk = Talk::started(options);
    let mut peer = Peer::new("n2");
    for _ in 0..19 {
        talk.hear(&peer.next(peer.status("up")));
        talk.after(ms(500));
    }
    assert_eq!(talk.cluster.view().phase(), Phase::Forming);
    talk.hear(&peer.next(peer.status("up")));
    talk.after(ms(500));
    assert_eq!(talk.cluster.view().phase(), Phase::AskingNodes);
}

#[test]
fn the_host_cache_brings_nodes_back_with_autojoin_only() {
    for (autojoin, known) in [(Autojoin::Other, true), (Autojoin::None, false)] {
        let mut options = talk::options(&["n1", "n2"]);
        options.autojoin = autojoin;
        options.manages_resources = false;
        let mut talk = Talk::idle(options);
        let hosts = b"n5\t00112233-4455-6677-8899-aabbccddeeff\t50\there\n".to_vec();
        talk.start(Stored { hostcache: Some(hosts), ..Stored::default() });
        let node = talk.cluster.view().node("n5");
        assert_eq!(
            node.map(|node| (node.weight(), node.site().to_string())),
            known.then(|| (50, "here".into()))
        );
    }
}

#[test]
fn a_later_generation_of_our_own_on_the_network_is_outbid_before_service() {
    let mut talk = Talk::started(talk::options(&["n1", "n2"]));
    let own =
        Peer { name: "n1", uuid: talk.cluster.view().uuid(), generation: 500, seq: 0, ts: WALL, hbx: true };
    talk.hear(&own.at(70, own.status("up")));
    assert_eq!(talk.cluster.view().generation(), Generation(501));
    assert!(talk.noticed(notices::GENERATION_BEHIND));
    let first = talk.sent("status").into_iter().find(|status| status.hex("hg") == Some(501)).unwrap();
    assert_eq!((first.hex("seq"), first.text("st")), (Some(1), Some("init")));
    assert_eq!(talk.stored.generation, Some(Record::generation_text(Generation(501)).into_bytes()));
}

#[test]
fn our_own_copies_come_back_with_control_fields() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    let forged =
        app("mine").with("dest", "n1").with("src", "n7").with("seq", "1").with("hg", "1").with("ts", "1");
    talk.input(Input::Submit { message: forged });
    let sent = talk.sent("app").pop().unwrap();
    assert_eq!((sent.text("src"), sent.hex("hg"), sent.hex("ts")), (Some("n1"), Some(10), Some(WALL)));
    assert_eq!(sent.hex("seq"), Some(talk.cluster.view().flow().hiseq));
    assert_eq!(sent.uuid("destuuid"), Some(talk.cluster.view().uuid()));
    assert_eq!(talk.delivered(), ["mine"]);
    talk.input(Input::Submit { message: app("theirs").with("dest", "n2") });
    assert_eq!(talk.delivered(), [""; 0]);
    let sent = talk.sent("app").pop().unwrap();
    assert_eq!(sent.uuid("destuuid"), Some(peer.uuid));
}

#[test]
fn the_silence_before_the_first_word_is_not_held_against_a_node() {
    let mut talk = Talk::started(talk::options(&["n1", "n2"]));
    talk.after(ms(6_000));
    let mut peer = Peer::new("n2");
    // Its status was overtaken.
    peer.seq += 1;
    let answer =
        Message::new("repnodes").with("dest", "n1").with("nodelist", "n1 n2 ").with("delnodelist", " ");
    talk.hear(&peer.next(answer));
    assert_eq!(talk.cluster.view().phase(), Phase::Active);
    talk.after(ms(100));
    assert_eq!(talk.status("n2"), "init");
}
