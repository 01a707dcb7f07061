//! How fast retransmission goes: the original's timings towards originals, distance-scaled ones between ours.
//!
//! Between ours every message goes over all media at once, so a gap is either two swapped neighbours, healed within a
//! moment, or a real loss: a first request waits 2 to 5 ms (more when the peer is far), at random so that of several
//! receivers one asks and all hear the answer. The sender spares a repetition for a window that outlasts the spread
//! of those first requests; requests are repeated after that window, with growing intervals.

use crate::machine::Cluster;
use core::time::Duration;
use hb_base::NodeId;

/// Assumed before anything was measured.
const RTT_UNKNOWN: Duration = Duration::from_millis(1);
/// Longest round trip that is believed.
const RTT_MAX: Duration = Duration::from_millis(50);
/// Shortest delay of a first request between ours.
const SWAP_ALLOWANCE: Duration = Duration::from_millis(2);
/// Shortest delay of the original when its longest is not very short (3.0.x).
const ORIGINAL_LOW: Duration = Duration::from_millis(50);
/// Below this longest delay the original has no shortest one.
const ORIGINAL_LOW_NEEDS: Duration = Duration::from_millis(100);
/// The original spares repetitions for this much less than its longest delay.
const ORIGINAL_SPARE_LESS: Duration = Duration::from_millis(10);

impl Cluster {
    fn distance(&self, id: NodeId) -> Duration {
        let rtt = self.nodes.find(id).and_then(|node| node.rtt);
        rtt.unwrap_or(RTT_UNKNOWN).min(RTT_MAX)
    }

    /// Shortest and longest delay of a first request to a node.
    pub(crate) fn first_request_delay(&self, id: NodeId) -> (Duration, Duration) {
        let longest = self.options.timing.max_rexmit_delay;
        if self.is_native(id) {
            let low = SWAP_ALLOWANCE.max(self.distance(id) / 2).min(longest);
            return (low, (low * 5 / 2).min(longest));
        }
        let low = if longest < ORIGINAL_LOW_NEEDS { Duration::ZERO } else { ORIGINAL_LOW };
        (low, longest)
    }

    /// Delay of the next request for a number that was asked for `asked` times.
    pub(crate) fn next_request_delay(&mut self, id: NodeId, asked: u32) -> Duration {
        let longest = self.options.timing.max_rexmit_delay;
        if !self.is_native(id) {
            return longest;
        }
        let base = (self.distance(id) * 2 + SWAP_ALLOWANCE * 3) * (1 << asked.min(6));
        self.rng.between(base, base * 3 / 2).min(longest)
    }

    /// How long after a retransmission a further request for the same number from `id` is ignored.
    pub(crate) fn spare_window(&self, id: NodeId) -> Duration {
        let longest = self.options.timing.max_rexmit_delay;
        if self.is_native(id) {
            return (self.distance(id) + SWAP_ALLOWANCE * 2).min(longest / 2);
        }
        longest.saturating_sub(ORIGINAL_SPARE_LESS)
    }

    /// How long to leave paused senders waiting before peers are told what they miss.
    pub(crate) fn nudge_delay(&self, nudges: u32) -> Duration {
        let peers = self.nodes.iter().filter(|node| node.speaks_hbx() && !node.is_dead());
        let farthest = peers.map(|node| self.distance(node.id)).max().unwrap_or(RTT_MAX);
        let delay = (farthest * 2 + SWAP_ALLOWANCE * 3) * (1 << nudges.min(6));
        delay.min(self.options.timing.keepalive)
    }

    pub(crate) fn is_native(&self, id: NodeId) -> bool {
        self.options.native && self.nodes.find(id).is_some_and(crate::nodes::Node::speaks_hbx)
    }
}
