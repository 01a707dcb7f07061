//! The table of observable outcomes (spec: haresources 9): A prefers ip50, a1, a2; B prefers ip51, b1.

use super::world::{A, B, World};
use crate::{AutoFailback, Refusal, Request, Which};

const NICE: [AutoFailback; 2] = [AutoFailback::On, AutoFailback::Off];
const ALL: [AutoFailback; 3] = [AutoFailback::On, AutoFailback::Off, AutoFailback::Legacy];
const PAIRS: [[bool; 2]; 3] = [[true, true], [false, false], [true, false]];
const HOME_A: [&str; 3] = ["a1", "a2", "ip50"];
const HOME_B: [&str; 2] = ["b1", "ip51"];
const BOTH: [&str; 5] = ["a1", "a2", "b1", "ip50", "ip51"];

/// Every combination of `modes` and of machines that do or do not speak our extensions.
fn each(modes: &[AutoFailback], check: impl Fn(&mut World, AutoFailback)) {
    for mode in modes {
        for pair in PAIRS {
            let mut world = World::settled(*mode, pair);
            assert_eq!(world.words(), ["local", "local"], "{mode:?} {pair:?}");
            check(&mut world, *mode);
            assert_eq!(world.violation, None, "{mode:?} {pair:?}");
        }
    }
}

/// B holds everything, because A left or died, and A is back and holds nothing.
fn all_on_b(world: &mut World) {
    world.standby(A, Which::All);
    world.until(|w| w.words() == ["none", "all"]);
    world.run(1_000);
    world.forget();
}

#[test]
fn both_boot_together() {
    for (pair, seconds) in [([true, true], 1), ([false, false], 10), ([true, false], 10)] {
        for mode in NICE {
            let mut world = World::new(mode, pair);
            world.boot(A);
            world.boot(B);
            world.run(seconds * 1_000 - 200);
            let early = world.log.is_empty();
            assert_eq!(early, pair != [true, true], "the tie-break is for originals only");
            world.run(2_000);
            assert_eq!(world.words(), ["local", "local"]);
            assert_eq!(
                (world.runs(A), world.runs(B)),
                (HOME_A.map(Into::into).into(), HOME_B.map(Into::into).into())
            );
            assert_eq!(world.did(A), ["start:ip50", "start:a1", "start:a2"]);
        }
        let mut world = World::new(AutoFailback::Legacy, pair);
        world.boot(A);
        world.boot(B);
        world.run(1_000);
        assert_eq!(world.words(), ["local", "local"]);
    }
}

#[test]
fn crash_of_a() {
    each(&ALL, |world, _| {
        world.kill(A);
        world.until(|w| w.word(B) == "all");
        assert_eq!(world.did(B), ["start:ip50", "start:a1", "start:a2"]);
        assert_eq!(world.runs(B), BOTH);
    });
}

#[test]
fn a_rejoins_after_its_crash() {
    each(&ALL, |world, mode| {
        world.kill(A);
        world.until(|w| w.word(B) == "all");
        world.forget();
        world.boot(A);
        if mode == AutoFailback::Off {
            world.run(20_000);
            assert_eq!(world.words(), ["none", "all"]);
            assert!(world.log.is_empty());
        } else {
            world.until(|w| w.words() == ["local", "local"]);
            let order = ["b:stop:a2", "b:stop:a1", "b:stop:ip50", "a:start:ip50", "a:start:a1", "a:start:a2"];
            assert_eq!(world.log, order);
        }
    });
}

#[test]
fn standby_all_on_b() {
    each(&NICE, |world, _| {
        world.standby(B, Which::All);
        world.until(|w| w.words() == ["all", "none"]);
        let stops = world.did(B);
        let at = |word: &str| stops.iter().position(|s| s == word).unwrap();
        assert!(at("stop:b1") < at("stop:ip51"));
        assert!(
            at("stop:a2") < at("stop:a1") && at("stop:a1") < at("stop:ip50"),
            "unheld ones are stopped too"
        );
        assert_eq!(world.did(A), ["start:ip51", "start:b1"]);
        assert_eq!(world.runs(A), BOTH);
        assert!(world.runs(B).is_empty());
        assert_eq!(world.nodes[B].replies.len(), 1);
        assert!(world.nodes[B].replies[0].1.is_ok());
    });
}

#[test]
fn standby_foreign_on_b_that_holds_all() {
    for which in [Which::Foreign, Which::Failback] {
        each(&NICE, |world, _| {
            all_on_b(world);
            world.standby(B, which);
            world.until(|w| w.words() == ["local", "local"]);
            assert_eq!(world.runs(A), HOME_A);
            assert_eq!(world.did(B), ["stop:a2", "stop:a1", "stop:ip50"]);
        });
    }
}

#[test]
fn standby_local_on_b() {
    each(&NICE, |world, _| {
        world.standby(B, Which::Local);
        world.until(|w| w.words() == ["all", "none"]);
        assert_eq!(world.runs(A), BOTH);
    });
}

#[test]
fn standby_local_on_b_that_holds_all_swaps() {
    each(&NICE, |world, _| {
        all_on_b(world);
        world.standby(B, Which::Local);
        world.until(|w| w.words() == ["foreign", "foreign"]);
        assert_eq!(
            (world.runs(A), world.runs(B)),
            (HOME_B.map(Into::into).into(), HOME_A.map(Into::into).into())
        );
    });
}

#[test]
fn standby_on_a_node_that_holds_nothing_runs_the_stop_scripts_and_changes_nothing() {
    each(&NICE, |world, _| {
        all_on_b(world);
        world.standby(A, Which::All);
        world.until(|w| !w.nodes[A].replies.is_empty() && w.words() == ["none", "all"]);
        assert_eq!(world.did(A).len(), 5);
        assert!(world.did(B).is_empty());
        assert_eq!(world.runs(B), BOTH);
    });
}

#[test]
fn takeovers() {
    each(&NICE, |world, _| {
        world.takeover(B, Which::All);
        world.until(|w| w.words() == ["none", "all"]);
        assert!(world.nodes[B].replies[0].1.is_ok());
        world.forget();
        // DEVIATION from the original, which gives everything: failback brings home what prefers the asking node.
        world.takeover(A, Which::Failback);
        world.until(|w| w.words() == ["local", "local"]);
        world.takeover(A, Which::Foreign);
        world.until(|w| w.words() == ["all", "none"]);
        world.takeover(B, Which::Local);
        world.until(|w| w.words() == ["local", "local"]);
    });
}

#[test]
fn online_brings_home_what_prefers_this_node() {
    each(&NICE, |world, _| {
        all_on_b(world);
        world.command(A, Request::Online);
        world.until(|w| w.words() == ["local", "local"]);
        world.forget();
        world.command(A, Request::Online);
        assert!(world.nodes[A].replies[0].1.is_ok());
        assert!(world.sent.is_empty());
    });
}

#[test]
fn legacy_ignores_standby_and_takeover() {
    each(&[AutoFailback::Legacy], |world, _| {
        world.standby(A, Which::All);
        world.takeover(A, Which::All);
        world.run(15_000);
        assert!(world.nodes[A].replies.iter().all(|(_, result)| *result == Err(Refusal::Legacy)));
        assert_eq!(world.nodes[A].replies.len(), 2);
        assert!(world.log.is_empty());
    });
}

#[test]
fn clean_stop_of_b() {
    each(&ALL, |world, mode| {
        let before = world.now;
        world.stop(B);
        world.until(|w| w.nodes[B].left.is_some());
        assert_eq!(world.nodes[B].left, Some("done"));
        assert!(world.runs(B).is_empty());
        assert_eq!(world.did(B).len(), 5, "groups that are not held are stopped too");
        world.until(|w| w.word(A) == "all");
        assert!(world.now - before < super::world::DEADTIME, "{mode:?} {:?} {:?}", world.log, world.sent);
        assert_eq!(world.runs(A), BOTH);
        world.run(10_000);
        assert_eq!(world.word(A), "all");
        assert!(!world.has(A, crate::notices::UNPROTECTED));
    });
}

#[test]
fn b_restarts_after_its_clean_stop() {
    each(&ALL, |world, mode| {
        world.stop(B);
        world.until(|w| w.nodes[B].left.is_some() && w.word(A) == "all");
        world.run(5_000);
        world.forget();
        world.boot(B);
        if mode == AutoFailback::Off {
            world.run(20_000);
            assert_eq!(world.words(), ["all", "none"]);
        } else {
            world.until(|w| w.words() == ["local", "local"]);
            assert_eq!(world.log, ["a:stop:b1", "a:stop:ip51", "b:start:ip51", "b:start:b1"]);
        }
    });
}

#[test]
fn alone_at_boot_everything_is_taken_after_initdead() {
    for mode in ALL {
        let mut world = World::new(mode, [true, true]);
        world.boot(A);
        world.until(|w| w.word(A) == "all");
        assert!(world.now > hb_base::Instant::ZERO + super::world::INITDEAD);
        assert_eq!(world.runs(A), BOTH);
        assert!(world.has(A, crate::notices::INITIAL_COMPLETE));
    }
}

#[test]
fn a_cluster_of_one_runs_its_own() {
    let mut options =
        crate::Options::new(super::world::node(A), None, super::world::groups(), AutoFailback::Off);
    options.native = true;
    let mut machine = crate::Classic::new(options);
    machine.handle(hb_base::Instant::ZERO, crate::Input::Start);
    machine.handle(hb_base::Instant::ZERO, crate::Input::ExecutorUp);
    machine.handle(hb_base::Instant::ZERO, crate::Input::CommunicationUp);
    let mut runs = 0;
    while let Some(output) = machine.poll() {
        let starts = |o: &hb_lrm::Operation| o.action == hb_lrm::Action::Start;
        runs += usize::from(matches!(output, crate::Output::Run { operation, .. } if starts(&operation)));
    }
    // The address is looked at first; its answer is still awaited.
    assert_eq!(runs, 0);
    machine.handle(
        hb_base::Instant::ZERO,
        crate::Input::Ran { call: hb_base::CallId(1), outcome: hb_lrm::Outcome::NotRunning },
    );
    let next = core::iter::from_fn(|| machine.poll()).any(|output| {
        matches!(output, crate::Output::Run { operation, .. } if operation.action == hb_lrm::Action::Start)
    });
    assert!(next, "then it is started");
    assert_eq!(machine.view().held.word(), "local");
}

#[test]
fn a_switch_confirms_before_the_takeover() {
    each(&ALL, |world, _| {
        world.switch =
            Some(super::world::Switch { takes: core::time::Duration::from_millis(500), failures: 0 });
        world.hang(A);
        world.until(|w| w.word(B) == "all");
        assert!(world.has(B, crate::notices::FENCED));
        assert_eq!(world.said(B, "stonith"), ["t=stonith node=a result=OK"]);
    });
}

#[test]
fn a_short_hang_moves_nothing() {
    each(&ALL, |world, _| {
        world.hang(A);
        world.run(1_000);
        world.thaw(A);
        world.run(5_000);
        assert_eq!(world.words(), ["local", "local"]);
        assert!(world.log.is_empty());
    });
}
