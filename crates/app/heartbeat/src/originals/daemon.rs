//! `heartbeat` with the options of the original: `-k` stop, `-s` status, `-r` reload, `-V` version; without one of these
//! it starts the daemon in the background.

use crate::cli::Places;
use crate::control::Client;
use crate::load;
use crate::roles::pid_file;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// LSB: not configured.
const NOT_CONFIGURED: u8 = 6;
/// LSB: not running.
const NOT_RUNNING: u8 = 3;
/// How long the daemon may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How often it is asked whether it does. It opens its socket first of all.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// The option of `heartbeat run` for `-M`.
const NO_RESOURCES: &str = "--no-resources";

const USAGE: &str = "
Usage: heartbeat [-dDkMrRsvWlVf] [-C Current-resource-state]
\t-C only valid with -R
\t-r is mutually exclusive with -R";

/// What the options ask for.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Options {
    stop: bool,
    status: bool,
    reload: bool,
    version: bool,
    defaults: bool,
    no_resources: bool,
    /// The first letter that means nothing.
    unknown: Option<char>,
}

/// The options of the original; `None` when the first word is not one, so that it is a command of ours.
pub(super) fn options(words: &[String]) -> Option<Options> {
    let is_option = |word: &String| word.len() > 1 && word.starts_with('-') && !word.starts_with("--");
    // `-h` is ours: it tells more.
    if !words.first().is_some_and(|word| is_option(word) && word != "-h") {
        return None;
    }
    let mut options = Options::default();
    for letter in words.iter().filter(|word| is_option(word)).flat_map(|word| word.chars().skip(1)) {
        match letter {
            'k' => options.stop = true,
            's' => options.status = true,
            'r' => options.reload = true,
            'V' => options.version = true,
            'D' => options.defaults = true,
            'M' => options.no_resources = true,
            // Debugging, a dump of the configuration, no realtime: ha.cf says these here.
            'd' | 'v' | 'l' | 'W' | 'f' => {}
            other => options.unknown = options.unknown.or(Some(other)),
        }
    }
    Some(options)
}

pub(super) fn run(options: &Options, places: &Places) -> ExitCode {
    if let Some(letter) = options.unknown {
        eprintln!("heartbeat: invalid option -- '{letter}'\n{USAGE}");
        return ExitCode::from(2);
    }
    let running = running(places);
    match running {
        _ if options.version => {
            println!("{}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        _ if options.defaults => defaults(),
        _ if options.status => status(places, running),
        _ if options.stop => stop(running),
        Some(pid) if options.reload => reload(places, pid),
        Some(pid) => {
            eprintln!("heartbeat: already running [pid {}].", pid.as_raw_nonzero());
            ExitCode::SUCCESS
        }
        None => start(options, places),
    }
}

/// The daemon's process, if it lives.
fn running(places: &Places) -> Option<Pid> {
    let text = std::fs::read_to_string(pid_file(&places.run_dir)).ok()?;
    let pid = Pid::from_raw(text.trim().parse().ok()?)?;
    let lives = match rustix::process::test_kill_process(pid) {
        Ok(()) | Err(rustix::io::Errno::PERM) => true,
        Err(_) => false,
    };
    lives.then_some(pid)
}

fn status(places: &Places, running: Option<Pid>) -> ExitCode {
    match running {
        Some(pid) => {
            let node = load::node_name(places);
            println!("heartbeat OK [pid {} et al] is running on {node} [{node}]...", pid.as_raw_nonzero());
            ExitCode::SUCCESS
        }
        None => {
            println!("heartbeat is stopped. No process");
            ExitCode::from(NOT_RUNNING)
        }
    }
}

fn stop(running: Option<Pid>) -> ExitCode {
    let Some(pid) = running else {
        println!("INFO: Heartbeat already stopped.");
        return ExitCode::SUCCESS;
    };
    // Watched before it is told, so that no other process is taken for it.
    let Ok(watched) = pidfd_open(pid, PidfdFlags::empty()) else { return ExitCode::SUCCESS };
    if let Err(error) = kill_process(pid, Signal::TERM) {
        eprintln!("heartbeat: error: cannot stop process {}: {error}", pid.as_raw_nonzero());
        return ExitCode::from(if error == rustix::io::Errno::PERM { 4 } else { 1 });
    }
    while let Err(rustix::io::Errno::INTR) = poll(&mut [PollFd::new(&watched, PollFlags::IN)], None) {}
    ExitCode::SUCCESS
}

fn reload(places: &Places, pid: Pid) -> ExitCode {
    let (config, diagnostics) = load::check(places);
    diagnostics.iter().for_each(|diagnostic| eprintln!("{diagnostic}"));
    if config.is_none() {
        return ExitCode::from(NOT_CONFIGURED);
    }
    eprintln!("heartbeat: info: Signalling heartbeat pid {} to reread config files", pid.as_raw_nonzero());
    match kill_process(pid, Signal::HUP) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("heartbeat: error: cannot signal process {}: {error}", pid.as_raw_nonzero());
            ExitCode::from(if error == rustix::io::Errno::PERM { 4 } else { 1 })
        }
    }
}

fn defaults() -> ExitCode {
    println!("Directive                Default   Description");
    println!("{}", "-".repeat(80));
    for directive in hb_config::DIRECTIVES {
        if let Some(text) = directive.default.text() {
            println!("{:24} {text:9} {}", directive.name, directive.help);
        }
    }
    ExitCode::SUCCESS
}

/// Starts the daemon and returns when it answers.
fn start(options: &Options, places: &Places) -> ExitCode {
    let (config, diagnostics) = load::check(places);
    diagnostics.iter().for_each(|diagnostic| eprintln!("{diagnostic}"));
    if config.is_none() {
        return ExitCode::from(NOT_CONFIGURED);
    }
    match spawn(options, places) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("heartbeat: error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn spawn(options: &Options, places: &Places) -> Result<(), String> {
    let mut command = Command::new("/proc/self/exe");
    command.arg("run").args(options.no_resources.then_some(NO_RESOURCES));
    for (option, dir) in [
        ("--config-dir", &places.config_dir),
        ("--state-dir", &places.state_dir),
        ("--run-dir", &places.run_dir),
    ] {
        command.arg(option).arg(dir);
    }
    command.args(places.node.iter().flat_map(|node| ["--node", node.as_str()]));
    command.arg0("heartbeat").current_dir("/").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("cannot start the daemon: {error}"))?;
    let pid = Pid::from_child(&child);
    let watched =
        pidfd_open(pid, PidfdFlags::empty()).map_err(|error| format!("cannot watch the daemon: {error}"))?;
    let end = Instant::now() + START_LIMIT;
    while Instant::now() < end {
        // Until it ends, or it is time to ask again.
        let timeout = rustix::event::Timespec::try_from(ASK_EVERY).ok();
        let _asked_again = poll(&mut [PollFd::new(&watched, PollFlags::IN)], timeout.as_ref());
        if let Ok(Some(ended)) = child.try_wait() {
            return Err(format!("the daemon ended at once: {ended}; its log says why"));
        }
        // Its socket comes first, its process id when everything is open.
        if running(places) == Some(pid) && Client::connect(&places.run_dir).is_ok() {
            return Ok(());
        }
    }
    Err(format!("the daemon does not answer within {} s; its log says why", START_LIMIT.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Options> {
        options(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_of_the_original_are_told_from_our_commands() {
        for line in ["", "run", "status --json", "--version", "--help", "-h", "cts lab"] {
            assert_eq!(parse(line), None, "{line}");
        }
        assert_eq!(parse("-k"), Some(Options { stop: true, ..Options::default() }));
        assert_eq!(parse("-dM"), Some(Options { no_resources: true, ..Options::default() }));
        assert_eq!(parse("-s -x"), Some(Options { status: true, unknown: Some('x'), ..Options::default() }));
    }
}
