//! Defects that the simulator must find. Compiled in by the feature `planted-bugs`, never in a release.

/// One planted defect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// Takes a device that did not answer in time for one that has done its work.
    ConfirmOnTimeout,
    /// Takes the result of an operation that nobody waits for any more for the present request's.
    StaleResultCounts,
}

impl Bug {
    /// All of them.
    pub const ALL: &'static [Bug] = &[Bug::ConfirmOnTimeout, Bug::StaleResultCounts];

    /// The name that a command line takes.
    pub const fn name(self) -> &'static str {
        match self {
            Bug::ConfirmOnTimeout => "confirm_on_timeout",
            Bug::StaleResultCounts => "stale_result_counts",
        }
    }
}
