//! `mcast`: UDP to a multicast group (spec: wire 8.2).

use std::net::{Ipv4Addr, SocketAddrV4};

use socket2::InterfaceIndexOrAddress;

use crate::medium::{Medium, OpenError, Opened};
use crate::sockets::Maker;

/// An `mcast DEVICE GROUP PORT TTL LOOP` entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mcast {
    /// The interface.
    pub device: String,
    /// The group, in 224.0.0.0/4.
    pub group: Ipv4Addr,
    /// Port of all nodes.
    pub port: u16,
    /// How many routers a datagram may pass, plus one.
    pub ttl: u8,
    /// Whether this node hears its own datagrams.
    pub loopback: bool,
}

impl Medium for Mcast {
    fn mtype(&self) -> &'static str {
        "mcast"
    }

    fn description(&self) -> &'static str {
        "UDP/IP multicast"
    }

    fn link(&self) -> &str {
        &self.device
    }

    fn open(&self) -> Result<Opened, OpenError> {
        if !self.group.is_multicast() {
            return Err(OpenError::NotAGroup { group: self.group });
        }
        let maker = Maker::new(&self.device)?;
        let from = maker.address()?;
        let to = SocketAddrV4::new(self.group, self.port);
        let sender = |heard| {
            let send = maker.socket()?;
            maker.step("multicast interface", send.set_multicast_if_v4(&from))?;
            maker.step("multicast TTL", send.set_multicast_ttl_v4(u32::from(self.ttl)))?;
            maker.step("multicast loop", send.set_multicast_loop_v4(heard))?;
            Ok(send)
        };
        let send = sender(false)?;
        let send_heard = self.loopback.then(|| sender(true)).transpose()?;

        let receive = maker.socket()?;
        maker.step("sharing the address", receive.set_reuse_address(true))?;
        maker.bind(&receive, to)?;
        let index = InterfaceIndexOrAddress::Index(maker.interface.index);
        maker.step("joining the group", receive.join_multicast_v4_n(&self.group, &index))?;
        Ok(Opened { receive: receive.into(), send: send.into(), send_heard: send_heard.map(Into::into), to })
    }
}
