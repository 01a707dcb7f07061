//! Messages of scenarios: sent through a node's FIFO as scripts do, noted by a script of rc.d.

use super::ensure;
use crate::cluster::Cluster;
use crate::error::{Attempt, Result};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(90);
/// The type of noted messages; a script of that name notes each of them.
pub(super) const NOTED: &str = "labmsg";
/// The type of messages that nobody looks at.
pub(super) const FILLER: &str = "labfill";
/// Name of the field by which messages are told apart.
pub(super) const NUMBER: &str = "number";

/// The nodes of every scenario with messages.
pub(super) const NODES: &[&str] = &["n1", "n2"];
/// Both directions between two nodes: (sender, receiver).
pub(super) const DIRECTIONS: [(&str, &str); 2] = [("n1", "n2"), ("n2", "n1")];

/// Has nodes note each message of type [`NOTED`] in the file of events. Before they start.
pub(super) fn note_messages(cluster: &Cluster, nodes: &[&str]) -> Result<()> {
    for node in nodes {
        let events = cluster.world.events();
        let body = format!("#!/bin/sh\necho \"{node} heard $HA_{NUMBER}\" >>{}\n", events.display());
        cluster.add_script(node, &format!("rc.d/{NOTED}"), &body)?;
    }
    Ok(())
}

/// Sends a noted message.
pub(super) fn send(cluster: &Cluster, node: &str, number: &str) -> Result<()> {
    send_all(cluster, node, NOTED, &[number.to_owned()])
}

/// Sends messages, each in a write of its own.
pub(super) fn send_all(cluster: &Cluster, node: &str, kind: &str, numbers: &[String]) -> Result<()> {
    let list = cluster.world.node_dir(node).join("numbers");
    std::fs::write(&list, numbers.join("\n") + "\n").attempt(list.display())?;
    let line =
        format!("while read n; do {}; done <{} >{}", message(kind), list.display(), fifo(cluster, node));
    let told = cluster.world.node(node)?.run(&["sh", "-c", &line], LIMIT)?;
    ensure!(told.code == 0, "{node}: {line}: {told:?}");
    Ok(())
}

/// Goes on sending messages of type [`FILLER`] for as long as the node lives.
pub(super) fn keep_sending(cluster: &Cluster, node: &str) -> Result<()> {
    let fifo = fifo(cluster, node);
    let line = format!("n=0; while sleep 0.1; do n=$((n+1)); {} >{fifo}; done", message(FILLER));
    cluster.world.node(node)?.start(&["sh", "-c", &line], "sending.log")
}

fn fifo(cluster: &Cluster, node: &str) -> String {
    cluster.world.node_dir(node).join("lib/fifo").display().to_string()
}

/// A command of the shell that writes a message whose number is `$n`.
fn message(kind: &str) -> String {
    format!("printf '>>>\\nt={kind}\\n{NUMBER}=%s\\n<<<\\n' $n")
}

fn count(cluster: &Cluster, node: &str, number: &str) -> Result<usize> {
    let line = format!("{node} heard {number}");
    Ok(cluster.events()?.iter().filter(|event| **event == line).count())
}

/// Waits until a node has noted a message so often.
pub(super) fn heard(cluster: &Cluster, node: &str, number: &str, times: usize) -> Result<()> {
    let what = format!("{node} heard {number}");
    cluster.await_answer(LIMIT, &times.to_string(), &what, || Ok(count(cluster, node, number)?.to_string()))
}

/// Waits until a node has noted every one of these messages, and then one more that is sent for
/// the purpose; none was noted twice until then.
pub(super) fn heard_once(cluster: &Cluster, sender: &str, receiver: &str, numbers: &[String]) -> Result<()> {
    for number in numbers {
        heard(cluster, receiver, number, 1)?;
    }
    let last = format!("{}-and-all", numbers.last().map_or("", String::as_str));
    send(cluster, sender, &last)?;
    heard(cluster, receiver, &last, 1)?;
    for number in numbers {
        let times = count(cluster, receiver, number)?;
        ensure!(times == 1, "{receiver} heard {number} {times} times");
    }
    Ok(())
}
