//! Removes the world's files once the builder is gone, also when it was killed.

use crate::sys;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs;
use std::process::ExitCode;

/// How often the removal is tried while dying nodes may still write, and the pause between tries.
const TRIES: u32 = 100;
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

pub(super) fn main(arguments: &[String]) -> ExitCode {
    let (Some(folder), Ok(control)) = (arguments.first(), sys::control_descriptor()) else {
        eprintln!("janitor: to be started by the laboratory only");
        return ExitCode::from(2);
    };
    loop {
        let mut watched = [PollFd::new(&control, PollFlags::empty())];
        if poll(&mut watched, None).is_ok() && !watched[0].revents().is_empty() {
            break;
        }
    }
    for _ in 0..TRIES {
        match fs::remove_dir_all(folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                // Nothing to watch: a dying node announces nothing to strangers.
                let _ = poll(&mut [], Some(&PAUSE));
            }
            _ => return ExitCode::SUCCESS,
        }
    }
    ExitCode::FAILURE
}
