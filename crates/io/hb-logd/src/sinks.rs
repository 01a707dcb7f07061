//! Where lines end up: log file, debug file, the system's log, terminal, another logging daemon.

use crate::file::{Keep, LogFile};
use crate::line::{Line, Priority};
use crate::record;
use crate::stamp::Stamps;
use crate::system::{Facility, SystemLog};
use hb_ipc::{Framed, Framing, Limits};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Another logging daemon that gets the lines, in place of every other sink while it takes them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Forward {
    /// Its socket.
    pub socket: PathBuf,
    /// Shortest time between two tries to reach it.
    pub retry: Duration,
}

/// Which sinks to feed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SinksOptions {
    /// Everything but debug lines.
    pub logfile: Option<PathBuf>,
    /// Everything.
    pub debugfile: Option<PathBuf>,
    /// How both are kept.
    pub keep: Keep,
    /// Lines of files look like the original's (`heartbeat[7]: 2026/11/22_02:11:00 info: …`), not like syslog's.
    pub original_format: bool,
    /// Everything but debug lines, with this facility.
    pub syslog: Option<Facility>,
    /// Stands before the lines in syslog.
    pub syslog_prefix: Option<String>,
    /// Everything but debug lines, for a daemon in the foreground.
    pub stderr: bool,
    /// Debug lines are wanted at all.
    pub debug: bool,
    /// The node's name, second word of each line.
    pub host: String,
    /// Who gets the lines instead.
    pub forward: Option<Forward>,
}

/// The open sinks.
#[derive(Debug)]
pub struct Sinks {
    options: SinksOptions,
    stamps: Stamps,
    logfile: Option<LogFile>,
    debugfile: Option<LogFile>,
    syslog: Option<SystemLog>,
    daemon: Option<Framed>,
    tried: Option<Instant>,
}

/// How long a daemon may keep us waiting until it counts as gone. Nobody waits for us.
const DAEMON_PATIENCE: Duration = Duration::from_secs(2);

impl Sinks {
    /// Sinks that open themselves when the first line comes.
    pub fn new(options: SinksOptions) -> Sinks {
        let file = |path: &Option<PathBuf>| path.clone().map(|path| LogFile::new(path, options.keep));
        let (logfile, debugfile) = (file(&options.logfile), file(&options.debugfile));
        let syslog = options.syslog.map(|facility| SystemLog::new(facility, options.syslog_prefix.clone()));
        Sinks { options, stamps: Stamps::new(), logfile, debugfile, syslog, daemon: None, tried: None }
    }

    /// Files are opened anew at the next line.
    pub fn reopen(&mut self) {
        self.logfile.iter_mut().chain(&mut self.debugfile).for_each(LogFile::reopen);
    }

    /// Feeds lines to every sink that wants them: one write a file.
    pub fn write(&mut self, lines: &[Line]) {
        let wanted = |line: &&Line| self.options.debug || line.priority < Priority::DEBUG;
        let mut lines: Vec<&Line> = lines.iter().filter(wanted).collect();
        let forwarded = self.forward(&lines);
        lines.drain(..forwarded);
        if lines.is_empty() {
            return;
        }
        let now = Stamps::now();
        let (mut log, mut debug) = (Vec::new(), Vec::new());
        for line in &lines {
            let text = self.format(line, now);
            if line.priority < Priority::DEBUG {
                log.push(text.clone());
            }
            debug.push(text);
        }
        if self.options.stderr {
            let _nobody_looks = std::io::stderr().write_all(log.concat().as_bytes());
        }
        let (stamp, host) = (self.stamps.syslog(now), &self.options.host);
        let head = format!("{stamp} {host} logd: [{}]: WARN: ", std::process::id());
        for (file, lines) in [(&mut self.logfile, log), (&mut self.debugfile, debug)] {
            if let (Some(file), false) = (file, lines.is_empty()) {
                file.append(&lines, &head);
            }
        }
        if let Some(syslog) = &mut self.syslog {
            for line in lines.iter().filter(|line| line.priority < Priority::DEBUG) {
                let _counted = syslog.write(line);
            }
        }
    }

    fn format(&mut self, line: &Line, now: u64) -> String {
        let Line { process, pid, text, .. } = line;
        let at = line.at.unwrap_or(now);
        let word = if line.word { format!("{}: ", line.priority.word()) } else { String::new() };
        if self.options.original_format {
            return format!("{process}[{pid}]: {} {word}{text}\n", self.stamps.original(at));
        }
        let (stamp, host) = (self.stamps.syslog(at), &self.options.host);
        format!("{stamp} {host} {process}: [{pid}]: {word}{text}\n")
    }

    /// Hands lines to the other daemon, if there is one; says how many it took.
    fn forward(&mut self, lines: &[&Line]) -> usize {
        let Some(forward) = &self.options.forward else { return 0 };
        if self.daemon.is_none() && self.tried.is_none_or(|at| at.elapsed() >= forward.retry) {
            self.tried = Some(Instant::now());
            let connected = UnixStream::connect(&forward.socket);
            let framed =
                connected.and_then(|s| Framed::with_framing(s.into(), Framing::Classic, Limits::CLASSIC));
            self.daemon = framed.ok();
        }
        let Some(daemon) = &mut self.daemon else { return 0 };
        let now = Stamps::now();
        for (taken, line) in lines.iter().enumerate() {
            let sent = daemon.send(&record::encode(line, now)).and_then(|()| daemon.settle(DAEMON_PATIENCE));
            if sent.is_err() {
                self.daemon = None;
                return taken;
            }
        }
        lines.len()
    }
}

#[cfg(test)]
mod tests;
