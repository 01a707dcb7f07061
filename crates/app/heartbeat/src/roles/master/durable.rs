//! Which record is which file (spec: cluster-protocol 9).

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
