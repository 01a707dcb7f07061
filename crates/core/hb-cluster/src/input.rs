//! What can happen to the machine.

use crate::{Stored, Timing};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;
use hb_base::{Instant, MediumId, Token, WallTime};
use hb_wire::{Codec, Message};

/// Inputs of [`Cluster`](crate::Cluster). Each says who sends it and when.
#[derive(Debug)]
pub enum Input {
    /// From the shell, once, after the durable files were read. Nothing is sent before this, an
    /// [`Input::Environment`], and the answers to the [`Output::Persist`](crate::Output::Persist) that follow.
    Start {
        /// The files as found.
        stored: Stored,
        /// Unpredictable bits: the seed of random delays and, when none is stored, of the uuid.
        entropy: u64,
    },
    /// From the shell, before or just after the start and then about once a second.
    Environment {
        /// The wall clock, for the field `ts` and a missing generation. Decides nothing else.
        wall: WallTime,
        /// First line of `/proc/loadavg`, or `n/a`: the field `ld`.
        load: String,
    },
    /// From a medium's reader: one frame as it came.
    Packet {
        /// The medium.
        medium: MediumId,
        /// When the kernel received it, on our clock. A later one than `now` counts as `now`.
        stamp: Instant,
        /// The datagram, not yet verified.
        bytes: Arc<[u8]>,
    },
    /// From a medium's reader: everything that was in its socket when it got the request has been forwarded before this.
    Drained {
        /// The medium.
        medium: MediumId,
        /// The token of [`Output::Drain`](crate::Output::Drain).
        token: Token,
    },
    /// From the shell: the reader of a medium lives, or was lost. Media count as up from the start.
    MediumState {
        /// The medium.
        medium: MediumId,
        /// Whether its reader lives.
        up: bool,
    },
    /// From a local originator (FIFO, client, resource manager): send this to the cluster. Control fields are
    /// added here. Originators that can wait must stop while [`Flow::Pause`](crate::Flow::Pause) holds.
    Submit {
        /// Type and payload.
        message: Message,
    },
    /// From the store: this record, and all before it, are on stable storage.
    Persisted {
        /// The token of [`Output::Persist`](crate::Output::Persist).
        token: Token,
    },
    /// From the event loop: it, or the whole machine, did not run for this long. Gaps that the loop did not
    /// notice are found by late timers.
    Stalled {
        /// How long.
        by: Duration,
    },
    /// From the event loop, at or after [`Cluster::deadline`](crate::Cluster::deadline). An early one changes nothing.
    Timer,
    /// From the shell: the configuration changed while running. Peers learn the new deadtime at once.
    Retune(Timing),
    /// From the shell: new keys. Messages already sent keep their signature when retransmitted.
    Rekey(Box<Codec>),
    /// From the session layer: a local client signed on or left. Answers `query-cstatus`.
    Client {
        /// The client's name.
        name: String,
        /// Whether it is on now.
        online: bool,
    },
    /// From the shell: peers shall wait this much longer for us (children are being started, a restart is due).
    /// Zero ends it.
    Grace {
        /// Added to the announced deadtime.
        extra: Duration,
    },
    /// From the shell, last of all: say good-bye. Ends with [`Output::Left`](crate::Output::Left).
    Leave,
}
