//! A running node reads its configuration again: what may change does, or nothing at all.

mod node;

use node::{Node, errors, said};

#[test]
fn what_may_change_while_running_does_without_a_restart() {
    let mut node = Node::new();
    node.start();
    let pid = node.pid();
    let other = node.path("other-log");
    let log = format!("logfile {}", other.display());
    node.configure(&[&log, "debug 1", "keepalive 20ms\ndeadtime 300ms\ninitdead 500ms", "auto_failback on"]);
    let reload = node.command(&["reload"]);
    assert!(reload.status.success(), "{}", errors(&reload));
    for word in ["auto_failback", "deadtime", "debug", "keepalive", "logfile"] {
        assert!(said(&reload).contains(&format!("changed: {word}\n")), "{word}: {}", said(&reload));
    }
    node.until("the new log is written", |node| node.read("other-log").contains("configuration_reloaded"));
    assert_eq!((node.status()["node"].as_str(), node.pid()), (Some("one"), pid));
    let again = node.command(&["reload"]);
    assert!(again.status.success() && said(&again).contains("nothing changed"), "{}", said(&again));
    node.stop();
    assert!(node.read("other-log").contains("shutdown complete"), "{}", node.read("other-log"));
    assert!(!node.read("log").contains("shutdown complete"));
}

#[test]
fn a_change_that_needs_a_restart_refuses_all_of_them_by_name() {
    let mut node = Node::new();
    node.start();
    node.configure(&["msgfmt netstring", "keepalive 20ms\ndeadtime 300ms\ninitdead 500ms"]);
    let reload = node.command(&["reload"]);
    assert_eq!(reload.status.code(), Some(2));
    let complaint =
        "ha.cf:6:8: error: a change of `msgfmt` does not take effect while the node runs. Restart the node";
    assert!(errors(&reload).contains(complaint), "{}", errors(&reload));
    assert!(errors(&reload).contains("nothing was changed"), "{}", errors(&reload));
    node.until("it is in the log", |node| node.read("log").contains(complaint));
    // Had the keepalive been taken, going back to the first file would change it again.
    node.configure(&[]);
    let back = node.command(&["reload"]);
    assert!(
        back.status.success() && said(&back).contains("nothing changed"),
        "{}{}",
        said(&back),
        errors(&back)
    );
}

#[test]
fn a_half_typed_file_is_told_to_who_asked_and_to_the_log_and_changes_nothing() {
    let mut node = Node::new();
    node.start();
    node.configure(&["keepal", "deadtime"]);
    let reload = node.command(&["reload"]);
    assert_eq!(reload.status.code(), Some(2));
    assert!(errors(&reload).contains("ha.cf:6:1: error: "), "{}", errors(&reload));
    assert!(errors(&reload).contains("keepalive"), "it says what was meant: {}", errors(&reload));
    node.until("it is in the log", |node| node.read("log").contains("ha.cf:6:1: error: "));
    let complaints = node.read("log").matches("reload_refused").count();
    node.signal("-HUP");
    node.until("a signal does the same", |node| {
        node.read("log").matches("reload_refused").count() > complaints
    });
    assert_eq!(node.status()["node"].as_str(), Some("one"));
}

#[test]
fn new_keys_are_taken_and_a_key_file_that_others_can_read_is_not() {
    use std::os::unix::fs::PermissionsExt;
    let mut node = Node::new();
    node.start();
    node.write("conf/authkeys", "auth 2\n2 sha1 other\n1 sha1 secret\n");
    let keys = node.path("conf/authkeys");
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o644)).expect("its mode");
    let reload = node.command(&["reload"]);
    assert!(errors(&reload).contains("authkeys:1:1: error: "), "{}", errors(&reload));
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    let reload = node.command(&["reload"]);
    assert!(said(&reload).contains("changed: authkeys"), "{}{}", said(&reload), errors(&reload));
}
