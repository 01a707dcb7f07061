//! One machine of the virtual world: power, clocks, disk, processes.

use super::agents::Agents;
use super::channel::{Channel, Datagram, MEDIUM_BYTES, Sized};
use super::clock::Clock;
use super::disk::Disk;
use crate::agenda::Nanos;
use crate::plan::{MEDIA_MAX, Process};
use hb_base::{CallId, Instant, NodeName, Token};
use hb_cluster::Class;
use hb_lrm::{Lrm, Operation, Outcome};
use hb_node::{ExecutorEvent, FencerEvent, Half, Node, Request};
use std::collections::VecDeque;
use std::sync::Arc;

/// Processes of a node that can be scheduled, paused and killed.
pub(crate) const SLOTS: usize = 3 + 2 * MEDIA_MAX as usize;
pub(crate) const MASTER: u8 = 0;
pub(crate) const EXECUTOR: u8 = 1 + 2 * MEDIA_MAX;
pub(crate) const FENCER: u8 = 2 + 2 * MEDIA_MAX;

/// The slot of the reader of a medium.
pub(crate) const fn reader(medium: u8) -> u8 {
    1 + medium
}

/// The slot of the writer of a medium.
pub(crate) const fn writer(medium: u8) -> u8 {
    1 + MEDIA_MAX + medium
}

/// The slots of what plans name.
pub(crate) fn slots(process: Option<Process>) -> std::ops::Range<u8> {
    let first = match process {
        None => return 0..SLOTS as u8,
        Some(Process::Readers) => return reader(0)..writer(0),
        Some(Process::Master) => MASTER,
        Some(Process::Reader(medium)) => reader(medium),
        Some(Process::Writer(medium)) => writer(medium),
        Some(Process::Executor) => EXECUTOR,
        Some(Process::Fencer) => FENCER,
    };
    first..first + 1
}

/// How a process is scheduled.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Schedule {
    pub(crate) alive: bool,
    /// Which one this is, counted over the world's life: a new process is not paused because the old one was.
    pub(crate) instance: u32,
    /// How many steps hold it still.
    pub(crate) paused: u8,
    /// It could run, had it not been paused.
    pub(crate) missed: bool,
    /// When it will run next.
    pub(crate) wake_at: Option<Nanos>,
    /// Turns of it that are on the agenda, as far as they are remembered. One that comes too early does nothing.
    queued: Queued,
    /// How often it was woken: the number of its latency's draw.
    pub(crate) wakes: u64,
}

/// Times of a few events; `Nanos::MAX` where there is none.
#[derive(Clone, Copy, Debug)]
struct Queued([Nanos; 3]);

impl Default for Queued {
    fn default() -> Queued {
        Queued([Nanos::MAX; 3])
    }
}

impl Schedule {
    /// Has it run at `at`. True when that needs a new event.
    pub(crate) fn plan(&mut self, at: Nanos) -> bool {
        self.wake_at = Some(at);
        if self.queued.0.iter().any(|queued| *queued <= at) {
            return false;
        }
        if let Some(free) = self.queued.0.iter_mut().find(|queued| **queued == Nanos::MAX) {
            *free = at;
        }
        true
    }

    /// One of its events came. Whether it is its turn; otherwise perhaps the time for which a new event is needed.
    pub(crate) fn due(&mut self, now: Nanos) -> Result<(), Option<Nanos>> {
        if let Some(queued) = self.queued.0.iter_mut().find(|queued| **queued == now) {
            *queued = Nanos::MAX;
        }
        match self.wake_at {
            _ if !self.alive => Err(None),
            None => Err(None),
            Some(at) if at > now => Err(self.plan(at).then_some(at)),
            Some(_) => {
                self.wake_at = None;
                Ok(())
            }
        }
    }
}

/// What a frame is, beside its bytes. The invariants look at this, the product never does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Meta {
    pub(crate) from: u8,
    /// Which master of the sender.
    pub(crate) life: u32,
    /// Sequence number of a status that is sent for the first time.
    pub(crate) status: Option<u64>,
}

/// A frame on its way to a writer.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) frame: Arc<[u8]>,
    pub(crate) meta: Meta,
}

impl Sized for Outgoing {
    fn bytes(&self) -> usize {
        self.frame.len() + 1
    }
}

/// From a reader to its master.
#[derive(Debug)]
pub(crate) enum FromReader {
    Frame(Datagram),
    Drained(Token),
}

impl Sized for FromReader {
    fn bytes(&self) -> usize {
        match self {
            FromReader::Frame(datagram) => 9 + datagram.bytes.len(),
            FromReader::Drained(_) => 9,
        }
    }
}

/// What the shell of a master tells it between packets.
#[derive(Debug)]
pub(crate) enum News {
    Child { medium: u8, half: Half, up: bool },
    WriterReady(u8),
    Executor(ExecutorEvent),
    Fencer(FencerEvent),
    Persisted(Token),
    Request(Request),
    Terminate,
}

/// A running master: the product's machine and what is connected to it.
pub(crate) struct Master {
    pub(crate) node: Node,
    /// When its loop last went to sleep.
    pub(crate) slept_at: Instant,
    pub(crate) environment_at: Instant,
    pub(crate) from_readers: Vec<Channel<FromReader>>,
    /// A reader ended and the master has not noticed yet.
    pub(crate) reader_ended: [bool; MEDIA_MAX as usize],
    pub(crate) news: VecDeque<News>,
    /// The frame that was written last, and what it is.
    pub(crate) written: Option<(Arc<[u8]>, Class, Meta)>,
    /// The machine told message clients to wait.
    pub(crate) clients_wait: bool,
    pub(crate) turns: u64,
    /// Its generation is durable.
    pub(crate) listens: bool,
    /// Stalls that it has counted.
    pub(crate) stalls: u64,
    /// How often it was told to leave: the second time it goes at once, whatever still runs.
    pub(crate) told_to_leave: u32,
    /// It has sent something.
    pub(crate) announced: bool,
    /// It said that it has ended; true when it will start again by itself.
    pub(crate) exit: Option<bool>,
}

/// A reader's or writer's side.
pub(crate) struct Line {
    /// What the kernel received and nobody has read.
    pub(crate) socket: Channel<Datagram>,
    /// Drain requests of the master.
    pub(crate) drains: VecDeque<Token>,
    /// From the master to the writer.
    pub(crate) outgoing: Channel<Outgoing>,
    /// The writer refused a frame and the master waits for room.
    pub(crate) refused: bool,
    /// From when on a broadcast is heard by this node itself again.
    pub(crate) echo_at: Nanos,
}

impl Default for Line {
    fn default() -> Self {
        Line {
            socket: Channel::holding(MEDIUM_BYTES),
            drains: VecDeque::new(),
            outgoing: Channel::default(),
            refused: false,
            echo_at: 0,
        }
    }
}

/// From a master, or from what it runs, to the executor.
#[derive(Debug)]
pub(crate) enum ToExecutor {
    Submit(CallId, Operation),
    MasterLost,
    MasterBack,
    Adopt(Vec<String>),
    Ended(CallId, hb_lrm::Exit),
    Concluded(CallId, Outcome),
}

/// A running executor.
pub(crate) struct Executor {
    pub(crate) lrm: Lrm,
    /// Which one: grows over the node's life.
    pub(crate) instance: u32,
    pub(crate) inbox: VecDeque<ToExecutor>,
}

/// A running fencing role.
pub(crate) struct Fencer {
    /// Which one: grows over the node's life.
    pub(crate) instance: u32,
    pub(crate) inbox: VecDeque<(CallId, Operation)>,
    /// What devices answered.
    pub(crate) answers: VecDeque<(CallId, Outcome)>,
}

/// One machine.
pub(crate) struct Host {
    pub(crate) name: NodeName,
    pub(crate) clock: Clock,
    pub(crate) power: bool,
    /// Counts power cuts, also those of a node that has no power: events of before are void.
    pub(crate) boots: u32,
    /// Counts the times that it got power.
    pub(crate) power_ups: u32,
    /// Counts starts of a master.
    pub(crate) life: u32,
    /// An operator told it to stay down.
    pub(crate) stopped: bool,
    /// Steps that keep it without power, or stopped.
    pub(crate) held_down: u8,
    /// The newest generation that was announced.
    pub(crate) generation: u64,
    pub(crate) disk_busy_until: Nanos,
    pub(crate) disk: Disk,
    pub(crate) schedules: [Schedule; SLOTS],
    pub(crate) lines: Vec<Line>,
    pub(crate) master: Option<Box<Master>>,
    pub(crate) executor: Option<Box<Executor>>,
    pub(crate) fencer: Option<Fencer>,
    pub(crate) agents: Agents,
    /// Resources that a master left running because it was told to, and that no later one has touched.
    pub(crate) left: u16,
    /// The longest wait for a processor; grows while a step makes the node busy.
    pub(crate) latency: Nanos,
    /// When the master last stood still for long, and for how long.
    pub(crate) resumed_at: Nanos,
    pub(crate) paused_for: Nanos,
    pub(crate) paused_since: Option<Nanos>,
    /// Long pauses of this master.
    pub(crate) pauses: u32,
    /// When the last process of this node that stood still went on, or one was replaced; `MAX` while one stands still.
    pub(crate) hindered_at: Nanos,
    /// When its master last began to measure everybody's silence anew, and had a reason to.
    pub(crate) anew_at: Nanos,
    /// When its master had heard or missed everybody for the first time.
    pub(crate) formed_at: Nanos,
    /// A step of the plan makes it slow.
    pub(crate) ever_busy: bool,
    /// Messages that the client still has to send, and how many it has handed over in this life.
    pub(crate) client: super::clients::Client,
}

impl Meta {
    /// What a frame is that its sender writes now.
    pub(crate) fn of(from: u8, life: u32, class: Class, frame: &[u8]) -> Meta {
        let status = if class == Class::Status { sequence_number(frame) } else { None };
        Meta { from, life, status }
    }
}

/// The field `seq` of an encoded message.
fn sequence_number(frame: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b")seq=";
    let at = frame.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let digits = frame.get(at..)?.iter().map_while(|byte| char::from(*byte).to_digit(16));
    Some(digits.fold(0, |number, digit| number << 4 | u64::from(digit)))
}
