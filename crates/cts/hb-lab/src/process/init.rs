//! The first process of a node: arranges the node's private view of the machine, runs what it is
//! asked to, and reaps every orphan (a stop command that polls a zombie would never return).

use super::protocol::{Answer, NodeSpec, Request, receive, send};
use crate::sys;
use rustix::event::{PollFd, PollFlags, poll};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Never returns: the node lives as long as this does.
pub(super) fn run(control: &OwnedFd, spec: &NodeSpec) -> ! {
    let code = match prepare(spec) {
        Ok(own_proc) => serve(control, own_proc).map_or(1, |()| 0),
        Err(e) => {
            let _ = send(control, &Answer::Unable(e.to_string()));
            1
        }
    };
    std::process::exit(code)
}

fn prepare(spec: &NodeSpec) -> io::Result<bool> {
    let said = |what: String| move |e: io::Error| io::Error::new(e.kind(), format!("{what}: {e}"));
    sys::die_with_parent()?;
    let none = Path::new("none");
    sys::mount(none, Path::new("/"), "none", libc::MS_REC | libc::MS_PRIVATE)
        .map_err(said("make mounts private".into()))?;
    // A container may cover parts of /proc, and the kernel then refuses a fresh one: go without.
    let proc_flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    let own_proc = sys::mount(Path::new("proc"), Path::new("/proc"), "proc", proc_flags).is_ok();
    for (what, place) in &spec.binds {
        sys::mount(what, place, "none", libc::MS_BIND).map_err(said(format!(
            "put {} over {}",
            what.display(),
            place.display()
        )))?;
    }
    sys::set_host_name(&spec.name).map_err(said("set the host name".into()))?;
    crate::netlink::Link::named("lo").and_then(crate::netlink::Link::set_up).map_err(io::Error::other)?;
    Ok(own_proc)
}

fn serve(control: &OwnedFd, own_proc: bool) -> io::Result<()> {
    let ended = sys::child_signals()?;
    send(control, &Answer::Ready { own_proc })?;
    let mut running: BTreeMap<i32, u64> = BTreeMap::new();
    loop {
        let mut watched = [PollFd::new(control, PollFlags::IN), PollFd::new(&ended, PollFlags::IN)];
        match poll(&mut watched, None) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        let asked = !watched[0].revents().is_empty();
        let mut discarded = [0_u8; 1024];
        while rustix::io::read(&ended, &mut discarded).is_ok_and(|length| length > 0) {}
        while let Some((pid, status)) = sys::reap() {
            if let Some(id) = running.remove(&pid) {
                send(control, &Answer::Ended { id, code: shell_code(status) })?;
            }
        }
        if asked {
            let Some(request) = receive::<Request>(control)? else { return Ok(()) };
            match start(&request) {
                Ok(pid) => {
                    running.insert(pid, request.id);
                    send(control, &Answer::Running { id: request.id, pid })?;
                }
                Err(e) => {
                    let reason = format!("{}: {e}", request.argv.join(" "));
                    send(control, &Answer::NotRun { id: request.id, reason })?;
                }
            }
        }
    }
}

fn shell_code(status: i32) -> i32 {
    if libc::WIFSIGNALED(status) { 128 + libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) }
}

fn start(request: &Request) -> io::Result<i32> {
    let (program, arguments) =
        request.argv.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let output = OpenOptions::new().create(true).append(true).open(&request.output)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(request.environment.iter().cloned()).current_dir("/");
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    // SAFETY: only async-signal-safe calls happen between fork and exec.
    unsafe { command.pre_exec(sys::fresh_session) };
    // The loop above reaps every child by number, so the handle is not needed.
    let child = command.spawn()?;
    i32::try_from(child.id()).map_err(io::Error::other)
}
