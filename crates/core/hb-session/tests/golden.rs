//! The recorded exchanges with the original's daemon, replayed: our answers are its answers, byte for byte.
//!
//! The recordings are not part of this repository: they are looked for in `$HB_SHARED/golden`.

mod desk;

use desk::Desk;
use hb_base::{ClientId, Uuid};
use hb_session::{Input, Peer};
use hb_wire::Message;
use serde_json::Value as Json;
use std::collections::BTreeMap;

fn vectors() -> Vec<Json> {
    let beside = || std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared"));
    let folder = std::env::var_os("HB_SHARED").map_or_else(beside, std::path::PathBuf::from);
    let path = folder.join("golden/vectors.json");
    let Ok(bytes) = std::fs::read(&path) else {
        let allowed = std::env::var_os("HB_ALLOW_MISSING").is_some_and(|value| value == "1");
        assert!(allowed, "no recordings in {}: set HB_SHARED, or HB_ALLOW_MISSING=1", path.display());
        return Vec::new();
    };
    let all: Vec<Json> = serde_json::from_slice(&bytes).expect("vectors.json is an array");
    all.into_iter().filter(|vector| vector["group"] == "api").collect()
}

/// The messages in bytes of the socket, each with its header.
fn frames(hex: &str) -> Vec<Vec<u8>> {
    let pairs = hex.as_bytes().as_chunks::<2>().0;
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16);
    let mut bytes: &[u8] = &pairs.iter().map(|pair| byte(pair).expect("hex")).collect::<Vec<u8>>();
    let mut found = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<8>() {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        found.push(rest[..length].to_vec());
        bytes = &rest[length..];
    }
    found
}

fn text(message: &Message) -> Vec<u8> {
    let mut bytes = hb_wire::text::encode(message).expect("encodes");
    bytes.push(0);
    bytes
}

/// A message of the daemon, up to the control fields that the cluster adds.
fn without_control_fields(message: &Message) -> Message {
    let control = ["srcuuid", "seq", "hg", "ts", "ld", "ttl", "auth", "destuuid"];
    let mut bare = message.clone();
    for name in control {
        bare.remove(name);
    }
    bare
}

/// A desk that is in the state of the recorded node.
fn recorded_desk() -> Desk {
    let mut options = desk::options();
    options.version = "3.0.6 (node: 958e11be8686759f1b99204c17812f2c2633b169)".into();
    let mut desk = Desk::new(options);
    let uuid = u128::from_str_radix("12e6cad53f6446d5b61831ab36e6b8fe", 16).expect("hex");
    desk.nodes[1].uuid = Uuid(uuid.to_be_bytes());
    let ccm = Peer { pid: 50, uid: 0, gid: 0 };
    desk.alive.insert(50);
    desk.client(900, ccm, "ccm");
    // The recording's counter of connections stood at 3 when its named client came.
    let client = desk.connect(901, Peer { pid: 74, uid: 0, gid: 0 });
    desk.receive(client, Message::new("hbapi-req"));
    desk.end(client);
    desk
}

#[test]
fn every_recorded_exchange_is_answered_as_the_original_does() {
    let mut desk = recorded_desk();
    let mut clients: BTreeMap<bool, ClientId> = BTreeMap::new();
    let mut named = false;
    let mut checked = 0;
    for vector in vectors() {
        let name = vector["name"].as_str().expect("a name");
        if name.starts_with("signon-") {
            named = name == "signon-named";
            let client = desk.connect(if named { 2 } else { 1 }, desk::ROOT);
            clients.insert(named, client);
        }
        let client = clients[&named];
        desk.sent.clear();
        desk.submitted.clear();
        for frame in frames(vector["request_hex"].as_str().expect("hex")) {
            let message = hb_wire::decode(&frame).expect("a message");
            desk.handle(Input::Received { client, message });
        }
        let expected: Vec<Message> = vector["response_hex"]
            .as_array()
            .expect("an array")
            .iter()
            .flat_map(|hex| frames(hex.as_str().expect("hex")))
            .map(|frame| hb_wire::decode(&frame).expect("a message"))
            .collect();
        if name == "clientstatus-n2" {
            // The other node answers this one; we ask it in the original's words.
            let question = &desk.submitted[0];
            let wanted =
                Message::new("query-cstatus").with("dest", "n2").with("cn", "ccm").with("from_id", "72");
            assert_eq!(question, &wanted);
            assert!(desk.sent.is_empty());
            desk.deliver(expected[0].clone(), hb_session::Treatment::Keep);
        }
        let sent: Vec<_> = desk.sent.iter().filter(|(to, _)| *to == client).map(|(_, m)| m).collect();
        assert_eq!(sent.len(), expected.len(), "{name}: {sent:?}");
        for (ours, theirs) in sent.iter().zip(&expected) {
            let (ours, theirs) = (without_control_fields(ours), without_control_fields(theirs));
            let readable = |m: &Message| String::from_utf8_lossy(&text(m)).into_owned();
            assert_eq!(readable(&ours), readable(&theirs), "{name}");
            checked += 1;
        }
    }
    assert!(checked == 0 || checked >= 24, "{checked} answers");
}
