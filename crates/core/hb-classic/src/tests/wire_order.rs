//! Fields and order of our messages are those of the original's recordings (spec: conformance 48).

use super::std;
use std::vec::Vec;

use core::time::Duration;

use super::world::{A, B, World, fields};
use crate::messages::{self, Info, Step};
use crate::{AutoFailback, Held, Which};

#[test]
fn every_message_has_the_originals_fields_in_its_order() {
    let resource = |held, stable, info| fields(&messages::resource(held, stable, info, false));
    let cases = [
        (fields(&messages::starting(false)), "t=starting"),
        (resource(Held::NONE, false, Info::None), "t=resource rsc_hold=none rtype=full isstable=0"),
        (
            resource(Held::LOCAL, true, Info::OurResources),
            "t=resource rsc_hold=local rtype=full isstable=1 info=req_our_resources()",
        ),
        (
            resource(Held::LOCAL, false, Info::Standby),
            "t=resource rsc_hold=local rtype=full isstable=0 info=standby",
        ),
        (
            resource(Held::NONE, false, Info::Shutdown),
            "t=resource rsc_hold=none rtype=full isstable=0 info=shutdown",
        ),
        (fields(&messages::mach_down()), "t=resource rsc_hold=foreign info=mach_down"),
        (fields(&messages::ask(Held::ALL, Step::Me)), "t=ask_resources rsc_hold=all info=me"),
        (fields(&messages::ask(Held::FOREIGN, Step::Done)), "t=ask_resources rsc_hold=foreign info=done"),
        (fields(&messages::takeover("all")), "t=hb_takeover rsc_hold=all"),
        (fields(&messages::stonith("n1", "n_stnth")), "t=stonith node=n1 result=n_stnth"),
        (fields(&messages::shutdone()), "t=shutdone st=dead"),
        (
            fields(&messages::ip_request_response("n1", "LabRsc::a", true)),
            "t=ip-request-resp dest=n1 ipaddr=LabRsc::a weown=yes ok=OK",
        ),
    ];
    for (ours, recorded) in cases {
        assert_eq!(ours, recorded);
    }
}

#[test]
fn extensions_come_last() {
    assert_eq!(fields(&messages::starting(true)), "t=starting hbx=1");
    let message = messages::resource(Held::ALL, true, Info::Heal, true);
    assert_eq!(fields(&message), "t=resource rsc_hold=all rtype=full isstable=1 info=heal hbx=1");
}

fn dialogue(world: &World, own: usize) -> Vec<std::string::String> {
    world.sent.iter().filter(|(from, _)| *from == own).map(|(_, message)| fields(message)).collect()
}

/// As recorded: n1 asks, n2 grants, n1 releases and says done, n2 acquires and says done, both say what they hold.
#[test]
fn a_standby_reads_like_the_recorded_one() {
    let mut world = World::settled(AutoFailback::Off, [false, false]);
    world.standby(A, Which::All);
    world.until(|w| w.words() == ["none", "all"]);
    assert_eq!(
        dialogue(&world, A),
        [
            "t=ask_resources rsc_hold=all info=me",
            "t=resource rsc_hold=none rtype=full isstable=0 info=standby",
            "t=ask_resources rsc_hold=all info=done",
            "t=resource rsc_hold=none rtype=full isstable=1",
        ]
    );
    world.run(1_000);
    assert_eq!(
        dialogue(&world, B),
        [
            "t=ask_resources rsc_hold=all info=other",
            "t=ask_resources rsc_hold=all info=done",
            "t=resource rsc_hold=all rtype=full isstable=1",
            "t=resource rsc_hold=all rtype=full isstable=1",
        ]
    );
}

/// As recorded in the first seconds: both hold nothing, the faster one is stable at about ten seconds.
#[test]
fn a_start_reads_like_the_recorded_one() {
    let mut world = World::new(AutoFailback::Off, [false, false]);
    world.boot(A);
    world.boot(B);
    world.run(15_000);
    let (a, b) = (dialogue(&world, A), dialogue(&world, B));
    let none = "t=resource rsc_hold=none rtype=full isstable=0";
    let stable = "t=resource rsc_hold=local rtype=full isstable=1";
    assert_eq!(a.first().unwrap(), "t=starting");
    assert_eq!(b.first().unwrap(), "t=starting");
    assert!(a.iter().any(|m| m == none) || b.iter().any(|m| m == none));
    for (own, key) in [(&a, "10.0.0.50"), (&b, "10.0.0.51")] {
        let at = own.iter().position(|m| m == stable).unwrap();
        assert!(own[at + 1].starts_with("t=ip-request-resp dest="), "{own:?}");
        assert!(own[at + 1].ends_with(&std::format!("ipaddr={key} weown=yes ok=OK")));
        assert_eq!(own[at + 2], "t=resource rsc_hold=local rtype=full isstable=1 info=req_our_resources()");
    }
}

#[test]
fn a_takeover_without_a_device_reads_like_the_recorded_one() {
    let mut world = World::settled(AutoFailback::Off, [false, false]);
    world.kill(B);
    world.until(|w| w.word(A) == "all");
    assert_eq!(
        dialogue(&world, A),
        [
            "t=stonith node=b result=n_stnth",
            "t=resource rsc_hold=all rtype=full isstable=1 info=req_our_resources()",
            "t=resource rsc_hold=foreign info=mach_down",
        ]
    );
}

#[test]
fn a_departure_reads_like_the_recorded_one() {
    let mut world = World::settled(AutoFailback::Off, [false, false]);
    world.stop(B);
    world.until(|w| w.word(A) == "all");
    assert_eq!(
        dialogue(&world, B),
        ["t=resource rsc_hold=none rtype=full isstable=0 info=shutdown", "t=shutdone st=dead"]
    );
    assert_eq!(
        dialogue(&world, A),
        [
            "t=ask_resources rsc_hold=foreign info=done",
            "t=resource rsc_hold=all rtype=full isstable=1",
            "t=resource rsc_hold=all rtype=full isstable=1 info=req_our_resources()",
            "t=resource rsc_hold=foreign info=mach_down",
        ]
    );
}

/// As recorded: a returning node learns that the peer holds everything, says that it is stable with nothing at
/// once, and is given its groups.
#[test]
fn a_failback_reads_like_the_recorded_one() {
    let mut world = World::settled(AutoFailback::On, [false, false]);
    world.kill(A);
    world.until(|w| w.word(B) == "all");
    world.run(1_000);
    world.forget();
    world.boot(A);
    world.until(|w| w.words() == ["local", "local"]);
    world.run(1_000);
    assert_eq!(
        dialogue(&world, A),
        [
            "t=starting",
            "t=resource rsc_hold=none rtype=full isstable=0",
            "t=resource rsc_hold=none rtype=full isstable=1",
            "t=ask_resources rsc_hold=foreign info=other",
            "t=ask_resources rsc_hold=foreign info=done",
            "t=resource rsc_hold=local rtype=full isstable=1",
            "t=resource rsc_hold=local rtype=full isstable=1",
        ]
    );
    let b = dialogue(&world, B);
    assert!(
        b.ends_with(&[
            "t=ask_resources rsc_hold=foreign info=me".into(),
            "t=resource rsc_hold=local rtype=full isstable=0 info=standby".into(),
            "t=ask_resources rsc_hold=foreign info=done".into(),
            "t=resource rsc_hold=local rtype=full isstable=1".into(),
        ]),
        "{b:?}"
    );
}

/// Between the last stop and the first start lies one message, and no timer.
#[test]
fn nothing_but_one_message_lies_between_stop_and_start() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    let quick = Duration::from_micros(100);
    for word in ["a:stop:ip50", "a:stop:a1", "a:stop:a2", "b:start:ip50", "a:stop:ip51", "a:stop:b1"] {
        world.takes.insert(word.into(), quick);
    }
    world.standby(A, Which::Local);
    world.until(|w| w.log.iter().any(|word| word == "a:stop:ip50"));
    let stopped = world.now + quick;
    world.until(|w| w.log.iter().any(|word| word == "b:start:ip50"));
    // The virtual network takes one millisecond.
    assert_eq!(world.now, stopped + Duration::from_millis(1));
}
