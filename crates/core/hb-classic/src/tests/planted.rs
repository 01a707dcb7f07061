//! Each planted defect breaks what the other tests promise.

use super::std;
use std::string::ToString;

use core::time::Duration;

use super::world::{A, B, Switch, World};
use crate::{AutoFailback, Bug, Which};

fn pair(bug: Bug) -> World {
    let mut world = World::new(AutoFailback::Off, [true, true]);
    world.plant(bug);
    world.switch = Some(Switch { takes: Duration::from_secs(2), failures: 0 });
    world.boot(A);
    world.boot(B);
    world.run(20_000);
    assert_eq!(world.violation, None);
    world
}

#[test]
fn takeover_before_confirm() {
    let mut world = pair(Bug::TakeoverBeforeConfirm);
    world.hang(A);
    world.run(10_000);
    assert!(world.violation.is_some());
}

#[test]
fn start_before_peer_stopped() {
    let mut world = pair(Bug::StartBeforePeerStopped);
    world.takes.insert("a:stop:a2".to_string(), Duration::from_secs(1));
    world.standby(A, Which::Local);
    world.run(10_000);
    assert!(world.violation.is_some());
}

#[test]
fn forget_stop_failure() {
    let mut world = pair(Bug::ForgetStopFailure);
    world.broken.insert("a:stop:a2".to_string());
    world.standby(A, Which::Local);
    world.run(30_000);
    assert!(world.violation.is_some());
}

#[test]
fn names_are_unique() {
    let names: std::collections::BTreeSet<_> = Bug::ALL.iter().map(|bug| bug.name()).collect();
    assert_eq!(names.len(), Bug::ALL.len());
}
