//! Children are real processes here: this test binary starts itself as a role, as the product does.
//!
//! No test harness: `main` must see the inherited role before anything else runs.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

use hb_runtime::{
    Child, Class, Event, EventLoop, Exit, Held, Inherited, Interest, Realtime, Role, Settle, Signal, User,
    clock, isolate,
};

fn main() -> ExitCode {
    match Inherited::take() {
        Ok(Some(inherited)) => return child(inherited),
        Ok(None) => {}
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    }
    let tests: [(&str, fn()); 7] = [
        (
            "a_child_that_spins_loses_its_priority_not_its_life",
            a_child_that_spins_loses_its_priority_not_its_life,
        ),
        ("a_child_gets_its_role_and_its_descriptors_only", a_child_gets_its_role_and_its_descriptors_only),
        ("a_child_settles_as_asked", a_child_settles_as_asked),
        ("programs_inherit_nothing_of_realtime", programs_inherit_nothing_of_realtime),
        ("the_end_of_a_child_is_an_event", the_end_of_a_child_is_an_event),
        ("a_child_dies_with_its_parent", a_child_dies_with_its_parent),
        ("what_cannot_be_passed_is_refused", what_cannot_be_passed_is_refused),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, test) in tests {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            println!("test {name} ...");
            test();
        }
    }
    println!("ok");
    ExitCode::SUCCESS
}

/// The roles of this binary.
fn child(mut inherited: Inherited) -> ExitCode {
    let fd: OwnedFd = inherited.fd("pair").expect("the pair was passed");
    let mut pair = UnixStream::from(fd);
    match inherited.role.as_str() {
        "report" => {
            let settled = inherited.settle("heartbeat");
            let mut fds: Vec<String> = fs::read_dir("/proc/self/fd")
                .expect("proc")
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter(|name| name.parse::<u32>().is_ok_and(|number| number > 2))
                .collect();
            fds.sort();
            let status = fs::read_to_string("/proc/self/status").expect("proc");
            let env = std::env::vars().filter(|(name, _)| name.starts_with("HEARTBEAT_ROLE")).count();
            let text = format!(
                "args={:?}\nopen={}\nenv={env}\nsettled={settled:?}\n{status}",
                inherited.args,
                fds.len()
            );
            pair.write_all(text.as_bytes()).expect("the parent reads");
            // Ends when the parent says so.
            let _ = pair.read(&mut [0]);
            ExitCode::from(7)
        }
        // Spins until its priority is gone; tells whether it had one.
        "spin" => {
            let settled = inherited.settle("heartbeat").expect("it settles");
            let mut events: EventLoop<()> = EventLoop::new().expect("a loop");
            let had = settled.realtime.scheduling == Held::Yes;
            // Never asleep, as a role that is stuck.
            let look = |events: &mut EventLoop<()>| events.next(Some(clock::monotonic())).expect("a look");
            while had && look(&mut events) != Event::Demoted {}
            let policy = policy();
            pair.write_all(format!("had={had} policy={policy}\n").as_bytes()).expect("the parent reads");
            ExitCode::SUCCESS
        }
        // Starts a program, which tells what it inherited.
        "program" => {
            inherited.settle("heartbeat").expect("it settles");
            let mut command = std::process::Command::new("cat");
            command.args(["/proc/self/limits", "/proc/self/timerslack_ns"]);
            isolate(&mut command);
            pair.write_all(&command.output().expect("cat runs").stdout).expect("the parent reads");
            ExitCode::SUCCESS
        }
        // Starts a grandchild that dies with this process, tells its pid, and waits to be killed.
        "middle" => {
            let mut settle = Settle::executor();
            settle.parent_death = Some(Signal::Kill);
            let fds = [("pair", pair.as_fd())];
            let role = Role { name: "report", title: "grandchild", args: &[], fds: &fds, settle };
            let grandchild = role.spawn().expect("a grandchild");
            pair.write_all(format!("grandchild={}\n", grandchild.pid()).as_bytes()).expect("written");
            loop {
                std::thread::park();
            }
        }
        other => panic!("no role {other}"),
    }
}

/// This process's scheduling policy: 0 for the ordinary one.
fn policy() -> i32 {
    // SAFETY: takes a number and answers one.
    let policy = unsafe { libc::sched_getscheduler(0) };
    policy & !libc::SCHED_RESET_ON_FORK
}

fn start(name: &str, title: &str, args: &[&str], settle: Settle) -> (Child, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let fds = [("pair", theirs.as_fd())];
    let child = Role { name, title, args, fds: &fds, settle }.spawn().expect("a child");
    ours.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    (child, ours)
}

/// Reads until `last` has come.
fn read_until(stream: &mut UnixStream, last: &str) -> String {
    read_until_all(stream, &[last])
}

/// Reads until all of `words` have come, in any order.
fn read_until_all(stream: &mut UnixStream, words: &[&str]) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !words.iter().all(|word| text.contains(word)) {
        match stream.read(&mut buffer).expect("the child answers in time") {
            0 => panic!("the child went away after {text:?}"),
            n => text.push_str(&String::from_utf8_lossy(&buffer[..n])),
        }
    }
    text
}

fn a_child_gets_its_role_and_its_descriptors_only() {
    // What the parent takes as events is not blocked in the child.
    let mut events: EventLoop<()> = EventLoop::new().expect("a loop");
    events.take_signals().expect("signals");
    let not_for_children = fs::File::open("/dev/null").expect("a file");
    let (mut child, mut stream) =
        start("report", "heartbeat: read: ucast eth0", &["one", "two words"], Settle::executor());
    let text = read_until(&mut stream, "nonvoluntary_ctxt_switches");
    assert!(text.contains(r#"args=["one", "two words"]"#), "{text}");
    // The pair, and the directory that is being read.
    assert!(text.contains("open=2\n"), "{text}");
    assert!(text.contains("env=0\n"), "{text}");
    assert!(text.contains("Name:\theartbeat\n"), "{text}");
    assert!(text.contains("SigBlk:\t0000000000000000\n"), "{text}");
    let title = fs::read(format!("/proc/{}/cmdline", child.pid())).expect("proc");
    assert_eq!(title, b"heartbeat: read: ucast eth0\0");
    // The same for any other program that such a role starts.
    let mut command = std::process::Command::new("cat");
    isolate(command.arg("/proc/self/status"));
    let status = command.output().expect("cat runs").stdout;
    assert!(String::from_utf8_lossy(&status).contains("SigBlk:\t0000000000000000\n"));
    drop(not_for_children);
    stream.write_all(b"x").expect("the child waits");
    assert_eq!(child.wait().expect("ours"), Exit::Code(7));
    assert_eq!(child.exit().expect("still known"), Some(Exit::Code(7)));
}

fn a_child_settles_as_asked() {
    let (mut child, mut stream) = start("report", "x", &[], Settle::mover(Realtime::mover(3)));
    let text = read_until(&mut stream, "nonvoluntary_ctxt_switches");
    assert!(text.contains("NoNewPrivs:\t1\n"), "{text}");
    if text.contains("dropped: true") {
        let uid = User::nobody().uid;
        assert!(text.contains(&format!("Uid:\t{uid}\t{uid}\t{uid}\t{uid}\n")), "{text}");
        assert!(text.contains("CapEff:\t0000000000000000\n"), "{text}");
        assert!(text.lines().any(|line| line.trim_end() == "Groups:"), "{text}");
    }
    let policy = fs::read_to_string(format!("/proc/{}/sched", child.pid())).unwrap_or_default();
    let round_robin = policy.lines().any(|line| line.starts_with("policy") && line.ends_with('2'));
    assert!(policy.is_empty() || round_robin == text.contains("scheduling: Yes"), "{text}\n{policy}");
    stream.write_all(b"x").expect("the child waits");
    child.wait().expect("ours");
}

fn a_child_that_spins_loses_its_priority_not_its_life() {
    let cpu_soft = Duration::from_millis(60);
    let realtime = Realtime { cpu_soft, ..Realtime::mover(1) };
    let (mut child, mut stream) = start("spin", "x", &[], Settle::mover(realtime));
    let text = read_until(&mut stream, "\n");
    // Without the right to realtime there is nothing to lose.
    assert!(text.ends_with("policy=0\n"), "{text}");
    assert_eq!(child.wait().expect("ours"), Exit::Code(0));
}

fn programs_inherit_nothing_of_realtime() {
    let settle = Settle { realtime: Realtime::executor(1), ..Settle::executor() };
    let (mut child, mut stream) = start("program", "x", &[], settle);
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("the child answers");
    child.wait().expect("ours");
    let limit = text.lines().find(|line| line.starts_with("Max realtime timeout")).expect("a limit");
    // Without the right to raise a limit it stays, and without realtime it does not matter.
    if Realtime::is_allowed() {
        assert!(limit.contains("unlimited"), "{limit}");
    }
    assert!(text.ends_with("\n50000\n"), "{text}");
}

fn the_end_of_a_child_is_an_event() {
    let mut events: EventLoop<&str> = EventLoop::new().expect("a loop");
    let (mut child, mut stream) = start("report", "x", &[], Settle::executor());
    read_until(&mut stream, "nonvoluntary_ctxt_switches");
    let id = events.add(&child, "child", Class::Housekeeping, Interest::Read).expect("a source");
    assert_eq!(child.exit().expect("ours"), None);
    child.signal(Signal::Kill).expect("ours");
    let limit = clock::monotonic() + Duration::from_secs(30);
    loop {
        match events.next(Some(limit)).expect("a wait") {
            Event::Ready { key: "child", .. } => break,
            Event::Deadline => panic!("no event"),
            _ => {}
        }
    }
    assert_eq!(child.exit().expect("ours"), Some(Exit::Signal(9)));
    events.remove(id);
    child.signal(Signal::Kill).expect("a late signal is nothing");
}

fn a_child_dies_with_its_parent() {
    let (mut middle, mut stream) = start("middle", "middle", &[], Settle::executor());
    read_until_all(&mut stream, &["grandchild=", "nonvoluntary_ctxt_switches"]);
    middle.signal(Signal::Kill).expect("ours");
    middle.wait().expect("ours");
    // The grandchild holds the other end: its death ends the stream.
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("the stream ends in time");
}

fn what_cannot_be_passed_is_refused() {
    let settle = Settle::executor();
    let role = Role { name: "report", title: "x", args: &["a\u{1f}b"], fds: &[], settle };
    assert!(role.spawn().is_err());
}
