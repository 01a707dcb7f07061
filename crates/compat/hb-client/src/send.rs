//! Messages to the clients of our name.

use crate::{Client, Error};
use hb_base::Uuid;
use hb_wire::Message;

impl Client {
    /// To all nodes, ourselves too. Arrives everywhere, not necessarily in order.
    ///
    /// # Errors
    /// [`Error::Casual`]; the message cannot be encoded; the daemon is gone or takes nothing.
    pub fn send(&mut self, message: &Message) -> Result<(), Error> {
        if self.is_casual() {
            return Err(Error::Casual);
        }
        self.channel.send(message)
    }

    /// To one node.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn send_to(&mut self, node: &str, message: Message) -> Result<(), Error> {
        self.send(&message.with("dest", node))
    }

    /// To the node of this id.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn send_to_uuid(&mut self, uuid: [u8; 16], message: Message) -> Result<(), Error> {
        self.send(&message.with_uuid("destuuid", Uuid(uuid)))
    }

    /// To all nodes; receivers hand out our ordered messages in the order in which we send them.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn send_ordered(&mut self, message: Message) -> Result<(), Error> {
        let number = self.order.next_number(None);
        self.send(&message.with_hex("oseq", number))
    }

    /// To one node, in the order of our ordered messages to it.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn send_ordered_to(&mut self, node: &str, message: Message) -> Result<(), Error> {
        let number = self.order.next_number(Some(node));
        self.send(&message.with("dest", node).with_hex("oseq", number))
    }
}
