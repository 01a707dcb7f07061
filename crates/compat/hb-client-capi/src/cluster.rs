//! What is behind an `ll_cluster_t`.

use crate::callbacks::Callbacks;
use crate::channel::IpcChannel;
use crate::functions::LlcOps;
use crate::text;
use crate::walk::Walk;
use hb_client::{Client, Error};
use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_void};

/// `ll_cluster_t`.
#[repr(C)]
#[derive(Debug)]
pub struct LlCluster {
    private: *mut c_void,
    ops: *const LlcOps,
}

/// The client of a program.
pub(crate) struct Inner {
    pub(crate) client: Option<Client>,
    error: CString,
    /// The strings that functions have handed out last.
    kept: BTreeMap<&'static str, CString>,
    pub(crate) nodes: Walk,
    pub(crate) links: Walk,
    pub(crate) callbacks: Callbacks,
    pub(crate) channel: Box<IpcChannel>,
    /// Sending waits until the daemon has taken the message.
    pub(crate) blocking: bool,
}

impl LlCluster {
    pub(crate) fn create(ops: &'static LlcOps) -> *mut LlCluster {
        let inner = Box::into_raw(Box::new(Inner {
            client: None,
            error: CString::default(),
            kept: BTreeMap::new(),
            nodes: Walk::default(),
            links: Walk::default(),
            callbacks: Callbacks::default(),
            channel: Box::new(IpcChannel::new()),
            blocking: false,
        }));
        // SAFETY: just made, and nobody else's.
        unsafe { (*inner).channel.belongs_to(inner) };
        Box::into_raw(Box::new(LlCluster { private: inner.cast(), ops }))
    }

    /// # Safety
    /// `cluster` is one that `create` made, and nobody uses it any more.
    pub(crate) unsafe fn destroy(cluster: *mut LlCluster) {
        // SAFETY: both were boxes, by contract.
        unsafe {
            drop(Box::from_raw((*cluster).private.cast::<Inner>()));
            drop(Box::from_raw(cluster));
        }
    }
}

/// The inside, borrowed for as long as the caller needs it: not while a callback runs.
///
/// # Safety
/// `cluster` is null or one that `ll_cluster_new` made and `delete` has not freed.
pub(crate) unsafe fn inner<'a>(cluster: *mut LlCluster) -> Option<&'a mut Inner> {
    if cluster.is_null() {
        return None;
    }
    // SAFETY: by contract; one thread at a time uses it.
    unsafe { (*cluster).private.cast::<Inner>().as_mut() }
}

impl Inner {
    /// Does something with the client; what goes wrong is kept for `errmsg`.
    pub(crate) fn attempt<T>(&mut self, work: impl FnOnce(&mut Client) -> Result<T, Error>) -> Option<T> {
        let Some(client) = self.client.as_mut() else {
            self.fail("not signed on");
            return None;
        };
        match work(client) {
            Ok(done) => {
                self.fail("");
                Some(done)
            }
            Err(error) => {
                let gone = matches!(error, Error::Closed | Error::Channel(_) | Error::Overflow(_));
                self.fail(&words(&error));
                if gone {
                    self.lose();
                }
                None
            }
        }
    }

    pub(crate) fn fail(&mut self, why: &str) {
        self.error = text::owned(why);
    }

    pub(crate) fn error(&self) -> *const c_char {
        self.error.as_ptr()
    }

    pub(crate) fn lose(&mut self) {
        self.client = None;
        self.channel.set_connected(false);
    }

    /// A string that lasts until the same function hands out another one; null for `None`.
    pub(crate) fn keep(&mut self, function: &'static str, text: Option<String>) -> *const c_char {
        match text {
            Some(text) => {
                self.kept.insert(function, text::owned(&text));
                text::pointer(self.kept.get(function))
            }
            None => std::ptr::null(),
        }
    }
}

/// As the original's library says it, where it says something.
pub(crate) fn words(error: &Error) -> String {
    match error {
        Error::Connect { .. } => "hb_api_signon: Can't initiate connection to heartbeat".to_owned(),
        Error::SignOn { reason } | Error::Refused { reason, .. } => reason.clone(),
        Error::TimedOut(_) => "No timely response.".to_owned(),
        other => other.to_string(),
    }
}
