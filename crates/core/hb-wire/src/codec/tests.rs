//! Whole frames. The expected bytes were computed outside this project from the wire specification.

use super::*;
use crate::{Algorithm, Method};
use alloc::string::ToString;

const SIGNED_TEXT: &str =
    "t=status\nst=active\nsrc=alpha\n(1)srcuuid=+vv8/f7/AAECAwQFBgcICQ==\nseq=1f\nnote=two\x13lines\n";

fn status() -> Message {
    let mut uuid = [0; 16];
    uuid.iter_mut().enumerate().for_each(|(i, byte)| *byte = (i as u8).wrapping_sub(6));
    let message = Message::new("status").with("st", "active").with("src", "alpha");
    message.with_uuid("srcuuid", hb_base::Uuid(uuid)).with_hex("seq", 31).with("note", "two\nlines")
}

/// The netstring frame of [`status`] with these signatures.
fn netstring_frame(inner: Option<&str>, outer: &str) -> Vec<u8> {
    let mut frame =
        b"###\n11:(0)t=status,12:(0)st=active,12:(0)src=alpha,27:(1)srcuuid=\xfa\xfb\xfc\xfd\xfe\xff\
        \x00\x01\x02\x03\x04\x05\x06\x07\x08\t,9:(0)seq=1f,17:(0)note=two\nlines,"
            .to_vec();
    if let Some(inner) = inner {
        frame.extend(alloc::format!("{}:(0)auth={inner},", inner.len() + 8).bytes());
    }
    frame.extend(alloc::format!("%%%\n{}:{outer},", outer.len()).bytes());
    frame
}

fn codec(format: Format, method: Method) -> Codec {
    Codec::new(Keys::new(3, [(3, method, b"unit".to_vec())]).unwrap(), format)
}

#[test]
fn frames_are_those_of_the_original_in_all_three_formats_and_methods() {
    #[rustfmt::skip]
    let expected = [
        (Method::Crc, "3 a024f7d5", "3 b684b3cd", "3 4a887fa5"),
        (Method::Md5, "3 7228ee4b26698d74f5eefd7dcc89c24d", "3 61da5f559844751813856db171781b2e",
         "3 695d24e905e8b341317c8e4237ec3643"),
        (Method::Sha1, "3 192273fe1227540134ebe67e95c763e76e81763a", "3 b91f151ede0f0cf0540c0ce98a7ad7ce77ccb473",
         "3 6686266125347f885cfcf7a46281444b64600e14"),
    ];
    for (method, inner, outer, plain) in expected {
        let classic = codec(Format::Classic, method).encode_signed(&status()).unwrap();
        assert_eq!(
            classic.escape_ascii().to_string(),
            netstring_frame(Some(inner), outer).escape_ascii().to_string()
        );
        let netstring = codec(Format::Netstring, method).encode_signed(&status()).unwrap();
        assert_eq!(netstring, netstring_frame(None, plain));
        let text = codec(Format::Text, method).encode_signed(&status()).unwrap();
        assert_eq!(text, alloc::format!(">>>\n{SIGNED_TEXT}auth={inner}\n<<<\n\0").into_bytes());
        let serial = codec(Format::Netstring, method).serial_frame(&netstring).unwrap();
        assert_eq!(serial, alloc::format!(">>>\n{SIGNED_TEXT}auth={inner}\n<<<\n").into_bytes());
        for frame in [classic, netstring, text, serial] {
            let mut message = codec(Format::Classic, method).decode_signed(&frame).unwrap();
            message.remove("auth");
            assert_eq!(message, status());
        }
    }
}

#[test]
fn a_frame_that_is_sent_on_is_signed_in_place() {
    let codec = codec(Format::Classic, Method::Sha1);
    let mut message = Message::new("x").with("auth", "0 old").with("after", "1");
    message.push("auth", "second".into());
    let frame = codec.encode_signed(&message).unwrap();
    let again = codec.decode_signed(&frame).unwrap();
    let names: Vec<_> = again.fields().map(|f| alloc::format!("{}", f.name)).collect();
    assert_eq!(names, ["t", "auth", "after", "auth"]);
    assert!(again.text("auth").unwrap().starts_with("3 "));
    assert_eq!(codec.encode_signed(&again).unwrap(), frame);
}

#[test]
fn every_flipped_bit_is_noticed() {
    for method in [Method::Crc, Method::Md5, Method::Sha1] {
        for format in [Format::Classic, Format::Netstring, Format::Text] {
            let codec = codec(format, method);
            let frame = codec.encode_signed(&status()).unwrap();
            let guarded = frame.len() - usize::from(format == Format::Text);
            for bit in 0..guarded * 8 {
                let mut bad = frame.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                assert!(codec.decode_signed(&bad).is_err(), "{method:?} {format:?} bit {bit}");
            }
        }
    }
}

#[test]
fn every_cut_is_noticed() {
    for format in [Format::Classic, Format::Netstring, Format::Text] {
        let codec = codec(format, Method::Md5);
        let frame = codec.encode_signed(&status()).unwrap();
        // A text frame is complete once its signature line is: the end marker is not needed (section 2).
        let enough = if format == Format::Text { frame.len() - b"<<<\n\0".len() } else { frame.len() };
        for length in 0..enough {
            assert!(codec.decode_signed(&frame[..length]).is_err(), "{format:?} cut to {length}");
        }
    }
}

#[test]
fn what_follows_a_frame_is_ignored() {
    for format in [Format::Classic, Format::Netstring, Format::Text] {
        let codec = codec(format, Method::Md5);
        let mut frame = codec.encode_signed(&status()).unwrap();
        frame.extend_from_slice(b"\0junk");
        assert_eq!(codec.decode_signed(&frame).unwrap().text("st"), Some("active"), "{format:?}");
    }
}

#[test]
fn unsigned_and_strangely_signed_frames_are_refused() {
    let codec = codec(Format::Classic, Method::Md5);
    let refused = |frame: &[u8]| codec.decode_signed(frame).unwrap_err();
    assert_eq!(refused(b"###\n8:(0)t=abc,%%%\n"), DecodeError::Unsigned);
    assert_eq!(refused(b"###\n8:(0)t=abc,%%%\n\0"), DecodeError::Unsigned);
    assert_eq!(refused(b">>>\nt=a\n<<<\n\0"), DecodeError::Unsigned);
    assert_eq!(refused(b">>>\n(1)auth=MyBh\n<<<\n"), DecodeError::Unsigned);
    assert_eq!(refused(b">>>\nt=a\nauth=4 00\n<<<\n"), DecodeError::UnknownKey { number: 4 });
    assert_eq!(refused(b">>>\nt=a\nauth=15 00\n<<<\n"), DecodeError::UnknownKey { number: 15 });
    for odd in ["", "3", "03 00", "x 00", "20 00", "-1 00"] {
        let text = alloc::format!(">>>\nt=a\nauth={odd}\n<<<\n");
        assert_eq!(refused(text.as_bytes()), DecodeError::Signature, "{odd:?}");
        let netstring = alloc::format!("###\n8:(0)t=abc,%%%\n{}:{odd},", odd.len());
        assert_eq!(refused(netstring.as_bytes()), DecodeError::Signature, "{odd:?}");
    }
    assert_eq!(refused(b"hello"), DecodeError::NoMarker);
    assert_eq!(refused(b""), DecodeError::NoMarker);
}

#[test]
fn a_digest_of_another_method_than_the_keys_is_refused() {
    let sender = codec(Format::Netstring, Method::Crc);
    let receiver = codec(Format::Netstring, Method::Sha1);
    let frame = sender.encode_signed(&status()).unwrap();
    assert_eq!(receiver.decode_signed(&frame), Err(DecodeError::BadSignature { number: 3 }));
    let upper = netstring_frame(None, "3 6686266125347F885CFCF7A46281444B64600E14");
    assert_eq!(receiver.decode_signed(&upper), Err(DecodeError::BadSignature { number: 3 }));
}

#[test]
fn broken_contents_matter_only_after_the_signature() {
    let codec = codec(Format::Netstring, Method::Md5);
    // The contents are no field, but the lengths lead to the end, so the signature decides first.
    let mut frame = b"###\n4:junk,%%%\n".to_vec();
    let unsigned = [frame.as_slice(), b"34:3 00000000000000000000000000000000,"].concat();
    assert_eq!(codec.decode_signed(&unsigned), Err(DecodeError::BadSignature { number: 3 }));
    let signature = codec.keys().sign(&frame);
    netstring::write_netstring(signature.as_bytes(), &mut frame);
    assert_eq!(codec.decode_signed(&frame), Err(DecodeError::FieldType));
}

#[test]
fn a_wrong_inner_signature_does_not_matter() {
    let codec = codec(Format::Netstring, Method::Md5);
    let frame = codec.encode_signed(&status().with("auth", "3 wrong")).unwrap();
    assert_eq!(codec.decode_signed(&frame).unwrap().text("auth"), Some("3 wrong"));
}

#[test]
fn unsigned_fields_of_a_text_frame_are_dropped() {
    let codec = codec(Format::Text, Method::Md5);
    let frame = codec.encode_signed(&status()).unwrap();
    let text = core::str::from_utf8(&frame).unwrap();
    let smuggled = text.replace("<<<", "(1)auth=AAAA\nauth=3 more\n<<<");
    let message = codec.decode_signed(smuggled.as_bytes()).unwrap();
    assert_eq!(message, codec.decode_signed(&frame).unwrap());
}

/// Keys 1 (sha1 `one`) and 2 (md5 `two`), with `signing` as default.
fn two_keys(signing: u8, format: Format) -> Codec {
    let keys = [(1, Method::Sha1, b"one".to_vec()), (2, Method::Md5, b"two".to_vec())];
    Codec::new(Keys::new(signing, keys).unwrap(), format)
}

#[test]
fn netstrings_signed_with_the_default_keys_secret_are_accepted_like_by_the_original() {
    // What a peer whose default is key 1 computes for method 2: HMAC-MD5 with the secret of key 1.
    let peer = Codec::new(Keys::new(2, [(2, Method::Md5, b"one".to_vec())]).unwrap(), Format::Netstring);
    let frame = peer.encode_signed(&status()).unwrap();
    assert!(two_keys(1, Format::Netstring).decode_signed(&frame).is_ok());
    // With default 2 there is no such reading of it.
    assert_eq!(
        two_keys(2, Format::Netstring).decode_signed(&frame),
        Err(DecodeError::BadSignature { number: 2 })
    );
    // Text frames always mean the numbered key.
    let text = Codec { format: Format::Text, ..peer }.encode_signed(&status()).unwrap();
    assert_eq!(
        two_keys(1, Format::Classic).decode_signed(&text),
        Err(DecodeError::BadSignature { number: 2 })
    );
}

#[test]
fn either_key_verifies_so_keys_can_be_changed_one_node_after_the_other() {
    for format in [Format::Classic, Format::Netstring, Format::Text] {
        let frame = two_keys(2, format).encode_signed(&status()).unwrap();
        assert!(two_keys(1, format).decode_signed(&frame).is_ok(), "{format:?}");
    }
}

#[test]
fn a_checksum_as_default_opens_no_door_for_other_keys() {
    let keys = [(1, Method::Crc, Vec::new()), (2, Method::Sha1, b"two".to_vec())];
    let receiver = Codec::new(Keys::new(1, keys).unwrap(), Format::Netstring);
    let mut forged = netstring::encode(&status()).unwrap();
    // HMAC-SHA1 with an empty secret, which `Keys::new` refuses: sixty-four zeros are the same key.
    let empty = Keys::new(2, [(2, Method::Sha1, alloc::vec![0; 64])]).unwrap().sign(&forged);
    netstring::write_netstring(empty.as_bytes(), &mut forged);
    assert_eq!(receiver.decode_signed(&forged), Err(DecodeError::BadSignature { number: 2 }));
}

#[test]
fn local_messages_are_text_with_a_nul_or_netstrings() {
    let classic = codec(Format::Classic, Method::Md5);
    let bytes = classic.encode_local(&Message::new("x").with("a", "b")).unwrap();
    assert_eq!(bytes, b">>>\nt=x\na=b\n<<<\n\0");
    let netstring = codec(Format::Netstring, Method::Md5);
    let bytes = netstring.encode_local(&Message::new("x").with("a", "b")).unwrap();
    assert_eq!(bytes, b"###\n6:(0)t=x,6:(0)a=b,%%%\n");
    let structured = Message::new("x").with_value("kid", Value::Struct(Message::new("y")));
    let bytes = classic.encode_local(&structured).unwrap();
    assert_eq!(bytes, b"###\n6:(0)t=x,24:(2)kid=###\n6:(0)t=y,%%%\n,%%%\n");
    assert_eq!(classic.decode_local(&bytes).unwrap(), structured);
}

#[test]
fn structured_messages_carry_no_inner_signature_and_go_escaped_over_serial_lines() {
    let codec = codec(Format::Classic, Method::Md5);
    let message = Message::new("x").with_value("kid", Value::Struct(Message::default().with("a", "b")));
    let frame = codec.encode_signed(&message).unwrap();
    assert_eq!(codec.decode_signed(&frame).unwrap(), message);
    let serial = codec.serial_frame(&frame).unwrap();
    assert!(serial.starts_with(b">>>\nt=x\n(2)kid=>>>\x14a=b\x14<<<\x14\nauth=3 "));
    let mut again = codec.decode_signed(&serial).unwrap();
    again.remove("auth");
    assert_eq!(again, message);
}

#[test]
fn marked_fields_are_compressed_when_sent() {
    let codec = codec(Format::Classic, Method::Md5);
    let kid = Message::default().with("v", "y".repeat(3000));
    let message = Message::new("x").with_value("kid", Value::Uncompressed(kid.clone()));
    let frame = codec.encode_signed(&message).unwrap();
    assert!(frame.len() < 300);
    let received = codec.decode_signed(&frame).unwrap();
    assert_eq!(received.text("_compression_algorithm"), Some("zlib"));
    assert!(matches!(received.value("kid"), Some(Value::Compressed(_))));
    assert_eq!(*codec.child(&received, "kid").unwrap().unwrap(), kid);
    assert_eq!(codec.child(&received, "t"), Ok(None));
    let serial = codec.decode_signed(&codec.serial_frame(&frame).unwrap()).unwrap();
    assert_eq!(*codec.child(&serial, "kid").unwrap().unwrap(), kid);
}

fn traditional(threshold: usize) -> Codec {
    let compression =
        Compression { algorithm: Algorithm::Zlib, traditional_threshold_bytes: Some(threshold) };
    codec(Format::Classic, Method::Md5).with_compression(compression)
}

#[test]
fn whole_messages_above_the_threshold_are_wrapped() {
    let codec = traditional(2048);
    let kid = Message::default().with("v", "y".repeat(3000));
    let marked = Message::new("x").with_value("kid", Value::Uncompressed(kid));
    let long = Message::new("x").with("v", "z".repeat(3000));
    for message in [&marked, &long] {
        let frame = codec.encode_signed(message).unwrap();
        let wire = netstring::decode(&frame).unwrap();
        let names: Vec<_> = wire.fields().map(|f| alloc::format!("{}", f.name)).collect();
        assert_eq!(names, [PAYLOAD, ALGORITHM]);
        // Somebody who compresses nothing himself understands it, and the local channel does the same.
        let other = self::codec(Format::Classic, Method::Md5);
        assert_eq!(other.decode_signed(&frame).unwrap(), *message);
        assert_eq!(other.decode_local(&codec.encode_local(message).unwrap()).unwrap(), *message);
        let serial = codec.serial_frame(&frame).unwrap();
        assert!(serial.starts_with(b">>>\n(1)_compressed_payload="));
        assert_eq!(other.decode_signed(&serial).unwrap(), *message);
    }
    let short = codec.encode_signed(&Message::new("x")).unwrap();
    assert!(netstring::decode(&short).unwrap().value(PAYLOAD).is_none());
}

#[test]
fn what_would_not_fit_a_datagram_is_compressed_and_what_still_does_not_is_refused() {
    let codec = codec(Format::Classic, Method::Md5);
    let message = Message::new("x").with("v", "abc".repeat(40_000));
    let frame = codec.encode_signed(&message).unwrap();
    assert!(frame.len() < 2000);
    assert_eq!(codec.decode_signed(&frame).unwrap(), message);
    let mut rng = hb_base::Rng::new(1);
    let noise: Vec<u8> = (0..100_000).map(|_| rng.next_u64() as u8).collect();
    let message = Message::new("x").with_value("v", Value::Binary(noise));
    assert!(matches!(
        codec.encode_signed(&message),
        Err(EncodeError::TooLong { limit: MAX_DATAGRAM_BYTES, .. })
    ));
    assert_eq!(codec.decode_local(&codec.encode_local(&message).unwrap()).unwrap(), message);
}

#[test]
fn compressed_data_is_bounded_and_checked() {
    let codec = codec(Format::Netstring, Method::Md5);
    let refused = |algorithm: &str, payload: Vec<u8>| {
        let envelope =
            Message::default().with_value(PAYLOAD, Value::Binary(payload)).with(ALGORITHM, algorithm);
        codec.decode_local(&netstring::encode(&envelope).unwrap()).unwrap_err()
    };
    let bomb =
        miniz_oxide::deflate::compress_to_vec_zlib(&alloc::vec![b'a'; crate::MAX_UNPACKED_BYTES + 1], 6);
    assert_eq!(refused("zlib", bomb), DecodeError::TooLong);
    assert_eq!(refused("zlib", b"x\x9cnonsense".to_vec()), DecodeError::Corrupt);
    assert_eq!(refused("bz2", b"BZh9".to_vec()), DecodeError::NoBzip2);
    assert_eq!(refused("lzma", Vec::new()), DecodeError::Algorithm);
    let inner = Message::default().with_value(PAYLOAD, Value::Binary(Vec::new())).with(ALGORITHM, "zlib");
    let twice = miniz_oxide::deflate::compress_to_vec_zlib(&netstring::encode(&inner).unwrap(), 6);
    assert_eq!(refused("zlib", twice), DecodeError::NestedEnvelope);
}

#[test]
fn a_compressed_message_may_hold_text_or_a_netstring_in_any_order() {
    let codec = codec(Format::Netstring, Method::Md5);
    let plain: [&[u8]; 3] = [b">>>\nt=x\n<<<\n\0", b">>>\nt=x\n<<<\n", b"###\n6:(0)t=x,%%%\n"];
    for plain in plain {
        let packed = Value::Binary(miniz_oxide::deflate::compress_to_vec_zlib(plain, 6));
        let forward = Message::default().with_value(PAYLOAD, packed.clone()).with(ALGORITHM, "zlib");
        let backward = Message::default().with(ALGORITHM, "zlib").with_value(PAYLOAD, packed);
        for envelope in [forward, backward] {
            let frame = codec.encode_signed(&envelope).unwrap();
            assert_eq!(codec.decode_signed(&frame).unwrap(), Message::new("x"));
            let text = codec.serial_frame(&frame).unwrap();
            assert_eq!(codec.decode_signed(&text).unwrap(), Message::new("x"));
        }
    }
}

#[test]
fn keys_are_not_printed() {
    let printed = alloc::format!("{:?}", codec(Format::Classic, Method::Md5));
    assert!(printed.contains("Md5") && !printed.contains("unit"), "{printed}");
}

#[test]
fn the_signature_field_is_the_one_that_is_sent() {
    for (format, there) in [(Format::Classic, true), (Format::Text, true), (Format::Netstring, false)] {
        let codec = codec(format, Method::Sha1);
        let sent = crate::decode(&codec.encode_signed(&status()).unwrap()).unwrap();
        assert_eq!(codec.signature_field(&status()).as_deref(), sent.bytes("auth"), "{format:?}");
        assert_eq!(sent.bytes("auth").is_some(), there, "{format:?}");
        assert_eq!(codec.signature_field(&sent), None, "one is enough");
    }
}
