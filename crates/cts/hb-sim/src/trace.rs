//! What happened, as a digest and, when asked for, as lines for people.

use crate::agenda::Nanos;
use crate::chance::mix;
use std::fmt;

/// The trace of a run. Two runs of one plan have the same digest.
#[derive(Default)]
pub struct Trace {
    digest: u64,
    lines: Option<Vec<String>>,
}

/// Lines kept for people; the oldest half goes when there are more.
const LINES_MAX: usize = 200_000;

impl Trace {
    /// A trace; `explain` keeps lines.
    pub fn new(explain: bool) -> Trace {
        Trace { digest: 0, lines: explain.then(Vec::new) }
    }

    /// Takes a number into the digest.
    pub fn note(&mut self, number: u64) {
        self.digest = mix(self.digest.rotate_left(5) ^ number);
    }

    /// Takes bytes into the digest.
    pub fn note_bytes(&mut self, bytes: &[u8]) {
        self.note(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.digest = (self.digest ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.note(0);
    }

    /// Whether lines are kept: what costs something to say is said only then.
    pub fn explains(&self) -> bool {
        self.lines.is_some()
    }

    /// Says something to people.
    pub fn say(&mut self, at: Nanos, node: Option<u8>, what: fmt::Arguments<'_>) {
        let Some(lines) = &mut self.lines else { return };
        if lines.len() >= LINES_MAX {
            lines.drain(..LINES_MAX / 2);
        }
        let who = node.map_or_else(|| "world".to_owned(), |n| format!("n{}", n + 1));
        lines.push(format!("{:>5}.{:06} {who:<5} {what}", at / 1_000_000_000, at % 1_000_000_000 / 1_000));
    }

    /// The digest so far.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The lines, if they were kept.
    pub fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}
