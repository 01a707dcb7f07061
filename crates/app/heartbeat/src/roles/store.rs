//! The storing role: records in, durable files out. A disk that stalls stops it and nobody else.

use super::durable;
use hb_runtime::Inherited;
use hb_store::Store;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::path::Path;

pub(crate) fn run(mut inherited: Inherited) -> Result<(), String> {
    let channel = inherited.fd("pair").map_err(|e| e.to_string())?;
    inherited.settle("heartbeat").map_err(|e| e.to_string())?;
    let [dir] = inherited.args.as_slice() else {
        return Err("its arguments are not as the master writes them".to_owned());
    };
    let store = Store::open(Path::new(dir)).map_err(|e| e.to_string())?;
    let mut buffer = vec![0; durable::PACKET_MAX_BYTES];
    loop {
        match recv(&channel, buffer.as_mut_slice(), RecvFlags::empty()) {
            Ok((0, _)) => return Ok(()),
            Ok((length, _)) => {
                let Some((token, record)) = buffer.get(..length).and_then(durable::decode) else { continue };
                let answer = durable::encode_answer(token, &durable::write(&store, &record));
                // A master that is gone needs no answer; the next read tells of its end.
                let _gone = send(&channel, &answer, SendFlags::NOSIGNAL);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(format!("its channel: {error}")),
        }
    }
}
