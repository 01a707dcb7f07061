//! Deaths at awkward moments (spec: haresources 12, the test list).

use super::std;
use std::string::ToString;

use core::time::Duration;

use super::world::{A, B, Switch, World};
use crate::{AutoFailback, Phase, Refusal, Request, Which, notices};

const SLOW: Duration = Duration::from_secs(3);

fn phase(world: &World, own: usize) -> Option<Phase> {
    world.nodes[own].machine.view().standby.map(|standby| standby.phase)
}

/// A pair in which everything of a standby takes long enough to be interrupted.
fn slow_pair(fenced: bool) -> World {
    let mut world = World::new(AutoFailback::Off, [true, true]);
    if fenced {
        world.switch = Some(Switch { takes: Duration::from_millis(300), failures: 0 });
    }
    world.boot(A);
    world.boot(B);
    world.run(20_000);
    world.forget();
    for word in ["a:stop:a1", "b:start:a1"] {
        world.takes.insert(word.to_string(), SLOW);
    }
    world
}

/// The standby of A's groups until A or B is in `wanted`; then `victim` dies. Who is left has everything.
fn dies_in(wanted: Phase, at: usize, victim: usize) {
    for fenced in [true, false] {
        let mut world = slow_pair(fenced);
        world.standby(A, Which::Local);
        world.until(|w| phase(w, at) == Some(wanted));
        world.kill(victim);
        let left = 1 - victim;
        world.until(|w| w.word(left) == "all");
        assert_eq!(world.runs(left).len(), 5, "{:?}", world.log);
        assert_eq!(world.violation, None);
        assert_eq!(phase(&world, left), None);
        // A release counts when it is complete, and no sooner: only then nothing is left to be fenced.
        let released = at == B && wanted == Phase::Acquiring && victim == A;
        if fenced && !(at == A && wanted == Phase::Released) {
            assert_eq!(world.has(left, notices::FENCED), !released, "{wanted:?}");
        }
        // And the pair works again.
        world.boot(victim);
        world.run(20_000);
        let words = if left == A { ["all", "none"] } else { ["none", "all"] };
        assert_eq!(world.words(), words);
    }
}

#[test]
fn the_taker_dies_before_it_grants() {
    dies_in(Phase::Asked, A, B);
}

#[test]
fn the_taker_dies_while_the_giver_releases() {
    dies_in(Phase::Releasing, A, B);
}

#[test]
fn the_taker_dies_while_it_acquires() {
    dies_in(Phase::Acquiring, B, B);
}

#[test]
fn the_giver_dies_before_it_is_granted() {
    dies_in(Phase::Asked, A, A);
}

#[test]
fn the_giver_dies_while_it_releases() {
    dies_in(Phase::Granted, B, A);
    dies_in(Phase::Releasing, A, A);
}

#[test]
fn the_giver_dies_while_the_taker_acquires() {
    dies_in(Phase::Acquiring, B, A);
    dies_in(Phase::Released, A, A);
}

#[test]
fn the_wish_is_answered_when_the_taker_dies() {
    let mut world = slow_pair(false);
    world.standby(A, Which::Local);
    world.until(|w| phase(w, A) == Some(Phase::Releasing));
    world.kill(B);
    world.until(|w| !w.nodes[A].replies.is_empty());
    assert_eq!(world.nodes[A].replies[0].1, Err(Refusal::PeerLost));
}

/// The daemon of one node restarts so quickly that nobody misses it.
#[test]
fn a_quick_restart_in_each_phase_leaves_nothing_behind() {
    for wanted in [Phase::Asked, Phase::Releasing, Phase::Released] {
        for victim in [A, B] {
            let mut world = slow_pair(false);
            world.standby(A, Which::Local);
            world.until(|w| phase(w, A) == Some(wanted));
            world.kill(victim);
            world.boot(victim);
            world.run(30_000);
            let all: usize = [A, B].map(|own| world.runs(own).len()).iter().sum();
            assert_eq!(all, 5, "{wanted:?} {victim} {:?} {:?}", world.words(), world.log);
            assert_eq!(world.violation, None);
            assert!(world.words().iter().all(|word| *word != "transition"));
        }
    }
}

#[test]
fn a_death_while_the_tie_break_runs() {
    for victim in [A, B] {
        let mut world = World::new(AutoFailback::Off, [false, false]);
        world.boot(A);
        world.boot(B);
        world.run(4_000);
        assert!(world.log.is_empty());
        world.kill(victim);
        world.until(|w| w.word(1 - victim) == "all");
        assert!(world.now < hb_base::Instant::from_millis(8_000), "the tie-break does not delay it");
        assert_eq!(world.runs(1 - victim).len(), 5);
    }
}

#[test]
fn a_standby_of_both_at_once_moves_nothing_and_ends_at_once() {
    for which in [Which::All, Which::Local] {
        let mut world = World::settled(AutoFailback::Off, [true, true]);
        world.standby(A, which);
        world.standby(B, which);
        world.run(500);
        assert_eq!(world.nodes[A].replies[0].1, Err(Refusal::Crossed));
        assert_eq!(world.nodes[B].replies[0].1, Err(Refusal::Crossed));
        world.run(20_000);
        assert!(world.log.is_empty());
        assert_eq!(world.words(), ["local", "local"]);
    }
}

#[test]
fn a_second_standby_is_refused_while_one_runs() {
    let mut world = slow_pair(false);
    world.standby(A, Which::Local);
    world.standby(A, Which::All);
    assert_eq!(world.nodes[A].replies[0].1, Err(Refusal::StandbyRunning));
    world.until(|w| phase(w, B) == Some(Phase::Granted));
    world.standby(B, Which::All);
    assert_eq!(world.nodes[B].replies[0].1, Err(Refusal::StandbyRunning));
    world.until(|w| w.words() == ["none", "all"]);
}

#[test]
fn a_standby_that_nobody_grants_ends_after_ten_seconds() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.hang(B);
    world.standby(A, Which::Local);
    world.run(500);
    world.thaw(B);
    world.until(|w| !w.nodes[A].replies.is_empty());
    assert!(world.nodes[A].replies[0].1.is_ok(), "a short hang does not matter");

    let mut world = World::settled(AutoFailback::Off, [true, true]);
    // The other side does not understand: it is not stable in its own view.
    world.nodes[B].machine = crate::Classic::new(crate::Options::new(
        super::world::node(B),
        Some(super::world::node(A)),
        super::world::groups(),
        AutoFailback::Off,
    ));
    world.standby(A, Which::Local);
    world.run(9_900);
    assert!(world.nodes[A].replies.is_empty());
    world.run(200);
    assert_eq!(world.nodes[A].replies[0].1, Err(Refusal::TimedOut));
    assert_eq!(world.word(A), "local");
}

#[test]
fn a_standby_without_a_peer_is_refused_at_once() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.kill(B);
    world.until(|w| w.word(A) == "all");
    world.standby(A, Which::All);
    assert_eq!(world.nodes[A].replies[0].1, Err(Refusal::PeerDead));
    world.command(A, Request::Takeover(Which::All));
    assert!(world.nodes[A].replies[1].1.is_ok(), "it has everything already");
}

#[test]
fn a_node_that_dies_while_it_leaves_is_fenced() {
    let mut world = slow_pair(true);
    world.stop(A);
    world.until(|w| !w.said(A, "resource").is_empty());
    world.run(200);
    world.hang(A);
    world.until(|w| w.word(B) == "all");
    assert!(world.has(B, notices::FENCED), "its promise to release everything was not kept");
    assert_eq!(world.violation, None);
}

#[test]
fn leaving_waits_for_a_standby_under_way() {
    for leaver in [A, B] {
        let mut world = slow_pair(false);
        world.standby(A, Which::Local);
        world.until(|w| phase(w, A) == Some(Phase::Releasing));
        world.stop(leaver);
        assert!(world.has(leaver, notices::SHUTDOWN_DELAYED));
        world.until(|w| w.nodes[leaver].left.is_some());
        let left = 1 - leaver;
        world.until(|w| w.word(left) == "all");
        assert_eq!(world.runs(left).len(), 5);
        assert!(world.runs(leaver).is_empty());
        assert_eq!(world.violation, None);
    }
}

#[test]
fn leaving_during_a_takeover_does_not_wait_for_its_starts() {
    let mut world = slow_pair(false);
    world.kill(B);
    world.takes.insert("a:start:ip51".to_string(), Duration::from_secs(30));
    world.until(|w| w.log.contains(&"a:start:ip51".to_string()));
    world.stop(A);
    world.run(29_000);
    assert!(world.did(A).contains(&"stop:ip50".to_string()), "the other group is stopped meanwhile");
    world.until(|w| w.nodes[A].left.is_some());
    assert!(world.runs(A).is_empty());
    assert!(!world.did(A).contains(&"start:b1".to_string()));
}

#[test]
fn leaving_before_communication_is_up_is_immediate_and_silent() {
    let mut world = World::new(AutoFailback::Off, [true, true]);
    world.boot(A);
    world.stop(A);
    assert_eq!(world.nodes[A].left, Some("done"));
    assert!(world.sent.is_empty() && world.log.is_empty());
}

#[test]
fn both_leave_at_once() {
    let mut world = World::settled(AutoFailback::On, [true, true]);
    world.stop(A);
    world.stop(B);
    world.until(|w| w.nodes[A].left.is_some() && w.nodes[B].left.is_some());
    assert!(world.runs(A).is_empty() && world.runs(B).is_empty());
    assert!(world.log.iter().all(|word| word.contains(":stop:")));
}

#[test]
fn what_a_crash_of_the_software_left_running_is_released_when_the_other_node_has_taken_over() {
    for pair in [[true, true], [false, false], [true, false]] {
        let mut world = World::settled(AutoFailback::Off, pair);
        world.crash_software(A);
        world.until(|w| w.words()[B] == "all");
        world.forget();
        world.boot(A);
        world.until(|w| w.words() == ["none", "all"]);
        world.run(1_000);
        assert!(world.runs(A).is_empty(), "{:?}", world.runs(A));
        assert_eq!(world.did(A), ["stop:a2", "stop:a1", "stop:ip50"]);
        assert!(world.did(B).is_empty(), "the service runs on there");
        assert!(world.has(A, crate::notices::FOUND_RUNNING));
    }
}

#[test]
fn what_runs_at_the_start_and_is_ours_is_not_started_a_second_time() {
    for pair in [[true, true], [false, false]] {
        let mut world = World::new(AutoFailback::Off, pair);
        world.boot(A);
        world.boot(B);
        world.run(20_000);
        world.crash_software(A);
        // Back before it was missed.
        world.forget();
        world.boot(A);
        world.until(|w| w.words() == ["local", "local"]);
        world.run(1_000);
        // The address is announced anew; scripts that say that they run are left alone, and nothing is interrupted.
        assert_eq!(world.did(A), ["start:ip50"]);
        assert!(world.did(B).is_empty());
        assert_eq!(world.violation, None);
    }
}

#[test]
fn what_runs_at_the_start_with_legacy_and_is_the_other_nodes_is_released() {
    let mut world = World::settled(AutoFailback::Legacy, [true, true]);
    world.crash_software(B);
    world.until(|w| w.runs(A).len() == 5);
    // Somebody starts a thing of A on B by hand, too.
    world.nodes[B].active.insert("evt::a1".into());
    world.boot(B);
    world.run(20_000);
    assert_eq!(world.runs(B), ["b1", "ip51"]);
    assert_eq!(world.runs(A), ["a1", "a2", "ip50"]);
}
