//! Planted defects: what the simulator must find. Compiled in by the feature `planted-bugs` only.
#![cfg_attr(not(feature = "planted-bugs"), allow(unreachable_pub, dead_code))]

/// A defect that can be switched on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// Nodes are declared dead without draining readers. A paused reader's node buries living peers.
    SkipDrainBarrier,
    /// Own stalls count as silence of others. A paused node buries living peers when it wakes.
    IgnoreStall,
    /// The second copy of every tenth message is delivered again.
    DeliverDuplicate,
    /// What can never be had is passed over in silence on the ordered side.
    SkipGapReport,
    /// A retransmitted message is handed out on the ordered side at once, behind later ones.
    OrderBroken,
    /// The newest number is acknowledged although older ones are missing: their sender may forget them.
    AckTooEarly,
    /// A request for a number that history has lost is not refused: the receiver asks and waits for ever.
    HistoryOverrunSilent,
    /// The stored generation is used again: peers take the new start for late packets of the old one.
    GenerationReused,
    /// The set of missing numbers, and what waits behind them, have no bound.
    UnboundedMissing,
    /// A missing number is asked for once only.
    ForgetResend,
    /// The first status leaves before the new generation is durable.
    AnnounceBeforeDurable,
    /// Local senders are never told to wait.
    NeverPause,
    /// Local senders are never told to go on.
    NeverResume,
    /// Packets count from when they were read, not from when the kernel received them.
    CountReadingTime,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 14] = [
        Bug::SkipDrainBarrier,
        Bug::IgnoreStall,
        Bug::DeliverDuplicate,
        Bug::SkipGapReport,
        Bug::OrderBroken,
        Bug::AckTooEarly,
        Bug::HistoryOverrunSilent,
        Bug::GenerationReused,
        Bug::UnboundedMissing,
        Bug::ForgetResend,
        Bug::AnnounceBeforeDurable,
        Bug::NeverPause,
        Bug::NeverResume,
        Bug::CountReadingTime,
    ];

    /// The name by which plans and tests call it.
    pub const fn name(self) -> &'static str {
        match self {
            Bug::SkipDrainBarrier => "skip_drain_barrier",
            Bug::IgnoreStall => "ignore_stall",
            Bug::DeliverDuplicate => "deliver_duplicate",
            Bug::SkipGapReport => "skip_gap_report",
            Bug::OrderBroken => "order_broken",
            Bug::AckTooEarly => "ack_too_early",
            Bug::HistoryOverrunSilent => "history_overrun_silent",
            Bug::GenerationReused => "generation_reused",
            Bug::UnboundedMissing => "unbounded_missing",
            Bug::ForgetResend => "forget_resend",
            Bug::AnnounceBeforeDurable => "announce_before_durable",
            Bug::NeverPause => "never_pause",
            Bug::NeverResume => "never_resume",
            Bug::CountReadingTime => "count_reading_time",
        }
    }

    /// The defect of that name.
    pub fn named(name: &str) -> Option<Bug> {
        Bug::ALL.into_iter().find(|bug| bug.name() == name)
    }
}

/// A set of defects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bugs(u32);

impl Bugs {
    /// The same and this one.
    #[must_use]
    pub const fn with(self, bug: Bug) -> Bugs {
        Bugs(self.0 | 1 << bug as u32)
    }

    /// Whether this one is in.
    pub const fn has(self, bug: Bug) -> bool {
        self.0 & (1 << bug as u32) != 0
    }
}
