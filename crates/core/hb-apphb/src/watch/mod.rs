//! The machine of `apphbd`: who promised to beat, and who did not.

mod client;
mod config;
mod machine;
#[cfg(test)]
mod tests;

pub use config::WatchConfig;
pub use machine::Watch;

use crate::event::Occurrence;
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::{ClientId, Notice};

/// The interval of a client that set none; also how long a connection may stay without registering.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(600);
/// Connections at a time. One more is closed; a registration needs a connection, so it is a bound on these, too.
pub const MAX_CLIENTS: usize = 1024;

/// Who is at the other end, as the kernel knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Its process.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Whether it may ask for a reboot of the machine: root and the cluster's user.
    pub may_reboot: bool,
}

/// What can happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WatchInput {
    /// From the shell: a connection.
    Connected {
        /// Its number, not used by another one.
        client: ClientId,
        /// Who connected.
        peer: Peer,
    },
    /// From the shell: a record came on a connection.
    Received {
        /// Which connection.
        client: ClientId,
        /// The record's bytes.
        record: Vec<u8>,
    },
    /// From the shell: the connection ended. Nothing happens when the machine has closed it before.
    Gone {
        /// Which connection.
        client: ClientId,
    },
    /// From the shell: this process, or the machine, did not run for a while. Everybody gets that time again.
    Stalled {
        /// How long.
        by: Duration,
    },
    /// From the shell, at or after the deadline, once every connection with something to read was read.
    Timer,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WatchOutput {
    /// Send this answer, an `errno` value.
    Answer {
        /// On which connection.
        client: ClientId,
        /// 0 for success.
        errno: i32,
    },
    /// Close the connection, after what was answered; nothing more is expected from it.
    Close {
        /// Which connection.
        client: ClientId,
    },
    /// Tell the recovery manager, if there is one.
    Tell(Occurrence),
    /// Reboot the machine at once: a client that asked for it failed.
    Reboot,
    /// For the log.
    Notice(Notice),
}

/// The state, read only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WatchView {
    /// Registered clients, by connection.
    pub clients: Vec<ClientView>,
    /// Connections, registered or not.
    pub connections: usize,
}

/// One registered client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientView {
    /// Its name and instance, `name/instance` or `name`.
    pub subject: alloc::string::String,
    /// Its process.
    pub pid: i32,
    /// What it promised; zero: nothing.
    pub interval: Duration,
    /// It has missed its interval and not beaten since.
    pub silent: bool,
}
