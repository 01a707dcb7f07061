//! Conversations with the machine.

use super::*;
use alloc::string::ToString;
use alloc::vec::Vec;
use hb_base::Instant;
use proptest::prelude::*;

fn at(ms: u64) -> Instant {
    Instant::from_millis(1_000_000 + ms)
}

fn recovery() -> Recovery {
    let text = "root:root /opt/web { APPHB_NOHB = \"kill it\" APPHB_HUP = restart }";
    Recovery::new(RecoveryConfig::parse(text).unwrap())
}

fn occurred(recovery: &mut Recovery, ms: u64, application: &str, kind: EventKind) {
    let occurrence = Occurrence {
        application: application.to_string(),
        instance: String::new(),
        pid: 77,
        uid: 0,
        gid: 0,
        kind,
    };
    recovery.handle(at(ms), RecoveryInput::Occurred(occurrence));
}

fn outputs(recovery: &mut Recovery) -> Vec<RecoveryOutput> {
    core::iter::from_fn(|| recovery.poll()).collect()
}

fn runs(recovery: &mut Recovery) -> Vec<Run> {
    let run = |output| match output {
        RecoveryOutput::Run(run) => Some(run),
        _ => None,
    };
    outputs(recovery).into_iter().filter_map(run).collect()
}

fn codes(recovery: &mut Recovery) -> Vec<&'static str> {
    let code = |output| match output {
        RecoveryOutput::Notice(notice) => Some(notice.code),
        _ => None,
    };
    outputs(recovery).into_iter().filter_map(code).collect()
}

fn end(recovery: &mut Recovery, ms: u64, call: CallId) {
    recovery.handle(at(ms), RecoveryInput::Ended { call, failure: None });
}

#[test]
fn the_configured_script_runs_with_its_text_as_its_user_and_others_do_nothing() {
    let mut recovery = recovery();
    occurred(&mut recovery, 0, "web", EventKind::NoHeartbeat);
    let started = runs(&mut recovery);
    assert_eq!(started.len(), 1);
    assert_eq!((started[0].script.as_str(), started[0].argument.as_str()), ("/opt/web", "kill it"));
    assert_eq!(started[0].user, "root");
    assert_eq!(started[0].about.pid, 77);
    occurred(&mut recovery, 0, "web", EventKind::Unregistered);
    occurred(&mut recovery, 0, "other", EventKind::HungUp);
    assert_eq!(outputs(&mut recovery), []);
}

#[test]
fn one_at_a_time_and_the_newest_waits() {
    let mut recovery = recovery();
    occurred(&mut recovery, 0, "web", EventKind::NoHeartbeat);
    let first = runs(&mut recovery).remove(0);
    occurred(&mut recovery, 1, "web", EventKind::NoHeartbeat);
    occurred(&mut recovery, 2, "web", EventKind::HungUp);
    assert_eq!(runs(&mut recovery), []);
    end(&mut recovery, 10, first.call);
    assert_eq!(runs(&mut recovery), []);
    // The pause after the first one ends a second after its start.
    assert_eq!(recovery.deadline(), Some(at(1000)));
    recovery.handle(at(1000), RecoveryInput::Timer);
    let second = runs(&mut recovery);
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].argument, "restart");
}

#[test]
fn pauses_grow_and_after_many_scripts_it_gives_up_until_it_was_quiet() {
    let mut recovery = recovery();
    let (mut now, mut pauses) = (0, Vec::new());
    for _ in 0..MAX_RUNS {
        let before = now;
        occurred(&mut recovery, now, "web", EventKind::HungUp);
        if let Some(due) = recovery.deadline().filter(|due| *due < at(now) + RUN_LIMIT) {
            now = u64::try_from(due.since(at(0)).as_millis()).unwrap();
            recovery.handle(at(now), RecoveryInput::Timer);
        }
        pauses.push((now - before) / 1000);
        let run = runs(&mut recovery).remove(0);
        end(&mut recovery, now, run.call);
    }
    assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    let _told = outputs(&mut recovery);
    occurred(&mut recovery, now, "web", EventKind::HungUp);
    assert_eq!(codes(&mut recovery), [crate::notices::RECOVERY_GIVEN_UP]);
    occurred(&mut recovery, now + 1000, "web", EventKind::HungUp);
    assert_eq!(outputs(&mut recovery), []);
    let quiet = now + 1000 + u64::try_from(STEADY.as_millis()).unwrap();
    occurred(&mut recovery, quiet, "web", EventKind::HungUp);
    assert_eq!(runs(&mut recovery).len(), 1);
}

#[test]
fn what_waits_for_a_silence_that_ended_is_not_done() {
    let mut recovery = recovery();
    occurred(&mut recovery, 0, "web", EventKind::NoHeartbeat);
    let first = runs(&mut recovery).remove(0);
    end(&mut recovery, 10, first.call);
    occurred(&mut recovery, 20, "web", EventKind::NoHeartbeat);
    occurred(&mut recovery, 30, "web", EventKind::HeartbeatAgain);
    recovery.handle(at(5000), RecoveryInput::Timer);
    assert_eq!(runs(&mut recovery), []);
    assert_eq!(recovery.deadline(), None);
}

#[test]
fn a_script_that_hangs_is_killed_once_and_the_next_waits_for_its_end() {
    let mut recovery = recovery();
    occurred(&mut recovery, 0, "web", EventKind::HungUp);
    let run = runs(&mut recovery).remove(0);
    let late = u64::try_from(RUN_LIMIT.as_millis()).unwrap();
    recovery.handle(at(late), RecoveryInput::Timer);
    assert!(outputs(&mut recovery).contains(&RecoveryOutput::Kill { call: run.call }));
    recovery.handle(at(late + 1000), RecoveryInput::Timer);
    assert_eq!(outputs(&mut recovery), []);
    occurred(&mut recovery, late + 1000, "web", EventKind::HungUp);
    assert_eq!(runs(&mut recovery), []);
    end(&mut recovery, late + 2000, run.call);
    assert_eq!(runs(&mut recovery).len(), 1);
}

proptest! {
    /// Whatever comes, whenever: one script at a time, each known until it has ended, never more than the limit in a row.
    #[test]
    fn never_two_at_once(steps in proptest::collection::vec((0_u8..5, 0_u64..40_000), 0..80)) {
        let mut recovery = recovery();
        let (mut now, mut running, mut started) = (0, None, 0);
        for (what, ms) in steps {
            now += ms;
            match (what, running) {
                (0, _) => occurred(&mut recovery, now, "web", EventKind::NoHeartbeat),
                (1, _) => occurred(&mut recovery, now, "web", EventKind::HungUp),
                (2, _) => occurred(&mut recovery, now, "web", EventKind::HeartbeatAgain),
                (3, Some(call)) => {
                    running = None;
                    end(&mut recovery, now, call);
                }
                _ => recovery.handle(at(now), RecoveryInput::Timer),
            }
            for run in runs(&mut recovery) {
                prop_assert_eq!(running, None);
                running = Some(run.call);
                started += 1;
            }
            prop_assert!(recovery.view().iter().all(|view| view.runs <= MAX_RUNS));
        }
        prop_assert!(started <= 80);
    }
}
