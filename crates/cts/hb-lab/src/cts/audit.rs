//! What must be so after every scenario.

use crate::cluster::Cluster;
use crate::error::{Result, failed};
use crate::proc;
use crate::wait::until;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// How long the kernel and the janitor may take to clear a world away.
const LIMIT: Duration = Duration::from_secs(10);

/// No process of a world is left below this one, and no folder of its worlds.
///
/// # Errors
/// Something is left.
pub fn no_leftovers() -> Result<()> {
    let us = i32::try_from(std::process::id()).unwrap_or(-1);
    until::holds(LIMIT, "every process of the world to be gone", || {
        !proc::descendants(us).iter().any(|process| process.title.contains(crate::FLAG))
    })?;
    let prefix = format!("hb-lab.{us}.");
    until::holds(LIMIT, "the files of the world to be gone", || {
        let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
        !entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
    })
}

/// No test resource was started while it was active on another living node.
///
/// # Errors
/// One was.
pub fn never_twice(cluster: &Cluster) -> Result<()> {
    let events = cluster.events()?;
    match active_twice(&events) {
        None => Ok(()),
        Some(name) => failed(format!("{name} was active twice: {events:?}")),
    }
}

/// The first resource that was, in a list of `NODE EVENT [NAME]`.
fn active_twice(events: &[String]) -> Option<&str> {
    let mut active: BTreeMap<&str, &str> = BTreeMap::new();
    for event in events {
        let mut words = event.split_whitespace();
        let (node, verb, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""), words.next());
        match (verb, name) {
            ("start", Some(name)) if active.insert(name, node).is_some_and(|other| other != node) => {
                return Some(name);
            }
            ("stop", Some(name)) if active.get(name) == Some(&node) => {
                active.remove(name);
            }
            ("power-off", _) => active.retain(|_, holder| *holder != node),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::active_twice;

    fn verdict(events: &[&str]) -> Option<String> {
        let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
        active_twice(&events).map(str::to_owned)
    }

    #[test]
    fn a_handover_is_not_twice() {
        assert_eq!(verdict(&["n1 start a", "n1 stop a", "n2 start a", "n2 stop a", "n1 start a"]), None);
        assert_eq!(verdict(&["n1 start a", "n1 start a", "n2 start b"]), None);
    }

    #[test]
    fn death_ends_what_ran() {
        assert_eq!(verdict(&["n1 start a", "n1 power-off", "n2 start a"]), None);
    }

    #[test]
    fn a_start_beside_a_living_holder_is_twice() {
        assert_eq!(verdict(&["n1 start a", "n2 start a"]).as_deref(), Some("a"));
        assert_eq!(verdict(&["n1 start a", "n2 stop a", "n2 start a"]).as_deref(), Some("a"));
        assert_eq!(verdict(&["n1 start a", "n2 power-off", "n2 start a"]).as_deref(), Some("a"));
    }
}
