//! Network namespaces without a name: a descriptor keeps one alive, and closing it lets it vanish.

use crate::error::{Attempt, Result, failed};
use crate::sys;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;

/// A network namespace, alive at least as long as this value.
#[derive(Debug)]
pub struct NetNs {
    descriptor: OwnedFd,
}

impl NetNs {
    /// A new, empty namespace with its loopback up.
    ///
    /// # Errors
    /// When the kernel or the container forbids it.
    pub fn create() -> Result<Self> {
        let descriptor = on_thread(|| {
            sys::unshare(libc::CLONE_NEWNET).attempt("make a network namespace")?;
            let file = File::open("/proc/thread-self/ns/net").attempt("open the network namespace")?;
            crate::netlink::Link::named("lo")?.set_up()?;
            Ok(OwnedFd::from(file))
        })?;
        Ok(Self { descriptor })
    }

    /// The namespace that a process lives in.
    ///
    /// # Errors
    /// When there is no such process, or it may not be looked at.
    pub fn of_process(pid: i32) -> Result<Self> {
        let path = format!("/proc/{pid}/ns/net");
        let file = File::open(&path).attempt(&path)?;
        Ok(Self { descriptor: file.into() })
    }

    /// Runs `work` on a thread of its own inside the namespace and hands back its result.
    /// Sockets that it opens stay in the namespace wherever they are used.
    ///
    /// # Errors
    /// Those of `work`, or the namespace cannot be entered.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        on_thread(|| {
            sys::enter_network(self.descriptor.as_fd()).attempt("enter a network namespace")?;
            work()
        })
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// Namespaces belong to threads: what changes one happens on a thread that ends with it.
fn on_thread<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    match thread::scope(|scope| scope.spawn(work).join()) {
        Ok(result) => result,
        Err(_) => failed("a thread of the laboratory panicked inside a network namespace"),
    }
}
