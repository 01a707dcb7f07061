//! The texts of the durable files (spec: section 9).

use crate::bounds;
use crate::nodes::Node;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use hb_base::{NodeName, Uuid};

/// One line of `hostcache`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) name: NodeName,
    pub(crate) uuid: Uuid,
    pub(crate) weight: u32,
    pub(crate) site: String,
}

impl Entry {
    pub(crate) fn of(node: &Node) -> Entry {
        Entry { name: node.name.clone(), uuid: node.uuid, weight: node.weight, site: node.site.clone() }
    }
}

/// Reads a generation file: digits, blanks around them, a final newline. A torn write lacks the newline.
pub(crate) fn parse_generation(bytes: &[u8]) -> Option<u64> {
    let text = core::str::from_utf8(bytes).ok()?.strip_suffix('\n')?.trim_matches(' ');
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|generation| *generation < u64::MAX / 2)
}

/// Writes the file. One line an entry.
pub(crate) fn text(entries: impl Iterator<Item = Entry>) -> String {
    let mut text = String::new();
    for Entry { name, uuid, weight, site } in entries {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}\t{uuid}\t{weight}\t{site}");
    }
    text
}

/// Reads the file, also the two columns of 2.0.4. Lines that make no sense are passed over.
pub(crate) fn parse(bytes: &[u8]) -> Vec<Entry> {
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| core::str::from_utf8(line).ok());
    lines.filter_map(parse_line).take(bounds::NODES).collect()
}

fn parse_line(line: &str) -> Option<Entry> {
    let mut columns = line.split('\t');
    let name = NodeName::new(columns.next()?)?;
    let uuid = parse_uuid(columns.next()?.trim())?;
    let weight = match columns.next() {
        Some(weight) => weight.trim().parse().ok()?,
        None => 100,
    };
    Some(Entry { name, uuid, weight, site: columns.next().unwrap_or_default().into() })
}

fn parse_uuid(text: &str) -> Option<Uuid> {
    let mut uuid = Uuid::NIL;
    let mut digits = text.chars().filter(|c| *c != '-');
    for byte in &mut uuid.0 {
        let (high, low) = (digits.next()?.to_digit(16)?, digits.next()?.to_digit(16)?);
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    digits.next().is_none().then_some(uuid)
}

/// The uuid of a node whose uuid comes from its name: the name's first 16 bytes, filled with zeros.
pub(crate) fn uuid_of_name(name: &NodeName) -> Uuid {
    let mut uuid = Uuid::NIL;
    for (to, from) in uuid.0.iter_mut().zip(name.as_str().bytes()) {
        *to = from;
    }
    uuid
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;
    use hb_base::Generation;

    #[test]
    fn every_torn_form_of_a_generation_is_noticed() {
        let whole = Record::generation_text(Generation(1_795_000_123));
        assert_eq!((whole.len(), parse_generation(whole.as_bytes())), (16, Some(1_795_000_123)));
        for cut in 0..whole.len() {
            assert_eq!(parse_generation(&whole.as_bytes()[..cut]), None, "{cut} bytes written");
            let mut torn = whole.clone().into_bytes();
            torn[cut..].fill(0);
            assert_eq!(parse_generation(&torn), None, "zeros from byte {cut}");
        }
        for bad in [&b"\n"[..], b"  -1\n", b"12x\n", b"1 2\n", b"99999999999999999999\n", b"\xff\xff\n"] {
            assert_eq!(parse_generation(bad), None);
        }
    }

    #[test]
    fn hosts_read_back_as_written_and_as_2_0_4_wrote_them() {
        let entry = Entry {
            name: NodeName::new("n1").unwrap(),
            uuid: Uuid(core::array::from_fn(|i| i as u8 * 17)),
            weight: 50,
            site: "here".into(),
        };
        let written = text([entry.clone()].into_iter());
        assert_eq!(written, "n1\t00112233-4455-6677-8899-aabbccddeeff\t50\there\n");
        assert_eq!(parse(written.as_bytes()), [entry]);
        let old = parse(b"n2\t00112233-4455-6677-8899-aabbccddeeff\nrubbish\n\nn3\tnouuid\t1\t\n");
        assert_eq!(old.len(), 1);
        assert_eq!((old[0].name.as_str(), old[0].weight, old[0].site.as_str()), ("n2", 100, ""));
    }
}
