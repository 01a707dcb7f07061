//! The local client of each node: it sends numbered messages and receives everybody's, in order.

use hb_wire::Message;

/// The type of the messages that clients of the simulated nodes exchange.
pub(crate) const KIND: &str = "simulated";
/// The number of a message, counted from 1 over the life of its sender's master.
const NUMBER: &str = "number";
/// Which master of the sender took it.
const LIFE: &str = "life";

/// Messages that wait while a master has none running or wants its clients to wait; more are not written.
pub(crate) const BACKLOG_MAX: u32 = 2_000;

/// The sending side.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Client {
    /// Messages to be handed over as soon as the master takes them.
    pub(crate) backlog: u32,
    /// Handed over in this life.
    pub(crate) sent: u32,
}

/// A numbered message.
pub(crate) fn message(life: u32, number: u32) -> Message {
    Message::new(KIND).with(LIFE, life.to_string()).with(NUMBER, number.to_string())
}

/// What a notification script sees of a message: life of the sender's master, number of the message.
pub(crate) fn read_environment<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Option<(u32, u32)> {
    let number = |name: &str| field(&format!("HA_{name}"))?.parse().ok();
    Some((number(LIFE)?, number(NUMBER)?))
}

/// What a received message says: life of the sender's master, number of the message, sequence number.
pub(crate) fn read(message: &Message) -> Option<(u32, u32, u64)> {
    if message.kind() != Some(KIND) {
        return None;
    }
    let number = |name| message.decimal(name).and_then(|n| u32::try_from(n).ok());
    Some((number(LIFE)?, number(NUMBER)?, message.hex("seq")?))
}
