//! The checks.

use std::fs;
use std::io::Write;
use std::net::{SocketAddrV4, UdpSocket};
use std::time::Duration;

use hb_base::Token;
use hb_ipc::{Received, Sent};
use hb_media::protocol::{FromFifo, Trouble};
use hb_media::{
    Bcast, FifoChild, MAX_DATAGRAM_BYTES, Mcast, Medium, OpenError, Ucast, fifo, interface, reader_batch,
};
use hb_runtime::{Exit, Signal, clock};
use rustix::net::sockopt;
use rustix::process::Pid;
use socket2::SockRef;

use crate::rig::{Got, LIMIT, NEAR, PORT, WARM_UP, Wire, ip, lay_wire, settle};

pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) run: Box<dyn FnOnce()>,
}

/// A check that every medium must pass, given the medium's name.
type MediumCheck = (&'static str, fn(&str));

/// Checks that every medium must pass.
const OF_A_MEDIUM: [MediumCheck; 10] = [
    ("a_frame_arrives_unchanged", a_frame_arrives_unchanged),
    ("own_frames_come_back_where_they_should", own_frames_come_back_where_they_should),
    ("a_full_socket_is_told", a_full_socket_is_told),
    ("a_drain_is_answered_after_everything_before_it", a_drain_is_answered_after_everything_before_it),
    ("a_stamp_is_the_time_of_arrival", a_stamp_is_the_time_of_arrival),
    ("a_killed_reader_is_replaced_without_loss", a_killed_reader_is_replaced_without_loss),
    ("a_stuck_writer_delays_nobody", a_stuck_writer_delays_nobody),
    ("a_send_error_is_told_and_survived", a_send_error_is_told_and_survived),
    ("children_end_with_the_channel", children_end_with_the_channel),
    ("children_are_titled_and_powerless", children_are_titled_and_powerless),
];

/// Checks of their own.
const OTHERS: [(&str, fn()); 6] = [
    ("a_frame_longer_than_a_datagram_is_refused_whole", a_frame_longer_than_a_datagram_is_refused_whole),
    ("sockets_have_the_options_of_the_original", sockets_have_the_options_of_the_original),
    ("opening_says_what_is_wrong", opening_says_what_is_wrong),
    ("entries_on_one_interface_share_the_port", entries_on_one_interface_share_the_port),
    ("interfaces_are_listed", interfaces_are_listed),
    ("the_fifo_reader_passes_messages_on", the_fifo_reader_passes_messages_on),
];

pub(crate) fn all() -> Vec<Check> {
    let mut checks = Vec::new();
    for medium in ["ucast", "mcast", "mcast-loop", "bcast"] {
        for (name, run) in OF_A_MEDIUM {
            checks.push(Check { name: format!("{medium}::{name}"), run: Box::new(move || run(medium)) });
        }
    }
    checks.extend(OTHERS.map(|(name, run)| Check { name: name.to_owned(), run: Box::new(run) }));
    checks
}

fn pid(child: &hb_runtime::Child) -> Pid {
    Pid::from_raw(i32::try_from(child.pid()).expect("a pid")).expect("a pid")
}

/// Stops a child for good: it is in state T when this returns.
fn stop(child: &hb_runtime::Child) {
    rustix::process::kill_process(pid(child), rustix::process::Signal::STOP).expect("ours");
    let status = format!("/proc/{}/status", child.pid());
    while !fs::read_to_string(&status).expect("proc").contains("State:\tT") {
        std::thread::yield_now();
    }
}

fn go_on(child: &hb_runtime::Child) {
    rustix::process::kill_process(pid(child), rustix::process::Signal::CONT).expect("ours");
}

/// A frame of its own for each number.
fn numbered(number: usize) -> Vec<u8> {
    format!("frame {number:06}").into_bytes()
}

/// The numbers of such frames; anything else fails the check.
fn numbers(frames: &[Vec<u8>]) -> Vec<usize> {
    let number = |frame: &Vec<u8>| {
        let text = std::str::from_utf8(frame).ok()?;
        text.strip_prefix("frame ")?.parse().ok()
    };
    frames.iter().map(|frame| number(frame).expect("a numbered frame")).collect()
}

/// Sends from the far node until all are in the near node's socket.
fn send_from_far(wire: &mut Wire, count: usize) {
    (0..count).for_each(|number| wire.far.send(&numbered(number)));
    wire.far.flush_writer();
}

fn a_frame_arrives_unchanged(medium: &str) {
    let mut wire = Wire::new(medium);
    for len in [1, 200, 1472, 1473, 9000, 60_000] {
        let frame: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        wire.near.send(&frame);
        assert!(wire.far.next_frame() == frame, "{len} bytes");
    }
}

fn own_frames_come_back_where_they_should(medium: &str) {
    let mut wire = Wire::new(medium);
    let loops = matches!(medium, "bcast" | "mcast-loop");
    // The first frame of a writer comes back.
    wire.near.flush_writer();
    let first_sent = clock::monotonic();
    wire.near.send(&numbered(0));
    // When the far node has it, ours has come back or never will.
    assert_eq!(wire.far.next_frame(), numbered(0));
    assert_eq!(numbers(&wire.near.drained()), if loops { vec![0] } else { vec![] });
    // Each costs, so the next one that does comes later.
    let (mut number, mut back) = (1, Vec::new());
    while loops && back.is_empty() {
        let waited = clock::monotonic().since(first_sent);
        assert!(waited < LIMIT, "no own frame came back since the first");
        wire.near.send(&numbered(number));
        assert_eq!(wire.far.next_frame(), numbered(number));
        back = wire.near.drained();
        number += 1;
    }
    assert!(!loops || clock::monotonic().since(first_sent) > Duration::from_millis(200), "{back:?}");
}

fn a_full_socket_is_told(medium: &str) {
    let mut wire = Wire::new(medium);
    stop(&wire.near.reader.child);
    let room = sockopt::socket_recv_buffer_size(&wire.near.opened.receive).expect("an option");
    // The kernel accounts for more than the bytes themselves.
    let frame = vec![b'x'; 1400];
    (0..room / frame.len()).for_each(|_| wire.far.send(&frame));
    wire.far.flush_writer();
    go_on(&wire.near.reader.child);
    let told = loop {
        match wire.near.next() {
            Got::Frame { .. } => {}
            Got::Trouble(trouble) => break trouble,
            other => panic!("{other:?}"),
        }
    };
    assert!(told.count > 0 && told.errno == libc::ENOBUFS, "{told:?}");
}

fn a_drain_is_answered_after_everything_before_it(medium: &str) {
    const COUNT: usize = 300;
    let mut wire = Wire::new(medium);
    stop(&wire.near.reader.child);
    send_from_far(&mut wire, COUNT);
    assert_eq!(wire.near.reader.request_drain(Token(7)).expect("it lives"), Sent::Yes);
    go_on(&wire.near.reader.child);
    assert!(numbers(&wire.near.frames_until_drained(Token(7))).into_iter().eq(0..COUNT));
    // And with nothing to forward.
    assert!(wire.near.drained().is_empty());
}

fn a_stamp_is_the_time_of_arrival(medium: &str) {
    let mut wire = Wire::new(medium);
    // The kernel begins to stamp some time after the first socket of the machine asked for it; until then a stamp
    // is the time of reading.
    let start = clock::monotonic();
    let mut outcome = Err(String::new());
    while outcome.is_err() && clock::monotonic().since(start) < LIMIT {
        outcome = stamp_of_a_frame_read_late(&mut wire);
    }
    outcome.expect("a stamp between sending and having sent");
}

fn stamp_of_a_frame_read_late(wire: &mut Wire) -> Result<(), String> {
    stop(&wire.near.reader.child);
    let before = clock::monotonic();
    send_from_far(wire, 1);
    let sent = clock::monotonic();
    while clock::monotonic().since(sent) < Duration::from_millis(20) {
        std::thread::yield_now();
    }
    go_on(&wire.near.reader.child);
    let Got::Frame { stamp, .. } = wire.near.next() else { panic!("no frame") };
    if before <= stamp && stamp <= sent { Ok(()) } else { Err(format!("{before:?} {stamp:?} {sent:?}")) }
}

fn a_killed_reader_is_replaced_without_loss(medium: &str) {
    const COUNT: usize = 100;
    let mut wire = Wire::new(medium);
    stop(&wire.near.reader.child);
    send_from_far(&mut wire, COUNT);
    wire.near.reader.child.signal(Signal::Kill).expect("ours");
    wire.near.reader.child.wait().expect("ours");
    assert_eq!(wire.near.next(), Got::Closed);
    wire.near.respawn_reader();
    let arrived: Vec<_> = (0..COUNT).map(|_| wire.near.next_frame()).collect();
    assert!(numbers(&arrived).into_iter().eq(0..COUNT));
}

fn a_stuck_writer_delays_nobody(medium: &str) {
    let mut wire = Wire::new(medium);
    stop(&wire.near.writer.child);
    let mut taken = 0;
    // Ends because the channel is bounded and sending does not wait.
    while wire.near.offer(&numbered(taken)) {
        taken += 1;
        assert!(taken < 100_000, "the channel is bounded");
    }
    go_on(&wire.near.writer.child);
    let arrived: Vec<_> = (0..taken).map(|_| wire.far.next_frame()).collect();
    assert!(numbers(&arrived).into_iter().eq(0..taken));
}

fn a_send_error_is_told_and_survived(medium: &str) {
    let mut wire = Wire::new(medium);
    ip("link set near down");
    wire.near.send(b"lost");
    let trouble = wire.near.trouble();
    assert!(trouble.count == 1 && trouble.error().is_some(), "{trouble:?}");
    ip("link set near up");
    // Until it works again and says so; the report waits for the second to pass.
    let over = loop {
        wire.near.send(b"again");
        let mut batch = hb_media::writer_batch();
        if let Received::Packets(_) = wire.near.writer.receive(&mut batch).expect("it lives") {
            let told = hb_media::protocol::from_writer(batch.packet(0).expect("one")).expect("trouble");
            if told.count == 0 {
                break told;
            }
        }
        std::thread::yield_now();
    };
    assert_eq!(over.errno, 0);
    while wire.far.next_frame() != b"again" {}
}

fn children_end_with_the_channel(medium: &str) {
    let wire = Wire::new(medium);
    let (mut reader, mut writer) = (wire.near.reader, wire.near.writer);
    drop((reader.pair, writer.pair));
    assert_eq!(reader.child.wait().expect("ours"), Exit::Code(0));
    assert_eq!(writer.child.wait().expect("ours"), Exit::Code(0));
}

fn children_are_titled_and_powerless(medium: &str) {
    let wire = Wire::new(medium);
    let mtype = wire.near.medium.mtype();
    for (child, role) in [(&wire.near.reader.child, "read"), (&wire.near.writer.child, "write")] {
        let title = fs::read_to_string(format!("/proc/{}/cmdline", child.pid())).expect("proc");
        assert_eq!(title, format!("heartbeat: {role}: {mtype} near\0"));
        let status = fs::read_to_string(format!("/proc/{}/status", child.pid())).expect("proc");
        assert!(status.contains("NoNewPrivs:\t1\n"), "{status}");
        let map = fs::read_to_string("/proc/self/uid_map").expect("proc");
        if map.contains("4294967295") {
            assert!(status.contains("CapEff:\t0000000000000000\n"), "{status}");
        }
    }
}

fn opening_says_what_is_wrong() {
    lay_wire();
    let device = || "near".to_owned();
    let group = [225, 0, 0, 1].into();
    let mcast = Mcast { device: device(), group, port: PORT, ttl: 1, loopback: false };
    let bcast = Bcast { device: device(), port: PORT };
    let ucast = Ucast { device: device(), peer: [10, 9, 0, 2].into(), port: PORT };

    for medium in [
        &Bcast { device: "none".into(), ..bcast } as &dyn Medium,
        &Ucast { device: "none".into(), ..ucast },
        &Mcast { device: "none".into(), ..mcast },
    ] {
        assert!(matches!(medium.open(), Err(OpenError::NoDevice { .. })), "{}", medium.mtype());
    }
    let not_a_group = Mcast { group: [10, 9, 0, 2].into(), ..mcast.clone() }.open();
    assert!(matches!(not_a_group, Err(OpenError::NotAGroup { .. })));

    let holder = UdpSocket::bind(("0.0.0.0", PORT)).expect("the port is free");
    for medium in [&bcast as &dyn Medium, &ucast, &mcast] {
        let error = medium.open().expect_err("the port is held");
        assert!(matches!(error, OpenError::PortTaken { port: PORT, .. }), "{error}");
    }
    drop(holder);

    let other = std::process::Command::new("python3")
        .args([
            "-c",
            "import socket,time\ns=socket.socket(2,2)\ns.bind(('',694))\nprint(flush=True)\ntime.sleep(600)",
        ])
        .stdout(std::process::Stdio::piped())
        .spawn();
    if let Ok(mut other) = other {
        let mut ready = [0; 1];
        std::io::Read::read_exact(other.stdout.as_mut().expect("piped"), &mut ready).expect("it binds");
        let error = bcast.open().expect_err("the port is held").to_string();
        other.kill().expect("ours");
        other.wait().expect("ours");
        assert!(error.contains("taken by python3") && error.contains(&other.id().to_string()), "{error}");
    }

    ip(&format!("addr del {NEAR}/24 dev near"));
    assert!(matches!(bcast.open(), Err(OpenError::NoAddress { .. })));
    assert!(matches!(mcast.open(), Err(OpenError::NoAddress { .. })));
    ip(&format!("addr add {NEAR}/24 dev near"));
    assert!(matches!(bcast.open(), Err(OpenError::NoBroadcast { .. })));
    ip(&format!("addr del {NEAR}/24 dev near"));
    ip(&format!("addr add {NEAR}/24 brd + dev near"));
    bcast.open().expect("it opens now");
}

fn sockets_have_the_options_of_the_original() {
    lay_wire();
    let peer = [10, 9, 0, 2].into();
    let opened = Ucast { device: "near".into(), peer, port: PORT }.open().expect("opens");
    let (receive, send) = (SockRef::from(&opened.receive), SockRef::from(&opened.send));
    assert_eq!(send.tos_v4().expect("an option"), 0x10);
    assert!(send.reuse_port().expect("an option") && receive.reuse_port().expect("an option"));
    assert!(receive.reuse_address().expect("an option"));
    for socket in [&receive, &send] {
        assert_eq!(socket.device().expect("an option").as_deref(), Some(&b"near"[..]));
    }
    assert_eq!(opened.to, SocketAddrV4::new(peer, PORT));

    let opened = Bcast { device: "near".into(), port: PORT }.open().expect("opens");
    let (receive, send) = (SockRef::from(&opened.receive), SockRef::from(&opened.send));
    assert!(send.broadcast().expect("an option") && receive.reuse_address().expect("an option"));
    for socket in [&receive, &send] {
        assert_eq!(socket.device().expect("an option").as_deref(), Some(&b"near"[..]));
    }
    assert_eq!(opened.to, SocketAddrV4::new([10, 9, 0, 255].into(), PORT));

    let group = [225, 0, 0, 1].into();
    let opened =
        Mcast { device: "near".into(), group, port: PORT, ttl: 3, loopback: false }.open().expect("opens");
    let (receive, send) = (SockRef::from(&opened.receive), SockRef::from(&opened.send));
    assert_eq!(send.multicast_ttl_v4().expect("an option"), 3);
    assert_eq!(send.multicast_if_v4().expect("an option").to_string(), NEAR);
    assert!(!send.multicast_loop_v4().expect("an option") && receive.reuse_address().expect("an option"));
    assert_eq!(receive.device().expect("an option"), None);
    let bound = receive.local_addr().expect("bound").as_socket_ipv4();
    assert_eq!(bound, Some(SocketAddrV4::new(group, PORT)));
}

fn a_frame_longer_than_a_datagram_is_refused_whole() {
    let mut wire = Wire::new("ucast");
    wire.near.send(&vec![b'x'; MAX_DATAGRAM_BYTES + 1]);
    assert_eq!(wire.near.trouble(), Trouble { count: 1, errno: libc::EMSGSIZE });
    let largest = vec![b'y'; MAX_DATAGRAM_BYTES];
    wire.near.send(&largest);
    assert!(wire.far.next_frame() == largest, "the largest arrives, and nothing before it");
}

fn entries_on_one_interface_share_the_port() {
    let mut wire = Wire::new("ucast");
    // Three more entries of the near node, one of them naming itself.
    let more: Vec<_> = [2, 3, 1]
        .map(|last| {
            Ucast { device: "near".into(), peer: [10, 9, 0, last].into(), port: PORT }.open().expect("opens")
        })
        .into_iter()
        .collect();
    let bcast = Bcast { device: "near".into(), port: PORT }.open().expect("opens beside them");
    for number in 0..20 {
        wire.far.send(&numbered(number));
    }
    // Each arrives at exactly one of the sockets.
    let mut arrived: Vec<Vec<u8>> = Vec::new();
    let start = std::time::Instant::now();
    while arrived.len() < 20 {
        assert!(start.elapsed().as_secs() < 60, "only {} arrived", arrived.len());
        arrived.extend(wire.near.drained());
        for opened in more.iter().chain([&bcast]) {
            let mut buffer = [0; 100];
            let flags = rustix::net::RecvFlags::DONTWAIT;
            while let Ok((len, _)) = rustix::net::recv(&opened.receive, &mut buffer[..], flags) {
                arrived.extend((!buffer[..len].starts_with(WARM_UP)).then(|| buffer[..len].to_vec()));
            }
        }
    }
    arrived.sort();
    assert!(numbers(&arrived).into_iter().eq(0..20));
}

fn interfaces_are_listed() {
    lay_wire();
    let near = interface("near").expect("a list").expect("the wire");
    assert!(near.is_up && near.can_broadcast && near.can_multicast && !near.is_loopback);
    let address = near.addresses.iter().find(|address| address.ip.is_ipv4()).expect("an address");
    assert_eq!(address.ip.to_string(), NEAR);
    assert_eq!((address.prefix_bits, address.broadcast), (24, Some([10, 9, 0, 255].into())));
    let far = interface("far").expect("a list").expect("the wire");
    assert!(!far.is_up && far.addresses.is_empty() && far.index != near.index);
}

fn the_fifo_reader_passes_messages_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("fifo");
    let fd = fifo::open(&path).expect("a FIFO");
    let mut child = FifoChild::spawn(std::os::fd::AsFd::as_fd(&fd), settle()).expect("a child");
    let write = |text: &str| {
        let mut file = fs::OpenOptions::new().write(true).open(&path).expect("the FIFO opens");
        file.write_all(text.as_bytes()).expect("it takes");
    };
    let mut batch = reader_batch();
    let mut next = |child: &FifoChild| loop {
        let mut fds = [rustix::event::PollFd::new(&child.pair, rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut fds, None).expect("a wait");
        if let Received::Packets(_) = child.receive(&mut batch).expect("it lives") {
            return batch.packets().map(<[u8]>::to_vec).collect::<Vec<_>>();
        }
    };
    let message = ">>>\nt=status\nst=active\n<<<\n";
    write(message);
    assert_eq!(FromFifo::decode(&next(&child)[0]), Some(FromFifo::Message(message.as_bytes())));
    // Every writer's closing is not the end, and garbage hides nothing behind it.
    write("rubbish\n");
    write(message);
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(next(&child));
    }
    let is_message =
        |packet: &Vec<u8>| FromFifo::decode(packet) == Some(FromFifo::Message(message.as_bytes()));
    assert_eq!(seen.iter().filter(|packet| is_message(packet)).count(), 1);
    assert!(
        seen.iter()
            .any(|packet| matches!(FromFifo::decode(packet), Some(FromFifo::Trouble(t)) if t.count == 1))
    );
    // A killed reader loses nothing that was not read.
    child.child.signal(Signal::Kill).expect("ours");
    child.child.wait().expect("ours");
    write(message);
    let child = FifoChild::spawn(std::os::fd::AsFd::as_fd(&fd), settle()).expect("a child");
    assert!(is_message(&next(&child)[0]));
}
