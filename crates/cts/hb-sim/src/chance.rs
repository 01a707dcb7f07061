//! Random decisions as hashes of what they are about.
//!
//! A decision depends on the plan's seed and on its own subject (link and packet number, process and
//! wake-up number), never on how many decisions came before it. So removing one fault from a plan does not
//! reshuffle the others, and shrinking works.

/// What a decision is about. The number is part of the hash: never renumber.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub enum Subject {
    /// Delay of a packet: link, packet number.
    Delay = 1,
    /// Whether a packet is lost.
    Loss,
    /// Whether a packet arrives twice.
    Duplicate,
    /// Delay of the second copy.
    SecondDelay,
    /// Whether a bit is flipped.
    Corrupt,
    /// Which bit.
    Bit,
    /// How late a process runs: process, wake-up number.
    Latency,
    /// How long an agent works: node, operation number.
    Agent,
    /// When within an operation its effect happens.
    Effect,
    /// How long a durable write takes.
    Disk,
    /// What a power cut leaves of a write in progress.
    Torn,
    /// How long a fencing device works.
    Device,
    /// How long a child's replacement takes.
    Replace,
    /// The 64 random bits that a starting master gets.
    Entropy,
}

/// The source of all decisions of one run.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    seed: u64,
}

impl Chance {
    /// Decisions of the plan with this seed.
    pub fn new(seed: u64) -> Chance {
        Chance { seed: mix(seed ^ 0x9e37_79b9_7f4a_7c15) }
    }

    /// The draw that belongs to `subject`, `place` (a link, a process) and `number` (its n-th time).
    pub fn of(self, subject: Subject, place: u64, number: u64) -> Draw {
        let inner = mix(self.seed ^ (subject as u64).wrapping_mul(0xd6e8_feb8_6659_fd93) ^ mix(place));
        Draw(mix(inner.wrapping_add(number.wrapping_mul(0xa076_1d64_78bd_642f))))
    }
}

/// 64 random bits that belong to one decision.
#[derive(Clone, Copy, Debug)]
pub struct Draw(u64);

impl Draw {
    /// The bits themselves.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(self, bound: u64) -> u64 {
        ((u128::from(self.0) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub fn between(self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `permille` times out of 1000.
    pub fn permille(self, permille: u16) -> bool {
        permille > 0 && self.below(1000) < u64::from(permille)
    }
}

/// A bijective scrambling of 64 bits (the finaliser of SplitMix64).
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_depends_on_its_subject_only() {
        let chance = Chance::new(7);
        let first = chance.of(Subject::Loss, 3, 9).bits();
        for n in 0..100 {
            chance.of(Subject::Delay, n, n);
        }
        assert_eq!(first, chance.of(Subject::Loss, 3, 9).bits());
        assert_ne!(first, chance.of(Subject::Duplicate, 3, 9).bits());
        assert_ne!(first, chance.of(Subject::Loss, 4, 9).bits());
        assert_ne!(first, chance.of(Subject::Loss, 3, 10).bits());
        assert_ne!(first, Chance::new(8).of(Subject::Loss, 3, 9).bits());
    }

    #[test]
    fn permille_is_about_right() {
        let chance = Chance::new(1);
        let hits = (0..10_000).filter(|n| chance.of(Subject::Loss, 0, *n).permille(300)).count();
        assert!((2_800..3_200).contains(&hits), "{hits}");
        assert!(!(0..1000).any(|n| chance.of(Subject::Loss, 0, n).permille(0)));
        assert!((0..1000).all(|n| chance.of(Subject::Loss, 0, n).permille(1000)));
    }
}
