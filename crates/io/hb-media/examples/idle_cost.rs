//! What the message layer costs when nothing happens: CPU and memory of a master and the children of two media, with a
//! frame out and a frame in on each medium every keepalive.
//!
//! `unshare --net target/release/examples/idle_cost [keepalive in ms] [seconds]`, as root.

use std::error::Error;
use std::fs;
use std::os::fd::AsFd;
use std::process::{Command, ExitCode};
use std::time::Duration;

use hb_ipc::Received;
use hb_media::protocol::{FRAME, FromReader};
use hb_media::{
    FifoChild, Medium, Opened, ReaderChild, Ucast, WriterChild, fifo, reader_batch, writer_batch,
};
use hb_runtime::{Class, Event, EventLoop, Inherited, Interest, Realtime, Settle, clock};

/// About a status message.
const FRAME_BYTES: usize = 250;

#[derive(Clone, Copy, Debug)]
enum Key {
    Reader(usize),
    Writer(usize),
}

struct Link {
    medium: Ucast,
    opened: Opened,
    reader: ReaderChild,
    writer: WriterChild,
}

fn main() -> ExitCode {
    let done = match Inherited::take() {
        Ok(Some(inherited)) => return hb_media::run(inherited),
        Ok(None) => run(),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn ip(args: &str) {
    let done = Command::new("ip").args(args.split(' ')).status();
    assert!(done.is_ok_and(|status| status.success()), "ip {args}");
}

/// The links of one node; `me` is 1 or 2.
fn open_links(me: u8) -> Result<Vec<(Ucast, Opened)>, Box<dyn Error>> {
    let side = if me == 1 { "near" } else { "far" };
    let media = (1..=2_u8).map(|number| {
        let device = format!("{side}{number}");
        ip(&format!("addr add 10.9.{number}.{me}/24 brd + dev {device}"));
        ip(&format!("link set {device} up"));
        let medium = Ucast { device, peer: [10, 9, number, 3 - me].into(), port: 694 };
        let opened = medium.open()?;
        Ok((medium, opened))
    });
    media.collect()
}

/// The other node: a thread with sockets in a network namespace of its own and no children.
fn start_far_side(keepalive: Duration) {
    let (told, ready) = std::sync::mpsc::channel();
    let (go, moved) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        // SAFETY: only this thread's network namespace changes.
        unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNET) }.expect("root");
        told.send(rustix::thread::gettid().as_raw_nonzero()).expect("told");
        moved.recv().expect("moved");
        let links = open_links(2).expect("the far links open");
        go_far(&links, keepalive);
    });
    let tid = ready.recv().expect("the far side starts");
    for number in [1, 2] {
        ip(&format!("link add near{number} type veth peer name far{number}"));
        ip(&format!("link set far{number} netns {tid}"));
    }
    go.send(()).expect("the far side waits");
}

fn go_far(links: &[(Ucast, Opened)], keepalive: Duration) -> ! {
    let frame = [7_u8; FRAME_BYTES];
    let mut batch = reader_batch();
    loop {
        for (_, opened) in links {
            let _lost = hb_ipc::send_packets(&opened.send, &[&frame], Some(opened.to), hb_ipc::Wait::No);
            while batch.receive(&opened.receive, hb_ipc::Wait::No).is_ok_and(|count| count > 0) {}
        }
        std::thread::sleep(keepalive);
    }
}

/// CPU time of a process's main thread in microseconds.
fn cpu_us(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/task/{pid}/schedstat")).unwrap_or_default();
    stat.split(' ').next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0) / 1_000
}

fn pss_kib(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn run() -> Result<(), Box<dyn Error>> {
    let number =
        |at: usize, or: u64| std::env::args().nth(at).and_then(|word| word.parse().ok()).unwrap_or(or);
    let keepalive = Duration::from_millis(number(1, 5));
    let seconds = number(2, 10);
    start_far_side(keepalive);
    println!("realtime: {:?}", Realtime::master(10).apply(true));
    let settle = || Settle::mover(Realtime::mover(9));
    let mut links = Vec::new();
    for (medium, opened) in open_links(1)? {
        let reader = ReaderChild::spawn(&medium, &opened, settle())?;
        let writer = WriterChild::spawn(&medium, &opened, settle())?;
        links.push(Link { medium, opened, reader, writer });
    }
    let path = std::env::temp_dir().join(format!("idle_cost.{}", std::process::id()));
    let fifo_fd = fifo::open(&path)?;
    let fifo = FifoChild::spawn(fifo_fd.as_fd(), settle())?;
    fs::remove_file(&path)?;
    let mut events: EventLoop<Key> = EventLoop::new()?;
    for (number, link) in links.iter().enumerate() {
        events.add(&link.reader.pair, Key::Reader(number), Class::Packets, Interest::Read)?;
        events.add(&link.writer.pair, Key::Writer(number), Class::Packets, Interest::Read)?;
    }
    // The first second is for settling down.
    turn(&mut events, &links, keepalive, Duration::from_secs(1))?;
    let mut pids = vec![("master".to_owned(), std::process::id()), ("fifo".to_owned(), fifo.child.pid())];
    for link in &links {
        pids.push((format!("read {}", link.medium.link()), link.reader.child.pid()));
        pids.push((format!("write {}", link.medium.link()), link.writer.child.pid()));
        assert!(link.opened.to.port() == 694);
    }
    let before: Vec<u64> = pids.iter().map(|(_, pid)| cpu_us(*pid)).collect();
    let received = turn(&mut events, &links, keepalive, Duration::from_secs(seconds))?;
    let (mut cpu_all, mut pss_all) = (0, 0);
    for ((name, pid), before) in pids.iter().zip(before) {
        let (cpu, pss) = (cpu_us(*pid) - before, pss_kib(*pid));
        println!("{name:<12} {:>8.3} % CPU  {pss:>6} KiB PSS", cpu as f64 / (seconds as f64 * 10_000.0));
        cpu_all += cpu;
        pss_all += pss;
    }
    println!(
        "{:<12} {:>8.3} % CPU  {pss_all:>6} KiB PSS",
        "all",
        cpu_all as f64 / (seconds as f64 * 10_000.0)
    );
    println!(
        "{received} frames received; {:.1} us CPU a keepalive",
        cpu_all as f64 / (seconds as f64 / keepalive.as_secs_f64())
    );
    println!("{:?}", events.late());
    Ok(())
}

/// What the master does in `how_long`; answers the frames received.
fn turn(
    events: &mut EventLoop<Key>,
    links: &[Link],
    keepalive: Duration,
    how_long: Duration,
) -> Result<u64, Box<dyn Error>> {
    let mut batch = reader_batch();
    let mut reports = writer_batch();
    let mut frame = [1_u8; FRAME_BYTES + 1];
    frame[0] = FRAME;
    let mut received = 0;
    let end = clock::monotonic() + how_long;
    let mut deadline = clock::monotonic() + keepalive;
    while deadline < end {
        match events.next(Some(deadline))? {
            Event::Deadline => {
                for link in links {
                    link.writer.send(&[&frame])?;
                }
                deadline += keepalive;
            }
            Event::Ready { key: Key::Reader(number), .. } => {
                if let Received::Packets(_) = links[number].reader.receive(&mut batch)? {
                    let frames = batch.packets().filter_map(FromReader::decode);
                    received +=
                        frames.filter(|packet| matches!(packet, FromReader::Frame { .. })).count() as u64;
                }
            }
            Event::Ready { key: Key::Writer(number), .. } => {
                links[number].writer.receive(&mut reports)?;
            }
            other => println!("{other:?}"),
        }
    }
    Ok(received)
}
