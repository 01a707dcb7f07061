//! Targets of hb-logd: what programs and other processes send to be logged, and the daemon's file.

use hb_logd::{DaemonConfig, Line, record as records};

/// A record of a program, and a line of another process.
pub fn record(bytes: &[u8]) {
    if let Some(line) = records::decode(bytes) {
        let again = records::decode(&records::encode(&line, 0)).expect("what was written can be read");
        assert_eq!((again.priority, again.pid, again.at), (line.priority, line.pid, line.at));
        assert!(line.text.starts_with(&again.text) || again.text.ends_with('\u{fffd}'));
    }
    if let Some(line) = Line::decode(bytes) {
        let again = Line::decode(&line.encode()).expect("what was written can be read");
        assert_eq!((again.priority, again.pid), (line.priority, line.pid));
    }
}

/// `logd.cf`.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err((line, why)) = DaemonConfig::parse(text) {
        assert!((1..=text.lines().count()).contains(&(line as usize)) && !why.is_empty());
    }
}
