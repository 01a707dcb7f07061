//! `ucast`: UDP to one peer (spec: wire 8.3).

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::medium::{Medium, OpenError, Opened};
use crate::sockets::Maker;

/// IP_TOS "low delay".
const LOW_DELAY: u32 = 0x10;

/// A `ucast DEVICE PEER` entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ucast {
    /// The interface.
    pub device: String,
    /// The peer. May be this node itself: its frames then come back as duplicates.
    pub peer: Ipv4Addr,
    /// Port of both sides.
    pub port: u16,
}

impl Medium for Ucast {
    fn mtype(&self) -> &'static str {
        "ucast"
    }

    fn description(&self) -> &'static str {
        "UDP/IP unicast"
    }

    fn link(&self) -> &str {
        &self.device
    }

    fn open(&self) -> Result<Opened, OpenError> {
        let maker = Maker::new(&self.device)?;
        let send = maker.socket()?;
        maker.step("type of service", send.set_tos_v4(LOW_DELAY))?;
        maker.bind_device(&send)?;
        maker.step("sharing the port", send.set_reuse_port(true))?;

        // Several entries on one interface share the port: the kernel gives each datagram to one of their sockets, and
        // every reader feeds the same master.
        let receive = maker.socket()?;
        maker.step("sharing the address", receive.set_reuse_address(true))?;
        maker.bind_device(&receive)?;
        maker.step("sharing the port", receive.set_reuse_port(true))?;
        maker.bind(&receive, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, self.port))?;
        let to = SocketAddrV4::new(self.peer, self.port);
        Ok(Opened { receive: receive.into(), send: send.into(), send_heard: None, to })
    }
}
