//! The parent of a node. It makes the namespaces, starts the node's init, and does nothing but wait:
//! for the init's end, or for the end of whoever built the world, in which case it kills the init.
//! When the holder has ended, the node's process namespace is empty: the kernel reports the end
//! of an init only after every process below it is gone.

use super::protocol::{Answer, NodeSpec, send};
use crate::sys::{self, Forked};
use rustix::event::{PollFd, PollFlags, poll};
use std::os::fd::AsFd;
use std::process::ExitCode;

pub(super) fn main(arguments: &[String]) -> ExitCode {
    let Ok(control) = sys::control_descriptor() else {
        eprintln!("holder: to be started by the laboratory only");
        return ExitCode::from(2);
    };
    let unable = |why: String| {
        let _ = send(&control, &Answer::Unable(why));
        ExitCode::FAILURE
    };
    let Some(spec) = arguments.first().and_then(|text| serde_json::from_str::<NodeSpec>(text).ok()) else {
        return unable("the node's description is unreadable".into());
    };
    if let Err(e) = sys::unshare(sys::NODE_NAMESPACES) {
        return unable(format!("make the namespaces of a node: {e}"));
    }
    let init = match sys::fork() {
        Err(e) => return unable(format!("start the node's init: {e}")),
        Ok(Forked::Child) => super::init::run(&control, &spec),
        Ok(Forked::Parent(pid)) => pid,
    };
    let Ok(process) = sys::pidfd(init) else {
        return unable("watch the node's init".into());
    };
    if send(&control, &Answer::Init(init)).is_ok() {
        wait(&process, &control);
    }
    let _ = sys::signal_pidfd(process.as_fd(), libc::SIGKILL);
    let mut ended = [PollFd::new(&process, PollFlags::IN)];
    while poll(&mut ended, None).is_err() {}
    while sys::reap().is_some() {}
    ExitCode::SUCCESS
}

/// Returns when the init has ended or the builder is gone.
fn wait(process: &impl AsFd, control: &impl AsFd) {
    loop {
        let mut watched = [PollFd::new(process, PollFlags::IN), PollFd::new(control, PollFlags::empty())];
        if poll(&mut watched, None).is_err() {
            continue;
        }
        if watched.iter().any(|one| !one.revents().is_empty()) {
            return;
        }
    }
}
