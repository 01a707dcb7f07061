//! The Heartbeat API's sessions between connections and cluster.

use crate::io::Output;
use crate::node::Node;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use hb_base::{ClientId, Instant, NodeName};
use hb_cluster::{NodeView, StatusChange};
use hb_session::{Ending, Fact, LinkFact, NodeFact, Peer, Question, Snapshot, Treatment};
use hb_wire::Message;

/// What happens on a connection of the Heartbeat API.
#[derive(Debug)]
pub enum ApiEvent {
    /// It was accepted.
    Connected(Peer),
    /// The body of a frame came.
    Frame(Vec<u8>),
    /// So many frames wait for the client to read them; told whenever that has changed.
    Waiting(usize),
    /// The answer to [`ApiAction::Probe`].
    Probed {
        /// The process.
        pid: u32,
        /// Whether there is one.
        alive: bool,
    },
    /// It has ended.
    Closed(Ending),
}

/// What to do with a connection of the Heartbeat API.
#[derive(Clone, Debug)]
pub enum ApiAction {
    /// Send the body of a frame, then tell [`ApiEvent::Waiting`].
    Send(Arc<[u8]>),
    /// Stop (true) or resume reading from it.
    Hold(bool),
    /// Is there such a process? Answered by [`ApiEvent::Probed`].
    Probe {
        /// The process.
        pid: u32,
    },
    /// Send a signal to the client's process.
    Signal {
        /// The process.
        pid: u32,
        /// Its number.
        signal: u8,
    },
    /// Close it.
    Close,
}

impl Node {
    pub(crate) fn api(&mut self, now: Instant, client: ClientId, event: ApiEvent) {
        use hb_session::Input as I;
        let input = match event {
            ApiEvent::Connected(peer) => I::Connected { client, peer },
            ApiEvent::Frame(bytes) => match self.codec.decode_local(&bytes) {
                Ok(message) => I::Received { client, message },
                Err(_) => I::Garbage { client },
            },
            ApiEvent::Waiting(messages) => I::Waiting { client, messages },
            ApiEvent::Probed { pid, alive } => I::Probed { client, pid, alive },
            ApiEvent::Closed(ending) => I::Closed { client, ending },
        };
        self.session.handle(now, input);
    }

    pub(crate) fn session_says(&mut self, now: Instant, output: hb_session::Output) {
        use hb_session::Output as O;
        match output {
            O::Send { clients, message } => self.send_to_clients(&clients, &message),
            O::Close { client } => self.act(client, ApiAction::Close),
            O::Hold { client, hold } => self.act(client, ApiAction::Hold(hold)),
            O::Probe { client, pid } => self.act(client, ApiAction::Probe { pid }),
            // The connection does not matter, only its process does.
            O::Signal { pid, signal } => self.act(ClientId::default(), ApiAction::Signal { pid, signal }),
            O::Ask { client, question, request } => {
                let fact = self.fact(&question);
                self.session.handle(now, hb_session::Input::Fact { client, request, fact });
            }
            O::Submit { message } => self.cluster.handle(now, hb_cluster::Input::Submit { message }),
            O::Client { name, online } => {
                self.cluster.handle(now, hb_cluster::Input::Client { name, online });
            }
            O::Notice(notice) => self.outputs.push_back(Output::Notice(notice)),
        }
    }

    fn act(&mut self, client: ClientId, action: ApiAction) {
        self.outputs.push_back(Output::Api { client, action });
    }

    /// One encoding for all of them.
    fn send_to_clients(&mut self, clients: &[ClientId], message: &Message) {
        let Ok(bytes) = self.codec.encode_local(message) else { return };
        let frame: Arc<[u8]> = bytes.into();
        for client in clients {
            self.act(*client, ApiAction::Send(frame.clone()));
        }
    }

    /// What the cluster delivers is shown to clients at arrival. Our own messages carry the signature that they have on
    /// the network, as with the original.
    pub(crate) fn show_clients(&mut self, now: Instant, message: &Arc<Message>, change: StatusChange) {
        if !self.session.view().has_clients() {
            return;
        }
        let treatment = match change {
            StatusChange::Unchanged => Treatment::Unchanged,
            StatusChange::Changed | StatusChange::NotStatus => Treatment::Keep,
        };
        let ours = message.text("src") == Some(self.own.as_str()) && message.value("ts").is_some();
        let signature = if ours { self.codec.signature_field(message) } else { None };
        let message = match signature {
            Some(auth) => Arc::new(Message::clone(message).with("auth", auth)),
            None => message.clone(),
        };
        self.session.handle(now, hb_session::Input::Delivered { message, treatment });
    }

    fn fact(&self, question: &Question) -> Fact {
        let cluster = self.cluster.view();
        let fact = |node: NodeView<'_>| node_fact(&node);
        match question {
            Question::Snapshots => {
                Fact::Snapshots(cluster.nodes().filter_map(|node| snapshot(&node)).collect())
            }
            Question::Nodes => Fact::Nodes(cluster.nodes().map(fact).collect()),
            Question::Node(name) => {
                let folded = NodeName::new(name);
                Fact::Node(folded.and_then(|name| cluster.node(&name)).map(fact))
            }
            Question::Uuid(uuid) => {
                Fact::Node(cluster.nodes().find(|node| node.uuid() == *uuid && !uuid.is_nil()).map(fact))
            }
            Question::Resources => {
                Fact::Resources(self.classic.as_ref().map(|classic| classic.view().rscstatus()))
            }
        }
    }
}

fn snapshot(node: &NodeView<'_>) -> Option<Snapshot> {
    let last_seq = node.last_seq().filter(|_| node.missing() > 0)?.0;
    Some(Snapshot { uuid: node.uuid(), generation: node.generation().0, last_seq })
}

fn node_fact(node: &NodeView<'_>) -> NodeFact {
    let link = |name: &str, up: bool| LinkFact { name: String::from(name), up };
    NodeFact {
        name: String::from(node.name().as_str()),
        own: node.is_self(),
        ping: node.is_ping(),
        status: String::from(node.status().as_str()),
        weight: node.weight(),
        site: String::from(node.site()),
        uuid: node.uuid(),
        links: node.links().map(|(_, name, up, _)| link(name, up)).collect(),
    }
}
