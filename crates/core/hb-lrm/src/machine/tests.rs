use super::*;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn script(id: &str) -> Resource {
    Resource {
        id: id.into(),
        class: Class::Ocf { provider: "heartbeat".into() },
        agent: "Dummy".into(),
        args: vec![],
        params: vec![],
    }
}

fn submit(lrm: &mut Lrm, ms: u64, call: u64, resource: Resource, action: Action) {
    let operation = Operation { timeout: Some(Duration::from_secs(20)), ..Operation::new(resource, action) };
    lrm.handle(at(ms), Input::Submit { call: CallId(call), operation });
}

/// Everything the machine wants, in short words, notices by their code.
fn drain(lrm: &mut Lrm) -> Vec<String> {
    let mut words = vec![];
    while let Some(output) = lrm.poll() {
        words.push(match output {
            Output::Run { call, operation } => format!("run {call} {}", operation.action.word()),
            Output::Address { call, operation } => format!("address {call} {}", operation.action.word()),
            Output::Signal { call, signal } => format!("{signal:?} {call}"),
            Output::Release { resource } => format!("release {resource}"),
            Output::Done(done) => format!("done {} {}", done.call, done.outcome.word()),
            Output::State(state) => {
                let finished: Vec<_> = state.finished.iter().map(|d| d.outcome.word()).collect();
                format!("state {:?} {} {finished:?}", state.active, state.running.len())
            }
            Output::Notice(notice) if notice.severity <= Severity::Info => continue,
            Output::Notice(notice) => notice.code.to_string(),
        });
    }
    words
}

fn exit(lrm: &mut Lrm, ms: u64, call: u64, rc: i32) {
    lrm.handle(at(ms), Input::Exited { call: CallId(call), exit: Exit::code(rc) });
}

#[test]
fn operations_of_one_resource_run_one_after_another_in_order() {
    let mut lrm = Lrm::new(4);
    submit(&mut lrm, 0, 1, script("a"), Action::Start);
    submit(&mut lrm, 0, 2, script("a"), Action::Status);
    submit(&mut lrm, 0, 3, script("b"), Action::Start);
    assert_eq!(drain(&mut lrm), ["run 1 start", "run 3 start"]);
    exit(&mut lrm, 5, 1, 0);
    assert_eq!(drain(&mut lrm), ["done 1 ok", "run 2 status"]);
    exit(&mut lrm, 6, 2, 0);
    exit(&mut lrm, 7, 3, 1);
    assert_eq!(drain(&mut lrm), ["done 2 running", "operation_failed", "done 3 failed"]);
    assert_eq!(lrm.view().active.keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(lrm.deadline(), None);
}

#[test]
fn no_more_programs_than_allowed_run_at_once_but_fencing_and_addresses_do() {
    let mut lrm = Lrm::new(2);
    for call in 1..=4 {
        submit(&mut lrm, 0, call, script(&format!("r{call}")), Action::Start);
    }
    submit(&mut lrm, 0, 5, Resource::classic("10.0.0.5/24"), Action::Start);
    submit(&mut lrm, 0, 6, Resource { class: Class::Stonith, ..script("dev") }, Action::Start);
    assert_eq!(drain(&mut lrm), ["run 1 start", "run 2 start", "address 5 start", "run 6 start"]);
    exit(&mut lrm, 20_000, 2, 0);
    assert_eq!(drain(&mut lrm), ["done 2 ok", "operation_waited", "run 3 start"]);
    exit(&mut lrm, 20_001, 6, 0);
    assert_eq!(drain(&mut lrm), ["done 6 ok"], "fencing does not free a place that it never took");
    exit(&mut lrm, 20_002, 1, 0);
    assert_eq!(drain(&mut lrm), ["done 1 ok", "operation_waited", "run 4 start"]);
}

#[test]
fn a_hanging_agent_gets_term_then_kill_then_a_complaint() {
    let mut lrm = Lrm::new(4);
    submit(&mut lrm, 0, 1, script("a"), Action::Start);
    drain(&mut lrm);
    assert_eq!(lrm.deadline(), Some(at(20_000)));
    lrm.handle(at(19_999), Input::Timer);
    assert!(drain(&mut lrm).is_empty());
    lrm.handle(at(20_000), Input::Timer);
    assert_eq!(drain(&mut lrm), ["operation_timed_out", "Term 1"]);
    lrm.handle(at(25_000), Input::Timer);
    assert_eq!(drain(&mut lrm), ["operation_killed", "Kill 1"]);
    lrm.handle(at(30_000), Input::Timer);
    assert_eq!(drain(&mut lrm), ["operation_unkillable"]);
    assert_eq!(lrm.deadline(), None);
    submit(&mut lrm, 30_001, 2, script("a"), Action::Stop);
    assert!(drain(&mut lrm).is_empty(), "the stop waits for the corpse");
    exit(&mut lrm, 31_000, 1, 0);
    assert_eq!(drain(&mut lrm), ["done 1 timeout", "run 2 stop"]);
}

#[test]
fn without_a_limit_nothing_is_ever_killed() {
    let mut lrm = Lrm::new(4);
    let operation = Operation::new(script("a"), Action::Start);
    lrm.handle(at(0), Input::Submit { call: CallId(1), operation });
    assert_eq!(lrm.deadline(), None);
}

#[test]
fn fencing_gets_extra_time_and_can_be_cancelled_while_it_runs() {
    let mut lrm = Lrm::new(4);
    let device = Resource { class: Class::Stonith, ..script("dev") };
    submit(&mut lrm, 0, 1, device, Action::Start);
    drain(&mut lrm);
    assert_eq!(lrm.deadline(), Some(at(35_000)));
    lrm.handle(at(10), Input::Cancel { call: CallId(1) });
    assert_eq!(drain(&mut lrm), ["Term 1"]);
    lrm.handle(at(11), Input::Exited { call: CallId(1), exit: Exit::code(0) });
    assert_eq!(drain(&mut lrm), ["done 1 cancelled"]);
}

#[test]
fn only_waiting_operations_are_cancelled() {
    let mut lrm = Lrm::new(4);
    submit(&mut lrm, 0, 1, script("a"), Action::Start);
    submit(&mut lrm, 0, 2, script("a"), Action::Stop);
    drain(&mut lrm);
    lrm.handle(at(1), Input::Cancel { call: CallId(1) });
    assert!(drain(&mut lrm).is_empty());
    lrm.handle(at(1), Input::Cancel { call: CallId(2) });
    assert_eq!(drain(&mut lrm), ["done 2 cancelled"]);
    exit(&mut lrm, 2, 1, 0);
    assert_eq!(drain(&mut lrm), ["done 1 ok"]);
}

fn hold(lrm: &mut Lrm, call: u64, token: &str) {
    submit(lrm, 0, call, Resource::classic(token), Action::Start);
    lrm.handle(at(0), Input::Concluded { call: CallId(call), outcome: Outcome::Ok });
    drain(lrm);
}

#[test]
fn addresses_go_within_50_ms_of_the_masters_death() {
    let mut lrm = Lrm::new(4);
    hold(&mut lrm, 1, "10.0.0.5/24");
    hold(&mut lrm, 2, "10.0.0.6/24");
    lrm.handle(at(1_000), Input::MasterLost);
    assert_eq!(drain(&mut lrm), ["executor_master_lost"]);
    let due = lrm.deadline().unwrap();
    assert!(due > at(1_000) && due < at(1_050));
    lrm.handle(due, Input::Timer);
    let gone = ["release 10.0.0.5/24", "address_abandoned", "release 10.0.0.6/24", "address_abandoned"];
    assert_eq!(drain(&mut lrm), gone);
    lrm.handle(at(2_000), Input::MasterBack);
    assert_eq!(drain(&mut lrm), ["state [] 0 []"]);
}

#[test]
fn a_master_that_returns_in_time_keeps_what_it_names() {
    let mut lrm = Lrm::new(4);
    hold(&mut lrm, 1, "10.0.0.5/24");
    hold(&mut lrm, 2, "10.0.0.6/24");
    lrm.handle(at(1_000), Input::MasterLost);
    lrm.handle(at(1_010), Input::MasterBack);
    lrm.handle(at(1_011), Input::Adopt { resources: vec!["10.0.0.6/24".into()] });
    lrm.handle(lrm.deadline().unwrap(), Input::Timer);
    let words = drain(&mut lrm);
    assert!(words.contains(&"release 10.0.0.5/24".to_string()), "{words:?}");
    assert!(!words.contains(&"release 10.0.0.6/24".to_string()), "{words:?}");
    assert_eq!(lrm.view().active.len(), 1);
}

#[test]
fn without_a_master_starts_are_cancelled_stops_run_and_results_wait() {
    let mut lrm = Lrm::new(1);
    submit(&mut lrm, 0, 1, script("a"), Action::Start);
    submit(&mut lrm, 0, 2, script("a"), Action::Stop);
    submit(&mut lrm, 0, 3, script("b"), Action::Start);
    drain(&mut lrm);
    lrm.handle(at(10), Input::MasterLost);
    exit(&mut lrm, 20, 1, 0);
    assert_eq!(drain(&mut lrm), ["executor_master_lost", "run 2 stop"]);
    lrm.handle(at(30), Input::MasterBack);
    assert_eq!(drain(&mut lrm), ["state [\"a\"] 1 [\"cancelled\", \"ok\"]"]);
    exit(&mut lrm, 40, 2, 0);
    assert_eq!(drain(&mut lrm), ["done 2 ok"]);
}

#[test]
fn an_address_start_under_way_is_released_too() {
    let mut lrm = Lrm::new(4);
    submit(&mut lrm, 0, 1, Resource::classic("10.0.0.5/24"), Action::Start);
    lrm.handle(at(10), Input::MasterLost);
    drain(&mut lrm);
    lrm.handle(lrm.deadline().unwrap(), Input::Timer);
    assert_eq!(drain(&mut lrm), ["release 10.0.0.5/24", "address_abandoned"]);
}

#[test]
fn an_address_that_somebody_removed_is_not_active() {
    let mut lrm = Lrm::new(4);
    hold(&mut lrm, 1, "10.0.0.5/24");
    lrm.handle(at(1), Input::Vanished { resource: "10.0.0.5/24".into() });
    assert!(lrm.view().active.is_empty());
}

#[test]
fn a_queue_that_is_full_refuses_and_a_call_id_is_not_used_twice() {
    let mut lrm = Lrm::new(4);
    for call in 0..=MAX_QUEUED_PER_RESOURCE as u64 {
        submit(&mut lrm, 0, call, script("a"), Action::Status);
    }
    assert_eq!(drain(&mut lrm), ["run 0 status"]);
    submit(&mut lrm, 0, 1_000, script("a"), Action::Status);
    assert_eq!(drain(&mut lrm), ["operation_queue_full", "done 1000 failed"]);
    submit(&mut lrm, 0, 5, script("b"), Action::Status);
    assert_eq!(drain(&mut lrm), ["done 5 failed"]);
}

#[test]
fn degraded_runs_and_says_so() {
    let mut lrm = Lrm::new(4);
    submit(&mut lrm, 0, 1, script("a"), Action::Status);
    drain(&mut lrm);
    exit(&mut lrm, 1, 1, 190);
    assert_eq!(drain(&mut lrm), ["resource_degraded", "done 1 running"]);
}

#[test]
fn answers_nobody_asked_for_change_nothing() {
    let mut lrm = Lrm::new(4);
    exit(&mut lrm, 0, 9, 0);
    lrm.handle(at(0), Input::Concluded { call: CallId(9), outcome: Outcome::Ok });
    lrm.handle(at(0), Input::Cancel { call: CallId(9) });
    submit(&mut lrm, 0, 1, script("a"), Action::Start);
    submit(&mut lrm, 0, 2, script("a"), Action::Stop);
    exit(&mut lrm, 0, 2, 0);
    assert_eq!(drain(&mut lrm), ["run 1 start"]);
}
