//! Messages that callbacks of the program take.

use crate::message::{self, HaMsg};
use crate::text;
use hb_client::Event;
use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};

pub(crate) type OnMessage = unsafe extern "C" fn(*mut HaMsg, *mut c_void);
pub(crate) type OnNode = unsafe extern "C" fn(*const c_char, *const c_char, *mut c_void);
/// A link's or a client's status.
pub(crate) type OnThing = unsafe extern "C" fn(*const c_char, *const c_char, *const c_char, *mut c_void);

/// A function of the program and what it wants to be called with.
#[derive(Clone, Copy)]
pub(crate) struct Callback<F> {
    pub(crate) function: F,
    pub(crate) data: *mut c_void,
}

#[derive(Clone, Default)]
pub(crate) struct Callbacks {
    pub(crate) node: Option<Callback<OnNode>>,
    pub(crate) link: Option<Callback<OnThing>>,
    pub(crate) client: Option<Callback<OnThing>>,
    pub(crate) messages: BTreeMap<String, Callback<OnMessage>>,
}

impl Callbacks {
    /// Gives an event to the callback that wants it; hands the message back when there is none. Nothing of the client may
    /// be borrowed meanwhile.
    ///
    /// # Safety
    /// The program's functions may be called.
    pub(crate) unsafe fn dispatch(&self, event: Event) -> Option<hb_client::Message> {
        match (&event, self.node, self.link, self.client) {
            (Event::Node { node, status, .. }, Some(callback), _, _) => {
                let (node, status) = (text::owned(node), text::owned(status));
                // SAFETY: by contract; the strings live until it returns.
                unsafe { (callback.function)(node.as_ptr(), status.as_ptr(), callback.data) };
                None
            }
            (Event::Link { node, link: thing, status, .. }, _, Some(callback), _)
            | (Event::Client { node, client: thing, status, .. }, _, _, Some(callback)) => {
                let (node, thing, status) = (text::owned(node), text::owned(thing), text::owned(status));
                // SAFETY: by contract; the strings live until it returns.
                unsafe { (callback.function)(node.as_ptr(), thing.as_ptr(), status.as_ptr(), callback.data) };
                None
            }
            _ => {
                let message = event.into_message()?;
                let callback = message.kind().and_then(|kind| self.messages.get(kind)).copied();
                let Some(callback) = callback else { return Some(message) };
                let made = message::write(&message);
                if !made.is_null() {
                    // SAFETY: by contract; the message lives until it returns.
                    unsafe {
                        (callback.function)(made, callback.data);
                        message::delete(made);
                    }
                }
                None
            }
        }
    }
}
