//! Folders for daemons, and namespaces in which the original's programs find these in the usual places.

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const PROGRAM: &str = env!("CARGO_BIN_EXE_heartbeat");

/// Whether something is installed. Without it the test passes only where that was allowed.
pub(crate) fn needs(path: &str) -> bool {
    let there = Path::new(path).exists();
    let allowed = std::env::var_os("HB_ALLOW_MISSING").is_some_and(|value| value == "1");
    assert!(there || allowed, "{path} is not installed; HB_ALLOW_MISSING=1 goes on without it");
    there
}

/// Waits for something to become true.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool, seen: impl Fn() -> String) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}: not after {PATIENCE:?}\n{}", seen());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A daemon in the foreground; ended when it is dropped.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// The root folder as the daemon sees it.
    pub(crate) fn root(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.0.id()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _gone = Command::new("kill").arg(self.0.id().to_string()).status();
        let end = Instant::now() + PATIENCE;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Folders of its own.
pub(crate) struct World {
    dir: tempfile::TempDir,
    longest: Cell<Duration>,
}

impl World {
    pub(crate) fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        // apphbd is nobody.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for folder in ["run", "state"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        World { dir, longest: Cell::default() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// What a program prints, without the end of its line.
    pub(crate) fn said(&self, program: &str, words: &[&str]) -> String {
        let output = Command::new(program).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn places(&self) -> [String; 4] {
        let folder = |name: &str| self.path(name).display().to_string();
        ["--run-dir".into(), folder("run"), "--state-dir".into(), folder("state")]
    }

    /// Runs a daemon's command to its end.
    pub(crate) fn command(&self, name: &str, words: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.arg(name);
        if name == "ha_logger" {
            command.arg("--state-dir").arg(self.path("state"));
        } else {
            command.args(self.places());
        }
        command.args(words).stdin(Stdio::null()).output().unwrap()
    }

    /// Feeds text to a command.
    pub(crate) fn feed(&self, name: &str, words: &[&str], text: &str) {
        let began = Instant::now();
        let mut command = Command::new(PROGRAM);
        command.arg(name).arg("--state-dir").arg(self.path("state")).args(words).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        assert!(child.wait().unwrap().success());
        self.longest.set(self.longest.get().max(began.elapsed()));
    }

    /// How long the slowest [`World::feed`] took.
    pub(crate) fn longest_feed(&self) -> Duration {
        self.longest.get()
    }

    fn start(&self, command: &mut Command, name: &str, socket: &str) -> Daemon {
        let output = fs::File::create(self.path(&format!("{name}.output"))).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        let daemon = Daemon(command.spawn().unwrap());
        let socket = self.path(socket);
        let listens = || std::os::unix::net::UnixStream::connect(&socket).is_ok();
        until(&format!("{name} serves"), listens, || self.read(&format!("{name}.output")));
        daemon
    }

    /// Starts a daemon of ours in the foreground and waits for its socket.
    pub(crate) fn daemon(&self, name: &str, config: &str, socket: &str) -> Daemon {
        let mut command = Command::new(PROGRAM);
        command.arg(name).args(self.places()).arg("-f").arg("-c").arg(self.path(config));
        self.start(&mut command, name, socket)
    }

    /// As [`World::daemon`], in a namespace of mounts, after `prepare`.
    pub(crate) fn daemon_after(&self, prepare: &str, name: &str, config: &str, socket: &str) -> Daemon {
        let config = self.path(config).display().to_string();
        let line = format!("{prepare} && exec {PROGRAM} {name} {} -f -c {config}", self.places().join(" "));
        let mut command = unshare(&[]);
        command.args(["sh", "-c", &line]);
        self.start(&mut command, name, socket)
    }

    /// What a daemon says that does not start.
    pub(crate) fn start_refused(&self, name: &str, config: &str) -> String {
        let output = self.command(name, &["-c", self.path(config).to_str().unwrap()]);
        assert!(!output.status.success(), "it started: {output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// An application that is watched, until it is killed.
    pub(crate) fn application(&self, name: &str, interval_ms: u32) -> Child {
        let mut command = Command::new(PROGRAM);
        command.args(["debug", "beat", name, "--interval", &interval_ms.to_string(), "--run-dir"]);
        command.arg(self.path("run")).stdin(Stdio::null()).stdout(Stdio::null());
        command.spawn().unwrap()
    }

    pub(crate) fn signal(&self, pid: u32, signal: &str) {
        assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
    }

    /// Runs a shell's line where our folders are /run/heartbeat and /var/lib/heartbeat, and answers what it printed.
    pub(crate) fn in_usual_places(&self, line: &str) -> String {
        self.in_namespaces(line, &[])
    }

    /// As [`World::in_usual_places`], with processes of its own: whatever daemon the line starts ends with it.
    pub(crate) fn with_a_daemon(&self, line: &str) -> String {
        self.in_namespaces(line, &["-p", "-f", "--kill-child"])
    }

    fn in_namespaces(&self, line: &str, more: &[&str]) -> String {
        let (run, state) = (self.path("run"), self.path("state"));
        let line = format!(
            "ulimit -c 0; mount -t tmpfs none /run && mkdir /run/heartbeat && mount --bind {} /run/heartbeat && \
             mount --bind {} /var/lib/heartbeat && {{ {line}; }}",
            run.display(),
            state.display()
        );
        let output = unshare(more).args(["sh", "-c", &line]).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        said + &String::from_utf8_lossy(&output.stderr)
    }
}

/// A namespace of mounts, and what else is asked for. In a user namespace unless root.
fn unshare(more: &[&str]) -> Command {
    let root = rustix::process::geteuid().is_root();
    let mut command = Command::new("unshare");
    command.arg(if root { "-m" } else { "-Urm" }).args(more);
    command
}
