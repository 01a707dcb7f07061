//! Messages a second from one node to another through the daemons, whole and with packets lost.

use super::failover::quick_design;
use super::stats::{OURS, Report, Row};
use super::{narrate, peers};
use crate::cluster::{Cluster, Design};
use crate::error::{LabError, Result, failed};
use crate::wait::until;
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
/// Bytes of payload.
const SIZE: u32 = 64;
/// The type of the messages.
const KIND: &str = "benchmark";

/// What to measure.
#[derive(Debug, Clone)]
pub struct Messages {
    /// Our program.
    pub program: PathBuf,
    /// Messages of each run without loss; a fifth of them with loss.
    pub count: u32,
    /// Runs of each row.
    pub repeat: u32,
}

/// Measures at no loss and at one packet in five lost on both media.
///
/// # Errors
/// Worlds cannot be built here.
pub fn messages(options: &Messages) -> Result<Report> {
    let mut report = Report::default();
    let design = Design {
        haresources: String::new(),
        boot: Vec::new(),
        deadtime: Duration::from_millis(500),
        keepalive: Duration::from_millis(100),
        ..quick_design()
    };
    for (loss_percent, count) in [(0, options.count), (20, options.count / 5)] {
        narrate(&format!("{count} messages of {SIZE} bytes at {loss_percent} % loss"));
        let mut rates = Vec::new();
        let mut work = || -> Result<()> {
            let cluster = Cluster::build(design.clone(), &options.program)?;
            cluster.power_on()?;
            until::holds(LIMIT, "the cluster to be whole", || peers::cluster_is_ready(&cluster))?;
            for node in cluster.names() {
                cluster.world.node(&node)?.lose(loss_percent)?;
            }
            for _ in 0..options.repeat {
                rates.push(rate(&cluster, count)?);
            }
            Ok(())
        };
        let what = format!("messages of {SIZE} bytes, {loss_percent} % loss");
        match work() {
            Err(LabError::Missing(missing)) => {
                report.remarks.push(format!("{what}: {missing} is not installed"));
            }
            Err(e) => report.failures.push(format!("{what}: {e}")),
            Ok(()) => {}
        }
        report.add(Row::of(&what, OURS, "a second", &rates));
    }
    Ok(report)
}

/// Sends `count` messages from n1 and waits until n2 has them all, in order.
fn rate(cluster: &Cluster, count: u32) -> Result<f64> {
    let (count_text, size) = (count.to_string(), SIZE.to_string());
    std::thread::scope(|scope| {
        let receiver = scope.spawn(|| {
            cluster.command("n2", &["debug", "receive", "--kind", KIND, "--count", &count_text, "--json"])
        });
        until::holds(LIMIT, "the receiver to run", || {
            let outlet = cluster.world.node("n2");
            outlet.is_ok_and(|n| n.processes().iter().any(|p| p.title.contains("debug receive")))
        })?;
        let started = Instant::now();
        let sent = cluster
            .command("n1", &["debug", "send", "--kind", KIND, "--count", &count_text, "--size", &size])?;
        if sent.code != 0 {
            return failed(format!("debug send: {sent:?}"));
        }
        let received = receiver.join().map_err(|_| LabError::Failed("the receiver panicked".into()))??;
        let elapsed = started.elapsed().as_secs_f64();
        let document: Value = serde_json::from_str(&received.output).unwrap_or(Value::Null);
        if received.code != 0 || document["lost"].as_u64().is_some_and(|lost| lost > 0) {
            return failed(format!("debug receive: {received:?}"));
        }
        // The receiver's own span leaves out the start of the programs.
        let span = document["span_ms"].as_f64().map_or(elapsed, |span| span / 1e3);
        Ok(f64::from(count) / span.max(1e-6))
    })
}
