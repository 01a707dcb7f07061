//! `recoverymgrd`: the configured script for what happened to an application.

use super::launch::Launch;
use super::recovery_link::SOCKET;
use super::server::{Heard, Server};
use super::{read_config, usual_sinks};
use crate::load::group_id;
use hb_apphb::record::{Report, answer, encode_answer};
use hb_apphb::{Recovery, RecoveryConfig, RecoveryInput, RecoveryOutput, Run};
use hb_base::{CallId, ClientId, Instant, Notice, Severity};
use hb_ipc::{Limits, Peer};
use hb_logd::{Line, LogWriter};
use hb_runtime::{Child, Class, Event, EventLoop, Exit, Interest, Signal, SourceId, User, isolate};
use rustix::process::{Pid, Signal as Number, geteuid, kill_process_group};
use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

const LIMITS: Limits = Limits { receive_bytes: 4 << 10, queue_bytes: 4 << 10 };
/// Connections at a time: one is usual.
const MAX_CLIENTS: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Listener,
    Client(ClientId),
    Script(CallId),
}

struct Client {
    peer: Peer,
    known: bool,
}

struct Script {
    child: Child,
    exit: SourceId,
}

struct Recoverymgrd {
    recovery: Recovery,
    server: Server<Key>,
    events: EventLoop<Key>,
    clients: BTreeMap<ClientId, Client>,
    scripts: BTreeMap<CallId, Script>,
    users: BTreeMap<String, User>,
    log: LogWriter,
}

pub(super) fn serve(mut launch: Launch) -> Result<(), String> {
    let file = launch.config.display().to_string();
    let text =
        read_config(&launch)?.ok_or_else(|| format!("{file}: error: it is not there. Name one with -c."))?;
    let config = RecoveryConfig::parse(&text).map_err(|e| format!("{file}:{e}"))?;
    let users = users(&config).map_err(|(line, why)| format!("{file}:{line}: error: {why}"))?;
    let mut events = EventLoop::new().map_err(|e| format!("no event loop: {e}"))?;
    events.take_signals().map_err(|e| format!("no signals: {e}"))?;
    std::fs::create_dir_all(&launch.state_dir).map_err(|e| format!("{}: {e}", launch.state_dir.display()))?;
    let path = launch.state_dir.join(SOCKET);
    let keys: (Key, fn(ClientId) -> Key) = (Key::Listener, Key::Client);
    let server = Server::open(&path, &mut events, keys, Class::Clients, (LIMITS, MAX_CLIENTS))?;
    let sinks = usual_sinks(&launch, None, None);
    let log = LogWriter::start(sinks).map_err(|e| format!("no thread for the log: {e}"))?;
    let (clients, scripts) = (BTreeMap::new(), BTreeMap::new());
    let recovery = Recovery::new(config);
    let mut manager = Recoverymgrd { recovery, server, events, clients, scripts, users, log };
    launch.is_ready();
    manager.say(&Notice::new(Severity::Info, "recoverymgrd_started", path.display().to_string()));
    manager.run()
}

/// Every user that is named, with a check that the group is the user's own.
fn users(config: &RecoveryConfig) -> Result<BTreeMap<String, User>, (u32, String)> {
    let mut users = BTreeMap::new();
    for application in config.applications.values() {
        let (user, group) = (&application.user, &application.group);
        let found = User::lookup(user).map_err(|e| (application.line, format!("{e}. Correct the name.")))?;
        if group_id(group) != Some(found.gid) {
            let why = format!("{group} is not the primary group of {user}. Write the one that is.");
            return Err((application.line, why));
        }
        if !geteuid().is_root() && found.uid != geteuid().as_raw() {
            let why = format!("only root can run a script as {user}. Start recoverymgrd as root.");
            return Err((application.line, why));
        }
        users.insert(user.clone(), found);
    }
    Ok(users)
}

impl Recoverymgrd {
    fn run(&mut self) -> Result<(), String> {
        loop {
            self.carry_out();
            for client in self.server.with_more() {
                self.read(client);
            }
            let busy = (!self.server.with_more().is_empty()).then(|| self.events.now());
            let deadline = [self.recovery.deadline(), busy].into_iter().flatten().min();
            let event = self.events.next(deadline).map_err(|e| format!("the kernel refuses to wait: {e}"))?;
            let now = self.events.now();
            match event {
                Event::Ready { key: Key::Listener, .. } => {
                    for heard in self.server.accept(&mut self.events) {
                        self.heard(now, heard);
                    }
                }
                Event::Ready { key: Key::Client(client), .. } => self.read(client),
                Event::Ready { key: Key::Script(call), .. } => self.ended(now, call),
                Event::Deadline => self.recovery.handle(now, RecoveryInput::Timer),
                Event::Signal(Signal::Term | Signal::Int) => return Ok(()),
                Event::Signal(Signal::Hup) => self.log.reopen(),
                Event::Signal(_) | Event::Stalled { .. } | Event::Overrun(_) | Event::Demoted => {}
            }
        }
    }

    fn read(&mut self, client: ClientId) {
        let now = self.events.now();
        for heard in self.server.read(client, &mut self.events) {
            self.heard(now, heard);
        }
    }

    fn heard(&mut self, now: Instant, heard: Heard) {
        match heard {
            Heard::Connected(client, peer) => {
                self.clients.insert(client, Client { peer, known: false });
            }
            Heard::Gone(client) => {
                self.clients.remove(&client);
            }
            Heard::Frame(client, record) => {
                let Some(report) = Report::decode(&record) else { return };
                let errno = self.report(now, client, report);
                self.server.send(client, &encode_answer(errno), &mut self.events);
            }
        }
        self.carry_out();
    }

    fn report(&mut self, now: Instant, client: ClientId, report: Report) -> i32 {
        let Some(state) = self.clients.get_mut(&client) else { return answer::ESRCH };
        match report {
            Report::Unknown => answer::EINVAL,
            Report::Connect(_) if state.known => answer::EEXIST,
            Report::Connect(caller) => {
                let truly = |pid: i32| pid >= 2 && u32::try_from(pid) == Ok(state.peer.pid);
                state.known =
                    caller.is_some_and(|caller| !caller.application.is_empty() && truly(caller.pid));
                if state.known { answer::OK } else { answer::EINVAL }
            }
            _ if !state.known => answer::ESRCH,
            Report::Event(Some(occurrence)) => {
                self.recovery.handle(now, RecoveryInput::Occurred(occurrence));
                answer::OK
            }
            Report::Event(None) => answer::EINVAL,
            Report::Disconnect => {
                state.known = false;
                answer::OK
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.recovery.poll() {
            match output {
                RecoveryOutput::Run(run) => {
                    if let Err(why) = self.start(&run) {
                        let (call, failure) = (run.call, Some(why));
                        self.recovery.handle(self.events.now(), RecoveryInput::Ended { call, failure });
                    }
                }
                RecoveryOutput::Kill { call } => self.kill(call),
                RecoveryOutput::Notice(notice) => self.say(&notice),
            }
        }
    }

    fn start(&mut self, run: &Run) -> Result<(), String> {
        let failed = |e: std::io::Error| format!("{}: {e}", run.script);
        let mut command = Command::new(&run.script);
        command
            .arg(&run.argument)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let about = &run.about;
        command
            .env("APPHB_EVENT", about.kind.name())
            .env("APPHB_NAME", &about.application)
            .env("APPHB_INSTANCE", &about.instance)
            .env("APPHB_PID", about.pid.to_string());
        if geteuid().is_root() {
            let user = self.users.get(&run.user).ok_or_else(|| format!("{} is no user", run.user))?;
            command.gid(user.gid).uid(user.uid);
        }
        isolate(&mut command);
        let child = command.spawn().and_then(|child| Child::adopt(child.id())).map_err(failed)?;
        let exit = self.events.add(child.as_fd(), Key::Script(run.call), Class::Housekeeping, Interest::Read);
        match exit {
            Ok(exit) => {
                self.scripts.insert(run.call, Script { child, exit });
                Ok(())
            }
            Err(error) => {
                let _gone = child.signal(Signal::Kill);
                Err(failed(error))
            }
        }
    }

    fn ended(&mut self, now: Instant, call: CallId) {
        let Some(script) = self.scripts.get_mut(&call) else { return };
        let failure = match script.child.exit() {
            Ok(None) => return,
            Ok(Some(Exit::Code(0))) => None,
            Ok(Some(exit)) => Some(exit.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(script) = self.scripts.remove(&call) {
            self.events.remove(script.exit);
        }
        self.recovery.handle(now, RecoveryInput::Ended { call, failure });
    }

    /// The script and everything that it started.
    fn kill(&self, call: CallId) {
        let pid = self.scripts.get(&call).and_then(|script| i32::try_from(script.child.pid()).ok());
        if let Some(group) = pid.and_then(Pid::from_raw) {
            let _gone = kill_process_group(group, Number::KILL);
        }
    }

    fn say(&self, notice: &Notice) {
        self.log.push(Line::of_notice("recoverymgrd", notice));
    }
}
