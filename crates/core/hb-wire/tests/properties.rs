//! What holds for all messages and for all bytes.

use hb_wire::{Codec, Compression, Field, Format, FrameReader, Keys, Message, Method, Name, Value};
use hb_wire::{netstring, text};
use proptest::collection::vec;
use proptest::prelude::*;

const FORMATS: [Format; 3] = [Format::Classic, Format::Netstring, Format::Text];

/// Many more with `cargo xtask test --all`.
fn cases() -> u32 {
    if std::env::var_os("HB_ALL").is_some() { 4096 } else { 128 }
}

fn codec(format: Format) -> Codec {
    let keys = [(1, Method::Sha1, b"one".to_vec()), (2, Method::Crc, Vec::new())];
    Codec::new(Keys::new(1, keys).unwrap(), format).with_bzip2(&hb_bzip2::BZIP2)
}

/// Names of bytes from `lowest` on. One in three is a name that the decoder knows.
fn name(lowest: u8) -> impl Strategy<Value = Name> {
    let byte = (lowest..=u8::MAX)
        .prop_map(|b| if matches!(b, b'\n' | b'=' | b'(' | b'>' | b'<') { b'x' } else { b });
    prop_oneof![
        Just(Name::from("srcuuid")),
        vec(byte, 1..12).prop_map(Name::from),
        "[b-z_][a-z=]{0,9}".prop_map(|name| Name::from(name.replace('=', "("))),
    ]
}

fn message_of(lowest: u8, value: impl Strategy<Value = Value>) -> impl Strategy<Value = Message> {
    let field = (name(lowest), value).prop_map(|(name, value)| Field { name, value });
    vec(field, 0..8).prop_map(Message::from_iter)
}

/// Any message that a netstring can carry, up to four deep.
fn any_message() -> impl Strategy<Value = Message> {
    let leaf = prop_oneof![
        vec(1..=u8::MAX, 0..40).prop_map(Value::Text),
        vec(any::<u8>(), 0..40).prop_map(Value::Binary),
        vec(vec(1..=u8::MAX, 1..9), 0..9).prop_map(Value::List),
        vec(any::<u8>(), 0..40).prop_map(Value::Compressed),
    ];
    let value = leaf.prop_recursive(4, 40, 8, |inner| message_of(1, inner).prop_map(Value::Struct));
    message_of(1, value)
}

/// Any message that text carries without change: none of the bytes it uses for itself.
fn any_text_message() -> impl Strategy<Value = Message> {
    let byte = prop_oneof![32_u8..=255, Just(b'\t'), Just(b'\r')];
    let leaf = prop_oneof![
        vec(prop_oneof![byte.clone(), Just(b'\n')], 0..40).prop_map(Value::Text),
        vec(any::<u8>(), 0..40).prop_map(Value::Binary),
        vec(vec(byte, 1..9), 0..9).prop_map(Value::List),
        vec(any::<u8>(), 0..40).prop_map(Value::Compressed),
    ];
    let value = leaf.prop_recursive(4, 40, 8, |inner| message_of(32, inner).prop_map(Value::Struct));
    message_of(32, value)
}

/// Bytes that look like a message, with a few changed.
fn damaged_frame() -> impl Strategy<Value = Vec<u8>> {
    let frame = (any_text_message(), 0..3_usize)
        .prop_map(|(message, format)| codec(FORMATS[format]).encode_signed(&message).unwrap());
    (frame, vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)).prop_map(|(mut frame, changes)| {
        for (place, byte) in changes {
            let place = place.index(frame.len());
            frame[place] = byte;
        }
        frame
    })
}

fn without_auth(mut message: Message) -> Message {
    message.remove("auth");
    message
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn netstrings_come_back(message in any_message()) {
        prop_assert_eq!(netstring::decode(&netstring::encode(&message).unwrap()).unwrap(), message);
    }

    #[test]
    fn text_comes_back(message in any_text_message()) {
        let encoded = text::encode(&message).unwrap();
        let decoded = text::decode(&encoded).unwrap();
        prop_assert_eq!(text::encode(&decoded).unwrap(), encoded);
        prop_assert_eq!(decoded, message);
    }

    #[test]
    fn signed_and_local_messages_come_back_in_every_format(message in any_text_message()) {
        for format in FORMATS {
            let codec = codec(format);
            let frame = codec.encode_signed(&message).unwrap();
            let received = codec.decode_signed(&frame).unwrap();
            prop_assert_eq!(codec.encode_signed(&received).unwrap(), frame.clone());
            prop_assert_eq!(without_auth(received), message.clone());
            prop_assert_eq!(codec.decode_local(&codec.encode_local(&message).unwrap()).unwrap(), message.clone());
            let serial = codec.serial_frame(&frame).unwrap();
            prop_assert_eq!(without_auth(codec.decode_signed(&serial).unwrap()), message.clone());
        }
    }

    #[test]
    fn compression_changes_nothing(message in any_text_message(), threshold in 0..200_usize, bzip2: bool) {
        let algorithm = if bzip2 { hb_wire::Algorithm::Bzip2 } else { hb_wire::Algorithm::Zlib };
        let compression = Compression { algorithm, traditional_threshold_bytes: Some(threshold) };
        let sender = codec(Format::Classic).with_compression(compression);
        let received = codec(Format::Netstring).decode_signed(&sender.encode_signed(&message).unwrap()).unwrap();
        prop_assert_eq!(without_auth(received), message);
    }

    #[test]
    fn marked_fields_come_back(kid in any_text_message()) {
        let codec = codec(Format::Classic);
        let message = Message::new("x").with_value("kid", Value::Uncompressed(kid.clone()));
        let received = codec.decode_signed(&codec.encode_signed(&message).unwrap()).unwrap();
        prop_assert_eq!(codec.child(&received, "kid").unwrap().unwrap().into_owned(), kid);
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200), start in 0..3_usize) {
        let start: &[u8] = [&b""[..], b">>>\n", b"###\n"][start];
        let bytes = [start, &bytes].concat();
        let _ = (codec(Format::Classic).decode_signed(&bytes), codec(Format::Classic).decode_local(&bytes));
    }

    #[test]
    fn damaged_frames_are_refused_or_mean_the_same(frame in damaged_frame()) {
        let codec = codec(Format::Classic);
        let _ = codec.decode_signed(&frame);
        if let Ok(message) = hb_wire::decode(&frame) {
            let encoded = netstring::encode(&message).unwrap();
            prop_assert_eq!(netstring::decode(&encoded).unwrap(), message);
        }
    }

    #[test]
    fn a_stream_is_cut_at_the_same_places_however_it_arrives(
        messages in vec(any_text_message(), 1..4),
        noise in "[a-z \n]{0,20}",
        cuts in vec(1..30_usize, 1..9),
    ) {
        let frames: Vec<_> = messages.iter().map(|message| text::encode(message).unwrap()).collect();
        let mut stream = Vec::new();
        for frame in &frames {
            stream.extend_from_slice(noise.as_bytes());
            stream.push(b'\n');
            stream.extend_from_slice(frame);
        }
        let mut reader = FrameReader::new();
        let mut rest = stream.as_slice();
        for cut in cuts.iter().cycle() {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            reader.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let found: Vec<_> = std::iter::from_fn(|| reader.next_frame()).collect();
        prop_assert_eq!(found, frames);
        prop_assert_eq!(reader.dropped(), 0);
    }
}
