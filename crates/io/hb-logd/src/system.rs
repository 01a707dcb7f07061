//! The system's log: the journal with fields where there is one, else syslog.

use crate::line::Line;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

/// A syslog facility number, as `syslog.h` counts them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facility(pub u8);

const JOURNAL: &str = "/run/systemd/journal/socket";
const SYSLOG: &str = "/dev/log";
/// Longest message that is handed to syslog.
const SYSLOG_MAX_BYTES: usize = 8 << 10;

#[derive(Debug)]
pub(crate) struct SystemLog {
    facility: Facility,
    /// Stands before each line, so that a log daemon can sort by it.
    prefix: Option<String>,
    journal: PathBuf,
    syslog: PathBuf,
    open: Option<(UnixDatagram, bool)>,
    lost: u64,
}

impl SystemLog {
    pub(crate) fn new(facility: Facility, prefix: Option<String>) -> SystemLog {
        let (journal, syslog) = (JOURNAL.into(), SYSLOG.into());
        SystemLog { facility, prefix, journal, syslog, open: None, lost: 0 }
    }

    /// Hands a line over. Waits for nobody: a log daemon that takes nothing now loses it, which is told later.
    pub(crate) fn write(&mut self, line: &Line) -> bool {
        if self.open.is_none() {
            self.open = connect(&self.journal).map(|socket| (socket, true));
        }
        if self.open.is_none() {
            self.open = connect(&self.syslog).map(|socket| (socket, false));
        }
        let Some((socket, is_journal)) = &self.open else { return false };
        let message = if *is_journal { self.for_journal(line) } else { self.for_syslog(line) };
        let sent = socket.send(&message);
        match &sent {
            Ok(_) => self.lost = 0,
            Err(error) => {
                self.lost += 1;
                if error.kind() != std::io::ErrorKind::WouldBlock {
                    self.open = None;
                }
            }
        }
        sent.is_ok()
    }

    fn sentence(&self, line: &Line) -> String {
        let lost =
            if self.lost > 0 { format!(" ({} lines before it lost)", self.lost) } else { String::new() };
        let word = if line.word { format!("{}: ", line.priority.word()) } else { String::new() };
        format!("{word}{}{lost}", line.text)
    }

    fn for_syslog(&self, line: &Line) -> Vec<u8> {
        let number = u32::from(self.facility.0) * 8 + u32::from(line.priority.0);
        let (process, pid, text) = (&line.process, line.pid, self.sentence(line));
        let mut message = match &self.prefix {
            Some(prefix) => format!("<{number}>{prefix}: {process}[{pid}]: {text}"),
            None => format!("<{number}>{process}: [{pid}]: {text}"),
        }
        .into_bytes();
        message.truncate(SYSLOG_MAX_BYTES);
        message
    }

    /// The journal's own protocol: a field a line, a value with line ends behind its length.
    fn for_journal(&self, line: &Line) -> Vec<u8> {
        let mut message = Vec::with_capacity(256 + line.text.len());
        let mut field = |name: &str, value: &str| {
            message.extend_from_slice(name.as_bytes());
            if value.contains('\n') {
                message.push(b'\n');
                message.extend_from_slice(&(value.len() as u64).to_le_bytes());
            } else {
                message.push(b'=');
            }
            message.extend_from_slice(value.as_bytes());
            message.push(b'\n');
        };
        field("MESSAGE", &line.text);
        field("PRIORITY", &line.priority.0.to_string());
        field("SYSLOG_FACILITY", &self.facility.0.to_string());
        field("SYSLOG_IDENTIFIER", self.prefix.as_ref().unwrap_or(&line.process));
        field("SYSLOG_PID", &line.pid.to_string());
        field("HEARTBEAT_PROCESS", &line.process);
        if self.lost > 0 {
            field("HEARTBEAT_LOST_BEFORE", &self.lost.to_string());
        }
        for (name, value) in line.fields.iter().filter(|(name, _)| is_name(name)) {
            field(&format!("HEARTBEAT_{name}"), value);
        }
        message
    }
}

/// What the journal takes as a field's name.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty() && name.len() < 48 && name.bytes().all(allowed)
}

fn connect(path: &PathBuf) -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    socket.connect(path).ok()?;
    socket.set_nonblocking(true).ok()?;
    Some(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hb_base::{Notice, Severity};

    fn fed(journal: bool, line: &Line) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let daemon = UnixDatagram::bind(&path).unwrap();
        let none = dir.path().join("none");
        let (journal, syslog) = if journal { (path, none) } else { (none, path) };
        let mut log = SystemLog { journal, syslog, ..SystemLog::new(Facility(3), None) };
        assert!(log.write(line));
        let mut buffer = [0; 4096];
        let length = daemon.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    fn line() -> Line {
        let notice = Notice::new(Severity::Warning, "late_heartbeat", "node paul").with("interval_no", 3);
        Line { pid: 7, ..Line::of_notice("heartbeat", &notice) }
    }

    #[test]
    fn syslog_sees_the_line_of_the_original() {
        let text = "node paul: late heartbeat (interval no 3) [late_heartbeat]";
        assert_eq!(fed(false, &line()), format!("<28>heartbeat: [7]: WARN: {text}"));
    }

    #[test]
    fn the_journal_sees_fields() {
        let seen = fed(true, &line());
        for field in [
            "MESSAGE=node paul: late heartbeat (interval no 3) [late_heartbeat]",
            "PRIORITY=4",
            "SYSLOG_FACILITY=3",
            "SYSLOG_IDENTIFIER=heartbeat",
            "SYSLOG_PID=7",
            "HEARTBEAT_CODE=late_heartbeat",
            "HEARTBEAT_SUBJECT=node paul",
            "HEARTBEAT_INTERVAL_NO=3",
        ] {
            assert!(seen.lines().any(|line| line == field), "{field} is not in\n{seen}");
        }
        let folded = fed(true, &Line { text: "a\nb".into(), fields: Vec::new(), ..line() });
        assert!(folded.starts_with("MESSAGE\n\u{3}\0\0\0\0\0\0\0a\nb\nPRIORITY=4\n"), "{folded:?}");
    }

    #[test]
    fn without_a_log_daemon_nothing_waits() {
        let none = PathBuf::from("/nonexistent/socket");
        let mut log = SystemLog { journal: none.clone(), syslog: none, ..SystemLog::new(Facility(3), None) };
        assert!(!log.write(&line()));
    }
}
