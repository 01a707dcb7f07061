//! The machine of `recoverymgrd`: which script answers which event, and how often.

mod config;
mod machine;
#[cfg(test)]
mod tests;

pub use config::{Application, ConfigError, RecoveryConfig};
pub use machine::Recovery;

use crate::event::{EventKind, Occurrence};
use alloc::string::String;
use core::time::Duration;
use hb_base::{CallId, Notice};

/// Pause before the second script in a row for an application; doubled each time. The first runs at once.
pub const FIRST_DELAY: Duration = Duration::from_secs(1);
/// No pause is longer.
pub const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// An application that needed no script for so long begins anew.
pub const STEADY: Duration = Duration::from_secs(300);
/// Scripts in a row for an application; after that nothing is done until it was quiet for [`STEADY`].
pub const MAX_RUNS: u32 = 10;
/// How long a script may run before it is killed.
pub const RUN_LIMIT: Duration = Duration::from_secs(300);
/// Occurrences that wait for an application's script to end, or for its pause: a newer one takes the place of an older.
pub const WAITING_MAX: usize = 1;

/// What can happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecoveryInput {
    /// From `apphbd`, through the shell: this happened.
    Occurred(Occurrence),
    /// From the shell: a script that was started has ended.
    Ended {
        /// Which one.
        call: CallId,
        /// How, in words; `None` when it ended well.
        failure: Option<String>,
    },
    /// From the shell, at or after the deadline.
    Timer,
}

/// A script to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// Names it until it has ended.
    pub call: CallId,
    /// Full path.
    pub script: String,
    /// Its one argument: the configured text.
    pub argument: String,
    /// The user to run it as.
    pub user: String,
    /// What it is about; becomes the script's environment.
    pub about: Occurrence,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecoveryOutput {
    /// Start this script; its end is wanted as [`RecoveryInput::Ended`].
    Run(Run),
    /// Kill the script with everything that it started.
    Kill {
        /// Which one.
        call: CallId,
    },
    /// For the log.
    Notice(Notice),
}

/// The state of one application that had a script, read only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecoveryView {
    /// The application's name.
    pub application: String,
    /// Scripts in a row.
    pub runs: u32,
    /// A script runs.
    pub running: bool,
    /// What waits.
    pub waiting: Option<EventKind>,
}
