//! Two nodes on a wire: a veth pair with one end in a network namespace of its own.

use std::collections::VecDeque;
use std::process::Command;
use std::time::{Duration, Instant};

use hb_base::Token;
use hb_ipc::{Batch, Received};
use hb_media::protocol::{FRAME, FromReader, Trouble, from_writer};
use hb_media::{Bcast, Mcast, Medium, Opened, ReaderChild, Ucast, WriterChild, reader_batch, writer_batch};
use hb_runtime::{Exit, Realtime, Settle, clock};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Ends a check that would hang. Nothing else depends on it.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// What settles a fresh wire: this and the sender's interface.
pub(crate) const WARM_UP: &[u8] = b"warm up ";

pub(crate) const PORT: u16 = 694;
pub(crate) const NEAR: &str = "10.9.0.1";
pub(crate) const FAR: &str = "10.9.0.2";

pub(crate) fn ip(args: &str) {
    let status = Command::new("ip").args(args.split(' ')).status().expect("ip (iproute2) is installed");
    assert!(status.success(), "ip {args}");
}

/// The media under contract, by name: the near node's and the far node's entry.
pub(crate) fn media(name: &str) -> [Box<dyn Medium + Send>; 2] {
    let both = [("near", FAR), ("far", NEAR)];
    both.map(|(device, peer)| -> Box<dyn Medium + Send> {
        let device = device.to_owned();
        match name {
            "ucast" => {
                let peer = peer.parse().expect("an address");
                Box::new(Ucast { device, peer, port: PORT })
            }
            "bcast" => Box::new(Bcast { device, port: PORT }),
            "mcast" | "mcast-loop" => {
                let group = [225, 0, 0, 1].into();
                Box::new(Mcast { device, group, port: PORT, ttl: 1, loopback: name == "mcast-loop" })
            }
            other => panic!("no medium {other}"),
        }
    })
}

/// Runs `work` in a network namespace of its own that has the far end of the wire.
fn on_far_side<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let side = std::thread::spawn(move || {
        let (told, ready) = std::sync::mpsc::channel();
        let (go, moved) = std::sync::mpsc::channel();
        let inner = std::thread::spawn(move || {
            // SAFETY: only this thread's network namespace changes, which shares nothing with memory or descriptors.
            unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNET) }
                .expect("a namespace");
            told.send(rustix::thread::gettid().as_raw_nonzero()).expect("the wirer waits");
            moved.recv().expect("the wirer answers");
            ip(&format!("addr add {FAR}/24 brd + dev far"));
            ip("link set lo up");
            ip("link set far up");
            work()
        });
        let tid = ready.recv().expect("the thread answers");
        ip(&format!("link set far netns {tid}"));
        go.send(()).expect("the thread waits");
        inner.join().expect("the far side works")
    });
    side.join().expect("the wirer works")
}

/// One node's medium with its children.
pub(crate) struct Side {
    pub(crate) medium: Box<dyn Medium + Send>,
    pub(crate) opened: Opened,
    pub(crate) reader: ReaderChild,
    pub(crate) writer: WriterChild,
    batch: Batch,
    /// Received and not yet looked at.
    pending: VecDeque<Got>,
    warm: bool,
}

pub(crate) fn settle() -> Settle {
    Settle::mover(Realtime::mover(1))
}

impl Side {
    fn new(medium: Box<dyn Medium + Send>, opened: Opened) -> Side {
        let reader = ReaderChild::spawn(&*medium, &opened, settle()).expect("a reader");
        let writer = WriterChild::spawn(&*medium, &opened, settle()).expect("a writer");
        Side { medium, opened, reader, writer, batch: reader_batch(), pending: VecDeque::new(), warm: false }
    }

    /// Replaces the reader, as the master does.
    pub(crate) fn respawn_reader(&mut self) {
        self.reader = ReaderChild::spawn(&*self.medium, &self.opened, settle()).expect("a reader");
    }

    /// Ends the writer, which sends all it has before, and starts another: afterwards every frame has left the node.
    pub(crate) fn flush_writer(&mut self) {
        let fresh = WriterChild::spawn(&*self.medium, &self.opened, settle()).expect("a writer");
        let WriterChild { mut child, pair } = core::mem::replace(&mut self.writer, fresh);
        drop(pair);
        assert_eq!(child.wait().expect("ours"), Exit::Code(0));
    }

    /// Gives the writer one frame; `false` when it takes no more.
    pub(crate) fn offer(&self, frame: &[u8]) -> bool {
        self.writer.send(&[&[&[FRAME], frame].concat()]).expect("the writer lives") == 1
    }

    pub(crate) fn send(&self, frame: &[u8]) {
        let start = Instant::now();
        while !self.offer(frame) {
            wait(&self.writer.pair, PollFlags::OUT, start);
        }
    }

    /// What the reader sends next; warm-up frames are passed over.
    pub(crate) fn next(&mut self) -> Got {
        let start = Instant::now();
        loop {
            if let Some(got) = self.pending.pop_front() {
                let Got::Frame { frame, .. } = &got else { return got };
                let Some(from) = frame.strip_prefix(WARM_UP) else { return got };
                // Its own may come back, which says nothing about the wire.
                self.warm |= from != self.medium.link().as_bytes();
                continue;
            }
            match self.reader.receive(&mut self.batch).expect("a receive") {
                Received::Packets(_) => {
                    let packets =
                        self.batch.packets().map(|packet| FromReader::decode(packet).expect("known"));
                    self.pending.extend(packets.map(Got::from));
                }
                Received::Closed => return Got::Closed,
                Received::Nothing => wait(&self.reader.pair, PollFlags::IN, start),
            }
        }
    }

    /// The next frame; a reader that closes or reports instead fails the check.
    pub(crate) fn next_frame(&mut self) -> Vec<u8> {
        match self.next() {
            Got::Frame { frame, .. } => frame,
            other => panic!("{other:?} instead of a frame"),
        }
    }

    /// Receives until the drain with this token is answered; the frames that came before the answer, in order.
    pub(crate) fn frames_until_drained(&mut self, token: Token) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        loop {
            match self.next() {
                Got::Frame { frame, .. } => frames.push(frame),
                Got::Drained(answered) if answered == token => return frames,
                other => panic!("{other:?} instead of the answer"),
            }
        }
    }

    /// Asks for a drain and receives until it is answered.
    pub(crate) fn drained(&mut self) -> Vec<Vec<u8>> {
        self.reader.request_drain(Token(99)).expect("the reader lives");
        self.frames_until_drained(Token(99))
    }

    /// The writer's next report.
    pub(crate) fn trouble(&self) -> Trouble {
        let (start, mut batch) = (Instant::now(), writer_batch());
        loop {
            match self.writer.receive(&mut batch).expect("a receive") {
                Received::Packets(_) => return from_writer(batch.packet(0).expect("one")).expect("trouble"),
                Received::Closed => panic!("the writer ended"),
                Received::Nothing => wait(&self.writer.pair, PollFlags::IN, start),
            }
        }
    }
}

/// A packet from a reader, owned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Got {
    Frame { stamp: hb_base::Instant, frame: Vec<u8> },
    Drained(Token),
    Trouble(Trouble),
    Closed,
}

impl From<FromReader<'_>> for Got {
    fn from(packet: FromReader<'_>) -> Got {
        match packet {
            FromReader::Frame { stamp, datagram } => {
                assert!(stamp <= clock::monotonic(), "no stamp is in the future");
                Got::Frame { stamp, frame: datagram.to_vec() }
            }
            FromReader::Drained(token) => Got::Drained(token),
            FromReader::Trouble(trouble) => Got::Trouble(trouble),
        }
    }
}

fn wait(fd: impl std::os::fd::AsFd, flags: PollFlags, start: Instant) {
    let left = LIMIT.checked_sub(start.elapsed()).expect("it happens in time");
    let mut fds = [PollFd::new(&fd, flags)];
    poll(&mut fds, Timespec::try_from(left).ok().as_ref()).expect("a wait");
}

pub(crate) struct Wire {
    pub(crate) near: Side,
    pub(crate) far: Side,
}

/// The near end of a wire, up, and the far one still here and down.
pub(crate) fn lay_wire() {
    ip("link set lo up");
    ip("link add near type veth peer name far");
    ip(&format!("addr add {NEAR}/24 brd + dev near"));
    ip("link set near up");
}

impl Wire {
    pub(crate) fn new(name: &str) -> Wire {
        lay_wire();
        let [near, far] = media(name);
        let (far, far_opened) = on_far_side(move || {
            let opened = far.open().expect("the far medium opens");
            (far, opened)
        });
        // Children die with the thread that started them: not started on the far side's.
        let opened = near.open().expect("the near medium opens");
        let mut wire = Wire { near: Side::new(near, opened), far: Side::new(far, far_opened) };
        wire.settle();
        wire
    }

    /// Until frames pass in both directions: a fresh wire drops the first ones (group membership, neighbours).
    fn settle(&mut self) {
        let start = Instant::now();
        while !(self.near.warm && self.far.warm) {
            assert!(start.elapsed() < LIMIT, "the wire never settles");
            for side in [&self.near, &self.far] {
                side.send(&[WARM_UP, side.medium.link().as_bytes()].concat());
            }
            self.far.drained();
            self.near.drained();
        }
    }
}
