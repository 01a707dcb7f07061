//! A node's durable files. A write takes time; a power cut during it leaves the old, the new or a torn record.

use crate::chance::Draw;
use hb_cluster::{Record, Stored};
use std::collections::VecDeque;

/// The files of one node.
#[derive(Default, Debug)]
pub(crate) struct Disk {
    stored: Stored,
    pending: VecDeque<Record>,
}

/// What a power cut left of a write in progress.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// No write was in progress.
    Untouched,
    /// Nothing of it.
    Old,
    /// A part of it.
    Torn,
    /// All of it.
    New,
}

impl Disk {
    /// The files as found now.
    pub(crate) fn read(&self) -> Stored {
        self.stored.clone()
    }

    /// The newest generation that would survive a power cut now.
    pub(crate) fn durable_generation(&self) -> Option<u64> {
        let text = std::str::from_utf8(self.stored.generation.as_deref()?).ok()?;
        text.trim().parse().ok()
    }

    /// A write is asked for. They are done one after another.
    pub(crate) fn begin(&mut self, record: Record) {
        self.pending.push_back(record);
    }

    /// The write in progress is durable.
    pub(crate) fn end(&mut self) {
        if let Some(record) = self.pending.pop_front() {
            let text = text(&record);
            if let Record::Generation(_) = record {
                self.stored.generation_copy = Some(text.clone());
            }
            *self.file(&record) = Some(text);
        }
    }

    /// The power fails now.
    pub(crate) fn power_cut(&mut self, draw: Draw) -> Left {
        let Some(record) = self.pending.pop_front() else { return Left::Untouched };
        self.pending.clear();
        let text = text(&record);
        match draw.below(3) {
            0 => Left::Old,
            1 => {
                let kept = (draw.bits() as usize >> 8) % text.len().max(1);
                *self.file(&record) = Some(text[..kept].to_vec());
                Left::Torn
            }
            _ => {
                *self.file(&record) = Some(text);
                Left::New
            }
        }
    }

    fn file(&mut self, record: &Record) -> &mut Option<Vec<u8>> {
        match record {
            Record::Generation(_) => &mut self.stored.generation,
            Record::Uuid(_) => &mut self.stored.uuid,
            Record::HostCache(_) => &mut self.stored.hostcache,
            Record::DelHostCache(_) => &mut self.stored.delhostcache,
        }
    }
}

fn text(record: &Record) -> Vec<u8> {
    match record {
        Record::Generation(generation) => Record::generation_text(*generation).into_bytes(),
        Record::Uuid(uuid) => uuid.0.to_vec(),
        Record::HostCache(text) | Record::DelHostCache(text) => text.clone().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Subject};
    use hb_base::Generation;

    #[test]
    fn a_power_cut_leaves_old_torn_or_new() {
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..50 {
            let mut disk = Disk::default();
            disk.begin(Record::Generation(Generation(7)));
            disk.end();
            disk.begin(Record::Generation(Generation(8)));
            let left = disk.power_cut(Chance::new(1).of(Subject::Torn, 0, n));
            let file = disk.read().generation.unwrap();
            match left {
                Left::Old => assert!(file.ends_with(b" 7\n")),
                Left::New => assert!(file.ends_with(b" 8\n")),
                Left::Torn => assert!(file.len() < 16),
                Left::Untouched => panic!("a write was in progress"),
            }
            assert!(disk.read().generation_copy.unwrap().ends_with(b" 7\n"));
            seen.insert(left as u8);
        }
        assert_eq!(seen.len(), 3);
    }
}
