//! Starting, stopping and asking after a daemon, as the original's options do.

use super::DAEMONS;
use hb_ipc::Pair;
use hb_runtime::{Inherited, Role, Settle};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A daemon of ours.
pub(crate) struct Daemon {
    /// Its name: of the program, of the role, of the file with its process id.
    pub(crate) name: &'static str,
    /// What it does, for its help.
    pub(crate) about: &'static str,
    /// Its configuration where none is named.
    pub(super) default_config: Option<&'static str>,
    /// Serves until it is told to end.
    pub(super) serve: fn(Launch) -> Result<(), String>,
}

/// How a daemon is started.
pub(crate) struct Launch {
    pub(super) config: PathBuf,
    /// The file was named, so it must be there.
    pub(super) config_named: bool,
    pub(super) run_dir: PathBuf,
    pub(super) state_dir: PathBuf,
    pub(super) debug: bool,
    pub(super) foreground: bool,
    ready: Option<OwnedFd>,
}

/// How long a daemon may take to start, or to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often its end is looked for: it is no child of the one that stops it.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What a daemon says once it serves.
const READY: &[u8] = b"ready";
const MESSAGE_BYTES: usize = 4096;

impl Launch {
    /// The daemon serves: whoever started it may go on, and its terminal is let go.
    pub(super) fn is_ready(&mut self) {
        let Some(ready) = self.ready.take() else { return };
        let _gone = send(&ready, READY, SendFlags::NOSIGNAL);
        let null = std::fs::OpenOptions::new().write(true).open("/dev/null");
        if let Ok(null) = null {
            let _kept = rustix::stdio::dup2_stdout(&null);
            let _kept = rustix::stdio::dup2_stderr(&null);
        }
    }

    fn arguments(&self) -> [String; 5] {
        let path = |path: &Path| path.display().to_string();
        let flag = |on: bool| String::from(if on { "1" } else { "0" });
        [
            path(&self.config),
            flag(self.config_named),
            path(&self.run_dir),
            path(&self.state_dir),
            flag(self.debug),
        ]
    }

    fn from_arguments(args: &[String], ready: OwnedFd) -> Option<Launch> {
        let [config, named, run_dir, state_dir, debug] = args else { return None };
        Some(Launch {
            config: config.into(),
            config_named: named == "1",
            run_dir: run_dir.into(),
            state_dir: state_dir.into(),
            debug: debug == "1",
            foreground: false,
            ready: Some(ready),
        })
    }
}

/// Whether this process was started as a daemon's role; serves then.
pub(crate) fn run_role(inherited: &mut Inherited) -> Option<Result<(), String>> {
    let daemon = DAEMONS.iter().find(|daemon| daemon.name == inherited.role)?;
    Some((|| {
        let ready = inherited.fd("ready").map_err(|e| e.to_string())?;
        inherited.settle(daemon.name).map_err(|e| e.to_string())?;
        let told = ready.try_clone().map_err(|e| e.to_string())?;
        let launch = Launch::from_arguments(&inherited.args, ready);
        let launch = launch.ok_or("its arguments are not as they are written")?;
        let served = (daemon.serve)(launch);
        if let Err(why) = &served {
            // Whoever waits for its start says so; nobody waits any more later.
            let _nobody = send(&told, why.as_bytes(), SendFlags::NOSIGNAL);
        }
        served
    })())
}

/// What the words of a command ask for.
#[derive(PartialEq, Eq)]
enum Wish {
    Start,
    Status,
    Stop,
    Restart,
    Help,
}

/// Runs `NAME [-s|-k|-r] [-f] [-d] [-c FILE] [--run-dir D] [--state-dir D]`.
pub(crate) fn command(daemon: &Daemon, words: &[String]) -> ExitCode {
    let (wish, launch) = match read_words(daemon, words) {
        Ok(read) => read,
        Err(why) => {
            eprintln!("{}: error: {why}\n{}", daemon.name, usage(daemon));
            return ExitCode::from(2);
        }
    };
    let pid_file = pid_file(daemon, &launch.run_dir);
    let done = match wish {
        Wish::Help => {
            println!("{}", usage(daemon));
            Ok(ExitCode::SUCCESS)
        }
        Wish::Status => Ok(status(daemon, &pid_file)),
        Wish::Stop => stop(&pid_file).map(|_was_running| ExitCode::SUCCESS),
        Wish::Restart => stop(&pid_file).and_then(|_was_running| start(daemon, launch, &pid_file)),
        Wish::Start => start(daemon, launch, &pid_file),
    };
    done.unwrap_or_else(|why| {
        eprintln!("{}: {why}", daemon.name);
        ExitCode::FAILURE
    })
}

fn usage(daemon: &Daemon) -> String {
    format!(
        "{name} [-c FILE] [-d] [-f] | -s | -k | -r | -h\n  {about}\n  -c FILE  configuration [{config}]\n  -d  debug \
         lines too\n  -f  stay in the foreground\n  -s  is it running?\n  -k  stop it\n  -r  stop it and start it \
         again\n  --run-dir D  [/run/heartbeat]\n  --state-dir D  [/var/lib/heartbeat]",
        name = daemon.name,
        about = daemon.about,
        config = daemon.default_config.unwrap_or("none"),
    )
}

fn read_words(daemon: &Daemon, words: &[String]) -> Result<(Wish, Launch), String> {
    let mut wish = Wish::Start;
    let mut launch = Launch {
        config: daemon.default_config.unwrap_or_default().into(),
        config_named: false,
        run_dir: "/run/heartbeat".into(),
        state_dir: "/var/lib/heartbeat".into(),
        debug: false,
        foreground: false,
        ready: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().map(PathBuf::from).ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "-s" => wish = Wish::Status,
            "-k" => wish = Wish::Stop,
            "-r" => wish = Wish::Restart,
            "-h" | "--help" => wish = Wish::Help,
            "-d" => launch.debug = true,
            "-f" => launch.foreground = true,
            "-c" => (launch.config, launch.config_named) = (value()?, true),
            "--run-dir" => launch.run_dir = value()?,
            "--state-dir" => launch.state_dir = value()?,
            other if !other.starts_with('-') && !launch.config_named => {
                (launch.config, launch.config_named) = (other.into(), true);
            }
            other => return Err(format!("there is no option {other}")),
        }
    }
    Ok((wish, launch))
}

/// Beside the run folder: `/run/apphbd.pid` for `/run/heartbeat`.
fn pid_file(daemon: &Daemon, run_dir: &Path) -> PathBuf {
    // The original's logging daemon has a name of its own there.
    let name = if daemon.name == "ha_logd" { "logd" } else { daemon.name };
    run_dir.with_file_name(format!("{name}.pid"))
}

/// The process that the file names, if it runs.
fn running(pid_file: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(pid_file).ok()?;
    let pid = text.trim().parse().ok().and_then(Pid::from_raw)?;
    matches!(test_kill_process(pid), Ok(()) | Err(rustix::io::Errno::PERM)).then_some(pid)
}

fn status(daemon: &Daemon, pid_file: &Path) -> ExitCode {
    match running(pid_file) {
        Some(pid) => {
            println!("{} is running (pid {})", daemon.name, pid.as_raw_nonzero());
            ExitCode::SUCCESS
        }
        None => {
            println!("{} is stopped", daemon.name);
            ExitCode::from(3)
        }
    }
}

fn stop(pid_file: &Path) -> Result<bool, String> {
    let Some(pid) = running(pid_file) else { return Ok(false) };
    kill_process(pid, Signal::TERM).map_err(|e| format!("process {}: {e}", pid.as_raw_nonzero()))?;
    let end = Instant::now() + PATIENCE;
    while running(pid_file) == Some(pid) {
        if Instant::now() > end {
            return Err(format!("process {} does not end", pid.as_raw_nonzero()));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let _gone_already = std::fs::remove_file(pid_file);
    Ok(true)
}

fn start(daemon: &Daemon, launch: Launch, pid_file: &Path) -> Result<ExitCode, String> {
    if let Some(pid) = running(pid_file) {
        println!("{} is running already (pid {})", daemon.name, pid.as_raw_nonzero());
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(folder) = pid_file.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    crate::roles::make_run_dir(&launch.run_dir)?;
    let write = |pid: u32| {
        std::fs::write(pid_file, format!("{pid}\n")).map_err(|e| format!("{}: {e}", pid_file.display()))
    };
    if launch.foreground {
        write(std::process::id())?;
        let served = (daemon.serve)(launch);
        let _not_ours_any_more = std::fs::remove_file(pid_file);
        return served.map(|()| ExitCode::SUCCESS);
    }
    let (ours, theirs) = Pair::new(64 << 10, 64 << 10).map_err(|e| e.to_string())?;
    let words = launch.arguments();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let settle = Settle { parent_death: None, ..Settle::executor() };
    let fds = [("ready", theirs.as_fd())];
    let role = Role { name: daemon.name, title: daemon.name, args: &words, fds: &fds, settle };
    let child = role.spawn().map_err(|e| e.to_string())?;
    drop(theirs);
    let said = wait_for_word(&ours)?;
    if said != READY {
        let why = String::from_utf8_lossy(&said).into_owned();
        return Err(if why.is_empty() { "it ended at once".to_owned() } else { why });
    }
    write(child.pid())?;
    Ok(ExitCode::SUCCESS)
}

fn wait_for_word(pair: &Pair) -> Result<Vec<u8>, String> {
    let limit = Timespec::try_from(PATIENCE).ok();
    let ready = rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(pair, PollFlags::IN)], limit.as_ref()));
    if ready.map_err(|e| e.to_string())? == 0 {
        return Err("it does not say that it serves".to_owned());
    }
    let mut buffer = vec![0; MESSAGE_BYTES];
    let (length, _) = recv(pair, buffer.as_mut_slice(), RecvFlags::empty()).map_err(|e| e.to_string())?;
    buffer.truncate(length);
    Ok(buffer)
}
