//! What must survive a power cut is written beside the running node.

mod node;

use node::Node;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};

/// The process that writes durable files.
fn store(node: &Node) -> Option<Pid> {
    let status = node.status();
    let mut processes = status["processes"].as_array()?.iter();
    let store = processes.find(|process| process["title"] == "heartbeat: store")?;
    Pid::from_raw(i32::try_from(store["pid"].as_i64()?).ok()?)
}

#[test]
fn a_disk_that_stalls_holds_up_nobody_and_a_successor_writes_what_was_not_written() {
    let mut node = Node::new();
    // Whoever opens this to write waits for a reader that never comes.
    let stalls = node.path("state/hb_generation.tmp");
    mknodat(CWD, &stalls, FileType::Fifo, Mode::RWXU, 0).expect("a FIFO");
    // The master answers although nothing is durable, and says nothing to others before it is.
    node.start();
    let first = store(&node).expect("its process");
    assert!(!node.path("state/hb_generation").exists());
    assert_eq!(node.status()["state"], "init");

    std::fs::remove_file(&stalls).expect("ours");
    kill_process(first, Signal::KILL).expect("ours");
    node.until("the generation is written", |node| node.path("state/hb_generation").exists());
    node.until("it takes part", |node| node.status()["state"] == "active");
    assert_ne!(store(&node).expect("a successor"), first);
}
