//! Who runs what, who might, and what has been confirmed.

use super::{Invariant, Violation};
use crate::agenda::Nanos;
use crate::world::agents::RESOURCES_MAX;

/// The truth about every resource of a plan.
pub(crate) struct Ownership {
    fenced: bool,
    /// Bit n: active on node n.
    active: [u8; RESOURCES_MAX],
    /// Bit n: node n began to start it, and neither a finished stop nor fencing has confirmed its end.
    possible: [u8; RESOURCES_MAX],
}

impl Ownership {
    pub(crate) fn new(fenced: bool) -> Ownership {
        Ownership { fenced, active: [0; RESOURCES_MAX], possible: [0; RESOURCES_MAX] }
    }

    /// An agent begins to start `resource` on `node`.
    pub(crate) fn starting(&mut self, resource: u8, node: u8, at: Nanos) -> Option<Violation> {
        let possible = &mut self.possible[usize::from(resource)];
        let others = *possible & !(1 << node);
        *possible |= 1 << node;
        let what = || {
            let holder = others.trailing_zeros() + 1;
            format!(
                "n{} starts resource {resource}, but nothing confirms that n{holder} has stopped it",
                node + 1
            )
        };
        (self.fenced && others != 0).then(|| Violation {
            invariant: Invariant::TakeoverConfirmed,
            at,
            what: what(),
        })
    }

    /// It is active from now on. Gives the others on which it is active too.
    pub(crate) fn active(&mut self, resource: u8, node: u8) -> u8 {
        let active = &mut self.active[usize::from(resource)];
        *active |= 1 << node;
        *active & !(1 << node)
    }

    /// It is not active any more.
    pub(crate) fn inactive(&mut self, resource: u8, node: u8) {
        self.active[usize::from(resource)] &= !(1 << node);
    }

    /// Its stop was reported as done.
    pub(crate) fn stop_confirmed(&mut self, resource: u8, node: u8) {
        self.possible[usize::from(resource)] &= !(1 << node);
    }

    /// The node has no power: nothing is active there, but who knows it?
    pub(crate) fn powerless(&mut self, node: u8) {
        self.active.iter_mut().for_each(|nodes| *nodes &= !(1 << node));
    }

    /// The node's end was confirmed by a device, or it has started from scratch.
    pub(crate) fn confirmed_down(&mut self, node: u8) {
        self.possible.iter_mut().for_each(|nodes| *nodes &= !(1 << node));
    }

    /// On how many nodes each of the first `count` resources is active.
    pub(crate) fn counts(&self, count: usize) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.active.iter().take(count).map(|nodes| nodes.count_ones()).enumerate()
    }

    /// The nodes on which a resource is active.
    pub(crate) fn holders(&self, resource: usize) -> u8 {
        self.active.get(resource).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_takeover_needs_a_confirmed_end() {
        let mut truth = Ownership::new(true);
        assert!(truth.starting(0, 0, 1).is_none());
        assert_eq!(truth.active(0, 0), 0);
        truth.powerless(0);
        assert!(truth.starting(0, 1, 2).is_some(), "silence confirms nothing");
        let mut truth = Ownership::new(true);
        assert!(truth.starting(0, 0, 1).is_none());
        truth.confirmed_down(0);
        assert!(truth.starting(0, 1, 2).is_none());
        truth.stop_confirmed(0, 1);
        assert!(truth.starting(0, 0, 3).is_none());
    }

    #[test]
    fn active_twice_is_seen_in_every_mode() {
        let mut truth = Ownership::new(false);
        assert!(truth.starting(3, 0, 1).is_none() && truth.starting(3, 1, 1).is_none());
        assert_eq!((truth.active(3, 0), truth.active(3, 1)), (0, 0b1));
        truth.inactive(3, 0);
        assert_eq!(truth.counts(4).last(), Some((3, 1)));
    }
}
