use super::*;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::os::fd::OwnedFd;

fn pair() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap()
}

fn send(fd: &OwnedFd) {
    rustix::io::write(fd, b"x").unwrap();
}

fn take(fd: &OwnedFd) {
    let mut buffer = [0_u8; 1];
    assert_eq!(rustix::io::read(fd, &mut buffer[..]).unwrap(), 1);
}

/// Generous: only to end a test that would hang.
fn long() -> Option<Instant> {
    Some(clock::monotonic() + Duration::from_secs(30))
}

fn key<K: Clone>(event: Event<K>) -> Option<K> {
    match event {
        Event::Ready { key, .. } => Some(key),
        _ => None,
    }
}

/// The loop with everything that a busy test machine may add switched off.
fn quiet() -> EventLoop<&'static str> {
    let mut events = EventLoop::new().unwrap();
    events.set_stall_bound(Duration::from_secs(600));
    events
}

const NEVER: Duration = Duration::from_secs(600);

#[test]
fn packets_come_first_also_when_they_arrive_between_two_clients() {
    let mut events = quiet();
    let sources = [(pair(), "house", Class::Housekeeping), (pair(), "client", Class::Clients)];
    let (packets, packets_far) = pair();
    for ((fd, far), name, class) in &sources {
        events.add_with_budget(fd, *name, *class, Interest::Read, NEVER).unwrap();
        send(far);
    }
    events.add_with_budget(&packets, "packet", Class::Packets, Interest::Read, NEVER).unwrap();
    assert_eq!(key(events.next(long()).unwrap()), Some("client"));
    take(&sources[1].0.0);
    send(&packets_far);
    assert_eq!(key(events.next(long()).unwrap()), Some("packet"));
    take(&packets);
    assert_eq!(key(events.next(long()).unwrap()), Some("house"));
}

#[test]
fn a_deadline_that_stays_due_starves_nobody_and_is_starved_by_nobody() {
    let mut events = quiet();
    let (fd, far) = pair();
    events.add_with_budget(&fd, "packet", Class::Packets, Interest::Read, NEVER).unwrap();
    send(&far);
    let past = Some(Instant::ZERO);
    let mut seen = Vec::new();
    for _ in 0..6 {
        // The packet is never taken: a flood.
        seen.push(matches!(events.next(past).unwrap(), Event::Deadline));
    }
    assert_eq!(seen.iter().filter(|deadline| **deadline).count(), 3, "{seen:?}");
}

#[test]
fn near_and_far_deadlines_come_when_due_and_not_before() {
    let mut events = quiet();
    for ahead in [Duration::from_millis(3), Duration::from_millis(40), Duration::from_micros(100)] {
        let deadline = clock::monotonic() + ahead;
        assert_eq!(events.next(Some(deadline)).unwrap(), Event::Deadline);
        assert!(events.now() >= deadline);
    }
    assert_eq!(events.late().wake_ups.count, 3);
}

#[test]
fn a_deadline_can_move_in_both_directions() {
    let mut events = quiet();
    let (fd, far) = pair();
    events.add_with_budget(&fd, "packet", Class::Packets, Interest::Read, NEVER).unwrap();
    let start = clock::monotonic();
    // Arms the timer for a time that is then no longer wanted.
    send(&far);
    assert!(key(events.next(Some(start + Duration::from_secs(3600))).unwrap()).is_some());
    take(&fd);
    let nearer = clock::monotonic() + Duration::from_millis(50);
    assert_eq!(events.next(Some(nearer)).unwrap(), Event::Deadline);
    send(&far);
    assert!(key(events.next(Some(clock::monotonic() + Duration::from_millis(30))).unwrap()).is_some());
    take(&fd);
    // The armed 30 ms end unseen inside this wait, which must go on to its own deadline.
    let later = clock::monotonic() + Duration::from_millis(90);
    assert_eq!(events.next(Some(later)).unwrap(), Event::Deadline);
    assert!(events.now() >= later);
}

#[test]
fn removed_sources_are_silent_even_when_they_were_ready() {
    let mut events = quiet();
    let (a, a_far) = pair();
    let (b, b_far) = pair();
    let a_id = events.add_with_budget(&a, "a", Class::Packets, Interest::Read, NEVER).unwrap();
    let b_id = events.add_with_budget(&b, "b", Class::Packets, Interest::Read, NEVER).unwrap();
    send(&a_far);
    send(&b_far);
    let first = key(events.next(long()).unwrap()).unwrap();
    let (other_id, other_fd) = if first == "a" { (b_id, &b) } else { (a_id, &a) };
    events.remove(other_id);
    events.remove(other_id);
    assert!(events.watch(other_id, Interest::Read).is_err());
    // The slot's new owner does not get the old owner's event.
    let (c, _c_far) = pair();
    events.add_with_budget(&c, "c", Class::Packets, Interest::Read, NEVER).unwrap();
    take(if first == "a" { &a } else { &b });
    let soon = clock::monotonic() + Duration::from_millis(5);
    assert_eq!(events.next(Some(soon)).unwrap(), Event::Deadline);
    take(other_fd);
}

#[test]
fn write_interest_and_hang_up_are_told_apart() {
    let mut events = quiet();
    let (fd, far) = pair();
    let id = events.add_with_budget(&fd, "s", Class::Clients, Interest::Both, NEVER).unwrap();
    let expected = Ready { readable: false, writable: true, closed: false };
    assert_eq!(events.next(long()).unwrap(), Event::Ready { key: "s", ready: expected });
    events.watch(id, Interest::Read).unwrap();
    drop(far);
    let Event::Ready { ready, .. } = events.next(long()).unwrap() else { panic!("no readiness") };
    assert!(ready.closed && ready.readable && !ready.writable, "{ready:?}");
}

#[test]
fn a_slow_handler_is_reported_as_overrun_and_beyond_the_bound_as_stall() {
    let mut events: EventLoop<&str> = EventLoop::new().unwrap();
    events.set_stall_bound(Duration::from_millis(30));
    let (fd, far) = pair();
    let budget = Duration::from_millis(1);
    events.add_with_budget(&fd, "slow", Class::Packets, Interest::Read, budget).unwrap();
    send(&far);
    // A late start of the test itself may be reported before.
    while key(events.next(long()).unwrap()).is_none() {}
    let started = clock::monotonic();
    while clock::monotonic().since(started) < Duration::from_millis(60) {}
    take(&fd);
    let Event::Stalled { by, cause: StallCause::Handler } = events.next(long()).unwrap() else {
        panic!("the stall comes first")
    };
    assert!(by >= Duration::from_millis(60));
    let Event::Overrun(overrun) = events.next(long()).unwrap() else { panic!("the overrun comes next") };
    assert_eq!((overrun.key, overrun.budget, overrun.count), (Some("slow"), budget, 1));
    assert!(events.late().stalls >= 1 && events.late().overruns >= 1);
}

#[test]
fn signals_become_events() {
    let mut events = quiet();
    events.take_signals().unwrap();
    let me = rustix::thread::gettid().as_raw_nonzero().get();
    // To this thread only: the other tests' threads do not block the signal.
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    for number in [libc::SIGHUP, libc::SIGTERM] {
        // SAFETY: tgkill takes three numbers.
        assert_eq!(unsafe { libc::syscall(libc::SYS_tgkill, pid, me, number) }, 0);
    }
    let mut seen = [events.next(long()).unwrap(), events.next(long()).unwrap()];
    seen.sort_by_key(|event| matches!(event, Event::Signal(Signal::Term)));
    assert_eq!(seen, [Event::Signal(Signal::Hup), Event::Signal(Signal::Term)]);
}

#[test]
fn the_table_of_sources_is_bounded() {
    let mut events: EventLoop<usize> = EventLoop::new().unwrap();
    let (fd, _far) = pair();
    let mut dups = Vec::new();
    for i in 0..MAX_SOURCES {
        match fd.try_clone() {
            Ok(dup) => {
                events.add(&dup, i, Class::Clients, Interest::Read).unwrap();
                dups.push(dup);
            }
            // The limit of descriptors of this machine comes first.
            Err(_) => return,
        }
    }
    assert!(events.add(&fd, 0, Class::Clients, Interest::Read).is_err());
}
