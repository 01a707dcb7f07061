//! Lines in, files out.

use super::*;
use hb_base::Severity;
use hb_ipc::Incoming;
use std::os::unix::net::UnixListener;

fn line(text: &str, severity: Severity) -> Line {
    Line { pid: 7, at: Some(1_700_000_000), ..Line::new(severity, "heartbeat", text) }
}

fn read(path: &std::path::Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn files_get_what_they_are_for_in_the_format_that_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (log, debug) = (dir.path().join("ha-log"), dir.path().join("ha-debug"));
    let options = SinksOptions {
        logfile: Some(log.clone()),
        debugfile: Some(debug.clone()),
        debug: true,
        host: "n1".into(),
        ..Default::default()
    };
    let mut sinks = Sinks::new(options.clone());
    sinks.write(&[line("one", Severity::Info), line("two", Severity::Debug)]);
    let all = read(&debug);
    let lines: Vec<&str> = all.lines().map(|line| line.split_once(" n1 ").unwrap().1).collect();
    assert_eq!(lines, ["heartbeat: [7]: info: one", "heartbeat: [7]: debug: two"]);
    assert_eq!(read(&log).lines().count(), 1);

    let original = SinksOptions { original_format: true, debug: false, ..options };
    let mut sinks = Sinks::new(original);
    sinks.write(&[line("three", Severity::Warning), line("hidden", Severity::Debug)]);
    sinks.write(&[Line { word: false, ..line("four", Severity::Info) }]);
    let all = read(&log);
    let mut lines = all.lines().skip(1);
    let three = lines.next().unwrap();
    assert!(three.starts_with("heartbeat[7]: 2023/11/1") && three.ends_with("20 WARN: three"), "{three}");
    assert!(lines.next().unwrap().ends_with("20 four"));
    assert!(!all.contains("hidden"));
}

#[test]
fn a_logging_daemon_gets_the_lines_while_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let (log, socket) = (dir.path().join("ha-log"), dir.path().join("log_daemon"));
    let forward = Forward { socket: socket.clone(), retry: Duration::ZERO };
    let options = SinksOptions { logfile: Some(log.clone()), forward: Some(forward), ..Default::default() };
    let mut sinks = Sinks::new(options);
    sinks.write(&[line("alone", Severity::Info)]);
    assert!(read(&log).contains("alone"));
    let daemon = UnixListener::bind(&socket).unwrap();
    sinks.write(&[line("heard", Severity::Error)]);
    let (stream, _) = daemon.accept().unwrap();
    let mut framed = Framed::with_framing(stream.into(), Framing::Classic, Limits::CLASSIC).unwrap();
    let Incoming::Frame(frame) = framed.receive().unwrap() else { panic!("no frame") };
    let heard = record::decode(&frame).unwrap();
    assert_eq!((heard.text.as_str(), heard.priority, heard.at), ("heard", Priority(3), Some(1_700_000_000)));
    assert!(!read(&log).contains("heard"));
    drop((framed, daemon));
    sinks.write(&[line("alone again", Severity::Info)]);
    assert!(read(&log).contains("alone again"));
}
