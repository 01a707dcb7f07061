//! Whole recordings.

use crate::capture::{Carrier, payloads};
use crate::{codec, folder, format_of};
use hb_wire::{FrameReader, Message, Method, netstring, text};

/// Every recording, its method, and whether it holds ICMP echoes.
#[rustfmt::skip]
const RECORDINGS: [(&str, Method); 21] = [
    ("autojoin", Method::Sha1), ("bcast-crc-start", Method::Crc), ("bcast-md5-full", Method::Md5),
    ("bcast-sha1-start", Method::Sha1), ("burst-loss", Method::Crc), ("ccm-3nodes", Method::Md5),
    ("ccm-partition", Method::Md5), ("ccm-split4", Method::Md5), ("failback-on", Method::Crc),
    ("mcast-crc-start", Method::Crc), ("mcast-md5-start", Method::Md5), ("mcast-sha1-full", Method::Sha1),
    ("nak", Method::Crc), ("partition-heal", Method::Crc), ("ping-2links", Method::Crc),
    ("types-default", Method::Md5), ("types-trad-bz2", Method::Md5), ("types-trad-zlib", Method::Md5),
    ("ucast-crc-full", Method::Crc), ("ucast-md5-start", Method::Md5), ("ucast-sha1-start", Method::Sha1),
];

#[test]
fn the_list_of_recordings_is_complete() {
    let Some(folder) = folder::golden() else { return };
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder can be listed")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".pcap").map(str::to_owned))
        .filter(|name| name != "ucast-sha1-netstring")
        .collect();
    found.sort();
    assert_eq!(found, RECORDINGS.map(|(name, _)| name));
}

/// Decodes, verifies and encodes one recorded netstring frame.
fn round_trip(method: Method, frame: &[u8], whose: &str) -> Message {
    let wire = netstring::decode(frame).unwrap_or_else(|error| panic!("{whose}: {error}"));
    let codec = codec(method, format_of(&wire));
    let message = codec.decode_signed(frame).unwrap_or_else(|error| panic!("{whose}: {error}"));
    // The wire image, not the unpacked message: compressed bytes need not come out the same from another compressor.
    let again = codec.encode_signed(&wire).unwrap_or_else(|error| panic!("{whose}: {error}"));
    assert_eq!(again.escape_ascii().to_string(), frame.escape_ascii().to_string(), "{whose}");
    message
}

/// How many frames of each carrier a recording has; all of them are checked.
fn check(name: &str, method: Method) -> Option<(usize, usize)> {
    let frames = payloads(&folder::read(&format!("{name}.pcap"))?);
    for (i, (_, frame)) in frames.iter().enumerate() {
        let message = round_trip(method, frame, &format!("{name} frame {i}"));
        assert!(message.kind().is_some(), "{name} frame {i} has no type");
    }
    let echoes = frames.iter().filter(|(carrier, _)| *carrier == Carrier::IcmpEcho).count();
    Some((frames.len() - echoes, echoes))
}

#[test]
fn every_recorded_frame_is_understood_and_reproduced() {
    let mut total = 0;
    for (name, method) in RECORDINGS {
        let Some((datagrams, echoes)) = check(name, method) else { return };
        assert!(datagrams > 20, "{name}: only {datagrams} frames");
        assert_eq!(echoes > 0, name == "ping-2links", "{name}: {echoes} echoes");
        total += datagrams + echoes;
    }
    assert!(total > 7000, "only {total} frames");
}

#[test]
fn frames_without_inner_signature_too() {
    let Some((datagrams, _)) = check("ucast-sha1-netstring", Method::Sha1) else { return };
    assert!(datagrams > 20, "only {datagrams} frames");
}

#[test]
fn a_recorded_serial_line_is_understood_and_reproduced() {
    let Some(stream) = folder::read("serial-md5-n1-to-n2.bin") else { return };
    let codec = codec(Method::Md5, hb_wire::Format::Classic);
    let mut reader = FrameReader::new();
    // In the odd pieces that a serial line delivers.
    stream.chunks(13).for_each(|piece| reader.push(piece));
    let mut frames = 0;
    while let Some(frame) = reader.next_frame() {
        let message = codec.decode_signed(&frame).expect("a recorded frame verifies");
        let datagram = codec.encode_signed(&message).expect("it can be sent on");
        assert_eq!(codec.serial_frame(&datagram).expect("and back"), frame);
        assert_eq!(text::encode(&message).expect("as it is, too"), frame);
        frames += 1;
    }
    assert_eq!(frames, stream.windows(4).filter(|bytes| *bytes == b"<<<\n").count());
    assert!(frames > 30, "only {frames} frames");
    assert_eq!(reader.dropped(), 0);
}
