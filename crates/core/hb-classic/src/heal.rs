//! A partition healed, and both nodes may hold the same groups.
//!
//! With an original in the pair the original's way is taken: wait 2 s, release everything, restart
//! (spec: cluster-protocol 7.2), also when the two were started apart and both hold the same for 2 s. Between two of ours nothing restarts. Both tell what they hold and what they
//! held when contact was lost (`hbkept`); the first word after a loss of contact (`info=heal`) asks the other node
//! to tell its side, and voids any standby that the two talked about before. Both apply the same rule to each half
//! that both hold:
//!
//! 1. Who held it before contact was lost keeps it, when that is exactly one of them. A node that never missed
//!    the other held everything before.
//! 2. Otherwise the node that the half prefers keeps it.
//!
//! Each half prefers exactly one of the two, so the rule always decides. The other node stops its groups of that
//! half and announces what is left; then the keeper tells the network again where its addresses are. What was
//! held does not change in between, except by that release, so both always see the same.
//!
//! With `auto_failback legacy` there are no announcements: whoever missed the other gives up what prefers it, and
//! asks for its own groups once more.

use hb_base::Severity;

use crate::messages::Info;
use crate::timers::{RESTART_DELAY, Timer};
use crate::{Classic, GroupState, Held, Output, Reason, State, notices};

/// Healing under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heal {
    /// What we are giving up.
    pub(crate) yielding: Held,
    /// What the peer is giving up, as far as we know.
    pub(crate) awaiting: Held,
}

impl Classic {
    /// Contact is back after the peer was declared dead, in whatever generation.
    pub(crate) fn contact_is_back(&mut self) {
        self.cancel_fencing();
        if let Some(peer) = &mut self.peer {
            peer.begin_life();
        }
        if self.leaving.is_some() || !self.communication {
            return;
        }
        if self.negotiates() {
            if self.state == State::Stable {
                self.announce(Info::Heal);
            }
        } else {
            self.request_local(true);
        }
    }

    /// The peer was dead and speaks again in the same generation.
    pub(crate) fn partition_healed(&mut self) {
        if self.leaving.is_some() || !self.communication {
            return;
        }
        let ours = self.both_native();
        let notice = self
            .about_peer(Severity::Critical, notices::HEAL)
            .with("how", if ours { "one_side_yields" } else { "restart" });
        self.notice(notice);
        if !ours {
            self.timers.arm(Timer::Restart, self.now + RESTART_DELAY);
        } else if !self.negotiates() {
            self.give_all_foreign();
        }
    }

    /// The peer said what it holds: does both of us hold the same?
    pub(crate) fn compare_holdings(&mut self) {
        let Some(peer) = &self.peer else { return };
        let both = self.held.common(peer.holds);
        if self.state != State::Stable || self.standby.is_some() || self.leaving.is_some() || !peer.stable {
            return;
        }
        if both.is_none() {
            self.holdings_differ();
            return;
        }
        if !self.both_native() {
            let notice = self.about_us(Severity::Critical, notices::BOTH_OWN).with("which", both.word());
            self.notice(notice);
            if !self.timers.is_armed(Timer::Overlap) {
                self.timers.arm(Timer::Overlap, self.now + RESTART_DELAY);
            }
            return;
        }
        let lost = self.losing(both);
        #[cfg(feature = "planted-bugs")]
        let lost = if self.options.bug == Some(crate::Bug::NobodyYields) { Held::NONE } else { lost };
        self.count_gains(both);
        if self.heal.is_none() {
            let notice = self
                .about_us(Severity::Critical, notices::BOTH_OWN)
                .with("which", both.word())
                .with("yielding", lost.word());
            self.notice(notice);
            self.heal = Some(Heal::default());
            // What we held before is told once more, so that the peer decides on what we decide on.
            if self.kept.is_none() {
                self.kept = Some(self.held);
            }
            self.announce(Info::None);
        }
        if let Some(heal) = &mut self.heal {
            heal.awaiting = both.without(lost);
            heal.yielding = heal.yielding.and(lost);
        }
        self.stop_halves(lost, Reason::Healed);
    }

    /// Whether the peer says that it holds something that we hold.
    pub(crate) fn holdings_overlap(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.is_alive() && peer.holds.overlaps(self.held))
    }

    /// An original never gives up what both hold, so we do. DEVIATION: two originals that were started apart only
    /// complain, and run everything twice for ever.
    pub(crate) fn overlap_persists(&mut self) {
        if self.holdings_overlap() && self.standby.is_none() && !self.both_native() {
            self.leave(true);
        }
    }

    /// The part of `both` that the rule gives to the peer.
    fn losing(&self, both: Held) -> Held {
        let Some(peer) = &self.peer else { return Held::NONE };
        let kept = self.kept.unwrap_or(self.held);
        both.halves().fold(Held::NONE, |lost, half| {
            let keep = match (kept.contains(half), peer.kept.contains(half)) {
                (true, false) => true,
                (false, true) => false,
                _ => half == Held::LOCAL,
            };
            if keep { lost } else { lost.and(half) }
        })
    }

    /// The peer does not hold what we hold: whatever we waited for is over.
    fn holdings_differ(&mut self) {
        let Some(heal) = &mut self.heal else {
            self.kept = None;
            return;
        };
        let (gained, over) = (heal.awaiting, heal.yielding.is_none());
        self.count_gains(Held::NONE);
        if over {
            self.healed(gained, Held::NONE);
        }
    }

    /// What we waited for and is not held by both any more is ours alone.
    fn count_gains(&mut self, both: Held) {
        let Some(heal) = &mut self.heal else { return };
        let gained = heal.awaiting.without(both);
        heal.awaiting = heal.awaiting.common(both);
        self.reannounce(gained);
    }

    /// Goes on when what we give up is stopped.
    pub(crate) fn advance_heal(&mut self) {
        let Some(heal) = &self.heal else { return };
        let (yielding, awaiting) = (heal.yielding, heal.awaiting);
        let done = yielding
            .halves()
            .filter(|half| !self.half_is_moving(*half) && !self.blocked_halves().overlaps(*half));
        let done = done.fold(Held::NONE, Held::and);
        if done.is_none() {
            return;
        }
        if let Some(heal) = &mut self.heal {
            heal.yielding = yielding.without(done);
        }
        self.set_held(self.held.without(done), Reason::Healed);
        self.announce(Info::None);
        if yielding == done && awaiting.is_none() {
            self.healed(Held::NONE, done);
        }
    }

    fn healed(&mut self, kept: Held, yielded: Held) {
        self.heal = None;
        self.kept = None;
        let notice = self
            .about_us(Severity::Warning, notices::HEAL_COMPLETE)
            .with("kept", kept.word())
            .with("yielded", yielded.word());
        self.notice(notice);
    }

    /// The peer restarted or died while we healed: what we were giving up stays here.
    pub(crate) fn abandon_heal(&mut self, reason: Reason) {
        if let Some(heal) = self.heal.take() {
            self.start_halves(heal.yielding.common(self.held), reason);
        }
    }

    /// Tells the network again where the addresses of these halves are.
    fn reannounce(&mut self, halves: Held) {
        for index in 0..self.groups.len() {
            if self.groups.get(index).is_some_and(|group| halves.overlaps(group.half())) {
                self.reannounce_group(index);
            }
        }
    }

    pub(crate) fn reannounce_group(&mut self, index: usize) {
        let Some(group) = self.groups.get(index).filter(|group| group.state() == GroupState::Started) else {
            return;
        };
        let addresses = group.resources().iter().map(|run| &run.resource);
        let addresses = addresses.filter(|resource| resource.class == hb_lrm::Class::Address).cloned();
        let outputs: alloc::vec::Vec<_> = addresses.map(|resource| Output::Reannounce { resource }).collect();
        outputs.into_iter().for_each(|output| self.put(output));
    }
}
