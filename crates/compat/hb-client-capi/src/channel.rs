//! `IPC_CHANNEL`, as far as libplumb's main loop looks into it: descriptors, whether something is here, whether something
//! waits. Sending and receiving by it are refused, as the original's header asks programs not to.

use crate::cluster::Inner;
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;
use std::time::Duration;

const CONNECTED: c_int = 1;
const DISCONNECTED: c_int = 3;
const IPC_OK: c_int = 0;
const IPC_FAIL: c_int = 1;
const IPC_BROKEN: c_int = 2;
/// As good as for ever.
pub(crate) const FOREVER: Duration = Duration::from_secs(3600 * 24 * 365);

/// `IPC_QUEUE`: always empty, with room.
#[repr(C)]
struct Queue {
    current_qlen: usize,
    max_qlen: usize,
    queue: *mut c_void,
    last_maxqlen_warn: i64,
    maxqlen_cnt: c_uint,
}

/// `IPC_CHANNEL`.
#[repr(C)]
pub(crate) struct IpcChannel {
    status: c_int,
    refcount: c_int,
    farside_pid: i32,
    private: *mut c_void,
    ops: *const IpcOps,
    msgpad: c_uint,
    bytes_remaining: c_uint,
    should_send_block: c_int,
    should_block_fail: c_int,
    send_queue: *mut Queue,
    recv_queue: *mut Queue,
    pool: *mut c_void,
    high_flow_mark: c_int,
    low_flow_mark: c_int,
    high_flow_userdata: *mut c_void,
    low_flow_userdata: *mut c_void,
    high_flow_callback: *mut c_void,
    low_flow_callback: *mut c_void,
    conntype: c_int,
    failreason: [c_char; 128],
    farside_uid: u32,
    farside_gid: u32,
    /// Behind what libplumb knows.
    queue: Box<Queue>,
}

type Channel = *mut IpcChannel;

/// `IPC_OPS`.
#[repr(C)]
pub(crate) struct IpcOps {
    destroy: extern "C" fn(Channel),
    initiate_connection: extern "C" fn(Channel) -> c_int,
    verify_auth: extern "C" fn(Channel, *mut c_void) -> c_int,
    assert_auth: extern "C" fn(Channel, *mut c_void) -> c_int,
    send: extern "C" fn(Channel, *mut c_void) -> c_int,
    recv: extern "C" fn(Channel, *mut *mut c_void) -> c_int,
    waitin: unsafe extern "C" fn(Channel) -> c_int,
    waitout: unsafe extern "C" fn(Channel) -> c_int,
    is_message_pending: unsafe extern "C" fn(Channel) -> c_int,
    is_sending_blocked: unsafe extern "C" fn(Channel) -> c_int,
    resume_io: unsafe extern "C" fn(Channel) -> c_int,
    get_send_select_fd: unsafe extern "C" fn(Channel) -> c_int,
    get_recv_select_fd: unsafe extern "C" fn(Channel) -> c_int,
    set_send_qlen: extern "C" fn(Channel, c_int) -> c_int,
    set_recv_qlen: extern "C" fn(Channel, c_int) -> c_int,
    set_high_flow_callback: extern "C" fn(Channel, *mut c_void, *mut c_void),
    set_low_flow_callback: extern "C" fn(Channel, *mut c_void, *mut c_void),
    new_ipcmsg: extern "C" fn(Channel, *const c_void, c_int, *mut c_void) -> *mut c_void,
    get_chan_status: unsafe extern "C" fn(Channel) -> c_int,
    is_sendq_full: extern "C" fn(Channel) -> c_int,
    is_recvq_full: extern "C" fn(Channel) -> c_int,
    get_conntype: extern "C" fn(Channel) -> c_int,
    disconnect: unsafe extern "C" fn(Channel) -> c_int,
}

static OPS: IpcOps = IpcOps {
    destroy,
    initiate_connection: refuse,
    verify_auth: refuse_with,
    assert_auth: refuse_with,
    send: refuse_with,
    recv: refuse_to_receive,
    waitin,
    waitout,
    is_message_pending,
    is_sending_blocked,
    resume_io,
    get_send_select_fd: descriptor,
    get_recv_select_fd: descriptor,
    set_send_qlen: any_length,
    set_recv_qlen: any_length,
    set_high_flow_callback: no_callback,
    set_low_flow_callback: no_callback,
    new_ipcmsg: no_message,
    get_chan_status: chan_status,
    is_sendq_full: no,
    is_recvq_full: no,
    get_conntype: no,
    disconnect,
};

impl IpcChannel {
    pub(crate) fn new() -> IpcChannel {
        let empty = Queue {
            current_qlen: 0,
            max_qlen: 64,
            queue: ptr::null_mut(),
            last_maxqlen_warn: 0,
            maxqlen_cnt: 0,
        };
        let mut queue = Box::new(empty);
        let shared = &raw mut *queue;
        IpcChannel {
            status: DISCONNECTED,
            refcount: 1,
            farside_pid: 0,
            private: ptr::null_mut(),
            ops: &raw const OPS,
            msgpad: 0,
            bytes_remaining: 0,
            should_send_block: 0,
            should_block_fail: 1,
            send_queue: shared,
            recv_queue: shared,
            pool: ptr::null_mut(),
            high_flow_mark: 0,
            low_flow_mark: 0,
            high_flow_userdata: ptr::null_mut(),
            low_flow_userdata: ptr::null_mut(),
            high_flow_callback: ptr::null_mut(),
            low_flow_callback: ptr::null_mut(),
            conntype: 0,
            failreason: [0; 128],
            farside_uid: 0,
            farside_gid: 0,
            queue,
        }
    }

    pub(crate) fn belongs_to(&mut self, inner: *mut Inner) {
        self.private = inner.cast();
    }

    pub(crate) fn set_connected(&mut self, connected: bool) {
        self.status = if connected { CONNECTED } else { DISCONNECTED };
        self.queue.current_qlen = 0;
    }
}

/// # Safety
/// `channel` is null or that of a cluster that lives.
unsafe fn inner<'a>(channel: Channel) -> Option<&'a mut Inner> {
    if channel.is_null() {
        return None;
    }
    // SAFETY: by contract.
    unsafe { (*channel).private.cast::<Inner>().as_mut() }
}

unsafe extern "C" fn waitin(channel: Channel) -> c_int {
    // SAFETY: passed on.
    let done =
        unsafe { inner(channel) }.and_then(|inner| inner.attempt(|client| client.is_ready_within(FOREVER)));
    if done == Some(true) { IPC_OK } else { IPC_BROKEN }
}

unsafe extern "C" fn waitout(channel: Channel) -> c_int {
    // SAFETY: passed on.
    let done = unsafe { inner(channel) }.and_then(|inner| inner.attempt(hb_client::Client::flush));
    if done.is_some() { IPC_OK } else { IPC_BROKEN }
}

/// Also when the daemon is gone: the program finds that out by looking.
unsafe extern "C" fn is_message_pending(channel: Channel) -> c_int {
    // SAFETY: passed on.
    let ready = unsafe { inner(channel) }.and_then(|inner| inner.attempt(hb_client::Client::is_ready));
    c_int::from(ready.unwrap_or(true))
}

unsafe extern "C" fn is_sending_blocked(channel: Channel) -> c_int {
    // SAFETY: passed on.
    let client = unsafe { inner(channel) }.and_then(|inner| inner.client.as_ref());
    c_int::from(client.is_some_and(hb_client::Client::wants_write))
}

unsafe extern "C" fn resume_io(channel: Channel) -> c_int {
    // SAFETY: passed on.
    let done = unsafe { inner(channel) }.and_then(|inner| inner.attempt(hb_client::Client::is_ready));
    if done.is_some() { IPC_OK } else { IPC_BROKEN }
}

unsafe extern "C" fn descriptor(channel: Channel) -> c_int {
    // SAFETY: passed on.
    let client = unsafe { inner(channel) }.and_then(|inner| inner.client.as_ref());
    client.map_or(-1, |client| client.as_fd().as_raw_fd())
}

unsafe extern "C" fn chan_status(channel: Channel) -> c_int {
    if channel.is_null() {
        return DISCONNECTED;
    }
    // SAFETY: a channel that lives, by contract of the table.
    unsafe { (*channel).status }
}

unsafe extern "C" fn disconnect(channel: Channel) -> c_int {
    // SAFETY: passed on.
    if let Some(inner) = unsafe { inner(channel) } {
        inner.lose();
    }
    IPC_OK
}

/// The channel is freed with its cluster.
extern "C" fn destroy(_: Channel) {}
extern "C" fn refuse(_: Channel) -> c_int {
    IPC_FAIL
}
extern "C" fn refuse_with(_: Channel, _: *mut c_void) -> c_int {
    IPC_FAIL
}
extern "C" fn refuse_to_receive(_: Channel, _: *mut *mut c_void) -> c_int {
    IPC_FAIL
}
/// Lengths are counted in bytes here.
extern "C" fn any_length(_: Channel, _: c_int) -> c_int {
    IPC_OK
}
extern "C" fn no_callback(_: Channel, _: *mut c_void, _: *mut c_void) {}
extern "C" fn no_message(_: Channel, _: *const c_void, _: c_int, _: *mut c_void) -> *mut c_void {
    ptr::null_mut()
}
extern "C" fn no(_: Channel) -> c_int {
    0
}
