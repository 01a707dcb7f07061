//! `apphbd`: applications that promised to beat.

use super::launch::Launch;
use super::recovery_link::RecoveryLink;
use super::server::{Heard, Server};
use super::{read_config, usual_sinks};
use hb_apphb::record::encode_answer;
use hb_apphb::{MAX_CLIENTS, Watch, WatchConfig, WatchInput, WatchOutput};
use hb_base::{ClientId, Instant, Notice, Severity};
use hb_ipc::Limits;
use hb_logd::{Line, LogWriter};
use hb_runtime::{Class, Event, EventLoop, Realtime, Signal, User};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_keep_capabilities};

/// Where applications connect, in the run folder.
const SOCKET: &str = "apphb.comm";
/// Records are short.
const LIMITS: Limits = Limits { receive_bytes: 4 << 10, queue_bytes: 4 << 10 };
/// Above ordinary processes, below the master.
const PRIORITY: u8 = 10;
/// Whoever may ask for a reboot beside root.
const CLUSTER_USER: &str = "hacluster";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Listener,
    Client(ClientId),
}

struct Apphbd {
    watch: Watch,
    server: Server<Key>,
    events: EventLoop<Key>,
    recovery: Option<RecoveryLink>,
    log: LogWriter,
    cluster_uid: Option<u32>,
}

pub(super) fn serve(mut launch: Launch) -> Result<(), String> {
    let text = read_config(&launch)?.unwrap_or_default();
    let config = WatchConfig::parse(&text).map_err(|e| format!("{}:{e}", launch.config.display()))?;
    if let Some(device) = &config.watchdog_device {
        let cure = "Remove watchdog_device; the node's own watchdog is a matter of ha.cf.";
        return Err(format!("{}: error: {device} would not be fed. {cure}", launch.config.display()));
    }
    let mut events = EventLoop::new().map_err(|e| format!("no event loop: {e}"))?;
    events.take_signals().map_err(|e| format!("no signals: {e}"))?;
    let path = launch.run_dir.join(SOCKET);
    // Before deadlines: a heartbeat that has come counts, however late we are.
    let keys: (Key, fn(ClientId) -> Key) = (Key::Listener, Key::Client);
    // One more than the machine takes, which tells that one why.
    let server = Server::open(&path, &mut events, keys, Class::Packets, (LIMITS, MAX_CLIENTS + 1))?;
    let cluster_uid = User::lookup(CLUSTER_USER).ok().map(|user| user.uid);
    if config.realtime {
        let _told_by_nobody = Realtime::mover(PRIORITY).apply(true);
    }
    become_nobody()?;
    let sinks = usual_sinks(&launch, config.logfile.map(Into::into), config.debugfile.map(Into::into));
    let log = LogWriter::start(sinks).map_err(|e| format!("no thread for the log: {e}"))?;
    let recovery = config.recovery_manager.then(|| RecoveryLink::new(&launch.state_dir));
    let mut apphbd = Apphbd { watch: Watch::new(), server, events, recovery, log, cluster_uid };
    launch.is_ready();
    apphbd.say(&Notice::new(Severity::Info, "apphbd_started", path.display().to_string()));
    apphbd.run()
}

/// Gives up every right but the one to reboot the machine.
fn become_nobody() -> Result<(), String> {
    let kept = set_keep_capabilities(true);
    let dropped = User::nobody().become_for_good().map_err(|e| e.to_string())?;
    if dropped && kept.is_ok() {
        let boot = CapabilitySet::SYS_BOOT;
        let sets = CapabilitySets { effective: boot, permitted: boot, inheritable: CapabilitySet::empty() };
        // Where root has no such right there is none to keep.
        if set_capabilities(None, sets).is_err() {
            let none = CapabilitySet::empty();
            let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
            set_capabilities(None, sets).map_err(|e| format!("cannot give up rights: {e}"))?;
        }
    }
    Ok(())
}

impl Apphbd {
    fn run(&mut self) -> Result<(), String> {
        loop {
            self.carry_out();
            for client in self.server.with_more() {
                self.read(client);
            }
            let busy = (!self.server.with_more().is_empty()).then(|| self.events.now());
            let link = self.recovery.as_ref().and_then(RecoveryLink::deadline);
            let deadline = [self.watch.deadline(), link, busy].into_iter().flatten().min();
            let event = self.events.next(deadline).map_err(|e| format!("the kernel refuses to wait: {e}"))?;
            let now = self.events.now();
            match event {
                Event::Ready { key: Key::Listener, .. } => {
                    for heard in self.server.accept(&mut self.events) {
                        self.heard(now, heard);
                    }
                }
                Event::Ready { key: Key::Client(client), .. } => self.read(client),
                Event::Deadline => {
                    self.watch.handle(now, WatchInput::Timer);
                    if let Some(link) = &mut self.recovery {
                        link.turn(now);
                    }
                }
                Event::Stalled { by, .. } => self.watch.handle(now, WatchInput::Stalled { by }),
                Event::Signal(Signal::Term | Signal::Int) => return Ok(()),
                Event::Signal(Signal::Hup) => self.log.reopen(),
                Event::Signal(_) | Event::Overrun(_) | Event::Demoted => {}
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
        let input = match heard {
            Heard::Connected(client, peer) => {
                let may_reboot = peer.uid == 0 || Some(peer.uid) == self.cluster_uid;
                let peer = hb_apphb::Peer { pid: peer.pid, uid: peer.uid, gid: peer.gid, may_reboot };
                WatchInput::Connected { client, peer }
            }
            Heard::Frame(client, record) => WatchInput::Received { client, record },
            Heard::Gone(client) => WatchInput::Gone { client },
        };
        self.watch.handle(now, input);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.watch.poll() {
            match output {
                WatchOutput::Answer { client, errno } => {
                    self.server.send(client, &encode_answer(errno), &mut self.events);
                }
                WatchOutput::Close { client } => self.server.close(client, &mut self.events),
                WatchOutput::Tell(occurrence) => {
                    if let Some(link) = &mut self.recovery {
                        link.tell(self.events.now(), occurrence);
                    }
                }
                WatchOutput::Reboot => self.reboot(),
                WatchOutput::Notice(notice) => self.say(&notice),
            }
        }
    }

    /// At once: the application that failed may be what others rely on.
    fn reboot(&self) {
        if let Err(error) = rustix::system::reboot(rustix::system::RebootCommand::Restart) {
            let notice = Notice::new(Severity::Critical, "reboot_refused", "machine");
            self.say(&notice.with("why", error.to_string()));
        }
    }

    fn say(&self, notice: &Notice) {
        self.log.push(Line::of_notice("apphbd", notice));
    }
}
