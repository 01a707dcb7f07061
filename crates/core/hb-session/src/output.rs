//! What the machine wants done.

use crate::Question;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use hb_base::{ClientId, Notice};
use hb_wire::Message;

/// Outputs of [`Session`](crate::Session). Each says who carries it out.
#[derive(Clone, Debug)]
pub enum Output {
    /// For the shell: send this to these connections, and report [`Input::Waiting`](crate::Input::Waiting).
    Send {
        /// To whom.
        clients: Vec<ClientId>,
        /// What.
        message: Arc<Message>,
    },
    /// For the shell: close the connection; its id is not used any more.
    Close {
        /// The connection.
        client: ClientId,
    },
    /// For the shell: stop (true) or resume reading from this connection.
    Hold {
        /// The connection.
        client: ClientId,
        /// Whether to stop.
        hold: bool,
    },
    /// For the shell: is there such a process? Answered by [`Input::Probed`](crate::Input::Probed).
    Probe {
        /// The connection that it is about.
        client: ClientId,
        /// The process.
        pid: u32,
    },
    /// For the shell: the client wants this signal with each message.
    Signal {
        /// The client's process.
        pid: u32,
        /// 1 to 31, neither KILL nor STOP.
        signal: u8,
    },
    /// For the node, which answers at once: [`Input::Fact`](crate::Input::Fact).
    Ask {
        /// The connection.
        client: ClientId,
        /// What.
        question: Question,
        /// To be given back.
        request: Box<Message>,
    },
    /// For the cluster: send this to all nodes.
    Submit {
        /// The message.
        message: Message,
    },
    /// For the cluster: a client of this name is on now, or is not any more.
    Client {
        /// The name.
        name: String,
        /// Whether it is on.
        online: bool,
    },
    /// For the log.
    Notice(Notice),
}
