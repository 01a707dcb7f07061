//! What happens before the decision: nodes, tickets and results of operations.

use super::Simulate;
use hb_cib::status::{Agent, ExecutionStatus, Outcome, Presence, StatusEditor};
use hb_cib::{Element, OperationKey};
use hb_scheduler::execute::{FEATURE_SET, ORIGIN};
use hb_scheduler::report::Listing;

/// Lets it happen; complaints go to standard error.
pub(super) fn apply(args: &Simulate, editor: &mut StatusEditor, now_s: i64, out: &mut Listing) {
    out.begin("Performing Requested Modifications");
    if let Some(quorum) = &args.quorum {
        out.item(&format!("Setting quorum: {quorum}"));
        editor.set_quorum(quorum);
    }
    if let Some(watchdog) = &args.watchdog {
        out.item(&format!("Setting watchdog: {watchdog}"));
        editor.set_property("have-watchdog", watchdog);
    }
    nodes(args, editor, out);
    tickets(args, editor, out);
    for spec in &args.op_inject {
        out.item(&format!("Injecting {spec} into the configuration"));
        if let Err(why) = result(spec, args, editor, now_s, out) {
            eprintln!("heartbeat: error: {spec}: {why}");
        }
    }
    out.end();
}

fn nodes(args: &Simulate, editor: &mut StatusEditor, out: &mut Listing) {
    for node in &args.node_up {
        out.item(&format!("Bringing node {node} online"));
        editor.configure_node(node);
        editor.set_presence(node, Presence::Online, ORIGIN);
    }
    for node in &args.node_down {
        out.item(&format!("Taking node {node} offline"));
        configure_if_any_comes_up(args, editor, node);
        editor.set_presence(node, Presence::Down, ORIGIN);
        editor.forget(node);
    }
    for node in &args.node_fail {
        out.item(&format!("Failing node {node}"));
        configure_if_any_comes_up(args, editor, node);
        editor.set_presence(node, Presence::Lost, ORIGIN);
    }
}

/// As in the reference, a node that is not configured is only made so when another one is to come up.
fn configure_if_any_comes_up(args: &Simulate, editor: &mut StatusEditor, node: &str) {
    if !args.node_up.is_empty() {
        editor.configure_node(node);
    }
}

fn tickets(args: &Simulate, editor: &mut StatusEditor, out: &mut Listing) {
    let all = [
        (&args.ticket_grant, "Granting ticket ", "", "granted", true),
        (&args.ticket_revoke, "Revoking ticket ", "", "granted", false),
        (&args.ticket_standby, "Making ticket ", " standby", "standby", true),
        (&args.ticket_activate, "Activating ticket ", "", "standby", false),
    ];
    for (list, before, after, attribute, value) in all {
        for ticket in list {
            out.item(&format!("{before}{ticket}{after}"));
            editor.set_ticket(ticket, attribute, value);
        }
    }
}

/// Records the result that `RESOURCE_TASK_INTERVAL@NODE=RESULT` names.
fn result(
    spec: &str,
    args: &Simulate,
    editor: &mut StatusEditor,
    now_s: i64,
    out: &mut Listing,
) -> Result<(), &'static str> {
    let shape = "not RESOURCE_TASK_INTERVAL@NODE=RESULT";
    let (key, rest) = spec.split_once('@').ok_or(shape)?;
    let (node, result) = rest.split_once('=').ok_or(shape)?;
    let result: i32 = result.parse().map_err(|_| shape)?;
    let key = OperationKey::read(key).ok_or(shape)?;
    let agent = agent_of(editor, &key.resource).ok_or("there is no such resource")?;
    let [class, provider, kind] = agent;
    configure_if_any_comes_up(args, editor, node);
    let state = editor.node_state(node, None);
    let id = editor.document().element(state).and_then(Element::id).unwrap_or(node).to_owned();
    for (name, value) in editor.add_failure(node, &key, result, now_s) {
        out.item(&format!("Injecting attribute {name}={value} into /node_state '{id}'"));
    }
    let provider = (!provider.is_empty()).then_some(provider.as_str());
    let agent = Agent { class: &class, provider, kind: &kind };
    let history = editor.history(state, &key.resource, &key.resource, Some(agent)).ok_or(shape)?;
    let outcome = Outcome {
        key,
        parameters: None,
        status: ExecutionStatus::Done,
        result,
        expected: 0,
        exit_reason: "Simulated action result",
        at: now_s,
        origin: ORIGIN,
    };
    editor.record(history, &outcome, FEATURE_SET);
    Ok(())
}

/// Class, provider and type of a configured primitive, by its name or that of an instance.
fn agent_of(editor: &StatusEditor, resource: &str) -> Option<[String; 3]> {
    let base = resource.split_once(':').map_or(resource, |(base, _)| base);
    let resources = editor.document().root().descend(&["configuration", "resources"])?;
    let find = |id: &str| resources.descendants().find(|e| e.is("primitive") && e.id() == Some(id));
    let found = find(resource).or_else(|| find(base))?;
    let template = found
        .get("template")
        .and_then(|id| resources.children_named("template").find(|template| template.id() == Some(id)));
    let source = template.unwrap_or(found);
    let get = |name: &str| source.get(name).unwrap_or_default().to_owned();
    Some([get("class"), get("provider"), get("type")])
}
