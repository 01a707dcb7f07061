//! Every frame that real daemons were recorded sending decodes, verifies, and encodes to the same bytes again.
//!
//! The recordings are not part of this repository: they are looked for in `$HB_SHARED/golden`, else in
//! `../shared/golden` beside it. Without them these tests fail, unless `HB_ALLOW_MISSING=1`.

mod capture;
mod captures;
mod folder;
mod vectors;

use hb_wire::{Codec, Format, Keys, Method};

/// A codec as the recorded nodes were configured: `auth 1`, key `labkey` unless the method is crc.
fn codec(method: Method, format: Format) -> Codec {
    let keys = Keys::new(1, [(1, method, b"labkey".to_vec())]).expect("one key");
    Codec::new(keys, format).with_bzip2(&hb_bzip2::BZIP2)
}

/// The format that a recorded message was sent in: told by whether it holds a text-style signature.
fn format_of(message: &hb_wire::Message) -> Format {
    if message.text("auth").is_some() { Format::Classic } else { Format::Netstring }
}
