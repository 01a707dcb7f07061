//! Steps that the media share, each named for error messages.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use socket2::{Domain, Protocol, SockFilter, Socket, Type};

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

    /// Binds a receive socket and asks for time stamps.
    pub(crate) fn bind(&self, socket: &Socket, to: SocketAddrV4) -> Result<(), OpenError> {
        match socket.bind(&to.into()) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(OpenError::PortTaken { port: to.port(), holder: udp_holder(to.port()) });
            }
            other => self.step("binding to the port", other)?,
        }
        self.step("time stamps", sys::enable(socket, libc::SO_TIMESTAMPNS))?;
        // Without the right to exceed the machine's limit, the limit is what we get.
        if rustix::net::sockopt::set_socket_recv_buffer_size_force(socket, RECEIVE_BUFFER_BYTES).is_err() {
            let _limited = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
        }
        Ok(())
    }

    /// Keeps echoes of what `send` broadcasts out of `receive`: at short keepalives they are half of all that arrives,
    /// and each would wake the reader and the master for nothing.
    pub(crate) fn hush(&self, receive: &Socket, send: &Socket) -> Result<(), OpenError> {
        let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        self.step("binding to a port", send.bind(&any.into()))?;
        let port = self.step("its port", send.local_addr())?.as_socket().map_or(0, |own| own.port());
        // Without the filter echoes cost what they cost.
        let _refused = receive.attach_filter(&no_echo_of(port));
        Ok(())
    }
}

/// Drops the copies that this machine's network layer made for itself of datagrams from `port`; they never were on
/// the wire. Whatever came in from outside passes, also from that port.
fn no_echo_of(port: u16) -> [SockFilter; 6] {
    const LOAD_BYTE: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
    const LOAD_HALF: u16 = (libc::BPF_LD | libc::BPF_H | libc::BPF_ABS) as u16;
    const JUMP_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    const PACKET_TYPE: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_PKTTYPE).cast_unsigned();
    /// The filter sees a datagram from its UDP header on.
    const SOURCE_PORT: u32 = 0;
    [
        SockFilter::new(LOAD_BYTE, 0, 0, PACKET_TYPE),
        SockFilter::new(JUMP_EQUAL, 0, 3, u32::from(libc::PACKET_LOOPBACK)),
        SockFilter::new(LOAD_HALF, 0, 0, SOURCE_PORT),
        SockFilter::new(JUMP_EQUAL, 0, 1, u32::from(port)),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ]
}
