//! `bcast`: UDP to the interface's broadcast address (spec: wire 8.1).

use std::net::{Ipv4Addr, SocketAddrV4};

use socket2::Socket;

use crate::medium::{Medium, OpenError, Opened};
use crate::sockets::Maker;
use crate::sys;

/// One interface of a `bcast` entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bcast {
    /// The interface.
    pub device: String,
    /// Port of all nodes.
    pub port: u16,
}

impl Medium for Bcast {
    fn mtype(&self) -> &'static str {
        "bcast"
    }

    fn description(&self) -> &'static str {
        "UDP/IP broadcast"
    }

    fn link(&self) -> &str {
        &self.device
    }

    /// Own broadcasts come back to the receive socket; the receiver drops them as duplicates.
    fn open(&self) -> Result<Opened, OpenError> {
        let maker = Maker::new(&self.device)?;
        let to = SocketAddrV4::new(maker.broadcast()?, self.port);
        let (send, send_heard) = (sender(&maker)?, sender(&maker)?);

        let receive = maker.socket()?;
        maker.step("sharing the address", receive.set_reuse_address(true))?;
        maker.bind_device(&receive)?;
        maker.bind(&receive, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, self.port))?;
        maker.hush(&receive, &send)?;
        Ok(Opened { receive: receive.into(), send: send.into(), send_heard: Some(send_heard.into()), to })
    }
}

fn sender(maker: &Maker<'_>) -> Result<Socket, OpenError> {
    let send = maker.socket()?;
    maker.step("broadcasting", send.set_broadcast(true))?;
    maker.step("sending without a route", sys::enable(&send, libc::SO_DONTROUTE))?;
    maker.bind_device(&send)?;
    Ok(send)
}
