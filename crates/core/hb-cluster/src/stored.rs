//! What survives a restart: the durable files, as found and as they shall be written.

use alloc::string::String;
use alloc::vec::Vec;
use hb_base::{Generation, Uuid};

/// The durable files as found. `None`: absent. Contents are judged here, so hand in torn ones as they are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stored {
    /// `hb_generation`: decimal in 15 columns and a newline.
    pub generation: Option<Vec<u8>>,
    /// Our second copy of the generation, the same format: written after the first was durable. Tells a
    /// generation file that was lost or restored from an old backup.
    pub generation_copy: Option<Vec<u8>>,
    /// `hb_uuid`: 16 raw bytes.
    pub uuid: Option<Vec<u8>>,
    /// `hostcache`: one line a node.
    pub hostcache: Option<Vec<u8>>,
    /// `delhostcache`: the same for removed nodes.
    pub delhostcache: Option<Vec<u8>>,
}

/// A durable record to write. Each replaces its file as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// Write [`Record::generation_text`] to `hb_generation`, make it durable, then do the same with the copy.
    Generation(Generation),
    /// The 16 bytes of `hb_uuid`.
    Uuid(Uuid),
    /// Text of `hostcache`.
    HostCache(String),
    /// Text of `delhostcache`.
    DelHostCache(String),
}

impl Record {
    /// The original's form of the generation file: right-aligned in 15 columns, then a newline; 16 bytes.
    pub fn generation_text(generation: Generation) -> String {
        alloc::format!("{:>15}\n", generation.0)
    }
}
