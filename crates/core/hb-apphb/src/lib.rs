//! Application heartbeats, and what is done when an application fails.
//!
//! [`Watch`] is the machine of `apphbd`: clients register, promise to beat within an interval, and beat. What goes
//! wrong becomes an [`Occurrence`]. [`Recovery`] is the machine of `recoverymgrd`: it is told of occurrences, finds
//! the configured script, and runs it within limits. Both speak the original's records (spec: ipc sections 5 and 6),
//! which [`record`] reads and writes; the configurations are read by [`WatchConfig`] and [`RecoveryConfig`].
//!
//! # Invariants
//! - A client that misses its interval causes one [`EventKind::NoHeartbeat`], and no other before it beats again.
//! - Every request but a beat is answered exactly once; a beat never is.
//! - A pause of our own costs no client its interval.
//! - At most [`MAX_CLIENTS`] connections; at most one script per application at a time, and one that waits.
//!
//! # Does not know about
//! Sockets, processes, users of this machine, files.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod event;
pub mod notices;
pub mod record;
mod recovery;
mod watch;

pub use event::{EventKind, Occurrence};
pub use recovery::{
    Application, ConfigError, FIRST_DELAY, LONGEST_DELAY, MAX_RUNS, RUN_LIMIT, Recovery, RecoveryConfig,
    RecoveryInput, RecoveryOutput, RecoveryView, Run, STEADY, WAITING_MAX,
};
pub use watch::{
    ClientView, DEFAULT_INTERVAL, MAX_CLIENTS, Peer, Watch, WatchConfig, WatchInput, WatchOutput, WatchView,
};
