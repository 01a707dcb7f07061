//! Decoders of `hb-wire` and the bzip2 behind them.

use hb_wire::{Algorithm, Bzip2, Codec, Compression, Format, FrameReader, Keys, Message, Method, Value};

const FORMATS: [Format; 3] = [Format::Classic, Format::Netstring, Format::Text];
const METHODS: [Method; 3] = [Method::Crc, Method::Md5, Method::Sha1];
/// Longest input that is also compressed by bzip2, which is slow.
const MAX_BZ2_INPUT_BYTES: usize = 256;
/// Longest message that is sent on again: packing a long one takes the fuzzer most of a second.
const MAX_USED_BYTES: usize = 8 * 1024;
/// More than this is refused when bzip2 is tried alone. The limit of messages is a hundred times slower to reach.
const BZ2_LIMIT_BYTES: usize = 32 * 1024;

fn codec(method: Method, format: Format) -> Codec {
    let keys = Keys::new(1, [(1, method, b"fuzz".to_vec()), (2, Method::Sha1, b"other".to_vec())]);
    Codec::new(keys.expect("two good keys"), format).with_bzip2(&hb_bzip2::BZIP2)
}

/// Text: whatever decodes also encodes, and decodes to the same.
pub fn text(bytes: &[u8]) {
    if let Ok(message) = hb_wire::text::decode(bytes) {
        let again = hb_wire::text::encode(&message).expect("what was decoded can be encoded");
        assert_eq!(hb_wire::text::decode(&again).as_ref(), Ok(&message));
    }
}

/// Netstrings: whatever decodes encodes to the very same bytes.
pub fn netstring(bytes: &[u8]) {
    if let Ok(message) = hb_wire::netstring::decode(bytes) {
        let again = hb_wire::netstring::encode(&message).expect("what was decoded can be encoded");
        assert!(bytes.starts_with(&again));
    }
}

/// A byte stream: its frames do not depend on the pieces it comes in. The first byte is the length of the pieces.
pub fn stream(bytes: &[u8]) {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    let (mut whole, mut cut) = (FrameReader::new(), FrameReader::new());
    whole.push(bytes);
    bytes.chunks(usize::from(*piece) + 1).for_each(|piece| cut.push(piece));
    while let Some(frame) = whole.next_frame() {
        assert_eq!(Some(&frame), cut.next_frame().as_ref());
        assert!(frame.starts_with(b">>>\n") || frame.starts_with(b"###\n"));
        let _ = hb_wire::decode(&frame);
    }
    assert_eq!((cut.next_frame(), whole.dropped()), (None, cut.dropped()));
}

/// Signed frames. The first byte chooses the method, and whether the rest is a whole frame or its fields, which are
/// then correctly signed.
pub fn signed(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let choice = usize::from(*choice);
    let codec = codec(METHODS[choice % 3], FORMATS[choice / 3 % 3]);
    let message = match choice / 9 % 3 {
        0 => codec.decode_signed(bytes),
        1 => codec.decode_signed(&signed_netstring(&codec, bytes)),
        _ => codec.decode_signed(&signed_text(&codec, bytes)),
    };
    if let Ok(message) = message {
        use_message(&codec, &message);
    }
}

/// Compressed messages and fields. The first byte chooses the algorithm, whether the rest is the compressed data or is
/// compressed first, and what holds it.
pub fn compressed(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let algorithm = if choice & 1 == 0 { Algorithm::Zlib } else { Algorithm::Bzip2 };
    let data = match (choice & 2 == 0, algorithm) {
        (true, _) => bytes.to_vec(),
        (false, Algorithm::Zlib) => miniz_oxide::deflate::compress_to_vec_zlib(bytes, 1),
        (false, Algorithm::Bzip2) if bytes.len() > MAX_BZ2_INPUT_BYTES => return,
        (false, Algorithm::Bzip2) => hb_bzip2::BZIP2.compress(bytes).expect("anything can be compressed"),
    };
    let (name, value) = if choice & 4 == 0 {
        ("_compressed_payload", Value::Binary(data))
    } else {
        ("kid", Value::Compressed(data))
    };
    let envelope =
        Message::default().with_value(name, value).with("_compression_algorithm", algorithm.wire_name());
    let codec = codec(Method::Md5, Format::Classic);
    let Ok(wire) = hb_wire::netstring::encode(&envelope) else { return };
    if let Ok(message) = codec.decode_local(&wire)
        && hb_wire::netstring::encode(&message).is_ok_and(|bytes| bytes.len() <= MAX_USED_BYTES)
    {
        use_message(&codec, &message);
    }
}

/// bzip2 alone: results stay below the limit, and what is compressed comes back.
pub fn bz2(bytes: &[u8]) {
    if bytes.starts_with(b"BZ") {
        let all = hb_bzip2::BZIP2.decompress(bytes, BZ2_LIMIT_BYTES);
        if let Ok(plain) = &all {
            assert!(plain.len() <= BZ2_LIMIT_BYTES);
            assert_eq!(hb_bzip2::BZIP2.decompress(bytes, plain.len()).as_ref(), Ok(plain));
        }
    } else if bytes.len() <= MAX_BZ2_INPUT_BYTES {
        let packed = hb_bzip2::BZIP2.compress(bytes).expect("anything can be compressed");
        assert_eq!(hb_bzip2::BZIP2.decompress(&packed, bytes.len()).as_deref(), Ok(bytes));
    }
}

/// Everything that is done with a received message, whatever is in it.
fn use_message(codec: &Codec, message: &Message) {
    for field in message.fields() {
        if let Ok(name) = core::str::from_utf8(field.name.as_bytes()) {
            let _ = (message.text(name), message.decimal(name), message.hex(name), message.uuid(name));
            let _ = codec.child(message, name);
        }
    }
    let _ = format!("{message:?}");
    let eager = Compression { traditional_threshold_bytes: Some(64), ..Compression::default() };
    for sender in [codec.clone(), codec.clone().with_compression(eager)] {
        if let Ok(frame) = sender.encode_signed(message) {
            let received = codec.decode_signed(&frame).expect("we understand what we send");
            assert_eq!(meaning(&received), meaning(message));
            if let Ok(serial) = sender.serial_frame(&frame) {
                codec.decode_signed(&serial).expect("we understand what we send on serial lines");
            }
        }
        if let Ok(bytes) = sender.encode_local(message) {
            codec.decode_local(&bytes).expect("we understand what we send locally");
        }
    }
}

/// What must survive sending: kind and number of fields that are neither signatures nor about compression, and the
/// first field of each name where text does not change it.
fn meaning(message: &Message) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let kept = message.fields().filter(|field| {
        !matches!(field.name.as_bytes(), b"auth" | b"_compression_algorithm" | b"_compressed_payload")
    });
    let value = |value: &Value| match value {
        Value::Text(text) => Some(text.iter().map(|b| if *b == 0x13 { b'\n' } else { *b }).collect()),
        Value::Binary(bytes) | Value::Compressed(bytes) => Some(bytes.clone()),
        Value::Struct(_) | Value::List(_) | Value::Uncompressed(_) => None,
    };
    let unpacked = |field: &hb_wire::Field| match &field.value {
        // A field that waits for compression arrives compressed.
        Value::Compressed(_) => None,
        other => value(other),
    };
    kept.map(|field| (field.name.as_bytes().to_vec(), unpacked(field))).collect()
}

fn signature(codec: &Codec, signed: &[u8]) -> String {
    format!("{} {}", codec.keys().signing(), codec.keys().digest(signed))
}

/// A netstring message with these fields, correctly signed.
fn signed_netstring(codec: &Codec, fields: &[u8]) -> Vec<u8> {
    let mut frame = [b"###\n", fields, b"%%%\n"].concat();
    let signature = signature(codec, &frame);
    frame.extend_from_slice(format!("{}:{signature},", signature.len()).as_bytes());
    frame
}

/// A text message with these lines, correctly signed.
fn signed_text(codec: &Codec, lines: &[u8]) -> Vec<u8> {
    let kept = lines.split(|b| matches!(b, b'\n' | 0)).filter(|line| !line.is_empty());
    let signed: Vec<u8> = kept.flat_map(|line| [line, b"\n"].concat()).collect();
    let signature = signature(codec, &signed);
    [b">>>\n", signed.as_slice(), b"auth=", signature.as_bytes(), b"\n<<<\n"].concat()
}
