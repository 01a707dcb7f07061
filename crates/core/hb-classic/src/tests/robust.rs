//! Senseless, late and unexpected inputs; the executor's death; resources left by a predecessor.

use super::std;
use std::string::ToString;
use std::sync::Arc;
use std::vec;

use hb_base::{CallId, Instant, NodeName};
use hb_lrm::Outcome;
use hb_wire::Message;
use proptest::prelude::*;

use super::world::{A, B, World, groups, node};
use crate::messages::{self, Step};
use crate::{
    AutoFailback, Classic, FenceResult, Held, Input, Mode, Options, Output, PeerChange, Which, notices,
};

#[test]
fn a_late_announcement_changes_nothing() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    let late = messages::resource(Held::ALL, true, messages::Info::None, true);
    let late = Arc::new(late.with_hex("seq", 1).with_hex("hg", 1));
    world.tell(A, Input::Message { from: node(B), message: late });
    assert!(world.has(A, notices::LATE_MESSAGE));
    assert_eq!(world.nodes[A].machine.view().peer.unwrap().holds, Held::FOREIGN);
}

#[test]
fn a_late_question_is_answered_all_the_same() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    let late = messages::resource(Held::ALL, true, messages::Info::Heal, true);
    let late = Arc::new(late.with_hex("seq", 1).with_hex("hg", 1));
    world.tell(A, Input::Message { from: node(B), message: late });
    assert_eq!(world.nodes[A].machine.view().peer.unwrap().holds, Held::FOREIGN, "it tells nothing");
    let answers =
        world.sent.iter().filter(|(from, message)| *from == A && message.kind() == Some("resource"));
    assert_eq!(answers.count(), 1);
}

#[test]
fn a_done_that_nobody_waits_for_starts_nothing() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.fifo(B, messages::ask(Held::LOCAL, Step::Done));
    world.fifo(B, messages::ask(Held::LOCAL, Step::Other));
    world.run(1_000);
    assert!(world.log.is_empty());
}

#[test]
fn scripts_work_through_the_fifo() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.fifo(A, messages::ask(Held::ALL, Step::Me));
    world.until(|w| w.words() == ["none", "all"]);
    world.run(1_000);
    world.fifo(A, messages::takeover("all"));
    world.until(|w| w.words() == ["all", "none"]);
    world.run(1_000);
    assert!(world.nodes[A].replies.is_empty());
}

#[test]
fn req_resource_starts_a_failed_group_of_ours_again_and_no_other() {
    let mut world = World::new(AutoFailback::Off, [true, true]);
    world.broken.insert("a:start:a1".to_string());
    world.boot(A);
    world.until(|w| w.word(A) == "all");
    assert!(!world.runs(A).contains(&"ip50".to_string()));
    world.broken.clear();
    world.fifo(A, messages::ip_request_response("a", "10.0.0.50", true));
    world.until(|w| w.runs(A).len() == 5);

    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.fifo(A, messages::ip_request_response("a", "10.0.0.51", true));
    world.run(1_000);
    assert!(world.log.is_empty());
    assert!(world.has(A, notices::REFUSED));
}

#[test]
fn the_executor_dies_and_comes_back() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.takes.insert("a:stop:a1".to_string(), core::time::Duration::from_secs(1));
    world.standby(A, Which::Local);
    world.until(|w| w.log.contains(&"a:stop:a1".to_string()));
    world.tell(A, Input::ExecutorLost);
    world.run(3_000);
    assert!(world.did(B).is_empty(), "an unanswered stop is no stop");
    let active = vec!["evt::a1".to_string(), "10.0.0.50".to_string()];
    world.tell(A, Input::ExecutorBack { active });
    world.until(|w| w.words() == ["none", "all"]);
    assert_eq!(world.violation, None);
}

#[test]
fn what_died_with_the_executor_is_started_again() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.tell(A, Input::ExecutorLost);
    world.nodes[A].active.remove("evt::a2");
    world.tell(A, Input::ExecutorBack { active: vec!["evt::a1".to_string(), "10.0.0.50".to_string()] });
    world.until(|w| w.word(A) == "local" && w.runs(A).len() == 3);
    assert_eq!(world.did(A), ["start:a2"]);
}

/// The daemon died, its resources did not, and it is back before anybody missed it.
#[test]
fn a_restarted_daemon_keeps_what_its_predecessor_left_running() {
    let mut world = World::settled(AutoFailback::Off, [true, true]);
    world.standby(B, Which::All);
    world.until(|w| w.words() == ["all", "none"]);
    world.run(1_000);
    world.forget();
    let active: std::vec::Vec<_> = world.nodes[A].active.iter().cloned().collect();
    world.boot(A);
    world.nodes[A].active = active.iter().cloned().collect();
    world.tell(A, Input::ExecutorBack { active });
    world.run(20_000);
    assert_eq!(world.words(), ["all", "none"]);
    assert!(
        world.log.iter().all(|word| !word.contains("start") && !word.contains("stop")),
        "{:?}",
        world.log
    );
    assert_eq!(world.violation, None);
}

#[test]
fn the_view_shows_what_people_ask_for() {
    let world = World::settled(AutoFailback::Off, [true, true]);
    let view = world.nodes[A].machine.view();
    assert_eq!((view.rscstatus(), view.mode, view.stable), ("local", Mode::Unprotected, true));
    let group = &view.groups[0];
    assert_eq!((group.key(), group.node().as_str()), ("10.0.0.50", "a"));
    assert!(group.resources().iter().all(|run| run.state == crate::ResourceState::Started));
    assert!(group.resources().iter().all(|run| run.since > Instant::ZERO));
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "none",
        "local",
        "foreign",
        "all",
        "me",
        "other",
        "done",
        "full",
        "0",
        "1",
        "standby",
        "shutdown",
        "mach_down",
        "heal",
        "start_failed",
        "OK",
        "yes",
        "10.0.0.50",
        "10.0.0.51",
        "a",
        "b",
        "",
        "x y",
    ])
}

fn message() -> impl Strategy<Value = Message> {
    let kinds = vec![
        "starting",
        "resource",
        "ask_resources",
        "hb_takeover",
        "ip-request",
        "ip-request-resp",
        "shutdone",
        "hbx_fence_me",
        "stonith",
        "status",
        "?",
    ];
    let names = vec![
        "rsc_hold", "rtype", "isstable", "info", "ipaddr", "dest", "ok", "weown", "hbx", "hbkept", "hbwhy",
        "st",
    ];
    let field = (prop::sample::select(names), word());
    (prop::sample::select(kinds), prop::collection::vec(field, 0..6), 0..40u64, 0..3u64).prop_map(
        |(kind, fields, seq, hg)| {
            let mut message = Message::new(kind);
            for (name, value) in fields {
                message.set(name, value);
            }
            message.with_hex("seq", seq).with_hex("hg", hg)
        },
    )
}

fn input() -> impl Strategy<Value = Input> {
    let who = prop::sample::select(vec!["a", "b", "c"]).prop_map(|name| NodeName::new(name).unwrap());
    let change = prop::sample::select(vec![
        PeerChange::Alive,
        PeerChange::Dead,
        PeerChange::Returned,
        PeerChange::Restarted,
        PeerChange::Ours { yes: true },
        PeerChange::Ours { yes: false },
    ]);
    let outcome = prop::sample::select(vec![
        Outcome::Ok,
        Outcome::Running,
        Outcome::NotRunning,
        Outcome::TimedOut,
        Outcome::Cancelled,
    ]);
    let fenced = prop::sample::select(vec![
        FenceResult::Confirmed,
        FenceResult::NoDevice,
        FenceResult::Unneeded,
        FenceResult::Failed { attempt: 1, bad_host: false, reason: "x".to_string() },
    ]);
    let which = prop::sample::select(vec![Which::All, Which::Local, Which::Foreign, Which::Failback]);
    prop_oneof![
        6 => (who.clone(), message())
            .prop_map(|(from, message)| Input::Message { from, message: Arc::new(message) }),
        3 => (who.clone(), change).prop_map(|(node, change)| Input::Peer { node, change }),
        6 => (0..40u64, outcome).prop_map(|(call, outcome)| Input::Ran { call: CallId(call), outcome }),
        1 => (who, fenced).prop_map(|(node, result)| Input::Fenced { node, result }),
        1 => which.prop_map(|which| Input::Command(crate::Command {
            client: hb_base::ClientId(1),
            request: crate::Request::Standby(which),
        })),
        2 => Just(Input::Timer),
        1 => Just(Input::CommunicationUp),
        1 => Just(Input::Lost { resource: "10.0.0.50".to_string() }),
        1 => Just(Input::Conflict { resource: "10.0.0.50".to_string(), with: "x".to_string() }),
        1 => prop::sample::select(vec![AutoFailback::On, AutoFailback::Off, AutoFailback::Legacy])
            .prop_map(Input::AutoFailback),
        1 => Just(Input::ExecutorUp),
        1 => Just(Input::ExecutorLost),
        1 => Just(Input::ExecutorBack { active: vec!["evt::a1".to_string()] }),
        1 => prop::sample::select(vec![Mode::Fenced, Mode::Unprotected]).prop_map(Input::Mode),
    ]
}

proptest! {
    /// Whatever comes, nothing panics, outputs stay few, and no resource has two operations under way.
    #[test]
    fn any_input_is_survived(
        inputs in prop::collection::vec((input(), 0..4_000u64), 1..120),
        mode in prop::sample::select(vec![AutoFailback::On, AutoFailback::Off, AutoFailback::Legacy]),
    ) {
        let mut machine = Classic::new(Options::new(node(A), Some(node(B)), groups(), mode));
        let mut now = Instant::ZERO;
        let mut running: std::vec::Vec<(CallId, std::string::String)> = vec![];
        for (input, millis) in [(Input::Start, 0)].into_iter().chain(inputs) {
            now += core::time::Duration::from_millis(millis);
            match &input {
                Input::Ran { call, .. } => running.retain(|(known, _)| known != call),
                Input::ExecutorLost | Input::ExecutorBack { .. } => running.clear(),
                _ => {}
            }
            machine.handle(now, input);
            let mut outputs = 0;
            while let Some(output) = machine.poll() {
                outputs += 1;
                if let Output::Run { call, operation } = output {
                    let id = operation.resource.id;
                    prop_assert!(running.iter().all(|(_, known)| *known != id), "two operations on {id}");
                    running.push((call, id));
                }
            }
            prop_assert!(outputs < 150, "{outputs} outputs");
            if matches!(machine.deadline(), Some(at) if at <= now) {
                machine.handle(now, Input::Timer);
                while machine.poll().is_some() {}
                prop_assert!(machine.deadline().is_none_or(|at| at > now), "the timer does not come to rest");
            }
        }
    }
}
