//! What can go wrong while a laboratory is built or used.

use std::fmt;
use std::io;

/// An error of the laboratory: what was attempted, what was in the way, and how to cure it.
///
/// The world that reports it stays usable; what was attempted did not happen.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The kernel, container or user lacks a permission that a world needs.
    #[error("{what}: {source}. {cure}")]
    Forbidden {
        /// What was attempted.
        what: String,
        /// What to change so that it works.
        cure: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A system call failed.
    #[error("{what}: {source}")]
    System {
        /// What was attempted.
        what: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// Something awaited did not happen in time.
    #[error("waited {waited_ms} ms in vain: {what}")]
    TimedOut {
        /// What was awaited.
        what: String,
        /// For how long.
        waited_ms: u64,
    },
    /// A program that was run answered with something else than success.
    #[error("{0}")]
    Failed(String),
    /// A program that this needs is not installed.
    #[error("{0} is not installed")]
    Missing(String),
}

/// The result of most functions here.
pub type Result<T> = std::result::Result<T, LabError>;

/// Says what was attempted when a system call fails.
pub(crate) trait Attempt<T> {
    /// Wraps the error with what was attempted.
    fn attempt(self, what: impl fmt::Display) -> Result<T>;
}

impl<T> Attempt<T> for io::Result<T> {
    fn attempt(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|source| LabError::System { what: what.to_string(), source })
    }
}

/// A failure that has no system call behind it.
pub(crate) fn failed<T>(what: impl fmt::Display) -> Result<T> {
    Err(LabError::Failed(what.to_string()))
}
