//! A rendered line on its way to the logging role.

use hb_base::{Notice, Severity};

/// How much a line matters, as syslog counts: 0 is an emergency, 7 is for developers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Priority(pub u8);

impl Priority {
    /// For developers.
    pub const DEBUG: Priority = Priority(7);
    /// Normal course of events.
    pub const INFO: Priority = Priority(6);
    /// Worth a look.
    pub const WARNING: Priority = Priority(4);

    /// The original's word: `EMERG` … `ERROR`, `WARN`, `notice`, `info`, `debug` (spec: ipc section 4).
    pub const fn word(self) -> &'static str {
        match self.0 {
            0 => "EMERG",
            1 => "ALERT",
            2 => "CRIT",
            3 => "ERROR",
            4 => "WARN",
            5 => "notice",
            6 => "info",
            _ => "debug",
        }
    }
}

impl From<Severity> for Priority {
    fn from(severity: Severity) -> Priority {
        match severity {
            Severity::Critical => Priority(2),
            Severity::Error => Priority(3),
            Severity::Warning => Priority::WARNING,
            Severity::Info => Priority::INFO,
            Severity::Debug => Priority::DEBUG,
        }
    }
}

/// One line for the log: how much it matters, who says it, what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// How much it matters.
    pub priority: Priority,
    /// Whether the priority's word stands before the text.
    pub word: bool,
    /// When it was said, seconds since 1970; `None` is now.
    pub at: Option<u64>,
    /// Name of the process that says it, `heartbeat` for the master.
    pub process: String,
    /// Its process id.
    pub pid: u32,
    /// The text.
    pub text: String,
    /// More for sinks that keep fields, such as the journal: name and value.
    pub fields: Vec<(String, String)>,
}

/// Longest text a line carries; the rest is cut.
pub(crate) const TEXT_MAX_BYTES: usize = 5120;
/// Longest name or value of a field on the channel.
const FIELD_MAX_BYTES: usize = 255;
/// Fields that a line carries over the channel.
const FIELDS_MAX: usize = 16;

impl Line {
    /// A line said now by this process, which calls itself `process`.
    pub fn new(severity: Severity, process: &str, text: &str) -> Line {
        Line {
            priority: severity.into(),
            word: true,
            at: None,
            process: process.to_owned(),
            pid: std::process::id(),
            text: text.to_owned(),
            fields: Vec::new(),
        }
    }

    /// The line of a notice, with its code, subject and fields.
    pub fn of_notice(process: &str, notice: &Notice) -> Line {
        let mut line = Line::new(notice.severity, process, &crate::render(notice));
        line.fields.push(("CODE".to_owned(), notice.code.to_owned()));
        if !notice.subject.is_empty() {
            line.fields.push(("SUBJECT".to_owned(), notice.subject.clone()));
        }
        let named = |(name, value): &(&str, hb_base::Value)| (name.to_ascii_uppercase(), value.to_string());
        line.fields.extend(notice.fields.iter().map(named));
        line
    }

    /// Bytes that it takes in a queue.
    pub(crate) fn weight(&self) -> usize {
        let fields: usize = self.fields.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
        size_of::<Line>() + self.process.len() + self.text.len() + fields
    }

    /// The channel's form: one byte priority, four bytes pid (little endian), then behind its length in one byte each:
    /// the process name, and after a byte with their number the fields' names and values; last the text.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.text.len());
        bytes.push(self.priority.0);
        bytes.extend_from_slice(&self.pid.to_le_bytes());
        push_short(&mut bytes, &self.process);
        let fields = self.fields.get(..FIELDS_MAX).unwrap_or(&self.fields);
        bytes.push(fields.len() as u8);
        for (name, value) in fields {
            push_short(&mut bytes, name);
            push_short(&mut bytes, value);
        }
        let text = self.text.as_bytes();
        bytes.extend_from_slice(text.get(..TEXT_MAX_BYTES).unwrap_or(text));
        bytes
    }

    /// Reads the channel's form; `None` when it is cut short or of no known priority.
    pub fn decode(bytes: &[u8]) -> Option<Line> {
        let (&priority, rest) = bytes.split_first()?;
        let (pid, rest) = rest.split_first_chunk::<4>()?;
        let (process, rest) = take_short(rest)?;
        let (&count, mut rest) = rest.split_first()?;
        let mut fields = Vec::with_capacity(usize::from(count).min(FIELDS_MAX));
        for _ in 0..count {
            let (name, after) = take_short(rest)?;
            let (value, after) = take_short(after)?;
            fields.push((name, value));
            rest = after;
        }
        Some(Line {
            priority: Priority(priority).min(Priority::DEBUG),
            word: true,
            at: None,
            process,
            pid: u32::from_le_bytes(*pid),
            text: String::from_utf8_lossy(rest).replace(['\n', '\r'], " "),
            fields,
        })
    }
}

fn push_short(bytes: &mut Vec<u8>, text: &str) {
    let text = text.as_bytes();
    let text = text.get(..FIELD_MAX_BYTES).unwrap_or(text);
    bytes.push(text.len() as u8);
    bytes.extend_from_slice(text);
}

fn take_short(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(length))?;
    Some((String::from_utf8_lossy(text).into_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_survives_the_channel_and_a_torn_one_is_refused() {
        let notice = Notice::new(Severity::Warning, "late_heartbeat", "node paul").with("count", 3);
        let line = Line::of_notice("heartbeat", &notice);
        let bytes = line.encode();
        assert_eq!(Line::decode(&bytes), Some(line.clone()));
        let head = bytes.len() - line.text.len();
        assert!((0..head).all(|n| Line::decode(&bytes[..n]).is_none()));
        assert_eq!(line.fields[0], ("CODE".to_owned(), "late_heartbeat".to_owned()));
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let mut line = Line::new(Severity::Info, &"p".repeat(300), &"x".repeat(9000));
        line.fields = vec![("A".repeat(300), "b".repeat(300)); 20];
        let read = Line::decode(&line.encode()).unwrap();
        assert_eq!((read.process.len(), read.text.len(), read.fields.len()), (255, TEXT_MAX_BYTES, 16));
    }
}
