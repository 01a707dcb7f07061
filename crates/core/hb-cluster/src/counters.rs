//! What is counted, for status, metrics and tests. Counters start at 0 with the process and never fall.

/// Of the whole node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Messages with a sequence number sent for the first time.
    pub sent: u64,
    /// Requests and acknowledgements sent.
    pub control_sent: u64,
    /// Frames sent again on request.
    pub retransmitted: u64,
    /// Requested frames not sent again because that was done a moment ago.
    pub retransmissions_spared: u64,
    /// Requests that we had to refuse.
    pub refused: u64,
    /// Messages refused before they got a number: too long or unfit for the wire.
    pub unsendable: u64,
    /// Times local senders were told to wait.
    pub pauses: u64,
    /// Times the machine found that it had been stalled.
    pub stalls: u64,
    /// Messages of strangers.
    pub strangers: u64,
    /// Inputs dropped because nobody fetched the outputs.
    pub overruns: u64,
}

/// Of one medium.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MediumCounters {
    /// Frames read.
    pub received: u64,
    /// Frames whose signature is wrong or missing.
    pub rejected: u64,
    /// Frames with a good signature that are no message we can use.
    pub malformed: u64,
}

/// Of one node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NodeCounters {
    /// Messages accepted, whether for us or not.
    pub received: u64,
    /// Frames whose number was known already.
    pub duplicates: u64,
    /// Frames of an older generation or of before its death.
    pub stale: u64,
    /// Numbers found missing.
    pub missed: u64,
    /// Missing numbers that came in the end.
    pub recovered: u64,
    /// Numbers asked for, repetitions included.
    pub requested: u64,
    /// Numbers given up.
    pub lost: u64,
    /// Statuses that came later than warntime.
    pub late: u64,
    /// Times it was declared dead.
    pub deaths: u64,
    /// Times it came back in a new generation.
    pub restarts: u64,
    /// Times it came back in the same generation.
    pub returns: u64,
}

/// Of one link: a node on a medium.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LinkCounters {
    /// Frames that refreshed the link.
    pub received: u64,
    /// Times it went down.
    pub deaths: u64,
}
