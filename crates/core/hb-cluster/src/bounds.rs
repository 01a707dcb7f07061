//! Every bound in one place, each with what happens at it.

use core::time::Duration;

/// Nodes in the table, own, ping and removed ones included. Further strangers are dropped with a notice.
pub(crate) const NODES: usize = 256;
/// Media, as the original. Further ones are ignored with a notice.
pub(crate) const MEDIA: usize = 64;
/// Outputs not yet fetched. Beyond it frames are dropped unread (they will be sent again) until the shell drains.
pub(crate) const OUTPUTS_WAITING: usize = 16_384;
/// Messages submitted before the generation is durable. Further ones are refused with a notice.
pub(crate) const EARLY_SUBMITS: usize = 256;
/// Client reports (`hbapi-clstat`) of one node that wait for an earlier message; at the bound the oldest goes first.
pub(crate) const CLIENT_REPORTS: usize = 256;
/// Names of local clients; further ones are answered as offline.
pub(crate) const CLIENTS: usize = 1_024;
/// Missing numbers of one peer, as the original. When full the lowest is given up and reported.
pub(crate) const MISSING: usize = 499;
/// Retransmissions for one request, as the original; also the widest range that we ask for at once.
pub(crate) const BATCH: u64 = 50;
/// Request messages sent at one moment for one peer; the rest waits for the next moment.
pub(crate) const REQUESTS_AT_ONCE: usize = 16;
/// Messages that wait on the ordered side, in histories: at the bound the oldest gap is given up and reported.
pub(crate) const HELD_HISTORIES: usize = 2;

/// Frames younger than this stay in the history although acknowledged, as the original.
pub(crate) const KEEP_ACKNOWLEDGED: Duration = Duration::from_millis(2_500);
/// Silence of the own link that counts, at least: writers let a frame be heard by its own node four times in this.
pub(crate) const OWN_LINK: Duration = Duration::from_secs(1);
/// A reader that ended is replaced within half of this; verdicts wait so long for its successor's answer.
pub(crate) const READER_REPLACEMENT: Duration = Duration::from_millis(100);
/// A notice about remote trouble is repeated no more often than this; the ones between are counted.
pub(crate) const NOTICE_INTERVAL: Duration = Duration::from_secs(10);
/// Stalls in a row, without a word of the peer between, that start its silence anew. Later ones add only their length.
pub(crate) const STALL_RESTARTS: u32 = 3;
