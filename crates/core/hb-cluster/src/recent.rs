//! Frames verified and decoded a moment ago.
//!
//! Every frame comes once on each medium, and our own come back on broadcast media. The second copy has the same
//! bytes, so it has the same signature and the same meaning: neither is worked out again.

use alloc::sync::Arc;
use hb_wire::Message;

/// Frames remembered.
const FRAMES: usize = 32;
/// Longer frames are rare, and not worth their memory.
const FRAME_BYTES: usize = 2048;

#[derive(Debug)]
struct Entry {
    /// Length and last bytes: the digest of netstring frames, so nearly always enough to tell frames apart.
    mark: (usize, [u8; 8]),
    frame: Arc<[u8]>,
    message: Arc<Message>,
}

/// The newest frames, from whatever node.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    entries: alloc::vec::Vec<Entry>,
    /// Where the next one goes.
    next: usize,
}

impl Recent {
    /// What these bytes mean, if they were decoded a moment ago.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<Arc<Message>> {
        let mark = mark(bytes);
        let same = |entry: &&Entry| entry.mark == mark && *entry.frame == *bytes;
        self.entries.iter().find(same).map(|entry| entry.message.clone())
    }

    /// Remembers a frame that was verified, or that we signed.
    pub(crate) fn remember(&mut self, frame: Arc<[u8]>, message: Arc<Message>) {
        if frame.len() > FRAME_BYTES {
            return;
        }
        let entry = Entry { mark: mark(&frame), frame, message };
        match self.entries.get_mut(self.next) {
            Some(oldest) => *oldest = entry,
            None => self.entries.push(entry),
        }
        self.next = (self.next + 1) % FRAMES;
    }

    /// Other keys: what was good may be so no longer.
    pub(crate) fn forget(&mut self) {
        *self = Recent::default();
    }
}

fn mark(bytes: &[u8]) -> (usize, [u8; 8]) {
    (bytes.len(), bytes.last_chunk::<8>().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(n: usize) -> Arc<[u8]> {
        alloc::format!("frame {n:08}").into_bytes().into()
    }

    #[test]
    fn the_newest_are_known_by_all_their_bytes_and_none_after_new_keys() {
        let mut recent = Recent::default();
        for n in 0..FRAMES + 1 {
            recent.remember(frame(n), Arc::new(Message::new("t").with_decimal("n", n as u64)));
        }
        assert!(recent.find(&frame(0)).is_none(), "only so many");
        for n in 1..FRAMES + 1 {
            assert_eq!(recent.find(&frame(n)).unwrap().decimal("n"), Some(n as u64));
        }
        let mut altered = frame(5).to_vec();
        altered[0] ^= 1;
        assert!(recent.find(&altered).is_none(), "same length and end, other beginning");
        recent.forget();
        assert!(recent.find(&frame(5)).is_none());
    }
}
