use super::step::Operation;
use super::{Course, Rehearsal, Step, StepKind, carry_out};
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use hb_cib::digest::Parameters;
use hb_cib::status::{Agent, StatusEditor};
use hb_cib::{Document, Element};

static NONE: Parameters = Parameters::new();

fn operation(number: u32, task: &'static str, node: &'static str, inputs: &[usize]) -> Step<'static> {
    let kind = StepKind::Operation(Operation {
        number,
        task,
        interval_ms: 0,
        node,
        node_id: Some(node),
        resource: "vip",
        instance: None,
        agent: Some(Agent { class: "ocf", provider: Some("heartbeat"), kind: "IPaddr2" }),
        parameters: &NONE,
        expected: 0,
    });
    Step { kind, priority: 0, inputs: inputs.to_vec() }
}

fn point(key: &'static str, inputs: &[usize]) -> Step<'static> {
    Step { kind: StepKind::Point { key, node: None }, priority: 0, inputs: inputs.to_vec() }
}

fn carried(steps: &[Step<'_>], failures: &[&str]) -> (Course, Document) {
    let document = Document::parse("<cib><configuration/></cib>".into()).expect("it is well-formed");
    let mut editor = StatusEditor::new(document);
    let failures: Vec<String> = failures.iter().map(ToString::to_string).collect();
    let rehearsal = Rehearsal { at: 1000, failures: &failures, is_resource: &|name| name == "vip" };
    let course = carry_out(steps, &mut editor, &rehearsal);
    (course, editor.into_document())
}

#[test]
fn steps_are_done_in_passes() {
    let steps = [
        operation(1, "start", "b", &[2]),
        point("vip_stopped_0", &[]),
        operation(2, "stop", "a", &[1]),
        operation(3, "delete", "a", &[2]),
    ];
    let (course, document) = carried(&steps, &[]);
    assert_eq!(
        course.lines,
        [
            "Pseudo action:   vip_stopped_0",
            "Resource action: vip             stop on a",
            "Resource action: vip             delete on a",
            "Resource action: vip             start on b",
        ]
    );
    assert!(course.complete);
    let entries = document.root().descendants().filter(|e| e.is("lrm_rsc_op"));
    let seen: Vec<_> = entries.filter_map(|e| e.get("operation")).collect();
    assert_eq!(seen, ["stop", "start"]);
}

#[test]
fn what_waits_for_itself_is_stuck() {
    let (course, _) = carried(&[operation(1, "start", "a", &[1]), operation(2, "start", "b", &[0])], &[]);
    assert_eq!((course.complete, course.lines.len()), (false, 0));
}

#[test]
fn a_failure_ends_all_but_points() {
    let steps = [
        operation(7, "start", "a", &[]),
        point("after", &[0]),
        point("beside", &[]),
        operation(8, "start", "b", &[]),
    ];
    let (course, document) = carried(&steps, &["vip_start_0@a=5", "other_start_0@b=1"]);
    assert_eq!(
        course.lines,
        [
            "Resource action: vip             start on a",
            "Pretending action 7 failed with rc=5",
            "Injecting attribute fail-count-vip#start_0=value++ into /node_state 'a'",
            "Injecting attribute last-failure-vip#start_0=1000 into /node_state 'a'",
            "Pseudo action:   beside",
        ]
    );
    assert!(course.complete, "what was given up is not stuck");
    let ids: Vec<_> =
        document.root().descendants().filter(|e| e.is("lrm_rsc_op")).filter_map(Element::id).collect();
    assert_eq!(ids, ["vip_last_failure_0", "vip_last_0"]);
}

#[test]
fn fencing_takes_what_ran_with_it() {
    let fence = Step { kind: StepKind::Fence { node: "a", how: "reboot" }, priority: 0, inputs: vec![0] };
    let (course, document) = carried(&[operation(1, "start", "a", &[]), fence], &[]);
    assert_eq!(course.lines.last().map(String::as_str), Some("Fencing a (reboot)"));
    let state = document.root().descend(&["status", "node_state"]).expect("it is there");
    assert_eq!((state.get("crmd"), state.children().count()), (Some("offline"), 0));
}
