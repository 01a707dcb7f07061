//! All children of the master.

use super::Key;
use super::worker::{Post, Start, Worker};
use crate::cli::Places;
use crate::load;
use crate::roles::durable;
use crate::roles::executor::SOCKET;
use crate::roles::logd;
use hb_base::{Instant, NodeName};
use hb_config::{Config, HaCf, Medium as Configured};
use hb_ipc::{Batch, Pair};
use hb_media::{Bcast, FifoChild, Mcast, Medium, ReaderChild, Ucast, WriterChild, fifo};
use hb_runtime::{Child, Class, EventLoop, Interest, Realtime, Role, Settle};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;

/// Title of the logging role.
const LOGD: &str = "heartbeat: logd";
/// Kernel memory of the channels to and from an executor: operations and results are short.
const EXECUTOR_BYTES: usize = 256 << 10;
/// Lines that wait while the logging role is busy, about 600 of them.
const LOG_BYTES: usize = 512 << 10;
const SMALL_BYTES: usize = 16 << 10;
/// One record at a time, each with its head in kernel memory.
const STORE_BYTES: usize = 2 * durable::PACKET_MAX_BYTES;

/// How children are scheduled.
#[derive(Clone, Copy)]
pub(crate) struct Realtimes {
    /// Readers, writers and the FIFO reader.
    pub(crate) movers: Realtime,
    /// The resource executor.
    pub(crate) lrmd: Realtime,
}

/// All children, by post.
pub(crate) struct Posts {
    pub(crate) readers: Vec<Worker>,
    pub(crate) writers: Vec<Worker>,
    pub(crate) fifo: Worker,
    pub(crate) lrmd: Worker,
    pub(crate) stonithd: Worker,
    pub(crate) store: Worker,
    pub(crate) logd: Worker,
    /// Where packets are received: one for all channels; taken while they are worked on.
    pub(crate) batch: Option<Box<Batch>>,
}

impl Posts {
    /// Opens every medium and the FIFO, as root. Nothing is started yet.
    pub(crate) fn new(
        places: &Places,
        config: &Config,
        own: &NodeName,
        realtime: Realtimes,
    ) -> Result<Posts, String> {
        let (mut readers, mut writers) = (Vec::new(), Vec::new());
        for (at, configured) in hb_node::supported_media(&config.ha_cf).enumerate() {
            let number = u8::try_from(at).map_err(|_| "too many media")?;
            let medium: Rc<dyn Medium> = open_as(configured)?.into();
            let title = |half: &str| format!("heartbeat: {half}: {} {}", medium.mtype(), medium.link());
            let opened =
                Rc::new(medium.open().map_err(|e| format!("{} {}: {e}", medium.mtype(), medium.link()))?);
            let settle = Settle::mover(realtime.movers);
            readers.push(Worker::new(
                Post::Reader(number),
                title("read"),
                Class::Packets,
                reader(medium.clone(), opened.clone(), settle.clone()),
            ));
            writers.push(Worker::new(
                Post::Writer(number),
                title("write"),
                Class::Packets,
                writer(medium.clone(), opened, settle),
            ));
        }
        let fifo_path = places.state_dir.join("fifo");
        let fifo = fifo::open(&fifo_path).map_err(|e| format!("{}: {e}", fifo_path.display()))?;
        Ok(Posts {
            readers,
            writers,
            fifo: Worker::new(
                Post::Fifo,
                "heartbeat: FIFO reader".into(),
                Class::Clients,
                fifo_reader(fifo, realtime.movers),
            ),
            lrmd: executor(Post::Lrmd, "lrmd", places, realtime.lrmd),
            stonithd: executor(Post::Stonithd, "stonithd", places, Realtime::OFF),
            store: storing(&places.state_dir),
            logd: Worker::new(
                Post::Logd,
                LOGD.to_owned(),
                Class::Housekeeping,
                logging(&config.ha_cf, own, &places.state_dir),
            ),
            batch: Some(Box::new(hb_media::reader_batch())),
        })
    }

    /// Starts every child, in the original's order: FIFO reader, then a writer and a reader per medium, then the rest.
    pub(crate) fn start_all(&mut self, now: Instant, events: &mut EventLoop<Key>) -> Result<(), String> {
        self.logd.start(now, events)?;
        // Nothing is said before the generation is durable: the sooner this one runs, the better.
        self.store.start(now, events)?;
        self.fifo.start(now, events)?;
        for (writer, reader) in self.writers.iter_mut().zip(&mut self.readers) {
            writer.start(now, events)?;
            reader.start(now, events)?;
        }
        self.lrmd.start(now, events)?;
        self.stonithd.start(now, events)
    }

    pub(crate) fn worker(&mut self, post: Post) -> Option<&mut Worker> {
        match post {
            Post::Reader(n) => self.readers.get_mut(usize::from(n)),
            Post::Writer(n) => self.writers.get_mut(usize::from(n)),
            Post::Fifo => Some(&mut self.fifo),
            Post::Lrmd => Some(&mut self.lrmd),
            Post::Stonithd => Some(&mut self.stonithd),
            Post::Store => Some(&mut self.store),
            Post::Logd => Some(&mut self.logd),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Worker> {
        let rest = [&self.fifo, &self.lrmd, &self.stonithd, &self.store, &self.logd];
        self.readers.iter().chain(&self.writers).chain(rest)
    }

    /// When the next successor is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.all().filter_map(Worker::due).min()
    }

    pub(crate) fn due_now(&self, now: Instant) -> Vec<Post> {
        let due = |worker: &&Worker| worker.due().is_some_and(|at| at <= now);
        self.all().filter(due).map(|worker| worker.post).collect()
    }

    /// Closes every channel and reaps every child; what has not ended by `deadline` is killed.
    pub(crate) fn end_all(&mut self, deadline: Instant, events: &mut EventLoop<Key>) {
        let mut children: Vec<Child> = Vec::new();
        let rest = [&mut self.fifo, &mut self.lrmd, &mut self.stonithd, &mut self.store];
        for worker in self.readers.iter_mut().chain(&mut self.writers).chain(rest) {
            children.extend(worker.close(events));
        }
        reap(children, deadline);
        // The log comes last, so that nothing that was said is lost.
        reap(self.logd.close(events), deadline);
    }

    /// Lets another child write the log, as `ha_cf` says. After an error the former one goes on.
    pub(crate) fn replace_logd(
        &mut self,
        ha_cf: &HaCf,
        own: &NodeName,
        state_dir: &Path,
        events: &mut EventLoop<Key>,
    ) -> Result<(), String> {
        self.logd.replace(logging(ha_cf, own, state_dir), events)
    }

    pub(crate) fn watch(&mut self, post: Post, interest: Interest, events: &mut EventLoop<Key>) {
        if let Some(worker) = self.worker(post) {
            worker.watch(interest, events);
        }
    }

    pub(crate) fn hung_up(&mut self, post: Post, events: &mut EventLoop<Key>) {
        if let Some(worker) = self.worker(post) {
            worker.hung_up(events);
        }
    }
}

/// Waits for children whose channels are closed.
fn reap(children: Vec<Child>, deadline: Instant) {
    for mut child in children {
        let left = deadline.since(hb_runtime::clock::monotonic());
        let timeout = rustix::event::Timespec::try_from(left).ok();
        let mut fds = [rustix::event::PollFd::new(&child, rustix::event::PollFlags::IN)];
        let _ended = rustix::event::poll(&mut fds, timeout.as_ref());
        let _gone = child.signal(hb_runtime::Signal::Kill);
        let _reaped = child.wait();
    }
}

fn open_as(configured: &Configured) -> Result<Box<dyn Medium>, String> {
    match configured {
        Configured::Bcast { interface, port } => {
            Ok(Box::new(Bcast { device: interface.clone(), port: *port }))
        }
        Configured::Mcast { interface, group, port, ttl, loopback } => Ok(Box::new(Mcast {
            device: interface.clone(),
            group: *group,
            port: *port,
            ttl: *ttl,
            loopback: *loopback,
        })),
        Configured::Ucast { interface, peer, address, port, .. } => {
            let address = address.ok_or_else(|| format!("ucast {interface}: {peer} has no address"))?;
            Ok(Box::new(Ucast { device: interface.clone(), peer: address, port: *port }))
        }
        other => Err(format!("{}: this version cannot use this medium", other.kind().name())),
    }
}

fn reader(medium: Rc<dyn Medium>, opened: Rc<hb_media::Opened>, settle: Settle) -> Start {
    Box::new(move || {
        let ReaderChild { child, pair } = ReaderChild::spawn(&*medium, &opened, settle.clone())?;
        Ok((child, pair))
    })
}

fn writer(medium: Rc<dyn Medium>, opened: Rc<hb_media::Opened>, settle: Settle) -> Start {
    Box::new(move || {
        let WriterChild { child, pair } = WriterChild::spawn(&*medium, &opened, settle.clone())?;
        Ok((child, pair))
    })
}

fn fifo_reader(fifo: OwnedFd, realtime: Realtime) -> Start {
    Box::new(move || {
        let FifoChild { child, pair } = FifoChild::spawn(fifo.as_fd(), Settle::mover(realtime))?;
        Ok((child, pair))
    })
}

/// A child that is not the media layer's: its end of the channel is called `pair` too.
fn start_role(
    role: &'static str,
    title: String,
    args: Vec<String>,
    settle: Settle,
    (tell_child, to_master): (usize, usize),
) -> Start {
    Box::new(move || {
        let refused = |error| hb_runtime::SpawnError::Refused { title: title.clone(), error };
        let (pair, theirs) = Pair::new(tell_child, to_master).map_err(refused)?;
        let words: Vec<&str> = args.iter().map(String::as_str).collect();
        let fds = [("pair", theirs.as_fd())];
        let child =
            Role { name: role, title: &title, args: &words, fds: &fds, settle: settle.clone() }.spawn()?;
        Ok((child, pair))
    })
}

fn executor(post: Post, role: &'static str, places: &Places, realtime: Realtime) -> Worker {
    let title = format!("heartbeat: {role}");
    let args = vec![places.config_dir.display().to_string(), places.run_dir.display().to_string()];
    let settle = Settle { parent_death: None, realtime, ..Settle::executor() };
    let spawn = start_role(role, title.clone(), args, settle, (EXECUTOR_BYTES, EXECUTOR_BYTES));
    let socket = (post == Post::Lrmd).then(|| places.run_dir.join(SOCKET));
    let start: Start = Box::new(move || match socket.as_deref().and_then(returned) {
        Some(found) => Ok(found),
        None => spawn(),
    });
    Worker::new(post, title, Class::Clients, start)
}

fn storing(state_dir: &Path) -> Worker {
    let title = "heartbeat: store".to_owned();
    // Killed with its master: two of them must not write the same file.
    let settle = Settle { parent_death: Some(hb_runtime::Signal::Kill), ..Settle::executor() };
    let args = vec![state_dir.display().to_string()];
    let start = start_role("store", title.clone(), args, settle, (STORE_BYTES, SMALL_BYTES));
    Worker::new(Post::Store, title, Class::Clients, start)
}

/// The executor of a master that died, still holding what it held: it listens at this socket.
fn returned(socket: &Path) -> Option<(Child, Pair)> {
    let fd = hb_agents::call_executor(socket).ok()??;
    let pid = rustix::net::sockopt::socket_peercred(&fd).ok()?.pid.as_raw_nonzero().get();
    let child = Child::adopt(u32::try_from(pid).ok()?).ok()?;
    Some((child, Pair::adopt(fd).ok()?))
}

fn logging(ha_cf: &HaCf, own: &NodeName, state_dir: &Path) -> Start {
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let options = load::sinks(ha_cf, own.as_str(), terminal, state_dir);
    let settle = Settle { parent_death: None, ..Settle::executor() };
    let args = logd::arguments(&options, state_dir).to_vec();
    start_role("logd", LOGD.to_owned(), args, settle, (LOG_BYTES, SMALL_BYTES))
}

/// Names of the executable scripts of rc.d.
pub(crate) fn rc_scripts(config_dir: &Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(entries) = std::fs::read_dir(config_dir.join("rc.d")) else { return Vec::new() };
    let program = |entry: &std::fs::DirEntry| {
        entry.path().metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    };
    entries.flatten().filter(program).filter_map(|entry| entry.file_name().into_string().ok()).collect()
}
