//! What somebody sees who tries the commands for the first time.

mod node;

use node::{Node, errors, heartbeat, said};

#[test]
fn every_command_explains_itself_and_does_nothing_else() {
    let mut commands: Vec<Vec<&str>> = vec![vec![]];
    commands.extend(
        [
            "run", "check", "status", "nodes", "links", "reload", "stop", "standby", "takeover", "online",
            "demo",
        ]
        .map(|word| vec![word]),
    );
    commands.extend([
        vec!["cts"],
        vec!["cts", "sim"],
        vec!["cts", "lab"],
        vec!["bench"],
        vec!["bench", "failover"],
    ]);
    commands.extend([
        vec!["bench", "idle"],
        vec!["bench", "messages"],
        vec!["debug", "send"],
        vec!["debug", "receive"],
    ]);
    for words in commands {
        let output = heartbeat().args(&words).arg("--help").output().expect("it runs");
        let text = said(&output);
        assert!(output.status.success(), "{words:?}: {}", errors(&output));
        assert!(text.contains("heartbeat") && text.lines().count() >= 4, "{words:?}: {text}");
    }
}

#[test]
fn commands_for_a_node_that_does_not_run_say_so_with_code_three() {
    let node = Node::new();
    for word in ["status", "nodes", "links", "reload", "stop", "standby", "takeover", "online"] {
        let output = node.command(&[word]);
        assert_eq!(output.status.code(), Some(3), "{word}");
        assert!(errors(&output).contains("not running here") && errors(&output).contains("heartbeat run"));
        assert_eq!(errors(&output).lines().count(), 1, "{word}: {}", errors(&output));
    }
}

#[test]
fn a_wrong_file_is_named_with_its_places_and_cures_and_nothing_starts() {
    let node = Node::new();
    node.configure(&["deadtim 7", "keepalive 5sec\ndeadtime 1"]);
    for word in ["check", "run"] {
        let output = node.command(&[word]);
        assert_eq!(output.status.code(), Some(2), "{word}");
        let text = errors(&output);
        assert!(text.contains("ha.cf:6:1: error: ") && text.contains("Did you mean `deadtime`?"), "{text}");
        assert!(text.contains("ha.cf:7:11: error: "), "{text}");
    }
    assert!(!node.path("run/control").exists());
}
