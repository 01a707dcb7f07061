//! Messages a second from one node to another through the daemons, whole and with packets lost.

use super::failover::quick_design;
use super::stats::{OURS, Report, Row};
use super::{narrate, peers};
use crate::cluster::{Cluster, Design, document_in};
use crate::error::{LabError, Result, failed};
use crate::wait::until;
use std::path::PathBuf;
use std::time::Duration;

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
    report.remarks.push(format!("heartbeat uses 2 {}", design.medium.word()));
    for (loss_percent, count) in [(0, options.count), (20, options.count / 5)] {
        narrate(&format!("{count} messages of {SIZE} bytes at {loss_percent} % loss"));
        let (mut rates, mut lost_remark) = (Vec::new(), None);
        let mut work = || -> Result<()> {
            let cluster = Cluster::build(design.clone(), &options.program)?;
            cluster.power_on()?;
            until::holds(LIMIT, "the cluster to be whole", || peers::cluster_is_ready(&cluster))?;
            for node in cluster.names() {
                cluster.world.node(&node)?.lose(loss_percent)?;
            }
            for run in 0..options.repeat {
                rates.push(rate(&cluster, count, run)?);
            }
            if loss_percent > 0 {
                let lost = cluster.world.node("n2")?.lost_packets()?;
                lost_remark = Some(format!("{lost} packets were lost before n2 at {loss_percent} %"));
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
        report.remarks.extend(lost_remark);
        report.add(Row::of(&what, OURS, "a second", &rates));
    }
    Ok(report)
}

/// Sends `count` messages from n1 and waits until n2 has them all, in order.
fn rate(cluster: &Cluster, count: u32, run: u32) -> Result<f64> {
    let (count_text, size) = (count.to_string(), SIZE.to_string());
    let log = format!("receive.{run}.log");
    let words = ["debug", "receive", "--kind", KIND, "--count", &count_text, "--json"];
    cluster.start_command("n2", &words, &log)?;
    let path = cluster.world.node_dir("n2").join(log);
    let said = || std::fs::read_to_string(&path).unwrap_or_default();
    until::holds(LIMIT, "the receiver to listen", || said().contains("receiving"))?;
    let words = ["debug", "send", "--kind", KIND, "--count", &count_text, "--size", &size];
    let sent = cluster.command("n1", &words)?;
    if sent.code != 0 {
        return failed(format!("debug send: {sent:?}"));
    }
    let document = until::some(LIMIT, "the receiver's report", || document_in(&said()))?;
    let (messages, lost) = (document["messages"].as_u64(), document["lost"].as_u64());
    match document["span_ms"].as_f64() {
        Some(span) if span > 0.0 && messages == Some(u64::from(count)) && lost == Some(0) => {
            Ok(f64::from(count) / span * 1e3)
        }
        _ => failed(format!("not all {count} arrived: {document}")),
    }
}
