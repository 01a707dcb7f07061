//! No group on both nodes, whatever happens: with a power switch under every fault, without one as long as nobody
//! is taken for dead who is not. And when the faults end, everything runs again.

use super::std;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use core::time::Duration;
use hb_base::Rng;
use proptest::prelude::*;

use super::world::{A, B, Power, Switch, World};
use crate::{AutoFailback, Classic, Which};

#[derive(Clone, Copy, Debug)]
enum Act {
    Boot(usize),
    Kill(usize),
    Hang(usize),
    Thaw(usize),
    Cut,
    Join,
    Standby(usize, Which),
    Takeover(usize, Which),
    Leave(usize),
    BreakStart(usize, usize),
    BreakStop(usize, usize),
    Mend,
    SwitchFails(u64),
    LoseExecutor(usize),
}

const RESOURCES: [&str; 5] = ["ip50", "a1", "a2", "ip51", "b1"];

fn which() -> impl Strategy<Value = Which> {
    prop::sample::select(vec![Which::All, Which::Local, Which::Foreign, Which::Failback])
}

fn act(false_deaths: bool, failures: bool) -> impl Strategy<Value = Act> {
    let own = || 0..2usize;
    let mut acts: Vec<(u32, BoxedStrategy<Act>)> = vec![
        (4, own().prop_map(Act::Boot).boxed()),
        (2, own().prop_map(Act::Kill).boxed()),
        (5, (own(), which()).prop_map(|(o, w)| Act::Standby(o, w)).boxed()),
        (4, (own(), which()).prop_map(|(o, w)| Act::Takeover(o, w)).boxed()),
        (1, own().prop_map(Act::Leave).boxed()),
        (1, own().prop_map(Act::LoseExecutor).boxed()),
    ];
    if false_deaths {
        acts.push((2, own().prop_map(Act::Hang).boxed()));
        acts.push((2, own().prop_map(Act::Thaw).boxed()));
        acts.push((2, Just(Act::Cut).boxed()));
        acts.push((3, Just(Act::Join).boxed()));
        acts.push((1, (0..3u64).prop_map(Act::SwitchFails).boxed()));
    }
    if failures {
        acts.push((1, (own(), 0..5usize).prop_map(|(o, r)| Act::BreakStart(o, r)).boxed()));
        acts.push((1, (own(), 0..5usize).prop_map(|(o, r)| Act::BreakStop(o, r)).boxed()));
        acts.push((2, Just(Act::Mend).boxed()));
    }
    prop::strategy::Union::new_weighted(acts)
}

fn mode() -> impl Strategy<Value = AutoFailback> {
    prop::sample::select(vec![AutoFailback::On, AutoFailback::Off, AutoFailback::Legacy])
}

/// Mostly ours, sometimes an original, sometimes two.
fn pair() -> impl Strategy<Value = [bool; 2]> {
    prop::sample::select(vec![[true, true], [true, true], [true, false], [false, true], [false, false]])
}

fn boot(world: &mut World, own: usize) {
    let gone = world.nodes[own].left.is_some();
    if world.nodes[own].power == Power::Off || gone {
        if gone {
            world.kill(own);
        }
        world.boot(own);
    }
}

fn apply(world: &mut World, act: Act) {
    let word =
        |own: usize, action: &str, r: usize| std::format!("{}:{action}:{}", ["a", "b"][own], RESOURCES[r]);
    let on =
        |world: &World, own: usize| world.nodes[own].power == Power::On && world.nodes[own].left.is_none();
    match act {
        Act::Boot(own) => boot(world, own),
        Act::Kill(own) => world.kill(own),
        Act::Hang(own) if on(world, own) => world.hang(own),
        Act::Thaw(own) => world.thaw(own),
        Act::Cut => world.link = false,
        Act::Join => world.link = true,
        Act::Standby(own, which) if on(world, own) => world.standby(own, which),
        Act::Takeover(own, which) if on(world, own) => world.takeover(own, which),
        Act::Leave(own) if on(world, own) => world.stop(own),
        Act::BreakStart(own, r) => drop(world.broken.insert(word(own, "start", r))),
        Act::BreakStop(own, r) => drop(world.broken.insert(word(own, "stop", r))),
        Act::Mend => world.broken.clear(),
        Act::SwitchFails(times) => {
            if let Some(switch) = &mut world.switch {
                switch.failures = times;
            }
        }
        Act::LoseExecutor(own) if on(world, own) => world.lose_executor(own),
        _ => {}
    }
}

/// Runs a plan; then, when `repair`, ends all faults and lets the pair settle.
fn play(world: &mut World, acts: &[(u64, Act)]) {
    world.boot(A);
    world.boot(B);
    for (millis, act) in acts {
        world.run(*millis);
        for own in [A, B] {
            if world.nodes[own].left == Some("restart") {
                boot(world, own);
            }
        }
        apply(world, *act);
    }
}

fn repair(world: &mut World) {
    world.broken.clear();
    world.link = true;
    if let Some(switch) = &mut world.switch {
        switch.failures = 0;
    }
    for _ in 0..6 {
        for own in [A, B] {
            world.thaw(own);
            boot(world, own);
        }
        world.run(40_000);
    }
}

fn world(mode: AutoFailback, pair: [bool; 2], seed: u64, fenced: bool) -> World {
    let mut world = World::new(mode, pair);
    world.rng = Some(Rng::new(seed));
    world.switch = fenced.then_some(Switch { takes: Duration::from_millis(700), failures: 0 });
    world
}

fn plan(false_deaths: bool, failures: bool) -> impl Strategy<Value = Vec<(u64, Act)>> {
    let pause = prop_oneof![0..60u64, 0..1_500u64, 0..9_000u64, Just(14_000u64)];
    prop::collection::vec((pause, act(false_deaths, failures)), 1..25)
}

/// As many as the environment asks for, else what a short test run can afford.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn fenced_pairs_never_run_a_group_twice(
        mode in mode(), pair in pair(), seed in any::<u64>(), acts in plan(true, true),
    ) {
        let mut world = world(mode, pair, seed, true);
        play(&mut world, &acts);
        prop_assert_eq!(&world.violation, &None);
        repair(&mut world);
        prop_assert_eq!(&world.violation, &None);
    }

    #[test]
    fn unprotected_pairs_never_run_a_group_twice_unless_somebody_is_taken_for_dead(
        mode in mode(), pair in pair(), seed in any::<u64>(), acts in plan(false, true),
    ) {
        let mut world = world(mode, pair, seed, false);
        play(&mut world, &acts);
        repair(&mut world);
        prop_assert_eq!(&world.violation, &None);
    }

    /// After the last fault everything runs once, on nodes that have settled.
    #[test]
    fn everything_runs_again_after_the_last_fault(
        mode in mode(), pair in pair(), seed in any::<u64>(), acts in plan(true, false), fenced in any::<bool>(),
    ) {
        let mut world = world(mode, pair, seed, fenced);
        play(&mut world, &acts);
        repair(&mut world);
        let all = [world.runs(A), world.runs(B)].concat();
        prop_assert_eq!(all.len(), 5, "{:?} {:?} {:?} {:?}", world.words(), all, picture(&world, A), picture(&world, B));
        prop_assert!(world.words().iter().all(|word| *word != "transition"), "{:?}", world.words());
    }
}

fn picture(world: &World, own: usize) -> std::string::String {
    let machine: &Classic = &world.nodes[own].machine;
    let view = machine.view();
    let groups: Vec<_> = view.groups.iter().map(|group| (group.key().to_string(), group.state())).collect();
    std::format!("{:?} {} {:?} {:?} {:?}", view.state, view.held, view.standby, view.peer, groups)
}
