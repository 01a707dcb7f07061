//! Where the document and the moment come from.

use super::Simulate;
use hb_cib::{Document, Moment, upgrade};
use std::io::Read;

/// Reads the document, and puts it into the words of today.
pub(super) fn read(args: &Simulate) -> Result<Document, String> {
    if args.live_check {
        return Err("no cluster is running here that has an information base. Use --xml-file".to_owned());
    }
    let (name, bytes) = match &args.xml_file {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
            (path.display().to_string(), bytes)
        }
        None => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|why| format!("standard input: {why}"))?;
            ("-".to_owned(), bytes)
        }
    };
    let text = String::from_utf8(bytes)
        .map_err(|why| format!("{name}: byte {} is not UTF-8", why.utf8_error().valid_up_to()))?;
    let mut document = Document::parse(text).map_err(|why| format!("{name}:{why}"))?;
    if !document.root().is("cib") {
        let root = document.root();
        return Err(format!("{name}:{}: error: <cib> is expected here, not {root}", root.position()));
    }
    for note in upgrade::upgrade(&mut document) {
        eprintln!("{name}:{note}");
    }
    Ok(document)
}

/// The moment that it is, in the local time zone.
pub(super) fn clock() -> Moment {
    let now = jiff::Zoned::now();
    Moment::from_epoch(now.timestamp().as_second(), now.offset().seconds())
}
