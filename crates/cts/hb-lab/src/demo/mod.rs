//! The demonstration: two machines, one address, a small web service, and everything that can go
//! wrong with them, on this machine, in under forty seconds. A client that asks a thousand times a
//! second says what each event cost.

mod screen;
mod steps;

use crate::cluster::{Cluster, Design, Stonith, System};
use crate::error::Result;
use crate::permit::Permit;
use crate::probe::Probe;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use screen::Screen;

/// The address that the cluster keeps.
pub const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 100);
/// No step begins later than this.
const BUDGET: Duration = Duration::from_secs(34);

/// Where the demonstration talks to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narration {
    /// To standard output.
    Output,
    /// To standard error, when standard output carries a document.
    Error,
}

/// What to show.
#[derive(Debug, Clone)]
pub struct Options {
    /// The heartbeat program.
    pub program: PathBuf,
    /// Only the steps in which nothing dies.
    pub quick: bool,
    /// Where to talk.
    pub narration: Narration,
    /// What [`crate::permit::enter`] said.
    pub permit: Permit,
}

/// One step as it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// `form`, `link-cut`, …
    pub name: &'static str,
    /// Everything happened as it should.
    pub ok: bool,
    /// The longest run of unanswered questions.
    pub outage: Duration,
    /// From the event until everything was as it should be.
    pub took: Duration,
    /// What happened, or what was wrong.
    pub detail: String,
}

/// How the demonstration went.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Nodes of the cluster.
    pub nodes: usize,
    /// In order.
    pub steps: Vec<Step>,
}

impl Report {
    /// Everything happened as it should.
    #[must_use]
    pub fn ok(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.ok)
    }

    /// The document of `demo --json`.
    #[must_use]
    pub fn json(&self) -> Value {
        let steps: Vec<Value> = self
            .steps
            .iter()
            .map(|step| {
                json!({
                    "name": step.name, "ok": step.ok, "outage_ms": milliseconds(step.outage),
                    "took_ms": milliseconds(step.took), "detail": step.detail,
                })
            })
            .collect();
        json!({"ok": self.ok(), "nodes": self.nodes, "steps": steps})
    }

    /// The table at the end.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("\n{:12} {:>12} {:>10}   {}\n", "step", "no answer", "took", "what happened");
        for step in &self.steps {
            let verdict = if step.ok { "" } else { "WRONG: " };
            let first = step.detail.lines().next().unwrap_or_default();
            let _ = writeln!(
                text,
                "{:12} {:>9.0} ms {:>7.0} ms   {verdict}{first}",
                step.name,
                milliseconds(step.outage),
                milliseconds(step.took)
            );
        }
        text.push_str("\nThe client asked every millisecond; \"no answer\" is its longest silence.\n");
        text
    }
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e4).round() / 10.0
}

/// Builds the world, goes through the steps, and takes everything down again.
///
/// # Errors
/// The world cannot be built. What goes wrong in a step is in the report.
pub fn run(options: &Options) -> Result<Report> {
    let screen = Screen::open(options.narration);
    let realtime = crate::permit::realtime_allowed();
    screen.say(&introduction(options.permit, realtime));
    let cluster = Cluster::build(design(realtime), &options.program)?;
    let probe = Probe::start(cluster.world.client(), SERVICE)?;
    let nodes = cluster.names().len();
    let stage = steps::Stage::new(cluster, probe, screen);
    let started = Instant::now();
    let mut report = Report { nodes, steps: Vec::new() };
    for plan in steps::PLANS.iter().filter(|plan| plan.quick || !options.quick) {
        let step = if started.elapsed() < BUDGET {
            stage.perform(plan)
        } else {
            let detail = "not shown: the steps before it took too long".to_owned();
            Step { name: plan.name, ok: false, outage: Duration::ZERO, took: Duration::ZERO, detail }
        };
        stage.screen.finished(&step);
        let formed = step.name != "form" || step.ok;
        report.steps.push(step);
        if !formed {
            break;
        }
    }
    stage.screen.say(report.text().trim_end());
    if !report.ok() {
        stage.screen.say(&stage.cluster.tails());
    }
    Ok(report)
}

fn introduction(permit: Permit, realtime: bool) -> String {
    let rights = match permit {
        Permit::Administrator => "in namespaces of their own",
        Permit::UserNamespace => "in a user namespace, since you are not root",
    };
    let speed = if realtime {
        "Realtime scheduling is permitted: heartbeats every 10 ms, dead after 50 ms."
    } else {
        "Realtime scheduling is not permitted: heartbeats every 50 ms, dead after 500 ms."
    };
    format!(
        "Two machines, {rights}, with two networks. They keep the address {SERVICE} and a small web\n\
         service answering; a client asks it every millisecond. A power switch outside the machines\n\
         is their fencing device. {speed}\n"
    )
}

fn design(realtime: bool) -> Design {
    let (keepalive, deadtime) = if realtime { (10, 50) } else { (50, 500) };
    Design {
        systems: vec![System::Ours; 2],
        keepalive: Duration::from_millis(keepalive),
        deadtime: Duration::from_millis(deadtime),
        realtime,
        fencing: true,
        stonith: Stonith::Own,
        haresources: format!("n1 {SERVICE}/24/eth0 websvc::{SERVICE}\n"),
        at_boot: true,
        ..Design::default()
    }
}

#[cfg(test)]
mod tests;
