//! Recorded traffic of the original, played to a machine that takes the place of its peer.

#[path = "../../hb-wire/tests/golden/folder.rs"]
mod folder;

use core::time::Duration;
use hb_base::{Generation, Instant, MediumId, NodeName, WallTime};
use hb_cluster::{Cluster, Input, Medium, Options, Output, Phase, Record, Stored, Timing};
use hb_wire::{Codec, Format, Keys, Method};

/// Time stamps and UDP payloads to port 694, fragments left out.
fn frames(file: &[u8]) -> Vec<(Duration, Vec<u8>)> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let mut found = Vec::new();
    let mut at = 24;
    while at + 16 <= file.len() {
        let time = Duration::new(number(at).into(), number(at + 4) * 1_000);
        let length = number(at + 8) as usize;
        let packet = &file[at + 16..(at + 16 + length).min(file.len())];
        at += 16 + length;
        let udp = packet.get(12..14) == Some(&[8, 0]) && packet.get(23) == Some(&17);
        let whole = packet.len() > 42 && packet[20] & 0x3f == 0 && packet[21] == 0;
        if udp && whole && packet[36..38] == 694u16.to_be_bytes() {
            found.push((time, packet[42..].to_vec()));
        }
    }
    found
}

struct Played {
    cluster: Cluster,
    events: Vec<String>,
    up_after: Option<Duration>,
}

/// Plays what n1 said; we are n2.
fn play(file: &str, method: Method) -> Option<Played> {
    let key = if method == Method::Crc { Vec::new() } else { b"labkey".to_vec() };
    let codec = Codec::new(Keys::new(1, [(1, method, key)]).unwrap(), Format::Classic);
    let name = |text: &str| NodeName::new(text).unwrap();
    let mut options = Options::new(name("n2"), vec![name("n1"), name("n2")], vec![Medium::peers("eth0")]);
    options.timing = Timing::new(Duration::from_millis(500), Duration::from_secs(4));
    options.timing.initdead = Duration::from_secs(10);
    let mut cluster = Cluster::new(options, codec.clone());
    let recorded = frames(&folder::read(file)?);
    let begin = recorded[0].0;
    let at = |time: Duration| Instant::from_millis(1_000) + (time - begin);
    let mut events = Vec::new();
    let mut up_after = None;
    let mut drain = |cluster: &mut Cluster, now: Instant| {
        while let Some(output) = cluster.poll() {
            match output {
                Output::Persist { token, .. } => cluster.handle(now, Input::Persisted { token }),
                Output::Drain { token, media } => {
                    for medium in media {
                        cluster.handle(now, Input::Drained { medium, token });
                    }
                }
                Output::Node { node, to, .. } => events.push(format!("{node} {to}")),
                Output::Returned { node } => events.push(format!("{node} returned")),
                Output::Restarted { node } => events.push(format!("{node} restarted")),
                Output::Gap { from, first, last, .. } => events.push(format!("{from} gap {first}-{last}")),
                Output::CommunicationUp => up_after = Some(now - Instant::from_millis(1_000)),
                _ => {}
            }
        }
    };
    let wall = WallTime::from_unix_millis(u64::try_from(begin.as_millis()).unwrap());
    cluster.handle(at(begin), Input::Environment { wall, load: "0".into() });
    // The recorded n1 addresses the recorded n2 by its uuid.
    let of_n2 = recorded.iter().filter_map(|(_, bytes)| codec.decode_signed(bytes).ok());
    let uuid =
        of_n2.filter(|message| message.text("src") == Some("n2")).find_map(|message| message.uuid("srcuuid"));
    let generation = Some(Record::generation_text(Generation(1)).into_bytes());
    let uuid = uuid.map(|uuid| uuid.0.to_vec());
    let stored = Stored { generation, uuid, ..Stored::default() };
    cluster.handle(at(begin), Input::Start { stored, entropy: 5 });
    drain(&mut cluster, at(begin));
    for (time, bytes) in recorded {
        let now = at(time);
        while let Some(due) = cluster.deadline().filter(|due| *due <= now) {
            cluster.handle(due, Input::Timer);
            drain(&mut cluster, due);
        }
        let from_n1 = codec.decode_signed(&bytes).unwrap().text("src") == Some("n1");
        if from_n1 {
            cluster.handle(now, Input::Packet { medium: MediumId(0), stamp: now, bytes: bytes.into() });
            drain(&mut cluster, now);
        }
    }
    Some(Played { cluster, events, up_after })
}

#[test]
fn everything_recorded_is_accepted_and_nothing_is_asked_for_again() {
    let quiet = ["n2 up", "n1 up", "n2 active", "n1 active"];
    let restart = ["n1 restarted", "n1 init", "n1 up", "n1 active"];
    let restarted = [&quiet[..], &restart[..]].concat();
    let died = [&quiet[..], &["n1 dead"], &restart[..]].concat();
    for (file, method, expected) in [
        ("ucast-crc-full.pcap", Method::Crc, &quiet[..]),
        ("bcast-md5-full.pcap", Method::Md5, &quiet),
        ("mcast-sha1-full.pcap", Method::Sha1, &quiet),
        ("burst-loss.pcap", Method::Crc, &quiet),
        ("partition-heal.pcap", Method::Crc, &restarted),
        ("failback-on.pcap", Method::Crc, &died),
    ] {
        let Some(played) = play(file, method) else { return };
        let view = played.cluster.view();
        let node = view.node("n1").unwrap();
        let (_, medium) = view.medium(MediumId(0)).unwrap();
        assert_eq!((medium.rejected, medium.malformed), (0, 0), "{file}");
        assert_eq!(played.events, expected, "{file}");
        assert_eq!(node.native(), Some(false), "{file}");
        let counters = node.counters();
        // It swaps messages on the wire, which must not be taken for loss.
        assert_eq!((counters.requested, counters.lost, counters.stale), (0, 0, 0), "{file}");
        assert_eq!(counters.missed, counters.recovered, "{file}");
        assert!(
            played.up_after.is_some_and(|after| after < Duration::from_secs(2)),
            "{file}: {:?}",
            played.up_after
        );
        assert_eq!(view.phase(), Phase::Active, "{file}");
    }
}
