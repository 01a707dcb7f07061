//! `auto_failback legacy` (spec: haresources 5, 8).

use super::std;
use std::string::ToString;

use super::world::{A, B, World};
use crate::{AutoFailback, notices};

#[test]
fn each_own_group_is_asked_for_and_taken() {
    let mut world = World::new(AutoFailback::Legacy, [false, false]);
    world.boot(A);
    world.boot(B);
    world.run(3_000);
    assert_eq!(world.said(A, "ip-request"), ["t=ip-request ipaddr=10.0.0.50"]);
    let answer = "t=ip-request-resp dest=a ipaddr=10.0.0.50 weown=no ok=OK";
    assert_eq!(world.said(B, "ip-request-resp"), [answer]);
    assert!(world.said(A, "starting").is_empty() && world.said(A, "resource").is_empty());
}

#[test]
fn the_holder_answers_when_everything_is_stopped() {
    let mut world = World::settled(AutoFailback::Legacy, [true, true]);
    world.kill(A);
    world.until(|w| w.word(B) == "all");
    world.forget();
    world.takes.insert("b:stop:ip50".to_string(), core::time::Duration::from_secs(4));
    world.boot(A);
    world.run(3_000);
    assert!(world.said(B, "ip-request-resp").is_empty());
    world.until(|w| w.words() == ["local", "local"]);
    assert_eq!(
        world.said(B, "ip-request-resp"),
        ["t=ip-request-resp dest=a ipaddr=10.0.0.50 weown=yes ok=OK"]
    );
    assert_eq!(world.violation, None);
}

#[test]
fn a_group_that_will_not_stop_is_not_answered_for() {
    let mut world = World::settled(AutoFailback::Legacy, [true, true]);
    world.kill(A);
    world.until(|w| w.word(B) == "all");
    world.broken.insert("b:stop:a1".to_string());
    world.forget();
    world.boot(A);
    world.run(60_000);
    assert!(world.said(B, "ip-request-resp").is_empty());
    assert!(world.has(B, notices::RESOURCE_BLOCKED));
    assert!(world.runs(A).is_empty());
    assert_eq!(world.violation, None);
    world.broken.clear();
    world.until(|w| w.words() == ["local", "local"]);
}

#[test]
fn the_holder_dies_before_it_answers() {
    let mut world = World::settled(AutoFailback::Legacy, [true, true]);
    world.kill(A);
    world.until(|w| w.word(B) == "all");
    world.takes.insert("b:stop:a1".to_string(), core::time::Duration::from_secs(4));
    world.boot(A);
    world.run(2_000);
    world.kill(B);
    world.until(|w| w.word(A) == "all");
    assert_eq!(world.runs(A).len(), 5);
}
