//! What the cluster says of the other node.

use hb_base::NodeName;

use crate::{Classic, PeerChange, Presence, Reason};

impl Classic {
    pub(crate) fn on_peer(&mut self, node: &NodeName, change: PeerChange) {
        let Some(peer) = self.peer.as_mut().filter(|peer| peer.name == *node) else { return };
        let presence = peer.presence;
        match change {
            PeerChange::Ours { yes } => peer.native = yes,
            PeerChange::Dead if presence != Presence::Dead => {
                peer.presence = Presence::Dead;
                if self.communication {
                    self.peer_died();
                }
            }
            PeerChange::Dead => {}
            PeerChange::Alive if presence == Presence::Unheard => peer.begin_life(),
            PeerChange::Alive | PeerChange::Returned | PeerChange::Restarted
                if presence == Presence::Dead =>
            {
                self.contact_is_back();
                if change == PeerChange::Returned {
                    self.partition_healed();
                }
            }
            PeerChange::Alive => {}
            PeerChange::Returned => self.partition_healed(),
            PeerChange::Restarted => self.peer_restarted(),
        }
    }

    /// It speaks in a new generation without having been missed: whatever we talked about is forgotten there.
    fn peer_restarted(&mut self) {
        self.abandon_standby(Reason::PeerRestarted);
        self.abandon_heal(Reason::PeerRestarted);
        self.cancel_fencing();
        self.handover.forgive();
        if let Some(peer) = &mut self.peer {
            peer.begin_life();
        }
        // While we did not look it may have been alone, and have taken ours.
        if !self.negotiates() && self.communication && self.leaving.is_none() {
            self.request_local(true);
        }
    }
}
