//! A turn of the master: what the event loop of the real one does between two waits.
//!
//! The order is the real loop's: how late it is, then a due deadline, then packets, then everything else.

use super::World;
use super::host::{FromReader, MASTER, Master, News, reader};
use super::network::nanos;
use crate::truth::Invariant;
use hb_base::{ClientId, Instant, MediumId};
use hb_node::{ExecutorEvent, FencerEvent, Half, Input};
use std::time::Duration;

/// Packets that a turn takes from each reader before it looks at anything else.
const PACKETS_A_TURN: usize = 64;
/// Other inputs that a turn takes.
const NEWS_A_TURN: usize = 16;
/// How often the shell tells the wall clock and the load.
const ENVIRONMENT_INTERVAL: Duration = Duration::from_secs(1);
/// The local client of every node.
pub(super) const CLIENT: ClientId = ClientId(1);

impl World<'_> {
    /// Something for the master's loop, in order.
    pub(super) fn tell(&mut self, node: u8, news: News) {
        if let Some(master) = &mut self.host_mut(node).master {
            master.news.push_back(news);
            self.wake(node, MASTER);
        }
    }

    pub(super) fn master_turn(&mut self, node: u8) {
        // Taken out for the turn, so that what it does to the world can be done at once.
        let Some(mut master) = self.host_mut(node).master.take() else { return };
        self.stats.turns += 1;
        let now = self.local(node);
        master.turns += 1;
        let gone = self.master_works(node, &mut master, now);
        if gone {
            self.master_left(node, *master);
            return;
        }
        master.slept_at = now;
        let more = !master.news.is_empty() || master.from_readers.iter().any(|pair| !pair.is_empty());
        let next = master.node.deadline().map_or(master.environment_at, |at| at.min(master.environment_at));
        self.check_bounds(node, &master);
        self.host_mut(node).master = Some(master);
        if self.host(node).client.backlog > 0 {
            self.hand_over(node);
        }
        if more {
            self.wake(node, MASTER);
        } else {
            let at = self.host(node).clock.true_time(next);
            self.wake_at(node, MASTER, at);
        }
    }

    /// Everything in a turn; true when the master has ended.
    fn master_works(&mut self, node: u8, master: &mut Master, now: Instant) -> bool {
        let bound = self.stall_bound();
        if let Some(deadline) = master.node.deadline().filter(|at| *at <= now) {
            let late = now.since(deadline.max(master.slept_at));
            if late > bound && self.feed(node, master, now, Input::Stalled { by: late }) {
                return true;
            }
            if self.feed(node, master, now, Input::Timer) {
                return true;
            }
        }
        for medium in 0..self.plan.media.len() as u8 {
            if self.take_packets(node, master, now, medium) {
                return true;
            }
        }
        for _ in 0..NEWS_A_TURN {
            let Some(news) = master.news.pop_front() else { break };
            if self.take_news(node, master, now, news) {
                return true;
            }
        }
        if master.environment_at <= now {
            master.environment_at = now + ENVIRONMENT_INTERVAL;
            let wall = self.host(node).clock.wall(self.now());
            let load = "0.42 0.23 0.05 1/100 1234".to_owned();
            return self.feed(node, master, now, Input::Environment { wall, load });
        }
        false
    }

    /// From which lateness on the real loop reports a stall: set by the master role to this part of the deadtime.
    fn stall_bound(&self) -> Duration {
        hb_cluster::Timing::new(self.plan.timing.keepalive, self.plan.timing.deadtime).stall_bound
    }

    fn take_packets(&mut self, node: u8, master: &mut Master, now: Instant, medium: u8) -> bool {
        let place = usize::from(medium);
        let was_full = master.from_readers[place].is_full();
        for _ in 0..PACKETS_A_TURN {
            let Some(packet) = master.from_readers[place].pop() else { break };
            let medium = MediumId(medium);
            let input = match packet {
                FromReader::Frame(datagram) => {
                    Input::Frame { medium, stamp: datagram.stamp, bytes: datagram.bytes }
                }
                FromReader::Drained(token) => Input::Drained { medium, token },
            };
            if self.feed(node, master, now, input) {
                return true;
            }
        }
        if was_full {
            self.wake(node, reader(medium));
        }
        if master.from_readers[place].is_empty() && std::mem::take(&mut master.reader_ended[place]) {
            self.replace_later(node, reader(medium));
            let (medium, half) = (MediumId(medium), Half::Reader);
            return self.feed(node, master, now, Input::ChildDown { medium, half });
        }
        false
    }

    fn take_news(&mut self, node: u8, master: &mut Master, now: Instant, news: News) -> bool {
        let input = match news {
            News::Child { medium, half, up: true } => Input::ChildUp { medium: MediumId(medium), half },
            News::Child { medium, half, up: false } => Input::ChildDown { medium: MediumId(medium), half },
            News::WriterReady(medium) => Input::WriterReady { medium: MediumId(medium) },
            News::Executor(event) => Input::Executor(event),
            News::Fencer(event) => Input::Fencer(event),
            News::Persisted(token) => Input::Persisted(token),
            News::Request(request) => {
                if matches!(request, hb_node::Request::Send(_)) {
                    self.streams.sent(node);
                    self.check_flow(node, master);
                }
                Input::Request { client: CLIENT, request }
            }
            News::Terminate => {
                master.told_to_leave += 1;
                Input::Terminate
            }
        };
        if let Input::Executor(ExecutorEvent::Ran { .. }) | Input::Fencer(FencerEvent::Executed { .. }) =
            &input
        {
            self.stats.operations += 1;
        }
        self.feed(node, master, now, input)
    }

    /// One step of the product's machine, and everything that it wants done. True when the master has ended.
    pub(super) fn feed(&mut self, node: u8, master: &mut Master, now: Instant, input: Input) -> bool {
        self.stats.steps += 1;
        self.trace.note(u64::from(node) << 56 ^ now.as_nanos());
        if self.trace.explains() {
            self.explain_input(node, &input);
        }
        master.node.handle(now, input);
        self.watch_silence(node, master);
        self.fetch_outputs(node, master, now)
    }

    /// A master that says that it was stalled measures silence anew. It may when a process of it really stood still a
    /// moment ago. And before its generation is durable it hears, and misses, nobody.
    fn watch_silence(&mut self, node: u8, master: &mut Master) {
        let view = master.node.view();
        let (stalls, phase) = (view.cluster().counters().stalls, view.cluster().phase());
        let listens = !matches!(phase, hb_cluster::Phase::Idle | hb_cluster::Phase::Persisting);
        let begins = !std::mem::replace(&mut master.listens, listens) && listens;
        let stalled = stalls != std::mem::replace(&mut master.stalls, stalls);
        let (now, deadtime) = (self.now(), nanos(self.plan.timing.deadtime));
        let host = self.host_mut(node);
        if begins || stalled && now <= host.hindered_at.saturating_add(deadtime) {
            host.anew_at = now;
        }
    }

    /// S8: with too much unacknowledged, clients are told to wait. A batch may be under way, and the daemon's
    /// own messages are not held back.
    fn check_flow(&mut self, node: u8, master: &Master) {
        let flow = master.node.view().cluster().flow();
        let waiting = flow.hiseq.saturating_sub(flow.ackseq);
        if flow.on && waiting > flow.window + 64 && !flow.paused && !master.clients_wait {
            let what =
                format!("n{} takes a message of a client while {waiting} are unacknowledged", node + 1);
            self.broken(Invariant::Bound, what);
        }
    }

    /// S8: every queue below its bound.
    fn check_bounds(&mut self, node: u8, master: &Master) {
        // Looking is not free, and what grows without bound is still there the next time.
        if !master.turns.is_multiple_of(16) {
            return;
        }
        let view = master.node.view();
        let cluster = view.cluster();
        let history = cluster.options().history;
        let mut worst: Option<(&str, usize, usize)> = None;
        let mut look = |what, is: usize, bound: usize| {
            if is > bound {
                worst = Some((what, is, bound));
            }
        };
        look("outputs of the master", view.outputs_waiting(), 16_384);
        look("outputs of messaging", cluster.outputs_waiting(), 16_384);
        for medium in 0..self.plan.media.len() as u8 {
            let waiting = view.outbox(MediumId(medium)).map_or(0, hb_node::Outbox::waiting);
            look("frames before a writer", waiting, hb_node::FRAMES_MAX + 1);
        }
        for peer in cluster.nodes() {
            look("missing numbers", peer.missing(), 499);
            look("messages held for order", peer.held(), 2 * history);
            look("client reports held", peer.held_client_reports(), 256);
        }
        let flow = cluster.flow();
        look("history", flow.hiseq.saturating_sub(flow.lowseq) as usize, history);
        if let Some((what, is, bound)) = worst {
            self.broken(Invariant::Bound, format!("n{}: {is} {what}, the bound is {bound}", node + 1));
        }
    }

    /// How long this master will stay away when it restarts itself.
    pub(super) fn restart_pause(&self) -> u64 {
        nanos(self.plan.timing.deadtime) + 1_000_000_000
    }
}
