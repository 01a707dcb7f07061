//! What happens in the cluster.

use hb_wire::Message;

/// What [`Client::poll`](crate::Client::poll) hands out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A node's status: `init`, `up`, `active`, `dead` or `ping`.
    Node {
        /// The node.
        node: String,
        /// Its status.
        status: String,
        /// The message that told it.
        message: Message,
    },
    /// A link's status: `up` or `dead`.
    Link {
        /// The node that it leads to.
        node: String,
        /// Its name.
        link: String,
        /// Its status.
        status: String,
        /// The message that told it.
        message: Message,
    },
    /// A client of our name came (`join`) or went (`leave`); or the late answer to
    /// [`Client::client_status`](crate::Client::client_status), `online` or `offline`.
    Client {
        /// The node that it is on.
        node: String,
        /// Its name.
        client: String,
        /// What became of it.
        status: String,
        /// The message that told it.
        message: Message,
    },
    /// Any other message.
    Message(Message),
    /// Ordered messages of our name on that node are lost: their numbers, first and last.
    Gap {
        /// The node.
        node: String,
        /// First number.
        first: u64,
        /// Last number.
        last: u64,
    },
}

impl Event {
    /// The message behind it, if there is one.
    pub fn into_message(self) -> Option<Message> {
        match self {
            Event::Node { message, .. }
            | Event::Link { message, .. }
            | Event::Client { message, .. }
            | Event::Message(message) => Some(message),
            Event::Gap { .. } => None,
        }
    }
}

pub(crate) fn classify(message: Message) -> Event {
    let text = |field| message.text(field).map(str::to_owned);
    match message.kind() {
        Some("status" | "NS_st") => match (text("src"), text("st")) {
            (Some(node), Some(status)) => Event::Node { node, status, message },
            _ => Event::Message(message),
        },
        Some("ifstat") => match (text("node"), text("ifname"), text("st")) {
            (Some(node), Some(link), Some(status)) => Event::Link { node, link, status, message },
            _ => Event::Message(message),
        },
        Some("hbapi-clstat") => match (text("src"), text("from_id"), text("st")) {
            (Some(node), Some(client), Some(status)) => Event::Client { node, client, status, message },
            _ => Event::Message(message),
        },
        Some("respond-cstatus") => match (text("src"), text("cn"), text("cs")) {
            (Some(node), Some(client), Some(status)) => Event::Client { node, client, status, message },
            _ => Event::Message(message),
        },
        _ => Event::Message(message),
    }
}
