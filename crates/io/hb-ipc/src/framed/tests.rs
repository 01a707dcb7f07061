use super::*;
use std::io::{Read, Write};

const SMALL: Limits = Limits { receive_bytes: 100_000, queue_bytes: 2_000_000 };

fn framed() -> (Framed, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    (Framed::new(ours.into(), SMALL).unwrap(), theirs)
}

fn on_wire(body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn a_frame_that_comes_byte_by_byte_is_one_frame() {
    let (mut framed, mut far) = framed();
    let bytes = on_wire(b"status");
    for byte in &bytes[..bytes.len() - 1] {
        far.write_all(&[*byte]).unwrap();
        assert_eq!(framed.receive().unwrap(), Incoming::Pending);
    }
    far.write_all(&bytes[bytes.len() - 1..]).unwrap();
    assert_eq!(framed.receive().unwrap(), Incoming::Frame(b"status".to_vec()));
    assert_eq!(framed.receive().unwrap(), Incoming::Pending);
}

#[test]
fn frames_that_come_together_are_taken_one_by_one_also_after_the_end() {
    let (mut framed, mut far) = framed();
    let long = vec![b'l'; 50_000];
    far.write_all(&[on_wire(b"a"), on_wire(&long), on_wire(b"c")].concat()).unwrap();
    drop(far);
    for body in [&b"a"[..], &long, b"c"] {
        assert_eq!(framed.receive().unwrap(), Incoming::Frame(body.to_vec()));
    }
    assert_eq!(framed.receive().unwrap(), Incoming::Closed);
}

#[test]
fn hostile_lengths_are_refused_before_anything_is_held() {
    for announced in [0, 100_001, u32::MAX] {
        let (mut framed, mut far) = framed();
        far.write_all(&announced.to_le_bytes()).unwrap();
        match framed.receive() {
            Err(FramedError::Length { announced: told, limit: 100_000 }) => assert_eq!(told, announced),
            other => panic!("{announced}: {other:?}"),
        }
        assert!(framed.inbox.capacity() <= CHUNK_BYTES);
    }
}

#[test]
fn an_end_within_a_frame_is_an_error() {
    let (mut framed, mut far) = framed();
    far.write_all(&on_wire(b"status")[..5]).unwrap();
    drop(far);
    assert!(matches!(framed.receive(), Err(FramedError::Truncated)));
}

#[test]
fn a_peer_that_does_not_read_gets_a_bounded_queue_and_everything_once_it_reads() {
    let (mut framed, mut far) = framed();
    let body = vec![b'x'; 300_000];
    let mut queued = 0;
    while framed.send(&body).is_ok() {
        queued += 1;
        assert!(framed.waiting_bytes <= SMALL.queue_bytes);
        assert!(framed.waiting_frames() <= queued);
    }
    assert!(queued >= 6 && framed.wants_write());
    let reader = std::thread::spawn(move || {
        let mut total = 0;
        let mut chunk = vec![0; 65_536];
        while total < queued * (body.len() + 4) {
            total += far.read(&mut chunk).unwrap();
        }
        total
    });
    while framed.wants_write() {
        let mut fds = [PollFd::new(&framed.fd, PollFlags::OUT)];
        poll(&mut fds, None).unwrap();
        framed.flush().unwrap();
    }
    assert_eq!(reader.join().unwrap(), queued * 300_004);
    assert_eq!((framed.waiting_frames(), framed.waiting_bytes), (0, 0));
}

#[test]
fn a_peer_that_is_gone_is_an_error_not_a_signal() {
    let (mut framed, far) = framed();
    drop(far);
    assert!(matches!(framed.send(b"x"), Err(FramedError::Io(_))));
}

#[test]
fn a_call_gets_its_answer_or_a_timeout() {
    let (mut client, far) = framed();
    let mut server = Framed::new(far.into(), SMALL).unwrap();
    let answering = std::thread::spawn(move || {
        let question = loop {
            let mut fds = [PollFd::new(&server.fd, PollFlags::IN)];
            poll(&mut fds, None).unwrap();
            if let Incoming::Frame(frame) = server.receive().unwrap() {
                break frame;
            }
        };
        server.send(&[b"re: ", &question[..]].concat()).unwrap();
        server
    });
    assert_eq!(client.call(b"who", Duration::from_secs(30)).unwrap(), b"re: who");
    let _still_open = answering.join().unwrap();
    let limit = Duration::from_millis(20);
    assert!(matches!(client.call(b"who", limit), Err(FramedError::TimedOut(_))));
}

#[test]
fn many_small_frames_arrive_in_order_however_the_reader_takes_them() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut near = Framed::with_framing(ours.into(), Framing::Classic, SMALL).unwrap();
    let mut far = Framed::with_framing(theirs.into(), Framing::Classic, SMALL).unwrap();
    let body = |number: u32| vec![b'a' + (number % 26) as u8; 1 + (number % 977) as usize];
    let (mut sent, mut received) = (0, 0);
    while received < 5_000 {
        while sent < 5_000 && near.send_shared(body(sent).into()).is_ok() {
            sent += 1;
        }
        for _ in 0..37 {
            match far.receive().unwrap() {
                Incoming::Frame(frame) => {
                    assert_eq!(frame, body(received));
                    received += 1;
                }
                Incoming::Pending => break,
                Incoming::Closed => panic!("closed"),
            }
        }
        near.flush().unwrap();
    }
    assert_eq!(near.waiting_bytes, 0);
}

#[test]
fn empty_frames_of_the_original_are_skipped_and_a_wrong_magic_ends_it() {
    let (ours, mut far) = UnixStream::pair().unwrap();
    let mut framed = Framed::with_framing(ours.into(), Framing::Classic, Limits::CLASSIC).unwrap();
    let header = |length: u32, magic: u32| [length.to_ne_bytes(), magic.to_ne_bytes()].concat();
    far.write_all(&[header(0, 0xabcd), header(0, 0xabcd), header(2, 0xabcd), b"hi".to_vec()].concat())
        .unwrap();
    assert_eq!(framed.receive().unwrap(), Incoming::Frame(b"hi".to_vec()));
    assert_eq!(framed.receive().unwrap(), Incoming::Pending);
    far.write_all(&header(2, 0xdcba)).unwrap();
    assert!(matches!(framed.receive(), Err(FramedError::Magic { found: 0xdcba })));
}
