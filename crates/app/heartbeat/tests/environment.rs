//! What resource scripts, notification scripts and fencing programs find in their environment.

mod node;

use node::Node;

/// Variables of a file that `env` wrote.
fn has(text: &str, line: &str) -> bool {
    text.lines().any(|found| found == line)
}

#[test]
fn resource_scripts_see_the_configuration_and_what_env_sets() {
    let mut node = Node::new();
    let seen = node.path("seen");
    let script = format!(
        "case $1 in status) echo stopped;; start) env >{0}.new; mv {0}.new {0};; esac",
        seen.display()
    );
    node.script("conf/resource.d/look", &script);
    node.write("conf/haresources", "one look\n");
    node.configure(&[
        "env SITE=berlin",
        "env COLOUR=red",
        "debug 1",
        "logfacility local3",
        "keepalive 50ms\ndeadtime 500ms\ninitdead 500ms",
    ]);
    node.start();
    node.until("it was started", |node| node.path("seen").exists());
    let text = node.read("seen");
    let config = node.path("conf").display().to_string();
    for line in [
        "HA_SITE=berlin",
        "HA_COLOUR=red",
        "HA_debug=1",
        "HA_keepalive=50ms",
        "HA_deadtime=500ms",
        "HA_auto_failback=off",
        "HA_NICEFAILBACK=yes",
        "HA_CURHOST=one",
        "HA_LOGFACILITY=local3",
        "HA_LOGD=no",
        "OCF_ROOT=/usr/lib/ocf",
        &format!("HA_DIR={config}"),
        &format!("HA_FUNCS={config}/shellfuncs"),
        &format!("HA_LOGFILE={}", node.path("log").display()),
        "HA_DEBUGLOG=/dev/null",
    ] {
        assert!(has(&text, line), "{line}:\n{text}");
    }
    assert!(!text.contains("secret") && !text.contains("HEARTBEAT_ROLE"), "{text}");
}

#[test]
fn a_fencing_program_sees_them_too() {
    let mut node = Node::new();
    let seen = node.path("seen");
    // Speaks as the real one does, and fences whatever it is asked to.
    let script = format!(
        "case \"$*\" in -L) echo fake;; *-n) echo hosts;; *-S) exit 0;; *-T*) env >{0}.new; mv {0}.new {0};; esac",
        seen.display()
    );
    node.script("bin/stonith", &script);
    node.configure(&["env SITE=berlin", "stonith_host * fake two"]);
    node.start();
    node.until("the other node was fenced", |node| node.path("seen").exists());
    let text = node.read("seen");
    for line in ["HA_SITE=berlin", "HA_CURHOST=one", "HA_keepalive=50ms"] {
        assert!(has(&text, line), "{line}:\n{text}");
    }
    node.until("then it takes over", |node| node.status()["held"] == "all");
}

#[test]
fn a_notification_script_sees_its_message() {
    let mut node = Node::new();
    let seen = node.path("seen");
    node.script("conf/rc.d/hello", &format!("env >{0}.new; mv {0}.new {0}", seen.display()));
    node.start();
    node.until("it is active", |node| node.status()["state"] == "active");
    let fifo = node.path("state/fifo");
    std::fs::write(fifo, ">>>\nt=hello\ninfo=how are you\n<<<\n").expect("the FIFO takes it");
    node.until("the script ran", |node| node.path("seen").exists());
    let text = node.read("seen");
    for line in ["HA_t=hello", "HA_info=how are you", "HA_src=one", "HA_OSTATUS=active", "HA_DONTASK=yes"] {
        assert!(has(&text, line), "{line}:\n{text}");
    }
}
