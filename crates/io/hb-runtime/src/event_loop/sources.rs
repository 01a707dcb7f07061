//! The table of sources. Slots are reused; a generation tells an old handle from the slot's new owner.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use super::{Class, Interest};

/// Most sources of one loop: media, clients and children of a large node fit ten times over.
pub const MAX_SOURCES: usize = 1024;

/// A source's place in the table and its generation, as they travel through the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token(pub(super) u64);

impl Token {
    fn slot(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }
    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// Names a source in the loop that it was added to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SourceId(Token);

impl SourceId {
    pub(super) fn token(self) -> Token {
        self.0
    }
}

struct Source<K> {
    fd: RawFd,
    key: K,
    class: Class,
    interest: Interest,
    budget: Duration,
}

struct Slot<K> {
    generation: u32,
    source: Option<Source<K>>,
}

pub(super) struct Sources<K> {
    slots: Vec<Slot<K>>,
}

impl<K: Clone> Sources<K> {
    pub(super) fn new() -> Sources<K> {
        Sources { slots: Vec::new() }
    }

    pub(super) fn insert(
        &mut self,
        fd: BorrowedFd<'_>,
        key: K,
        class: Class,
        interest: Interest,
        budget: Duration,
    ) -> io::Result<SourceId> {
        let source = Some(Source { fd: fd.as_raw_fd(), key, class, interest, budget });
        let number = match self.slots.iter().position(|slot| slot.source.is_none()) {
            Some(number) => number,
            None if self.slots.len() >= MAX_SOURCES => {
                return Err(io::Error::new(
                    io::ErrorKind::QuotaExceeded,
                    "the loop has no room for another source",
                ));
            }
            None => {
                self.slots.push(Slot { generation: 0, source: None });
                self.slots.len() - 1
            }
        };
        let slot = self.slots.get_mut(number).ok_or(io::ErrorKind::NotFound)?;
        slot.generation = slot.generation.wrapping_add(1) & 0x7fff_ffff;
        slot.source = source;
        Ok(SourceId(Token(u64::from(slot.generation) << 32 | number as u64)))
    }

    fn find(&self, token: Token) -> Option<&Source<K>> {
        let slot = self.slots.get(token.slot())?;
        slot.source.as_ref().filter(|_| slot.generation == token.generation())
    }

    pub(super) fn class(&self, token: Token) -> Option<Class> {
        self.find(token).map(|source| source.class)
    }

    pub(super) fn lookup(&self, token: Token) -> Option<(K, Duration)> {
        self.find(token).map(|source| (source.key.clone(), source.budget))
    }

    /// `None`: no such source. `Some(None)`: no change. `Some(Some(fd))`: tell the kernel.
    pub(super) fn change_interest(&mut self, id: SourceId, interest: Interest) -> Option<Option<RawFd>> {
        let slot = self.slots.get_mut(id.0.slot())?;
        let source = slot.source.as_mut().filter(|_| slot.generation == id.0.generation())?;
        if source.interest == interest {
            return Some(None);
        }
        source.interest = interest;
        Some(Some(source.fd))
    }

    pub(super) fn remove(&mut self, id: SourceId) -> Option<RawFd> {
        let slot = self.slots.get_mut(id.0.slot())?;
        if slot.generation != id.0.generation() {
            return None;
        }
        slot.source.take().map(|source| source.fd)
    }
}
