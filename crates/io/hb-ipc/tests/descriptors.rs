//! A process without descriptors refuses connections; in a program of its own, because the limit is the process's.

use hb_ipc::Listener;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::io::Read;
use std::os::unix::net::UnixStream;

#[test]
fn without_descriptors_connections_are_refused_and_the_socket_falls_silent() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("register");
    let mut listener = Listener::bind(&path, 0o600, None).unwrap();
    let mut clients: Vec<UnixStream> = (0..3).map(|_| UnixStream::connect(&path).unwrap()).collect();
    let next = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).unwrap();
    let limit = getrlimit(Resource::Nofile);
    // The lowest number that is free is the only one that is left, and it goes to the filler.
    let filler = std::os::fd::AsRawFd::as_raw_fd(&next) as u64 + 1;
    setrlimit(Resource::Nofile, rustix::process::Rlimit { current: Some(filler), maximum: limit.maximum })
        .unwrap();
    for _ in 0..3 {
        assert!(listener.accept().is_err());
    }
    for client in &mut clients {
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 0, "a refused client is told");
    }
    let mut fds = [PollFd::new(&listener, PollFlags::IN)];
    assert_eq!(poll(&mut fds, Some(&Timespec::default())).unwrap(), 0, "nothing is left to be accepted");

    setrlimit(Resource::Nofile, limit).unwrap();
    let _late = UnixStream::connect(&path).unwrap();
    assert!(listener.accept().unwrap().is_some());
}
