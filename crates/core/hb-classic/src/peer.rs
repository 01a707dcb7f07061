//! What this node knows of the other.

use hb_base::NodeName;

use crate::Held;
use crate::messages::{Announced, Info, Stamp};

/// Whether the other node is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// Never heard since we started.
    Unheard,
    /// It speaks.
    Alive,
    /// It was declared dead.
    Dead,
}

/// The other node. All holdings are in our view: its `foreign` is our `LOCAL`.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name.
    pub name: NodeName,
    /// Whether it is there.
    pub presence: Presence,
    /// Whether it speaks our extensions.
    pub native: bool,
    /// What it said last that it holds.
    pub holds: Held,
    /// What may still run there, as far as we can know: a release counts when it is complete, not when it is
    /// announced. Everything until it told us for the first time.
    pub may_hold: Held,
    /// Whether it said that it has settled.
    pub stable: bool,
    /// What it held before contact was lost, as it says.
    pub(crate) kept: Held,
    /// Its start is over, or it has left: it takes nothing by itself.
    pub(crate) settled: bool,
    /// It was heard since its last death.
    pub(crate) heard: bool,
    /// It said `starting` and has not settled since.
    pub(crate) starting: bool,
    /// It announced itself stable after the last time our own holdings moved.
    pub(crate) fresh: bool,
    /// The newest message that told what it holds.
    pub(crate) stamp: Option<Stamp>,
}

impl Peer {
    pub(crate) fn new(name: NodeName) -> Peer {
        Peer {
            name,
            presence: Presence::Unheard,
            native: false,
            holds: Held::NONE,
            may_hold: Held::ALL,
            stable: false,
            kept: Held::NONE,
            settled: false,
            heard: false,
            starting: false,
            fresh: false,
            stamp: None,
        }
    }

    /// Whether it speaks.
    pub fn is_alive(&self) -> bool {
        self.presence == Presence::Alive
    }

    /// Its fencing may be left out: it was heard in this life, nothing can run there, and it will not take
    /// anything by itself. DEVIATION: the original believes a starting node that says `none`, although it may
    /// take what prefers it ten seconds later, whether we are still there or not.
    pub(crate) fn is_harmless(&self) -> bool {
        self.heard && self.settled && self.may_hold.is_none()
    }

    /// It is there in a life that has told us nothing yet.
    pub(crate) fn begin_life(&mut self) {
        self.presence = Presence::Alive;
        self.heard = true;
        self.may_hold = Held::ALL;
        self.holds = Held::NONE;
        self.kept = Held::NONE;
        self.stable = false;
        self.settled = false;
        self.starting = false;
        self.fresh = false;
    }

    /// It cannot hold anything any more: fenced, gone, or given up for lost.
    pub(crate) fn holds_nothing(&mut self) {
        self.settled = true;
        self.holds = Held::NONE;
        self.may_hold = Held::NONE;
        self.kept = Held::NONE;
    }

    /// Whether a message is older than what we already know; remembers it otherwise.
    pub(crate) fn is_late(&mut self, stamp: Option<Stamp>) -> bool {
        let Some(stamp) = stamp else { return false };
        if self.stamp.is_some_and(|newest| stamp <= newest) {
            return true;
        }
        self.stamp = Some(stamp);
        false
    }

    /// Whether a message is from a life of the peer before the one that we know.
    pub(crate) fn is_from_before(&self, stamp: Option<Stamp>) -> bool {
        matches!((stamp, self.stamp), (Some((generation, _)), Some((known, _))) if generation < known)
    }

    /// What it holds is now known as of this message; older announcements are late.
    pub(crate) fn known_as_of(&mut self, stamp: Option<Stamp>) {
        self.stamp = self.stamp.max(stamp);
    }

    /// Takes over what it announced. A release under way (`standby`, `shutdown`, anything not stable of a node
    /// that does not start) is only a promise. DEVIATION: the original believes it at once, and would take over
    /// without fencing when the node dies before the promise is kept.
    pub(crate) fn announced(&mut self, told: &Announced) {
        let held = told.held.swapped();
        let native = told.native;
        if !told.full {
            self.holds = self.holds.and(held);
            self.may_hold = self.may_hold.and(held);
            return;
        }
        self.native = native;
        self.holds = held;
        self.kept = told.kept.map_or(held, Held::swapped);
        let promise = matches!(told.info, Info::Standby | Info::Shutdown);
        let settled = told.stable == Some(true) || self.starting;
        self.may_hold = if settled && !promise { held } else { self.may_hold.and(held) };
        self.stable = told.stable == Some(true);
        if self.stable {
            self.starting = false;
            self.settled = true;
            self.fresh = true;
        }
    }
}
