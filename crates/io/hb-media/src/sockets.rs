//! Steps that the media share, each named for error messages.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use socket2::{Domain, Protocol, Socket, Type};

use crate::holder::udp_holder;
use crate::interfaces::{Interface, interface};
use crate::medium::OpenError;
use crate::sys;

/// What the kernel may hold for a reader that is late, in bytes as accounted by the kernel: more than a second of a
/// large cluster's frames.
const RECEIVE_BUFFER_BYTES: usize = 1 << 20;

/// The sockets of one interface under construction.
pub(crate) struct Maker<'a> {
    pub(crate) device: &'a str,
    pub(crate) interface: Interface,
}

impl<'a> Maker<'a> {
    /// For an interface that must exist.
    pub(crate) fn new(device: &'a str) -> Result<Maker<'a>, OpenError> {
        let found = interface(device).map_err(|error| OpenError::Io {
            device: device.to_owned(),
            what: "listing interfaces",
            error,
        })?;
        let interface = found.ok_or_else(|| OpenError::NoDevice { device: device.to_owned() })?;
        Ok(Maker { device, interface })
    }

    /// The interface's first IPv4 address.
    pub(crate) fn address(&self) -> Result<Ipv4Addr, OpenError> {
        let first = self.interface.ipv4().next().map(|(address, _)| address);
        first.ok_or_else(|| OpenError::NoAddress { device: self.device.to_owned() })
    }

    /// The broadcast address of the interface's first IPv4 address.
    pub(crate) fn broadcast(&self) -> Result<Ipv4Addr, OpenError> {
        self.address()?;
        let broadcast = self.interface.ipv4().next().and_then(|(_, broadcast)| broadcast);
        broadcast.ok_or_else(|| OpenError::NoBroadcast { device: self.device.to_owned() })
    }

    /// Names a step that failed.
    pub(crate) fn step<T>(&self, what: &'static str, result: io::Result<T>) -> Result<T, OpenError> {
        result.map_err(|error| {
            let device = self.device.to_owned();
            match error.kind() {
                io::ErrorKind::PermissionDenied => OpenError::NoPermission { device, what },
                _ => OpenError::Io { device, what, error },
            }
        })
    }

    /// A UDP socket, close-on-exec.
    pub(crate) fn socket(&self) -> Result<Socket, OpenError> {
        self.step("socket", Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)))
    }

    /// Sends and receives over this interface only.
    pub(crate) fn bind_device(&self, socket: &Socket) -> Result<(), OpenError> {
        match socket.bind_device(Some(self.device.as_bytes())) {
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => {
                Err(OpenError::NoDevice { device: self.device.to_owned() })
            }
            other => self.step("binding to the interface", other),
        }
    }

    /// Binds a receive socket and asks for time stamps and the count of dropped datagrams.
    pub(crate) fn bind(&self, socket: &Socket, to: SocketAddrV4) -> Result<(), OpenError> {
        match socket.bind(&to.into()) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(OpenError::PortTaken { port: to.port(), holder: udp_holder(to.port()) });
            }
            other => self.step("binding to the port", other)?,
        }
        self.step("time stamps", sys::enable(socket, libc::SO_TIMESTAMPNS))?;
        // Both only help; without the right to exceed the machine's limit, the limit is what we get.
        let _counted = sys::enable(socket, libc::SO_RXQ_OVFL);
        if rustix::net::sockopt::set_socket_recv_buffer_size_force(socket, RECEIVE_BUFFER_BYTES).is_err() {
            let _limited = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
        }
        Ok(())
    }
}
