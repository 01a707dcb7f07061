//! Real processes under the runner: what ends, what is killed, what is kept of their output.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hb_agents::{
    Event, HEAD_BYTES, LOGGED_LINES, Places, Runner, StonithProblem, stonith_parameters, stonith_types,
};
use hb_base::{CallId, Notice};
use hb_lrm::{Action, Class, Ending, Exit, Operation, Outcome, Resource, Signal, interpret};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A file that is open for writing while another thread forks cannot be executed for a moment.
static FORKS: std::sync::Mutex<()> = std::sync::Mutex::new(());

const PATIENCE: Duration = Duration::from_secs(30);

struct World {
    root: tempfile::TempDir,
    runner: Runner,
    notices: Vec<Notice>,
}

impl World {
    fn new() -> World {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let places = Places {
            ha_dir: at("ha.d"),
            resource_d: at("resource.d"),
            init_d: at("init.d"),
            rc_d: at("rc.d"),
            ocf_root: at("ocf"),
            ocf_conf: at("conf"),
            scratch: at("scratch"),
            stonith: at("stonith"),
        };
        fs::create_dir_all(&places.init_d).unwrap();
        World { root, runner: Runner::new(places).unwrap(), notices: vec![] }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// An init script `name` with this body.
    fn script(&self, name: &str, body: &str) -> Resource {
        let _no_fork = FORKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let path = self.runner.places().init_d.join(name);
        fs::write(&path, body).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Resource { id: name.into(), class: Class::Lsb, agent: name.into(), args: vec![], params: vec![] }
    }

    fn start(&mut self, call: u64, resource: &Resource) -> Result<(), Outcome> {
        let _no_write = FORKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.runner.start(CallId(call), &Operation::new(resource.clone(), Action::Start))
    }

    /// Turns until `done`, or fails.
    fn until(&mut self, mut done: impl FnMut(&mut World) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < end, "nothing happened; notices: {:?}", self.notices);
            let fd = self.runner.fd();
            let limit = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&limit)).unwrap();
            self.runner.on_readable();
        }
    }

    fn exit(&mut self, call: u64) -> Exit {
        let mut found = None;
        self.until(|world| {
            while let Some(event) = world.runner.poll() {
                match event {
                    Event::Exited { call: ended, exit } if ended == CallId(call) => found = Some(exit),
                    Event::Exited { .. } => {}
                    Event::Notice(notice) => world.notices.push(notice),
                }
            }
            found.is_some()
        });
        found.unwrap()
    }

    fn log(&self) -> Vec<String> {
        self.notices.iter().filter_map(|n| n.field("text")).map(ToString::to_string).collect()
    }
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn a_program_hears_the_signals_that_its_role_reads() {
    // As every role does; blocked in this thread from now on.
    let mut events: hb_runtime::EventLoop<()> = hb_runtime::EventLoop::new().unwrap();
    events.take_signals().unwrap();
    let mut world = World::new();
    // Some shells unblock all signals themselves; this one does not.
    let told = world.file("told");
    let resource =
        world.script("s", &format!("#!/bin/bash\ngrep SigBlk /proc/self/status > {}\n", told.display()));
    world.start(1, &resource).unwrap();
    world.until(|_| fs::read_to_string(&told).is_ok_and(|text| text.ends_with('\n')));
    assert_eq!(fs::read_to_string(&told).unwrap(), "SigBlk:\t0000000000000000\n");
}

#[test]
fn output_and_exit_code_reach_us() {
    let mut world = World::new();
    let script = world.script("a", "#!/bin/sh\necho hello $1\necho ocf-exit-reason:no luck >&2\nexit 6\n");
    world.start(1, &script).unwrap();
    let exit = world.exit(1);
    assert_eq!(
        exit,
        Exit { ending: Ending::Code(6), head: "hello start\n".into(), reason: Some("no luck".into()) }
    );
    assert_eq!(world.log(), ["hello start", "no luck"]);
}

#[test]
fn a_daemon_that_keeps_the_output_open_delays_nothing_and_is_not_hurt() {
    let mut world = World::new();
    let (pid, go) = (world.file("pid"), world.file("go"));
    let body = format!(
        "#!/bin/sh\n( while [ ! -e {go} ]; do sleep 0.05; done; echo late; sleep 0.2; echo alive > {go}; exec sleep 300 ) &\necho $! > {pid}\necho started\n",
        go = go.display(),
        pid = pid.display()
    );
    let script = world.script("d", &body);
    world.start(1, &script).unwrap();
    assert_eq!(world.exit(1).ending, Ending::Code(0));
    let daemon = fs::read_to_string(&pid).unwrap();
    assert!(is_alive(&daemon));
    fs::write(&go, "").unwrap();
    // It can still print, its words reach the log, and no broken pipe ends it.
    world.until(|world| {
        while let Some(Event::Notice(notice)) = world.runner.poll() {
            world.notices.push(notice);
        }
        world.log().contains(&"late".to_string()) && fs::read_to_string(&go).unwrap() == "alive\n"
    });
    assert!(is_alive(&daemon));
    std::process::Command::new("kill").args(["-9", daemon.trim()]).status().unwrap();
}

#[test]
fn kill_reaches_the_whole_group_even_if_the_leader_obeys_first() {
    let mut world = World::new();
    let pid = world.file("pid");
    // The child ignores TERM, the leader does not.
    let body = format!(
        "#!/bin/sh\nsh -c 'trap \"\" TERM; echo $$ > {}; while :; do sleep 1; done' &\nwait\n",
        pid.display()
    );
    let script = world.script("hang", &body);
    world.start(1, &script).unwrap();
    world.until(|_| fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n')));
    world.runner.signal(CallId(1), Signal::Term);
    assert_eq!(world.exit(1).ending, Ending::Signal(15));
    let child = fs::read_to_string(&pid).unwrap();
    world.until(|_| !is_alive(&child));
}

#[test]
fn a_script_that_ignores_term_dies_of_kill() {
    let mut world = World::new();
    let ready = world.file("ready");
    let body = format!("#!/bin/sh\ntrap '' TERM\n: > {}\nwhile :; do sleep 1; done\n", ready.display());
    let script = world.script("deaf", &body);
    world.start(1, &script).unwrap();
    world.until(|_| ready.exists());
    world.runner.signal(CallId(1), Signal::Term);
    world.runner.signal(CallId(1), Signal::Kill);
    assert_eq!(world.exit(1).ending, Ending::Signal(9));
}

#[test]
fn a_talkative_script_is_drained_and_bounded() {
    let mut world = World::new();
    let script =
        world.script("talk", "#!/bin/sh\nseq 1 200000\nhead -c 300000 /dev/zero | tr '\\0' x\nexit 0\n");
    world.start(1, &script).unwrap();
    let exit = world.exit(1);
    assert_eq!(exit.ending, Ending::Code(0));
    assert_eq!(exit.head.len(), HEAD_BYTES);
    assert_eq!(world.log().len(), LOGGED_LINES as usize);
    let suppressed = world.notices.iter().find(|n| n.code == hb_agents::notices::AGENT_OUTPUT_SUPPRESSED);
    assert!(suppressed.is_some());
}

#[test]
fn what_cannot_be_run_is_told_apart_from_what_fails() {
    let mut world = World::new();
    let missing = Resource { agent: "nobody".into(), ..world.script("x", "") };
    assert!(matches!(world.start(1, &missing), Err(Outcome::NotInstalled { .. })));
    let interpreter = world.script("i", "#!/no/such/interpreter\n");
    let Err(Outcome::NotInstalled { reason }) = world.start(2, &interpreter) else { panic!("it ran") };
    assert!(reason.contains("interpreter"), "{reason}");
    let plain = world.script("plain", "exit 3\n");
    world.start(3, &plain).unwrap();
    assert_eq!(world.exit(3).ending, Ending::Code(3), "a script without #! is for the shell");
}

#[test]
fn programs_have_no_input_and_are_leaders_of_ordinary_processes() {
    let mut world = World::new();
    let body = "#!/bin/sh\nread line && echo input\nps -o pid=,pgid= -p $$ | awk '{print ($1 == $2) ? \"leader\" : \"member\"}'\ngrep SigBlk /proc/self/status\n";
    let script = world.script("s", body);
    world.start(1, &script).unwrap();
    let head = world.exit(1).head;
    assert!(head.starts_with("leader\n"), "{head}");
    assert!(head.contains("SigBlk:\t0000000000000000"), "{head}");
}

#[test]
fn many_at_once_each_come_back_with_their_own_code() {
    let mut world = World::new();
    for call in 0..40 {
        let script = world.script(&format!("s{call}"), &format!("#!/bin/sh\nsleep 0.2\nexit {call}\n"));
        world.start(call, &script).unwrap();
    }
    let mut codes = vec![];
    world.until(|world| {
        while let Some(event) = world.runner.poll() {
            if let Event::Exited { call, exit } = event {
                assert_eq!(exit.ending, Ending::Code(i32::try_from(call.0).unwrap()));
                codes.push(call);
            }
        }
        codes.len() == 40
    });
    assert!(world.runner.is_idle());
}

#[test]
fn a_status_is_read_from_the_first_words() {
    let mut world = World::new();
    let script = world.script("st", "#!/bin/sh\necho 'INFO:  Running OK'\nexit 1\n");
    let classic = Resource { class: Class::Heartbeat, ..script };
    let no_write = FORKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    world.runner.start(CallId(1), &Operation::new(classic.clone(), Action::Status)).unwrap();
    drop(no_write);
    let exit = world.exit(1);
    assert_eq!(interpret(&classic, Action::Status, &exit), Outcome::Running);
}

#[test]
fn the_fencing_program_is_asked_and_its_absence_is_told() {
    let world = World::new();
    let places = world.runner.places().clone();
    assert!(matches!(stonith_types(&places), Err(StonithProblem::NotInstalled(_))));
    let no_fork = FORKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let body = "#!/bin/sh\ncase $1 in -L) echo null; echo external/ssh;; -t) [ $2 = null ] && echo hostlist || exit 8;; esac\n";
    fs::write(&places.stonith, body).unwrap();
    fs::set_permissions(&places.stonith, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(stonith_types(&places).unwrap(), ["null", "external/ssh"]);
    assert_eq!(stonith_parameters(&places, "null").unwrap(), ["hostlist"]);
    let unknown = stonith_parameters(&places, "nobody");
    assert!(matches!(unknown, Err(StonithProblem::Failed { rc: Some(8), .. })), "{unknown:?}");
    drop(no_fork);
}

#[test]
fn programs_of_a_realtime_process_run_as_ordinary_ones() {
    // SAFETY: the parameter is a plain structure; 0 is this thread, which ends with the test.
    let realtime = unsafe {
        let mut param: libc::sched_param = std::mem::zeroed();
        param.sched_priority = 1;
        libc::sched_setscheduler(0, libc::SCHED_RR, &raw const param) == 0
    };
    if !realtime {
        let allowed = std::env::var("HB_ALLOW_MISSING").as_deref() == Ok("1");
        assert!(allowed, "this test needs the right to realtime scheduling; HB_ALLOW_MISSING=1 skips it");
        return;
    }
    let mut world = World::new();
    let script = world
        .script("s", "#!/bin/sh\nread -r line < /proc/$$/stat\nset -- ${line##*) }\necho policy ${39}\n");
    world.start(1, &script).unwrap();
    assert_eq!(world.exit(1).head, "policy 0\n");
}
