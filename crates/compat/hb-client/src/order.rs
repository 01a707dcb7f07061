//! Ordered messages (spec: ipc 3.8): numbered by the sending client, put in order by the receiving one.
//!
//! The daemon hands messages out as they arrive; one that was lost and sent again comes later than its successors.

use hb_wire::Message;
use std::collections::BTreeMap;

/// Messages of one sender that may wait for an earlier one. Beyond that the earlier ones are given up.
const HELD_MAX: usize = 1_000;
/// Messages of a sender's next life that may wait for the end of the present one.
const PARKED_MAX: usize = 1_000;

/// What has its turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ready {
    Message(Message),
    Gap { node: String, first: u64, last: u64 },
}

/// Where a message's number counts.
type Stream = (String, Addressed);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Addressed {
    All,
    One,
}

/// Which life of a client numbered its messages: generation of its daemon, generation of its connection there.
type Life = (u64, u64);

#[derive(Debug)]
struct Received {
    life: Life,
    /// The next number.
    next: u64,
    held: BTreeMap<u64, Message>,
    /// Of later lives: they wait until the present one is known to have ended.
    parked: Vec<Message>,
}

/// Numbers of what we send, and the order of what we receive.
#[derive(Debug)]
pub(crate) struct Order {
    own: String,
    sent: BTreeMap<Option<String>, u64>,
    streams: BTreeMap<Stream, Received>,
}

/// What an ordered message says of itself.
#[derive(Clone, Copy)]
struct Place {
    life: Life,
    number: u64,
}

fn place(message: &Message) -> Option<(Stream, Place)> {
    let number = message.hex("oseq").filter(|number| (1..u64::MAX).contains(number))?;
    let life = (message.hex("hg").unwrap_or(0), message.decimal("client_gen").unwrap_or(0));
    let addressed = if message.value("dest").is_some() { Addressed::One } else { Addressed::All };
    Some(((message.text("src")?.to_owned(), addressed), Place { life, number }))
}

impl Order {
    pub(crate) fn new(own: &str) -> Order {
        Order { own: own.to_owned(), sent: BTreeMap::new(), streams: BTreeMap::new() }
    }

    /// The number of the next ordered message to all, or to one node.
    pub(crate) fn next_number(&mut self, node: Option<&str>) -> u64 {
        let number = self.sent.entry(node.map(str::to_owned)).or_insert(0);
        *number += 1;
        *number
    }

    /// A message came: what has its turn now.
    pub(crate) fn take(&mut self, message: Message) -> Vec<Ready> {
        let Some((stream, at)) = place(&message) else { return self.take_other(message) };
        let node = stream.0.clone();
        // The first message after our sign-on tells where counting stands.
        let received = self.streams.entry(stream).or_insert_with(|| Received {
            life: at.life,
            next: at.number,
            held: BTreeMap::new(),
            parked: Vec::new(),
        });
        received.take(&node, at, message)
    }

    /// The end of a client of our name lets its successor's messages through.
    fn take_other(&mut self, message: Message) -> Vec<Ready> {
        let left = message.kind() == Some("hbapi-clstat")
            && message.text("st") == Some("leave")
            && message.text("from_id") == Some(self.own.as_str());
        let ended = message.text("src").filter(|_| left).map(str::to_owned);
        let generation = message.decimal("client_gen");
        let mut ready = vec![Ready::Message(message)];
        if let (Some(node), Some(generation)) = (ended, generation) {
            for addressed in [Addressed::All, Addressed::One] {
                if let Some(received) = self.streams.get_mut(&(node.clone(), addressed)) {
                    ready.splice(0..0, received.settle(&node, generation));
                    ready.extend(received.next_life(&node));
                }
            }
        }
        ready
    }
}

impl Received {
    fn take(&mut self, node: &str, at: Place, message: Message) -> Vec<Ready> {
        if at.life.0 > self.life.0 {
            // The daemon was started anew, and every client of it.
            let mut ready = self.give_up(node);
            self.begin(at.life);
            ready.extend(self.put(node, at.number, message));
            return ready;
        }
        if at.life > self.life {
            if self.parked.len() < PARKED_MAX {
                self.parked.push(message);
                return Vec::new();
            }
            // Its predecessor's end was never told: it must have ended all the same.
            let mut ready = self.give_up(node);
            self.parked.push(message);
            ready.extend(self.next_life(node));
            return ready;
        }
        if at.life < self.life {
            return Vec::new();
        }
        self.put(node, at.number, message)
    }

    fn begin(&mut self, life: Life) {
        self.life = life;
        self.next = 1;
        self.held.clear();
    }

    fn put(&mut self, node: &str, number: u64, message: Message) -> Vec<Ready> {
        if number < self.next {
            return Vec::new();
        }
        self.held.insert(number, message);
        let mut ready = self.in_turn();
        if self.held.len() > HELD_MAX {
            ready.extend(self.skip(node));
            ready.extend(self.in_turn());
        }
        ready
    }

    fn in_turn(&mut self) -> Vec<Ready> {
        let mut ready = Vec::new();
        while let Some(message) = self.held.remove(&self.next) {
            self.next += 1;
            ready.push(Ready::Message(message));
        }
        ready
    }

    /// Gives up what is missing before the first that waits.
    fn skip(&mut self, node: &str) -> Option<Ready> {
        let first = *self.held.keys().next()?;
        let gap = Ready::Gap { node: node.to_owned(), first: self.next, last: first - 1 };
        self.next = first;
        Some(gap)
    }

    /// Everything that waits, with the gaps between.
    fn give_up(&mut self, node: &str) -> Vec<Ready> {
        let mut ready = self.in_turn();
        while let Some(gap) = self.skip(node) {
            ready.push(gap);
            ready.extend(self.in_turn());
        }
        ready
    }

    /// The present life has ended: what it left.
    fn settle(&mut self, node: &str, generation: u64) -> Vec<Ready> {
        if generation != self.life.1 { Vec::new() } else { self.give_up(node) }
    }

    /// What waited for the end of the present life.
    fn next_life(&mut self, node: &str) -> Vec<Ready> {
        let parked = std::mem::take(&mut self.parked);
        let Some(life) = parked.iter().filter_map(place).map(|(_, at)| at.life).min() else {
            return Vec::new();
        };
        self.begin(life);
        let mut ready = Vec::new();
        for message in parked {
            if let Some((_, at)) = place(&message) {
                ready.extend(self.take(node, at, message));
            }
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: [i64; 0] = [];

    fn ordered(number: u64, hg: u64, generation: u64) -> Message {
        Message::new("x")
            .with("src", "n2")
            .with_hex("hg", hg)
            .with_decimal("client_gen", generation)
            .with_hex("oseq", number)
    }

    fn leave(generation: u64) -> Message {
        Message::new("hbapi-clstat")
            .with("st", "leave")
            .with("src", "n2")
            .with("from_id", "me")
            .with_decimal("client_gen", generation)
    }

    /// What comes out: numbers of messages, gaps as negative numbers, 0 for anything else.
    fn out(order: &mut Order, message: Message) -> Vec<i64> {
        let number = |ready: &Ready| match ready {
            Ready::Message(message) => message.hex("oseq").unwrap_or(0) as i64,
            Ready::Gap { first, last, .. } => -((first * 100 + last) as i64),
        };
        order.take(message).iter().map(number).collect()
    }

    #[test]
    fn late_messages_come_in_their_turn_and_once() {
        let mut order = Order::new("me");
        assert_eq!(out(&mut order, ordered(5, 1, 0)), [5], "the first one tells where counting stands");
        assert_eq!(out(&mut order, ordered(7, 1, 0)), NOTHING);
        assert_eq!(out(&mut order, ordered(8, 1, 0)), NOTHING);
        assert_eq!(out(&mut order, ordered(6, 1, 0)), [6, 7, 8]);
        assert_eq!(out(&mut order, ordered(7, 1, 0)), NOTHING);
        assert_eq!(out(&mut order, ordered(4, 1, 0)), NOTHING);
        assert_eq!(out(&mut order, Message::new("y").with("src", "n2")), [0], "others pass");
    }

    #[test]
    fn messages_to_one_node_count_by_themselves() {
        let mut order = Order::new("me");
        assert_eq!(
            (order.next_number(None), order.next_number(Some("n2")), order.next_number(None)),
            (1, 1, 2)
        );
        assert_eq!(out(&mut order, ordered(5, 1, 0)), [5]);
        assert_eq!(out(&mut order, ordered(1, 1, 0).with("dest", "me")), [1]);
        assert_eq!(out(&mut order, ordered(6, 1, 0)), [6]);
    }

    #[test]
    fn a_new_daemon_counts_anew() {
        let mut order = Order::new("me");
        out(&mut order, ordered(5, 1, 3));
        out(&mut order, ordered(8, 1, 3));
        assert_eq!(out(&mut order, ordered(2, 2, 0)), [-607, 8], "what is lost is told");
        assert_eq!(out(&mut order, ordered(1, 2, 0)), [1, 2]);
        assert_eq!(out(&mut order, ordered(9, 1, 3)), NOTHING, "an old one's late message");
    }

    #[test]
    fn a_successor_waits_for_the_end_of_its_predecessor() {
        let mut order = Order::new("me");
        out(&mut order, ordered(1, 1, 3));
        out(&mut order, ordered(3, 1, 3));
        assert_eq!(out(&mut order, ordered(1, 1, 5)), NOTHING);
        assert_eq!(out(&mut order, leave(3)), [-202, 3, 0, 1], "its rest, its end, its successor");
        assert_eq!(out(&mut order, ordered(2, 1, 5)), [2]);
    }

    #[test]
    fn what_never_comes_is_given_up() {
        let mut order = Order::new("me");
        out(&mut order, ordered(1, 1, 0));
        let mut all = Vec::new();
        for number in 3..3 + HELD_MAX as u64 + 1 {
            all.extend(out(&mut order, ordered(number, 1, 0)));
        }
        assert_eq!((all.len(), all[0], all[1]), (HELD_MAX + 2, -202, 3));
    }
}
