//! Who could know what about whom: statuses that reached a node's socket, and how long a node stood still.
//!
//! A status counts from the moment when the kernel put it into a socket. Reading times count for nothing.

use super::{Invariant, Violation};
use crate::agenda::Nanos;
use crate::plan::NODES_MAX;

const N: usize = NODES_MAX as usize;

/// What one node could know about another.
#[derive(Clone, Copy, Default, Debug)]
struct Heard {
    /// Which master of the other.
    life: u32,
    /// Number of its newest status.
    number: u64,
    /// When that arrived, or when this node started.
    at: Nanos,
    /// How long it had been silent before.
    silence_before: Nanos,
    /// Whether it was ever silent for its deadtime since both run.
    was_silent: bool,
}

/// Everything that every node could know.
pub(crate) struct Evidence {
    heard: [[Heard; N]; N],
    /// When anything of one reached another.
    any: [[Nanos; N]; N],
    deadtime: Nanos,
    /// While readers are drained, statuses may come in that were too late to count.
    drain: Nanos,
}

impl Evidence {
    /// Nobody has heard anything. `deadtime` is a lower bound of every patience; `drain` is how long the
    /// draining of readers may take.
    pub(crate) fn new(deadtime: Nanos, drain: Nanos) -> Evidence {
        // Clocks differ by less than a thousandth.
        Evidence {
            heard: [[Heard::default(); N]; N],
            any: [[0; N]; N],
            deadtime: deadtime - deadtime / 1_000,
            drain,
        }
    }

    /// A master starts: it knows nothing, and nobody can hold earlier silence against its node.
    pub(crate) fn started(&mut self, node: u8, at: Nanos) {
        let node = usize::from(node);
        for other in 0..N {
            self.heard[node][other] = Heard { at, ..Heard::default() };
            self.any[node][other] = at;
            self.heard[other][node].was_silent = false;
        }
    }

    /// Nothing follows any more from earlier silence.
    pub(crate) fn all_well(&mut self, now: Nanos) {
        let deadtime = self.deadtime;
        for heard in self.heard.iter_mut().flatten() {
            heard.was_silent &= now.saturating_sub(heard.at) >= deadtime;
        }
    }

    /// Any frame of node `from` reached a socket of node `to`.
    pub(crate) fn any_frame(&mut self, to: u8, from: u8, at: Nanos) {
        self.any[usize::from(to)][usize::from(from)] = at;
    }

    /// When that was the last time, or when `to` started.
    pub(crate) fn any_frame_at(&self, to: u8, from: u8) -> Nanos {
        self.any[usize::from(to)][usize::from(from)]
    }

    /// Frame `number` of master `life` of node `from` reached a socket of node `to`.
    pub(crate) fn arrived(&mut self, to: u8, from: u8, life: u32, number: u64, at: Nanos) {
        let heard = &mut self.heard[usize::from(to)][usize::from(from)];
        if (life, number) <= (heard.life, heard.number) {
            return;
        }
        let silence_before = at.saturating_sub(heard.at);
        let was_silent = heard.was_silent || silence_before >= self.deadtime;
        *heard = Heard { life, number, at, silence_before, was_silent };
    }

    /// Whether two running nodes were really out of touch for a deadtime, in either direction.
    pub(crate) fn out_of_touch(&self, a: u8, b: u8, now: Nanos) -> bool {
        [(a, b), (b, a)].into_iter().any(|(x, y)| {
            let heard = &self.heard[usize::from(x)][usize::from(y)];
            heard.was_silent || now.saturating_sub(heard.at) >= self.deadtime
        })
    }

    /// Node `judge` declares `victim` dead for its silence.
    pub(crate) fn judged(&self, judge: u8, victim: u8, now: Nanos) -> Option<Violation> {
        let heard = &self.heard[usize::from(judge)][usize::from(victim)];
        let silence = now.saturating_sub(heard.at);
        let silent_now = silence >= self.deadtime;
        let silent_before = heard.silence_before >= self.deadtime && silence <= self.drain;
        let what = || {
            format!(
                "n{} declared n{} dead, though its status had reached a socket {} us before",
                judge + 1,
                victim + 1,
                silence / 1_000
            )
        };
        let wrong = !silent_now && !silent_before;
        wrong.then(|| Violation { invariant: Invariant::FalseDeath, at: now, what: what() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_silence_makes_a_death_true() {
        let mut evidence = Evidence::new(1_000, 100);
        evidence.started(0, 0);
        evidence.arrived(0, 1, 1, 1, 500);
        assert!(evidence.judged(0, 1, 1_400).is_some());
        assert!(evidence.judged(0, 1, 1_500).is_none());
        evidence.arrived(0, 1, 1, 2, 1_600);
        assert!(evidence.judged(0, 1, 1_650).is_none(), "it came while readers were drained");
        assert!(evidence.judged(0, 1, 1_800).is_some());
        evidence.arrived(0, 1, 1, 1, 2_500);
        assert!(evidence.judged(0, 1, 2_601).is_none(), "an old status shows nothing");
    }

    #[test]
    fn out_of_touch_until_one_starts_anew() {
        let mut evidence = Evidence::new(1_000, 100);
        for at in (0..5_000).step_by(500) {
            evidence.arrived(0, 1, 1, at + 1, at);
            evidence.arrived(1, 0, 1, at + 1, at);
        }
        assert!(!evidence.out_of_touch(0, 1, 5_000));
        evidence.arrived(1, 0, 1, 9_000, 6_000);
        assert!(evidence.out_of_touch(0, 1, 6_000));
        evidence.started(1, 6_500);
        evidence.arrived(0, 1, 2, 1, 6_500);
        evidence.arrived(1, 0, 1, 9_001, 6_600);
        assert!(evidence.out_of_touch(0, 1, 6_700), "n1 was silent for n2's old master too");
    }
}
