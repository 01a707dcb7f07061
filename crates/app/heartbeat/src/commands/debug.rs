//! Sending and receiving cluster messages from the command line: for tests and measurements.

use super::write_json;
use crate::cli::{Json, Places};
use crate::control::{Client, Failure};
use hb_ipc::Request;
use hb_wire::Message;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A receiver gives up when nothing came for so long.
const QUIET_LIMIT: Duration = Duration::from_secs(20);

/// Sends `count` numbered messages of `size` bytes payload.
pub(crate) fn send(places: &Places, kind: &str, count: u64, size: usize) -> ExitCode {
    let pad = "x".repeat(size);
    let run = || -> Result<Duration, Failure> {
        let mut client = Client::connect(&places.run_dir)?;
        let began = Instant::now();
        for number in 1..=count {
            let message = Message::new(kind).with_decimal("number", number).with("pad", pad.as_str());
            let bytes = hb_wire::netstring::encode(&message).map_err(|e| Failure::Broken(e.to_string()))?;
            client.push(&bytes)?;
        }
        client.settle()?;
        // An answer to a question asked after them shows that all were taken.
        client.ask_within(&Request::Status, Duration::from_secs(600))?;
        Ok(began.elapsed())
    };
    match run() {
        Ok(took) => {
            println!("{count} messages taken in {:.3} s", took.as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(failure) => failure.report(),
    }
}

/// What came from one sender.
#[derive(Default)]
struct Heard {
    messages: u64,
    lost: u64,
    out_of_order: u64,
    newest: u64,
}

/// Receives messages until `count` came or nothing comes any more, and reports them by sender.
pub(crate) fn receive(places: &Places, kind: &str, count: Option<u64>, json: &Json) -> ExitCode {
    match collect(places, kind, count) {
        Ok((heard, seconds)) => report(&heard, seconds, count, json),
        Err(failure) => failure.report(),
    }
}

fn collect(
    places: &Places,
    kind: &str,
    count: Option<u64>,
) -> Result<(BTreeMap<String, Heard>, f64), Failure> {
    let mut client = Client::connect(&places.run_dir)?;
    client.ask(&Request::Receive { kind: Some(kind.to_owned()) })?;
    eprintln!("receiving {kind}");

    let mut heard: BTreeMap<String, Heard> = BTreeMap::new();
    let (mut total, mut first, mut last) = (0, None, Instant::now());
    while count.is_none_or(|wanted| total < wanted) {
        let Some(frame) = client.next_frame(Some(QUIET_LIMIT))? else { break };
        let Ok(message) = hb_wire::decode(&frame) else { continue };
        let sender = heard.entry(message.text("src").unwrap_or("?").to_owned()).or_default();
        if let (Some(a), Some(b)) = (message.decimal("gap_first"), message.decimal("gap_last")) {
            sender.lost += b.saturating_sub(a) + 1;
            continue;
        }
        let number = message.decimal("number").unwrap_or(0);
        sender.out_of_order += u64::from(number <= sender.newest);
        sender.newest = number;
        sender.messages += 1;
        total += 1;
        last = Instant::now();
        first.get_or_insert(last);
    }
    let seconds = first.map_or(0.0, |first| last.duration_since(first).as_secs_f64());
    Ok((heard, seconds))
}

fn report(heard: &BTreeMap<String, Heard>, seconds: f64, count: Option<u64>, json: &Json) -> ExitCode {
    let total: u64 = heard.values().map(|h| h.messages).sum();
    let senders: Vec<_> = heard
        .iter()
        .map(|(name, h)| {
            json!({"sender": name, "messages": h.messages, "lost": h.lost, "out_of_order": h.out_of_order})
        })
        .collect();
    let rate = if seconds > 0.0 { (total as f64) / seconds } else { 0.0 };
    let lost: u64 = heard.values().map(|h| h.lost).sum();
    let document = json!({
        "messages": total, "lost": lost, "span_ms": seconds * 1e3, "messages_per_second": rate,
        "senders": senders,
    });
    match write_json(json, &document) {
        Ok(true) => {}
        Ok(false) => println!("{total} messages in {seconds:.3} s: {rate:.0} a second\n{document}"),
        Err(why) => {
            eprintln!("heartbeat: error: {why}");
            return ExitCode::from(1);
        }
    }
    let clean = heard.values().all(|h| h.lost == 0 && h.out_of_order == 0);
    let all = count.is_none_or(|wanted| total == wanted);
    if clean && all { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
