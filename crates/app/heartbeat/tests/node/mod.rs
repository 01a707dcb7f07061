//! One real node on the loopback interface: its own folders, its own port, nothing of this machine touched.
#![allow(dead_code)]

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program under test.
pub(crate) fn heartbeat() -> Command {
    Command::new(env!("CARGO_BIN_EXE_heartbeat"))
}

/// A node and its folders; ended when it is dropped.
pub(crate) struct Node {
    pub(crate) dir: tempfile::TempDir,
    port: u16,
    master: Option<Child>,
}

impl Node {
    /// Node `one` of `one two`, where `two` is never there; not started.
    pub(crate) fn new() -> Node {
        let free = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("its number").port();
        let node = Node { dir: tempfile::tempdir().expect("a folder"), port, master: None };
        for folder in ["conf/resource.d", "conf/rc.d", "state", "run", "bin"] {
            fs::create_dir_all(node.path(folder)).expect("a folder");
        }
        node.write("conf/authkeys", "auth 1\n1 sha1 secret\n");
        fs::set_permissions(node.path("conf/authkeys"), fs::Permissions::from_mode(0o600)).expect("its mode");
        node.write("conf/haresources", "");
        node.configure(&[]);
        node
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// An executable shell script.
    pub(crate) fn script(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
    }

    /// Writes ha.cf: what every test needs in five lines, then `lines`, the sixth line first.
    pub(crate) fn configure(&self, lines: &[&str]) {
        let (port, log) = (self.port, self.path("log"));
        let usual = format!(
            "udpport {port}\nnode one two\nucast lo 127.0.0.2\nrealtime off\nlogfile {}\n",
            log.display()
        );
        let mut text = usual;
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        if !lines.iter().any(|line| line.contains("deadtime")) {
            text.push_str("keepalive 50ms\ndeadtime 500ms\ninitdead 500ms\n");
        }
        if !lines.iter().any(|line| line.contains("auto_failback")) {
            text.push_str("auto_failback off\n");
        }
        self.write("conf/ha.cf", &text);
    }

    fn places(&self, command: &mut Command) {
        for (option, folder) in [("--config-dir", "conf"), ("--state-dir", "state"), ("--run-dir", "run")] {
            command.arg(option).arg(self.path(folder));
        }
        command.args(["--node", "one"]);
    }

    /// Starts it and waits until it answers.
    pub(crate) fn start(&mut self) {
        let mut command = heartbeat();
        command.arg("run");
        self.places(&mut command);
        let output = fs::File::create(self.path("output")).expect("a file");
        // Programs of the test's own come first.
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.path("bin").display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        self.master = Some(command.spawn().expect("the program starts"));
        self.until("it answers", |node| node.command(&["status"]).status.success());
    }

    /// Runs a command against it.
    pub(crate) fn command(&self, words: &[&str]) -> Output {
        let mut command = heartbeat();
        command.args(words);
        self.places(&mut command);
        command.output().expect("the program runs")
    }

    pub(crate) fn status(&self) -> serde_json::Value {
        serde_json::from_slice(&self.command(&["status", "--json"]).stdout).unwrap_or_default()
    }

    /// Waits for something to become true.
    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut(&Node) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self) {
            let (log, output) = (self.read("log"), self.read("output"));
            assert!(Instant::now() < end, "{what}: not after {PATIENCE:?}\n{log}\n{output}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.master.as_ref().expect("it runs").id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill runs").success());
    }

    /// Has it leave orderly and waits for its end.
    pub(crate) fn stop(&mut self) {
        assert!(self.command(&["stop"]).status.success(), "{}", self.read("log"));
        if let Some(mut master) = self.master.take() {
            assert!(master.wait().expect("its end").success());
        }
    }

    /// Kills its every process at once, as a crash of the whole software would.
    pub(crate) fn crash(&mut self) {
        let listed = self.status()["processes"].clone();
        let pids = listed.as_array().into_iter().flatten().filter_map(|p| p["pid"].as_u64());
        // The master first: it would replace the others.
        let all: Vec<String> = pids.map(|pid| pid.to_string()).collect();
        assert!(Command::new("kill").arg("-9").args(&all).status().expect("kill runs").success());
        if let Some(mut master) = self.master.take() {
            master.wait().expect("its end");
        }
        let gone = |pid: &String| !Path::new("/proc").join(pid).join("exe").exists();
        self.until("every process is gone", |_| all.iter().all(gone));
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut master) = self.master.take() {
            let _asked = self.command(&["stop"]);
            let end = Instant::now() + PATIENCE;
            while matches!(master.try_wait(), Ok(None)) && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _gone = master.kill();
            let _reaped = master.wait();
        }
    }
}

/// What a command said on standard error.
pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a command said on standard output.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
