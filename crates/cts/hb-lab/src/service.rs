//! The small service that probes ask.
//!
//! It answers on one port in two ways: a web page over TCP, and over UDP every request with the
//! request followed by the name of the node, so that a client can ask a thousand times a second
//! and tells who answered.

use crate::sys;
use rustix::event::{PollFd, PollFlags, poll};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

/// The port of the service.
pub const PORT: u16 = 80;
/// A web client that says nothing for this long is left.
const PATIENCE: Duration = Duration::from_millis(200);
/// Realtime priority, where it is allowed.
const PRIORITY: i32 = 2;
const REQUEST_BYTES: usize = 1024;

/// `service [--daemon PID-FILE] NODE ADDRESS`: answers at the address until it is killed. As a
/// daemon it returns once the service answers, and leaves its number in the file.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let (pid_file, rest) = match arguments {
        [flag, file, rest @ ..] if flag == "--daemon" => (Some(file), rest),
        rest => (None, rest),
    };
    let [node, address] = rest else {
        eprintln!("service: [--daemon PID-FILE] NODE ADDRESS");
        return ExitCode::from(2);
    };
    let run = || {
        let service = Service::open(address.parse().map_err(io::Error::other)?)?;
        if let Some(file) = pid_file {
            // The sockets are open: whatever a client asks from now on will be answered.
            match sys::fork()? {
                sys::Forked::Parent(pid) => return std::fs::write(file, pid.to_string()),
                sys::Forked::Child => sys::detach()?,
            }
        }
        service.serve(node)
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("service: {address}: {e}");
            ExitCode::FAILURE
        }
    }
}

struct Service {
    web: TcpListener,
    questions: UdpSocket,
}

impl Service {
    fn open(address: Ipv4Addr) -> io::Result<Self> {
        let web = TcpListener::bind((address, PORT))?;
        let questions = UdpSocket::bind((address, PORT))?;
        web.set_nonblocking(true)?;
        questions.set_nonblocking(true)?;
        Ok(Self { web, questions })
    }

    fn serve(&self, node: &str) -> io::Result<()> {
        // A service that is late would be counted as an outage of the cluster.
        let _ = sys::realtime(PRIORITY);
        loop {
            let mut watched =
                [PollFd::new(&self.questions, PollFlags::IN), PollFd::new(&self.web, PollFlags::IN)];
            match poll(&mut watched, None) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            answer_questions(&self.questions, node);
            while let Ok((stream, _)) = self.web.accept() {
                // One page at a time is enough here, and a failed client is its own problem.
                let _ = answer_page(stream, node);
                answer_questions(&self.questions, node);
            }
        }
    }
}

fn answer_questions(socket: &UdpSocket, node: &str) {
    let mut buffer = [0_u8; REQUEST_BYTES];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let mut answer = buffer.get(..length).unwrap_or_default().to_vec();
        answer.extend_from_slice(node.as_bytes());
        let _ = socket.send_to(&answer, from);
    }
}

fn answer_page(mut stream: TcpStream, node: &str) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = [0_u8; REQUEST_BYTES];
    let _ = stream.read(&mut request)?;
    let page = format!("<!doctype html><title>{node}</title><p>Served by {node}.</p>\n");
    write!(
        stream,
        "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )
}
