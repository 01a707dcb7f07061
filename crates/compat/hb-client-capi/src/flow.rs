//! Functions of the table that sign on and off, send, receive and set modes.

use crate::callbacks::{Callback, OnMessage, OnNode, OnThing};
use crate::channel::FOREVER;
use crate::cluster::{Inner, LlCluster, inner};
use crate::message::{self, HaMsg, Uuid};
use crate::{HA_FAIL, HA_OK, ok, text};
use hb_client::{Client, Error, Event, Filter, Message, SignOn};
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;
use std::time::Duration;

fn send(
    inner: &mut Inner,
    message: Option<Message>,
    way: impl FnOnce(&mut Client, Message) -> Result<(), Error>,
) -> c_int {
    let Some(message) = message else {
        inner.fail("not a message that can be sent");
        return HA_FAIL;
    };
    let blocking = inner.blocking;
    let sent = inner.attempt(|client| {
        way(client, message)?;
        if blocking { client.flush() } else { Ok(()) }
    });
    ok(sent.is_some())
}

/// The next event; with `blocking` it is waited for.
fn next(inner: &mut Inner, blocking: c_int) -> Option<Event> {
    let limit = if blocking == 0 { Duration::ZERO } else { FOREVER };
    inner.attempt(|client| client.wait(limit)).flatten()
}

/// Frees a cluster that nobody uses any more.
pub(crate) unsafe extern "C" fn delete(cluster: *mut LlCluster) -> c_int {
    if cluster.is_null() {
        return HA_FAIL;
    }
    // SAFETY: a cluster by the table's contract, which the program has done with.
    unsafe { LlCluster::destroy(cluster) };
    HA_OK
}

/// Callbacks are called on the way to a message that none of them takes, which is dropped: as the original's.
pub(crate) unsafe extern "C" fn rcvmsg(cluster: *mut LlCluster, blocking: c_int) -> c_int {
    // SAFETY: passed on; the message is nobody else's.
    unsafe {
        let message = readmsg(cluster, blocking);
        message::delete(message);
        c_int::from(!message.is_null())
    }
}

pub(crate) unsafe extern "C" fn readmsg(cluster: *mut LlCluster, blocking: c_int) -> *mut HaMsg {
    loop {
        // SAFETY: a cluster or null by the table's contract; the borrow ends before a callback runs.
        unsafe {
            let Some(event) = inner(cluster).and_then(|inner| next(inner, blocking)) else {
                return ptr::null_mut();
            };
            let Some(callbacks) = inner(cluster).map(|inner| inner.callbacks.clone()) else {
                return ptr::null_mut();
            };
            if let Some(message) = callbacks.dispatch(event) {
                return message::write(&message);
            }
        }
    }
}

pub(crate) unsafe extern "C" fn signon(cluster: *mut LlCluster, name: *const c_char) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    // SAFETY: a string or null by contract.
    let name = unsafe { text::read(name) };
    let options = name.map_or_else(SignOn::casual, SignOn::named);
    match Client::sign_on(&options) {
        Ok(client) => {
            inner.client = Some(client);
            inner.channel.set_connected(true);
            inner.fail("");
            HA_OK
        }
        Err(error) => {
            inner.fail(&crate::cluster::words(&error));
            HA_FAIL
        }
    }
}

pub(crate) unsafe extern "C" fn signoff(cluster: *mut LlCluster, _destroy_channel: c_int) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    let Some(client) = inner.client.take() else {
        inner.fail("not signed on");
        return HA_FAIL;
    };
    inner.lose();
    ok(client.sign_off().is_ok())
}

pub(crate) unsafe extern "C" fn set_msg_callback(
    cluster: *mut LlCluster,
    kind: *const c_char,
    function: Option<OnMessage>,
    data: *mut c_void,
) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    // SAFETY: a string or null by contract.
    let Some(kind) = (unsafe { text::read(kind) }) else { return HA_FAIL };
    match function {
        Some(function) => inner.callbacks.messages.insert(kind.to_owned(), Callback { function, data }),
        None => inner.callbacks.messages.remove(kind),
    };
    HA_OK
}

pub(crate) unsafe extern "C" fn set_nstatus_callback(
    cluster: *mut LlCluster,
    function: Option<OnNode>,
    data: *mut c_void,
) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    inner.callbacks.node = function.map(|function| Callback { function, data });
    HA_OK
}

pub(crate) unsafe extern "C" fn set_ifstatus_callback(
    cluster: *mut LlCluster,
    function: Option<OnThing>,
    data: *mut c_void,
) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    inner.callbacks.link = function.map(|function| Callback { function, data });
    HA_OK
}

pub(crate) unsafe extern "C" fn set_cstatus_callback(
    cluster: *mut LlCluster,
    function: Option<OnThing>,
    data: *mut c_void,
) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    inner.callbacks.client = function.map(|function| Callback { function, data });
    HA_OK
}

pub(crate) unsafe extern "C" fn sendclustermsg(cluster: *mut LlCluster, message: *mut HaMsg) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    // SAFETY: a message or null by contract.
    let message = unsafe { message::read(message) };
    send(inner, message, |client, message| client.send(&message))
}

pub(crate) unsafe extern "C" fn sendnodemsg(
    cluster: *mut LlCluster,
    message: *mut HaMsg,
    node: *const c_char,
) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    // SAFETY: a message and a string, or null, by contract.
    let (message, node) = unsafe { (message::read(message), text::read(node)) };
    let Some(node) = node else { return HA_FAIL };
    send(inner, message, |client, message| client.send_to(node, message))
}

pub(crate) unsafe extern "C" fn sendnodemsg_byuuid(
    cluster: *mut LlCluster,
    message: *mut HaMsg,
    uuid: *mut Uuid,
) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    if uuid.is_null() {
        return HA_FAIL;
    }
    // SAFETY: a message or null, and an id, by contract.
    let (message, uuid) = unsafe { (message::read(message), (*uuid).uuid) };
    send(inner, message, |client, message| client.send_to_uuid(uuid, message))
}

pub(crate) unsafe extern "C" fn send_ordered_clustermsg(
    cluster: *mut LlCluster,
    message: *mut HaMsg,
) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    // SAFETY: a message or null by contract.
    let message = unsafe { message::read(message) };
    send(inner, message, Client::send_ordered)
}

pub(crate) unsafe extern "C" fn send_ordered_nodemsg(
    cluster: *mut LlCluster,
    message: *mut HaMsg,
    node: *const c_char,
) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    // SAFETY: a message and a string, or null, by contract.
    let (message, node) = unsafe { (message::read(message), text::read(node)) };
    let Some(node) = node else { return HA_FAIL };
    send(inner, message, |client, message| client.send_ordered_to(node, message))
}

pub(crate) unsafe extern "C" fn inputfd(cluster: *mut LlCluster) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return -1 };
    inner.client.as_ref().map_or(-1, |client| client.as_fd().as_raw_fd())
}

pub(crate) unsafe extern "C" fn ipcchan(cluster: *mut LlCluster) -> *mut c_void {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null_mut() };
    ptr::from_mut(&mut *inner.channel).cast()
}

pub(crate) unsafe extern "C" fn msgready(cluster: *mut LlCluster) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return 0 };
    c_int::from(inner.attempt(Client::is_ready).unwrap_or(false))
}

pub(crate) unsafe extern "C" fn setmsgsignal(cluster: *mut LlCluster, signal: c_int) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    let Ok(signal) = u8::try_from(signal) else { return HA_FAIL };
    ok(inner.attempt(|client| client.set_signal(signal)).is_some())
}

pub(crate) unsafe extern "C" fn setfmode(cluster: *mut LlCluster, mode: c_uint) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    let filter = match mode {
        0 => Filter::Usual,
        1 => Filter::Promiscuous,
        2 => Filter::AllHeartbeats,
        3 => Filter::Raw,
        _ => return HA_FAIL,
    };
    ok(inner.attempt(|client| client.set_filter(filter)).is_some())
}

pub(crate) unsafe extern "C" fn chan_is_connected(cluster: *mut LlCluster) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return 0 };
    c_int::from(inner.client.is_some())
}

pub(crate) unsafe extern "C" fn set_sendq_len(cluster: *mut LlCluster, messages: c_int) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    let Some(messages) = u32::try_from(messages).ok().filter(|messages| *messages > 0) else {
        return HA_FAIL;
    };
    ok(inner.attempt(|client| client.set_queue(messages)).is_some())
}

pub(crate) unsafe extern "C" fn set_send_block_mode(cluster: *mut LlCluster, blocking: c_int) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    inner.blocking = blocking != 0;
    HA_OK
}

pub(crate) unsafe extern "C" fn errmsg(cluster: *mut LlCluster) -> *const c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null() };
    inner.error()
}
