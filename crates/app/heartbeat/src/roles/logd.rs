//! The logging role: lines in, files and syslog out. Slow disks stop nobody, not even this role's own socket.

use crate::daemons::LogSocket;
use hb_base::{ClientId, Instant, Severity};
use hb_ipc::{Batch, Pair, Received};
use hb_logd::{Facility, Forward, Keep, Line, LogWriter, SinksOptions};
use hb_runtime::{Class, Event, EventLoop, Inherited, Interest, Signal};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest packet of the channel: a line with its header and fields.
const PACKET_MAX_BYTES: usize = 16 * 1024;
/// How many words the arguments are.
const WORDS: usize = 13;
/// How long what was said last may take to reach the disk.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the master tells the logging role at start, in this order, as arguments. Empty: not wanted.
pub(crate) fn arguments(options: &SinksOptions, state_dir: &Path) -> [String; WORDS] {
    let path = |path: &Option<PathBuf>| path.as_ref().map_or(String::new(), |p| p.display().to_string());
    let flag = |on: bool| String::from(if on { "1" } else { "" });
    let forward = options.forward.as_ref();
    [
        options.host.clone(),
        path(&options.logfile),
        path(&options.debugfile),
        options.syslog.map_or(String::new(), |f| f.0.to_string()),
        flag(options.stderr),
        flag(options.debug),
        flag(options.original_format),
        options.keep.max_bytes.map_or(String::new(), |bytes| bytes.to_string()),
        options.keep.files.to_string(),
        options.keep.mode.to_string(),
        path(&forward.map(|forward| forward.socket.clone())),
        forward.map_or(String::new(), |forward| forward.retry.as_millis().to_string()),
        state_dir.display().to_string(),
    ]
}

fn parse(args: &[String]) -> Option<(SinksOptions, PathBuf)> {
    let [host, logfile, debugfile, syslog, stderr, debug, original, max, files, mode, socket, retry, state] =
        args
    else {
        return None;
    };
    let path = |text: &String| (!text.is_empty()).then(|| PathBuf::from(text));
    let forward = path(socket).and_then(|socket| {
        let retry = Duration::from_millis(retry.parse().ok()?);
        Some(Forward { socket, retry })
    });
    let keep = Keep { max_bytes: max.parse().ok(), files: files.parse().ok()?, mode: mode.parse().ok()? };
    let options = SinksOptions {
        host: host.clone(),
        logfile: path(logfile),
        debugfile: path(debugfile),
        keep,
        original_format: !original.is_empty(),
        syslog: syslog.parse().ok().map(Facility),
        syslog_prefix: None,
        stderr: !stderr.is_empty(),
        debug: !debug.is_empty(),
        forward,
    };
    Some((options, state.into()))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Master,
    Listener,
    Client(ClientId),
}

struct Logd {
    events: EventLoop<Key>,
    pair: Pair,
    batch: Batch,
    log: LogWriter,
    /// Served here; `None` while somebody else does.
    socket: Option<LogSocket<Key>>,
    /// Where it is, and when it is tried next; `None` when lines go to another daemon anyway.
    wanted: Option<(PathBuf, Instant)>,
}

/// How often the socket is tried that somebody else serves: another daemon, or our predecessor who is just leaving.
const SOCKET_RETRY: Duration = Duration::from_secs(2);

pub(crate) fn run(mut inherited: Inherited) -> Result<(), String> {
    let channel = inherited.fd("pair").map_err(|e| e.to_string())?;
    inherited.settle("logd").map_err(|e| e.to_string())?;
    let (options, state_dir) =
        parse(&inherited.args).ok_or("its arguments are not as the master writes them")?;
    let failed = |e: std::io::Error| format!("the kernel gives no event loop: {e}");
    let mut events: EventLoop<Key> = EventLoop::new().map_err(failed)?;
    events.take_signals().map_err(failed)?;
    let pair = Pair::adopt(channel).map_err(failed)?;
    // The master's lines come before those of programs.
    events.add(&pair, Key::Master, Class::Clients, Interest::Read).map_err(failed)?;
    let wanted = options.forward.is_none().then_some((state_dir, Instant::ZERO));
    let log = LogWriter::start(options).map_err(failed)?;
    let batch = Batch::new(0, PACKET_MAX_BYTES);
    Logd { events, pair, batch, log, socket: None, wanted }.serve()
}

impl Logd {
    fn serve(&mut self) -> Result<(), String> {
        loop {
            self.open_socket();
            let more = self.socket.as_mut().is_some_and(|socket| socket.read_on(&mut self.events, &self.log));
            let due = self.wanted.as_ref().map(|(_, due)| *due);
            let deadline = if more { Some(self.events.now()) } else { due };
            let event = self.events.next(deadline).map_err(|e| format!("the kernel refuses to wait: {e}"))?;
            match event {
                Event::Ready { key: Key::Master, .. } if self.is_over()? => {
                    self.log.settle(PATIENCE);
                    return Ok(());
                }
                Event::Ready { key: Key::Listener, .. } => {
                    if let Some(socket) = &mut self.socket {
                        socket.accept(&mut self.events);
                    }
                }
                Event::Ready { key: Key::Client(client), .. } => {
                    if let Some(socket) = &mut self.socket {
                        socket.read(client, &mut self.events, &self.log);
                    }
                }
                Event::Signal(Signal::Hup) => self.log.reopen(),
                // It ends with the master, whose last lines it writes.
                Event::Ready { .. } | Event::Signal(_) | Event::Deadline => {}
                Event::Stalled { .. } | Event::Overrun(_) | Event::Demoted => {}
            }
        }
    }

    /// Serves the socket of the original's logging daemon, as soon as nobody else does.
    fn open_socket(&mut self) {
        let now = self.events.now();
        let Some((state_dir, due)) = &mut self.wanted else { return };
        if now < *due {
            return;
        }
        let keys: (Key, fn(ClientId) -> Key) = (Key::Listener, Key::Client);
        match LogSocket::open(state_dir, &mut self.events, keys) {
            Ok(socket) => (self.socket, self.wanted) = (Some(socket), None),
            Err(why) => {
                if *due == Instant::ZERO {
                    let text = format!("programs are not served yet: {why}");
                    self.log.push(Line::new(Severity::Info, "logd", &text));
                }
                *due = now + SOCKET_RETRY;
            }
        }
    }

    /// Takes the master's lines; true once the master has closed the channel.
    fn is_over(&mut self) -> Result<bool, String> {
        match self.pair.receive(&mut self.batch) {
            Ok(Received::Packets(_)) => {
                self.batch.packets().filter_map(Line::decode).for_each(|line| self.log.push(line));
                Ok(false)
            }
            Ok(Received::Nothing) => Ok(false),
            Ok(Received::Closed) => Ok(true),
            Err(error) => Err(format!("its channel: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_the_command_line() {
        let options = SinksOptions {
            logfile: Some("/var/log/ha-log".into()),
            syslog: Some(Facility(16)),
            debug: true,
            host: "n1".into(),
            keep: Keep { max_bytes: Some(7), files: 3, mode: 0o600 },
            forward: Some(Forward { socket: "/s".into(), retry: Duration::from_secs(60) }),
            ..Default::default()
        };
        let (parsed, state) = parse(&arguments(&options, Path::new("/state"))).unwrap();
        assert_eq!((parsed, state), (options, PathBuf::from("/state")));
    }
}
