//! What local programs send: the FIFO's text, requests on the control socket, what agents and devices print.

use hb_ipc::{Framed, FramedError, Incoming, Limits, Request};
use hb_lrm::{Action, Class, Ending, Exit, Outcome, Resource, interpret};
use hb_media::fifo::{Cutter, MAX_MESSAGE_BYTES};
use hb_wire::{Codec, Format, Keys, Method};
use std::io::Write;
use std::os::unix::net::UnixStream;

/// Shorter than what the socket's buffer takes at once.
const CONTROL_BYTES: usize = 64 << 10;

/// The FIFO: messages do not depend on the pieces that are read. The first byte is the length of the pieces.
pub fn fifo(bytes: &[u8]) {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    let cut = |length: usize| {
        let (mut cutter, mut messages) = (Cutter::default(), Vec::new());
        for piece in bytes.chunks(length) {
            cutter.push(piece, |text| messages.push(text.to_vec()));
        }
        (messages, cutter.take_garbage())
    };
    let whole = cut(bytes.len().max(1));
    assert_eq!(cut(usize::from(*piece) + 1), whole);
    let keys = Keys::new(1, [(1, Method::Crc, Vec::new())]).expect("one good key");
    let codec = Codec::new(keys, Format::Classic);
    for message in whole.0 {
        assert!(message.starts_with(b">>>") && message.len() <= MAX_MESSAGE_BYTES);
        let _ = codec.decode_local(&message);
    }
}

/// The control socket: frames out of a stream that comes in pieces, and the request in each.
pub fn control(bytes: &[u8]) {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    if bytes.len() > CONTROL_BYTES {
        return;
    }
    let (ours, mut theirs) = UnixStream::pair().expect("two sockets");
    let mut framed = Framed::new(ours.into(), Limits::CONTROL).expect("a socket");
    for piece in bytes.chunks(usize::from(*piece) * 16 + 1) {
        theirs.write_all(piece).expect("it fits");
        if !drained(&mut framed) {
            return;
        }
    }
    drop(theirs);
    let _closed = drained(&mut framed);
}

/// Takes every frame that is there; false when the connection is of no use any more.
fn drained(framed: &mut Framed) -> bool {
    loop {
        match framed.receive() {
            Ok(Incoming::Frame(frame)) => understood(&frame),
            Ok(Incoming::Pending) => return true,
            Ok(Incoming::Closed) => return false,
            Err(error) => {
                assert!(!matches!(error, FramedError::TimedOut(_)), "nobody waited");
                return false;
            }
        }
    }
}

/// A request without its frame.
pub fn request(bytes: &[u8]) {
    understood(bytes);
}

fn understood(frame: &[u8]) {
    match Request::decode(frame) {
        Ok(request) => assert_eq!(Request::decode(&request.encode()), Ok(request)),
        Err(why) => assert!(!why.is_empty()),
    }
}

/// What an agent, a script or the `stonith` program printed and how it ended. The first two bytes choose who and how.
pub fn output(bytes: &[u8]) {
    let [who, how, text @ ..] = bytes else { return };
    let class = match who % 5 {
        0 | 1 => Class::Heartbeat,
        2 => Class::Ocf { provider: String::new() },
        3 => Class::Lsb,
        _ => Class::Stonith,
    };
    let agent = if who % 5 == 1 { "OCF" } else { "x" };
    let resource = Resource { id: "r".into(), class, agent: agent.into(), args: vec![], params: vec![] };
    let action = [Action::Start, Action::Stop, Action::Status][usize::from(who / 5) % 3];
    let ending = if how & 0x80 == 0 { Ending::Code(i32::from(*how)) } else { Ending::Signal(9) };
    let head = String::from_utf8_lossy(text).into_owned();
    let types = hb_agents::read_stonith_types(&head);
    assert!(types.iter().all(|kind| !kind.is_empty() && kind.trim() == kind && !kind.contains('\n')));
    let names = hb_agents::read_stonith_parameters(&head);
    assert!(names.iter().all(|name| !name.is_empty() && !name.contains(char::is_whitespace)));
    let exit = Exit { ending, reason: head.lines().last().map(str::to_owned), head };
    let outcome = interpret(&resource, action, &exit);
    let _ = outcome.to_string();
    match action {
        Action::Status => assert_ne!(outcome, Outcome::Ok),
        Action::Start | Action::Stop => {
            assert!(!matches!(outcome, Outcome::Running | Outcome::NotRunning));
            assert!(outcome != Outcome::Ok || exit.ending == Ending::Code(0), "{exit:?}");
        }
    }
}
