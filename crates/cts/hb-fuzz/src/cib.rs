//! Targets of hb-cib and what reads its documents.

use hb_cib::rule::{self, Facts, NextChange};
use hb_cib::status::{ExecutionStatus, Outcome, Presence, StatusEditor};
use hb_cib::{Document, Element, Ids, Known, Moment, OperationKey, Source, Style, Values, upgrade};
use hb_scheduler::Wanted;
use hb_scheduler::execute::{self, Rehearsal};
use hb_scheduler::report::{self, Listing, Picture, Shape, Show};
use std::collections::BTreeMap;

/// The moment of all decisions here.
const NOW_S: i64 = 1_700_000_000;

/// A document: read, asked everything, upgraded, changed, written and read again.
pub fn parse(bytes: &[u8]) {
    let Some(document) = document(bytes) else { return };
    means_the_same_written_anew(&document);
    ask(&document);
    let mut upgraded = document.clone();
    let old = upgrade::is_old(document.root());
    let notes = upgrade::upgrade(&mut upgraded);
    assert!(old || notes.is_empty(), "{notes:?}");
    assert!(!upgrade::is_old(upgraded.root()));
    assert!(upgrade::upgrade(&mut upgraded).is_empty(), "an upgraded document is not old");
    means_the_same_written_anew(&upgraded);
    change(document);
}

/// A document, scheduled: every part of the answer is made, the transition is carried out, and what comes of it is
/// scheduled again.
pub fn schedule(bytes: &[u8]) {
    let Some(mut document) = document(bytes) else { return };
    upgrade::upgrade(&mut document);
    let Some(outcome) = decide(&document) else { return };
    drop(decide(&outcome));
}

/// What comes of a document's transition; `None` when it is one that is refused.
fn decide(document: &Document) -> Option<Document> {
    let now = Moment::from_epoch(NOW_S, 0);
    let expanded = hb_scheduler::expand(document);
    let before = hb_scheduler::status(&expanded, now).ok()?;
    let mut out = Listing::new(Shape::Outline);
    report::status(&before, "before", Show { pending: true, attributes: true, failures: true }, &mut out);
    let cluster = hb_scheduler::schedule(&expanded, now, Wanted::Scores).ok()?;
    report::transition(&cluster, &mut out);
    let _ = report::dot(&cluster, Picture { all_actions: true, numbers: true });
    let again = hb_scheduler::schedule(&expanded, now, Wanted::Scores).ok()?;
    assert_eq!(again.graph.to_xml(), cluster.graph.to_xml(), "the same document, another transition");
    assert_eq!(again.scores, cluster.scores, "the same document, other scores");
    Document::parse(cluster.graph.to_xml()).unwrap_or_else(|error| panic!("{error}"));
    let mut editor = StatusEditor::new(document.clone());
    let rehearsal = Rehearsal { at: NOW_S, failures: &[], is_resource: &|name| cluster.is_resource(name) };
    execute::carry_out(&cluster.graph.steps(), &mut editor, &rehearsal);
    Some(editor.into_document())
}

/// The document that the bytes are, if they are one; what is wrong with them is said with its place.
fn document(bytes: &[u8]) -> Option<Document> {
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    let lines = text.split('\n').count();
    match Document::parse(text) {
        Ok(document) => Some(document),
        Err(error) => {
            assert!((1..=lines).contains(&(error.line as usize)), "{error}");
            assert!(error.column >= 1 && !error.what.is_empty(), "{error}");
            None
        }
    }
}

fn means_the_same_written_anew(document: &Document) {
    let compact = document.to_xml(Style::Compact);
    for style in [Style::Compact, Style::Indented] {
        let again =
            Document::parse(document.to_xml(style)).unwrap_or_else(|error| panic!("{error}\n{compact}"));
        assert_eq!(again.to_xml(Style::Compact), compact);
    }
}

fn ask(document: &Document) {
    let ids = Ids::of_configuration(document);
    let node: BTreeMap<&str, &str> = [("#uname", "alice"), ("a", "1")].into();
    let facts = Facts { node: Some(&node), ..Facts::at(Moment::from_epoch(NOW_S, 0)) };
    for element in document.root().descendants() {
        let mut next = NextChange::default();
        if element.is("rule") {
            rule::applies(element, &ids, &facts, &mut next);
        }
        let mut values = Values::new();
        let source = Source { ids: &ids, facts: &facts, first: None };
        values.collect(element, "instance_attributes", Known::Stays, source, &mut next);
        for (_, value) in element.attributes() {
            let _ =
                (Moment::read(value, facts.now), hb_cib::time::interval(value), OperationKey::read(value));
        }
        if let Some(id) = element.id() {
            assert!(ids.all(id).count() > 0 || !is_below_configuration(element), "{element} is not indexed");
        }
    }
}

fn is_below_configuration(element: Element<'_>) -> bool {
    let root = element.document().root();
    let Some(configuration) = root.child("configuration") else { return true };
    std::iter::successors(Some(element), |element| element.parent()).any(|above| above == configuration)
}

fn change(document: Document) {
    let mut editor = StatusEditor::new(document);
    let state = editor.set_presence("alice", Presence::Online, "fuzz");
    let key = OperationKey { resource: "r".into(), operation: "start".into(), interval_ms: 0 };
    editor.add_failure("alice", &key, 1, NOW_S);
    let agent = hb_cib::status::Agent { class: "ocf", provider: Some("heartbeat"), kind: "Dummy" };
    let history = editor.history(state, "r:0", "r", Some(agent)).expect("it can be made");
    let outcome = Outcome {
        key,
        parameters: None,
        status: ExecutionStatus::Done,
        result: 1,
        expected: 0,
        exit_reason: "",
        at: NOW_S,
        origin: "fuzz",
    };
    editor.record(history, &outcome, "3.16.1");
    editor.set_ticket("t", "granted", true);
    means_the_same_written_anew(editor.document());
    editor.forget("alice");
    let document = editor.into_document();
    means_the_same_written_anew(&document);
    let lost = document
        .root()
        .descendants()
        .find(|e| e.is("lrm_rsc_op") && e.get("crm-debug-origin") == Some("fuzz"));
    assert_eq!(lost, None, "what was forgotten is still there");
}
