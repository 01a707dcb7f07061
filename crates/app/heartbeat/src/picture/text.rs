//! The same documents as text for people.

use serde_json::Value;
use std::fmt::Write;

/// A text value of a document, empty when it is absent.
fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// `heartbeat status` for people.
pub(crate) fn status_text(status: &Value) -> String {
    let mut text = String::new();
    let members: Vec<&str> = each(&status["members"]).filter_map(Value::as_str).collect();
    let _ = writeln!(text, "node {}: {}", word(status, "node"), word(status, "state"));
    let _ = writeln!(text, "members: {}", members.join(" "));
    let _ = writeln!(text, "mode: {}", mode(word(status, "mode")));
    if let Some(held) = status["held"].as_str() {
        let _ = writeln!(text, "holds: {held}");
    }
    for resource in each(&status["resources"]) {
        resource_lines(&mut text, resource);
    }
    let late = &status["lateness_us"];
    let _ =
        writeln!(text, "lateness: p50 {} us, p99 {} us, max {} us", late["p50"], late["p99"], late["max"]);
    let _ = writeln!(text, "realtime: {}", word(&status["realtime"], "summary"));
    let not_yet: Vec<&str> = each(&status["not_yet"]).filter_map(Value::as_str).collect();
    if !not_yet.is_empty() {
        let _ = writeln!(text, "configured but not there yet: {}", not_yet.join(", "));
    }
    for notice in each(&status["notices"]) {
        let _ =
            writeln!(text, "{} {} {}", word(notice, "at"), word(notice, "severity"), word(notice, "text"));
    }
    text
}

/// A resource: what it does here and why, and what is wrong with it.
fn resource_lines(text: &mut String, resource: &Value) {
    let (id, state) = (word(resource, "id"), word(resource, "state"));
    let (reason, since) = (word(resource, "reason").replace('_', " "), word(resource, "since_at"));
    let _ = writeln!(
        text,
        "  {id}: {state} here since {since} ({reason}), prefers {}",
        word(resource, "preferred")
    );
    if let Some(with) = resource["conflict"]["with"].as_str() {
        let since = word(&resource["conflict"], "since_at");
        let _ = writeln!(
            text,
            "    another machine ({with}) claims it too, since {since}: take it from one of them"
        );
    }
    // A failure that was overcome is in the document, and in the log.
    if let (Some(failure), "failed" | "blocked" | "stopping") = (resource["failure"].as_str(), state) {
        let _ = writeln!(text, "    {failure}");
    }
}

fn mode(word: &str) -> &str {
    match word {
        "fenced" => "fenced: a takeover waits until a device confirms that the other node is off",
        "unprotected" => {
            "unprotected: no fencing device; in a partition both sides may run the same resources"
        }
        other => other,
    }
}

/// `heartbeat nodes` for people.
pub(crate) fn nodes_text(nodes: &Value) -> String {
    let mut text = String::new();
    for node in each(nodes) {
        let (name, status) = (word(node, "name"), word(node, "status"));
        let _ = writeln!(text, "{name}: {status} since {} ({})", word(node, "since_at"), word(node, "type"));
        for link in each(&node["links"]) {
            let _ = writeln!(text, "  {}", link_line(link));
        }
    }
    text
}

/// `heartbeat links` for people.
pub(crate) fn links_text(links: &Value) -> String {
    let mut text = String::new();
    for link in each(links) {
        let _ = writeln!(text, "{}: {}", word(link, "node"), link_line(link));
    }
    text
}

fn link_line(link: &Value) -> String {
    let (medium, name) = (word(link, "medium"), word(link, "name"));
    format!(
        "{medium} {name}: {} since {}, {} frames",
        word(link, "status"),
        word(link, "since_at"),
        link["received"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(more: &Value) -> String {
        let mut resource = json!({
            "id": "10.0.0.5/24/eth0", "state": "started", "reason": "handed_over", "preferred": "paul",
            "since_at": "2026-11-22T06:58:14.426Z", "failure": null, "conflict": null,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            resource[name] = value.clone();
        }
        status_text(&json!({"resources": [resource]}))
    }

    #[test]
    fn a_resource_says_what_it_does_and_what_is_wrong_with_it() {
        let line =
            "  10.0.0.5/24/eth0: started here since 2026-11-22T06:58:14.426Z (handed over), prefers paul\n";
        assert!(shown(&json!({"failure": "failed once"})).contains(line));
        assert!(!shown(&json!({"failure": "failed once"})).contains("failed once"), "it runs");
        assert!(
            shown(&json!({"failure": "failed (rc 1)", "state": "failed"})).contains("    failed (rc 1)\n")
        );
        let conflict =
            json!({"conflict": {"with": "02:00:00:00:00:09", "since_at": "2026-11-22T07:00:00.000Z"}});
        assert!(
            shown(&conflict).contains("another machine (02:00:00:00:00:09) claims it too, since 2026-11-22")
        );
    }
}
