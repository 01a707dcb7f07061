//! Conversations with the machine.

use super::*;
use crate::event::EventKind;
use crate::record::{Registration, Request, answer};
use alloc::string::ToString;
use hb_base::Instant;
use proptest::prelude::*;

const A: ClientId = ClientId(1);

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn peer() -> Peer {
    Peer { pid: 77, uid: 5, gid: 6, may_reboot: false }
}

fn registration() -> Registration {
    Registration {
        application: "web".to_string(),
        instance: "1".to_string(),
        folder: "/".to_string(),
        pid: 77,
        uid: 5,
        gid: 6,
    }
}

fn send(watch: &mut Watch, ms: u64, request: &Request) {
    let record = request.encode().unwrap();
    watch.handle(at(ms), WatchInput::Received { client: A, record });
}

fn outputs(watch: &mut Watch) -> Vec<WatchOutput> {
    core::iter::from_fn(|| watch.poll()).collect()
}

fn answers(watch: &mut Watch) -> Vec<i32> {
    let errno = |output| match output {
        WatchOutput::Answer { errno, .. } => Some(errno),
        _ => None,
    };
    outputs(watch).into_iter().filter_map(errno).collect()
}

fn events(watch: &mut Watch) -> Vec<EventKind> {
    let kind = |output| match output {
        WatchOutput::Tell(occurrence) => Some(occurrence.kind),
        _ => None,
    };
    outputs(watch).into_iter().filter_map(kind).collect()
}

/// A registered client with an interval of 100 ms, set at 1 s.
fn registered(peer: Peer) -> Watch {
    let mut watch = Watch::new();
    watch.handle(at(1000), WatchInput::Connected { client: A, peer });
    send(&mut watch, 1000, &Request::Register(Some(registration())));
    send(&mut watch, 1000, &Request::Interval(Some(100)));
    assert_eq!(answers(&mut watch), [0, 0]);
    watch
}

#[test]
fn codes_are_those_of_the_original() {
    let mut watch = Watch::new();
    watch.handle(at(0), WatchInput::Connected { client: A, peer: peer() });
    let mut ask = |record: &[u8]| {
        watch.handle(at(0), WatchInput::Received { client: A, record: record.to_vec() });
        answers(&mut watch)
    };
    let whole = Request::Register(Some(registration())).encode().unwrap();
    assert_eq!(ask(b"setint\0\0"), [answer::ESRCH]);
    assert_eq!(ask(b"unreg\0\0\0"), [answer::ESRCH]);
    assert_eq!(ask(b"bogus\0\0\0"), [answer::EINVAL]);
    assert_eq!(ask(b"reg\0\0\0\0\0"), [answer::EINVAL]);
    assert_eq!(ask(b"hb\0\0\0\0\0\0"), [0; 0]);
    assert_eq!(ask(b"reg"), [0; 0]);
    assert_eq!(ask(&whole), [0]);
    assert_eq!(ask(&whole), [answer::EEXIST]);
    assert_eq!(ask(b"reg\0\0\0\0\0"), [answer::EEXIST]);
    assert_eq!(ask(b"setint\0\0"), [answer::EINVAL]);
    assert_eq!(ask(b"setint\0\0\x01\0\0\0"), [answer::EINVAL]);
    assert_eq!(ask(b"bogus\0\0\0"), [answer::EINVAL]);
    assert_eq!(ask(&Request::Reboot(Some(true)).encode().unwrap()), [answer::EPERM]);
    assert_eq!(ask(&Request::Warn(Some(5)).encode().unwrap()), [0]);
    assert_eq!(ask(b"hb\0zzzzz"), [0; 0]);
    assert_eq!(ask(b"unreg\0\0\0zzz"), [0]);
    assert_eq!(watch.view().connections, 0);
}

#[test]
fn who_registers_must_be_who_connected() {
    let refused = |change: fn(&mut Registration)| {
        let mut watch = Watch::new();
        watch.handle(at(0), WatchInput::Connected { client: A, peer: peer() });
        let mut registration = registration();
        change(&mut registration);
        send(&mut watch, 0, &Request::Register(Some(registration)));
        answers(&mut watch) == [answer::EINVAL]
    };
    assert!(refused(|r| r.pid = 78));
    assert!(refused(|r| r.pid = 0));
    assert!(refused(|r| r.application.clear()));
    assert!(refused(|r| (r.uid, r.gid) = (50, 60)));
    assert!(!refused(|r| r.uid = 50));
    assert!(!refused(|r| r.gid = 60));
    assert!(!refused(|r| r.instance.clear()));
}

#[test]
fn silence_is_told_once_and_its_end_too() {
    let mut watch = registered(peer());
    assert_eq!(watch.deadline(), Some(at(1100)));
    send(&mut watch, 1090, &Request::Beat);
    watch.handle(at(1100), WatchInput::Timer);
    assert_eq!(events(&mut watch), []);
    watch.handle(at(1190), WatchInput::Timer);
    assert_eq!(events(&mut watch), [EventKind::NoHeartbeat]);
    assert_eq!(watch.deadline(), None);
    watch.handle(at(9000), WatchInput::Timer);
    assert_eq!(events(&mut watch), []);
    send(&mut watch, 9000, &Request::Beat);
    assert_eq!(events(&mut watch), [EventKind::HeartbeatAgain]);
    watch.handle(at(9100), WatchInput::Timer);
    assert_eq!(events(&mut watch), [EventKind::NoHeartbeat]);
}

#[test]
fn a_lost_connection_is_an_event_and_unregistering_another() {
    let mut watch = registered(peer());
    watch.handle(at(1010), WatchInput::Gone { client: A });
    assert_eq!(events(&mut watch), [EventKind::HungUp]);
    assert_eq!(watch.deadline(), None);
    let mut watch = registered(peer());
    send(&mut watch, 1010, &Request::Unregister);
    assert_eq!(events(&mut watch), [EventKind::Unregistered]);
    watch.handle(at(1010), WatchInput::Gone { client: A });
    assert_eq!(events(&mut watch), []);
}

#[test]
fn zero_means_no_timer_and_a_late_beat_is_worth_a_warning() {
    let mut watch = registered(peer());
    send(&mut watch, 1000, &Request::Interval(Some(0)));
    assert_eq!(watch.deadline(), None);
    send(&mut watch, 1000, &Request::Warn(Some(50)));
    let _answers = outputs(&mut watch);
    send(&mut watch, 1040, &Request::Beat);
    assert_eq!(outputs(&mut watch), []);
    send(&mut watch, 1100, &Request::Beat);
    let told = outputs(&mut watch);
    assert!(matches!(&told[..], [WatchOutput::Notice(n)] if n.code == crate::notices::LATE), "{told:?}");
}

#[test]
fn our_own_pause_is_nobodys_fault() {
    let mut watch = registered(peer());
    watch.handle(at(5000), WatchInput::Stalled { by: Duration::from_millis(4000) });
    watch.handle(at(5000), WatchInput::Timer);
    assert_eq!(events(&mut watch), []);
    assert_eq!(watch.deadline(), Some(at(5100)));
}

#[test]
fn a_client_that_may_reboots_the_machine() {
    for ending in [WatchInput::Timer, WatchInput::Gone { client: A }] {
        let mut watch = registered(Peer { may_reboot: true, ..peer() });
        send(&mut watch, 1000, &Request::Reboot(Some(true)));
        watch.handle(at(2000), ending);
        assert!(outputs(&mut watch).contains(&WatchOutput::Reboot));
        let mut watch = registered(Peer { may_reboot: true, ..peer() });
        send(&mut watch, 1000, &Request::Reboot(Some(true)));
        send(&mut watch, 1000, &Request::Unregister);
        watch.handle(at(2000), WatchInput::Gone { client: A });
        assert!(!outputs(&mut watch).contains(&WatchOutput::Reboot));
    }
}

#[test]
fn there_is_room_for_so_many_and_idle_connections_are_closed() {
    let mut watch = Watch::new();
    for number in 0..=MAX_CLIENTS {
        let client = ClientId(u32::try_from(number).unwrap());
        watch.handle(at(0), WatchInput::Connected { client, peer: peer() });
    }
    let last = ClientId(u32::try_from(MAX_CLIENTS).unwrap());
    let told = outputs(&mut watch);
    assert!(told.contains(&WatchOutput::Answer { client: last, errno: answer::ENOSPC }), "{told:?}");
    assert!(told.contains(&WatchOutput::Close { client: last }));
    watch.handle(at(0) + DEFAULT_INTERVAL, WatchInput::Timer);
    assert_eq!(watch.view().connections, 0);
}

proptest! {
    /// Whatever comes, whenever: beats are never answered, everything else that is long enough once, and nobody is
    /// silent twice in a row.
    #[test]
    fn requests_are_answered_once(steps in proptest::collection::vec((0_u8..9, 0_u64..300), 0..60)) {
        let mut watch = registered(peer());
        let (mut now, mut silent, mut open) = (1000, false, true);
        for (what, ms) in steps {
            now += ms;
            let request = match what {
                0 => Request::Register(Some(registration())),
                1..=3 => Request::Beat,
                4 => Request::Interval(Some(ms)),
                5 => Request::Warn(Some(ms)),
                6 => Request::Reboot(Some(ms > 100)),
                7 if ms > 280 => Request::Unregister,
                _ => {
                    watch.handle(at(now), WatchInput::Timer);
                    for kind in events(&mut watch) {
                        prop_assert!(kind == EventKind::NoHeartbeat && !silent);
                        silent = true;
                    }
                    continue;
                }
            };
            send(&mut watch, now, &request);
            let all = outputs(&mut watch);
            let answered = all.iter().filter(|o| matches!(o, WatchOutput::Answer { .. })).count();
            prop_assert_eq!(answered, usize::from(open && request != Request::Beat));
            if matches!(request, Request::Beat | Request::Interval(_)) {
                silent = false;
            }
            open &= request != Request::Unregister;
        }
    }
}
