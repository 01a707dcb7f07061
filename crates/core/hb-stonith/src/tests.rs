//! Conversations with the fencing machine.

extern crate std;

use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use core::time::Duration;
use hb_base::{CallId, Instant, NodeName, Severity};
use hb_lrm::{Action, Operation, Outcome};
use proptest::prelude::*;

use crate::{
    ALERT_INTERVAL, ANSWER_GRACE, FenceResult, Input, Line, MAX_REQUESTS, Mode, OPERATION_TIMEOUT, Options,
    Output, POLL_INTERVAL, RETRY_DELAY, Stonith, notices,
};

fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

fn line(host: &str, kind: &str) -> Line {
    Line::Host { host: host.to_string(), kind: kind.to_string(), values: vec!["a,b".to_string()] }
}

struct Talk {
    machine: Stonith,
    now: Instant,
    out: Vec<Output>,
}

impl Talk {
    fn new(lines: Vec<Line>) -> Talk {
        let machine = Stonith::new(Options::new(name("a"), lines));
        let mut talk = Talk { machine, now: Instant::ZERO, out: Vec::new() };
        talk.tell(Input::Start);
        talk
    }

    /// A machine whose device works.
    fn fenced() -> Talk {
        let mut talk = Talk::new(vec![line("*", "external/switch")]);
        let (call, _) = talk.executed().remove(0);
        talk.tell(Input::Executed { call, outcome: Outcome::Running });
        assert_eq!(talk.out, [Output::Mode(Mode::Fenced)]);
        talk
    }

    fn tell(&mut self, input: Input) {
        self.out.clear();
        self.machine.handle(self.now, input);
        while let Some(output) = self.machine.poll() {
            if !matches!(output, Output::Notice(_)) {
                self.out.push(output);
            } else if let Output::Notice(notice) = output {
                self.last_notices(notice.code, notice.severity);
            }
        }
    }

    fn last_notices(&mut self, code: &'static str, severity: Severity) {
        if severity == Severity::Critical && code == notices::FAILED {
            self.out.push(Output::Notice(hb_base::Notice::new(severity, code, "alert")));
        }
    }

    /// Lets the machine's own deadline come.
    fn wait(&mut self) {
        self.now = self.machine.deadline().unwrap();
        self.tell(Input::Timer);
    }

    fn executed(&self) -> Vec<(CallId, Operation)> {
        let executed = self.out.iter().filter_map(|output| match output {
            Output::Execute { call, operation } => Some((*call, operation.clone())),
            _ => None,
        });
        executed.collect()
    }

    fn results(&self) -> Vec<FenceResult> {
        let results = self.out.iter().filter_map(|output| match output {
            Output::Fenced { result, .. } => Some(result.clone()),
            _ => None,
        });
        results.collect()
    }

    fn alerts(&self) -> usize {
        self.out.iter().filter(|output| matches!(output, Output::Notice(_))).count()
    }

    fn fence(&mut self) -> CallId {
        self.tell(Input::Fence { node: name("b") });
        self.executed().remove(0).0
    }
}

fn failed() -> Outcome {
    Outcome::Failed { rc: Some(5), reason: "no power".to_string() }
}

#[test]
fn another_device_is_asked_at_once_and_what_the_former_one_says_counts_no_more() {
    let mut talk = Talk::fenced();
    let former = talk.fence();
    talk.tell(Input::Devices(vec![line("*", "external/other")]));
    assert!(talk.out.contains(&Output::Mode(Mode::Unprotected)), "nobody knows yet whether it works");
    let asked = talk.executed();
    let words: Vec<_> = asked.iter().map(|(_, o)| (o.resource.agent.as_str(), o.action)).collect();
    assert_eq!(words, [("external/other", Action::Status), ("external/other", Action::Start)]);
    talk.tell(Input::Executed { call: former, outcome: Outcome::Ok });
    assert!(talk.results().is_empty(), "the former device may have been replaced because it lies");
    talk.tell(Input::Executed { call: asked[0].0, outcome: Outcome::Running });
    assert_eq!(talk.out, [Output::Mode(Mode::Fenced)]);
    talk.tell(Input::Executed { call: asked[1].0, outcome: Outcome::Ok });
    assert_eq!(talk.results(), [FenceResult::Confirmed]);
}

#[test]
fn the_same_device_written_anew_interrupts_nothing() {
    let mut talk = Talk::fenced();
    let call = talk.fence();
    talk.tell(Input::Devices(vec![line("c", "external/theirs"), line("A", "external/switch")]));
    assert!(talk.out.is_empty());
    talk.tell(Input::Executed { call, outcome: Outcome::Ok });
    assert_eq!(talk.results(), [FenceResult::Confirmed]);
}

#[test]
fn a_node_that_is_waited_for_is_not_free_because_the_device_was_taken_out_of_the_file() {
    let mut talk = Talk::fenced();
    talk.fence();
    talk.tell(Input::Devices(vec![]));
    assert!(matches!(talk.results()[..], [FenceResult::Failed { .. }]));
    for _ in 0..10 {
        talk.wait();
        assert!(matches!(talk.results()[..], [FenceResult::Failed { .. }]));
    }
    talk.tell(Input::Devices(vec![line("*", "external/switch")]));
    let (call, _) = talk.executed().remove(1);
    talk.tell(Input::Executed { call, outcome: Outcome::Ok });
    assert_eq!(talk.results(), [FenceResult::Confirmed]);
}

#[test]
fn the_last_line_that_counts_here_is_the_device() {
    let lines = vec![
        Line::Stonith { kind: "null".to_string(), file: "/etc/f".to_string() },
        line("A", "external/mine"),
        line("b", "external/theirs"),
    ];
    let talk = Talk::new(lines);
    assert_eq!(talk.machine.view().device.unwrap().kind, "external/mine");
    let (_, operation) = talk.executed().remove(0);
    assert_eq!(operation.action, Action::Status);
    assert_eq!(operation.resource.params, [(String::new(), "a,b".to_string())]);
}

#[test]
fn a_reset_names_the_victim_and_is_confirmed_once() {
    let mut talk = Talk::fenced();
    talk.tell(Input::Fence { node: name("b") });
    let (call, operation) = talk.executed().remove(0);
    assert_eq!(operation.resource.args, ["reset", "b"]);
    talk.tell(Input::Executed { call, outcome: Outcome::Ok });
    assert_eq!(talk.results(), [FenceResult::Confirmed]);
    talk.tell(Input::Executed { call, outcome: Outcome::Ok });
    assert_eq!(talk.results(), []);
}

#[test]
fn without_a_device_nothing_is_confirmed() {
    let mut talk = Talk::new(vec![]);
    talk.tell(Input::Fence { node: name("b") });
    assert_eq!(talk.results(), [FenceResult::NoDevice]);
    assert_eq!(talk.machine.view().mode, Mode::Unprotected);
    assert_eq!(talk.machine.deadline(), None);
}

#[test]
fn a_failure_is_tried_again_after_five_seconds_for_ever_with_rare_alerts() {
    let mut talk = Talk::fenced();
    let mut call = talk.fence();
    let (mut alerts, start) = (0, talk.now);
    for attempt in 1..=60 {
        talk.tell(Input::Executed { call, outcome: failed() });
        alerts += talk.alerts();
        assert!(matches!(&talk.results()[..], [FenceResult::Failed { attempt: n, .. }] if *n == attempt));
        let before = talk.now;
        talk.wait();
        assert_eq!(talk.now - before, RETRY_DELAY);
        call = talk.executed().remove(0).0;
    }
    let minutes = (talk.now - start).as_secs() / ALERT_INTERVAL.as_secs();
    assert!(alerts as u64 >= minutes && alerts as u64 <= minutes + 1, "{alerts} alerts in {minutes} minutes");
    talk.tell(Input::Executed { call, outcome: Outcome::Ok });
    assert_eq!(talk.results(), [FenceResult::Confirmed]);
}

#[test]
fn an_unknown_host_is_told_apart() {
    let mut talk = Talk::fenced();
    let call = talk.fence();
    talk.tell(Input::Executed { call, outcome: Outcome::Failed { rc: Some(4), reason: String::new() } });
    assert!(matches!(&talk.results()[..], [FenceResult::Failed { bad_host: true, .. }]));
}

#[test]
fn an_answer_after_the_time_limit_does_not_confirm() {
    let mut talk = Talk::fenced();
    let late = talk.fence();
    talk.wait();
    assert_eq!(talk.now, Instant::ZERO + OPERATION_TIMEOUT + ANSWER_GRACE);
    assert!(matches!(&talk.results()[..], [FenceResult::Failed { .. }]));
    talk.tell(Input::Executed { call: late, outcome: Outcome::Ok });
    assert_eq!(talk.results(), []);
    talk.wait();
    assert_eq!(talk.executed().len(), 1);
}

#[test]
fn a_cancelled_request_is_never_confirmed_not_even_for_the_next_one() {
    let mut talk = Talk::fenced();
    let old = talk.fence();
    talk.tell(Input::Cancel { node: name("b") });
    let new = talk.fence();
    assert_ne!(old, new);
    talk.tell(Input::Executed { call: old, outcome: Outcome::Ok });
    assert_eq!(talk.results(), []);
    talk.tell(Input::Executed { call: new, outcome: Outcome::Ok });
    assert_eq!(talk.results(), [FenceResult::Confirmed]);
}

#[test]
fn a_second_request_joins_the_first() {
    let mut talk = Talk::fenced();
    let call = talk.fence();
    talk.tell(Input::Fence { node: name("b") });
    assert_eq!(talk.out, []);
    talk.tell(Input::Executed { call, outcome: Outcome::Ok });
    assert_eq!(talk.results(), [FenceResult::Confirmed]);
}

#[test]
fn a_lost_executor_is_a_failed_try() {
    let mut talk = Talk::fenced();
    let call = talk.fence();
    talk.tell(Input::ExecutorLost);
    assert!(matches!(&talk.results()[..], [FenceResult::Failed { .. }]));
    talk.tell(Input::Executed { call, outcome: Outcome::Ok });
    assert_eq!(talk.results(), []);
    talk.wait();
    assert_eq!(talk.executed().len(), 1);
}

#[test]
fn requests_are_bounded() {
    let mut talk = Talk::fenced();
    for number in 0..MAX_REQUESTS {
        talk.tell(Input::Fence { node: name(&std::format!("n{number}")) });
        assert_eq!(talk.executed().len(), 1);
    }
    talk.tell(Input::Fence { node: name("one-more") });
    assert!(matches!(&talk.results()[..], [FenceResult::Failed { .. }]));
    assert_eq!(talk.machine.view().requests().count(), MAX_REQUESTS);
}

#[test]
fn the_mode_follows_the_hourly_status() {
    let mut talk = Talk::fenced();
    talk.wait();
    assert_eq!(talk.now, Instant::ZERO + POLL_INTERVAL);
    let (call, operation) = talk.executed().remove(0);
    assert_eq!(operation.action, Action::Status);
    talk.tell(Input::Executed { call, outcome: failed() });
    assert_eq!(talk.out, [Output::Mode(Mode::Unprotected)]);
    talk.wait();
    let (call, _) = talk.executed().remove(0);
    talk.tell(Input::Executed { call, outcome: Outcome::Running });
    assert_eq!(talk.out, [Output::Mode(Mode::Fenced)]);
}

#[test]
fn a_status_that_hangs_makes_the_mode_unprotected() {
    let mut talk = Talk::fenced();
    talk.wait();
    talk.wait();
    assert_eq!(talk.out, [Output::Mode(Mode::Unprotected)]);
}

#[cfg(feature = "planted-bugs")]
mod planted {
    use super::*;
    use crate::Bug;

    #[test]
    fn confirm_on_timeout_shows() {
        let mut talk = Talk::fenced();
        talk.machine.options.bug = Some(Bug::ConfirmOnTimeout);
        talk.fence();
        talk.wait();
        assert_eq!(talk.results(), [FenceResult::Confirmed]);
    }

    #[test]
    fn stale_result_counts_shows() {
        let mut talk = Talk::fenced();
        talk.machine.options.bug = Some(Bug::StaleResultCounts);
        let old = talk.fence();
        talk.tell(Input::Cancel { node: name("b") });
        talk.fence();
        talk.tell(Input::Executed { call: old, outcome: Outcome::Ok });
        assert_eq!(talk.results(), [FenceResult::Confirmed]);
    }
}

#[derive(Clone, Debug)]
enum Act {
    Fence(u8),
    Cancel(u8),
    /// Answers the n-th operation ever started, if there is one.
    Answer(u8, bool),
    Wait(u16),
    Lose,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..3u8).prop_map(Act::Fence),
        (0..3u8).prop_map(Act::Cancel),
        (any::<u8>(), any::<bool>()).prop_map(|(n, good)| Act::Answer(n, good)),
        (0..200u16).prop_map(Act::Wait),
        Just(Act::Lose),
    ]
}

proptest! {
    /// Whatever happens: a node is confirmed only in the step in which the operation that is under way for it succeeds.
    #[test]
    fn only_the_running_operation_confirms(acts in prop::collection::vec(act(), 1..80)) {
        let mut talk = Talk::fenced();
        let mut started: Vec<(CallId, Option<NodeName>)> = Vec::new();
        for act in acts {
            let mut allowed = None;
            match act {
                Act::Fence(n) => talk.tell(Input::Fence { node: name(&std::format!("n{n}")) }),
                Act::Cancel(n) => talk.tell(Input::Cancel { node: name(&std::format!("n{n}")) }),
                Act::Answer(n, good) => {
                    let Some((call, victim)) = started.get(usize::from(n) % started.len().max(1)).cloned()
                    else { continue };
                    let current = started.iter().rev().find(|(_, v)| *v == victim).map(|(c, _)| *c);
                    let running = talk.machine.view().requests().any(|r| Some(r.node) == victim.as_ref() && r.running);
                    if good && running && current == Some(call) {
                        allowed = victim;
                    }
                    talk.tell(Input::Executed { call, outcome: if good { Outcome::Ok } else { failed() } });
                }
                Act::Wait(secs) => {
                    talk.now += Duration::from_secs(u64::from(secs));
                    talk.tell(Input::Timer);
                }
                Act::Lose => talk.tell(Input::ExecutorLost),
            }
            for output in &talk.out {
                match output {
                    Output::Execute { call, operation } => {
                        started.push((*call, operation.resource.args.get(1).map(|victim| name(victim))));
                    }
                    Output::Fenced { node, result: FenceResult::Confirmed } => {
                        prop_assert_eq!(Some(node), allowed.as_ref());
                    }
                    _ => {}
                }
            }
            if let Some(deadline) = talk.machine.deadline() {
                prop_assert!(deadline > talk.now || !talk.machine.view().requests().all(|r| r.running));
            }
        }
    }
}
