//! Why something changed or was refused: part of every notice.

/// Why the resource manager did something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// The node started.
    Start,
    /// Communication is up.
    CommunicationUp,
    /// The peer said that it starts.
    PeerStarting,
    /// The peer said what it holds.
    PeerAnnounced,
    /// The peer is stable and does not hold it.
    PeerStable,
    /// Both nodes start and speak our extensions: nobody has to wait.
    BothStarting,
    /// Nobody was stable when the 10 s of the tie-break were over.
    TieBreak,
    /// There is no other node.
    Alone,
    /// The peer died, and its fencing was confirmed.
    FencingConfirmed,
    /// The peer died and held nothing.
    FencingUnneeded,
    /// The peer died, and there is no fencing device.
    Unprotected,
    /// The peer released everything and left.
    PeerLeft,
    /// The peer restarted.
    PeerRestarted,
    /// The peer died.
    PeerDied,
    /// An administrator wished it.
    Command,
    /// The peer asked for it.
    PeerAsked,
    /// The peer released it to us.
    HandedOver,
    /// The groups go home by themselves.
    Failback,
    /// A group could not be started here.
    StartFailed,
    /// A resource could not be stopped.
    StopFailed,
    /// It stopped after all.
    StoppedAfterAll,
    /// A partition healed and the other side keeps it.
    Healed,
    /// Neither node held it.
    Orphaned,
    /// Neither it nor the peer may hold it: it was found running.
    Stray,
    /// We leave.
    Shutdown,
    /// The other side did not answer in time.
    TimedOut,
    /// Both nodes wanted to give at the same time.
    Crossed,
    /// The dialogue ended as wished.
    Completed,
    /// The executor was lost, or came back.
    Executor,
    /// A script found it running before its start.
    FoundRunning,
    /// Somebody else on this machine removed it.
    Lost,
    /// Its operation succeeded.
    Succeeded,
    /// Its operation failed.
    Failed,
}

impl Reason {
    /// The word in notices.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Start => "start",
            Reason::CommunicationUp => "communication_up",
            Reason::PeerStarting => "peer_starting",
            Reason::PeerAnnounced => "peer_announced",
            Reason::PeerStable => "peer_stable",
            Reason::BothStarting => "both_starting",
            Reason::TieBreak => "tie_break",
            Reason::Alone => "alone",
            Reason::FencingConfirmed => "fencing_confirmed",
            Reason::FencingUnneeded => "fencing_unneeded",
            Reason::Unprotected => "unprotected",
            Reason::PeerLeft => "peer_left",
            Reason::PeerRestarted => "peer_restarted",
            Reason::PeerDied => "peer_died",
            Reason::Command => "command",
            Reason::PeerAsked => "peer_asked",
            Reason::HandedOver => "handed_over",
            Reason::Failback => "failback",
            Reason::StartFailed => "start_failed",
            Reason::StopFailed => "stop_failed",
            Reason::StoppedAfterAll => "stopped_after_all",
            Reason::Healed => "healed",
            Reason::Orphaned => "orphaned",
            Reason::Stray => "stray",
            Reason::Shutdown => "shutdown",
            Reason::TimedOut => "timed_out",
            Reason::Crossed => "crossed",
            Reason::Completed => "completed",
            Reason::Executor => "executor",
            Reason::FoundRunning => "found_running",
            Reason::Lost => "lost",
            Reason::Succeeded => "succeeded",
            Reason::Failed => "failed",
        }
    }
}

/// Why a command or a request of the peer was not carried out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// `auto_failback legacy` knows no standby.
    Legacy,
    /// There is no other node in the configuration.
    NoPeer,
    /// The other node is not there.
    PeerDead,
    /// This node has not settled yet.
    InFlux,
    /// The other node has not settled yet.
    PeerInFlux,
    /// A standby is under way.
    StandbyRunning,
    /// This node leaves.
    ShuttingDown,
    /// The other node did not grant it within 10 s, or did not finish within an hour.
    TimedOut,
    /// Both nodes wanted to give at the same time; nothing moved.
    Crossed,
    /// A resource could not be stopped; everything stays here.
    Blocked,
    /// The other node died or restarted meanwhile; this node keeps what was not handed over.
    PeerLost,
    /// The other node still holds what it was to give; it aborted.
    PeerAborted,
}

impl Refusal {
    /// The word in notices and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Refusal::Legacy => "legacy",
            Refusal::NoPeer => "no_peer",
            Refusal::PeerDead => "peer_dead",
            Refusal::InFlux => "in_flux",
            Refusal::PeerInFlux => "peer_in_flux",
            Refusal::StandbyRunning => "standby_running",
            Refusal::ShuttingDown => "shutting_down",
            Refusal::TimedOut => "timed_out",
            Refusal::Crossed => "crossed",
            Refusal::Blocked => "blocked",
            Refusal::PeerLost => "peer_lost",
            Refusal::PeerAborted => "peer_aborted",
        }
    }
}
