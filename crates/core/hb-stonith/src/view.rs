//! The state, read only.

use alloc::string::String;

use hb_base::{Instant, NodeName};

use crate::{Device, Mode};

/// What is known of a device's health.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Health {
    /// Not asked yet.
    Unknown,
    /// It answered well.
    Ok {
        /// When.
        at: Instant,
    },
    /// It did not.
    Failed {
        /// When.
        at: Instant,
        /// For people.
        reason: String,
    },
}

/// A node that shall be down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestView<'a> {
    /// The victim.
    pub node: &'a NodeName,
    /// Since when.
    pub since: Instant,
    /// How many tries failed.
    pub failures: u64,
    /// Whether a try is under way; otherwise the next one waits for its time.
    pub running: bool,
}

/// The state of [`Stonith`](crate::Stonith).
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// How takeover is protected.
    pub mode: Mode,
    /// The device that counts.
    pub device: Option<&'a Device>,
    /// Its health.
    pub health: &'a Health,
    pub(crate) requests: &'a [crate::machine::Request],
}

impl<'a> View<'a> {
    /// Nodes that shall be down, in the order in which they were asked for.
    pub fn requests(&self) -> impl Iterator<Item = RequestView<'a>> + use<'a> {
        self.requests.iter().map(crate::machine::Request::view)
    }
}
