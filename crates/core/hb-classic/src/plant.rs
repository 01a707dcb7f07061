//! Defects that the simulator must find. Compiled in by the feature `planted-bugs`, never in a release.

/// One planted defect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// Takes a dead node's groups before its fencing was confirmed.
    TakeoverBeforeConfirm,
    /// Acquires when a standby is granted, not when the other side has released.
    StartBeforePeerStopped,
    /// Takes a resource that would not stop for stopped.
    ForgetStopFailure,
    /// After a partition nobody gives up what both nodes run.
    NobodyYields,
}

impl Bug {
    /// All of them.
    pub const ALL: &'static [Bug] =
        &[Bug::TakeoverBeforeConfirm, Bug::StartBeforePeerStopped, Bug::ForgetStopFailure, Bug::NobodyYields];

    /// The name that a command line takes.
    pub const fn name(self) -> &'static str {
        match self {
            Bug::TakeoverBeforeConfirm => "takeover_before_confirm",
            Bug::StartBeforePeerStopped => "start_before_peer_stopped",
            Bug::ForgetStopFailure => "forget_stop_failure",
            Bug::NobodyYields => "nobody_yields",
        }
    }
}
