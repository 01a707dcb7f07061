//! What still runs when a node starts.

mod node;

use node::Node;

/// A service that runs until it is stopped, whoever watches it, and counts its starts.
fn service(node: &Node, name: &str) {
    let here = node.path(name);
    let here = here.display();
    node.script(
        &format!("conf/resource.d/{name}"),
        &format!(
            "case $1 in\nstart) echo started >>{here}.starts; touch {here}.runs;;\nstop) rm -f {here}.runs;;\n\
             status) [ -e {here}.runs ] && echo running || echo stopped;;\nesac"
        ),
    );
}

fn starts(node: &Node, name: &str) -> usize {
    node.read(&format!("{name}.starts")).lines().count()
}

#[test]
fn a_service_that_outlived_a_crash_of_every_process_is_not_started_a_second_time() {
    let mut node = Node::new();
    service(&node, "web");
    service(&node, "mail");
    node.write("conf/haresources", "one web\ntwo mail\n");
    node.start();
    node.until("both run", |node| node.path("web.runs").exists() && node.path("mail.runs").exists());
    node.until("it has settled", |node| node.status()["held"] == "all");
    node.crash();
    assert!(node.path("web.runs").exists(), "nobody stopped it");
    // Meanwhile one of them ended by itself.
    std::fs::remove_file(node.path("mail.runs")).expect("it ran");
    node.start();
    node.until("the other is started", |node| node.path("mail.runs").exists());
    node.until("it has settled", |node| node.status()["held"] == "all");
    assert_eq!((starts(&node, "web"), starts(&node, "mail")), (1, 2), "{}", node.read("log"));
    node.until("it says what it found", |node| node.read("log").contains("classic_found_running"));
    node.stop();
    assert!(!node.path("web.runs").exists() && !node.path("mail.runs").exists());
}
