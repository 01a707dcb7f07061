//! Partitions that heal (spec: haresources 9, cluster-protocol 7.2; between two of ours: module `heal`).

use super::std;
use std::string::{String, ToString};
use std::vec::Vec;

use super::world::{A, B, DEADTIME, World};
use crate::{AutoFailback, Which, notices};

/// Both sides missed each other and hold everything.
fn split(auto_failback: AutoFailback, native: [bool; 2], before: Option<(usize, Which)>) -> World {
    let mut world = World::settled(auto_failback, native);
    if let Some((own, which)) = before {
        world.standby(own, which);
        world.run(5_000);
    }
    world.link = false;
    world.until(|w| w.words() == ["all", "all"]);
    world.run(1_000);
    world.forget();
    world
}

fn ops(world: &World, action: &str) -> Vec<String> {
    world.log.iter().filter(|word| word.contains(action)).cloned().collect()
}

#[test]
fn the_side_that_held_a_half_before_keeps_it() {
    for mode in [AutoFailback::On, AutoFailback::Off] {
        let mut world = split(mode, [true, true], None);
        world.link = true;
        world.until(|w| w.words() == ["local", "local"]);
        assert!(world.now < hb_base::Instant::from_millis(60_000));
        assert!(ops(&world, ":start:").is_empty(), "nothing restarts: {:?}", world.log);
        assert_eq!(world.did(A), ["stop:b1", "stop:ip51"]);
        assert_eq!(world.did(B), ["stop:a2", "stop:a1", "stop:ip50"]);
        world.run(3_000);
        assert_eq!(
            (&world.nodes[A].announced[..], &world.nodes[B].announced[..]),
            (&["ip50".to_string()][..], &["ip51".to_string()][..])
        );
        assert!(world.has(A, notices::HEAL_COMPLETE) && world.has(B, notices::HEAL_COMPLETE));
        assert_eq!(world.nodes[A].left, None);
        world.run(30_000);
        assert_eq!(world.words(), ["local", "local"]);
    }
}

#[test]
fn after_a_move_the_holder_keeps_not_the_preferred_node() {
    for (giver, words) in [(A, ["none", "all"]), (B, ["all", "none"])] {
        let mut world = split(AutoFailback::Off, [true, true], Some((giver, Which::All)));
        world.link = true;
        world.until(|w| w.words() == words);
        assert!(ops(&world, ":start:").is_empty());
        assert!(world.did(1 - giver).is_empty(), "the holder's side is not touched: {:?}", world.log);
        assert_eq!(world.nodes[1 - giver].announced.len(), 2);
    }
}

#[test]
fn the_keeper_announces_only_after_the_other_has_released() {
    let mut world = split(AutoFailback::Off, [true, true], None);
    world.takes.insert("b:stop:ip50".to_string(), core::time::Duration::from_secs(5));
    world.link = true;
    world.run(4_000);
    assert!(world.nodes[A].announced.is_empty());
    world.until(|w| !w.nodes[A].announced.is_empty());
    assert!(!world.runs(B).contains(&"ip50".to_string()));
}

#[test]
fn a_partition_that_one_side_noticed() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    // B is stopped for a while and returns without having missed A.
    world.hang(B);
    world.until(|w| w.word(A) == "all");
    world.forget();
    world.thaw(B);
    world.until(|w| w.words() == ["local", "local"]);
    assert!(world.did(B).is_empty(), "who never missed the other keeps what it holds: {:?}", world.log);
    assert_eq!(world.did(A), ["stop:b1", "stop:ip51"]);
    world.run(1_000);
    assert_eq!(world.nodes[B].announced, ["ip51"]);
}

#[test]
fn a_node_that_restarted_alone_in_a_partition_yields() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.link = false;
    world.until(|w| w.words() == ["all", "all"]);
    world.kill(A);
    world.boot(A);
    world.until(|w| w.word(A) == "all");
    world.forget();
    world.link = true;
    world.run(20_000);
    // B held its own before; nobody that lives held A's before, so A's own prefer A.
    assert_eq!(world.words(), ["local", "local"]);
    assert!(ops(&world, ":start:").is_empty());
}

#[test]
fn a_short_cut_heals_nothing() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.link = false;
    world.run(DEADTIME.as_millis() as u64 - 500);
    world.link = true;
    world.run(10_000);
    assert!(world.log.is_empty() && world.sent.is_empty());
}

#[test]
fn a_cut_in_the_middle_of_a_standby() {
    for millis in [1, 3, 8, 20, 60, 200] {
        let mut world = World::settled(AutoFailback::Off, [true, true]);
        world.takes.insert("a:stop:a1".to_string(), core::time::Duration::from_millis(50));
        world.standby(A, Which::Local);
        world.run(millis);
        world.link = false;
        world.until(|w| w.words() == ["all", "all"]);
        world.link = true;
        world.run(20_000);
        let all: usize = [A, B].map(|own| world.runs(own).len()).iter().sum();
        assert_eq!(all, 5, "{millis} ms: {:?} {:?} {:?}", world.words(), world.runs(A), world.runs(B));
        assert!(world.words().iter().all(|word| *word != "transition"));
    }
}

#[test]
fn with_an_original_in_the_pair_both_restart() {
    for mode in [AutoFailback::Off, AutoFailback::Legacy] {
        let mut world = split(mode, [false, false], None);
        world.link = true;
        let healed = world.now;
        world.until(|w| w.nodes[A].left.is_some() && w.nodes[B].left.is_some());
        assert!((world.now - healed).as_millis() >= 2_000);
        assert_eq!((world.nodes[A].left, world.nodes[B].left), (Some("restart"), Some("restart")));
        assert!(world.runs(A).is_empty() && world.runs(B).is_empty());
        assert_eq!(world.said(A, "shutdone"), ["t=shutdone st=dead"]);
    }
}

#[test]
fn a_stop_that_fails_while_healing_is_not_announced() {
    let mut world = split(AutoFailback::Off, [true, true], None);
    world.broken.insert("b:stop:a2".to_string());
    world.link = true;
    world.run(30_000);
    assert!(world.has(B, notices::RESOURCE_BLOCKED));
    assert_eq!(world.nodes[B].machine.view().held.word(), "all");
    assert!(world.nodes[A].announced.is_empty());
    world.broken.clear();
    world.until(|w| w.words() == ["local", "local"]);
    world.run(1_000);
    assert_eq!(world.nodes[A].announced, ["ip50"]);
}

#[test]
fn a_second_partition_while_healing() {
    let mut world = split(AutoFailback::Off, [true, true], None);
    world.takes.insert("b:stop:a1".to_string(), core::time::Duration::from_secs(4));
    world.link = true;
    world.run(1_000);
    world.link = false;
    world.until(|w| w.words() == ["all", "all"]);
    assert_eq!((world.runs(A).len(), world.runs(B).len()), (5, 5));
    world.link = true;
    world.until(|w| w.words() == ["local", "local"]);
}

#[test]
fn legacy_heals_group_by_group_at_home() {
    let mut world = split(AutoFailback::Legacy, [true, true], None);
    world.link = true;
    world.until(|w| w.words() == ["local", "local"]);
    assert!(ops(&world, ":start:").is_empty());
    world.run(1_000);
    assert_eq!(world.nodes[A].announced, ["ip50"]);
    assert_eq!(world.nodes[B].announced, ["ip51"]);
}
