//! Sections 5.4 and 5.5: asking for what is missing, answering who asks.

mod talk;

use core::time::Duration;
use hb_base::Instant;
use hb_cluster::{Class, Input, Timing};
use hb_wire::Message;
use talk::{Peer, Talk, app, ms};

fn ranges(talk: &mut Talk) -> Vec<(u64, u64)> {
    let sent = talk.sent("NS_rexmit");
    assert!(sent.iter().all(|message| message.text("dest") == Some("n2")));
    sent.iter()
        .map(|message| (message.decimal("firstseq").unwrap(), message.decimal("lastseq").unwrap()))
        .collect()
}

/// Times of all requests within `time`, in nanoseconds after now.
fn requests_within(talk: &mut Talk, time: Duration) -> Vec<(Duration, (u64, u64))> {
    let start = talk.now;
    let mut requests = Vec::new();
    while talk.now < start + time {
        talk.after(Duration::from_micros(100));
        let at = talk.now - start;
        requests.extend(ranges(talk).into_iter().map(|range| (at, range)));
    }
    requests
}

fn request(peer: &Peer, first: u64, last: u64) -> Message {
    let request = Message::new("NS_rexmit").with("dest", "n1");
    peer.control(request.with_decimal("firstseq", first).with_decimal("lastseq", last))
}

#[test]
fn an_original_is_asked_after_50_to_250_ms_and_then_every_250_ms_for_single_numbers() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    peer.seq += 2;
    talk.hear(&peer.next(app("x")));
    talk.take();
    let requests = requests_within(&mut talk, ms(700));
    for seq in [3, 4] {
        let times: Vec<_> =
            requests.iter().filter(|(_, range)| *range == (seq, seq)).map(|(at, _)| *at).collect();
        assert!((2..=3).contains(&times.len()), "{requests:?}");
        assert!((ms(50)..=ms(251)).contains(&times[0]), "{times:?}");
        assert!(times.windows(2).all(|pair| (pair[1] - pair[0]).abs_diff(ms(250)) < ms(1)), "{times:?}");
    }
    assert!(requests.iter().all(|(_, (first, last))| first == last), "{requests:?}");
}

#[test]
fn a_short_longest_delay_has_no_shortest_one() {
    let mut peer = Peer::new("n2");
    let mut options = talk::options(&["n1", "n2"]);
    options.timing = Timing { max_rexmit_delay: ms(40), ..options.timing };
    let mut talk = Talk::active_with(options, &mut [&mut peer]);
    peer.seq += 1;
    talk.hear(&peer.next(app("x")));
    talk.take();
    let requests = requests_within(&mut talk, ms(41));
    assert!(!requests.is_empty());
}

#[test]
fn one_of_ours_is_asked_soon_and_for_ranges() {
    let mut peer = Peer::ours("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    peer.seq += 60;
    talk.hear(&peer.next(app("x")));
    talk.take();
    let requests = requests_within(&mut talk, ms(6));
    assert_eq!(requests.iter().map(|(_, range)| *range).collect::<Vec<_>>(), [(3, 52), (53, 62)]);
    assert!(
        requests.iter().all(|(at, _)| (ms(2)..=Duration::from_micros(5_100)).contains(at)),
        "{requests:?}"
    );
    let more = requests_within(&mut talk, ms(100));
    assert!((2..=12).contains(&more.len()), "repeated, ever less often: {more:?}");
}

#[test]
fn swapped_neighbours_are_not_asked_for() {
    for peer in [Peer::new("n2"), Peer::ours("n2")] {
        let mut peer = peer;
        let mut talk = Talk::active(&mut [&mut peer]);
        let late = peer.next(app("late"));
        talk.hear(&peer.next(app("early")));
        talk.after(ms(1));
        talk.hear(&late);
        talk.take();
        assert_eq!(requests_within(&mut talk, ms(400)), []);
    }
}

#[test]
fn a_refused_number_is_not_asked_for_again_and_the_gap_is_told() {
    let mut peer = Peer::ours("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    peer.seq += 1;
    talk.hear(&peer.next(app("x")));
    talk.after(ms(10));
    let refusal = Message::new("NS_nak_rexmit").with_hex("firstseq", peer.seq - 1).with("dest", "n1");
    talk.take();
    talk.hear(&peer.control(refusal.with("info", "seqno too low")));
    assert_eq!(talk.ordered(), ["3-3 refused", "x"]);
    talk.take();
    assert_eq!(requests_within(&mut talk, ms(300)), []);
}

#[test]
fn a_node_that_is_not_in_service_is_not_asked_until_it_is() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    talk.hear(&peer.next(peer.status("init")));
    peer.seq += 1;
    talk.hear(&peer.next(app("x")));
    talk.take();
    assert_eq!(requests_within(&mut talk, ms(600)), []);
    talk.hear(&peer.next(peer.status("up")));
    assert!(!requests_within(&mut talk, ms(300)).is_empty());
}

/// In service after `count` messages of ours; their frames.
fn busy(peer: &mut Peer, count: usize) -> (Talk, Vec<(u64, Vec<u8>)>) {
    let mut talk = Talk::active(&mut [peer]);
    for n in 0..count {
        talk.input(Input::Submit { message: app(&n.to_string()) });
    }
    let sent = core::mem::take(&mut talk.sent).into_iter().zip(core::mem::take(&mut talk.frames));
    let frames = sent.filter_map(|((_, message), frame)| Some((message.hex("seq")?, frame))).collect();
    talk.take();
    (talk, frames)
}

#[test]
fn a_retransmission_is_the_same_frame() {
    let mut peer = Peer::new("n2");
    let (mut talk, frames) = busy(&mut peer, 5);
    let keys = hb_wire::Keys::new(2, [(2, hb_wire::Method::Md5, b"new".to_vec())]).unwrap();
    let codec = hb_wire::Codec::new(keys, hb_wire::Format::Netstring);
    talk.input(Input::Rekey(Box::new(codec.clone())));
    let (seq, frame) = frames[2].clone();
    let bytes = codec.encode_signed(&request(&peer, seq, seq)).unwrap();
    let stamp = talk.now;
    talk.input(Input::Packet { medium: hb_base::MediumId(0), stamp, bytes: bytes.into() });
    assert_eq!(talk.frames, [frame], "with the old signature");
}

fn repeats(talk: &mut Talk) -> Vec<u64> {
    let sent = core::mem::take(&mut talk.sent);
    let repeats = sent.into_iter().filter(|(class, _)| *class == Class::Repeat);
    repeats.map(|(_, message)| message.hex("seq").unwrap()).collect()
}

#[test]
fn at_most_fifty_are_sent_for_one_request_and_not_again_at_once() {
    let mut peer = Peer::new("n2");
    let (mut talk, frames) = busy(&mut peer, 80);
    let first = frames[0].0;
    talk.hear(&request(&peer, first, first + 200));
    assert_eq!(repeats(&mut talk), (first..first + 50).collect::<Vec<_>>());
    talk.after(ms(239));
    talk.sent.clear();
    talk.hear(&request(&peer, first, first));
    assert_eq!(repeats(&mut talk), [0; 0]);
    talk.after(ms(1));
    talk.sent.clear();
    talk.hear(&request(&peer, first, first));
    assert_eq!(repeats(&mut talk), [first]);
}

#[test]
fn between_ours_a_repetition_is_spared_for_a_moment_only() {
    let mut peer = Peer::ours("n2");
    let (mut talk, frames) = busy(&mut peer, 3);
    let first = frames[0].0;
    talk.hear(&request(&peer, first, first));
    talk.hear(&request(&peer, first, first));
    assert_eq!(repeats(&mut talk), [first]);
    assert_eq!(talk.cluster.view().counters().retransmissions_spared, 1);
    talk.after(ms(20));
    talk.sent.clear();
    talk.hear(&request(&peer, first, first));
    assert_eq!(repeats(&mut talk), [first]);
}

#[test]
fn the_newest_number_is_answered_too_and_impossible_ones_are_not() {
    let mut peer = Peer::new("n2");
    let (mut talk, frames) = busy(&mut peer, 3);
    let newest = frames[2].0;
    talk.hear(&request(&peer, newest, newest));
    assert_eq!(repeats(&mut talk), [newest]);
    talk.hear(&request(&peer, newest + 1, newest + 9));
    talk.hear(&request(&peer, newest, newest - 1));
    talk.hear(&request(&peer, newest - 1, newest - 1).with("dest", "n2"));
    talk.hear(&request(&peer, newest, newest).with("firstseq", "ff"));
    assert_eq!(talk.sent, [], "nothing at all");
}

#[test]
fn what_the_asker_has_acknowledged_is_not_sent_again() {
    let mut peer = Peer::new("n2");
    let (mut talk, frames) = busy(&mut peer, 3);
    let first = frames[0].0;
    talk.hear(&peer.control(Message::new("NS_ackmsg").with("dest", "n1").with_hex("ackseq", first)));
    talk.hear(&request(&peer, first, first + 1));
    assert_eq!(repeats(&mut talk), [first + 1]);
}

#[test]
fn what_history_has_lost_is_refused_in_hexadecimal() {
    let mut peer = Peer::new("n2");
    let (mut talk, _) = busy(&mut peer, 600);
    let low = talk.cluster.view().flow().lowseq;
    assert_eq!(talk.cluster.view().flow().hiseq - low, 500);
    talk.sent.clear();
    talk.hear(&request(&peer, low - 1, low + 1));
    let refusals: Vec<_> =
        talk.sent.iter().filter(|(_, m)| m.kind() == Some("NS_nak_rexmit")).cloned().collect();
    let refused: Vec<_> = refusals.iter().map(|(_, m)| m.hex("firstseq").unwrap()).collect();
    assert_eq!(refused, [low - 1, low]);
    assert!(
        refusals.iter().all(|(_, m)| m.text("info") == Some("seqno too low") && m.text("dest") == Some("n2"))
    );
    assert!(refusals.iter().all(|(_, m)| m.value("seq").is_none() && m.value("ld").is_none()));
    assert_eq!(repeats(&mut talk), [low + 1]);
}

#[test]
fn losing_what_a_live_peer_lacks_is_told() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    for n in 0..600 {
        talk.input(Input::Submit { message: app(&n.to_string()) });
    }
    assert!(talk.noticed(hb_cluster::notices::HISTORY_OVERRUN));
}

#[test]
fn a_message_that_fits_no_datagram_uses_up_no_number() {
    let mut peer = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut peer]);
    let before = talk.cluster.view().flow().hiseq;
    let mut noise = hb_base::Rng::new(1);
    let long: Vec<u8> = (0..200_000).map(|_| noise.below(255) as u8).collect();
    let mut message = app("x");
    message.push("blob", hb_wire::Value::Binary(long));
    talk.input(Input::Submit { message });
    assert!(talk.noticed(hb_cluster::notices::MESSAGE_REFUSED));
    assert_eq!(talk.cluster.view().flow().hiseq, before);
    assert_eq!(talk.now, Instant::from_millis(1_000));
}
