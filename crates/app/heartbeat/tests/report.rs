//! `heartbeat report`, the flight recorder, and the log of a running node.

mod node;

use node::{Node, errors, said};
use std::fs;
use std::process::Command;

const KEY: &str = "correct-horse-battery-staple";

/// The files of an archive, by what `tar` says.
fn unpack(node: &Node) -> std::path::PathBuf {
    let archive = node.path("report.tar");
    let output = node.command(&["report", "-o", archive.to_str().unwrap()]);
    assert!(output.status.success(), "{}", errors(&output));
    let folder = node.path("unpacked");
    fs::create_dir_all(&folder).unwrap();
    let unpacked = Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&folder).output().unwrap();
    assert!(unpacked.status.success(), "{}", errors(&unpacked));
    let raw = fs::read(&archive).unwrap();
    assert!(!raw.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "the key is in the archive");
    folder.join("heartbeat-report-one")
}

#[test]
fn a_report_tells_everything_but_the_key() {
    let mut node = Node::new();
    node.write("conf/authkeys", &format!("# {KEY} was the old one, too\nauth 1\n1 sha1 {KEY}\n"));
    node.start();
    // However it got there.
    let log = node.read("log") + &format!("somebody typed {KEY} into a command\n");
    node.write("log", &log);
    let folder = unpack(&node);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    assert!(read("configuration/authkeys").contains("1 sha1 <removed>"));
    assert!(read("configuration/ha.cf").contains("node one two"));
    assert!(read("node/status.json").contains("\"generation\""));
    assert!(read("node/nodes.json").contains("\"two\""));
    assert!(read("logs/logfile").contains("somebody typed <removed> into a command"));
    let recorder = read("node/flight-recorder");
    assert!(recorder.lines().any(|line| line.contains(" deadline ")), "{recorder}");
    assert!(recorder.contains(" notice "), "{recorder}");
    assert!(read("about").starts_with("node one\n"));
}

#[test]
fn a_report_of_a_node_that_does_not_run_says_so() {
    let node = Node::new();
    let folder = unpack(&node);
    let status = fs::read_to_string(folder.join("node/status.json")).unwrap();
    assert!(status.contains("not running"), "{status}");
}

#[test]
fn a_signal_leaves_the_flight_recorder_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let mut node = Node::new();
    node.start();
    node.signal("-USR1");
    node.until("the recorder's file", |node| node.read("log").contains("flight_recorder_written"));
    let path = node.path("state/flight-recorder");
    assert!(!fs::read_to_string(&path).unwrap().is_empty());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_running_node_serves_those_who_log_also_after_its_log_moved() {
    let mut node = Node::new();
    node.start();
    let state = node.path("state").display().to_string();
    let log = |text: &str| {
        let output =
            node::heartbeat().args(["ha_logger", "--state-dir", &state, "-t", "script", text]).output();
        output.expect("it runs").status.success()
    };
    node.until("the first line", |node| log("first") && node.read("log").contains("]: first"));
    let other = node.path("log2");
    let line = format!("logfile {}", other.display());
    node.configure(&[&line]);
    let output = node.command(&["reload"]);
    assert!(output.status.success(), "{} {}", said(&output), errors(&output));
    node.until("a line in the new file", |node| log("second") && node.read("log2").contains("]: second"));
}
