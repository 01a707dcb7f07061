//! What `/proc` says about the processes of a node, seen from outside.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// One process, numbered as outside the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number outside the node.
    pub pid: i32,
    /// Its parent, likewise.
    pub parent: i32,
    /// State letter of the kernel: R, S, T (stopped), Z, …
    pub state: char,
    /// Its command line, which long-lived programs use as their title.
    pub title: String,
    /// User and system time used so far.
    pub busy: Duration,
}

/// Every process below `root`, without `root` itself.
#[must_use]
pub fn descendants(root: i32) -> Vec<Process> {
    let mut all: BTreeMap<i32, Process> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(process) = read(pid) {
            all.insert(pid, process);
        }
    }
    let is_below = |process: &Process| {
        let mut parent = process.parent;
        // A chain is no longer than the table; the bound guards against a torn snapshot.
        for _ in 0..all.len() {
            if parent == root {
                return true;
            }
            match all.get(&parent) {
                Some(next) if next.parent != parent => parent = next.parent,
                _ => return false,
            }
        }
        false
    };
    all.values().filter(|process| is_below(process)).cloned().collect()
}

fn read(pid: i32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything: what follows the last one counts.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let mut ticks = fields.skip(9);
    let user: u64 = ticks.next()?.parse().ok()?;
    let system: u64 = ticks.next()?.parse().ok()?;
    let per_second = crate::sys::ticks_per_second().max(1);
    let busy = Duration::from_millis((user + system) * 1000 / per_second);
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let title = String::from_utf8_lossy(&line).replace('\0', " ").trim().to_owned();
    Some(Process { pid, parent, state, title, busy })
}

/// Proportional memory of a process in bytes; `None` when it may not be read.
#[must_use]
pub fn proportional_bytes(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_child_is_below_us_and_a_grandchild_too() {
        let mut child =
            Command::new("sh").args(["-c", "cat; true"]).stdin(Stdio::piped()).spawn().expect("a shell");
        let us = i32::try_from(std::process::id()).expect("a small number");
        let started = std::time::Instant::now();
        while !descendants(us).iter().any(|one| one.title == "cat") {
            assert!(started.elapsed() < Duration::from_secs(30), "cat never appeared below us");
            std::thread::yield_now();
        }
        assert!(descendants(us).iter().any(|one| one.title.starts_with("sh ")));
        drop(child.stdin.take());
        let _ = child.kill();
        let _ = child.wait();
    }
}
