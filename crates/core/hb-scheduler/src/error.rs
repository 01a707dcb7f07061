//! What can be wrong with a document beyond repair.

use alloc::string::String;
use core::fmt;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Resources or actions depend on each other in too long a chain.
    TooDeep {
        /// What was looked at.
        what: String,
    },
    /// Resources or actions change each other too often.
    TooMuch {
        /// What was looked at.
        what: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::TooDeep { what } => {
                write!(f, "{what}: depends on others in a chain of more than {}", crate::MAX_DEPTH)
            }
            Error::TooMuch { what } => write!(f, "{what}: changes back and forth without end"),
        }
    }
}

impl core::error::Error for Error {}
