//! Which record is which file (spec: cluster-protocol 9), and how records travel to the role that writes them.
//!
//! | from, to | bytes |
//! |---|---|
//! | master → store | token (8, LE), kind (1), content: a generation (8, LE), a uuid (16), or text |
//! | store → master | token (8, LE), nothing when the record is durable, else why it is not |

use hb_base::{Generation, Token, Uuid};
use hb_cluster::{Record, Stored};
use hb_store::{Store, StoreError};

const GENERATION: &str = "hb_generation";
const GENERATION_COPY: &str = "hb_generation.copy";
const UUID: &str = "hb_uuid";
const HOSTCACHE: &str = "hostcache";
const DELHOSTCACHE: &str = "delhostcache";

/// More than any of the small files holds.
const SMALL_BYTES: u64 = 64;
/// A hundred nodes with the longest names and sites fit ten times.
const CACHE_BYTES: u64 = 256 * 1024;

/// Longest packet of the channel to the storing role: a cache with its head.
pub(crate) const PACKET_MAX_BYTES: usize = CACHE_BYTES as usize + 16;

/// What the state folder holds.
pub(crate) fn read(store: &Store) -> Result<Stored, StoreError> {
    Ok(Stored {
        generation: store.read(GENERATION, SMALL_BYTES)?,
        generation_copy: store.read(GENERATION_COPY, SMALL_BYTES)?,
        uuid: store.read(UUID, SMALL_BYTES)?,
        hostcache: store.read(HOSTCACHE, CACHE_BYTES)?,
        delhostcache: store.read(DELHOSTCACHE, CACHE_BYTES)?,
    })
}

/// Writes a record so that it survives a power cut.
pub(crate) fn write(store: &Store, record: &Record) -> Result<(), StoreError> {
    match record {
        Record::Generation(generation) => {
            let text = Record::generation_text(*generation);
            store.write(GENERATION, text.as_bytes())?;
            store.write(GENERATION_COPY, text.as_bytes())
        }
        Record::Uuid(uuid) => store.write(UUID, &uuid.0),
        Record::HostCache(text) => store.write(HOSTCACHE, text.as_bytes()),
        Record::DelHostCache(text) => store.write(DELHOSTCACHE, text.as_bytes()),
    }
}

/// A record on its way to the storing role.
pub(crate) fn encode(token: Token, record: &Record) -> Vec<u8> {
    let generation;
    let (kind, content): (u8, &[u8]) = match record {
        Record::Generation(number) => {
            generation = number.0.to_le_bytes();
            (0, &generation)
        }
        Record::Uuid(uuid) => (1, &uuid.0),
        Record::HostCache(text) => (2, text.as_bytes()),
        Record::DelHostCache(text) => (3, text.as_bytes()),
    };
    [&token.0.to_le_bytes()[..], &[kind], content].concat()
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(packet: &[u8]) -> Option<(Token, Record)> {
    let (token, rest) = packet.split_first_chunk::<8>()?;
    let (kind, content) = rest.split_first()?;
    let text = || String::from_utf8(content.to_vec()).ok();
    let record = match *kind {
        0 => Record::Generation(Generation(u64::from_le_bytes(content.try_into().ok()?))),
        1 => Record::Uuid(Uuid(content.try_into().ok()?)),
        2 => Record::HostCache(text()?),
        3 => Record::DelHostCache(text()?),
        _ => return None,
    };
    Some((Token(u64::from_le_bytes(*token)), record))
}

/// What became of a record.
pub(crate) fn encode_answer(token: Token, written: &Result<(), StoreError>) -> Vec<u8> {
    let why = written.as_ref().err().map_or_else(String::new, ToString::to_string);
    [&token.0.to_le_bytes()[..], why.as_bytes()].concat()
}

/// Reads what [`encode_answer`] wrote.
pub(crate) fn decode_answer(packet: &[u8]) -> Option<(Token, Result<(), String>)> {
    let (token, why) = packet.split_first_chunk::<8>()?;
    let written = if why.is_empty() { Ok(()) } else { Err(String::from_utf8_lossy(why).into_owned()) };
    Some((Token(u64::from_le_bytes(*token)), written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_answers_survive_the_channel() {
        for record in [
            Record::Generation(Generation(u64::MAX - 1)),
            Record::Uuid(Uuid([7; 16])),
            Record::HostCache("n1 x 100 site".to_owned()),
            Record::DelHostCache(String::new()),
        ] {
            assert_eq!(decode(&encode(Token(77), &record)), Some((Token(77), record)));
        }
        for garbage in [&b""[..], b"12345678", b"12345678\x00short", b"12345678\x09", b"12345678\x02\xff"] {
            assert_eq!(decode(garbage), None);
        }
        let failed = StoreError {
            path: "/state/hb_uuid".into(),
            attempt: "write",
            source: std::io::Error::from(std::io::ErrorKind::StorageFull),
        };
        assert_eq!(decode_answer(&encode_answer(Token(5), &Ok(()))), Some((Token(5), Ok(()))));
        let (token, written) = decode_answer(&encode_answer(Token(6), &Err(failed))).unwrap();
        assert!(token == Token(6) && written.unwrap_err().contains("/state/hb_uuid"));
    }
}
