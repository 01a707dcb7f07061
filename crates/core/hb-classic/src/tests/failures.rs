//! Starts and stops that fail (spec: haresources 3).

use super::std;
use std::string::ToString;

use core::time::Duration;

use super::world::{A, B, Switch, World};
use crate::{AutoFailback, GroupState, Refusal, ResourceState, Which, notices};

fn fail(world: &mut World, words: &[&str]) {
    world.broken.extend(words.iter().map(|word| word.to_string()));
}

#[test]
fn a_group_that_does_not_start_is_stopped_and_its_half_handed_over_once() {
    for native in [true, false] {
        let mut world = World::new(AutoFailback::Off, [native, native]);
        fail(&mut world, &["a:start:a1"]);
        world.boot(A);
        world.boot(B);
        world.until(|w| w.words() == ["none", "all"]);
        let starts = "start:ip50 start:a1";
        let order = world.did(A).join(" ");
        // Everything is stopped, also what was never started.
        assert!(order.starts_with(&std::format!("{starts} stop:a2 stop:a1 stop:ip50")), "{order}");
        assert_eq!(world.did(B)[2..], ["start:ip50", "start:a1", "start:a2"]);
        assert!(world.has(A, notices::START_FAILED));
        world.forget();
        world.run(120_000);
        assert!(world.log.is_empty(), "no ping-pong: {:?}", world.log);
        assert_eq!(world.violation, None);
    }
}

#[test]
fn a_group_that_starts_nowhere_stays_down_and_the_others_run() {
    for native in [true, false] {
        let mut world = World::new(AutoFailback::On, [native, native]);
        fail(&mut world, &["a:start:a1", "b:start:a1"]);
        world.boot(A);
        world.boot(B);
        world.run(60_000);
        assert_eq!(world.runs(B), ["b1", "ip51"]);
        assert_eq!(world.words(), ["none", "all"]);
        let group = &world.nodes[B].machine.view().groups[0];
        assert_eq!((group.key(), group.state()), ("10.0.0.50", GroupState::Failed));
        world.forget();
        world.run(120_000);
        assert!(world.log.is_empty(), "no ping-pong: {:?}", world.log);
        // Repaired: the next move starts it.
        world.broken.clear();
        world.standby(B, Which::Foreign);
        world.until(|w| w.words() == ["local", "local"]);
        assert_eq!(world.runs(A), ["a1", "a2", "ip50"]);
    }
}

#[test]
fn a_failed_start_of_a_node_that_is_alone_waits_for_the_other() {
    let mut world = World::new(AutoFailback::Off, [true, true]);
    fail(&mut world, &["a:start:a2"]);
    world.boot(A);
    world.until(|w| w.word(A) == "all");
    assert_eq!(world.runs(A), ["b1", "ip51"]);
    world.boot(B);
    world.until(|w| w.runs(B).contains(&"a2".to_string()));
    assert_eq!(world.violation, None);
}

#[test]
fn a_standby_that_the_taker_cannot_start_comes_back_once() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    fail(&mut world, &["b:start:a2"]);
    world.standby(A, Which::Local);
    world.until(|w| w.words() == ["none", "all"]);
    world.until(|w| w.words() == ["local", "local"]);
    assert_eq!(world.runs(A), ["a1", "a2", "ip50"]);
    world.forget();
    world.run(60_000);
    assert!(world.log.is_empty());
}

#[test]
fn a_stop_is_tried_eleven_times_then_the_resource_is_blocked_and_everything_stays() {
    for native in [true, false] {
        let mut world = World::settled(AutoFailback::Off, [native, native]);
        fail(&mut world, &["a:stop:a1"]);
        world.standby(A, Which::All);
        world.until(|w| w.has(A, notices::RESOURCE_BLOCKED));
        let stops = world.did(A).iter().filter(|word| *word == "stop:a1").count();
        assert_eq!(stops, 11);
        world.run(2_000);
        assert!(world.did(B).iter().all(|word| !word.starts_with("start")), "{:?}", world.did(B));
        assert_eq!(world.nodes[A].replies[0].1, Err(Refusal::Blocked));
        let view = world.nodes[A].machine.view();
        assert_eq!(view.held.word(), "local");
        assert_eq!(view.groups[0].state(), GroupState::Blocked);
        assert_eq!(view.groups[0].resources()[1].state, ResourceState::Blocked);
        assert!(view.groups[0].resources()[1].failure.is_some());
        assert!(!world.said(A, "ask_resources").iter().any(|m| m.ends_with("info=done")));
        // A second wish is refused at once.
        world.standby(A, Which::Local);
        assert_eq!(world.nodes[A].replies[1].1, Err(Refusal::Blocked));
        // Somebody helps: the group runs again.
        world.broken.clear();
        world.until(|w| w.runs(A).len() == 3 && w.word(A) == "local");
        assert_eq!(world.violation, None);
    }
}

#[test]
fn a_stop_that_fails_although_nothing_runs_is_only_told() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    fail(&mut world, &["a:stop:b1"]);
    world.standby(A, Which::All);
    world.until(|w| w.words() == ["none", "all"]);
    assert_eq!(world.did(A).iter().filter(|word| *word == "stop:b1").count(), 11);
    assert!(world.has(A, notices::STOP_LIED));
    assert!(!world.has(A, notices::RESOURCE_BLOCKED));
}

#[test]
fn a_node_with_a_blocked_resource_does_not_leave() {
    for mode in [AutoFailback::Off, AutoFailback::Legacy] {
        let mut world = World::settled(mode, [true, true]);
        fail(&mut world, &["b:stop:b1"]);
        world.stop(B);
        world.run(120_000);
        assert_eq!(world.nodes[B].left, None);
        assert!(world.has(B, notices::SHUTDOWN_BLOCKED));
        assert!(world.said(B, "shutdone").is_empty());
        assert!(!world.did(A).contains(&"start:ip51".to_string()));
        assert_eq!(world.violation, None);
        world.broken.clear();
        world.stop(B);
        world.until(|w| w.nodes[B].left.is_some() && w.word(A) == "all");
        assert_eq!(world.violation, None);
    }
}

#[test]
fn a_blocked_node_asks_to_be_fenced_where_that_is_possible() {
    let mut world = World::new(AutoFailback::Off, [true, true]);
    world.switch = Some(Switch { takes: Duration::from_secs(1), failures: 0 });
    world.boot(A);
    world.boot(B);
    world.run(20_000);
    world.forget();
    fail(&mut world, &["a:stop:a1"]);
    world.standby(A, Which::All);
    world.until(|w| w.word(B) == "all");
    assert_eq!(world.runs(B).len(), 5);
    assert!(world.has(B, notices::FENCED));
    assert_eq!(world.violation, None);
}

#[test]
fn a_blocked_node_that_recovers_is_not_fenced_any_more() {
    let mut world = World::new(AutoFailback::Off, [true, true]);
    world.switch = Some(Switch { takes: Duration::from_secs(1), failures: 100 });
    world.boot(A);
    world.boot(B);
    world.run(20_000);
    world.forget();
    fail(&mut world, &["a:stop:a1"]);
    world.standby(A, Which::All);
    world.until(|w| w.nodes[B].machine.view().fencing.is_some());
    world.broken.clear();
    world.until(|w| w.nodes[B].machine.view().fencing.is_none());
    world.run(5_000);
    assert_eq!(world.words(), ["local", "local"]);
    assert!(!world.has(B, notices::FENCED));
}

#[test]
fn scripts_of_a_standby_that_take_more_than_an_hour_end_it() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.takes.insert("a:stop:a1".to_string(), Duration::from_secs(4_000));
    world.standby(A, Which::Local);
    world.run(3_610_000);
    assert_eq!(world.nodes[A].replies[0].1, Err(Refusal::TimedOut));
    world.run(600_000);
    assert_eq!(world.words(), ["local", "local"]);
    assert_eq!(world.runs(A), ["a1", "a2", "ip50"]);
    assert_eq!(world.violation, None);
}

#[test]
fn fencing_that_fails_is_repeated_and_nothing_is_taken_meanwhile() {
    for mode in [AutoFailback::Off, AutoFailback::Legacy] {
        let mut world = World::new(mode, [true, true]);
        world.switch = Some(Switch { takes: Duration::from_secs(1), failures: 4 });
        world.boot(A);
        world.boot(B);
        world.run(20_000);
        world.forget();
        world.hang(A);
        world.run(22_000);
        assert!(world.did(B).is_empty(), "{:?}", world.log);
        assert!(world.has(B, notices::FENCE_FAILED));
        assert!(world.nodes[B].machine.view().fencing.is_some());
        world.until(|w| w.word(B) == "all");
        assert_eq!(world.said(B, "stonith").last().unwrap(), "t=stonith node=a result=OK");
        assert_eq!(world.violation, None);
    }
}

#[test]
fn a_node_that_returns_before_its_fencing_keeps_what_it_holds() {
    let mut world = World::new(AutoFailback::Off, [true, true]);
    world.switch = Some(Switch { takes: Duration::from_secs(1), failures: 100 });
    world.boot(A);
    world.boot(B);
    world.run(20_000);
    world.forget();
    world.hang(A);
    world.run(10_000);
    world.thaw(A);
    world.until(|w| w.words() == ["local", "local"]);
    world.run(20_000);
    assert!(world.log.is_empty(), "{:?}", world.log);
    assert!(world.nodes[B].machine.view().fencing.is_none());
}

#[test]
fn an_address_that_will_not_stay_moves_to_the_other_node_and_a_conflict_does_not() {
    let lost = || crate::Input::Lost { resource: "10.0.0.50".to_string() };
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.tell(A, lost());
    world.run(1_000);
    assert_eq!(world.did(A), ["start:ip50"]);
    assert!(world.has(A, notices::RESOURCE_LOST));
    for _ in 0..crate::LOSSES_MAX {
        world.tell(A, lost());
        world.run(1_000);
    }
    world.until(|w| w.words() == ["none", "all"]);
    assert_eq!(world.violation, None);

    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.tell(A, crate::Input::Conflict { resource: "10.0.0.50".to_string(), with: "02:00".to_string() });
    assert!(world.has(A, notices::RESOURCE_CONFLICT));
    world.run(5_000);
    assert!(world.log.is_empty(), "nobody fights: {:?}", world.log);
    world.tell(A, lost());
    world.run(60_000);
    assert_eq!(world.did(A), ["stop:a2", "stop:a1", "stop:ip50"]);
    assert!(world.has(A, notices::RESOURCE_GIVEN_UP) && world.did(B).is_empty());
    assert_eq!(world.words(), ["local", "local"]);
}

#[test]
fn auto_failback_can_be_switched_while_the_nodes_run_but_not_to_or_from_legacy() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.kill(A);
    world.until(|w| w.words()[B] == "all");
    world.boot(A);
    world.run(30_000);
    assert_eq!(world.words(), ["none", "all"]);
    world.tell(B, crate::Input::AutoFailback(AutoFailback::Legacy));
    world.run(30_000);
    assert_eq!(world.words(), ["none", "all"]);
    world.tell(B, crate::Input::AutoFailback(AutoFailback::On));
    world.until(|w| w.words() == ["local", "local"]);
    assert_eq!(world.violation, None);
}
