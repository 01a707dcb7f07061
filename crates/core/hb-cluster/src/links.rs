//! Links: a node on a medium. Independent of the node's own life (spec: 6.5).

use crate::counters::LinkCounters;
use crate::machine::Cluster;
use crate::{Output, notices};
use alloc::sync::Arc;
use hb_base::{Instant, MediumId, NodeId};
use hb_wire::Message;

/// One node on one medium.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) medium: MediumId,
    pub(crate) up: bool,
    /// Kernel stamp of the last frame, or when evidence against the link began anew.
    pub(crate) seen: Instant,
    pub(crate) counters: LinkCounters,
}

impl Link {
    pub(crate) fn new(medium: MediumId) -> Link {
        Link { medium, up: false, seen: Instant::ZERO, counters: LinkCounters::default() }
    }
}

impl Cluster {
    /// A frame of `node` came over `medium`.
    pub(crate) fn refresh_link(&mut self, id: NodeId, medium: MediumId, stamp: Instant) {
        let Some(node) = self.nodes.find_mut(id) else { return };
        let Some(link) = node.links.iter_mut().find(|link| link.medium == medium) else { return };
        link.counters.received += 1;
        link.seen = link.seen.max(stamp);
        if !link.up {
            self.set_link(id, medium, true);
        }
    }

    /// Changes a link and tells everybody.
    pub(crate) fn set_link(&mut self, id: NodeId, medium: MediumId, up: bool) {
        let own = id == self.own_id;
        let Some(node) = self.nodes.find_mut(id) else { return };
        let Some(link) = node.links.iter_mut().find(|link| link.medium == medium) else { return };
        if link.up == up {
            return;
        }
        link.up = up;
        if !up {
            link.counters.deaths += 1;
        }
        let name = node.name.clone();
        let due = link.seen + self.patience_of(id);
        let ifname = self.options.media.get(usize::from(medium.0)).map_or("?", |medium| medium.name.as_str());
        let word = if up { "up" } else { "dead" };
        let local =
            Message::new("ifstat").with("node", name.as_str()).with("ifname", ifname).with("st", word);
        let notice = notices::link(&name, ifname, up, own);
        self.emit(Output::Notice(notice));
        self.emit(Output::Link { node: name, medium, up });
        self.emit(Output::Local { message: Arc::new(local) });
        if up {
            self.deadlines.set_no_later(crate::timers::Timer::Silence, due);
        }
    }
}
