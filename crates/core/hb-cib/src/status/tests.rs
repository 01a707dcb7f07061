use super::{Agent, ExecutionStatus, Outcome, Presence, StatusEditor};
use crate::digest::Parameters;
use crate::{Document, Element, OperationKey, Style};
use alloc::string::{String, ToString};

const TEXT: &str =
    "<cib><configuration><crm_config/><nodes><node id='1' uname='alice'/></nodes></configuration></cib>";

fn editor() -> StatusEditor {
    StatusEditor::new(Document::parse(TEXT.into()).expect("it is well-formed"))
}

fn status(editor: &StatusEditor) -> String {
    let mut out = String::new();
    editor.document().root().child("status").expect("it is there").write(Style::Compact, &mut out);
    out
}

fn outcome<'a>(operation: &str, interval_ms: u32, result: i32, parameters: &'a Parameters) -> Outcome<'a> {
    let key = OperationKey { resource: "vip".into(), operation: operation.into(), interval_ms };
    Outcome {
        key,
        parameters: Some(parameters),
        status: ExecutionStatus::Done,
        result,
        expected: 0,
        exit_reason: "because",
        at: 1000,
        origin: "test",
    }
}

const VIP: Agent<'_> = Agent { class: "ocf", provider: Some("heartbeat"), kind: "IPaddr2" };

#[test]
fn a_node_comes_fails_and_leaves() {
    let mut editor = editor();
    editor.set_presence("alice", Presence::Lost, "test");
    assert_eq!(
        status(&editor),
        "<status><node_state id=\"1\" uname=\"alice\" in_ccm=\"false\" crmd=\"online\" join=\"member\" \
         expected=\"member\" crm-debug-origin=\"test\"/></status>"
    );
    let state = editor.set_presence("alice", Presence::Down, "test");
    editor.history(state, "vip", "vip", Some(VIP));
    editor.set_transient(state, "a", "1");
    editor.forget("alice");
    assert!(status(&editor).ends_with("expected=\"down\" crm-debug-origin=\"test\"/></status>"));
    let again = editor.history(state, "vip", "vip", Some(VIP)).expect("it can be made");
    assert!(editor.document().element(again).is_some());
}

#[test]
fn results_take_the_place_of_older_ones() {
    let mut editor = editor();
    let parameters: Parameters = [("ip".to_string(), "10.0.0.1".to_string())].into();
    let state = editor.node_state("alice", None);
    assert_eq!(editor.history(state, "vip:0", "vip", None), None);
    let history = editor.history(state, "vip:0", "vip", Some(VIP)).expect("it can be made");
    for (operation, interval, result) in
        [("start", 0, 0), ("monitor", 10_000, 0), ("monitor", 10_000, 7), ("stop", 0, 1), ("reload", 0, 0)]
    {
        editor.record(history, &outcome(operation, interval, result, &parameters), "3.16.1");
    }
    let entries = editor.document().element(history).into_iter().flat_map(Element::children);
    let seen: String = entries
        .map(|e| {
            let get = |name| e.get(name).unwrap_or("-");
            alloc::format!("{} {} {} {};", get("id"), get("operation"), get("call-id"), get("rc-code"))
        })
        .collect();
    assert_eq!(seen, "vip_last_0 start 5 0;vip_monitor_10000 monitor 2 0;vip_last_failure_0 stop 4 1;");
    let last = editor.document().element(history).and_then(|h| h.children().next()).expect("there are three");
    assert_eq!(last.get("transition-magic"), Some("0:0;5:-1:0:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"));
    assert_eq!(last.get("op-digest"), Some(crate::digest::digest(&parameters).as_str()));
}

#[test]
fn failures_are_counted() {
    let mut editor = editor();
    let key = OperationKey { resource: "vip".into(), operation: "monitor".into(), interval_ms: 10_000 };
    editor.add_failure("alice", &key, 7, 5);
    editor.add_failure("alice", &key, 7, 6);
    assert!(editor.add_failure("alice", &key, 0, 7).is_empty());
    assert_eq!(
        status(&editor),
        "<status><node_state id=\"1\" uname=\"alice\"><transient_attributes id=\"1\"><instance_attributes id=\"status-1\">\
         <nvpair id=\"status-1-fail-count-vip.monitor_10000\" name=\"fail-count-vip#monitor_10000\" value=\"2\"/>\
         <nvpair id=\"status-1-last-failure-vip.monitor_10000\" name=\"last-failure-vip#monitor_10000\" value=\"6\"/>\
         </instance_attributes></transient_attributes></node_state></status>"
    );
}

#[test]
fn tickets_properties_and_nodes_are_set() {
    let mut editor = editor();
    editor.configure_node("alice");
    editor.configure_node("bob");
    editor.set_ticket("t", "granted", true);
    editor.set_ticket("t", "standby", false);
    editor.set_ticket("t", "granted", false);
    assert_eq!(
        status(&editor),
        "<status><tickets><ticket_state id=\"t\" granted=\"false\" standby=\"false\"/></tickets></status>"
    );
    editor.set_property("have-watchdog", "true");
    editor.set_property("have-watchdog", "false");
    editor.set_quorum("true");
    let text = editor.into_document().to_xml(Style::Compact);
    assert!(text.contains(
        "<nvpair id=\"cib-bootstrap-options-have-watchdog\" name=\"have-watchdog\" value=\"false\"/>"
    ));
    assert!(
        text.contains("<node id=\"1\" uname=\"alice\"/><node id=\"bob\" uname=\"bob\"/></nodes>"),
        "{text}"
    );
    assert!(text.starts_with("<cib have-quorum=\"true\">"));
}
