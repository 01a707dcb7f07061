//! Inputs and outputs of the master: the boundary between deciding and doing.
//!
//! The shell (the master role, or the simulator) turns descriptors, children and signals into [`Input`]
//! and carries out [`Output`]. Everything a node does passes here.

use crate::api::{ApiAction, ApiEvent};
use crate::request::{Reply, Request};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::{CallId, ClientId, Instant, MediumId, NodeName, Notice, Seq, Token, WallTime};
use hb_cluster::{Class, Record, Stored};
use hb_lrm::{Operation, Outcome, Resource};
use hb_wire::Message;

/// Which of a medium's two children.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Half {
    /// `heartbeat: read: …`
    Reader,
    /// `heartbeat: write: …`
    Writer,
}

/// What happens to the master.
#[derive(Debug)]
pub enum Input {
    /// From the shell, once and first: what the state directory held and 64 random bits.
    Start {
        /// As read; damage is recognised inside.
        stored: Stored,
        /// For phases and delays, not for secrets.
        entropy: u64,
        /// The wall clock now.
        wall: WallTime,
    },
    /// From the shell, about once a second.
    Environment {
        /// The wall clock now.
        wall: WallTime,
        /// First line of the load average, for the field `ld`.
        load: String,
    },
    /// From a reader: one datagram.
    Frame {
        /// On which medium.
        medium: MediumId,
        /// When the kernel received it, on our monotonic clock.
        stamp: Instant,
        /// The bytes as received, nothing checked.
        bytes: Arc<[u8]>,
    },
    /// From a reader: everything that was in its socket when it got the request has been forwarded.
    Drained {
        /// Which reader.
        medium: MediumId,
        /// The request it answers.
        token: Token,
    },
    /// From the shell: a medium's child lives (again).
    ChildUp {
        /// Whose.
        medium: MediumId,
        /// Which half.
        half: Half,
    },
    /// From the shell: a medium's child ended; the shell is replacing it.
    ChildDown {
        /// Whose.
        medium: MediumId,
        /// Which half.
        half: Half,
    },
    /// From the shell: the writer did not take this frame.
    WriterRefused {
        /// Which writer.
        medium: MediumId,
        /// What the frame was.
        class: Class,
        /// The frame, back again.
        frame: Arc<[u8]>,
    },
    /// From the shell: the writer that refused takes frames again.
    WriterReady {
        /// Which writer.
        medium: MediumId,
    },
    /// From the executor or the fencer.
    Executor(ExecutorEvent),
    /// From the fencing role.
    Fencer(FencerEvent),
    /// From the FIFO reader: the bytes of one message, markers included.
    Fifo(Vec<u8>),
    /// From a local client over the control socket.
    Request {
        /// Who asks.
        client: ClientId,
        /// What.
        request: Request,
    },
    /// A local client went away.
    ClientGone(ClientId),
    /// From a connection of the Heartbeat API.
    Api {
        /// Which; ids are never used twice.
        client: ClientId,
        /// What happened.
        event: ApiEvent,
    },
    /// From the shell: the record of this token is on stable storage.
    Persisted(Token),
    /// From the event loop: this process did not run for so long.
    Stalled {
        /// At least this long.
        by: Duration,
    },
    /// From the shell: configuration that was re-read, checked and found to differ.
    Reload(alloc::boxed::Box<crate::Live>),
    /// From the shell: scripts of rc.d changed, or were listed for the first time (names).
    Scripts(Vec<String>),
    /// From the shell: TERM. Leave orderly; a second one leaves at once.
    Terminate,
    /// From the shell, at or after the deadline.
    Timer,
}

/// What the executor (`lrmd`) reports.
#[derive(Debug)]
pub enum ExecutorEvent {
    /// It lives; these resources are active as far as it knows (ids), adopted from an earlier master.
    Up {
        /// Resource ids.
        active: Vec<String>,
    },
    /// It ended; the shell is replacing it. Running operations have no result.
    Down,
    /// An operation ended.
    Ran {
        /// Which.
        call: CallId,
        /// How.
        outcome: Outcome,
    },
    /// Somebody else on this machine removed what a resource held.
    Lost {
        /// The resource's id.
        resource: String,
    },
    /// Another machine claims what a resource holds.
    Conflict {
        /// The resource's id.
        resource: String,
        /// Who, for people.
        with: String,
    },
}

/// What the fencing role (`stonithd`) reports.
#[derive(Debug)]
pub enum FencerEvent {
    /// It lives.
    Up,
    /// It ended; the shell is replacing it.
    Down,
    /// A device operation ended.
    Executed {
        /// Which.
        call: CallId,
        /// How.
        outcome: Outcome,
    },
}

/// What the master wants done.
#[derive(Debug)]
pub enum Output {
    /// For a writer. If it does not take the frame: [`Input::WriterRefused`].
    Write {
        /// Which writer.
        medium: MediumId,
        /// What the frame is.
        class: Class,
        /// A complete signed datagram.
        frame: Arc<[u8]>,
    },
    /// For a reader: forward everything in the socket, then answer.
    Drain {
        /// Which reader.
        medium: MediumId,
        /// To be repeated in the answer.
        token: Token,
    },
    /// For the shell: this reader does not answer; kill and replace it.
    ReplaceReader(MediumId),
    /// For the executor.
    Execute {
        /// Answered exactly once with this id.
        call: CallId,
        /// What to run.
        operation: Operation,
    },
    /// For the fencing role.
    FenceOp {
        /// Answered exactly once with this id.
        call: CallId,
        /// What to run.
        operation: Operation,
    },
    /// For the shell: write durably, then [`Input::Persisted`].
    Persist {
        /// What.
        record: Record,
        /// To be repeated in the answer.
        token: Token,
    },
    /// For a local client: the answer to its request, or news it subscribed to.
    Reply {
        /// Who.
        client: ClientId,
        /// What.
        reply: Reply,
    },
    /// For a local client that receives messages.
    Deliver {
        /// Who.
        client: ClientId,
        /// The message, complete.
        message: Arc<Message>,
    },
    /// For a local client that receives messages: these will never come.
    Gap {
        /// Who.
        client: ClientId,
        /// Whose messages are lost.
        from: NodeName,
        /// First lost number.
        first: Seq,
        /// Last lost number.
        last: Seq,
    },
    /// For the shell, once: this node is in service, programs of the Heartbeat API may connect from now on.
    ApiReady,
    /// For a connection of the Heartbeat API.
    Api {
        /// Which.
        client: ClientId,
        /// What to do with it.
        action: ApiAction,
    },
    /// For the executor: tell the network again where this address is.
    Reannounce(Resource),
    /// For the executor, once after it came up: these resources are still ours.
    Adopt(Vec<String>),
    /// For the shell: stop (true) or resume (false) reading from message clients. The FIFO is read on.
    Pause(bool),
    /// For the log.
    Notice(Notice),
    /// For the shell: everything is released and said; end all children and exit.
    Exit {
        /// Start again (after the deadtime), as the original does when a partition heals.
        restart: bool,
    },
}
