//! The child roles of this crate, from the inherited descriptors to their end.

use std::net::SocketAddrV4;
use std::os::fd::AsFd;
use std::process::ExitCode;

use hb_runtime::{InheritError, Inherited};

use crate::{fifo, reader, writer};

/// The roles that [`run`] knows.
pub const ROLES: [&str; 3] = ["read", "write", "fifo"];

/// What the process is called.
const COMM: &str = "heartbeat";

/// Runs one of [`ROLES`] to its end: the master's end of the channel was closed. Reports a failure on standard error.
pub fn run(inherited: Inherited) -> ExitCode {
    let role = inherited.role.clone();
    match start(inherited) {
        Ok(()) => ExitCode::SUCCESS,
        // The master ended while we started: nothing to tell, nobody to tell it to.
        Err(error) if matches!(error.downcast_ref(), Some(InheritError::Orphan)) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("heartbeat: {role}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(mut inherited: Inherited) -> Result<(), Box<dyn std::error::Error>> {
    match inherited.role.as_str() {
        "read" => {
            let (socket, pair) = (inherited.fd("socket")?, inherited.fd("pair")?);
            inherited.settle(COMM)?;
            reader::run(socket.as_fd(), pair.as_fd())?;
        }
        "write" => {
            let (socket, pair) = (inherited.fd("socket")?, inherited.fd("pair")?);
            let heard = inherited.fd("heard").ok();
            let to = inherited.args.first().ok_or(InheritError::Malformed("address"))?;
            let to: SocketAddrV4 = to.parse()?;
            inherited.settle(COMM)?;
            let way = writer::Way::new(socket.as_fd(), heard.as_ref().map(AsFd::as_fd), to);
            writer::run(way, pair.as_fd())?;
        }
        "fifo" => {
            let (fifo, pair) = (inherited.fd("fifo")?, inherited.fd("pair")?);
            inherited.settle(COMM)?;
            fifo::run(fifo.as_fd(), pair.as_fd())?;
        }
        other => return Err(format!("no such role: {other}").into()),
    }
    Ok(())
}
