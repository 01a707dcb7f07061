//! Where lines end up: log file, debug file, syslog, terminal.

use crate::Line;
use hb_base::Severity;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

/// A syslog facility number, as `syslog.h` counts them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facility(pub u8);

/// Which sinks to feed.
#[derive(Clone, Debug, Default)]
pub struct SinksOptions {
    /// Everything but debug lines.
    pub logfile: Option<PathBuf>,
    /// Everything.
    pub debugfile: Option<PathBuf>,
    /// Everything but debug lines, with this facility.
    pub syslog: Option<Facility>,
    /// Everything but debug lines, for a daemon in the foreground.
    pub stderr: bool,
    /// Debug lines are wanted at all.
    pub debug: bool,
    /// The node's name, second word of each line.
    pub host: String,
}

/// The open sinks.
#[derive(Debug)]
pub struct Sinks {
    options: SinksOptions,
    logfile: Option<File>,
    debugfile: Option<File>,
    syslog: Option<UnixDatagram>,
    lost: u64,
}

impl Sinks {
    /// Sinks that open themselves when the first line comes.
    pub fn new(options: SinksOptions) -> Sinks {
        Sinks { options, logfile: None, debugfile: None, syslog: None, lost: 0 }
    }

    /// Feeds one line to every sink that wants it. `stamp` is the local time, already formatted
    /// (`Nov 22 02:11:00`).
    pub fn write(&mut self, stamp: &str, line: &Line) {
        let debug = line.severity == Severity::Debug;
        if debug && !self.options.debug {
            return;
        }
        let Line { severity, process, pid, text } = line;
        let host = &self.options.host;
        let mut full = format!("{stamp} {host} {process}: [{pid}]: {}: {text}\n", severity.word());
        if self.lost > 0 {
            full.push_str(&format!(
                "{stamp} {host} {process}: [{pid}]: WARN: {} log lines lost\n",
                self.lost
            ));
        }
        // A line is lost when no sink took it: a machine without syslog still has its file.
        let mut taken = false;
        if let (Some(path), false) = (&self.options.logfile, debug) {
            taken |= append(&mut self.logfile, path, &full);
        }
        if let Some(path) = &self.options.debugfile {
            taken |= append(&mut self.debugfile, path, &full);
        }
        if self.options.stderr && !debug {
            taken |= std::io::stderr().write_all(full.as_bytes()).is_ok();
        }
        if let (Some(facility), false) = (self.options.syslog, debug) {
            taken |= self.feed_syslog(facility, line);
        }
        self.lost = if taken { 0 } else { self.lost + 1 };
    }

    fn feed_syslog(&mut self, facility: Facility, line: &Line) -> bool {
        if self.syslog.is_none() {
            self.syslog = UnixDatagram::unbound().ok().filter(|s| s.connect("/dev/log").is_ok());
        }
        let Some(socket) = &self.syslog else { return false };
        let level = match line.severity {
            Severity::Critical => 2,
            Severity::Error => 3,
            Severity::Warning => 4,
            Severity::Info => 6,
            Severity::Debug => 7,
        };
        let word = line.severity.word();
        let text =
            format!("<{}>{}: [{}]: {word}: {}", facility.0 * 8 + level, line.process, line.pid, line.text);
        let sent = socket.send(text.as_bytes()).is_ok();
        if !sent {
            self.syslog = None;
        }
        sent
    }
}

/// Appends, opening the file when it is not open or was moved away by rotation.
fn append(file: &mut Option<File>, path: &PathBuf, text: &str) -> bool {
    if file.as_ref().is_some_and(|f| was_moved(f, path)) {
        *file = None;
    }
    if file.is_none() {
        *file = OpenOptions::new().append(true).create(true).mode(0o640).open(path).ok();
    }
    let Some(open) = file else { return false };
    let written = open.write_all(text.as_bytes()).is_ok();
    if !written {
        *file = None;
    }
    written
}

fn was_moved(file: &File, path: &PathBuf) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(named)) => open.ino() != named.ino() || open.dev() != named.dev(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, severity: Severity) -> Line {
        Line { severity, process: "heartbeat".into(), pid: 7, text: text.into() }
    }

    #[test]
    fn lines_reach_the_file_also_after_rotation_and_a_full_disk_is_reported_later() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ha-log");
        let options = SinksOptions { logfile: Some(path.clone()), host: "n1".into(), ..Default::default() };
        let mut sinks = Sinks::new(options);
        sinks.write("Nov 22 02:11:00", &line("one", Severity::Info));
        sinks.write("Nov 22 02:11:00", &line("hidden", Severity::Debug));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "Nov 22 02:11:00 n1 heartbeat: [7]: info: one\n");
        std::fs::rename(&path, dir.path().join("ha-log.1")).unwrap();
        sinks.write("s", &line("two", Severity::Error));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "s n1 heartbeat: [7]: ERROR: two\n");

        let mut full = Sinks::new(SinksOptions { logfile: Some("/dev/full".into()), ..Default::default() });
        full.write("s", &line("lost", Severity::Info));
        full.options.logfile = Some(path.clone());
        full.write("s", &line("back", Severity::Info));
        assert!(std::fs::read_to_string(&path).unwrap().contains("1 log lines lost"));
    }
}
