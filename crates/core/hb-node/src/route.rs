//! Whose output is whose input.

use crate::io::Output;
use crate::node::{Leaving, Node};
use crate::outbox::Offer;
use crate::request::Reply;
use crate::scripts::Surroundings;
use alloc::string::String;
use hb_base::{CallId, Instant, MediumId, NodeName, Notice, Severity};
use hb_classic::{PeerChange, Refusal};
use hb_cluster::{Class, Flow, MediumKind, Status, StatusChange};

/// A message in the FIFO was no message.
pub(crate) const FIFO_GARBAGE: &str = "fifo_garbage";

pub(crate) fn fifo_garbage(length: usize) -> Notice {
    Notice::new(Severity::Warning, FIFO_GARBAGE, "fifo").with("bytes", length as u64)
}

/// Too many messages ran scripts of rc.d at once. Told at the first and at each doubling.
pub(crate) const SCRIPTS_DROPPED: &str = "scripts_dropped";

fn scripts_dropped(count: u64) -> Notice {
    Notice::new(Severity::Warning, SCRIPTS_DROPPED, "rc.d").with("count", count)
}

/// The node was told twice to leave, and goes although this resource may run here. Nobody watches it any more, and
/// where nothing is fenced the other node starts it too.
pub(crate) const LEFT_RUNNING: &str = "left_running";

/// Why the resource manager does not do what it is asked, for people.
fn sentence(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Legacy => "auto_failback legacy knows no standby; write auto_failback on or off",
        Refusal::NoPeer => "there is no other node in the configuration",
        Refusal::PeerDead => "the other node is not there",
        Refusal::InFlux => "this node has not settled yet; try again in a moment",
        Refusal::PeerInFlux => "the other node has not settled yet; try again in a moment",
        Refusal::StandbyRunning => "resources are being moved already",
        Refusal::ShuttingDown => "this node is leaving",
        Refusal::TimedOut => "the other node did not answer in time, or did not finish",
        Refusal::Crossed => "both nodes wanted to give at the same time; nothing moved",
        Refusal::Blocked => "a resource could not be stopped; everything stays here",
        Refusal::PeerLost => "the other node was lost meanwhile; what was not handed over stays here",
        Refusal::PeerAborted => "the other node still holds what it was to give",
    }
}

impl Node {
    /// Drains every part until none has anything left to say.
    pub(crate) fn route(&mut self, now: Instant) {
        loop {
            if let Some(output) = self.cluster.poll() {
                self.cluster_says(now, output);
            } else if let Some(output) = self.classic.as_mut().and_then(hb_classic::Classic::poll) {
                self.classic_says(now, output);
            } else if let Some(output) = self.stonith.poll() {
                self.stonith_says(now, output);
            } else if let Some(output) = self.session.poll() {
                self.session_says(now, output);
            } else {
                return;
            }
        }
    }

    fn cluster_says(&mut self, now: Instant, output: hb_cluster::Output) {
        use hb_cluster::Output as O;
        match output {
            O::Transmit { class, frame } => self.transmit(class, &frame),
            O::Drain { token, media } => {
                self.outputs.extend(media.into_iter().map(|medium| Output::Drain { medium, token }));
            }
            O::ReaderStuck { medium } => self.outputs.push_back(Output::ReplaceReader(medium)),
            O::Deliver { from, message, change } => {
                self.show_clients(now, &message, change);
                let view = self.cluster.view();
                let others = || view.nodes().filter(|node| !node.is_self() && !node.is_ping());
                let around = Surroundings {
                    own: &self.own,
                    status: view.status().as_str(),
                    alone: others().all(|node| *node.status() == Status::Dead),
                };
                if !self.scripts.take(&around, &message) && self.scripts.dropped().is_power_of_two() {
                    self.outputs.push_back(Output::Notice(scripts_dropped(self.scripts.dropped())));
                }
                self.run_scripts();
                self.tell_classic(now, hb_classic::Input::Message { from, message });
            }
            O::Ordered { message, .. } => self.subscribers.deliver(&message, &mut self.outputs),
            O::Local { message } => {
                self.show_clients(now, &message, StatusChange::NotStatus);
                self.subscribers.deliver(&message, &mut self.outputs);
            }
            O::Gap { from, first, last, .. } => {
                self.subscribers.gap(&from, first, last, &mut self.outputs);
            }
            O::Node { node, from, to, .. } => self.node_changed(now, node, &from, &to),
            O::Link { node, medium, .. } => self.changes.link(now, node, medium),
            O::CommunicationUp => {
                self.tell_classic(now, hb_classic::Input::CommunicationUp);
                self.outputs.push_back(Output::ApiReady);
            }
            O::Returned { node } => self.peer(now, node, PeerChange::Returned),
            O::Restarted { node } => self.peer(now, node, PeerChange::Restarted),
            O::Native { node, yes } => self.peer(now, node, PeerChange::Ours { yes }),
            O::Persist { record, token } => self.outputs.push_back(Output::Persist { record, token }),
            O::Flow(flow) => self.outputs.push_back(Output::Pause(flow == Flow::Pause)),
            O::Notice(notice) => self.outputs.push_back(Output::Notice(notice)),
            O::Removed => {
                if self.leaving == Leaving::No {
                    self.terminate(now);
                }
            }
            O::Left => self.exit(self.leaving == Leaving::Parting { restart: true }),
        }
    }

    /// Names what is not known to be stopped, for whoever has to look after it by hand now.
    pub(crate) fn tell_left_running(&mut self) {
        use hb_classic::ResourceState as S;
        let Some(classic) = &self.classic else { return };
        let mode = self.mode.word();
        for group in classic.view().groups {
            let left = group.resources().iter().filter(|run| !matches!(run.state, S::Unknown | S::Stopped));
            self.outputs.extend(left.map(|run| {
                let notice = Notice::new(Severity::Critical, LEFT_RUNNING, run.resource.id.clone())
                    .with("group", String::from(group.key()))
                    .with("state", run.state.word())
                    .with("mode", mode);
                Output::Notice(notice)
            }));
        }
    }

    /// Starts the next script of rc.d when none runs.
    pub(crate) fn run_scripts(&mut self) {
        if let Some((call, operation)) = self.scripts.next_script() {
            self.outputs.push_back(Output::Execute { call, operation });
        }
    }

    /// One copy for each medium that leads to other nodes.
    fn transmit(&mut self, class: Class, frame: &alloc::sync::Arc<[u8]>) {
        let media = &self.cluster.view().options().media;
        for (at, (medium, outbox)) in media.iter().zip(&mut self.outboxes).enumerate() {
            if medium.kind != MediumKind::Peers {
                continue;
            }
            if let Offer::Write(frame) = outbox.offer(class, frame.clone()) {
                let medium = MediumId(u8::try_from(at).unwrap_or(u8::MAX));
                self.outputs.push_back(Output::Write { medium, class, frame });
            }
        }
    }

    fn node_changed(&mut self, now: Instant, node: NodeName, from: &Status, to: &Status) {
        self.changes.node(now, node.clone());
        if node == self.own {
            return;
        }
        match (from, to) {
            (_, Status::Dead) => self.peer(now, node, PeerChange::Dead),
            (Status::Init | Status::Dead, _) => self.peer(now, node, PeerChange::Alive),
            _ => {}
        }
    }

    fn peer(&mut self, now: Instant, node: NodeName, change: PeerChange) {
        self.tell_classic(now, hb_classic::Input::Peer { node, change });
    }

    fn classic_says(&mut self, now: Instant, output: hb_classic::Output) {
        use hb_classic::Output as O;
        match output {
            O::Run { call, operation } => {
                let call = CallId(self.call_base + call.0);
                self.outputs.push_back(Output::Execute { call, operation });
            }
            O::Reannounce { resource } => self.outputs.push_back(Output::Reannounce(resource)),
            O::Send(message) => self.cluster.handle(now, hb_cluster::Input::Submit { message }),
            O::Fence { node } => self.stonith.handle(now, hb_stonith::Input::Fence { node }),
            O::CancelFence { node } => self.stonith.handle(now, hb_stonith::Input::Cancel { node }),
            O::Reply { client, result } => {
                let reply = match result {
                    Ok(_) => Reply::Done,
                    Err(refusal) => {
                        Reply::Refused { code: refusal.word(), why: String::from(sentence(refusal)) }
                    }
                };
                self.outputs.push_back(Output::Reply { client, reply });
            }
            O::ShutdownDone => self.part(now, false),
            O::Restart => self.part(now, true),
            O::Notice(notice) => self.outputs.push_back(Output::Notice(notice)),
        }
    }

    fn stonith_says(&mut self, now: Instant, output: hb_stonith::Output) {
        use hb_stonith::Output as O;
        match output {
            O::Execute { call, operation } => {
                let call = CallId(self.call_base + call.0);
                self.outputs.push_back(Output::FenceOp { call, operation });
            }
            O::Fenced { node, result } => self.tell_classic(now, hb_classic::Input::Fenced { node, result }),
            O::Mode(mode) => {
                self.mode = mode;
                self.tell_classic(now, hb_classic::Input::Mode(mode));
            }
            O::Notice(notice) => self.outputs.push_back(Output::Notice(notice)),
        }
    }
}
