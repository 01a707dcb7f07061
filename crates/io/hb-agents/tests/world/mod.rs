//! An executor under test with its master, in namespaces of its own where root allows.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant as Wall};

use hb_agents::{Executor, Places, Settings};
use hb_base::{CallId, Instant, Notice};
use hb_lrm::channel::{Report, Request, Words, decode_notice};
use hb_lrm::{Action, Class, Done, Operation, Outcome, Resource, State};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};

const PATIENCE: Duration = Duration::from_secs(60);

/// A file that is open for writing while another thread forks cannot be executed for a moment.
static FORKS: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Says what is missing, and fails unless `HB_ALLOW_MISSING` is 1. Returns whether the test can go on.
pub(crate) fn needs(what: &[(&str, &str)]) -> bool {
    let missing: Vec<String> = what
        .iter()
        .filter(|(file, _)| !Path::new(file).exists())
        .map(|(file, package)| format!("{file} (package {package})"))
        .chain((!rustix::process::geteuid().is_root()).then(|| "root, for namespaces".to_owned()))
        .collect();
    if missing.is_empty() {
        return true;
    }
    let allowed = std::env::var("HB_ALLOW_MISSING").as_deref() == Ok("1");
    assert!(allowed, "this test needs {}; HB_ALLOW_MISSING=1 skips it", missing.join(", "));
    eprintln!("skipped: needs {}", missing.join(", "));
    false
}

/// Runs `test` on a thread with its own network and mounts, `/run` empty, and one interface `eth0` with the
/// addresses 10.66.0.1/24 and fd66::1/64 whose other end is `far`.
pub(crate) fn apart(test: impl FnOnce() + Send) {
    use rustix::thread::UnshareFlags;
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: the thread is new and ends with the test; nothing else shares what it leaves behind.
            unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET | UnshareFlags::NEWNS) }.unwrap();
            run("mount --make-rprivate /");
            run("mount -t tmpfs run /run");
            run("ip link set lo up");
            run("ip link add eth0 type veth peer name far");
            run("ip link set far up");
            run("ip link set eth0 up");
            run("ip addr add 10.66.0.1/24 dev eth0");
            run("ip addr add fd66::1/64 dev eth0 nodad");
            test();
        });
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Runs a command; fails the test when it fails. Returns what it printed.
pub(crate) fn run(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap_or_else(|e| panic!("{line}: {e}"));
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{line}: {text}");
    text
}

pub(crate) struct World {
    pub(crate) root: tempfile::TempDir,
    pub(crate) executor: Executor,
    /// The master's end; `None` when it has died.
    pub(crate) master: Option<OwnedFd>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) done: Vec<Done>,
    pub(crate) states: Vec<State>,
    /// Everything else that was reported.
    pub(crate) news: Vec<Report>,
    words: Words,
    began: Wall,
    calls: u64,
}

pub(crate) fn places(root: &Path) -> Places {
    let at = |name: &str| root.join(name);
    Places {
        ha_dir: at("ha.d"),
        resource_d: at("ha.d/resource.d"),
        init_d: at("init.d"),
        rc_d: at("ha.d/rc.d"),
        ocf_root: at("ocf"),
        ocf_conf: at("ha.d/conf/OCF"),
        scratch: at("scratch"),
        stonith: at("stonith"),
    }
}

impl World {
    /// An executor with scripts of the test's own.
    pub(crate) fn new() -> World {
        World::with(places)
    }

    pub(crate) fn with(places: impl FnOnce(&Path) -> Places) -> World {
        let root = tempfile::tempdir().unwrap();
        let flags = SocketFlags::CLOEXEC;
        let (master, channel) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        let settings = Settings {
            places: places(root.path()),
            socket: Some(root.path().join("lrmd")),
            addresses: true,
            max_children: 4,
        };
        let executor = Executor::new(Instant::ZERO, settings, channel).unwrap();
        let mut world = World {
            root,
            executor,
            master: Some(master),
            notices: vec![],
            done: vec![],
            states: vec![],
            news: vec![],
            words: Words::new(),
            began: Wall::now(),
            calls: 0,
        };
        world.until("the first state", |world| !world.states.is_empty());
        world
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::ZERO + self.began.elapsed()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// An executable file.
    pub(crate) fn script(&self, path: &str, body: &str) -> PathBuf {
        let _no_fork = FORKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let path = self.file(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, body).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    pub(crate) fn tell(&self, request: &Request) {
        send(self.master.as_ref().unwrap(), &request.encode().unwrap(), SendFlags::empty()).unwrap();
    }

    pub(crate) fn submit(
        &mut self,
        resource: &Resource,
        action: Action,
        timeout: Option<Duration>,
    ) -> CallId {
        self.calls += 1;
        let call = CallId(self.calls);
        let operation = Operation { timeout, ..Operation::new(resource.clone(), action) };
        self.tell(&Request::Submit { call, operation });
        call
    }

    pub(crate) fn outcome(&mut self, call: CallId) -> Outcome {
        let mut found = None;
        self.until("the result", |world| {
            found = world.done.iter().find(|done| done.call == call).map(|done| done.outcome.clone());
            found.is_some()
        });
        found.unwrap()
    }

    /// One operation, to its end.
    pub(crate) fn act(&mut self, resource: &Resource, action: Action) -> Outcome {
        let call = self.submit(resource, action, Some(Duration::from_secs(40)));
        self.outcome(call)
    }

    /// Start and stop, each twice, with the status in between.
    pub(crate) fn cycle(&mut self, resource: &Resource) {
        assert_eq!(self.act(resource, Action::Status), Outcome::NotRunning, "{resource} before");
        for _ in 0..2 {
            assert_eq!(self.act(resource, Action::Start), Outcome::Ok, "{resource}: {:?}", self.log());
            assert_eq!(self.act(resource, Action::Status), Outcome::Running, "{resource}: {:?}", self.log());
        }
        for _ in 0..2 {
            assert_eq!(self.act(resource, Action::Stop), Outcome::Ok, "{resource}: {:?}", self.log());
            assert_eq!(
                self.act(resource, Action::Status),
                Outcome::NotRunning,
                "{resource}: {:?}",
                self.log()
            );
        }
    }

    /// Turns until `done`, or fails.
    pub(crate) fn until(&mut self, what: &str, mut done: impl FnMut(&mut World) -> bool) {
        let end = Wall::now() + PATIENCE;
        loop {
            self.collect();
            if done(self) {
                return;
            }
            assert!(Wall::now() < end, "never: {what}; {:?}", self.notices);
            let left = self.executor.deadline().map_or(Duration::MAX, |at| at.since(self.now()));
            let left = left.min(Duration::from_millis(20));
            let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
            poll(&mut [PollFd::new(&self.executor.fd(), PollFlags::IN)], Some(&limit)).unwrap();
            let _no_write = FORKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            self.executor.turn(self.now());
        }
    }

    fn collect(&mut self) {
        self.executor.forward_notices(self.now());
        // What no master takes is taken here.
        while let Some(notice) = self.executor.notice().filter(|_| self.master.is_none()) {
            self.notices.push(notice);
        }
        let mut buffer = vec![0; 300_000];
        while let Some(master) = &self.master {
            let Ok((count, _)) = recv(master.as_fd(), &mut buffer[..], RecvFlags::DONTWAIT) else { return };
            if count == 0 {
                self.master = None;
                return;
            }
            if let Some(notice) = decode_notice(&buffer[..count], &mut self.words) {
                self.notices.push(notice);
                continue;
            }
            match Report::decode(&buffer[..count]) {
                Ok(Report::Done(done)) => self.done.push(done),
                Ok(Report::State(state)) => self.states.push(state),
                Ok(news) => self.news.push(news),
                Err(_) => panic!("the executor said {:?}", String::from_utf8_lossy(&buffer[..count])),
            }
        }
    }

    pub(crate) fn has(&self, code: &str) -> bool {
        self.notices.iter().any(|notice| notice.code == code)
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.notices
            .iter()
            .filter_map(|n| n.field("text").or(n.field("reason")))
            .map(ToString::to_string)
            .collect()
    }
}

pub(crate) fn ocf(agent: &str, params: &[(&str, &str)]) -> Resource {
    Resource {
        id: agent.to_lowercase(),
        class: Class::Ocf { provider: "heartbeat".into() },
        agent: agent.into(),
        args: vec![],
        params: params.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
    }
}
