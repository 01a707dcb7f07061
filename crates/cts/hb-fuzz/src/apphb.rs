//! Targets of hb-apphb: what clients send, and the two files.

use hb_apphb::record::{Report, Request};
use hb_apphb::{Peer, RecoveryConfig, Watch, WatchConfig, WatchInput, WatchOutput};
use hb_base::{ClientId, Instant};

/// Records of applications and of the recovery manager's callers.
pub fn record(bytes: &[u8]) {
    if let Some(record) = Request::decode(bytes).and_then(|request| request.encode()) {
        assert_eq!(Request::decode(&record), Request::decode(bytes));
    }
    if let Some(record) = Report::decode(bytes).and_then(|report| report.encode()) {
        assert_eq!(Report::decode(&record), Report::decode(bytes));
    }
    converse(bytes);
}

/// The bytes as a conversation: each record behind its length in two bytes.
fn converse(mut bytes: &[u8]) {
    let client = ClientId(1);
    let peer = Peer { pid: 2, uid: 0, gid: 0, may_reboot: true };
    let mut watch = Watch::new();
    watch.handle(Instant::ZERO, WatchInput::Connected { client, peer });
    let mut now = 0;
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (record, rest) = rest.split_at(length);
        bytes = rest;
        now += length as u64;
        watch.handle(Instant::from_millis(now), WatchInput::Received { client, record: record.to_vec() });
        watch.handle(Instant::from_millis(now), WatchInput::Timer);
        let answers = std::iter::from_fn(|| watch.poll());
        let answers = answers.filter(|output| matches!(output, WatchOutput::Answer { .. })).count();
        assert!(answers <= 1, "{answers} answers to one record");
    }
}

/// `apphbd.cf` and the recovery manager's file.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lines = text.lines().count().max(1);
    let inside = |line: u32| assert!((1..=lines + 1).contains(&(line as usize)), "line {line} of {lines}");
    match RecoveryConfig::parse(text) {
        Ok(config) => assert!(config.applications.values().all(|one| !one.actions.is_empty())),
        Err(error) => inside(error.line),
    }
    if let Err(error) = WatchConfig::parse(text) {
        inside(error.line);
    }
}
