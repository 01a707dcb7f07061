//! The decoded vectors: fields in order, bytes from fields, digests, messages on local sockets.

use crate::{codec, folder, format_of};
use hb_wire::{DecodeError, Field, Format, Message, Method, Name, Value, netstring, text};
use serde_json::Value as Json;

/// Magic of a message on a local socket, after its length.
const IPC_MAGIC: [u8; 4] = [0xcd, 0xab, 0, 0];

/// All vectors of a group; none when they may be missing and are.
fn group(name: &str) -> Vec<Json> {
    let Some(file) = folder::read("vectors.json") else { return Vec::new() };
    let Json::Array(vectors) = serde_json::from_slice(&file).expect("vectors.json is JSON") else {
        panic!("vectors.json is an array");
    };
    let vectors: Vec<_> = vectors.into_iter().filter(|vector| vector["group"] == name).collect();
    assert!(!vectors.is_empty(), "no vectors in group {name}");
    vectors
}

fn unhex(text: &Json) -> Vec<u8> {
    let text = text.as_str().expect("hex is a string");
    let pairs = text.as_bytes().as_chunks::<2>().0;
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16);
    pairs.iter().map(|pair| byte(pair).expect("hex digits")).collect()
}

/// Strings of the vectors hold a byte a character.
fn bytes(text: &Json) -> Vec<u8> {
    text.as_str().expect("a string").chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect()
}

fn message(fields: &Json) -> Message {
    let field = |field: &Json| {
        let value = match field[0].as_u64() {
            Some(0) => Value::Text(bytes(&field[2])),
            Some(1) => Value::Binary(unhex(&field[2]["hex"])),
            Some(2) => Value::Struct(message(&field[2])),
            Some(3) => Value::List(field[2].as_array().expect("a list").iter().map(bytes).collect()),
            Some(4) => Value::Compressed(unhex(&field[2]["hex"])),
            Some(5) => Value::Uncompressed(message(&field[2])),
            other => panic!("unknown type {other:?}"),
        };
        Field { name: Name::from(bytes(&field[1])), value }
    };
    fields.as_array().expect("fields are an array").iter().map(field).collect()
}

fn method(vector: &Json) -> Method {
    match vector["auth_method"].as_str() {
        Some("md5") => Method::Md5,
        Some("sha1") => Method::Sha1,
        // The echoes name no method: they were recorded with crc.
        Some("crc") | None => Method::Crc,
        Some(other) => panic!("unknown method {other}"),
    }
}

fn check_frame(vector: &Json) {
    let name = &vector["name"];
    if vector["hex_is_abridged"] == true {
        return; // It is in the capture, which is checked as a whole.
    }
    let frame = unhex(&vector["hex"]);
    let wire_fields =
        if vector["compressed"].is_string() { &vector["envelope_fields"] } else { &vector["fields"] };
    let (wire, unpacked) = (message(wire_fields), message(&vector["fields"]));
    let codec = codec(method(vector), format_of(&wire));
    assert_eq!(hb_wire::decode(&frame).as_ref(), Ok(&wire), "{name}");
    assert_eq!(codec.decode_signed(&frame).as_ref(), Ok(&unpacked), "{name}");
    if vector["encoding"] == "text" {
        assert_eq!(text::encode(&wire).expect("encodes"), frame, "{name}");
        let datagram = codec.encode_signed(&wire).expect("encodes");
        assert_eq!(codec.serial_frame(&datagram).expect("encodes"), frame, "{name}");
        let mut with_nul = frame.clone();
        with_nul.push(0);
        assert_eq!(crate::codec(method(vector), Format::Text).encode_signed(&wire), Ok(with_nul), "{name}");
    } else {
        assert_eq!(codec.encode_signed(&wire).as_ref(), Ok(&frame), "{name}");
    }
    if let Some(signed) = vector["signed_bytes"].as_u64() {
        assert!(frame[..signed as usize].ends_with(netstring::END), "{name}");
    }
    let without_inner = vector["inner_auth"] == "-";
    assert_eq!(wire.text("auth").is_none(), without_inner, "{name}");
}

#[test]
fn frames_from_fields_and_back() {
    for name in ["frame", "frame-ccm", "icmp"] {
        group(name).iter().for_each(check_frame);
    }
}

#[test]
fn a_frame_with_any_bit_flipped_is_refused() {
    for name in ["frame", "icmp"] {
        for vector in group(name).iter().filter(|vector| vector["hex_is_abridged"] != true) {
            let codec = codec(method(vector), Format::Classic);
            let mut frame = unhex(&vector["hex"]);
            // Every bit of a frame of usual size; of the long ones, enough.
            let step = if frame.len() > 1000 { 101 } else { 1 };
            for bit in (0..frame.len() * 8).step_by(step) {
                frame[bit / 8] ^= 1 << (bit % 8);
                assert!(codec.decode_signed(&frame).is_err(), "{}: bit {bit}", vector["name"]);
                frame[bit / 8] ^= 1 << (bit % 8);
            }
            assert!(codec.decode_signed(&frame).is_ok());
        }
    }
}

#[test]
fn a_compressed_struct_is_unpacked() {
    let vectors = group("frame");
    let labunc = |source: &str| {
        let is = |vector: &&Json| {
            vector["source"] == source && vector["name"].as_str().unwrap().starts_with("labunc")
        };
        message(&vectors.iter().find(is).expect("there is one")["fields"])
    };
    if vectors.is_empty() {
        return;
    }
    let codec = codec(Method::Md5, Format::Classic);
    let compressed = labunc("types-default.pcap");
    let child = codec.child(&compressed, "kid").expect("it unpacks").expect("it is there").into_owned();
    let plain = labunc("types-trad-zlib.pcap");
    assert_eq!(plain.value("kid"), Some(&Value::Uncompressed(child)));
}

#[test]
fn digests_of_the_check_values() {
    for (name, method) in [("crc", Method::Crc), ("md5", Method::Md5), ("sha1", Method::Sha1)] {
        for vector in group(name) {
            let digest = vector["digest"].as_str().expect("a digest");
            assert_eq!(codec(method, Format::Classic).keys().digest(&unhex(&vector["hex"])), digest);
        }
    }
}

/// The messages behind IPC headers.
fn ipc_bodies(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut bodies = Vec::new();
    while let Some((header, rest)) = stream.split_first_chunk::<8>() {
        let length = u32::from_le_bytes(header[..4].try_into().expect("four bytes")) as usize;
        assert_eq!(header[4..], IPC_MAGIC);
        let (body, rest) = rest.split_at(length);
        bodies.push(body);
        stream = rest;
    }
    assert!(stream.is_empty(), "half a header");
    bodies
}

fn check_ipc(stream: &Json, fields: &Json, name: &Json) -> usize {
    let stream = unhex(stream);
    let bodies = ipc_bodies(&stream);
    let expected: Vec<_> = fields.as_array().expect("messages").iter().map(message).collect();
    assert_eq!(bodies.len(), expected.len(), "{name}");
    let codec = codec(Method::Crc, Format::Classic);
    for (body, expected) in bodies.iter().zip(&expected) {
        assert_eq!(codec.decode_local(body).as_ref(), Ok(expected), "{name}");
        let again = codec.encode_local(expected).expect("it encodes");
        assert_eq!(again.escape_ascii().to_string(), body.escape_ascii().to_string(), "{name}");
    }
    bodies.len()
}

#[test]
fn messages_on_the_api_socket() {
    let mut messages = 0;
    let vectors = group("api");
    for vector in &vectors {
        messages += check_ipc(&vector["request_hex"], &vector["request_fields"], &vector["name"]);
        let reads = vector["response_hex"].as_array().expect("reads");
        let fields = vector["response_fields"].as_array().expect("reads");
        assert_eq!(reads.len(), fields.len());
        for (read, fields) in reads.iter().zip(fields) {
            messages += check_ipc(read, fields, &vector["name"]);
        }
    }
    assert!(vectors.is_empty() || messages > 40, "only {messages} messages");
}

#[test]
fn what_other_local_sockets_carry_is_no_message() {
    let mut records: Vec<Vec<u8>> = Vec::new();
    for vector in group("ccm-client") {
        let reads = vector["response_hex"].as_array().expect("reads").iter().map(unhex).collect::<Vec<_>>();
        // The two reads are recorded as they came, cut wherever the socket did.
        records.extend(reads.iter().filter_map(|read| read.get(8..).map(<[u8]>::to_vec)));
    }
    for name in ["ha_logd", "apphbd", "file"] {
        records.extend(group(name).iter().map(|vector| unhex(&vector["hex"])));
    }
    for record in records {
        assert_eq!(hb_wire::decode(&record), Err(DecodeError::NoMarker));
    }
}
