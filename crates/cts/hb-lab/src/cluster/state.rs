//! What a cluster's daemons say about themselves, ours and the original alike.

use super::{COMMAND_LIMIT, Cluster, System};
use crate::error::{LabError, Result, failed};
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Between two questions to a daemon.
const PAUSE: Duration = Duration::from_millis(50);

/// Which resources a node holds, in the original's words.
pub type Held = String;

/// The JSON document in what a program said on both of its streams.
pub(crate) fn document_in(said: &str) -> Option<Value> {
    let start = said.lines().position(|line| line.starts_with(['{', '[']))?;
    let lines: Vec<&str> = said.lines().skip(start).collect();
    serde_json::from_str(&lines.join("\n")).ok()
}

impl Cluster {
    /// A document of our program: `status`, `nodes` or `links`.
    ///
    /// # Errors
    /// The daemon does not run or does not answer.
    pub fn document(&self, node: &str, command: &str) -> Result<Value> {
        let told = self.command(node, &[command, "--json"])?;
        match document_in(&told.output) {
            Some(document) => Ok(document),
            None => failed(format!("{node}: {command} --json: {}", told.output)),
        }
    }

    fn cl_status(&self, node: &str, words: &[&str]) -> Result<String> {
        let mut argv = vec!["cl_status"];
        argv.extend_from_slice(words);
        Ok(self.world.node(node)?.run(&argv, COMMAND_LIMIT)?.output.trim().to_owned())
    }

    /// The status of `peer` as `node` sees it: `active`, `dead`, …
    ///
    /// # Errors
    /// The daemon does not answer.
    pub fn status_of(&self, node: &str, peer: &str) -> Result<String> {
        if self.system(node) == System::Original {
            return self.cl_status(node, &["nodestatus", peer]);
        }
        let nodes = self.document(node, "nodes")?;
        let found = nodes.as_array().into_iter().flatten().find(|one| one["name"] == peer);
        match found.and_then(|one| one["status"].as_str()) {
            Some(status) => Ok(status.to_owned()),
            None => failed(format!("{node} does not know {peer}")),
        }
    }

    /// The state of a link to `peer` as `node` sees it: `up` or `dead`.
    ///
    /// # Errors
    /// The daemon does not answer.
    pub fn link_of(&self, node: &str, peer: &str, interface: &str) -> Result<String> {
        if self.system(node) == System::Original {
            return self.cl_status(node, &["hblinkstatus", peer, interface]);
        }
        let nodes = self.document(node, "nodes")?;
        let found = nodes.as_array().into_iter().flatten().find(|one| one["name"] == peer);
        let links = found.and_then(|one| one["links"].as_array()).into_iter().flatten();
        let is_it = |link: &&Value| link["name"].as_str().is_some_and(|name| name.contains(interface));
        match links.into_iter().find(is_it).and_then(|link| link["status"].as_str()) {
            Some(status) => Ok(status.to_owned()),
            None => failed(format!("{node} knows no link {interface} to {peer}")),
        }
    }

    /// Which resources a node says that it holds: `all`, `local`, `foreign`, `none` or `transition`.
    ///
    /// # Errors
    /// The daemon does not answer.
    pub fn held(&self, node: &str) -> Result<Held> {
        if self.system(node) == System::Original {
            return self.cl_status(node, &["rscstatus"]);
        }
        let status = self.document(node, "status")?;
        status["held"].as_str().map_or_else(|| failed(format!("{node} holds no resources")), |h| Ok(h.into()))
    }

    /// Asks until the answer is as expected.
    ///
    /// # Errors
    /// It never was; the error says what the last answer was.
    pub fn await_answer(
        &self,
        limit: Duration,
        expected: &str,
        what: &str,
        mut ask: impl FnMut() -> Result<String>,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let answer = ask();
            if answer.as_ref().is_ok_and(|answer| answer == expected) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let last = answer.unwrap_or_else(|e| e.to_string());
                return failed(format!("{what}: expected {expected}, at last {last}{}", self.tails()));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Waits until `node` sees `peer` in a status.
    ///
    /// # Errors
    /// It never does.
    pub fn await_status(&self, limit: Duration, node: &str, peer: &str, status: &str) -> Result<()> {
        let what = format!("{peer} as {node} sees it");
        self.await_answer(limit, status, &what, || self.status_of(node, peer))
    }

    /// Waits until every node sees every node active.
    ///
    /// # Errors
    /// They never do.
    pub fn await_formed(&self, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        for node in &self.names() {
            for peer in &self.names() {
                let left = deadline.saturating_duration_since(Instant::now());
                self.await_status(left, node, peer, "active")?;
            }
        }
        Ok(())
    }

    /// Waits until a node says that it holds this.
    ///
    /// # Errors
    /// It never does.
    pub fn await_held(&self, limit: Duration, node: &str, held: &str) -> Result<()> {
        self.await_answer(limit, held, &format!("what {node} holds"), || self.held(node))
    }

    /// Whether a test resource runs on a node.
    #[must_use]
    pub fn runs(&self, node: &str, resource: &str) -> bool {
        self.state_file(node, resource).exists()
    }

    /// The file that exists while a test resource runs on a node.
    #[must_use]
    pub fn state_file(&self, node: &str, resource: &str) -> PathBuf {
        self.world.node_dir(node).join("run").join(format!("labrsc.{resource}"))
    }

    /// Waits until a test resource runs on exactly these nodes.
    ///
    /// # Errors
    /// It never does.
    pub fn await_runs(&self, limit: Duration, resource: &str, on: &[&str]) -> Result<()> {
        let wanted = on.join(" ");
        self.await_answer(limit, &wanted, &format!("where {resource} runs"), || {
            let names = self.names();
            let running: Vec<&str> =
                names.iter().map(String::as_str).filter(|node| self.runs(node, resource)).collect();
            Ok(running.join(" "))
        })
    }

    /// What happened to power and test resources, in order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn events(&self) -> Result<Vec<String>> {
        let path: PathBuf = self.world.events();
        let text = std::fs::read_to_string(&path)
            .map_err(|e| LabError::Failed(format!("{}: {e}", path.display())))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The last lines of every node's logs, for the one who has to find out why.
    #[must_use]
    pub fn tails(&self) -> String {
        const LINES: usize = 12;
        let mut text = String::new();
        for node in self.names() {
            for file in ["daemon.log", "boot.log", "ha-log"] {
                let path = self.world.node_dir(&node).join(file);
                let Ok(log) = std::fs::read_to_string(&path) else { continue };
                let lines: Vec<&str> = log.lines().collect();
                let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
                if !last.is_empty() {
                    text.push_str(&format!("\n--- {node} {file}\n{}", last.join("\n")));
                }
            }
        }
        text
    }
}
