//! The table of functions. Their contract is in `include/hb_api.h`; every pointer may be null.

use crate::callbacks::{OnMessage, OnNode, OnThing};
use crate::cluster::LlCluster;
use crate::flow::{
    chan_is_connected, delete, errmsg, inputfd, ipcchan, msgready, rcvmsg, readmsg, send_ordered_clustermsg,
    send_ordered_nodemsg, sendclustermsg, sendnodemsg, sendnodemsg_byuuid, set_cstatus_callback,
    set_ifstatus_callback, set_msg_callback, set_nstatus_callback, set_send_block_mode, set_sendq_len,
    setfmode, setmsgsignal, signoff, signon,
};
use crate::message::{HaMsg, Uuid};
use crate::queries::{
    client_status, end_ifwalk, end_nodewalk, get_deadtime, get_keepalive, get_logfacility, get_mynodeid,
    get_name_by_uuid, get_parameter, get_resources, get_uuid_by_name, if_status, init_ifwalk, init_nodewalk,
    nextif, nextnode, node_site, node_status, node_type, node_weight, num_nodes,
};
use crate::text;
use std::ffi::{c_char, c_int, c_long, c_uint, c_void};
use std::ptr;

/// `struct llc_ops`, in the original's order.
#[repr(C)]
#[derive(Debug)]
pub struct LlcOps {
    signon: unsafe extern "C" fn(*mut LlCluster, *const c_char) -> c_int,
    signoff: unsafe extern "C" fn(*mut LlCluster, c_int) -> c_int,
    delete: unsafe extern "C" fn(*mut LlCluster) -> c_int,
    set_msg_callback:
        unsafe extern "C" fn(*mut LlCluster, *const c_char, Option<OnMessage>, *mut c_void) -> c_int,
    set_nstatus_callback: unsafe extern "C" fn(*mut LlCluster, Option<OnNode>, *mut c_void) -> c_int,
    set_ifstatus_callback: unsafe extern "C" fn(*mut LlCluster, Option<OnThing>, *mut c_void) -> c_int,
    set_cstatus_callback: unsafe extern "C" fn(*mut LlCluster, Option<OnThing>, *mut c_void) -> c_int,
    init_nodewalk: unsafe extern "C" fn(*mut LlCluster) -> c_int,
    nextnode: unsafe extern "C" fn(*mut LlCluster) -> *const c_char,
    end_nodewalk: unsafe extern "C" fn(*mut LlCluster) -> c_int,
    node_status: unsafe extern "C" fn(*mut LlCluster, *const c_char) -> *const c_char,
    node_weight: unsafe extern "C" fn(*mut LlCluster, *const c_char) -> c_int,
    node_site: unsafe extern "C" fn(*mut LlCluster, *const c_char) -> *const c_char,
    node_type: unsafe extern "C" fn(*mut LlCluster, *const c_char) -> *const c_char,
    num_nodes: unsafe extern "C" fn(*mut LlCluster) -> c_int,
    init_ifwalk: unsafe extern "C" fn(*mut LlCluster, *const c_char) -> c_int,
    nextif: unsafe extern "C" fn(*mut LlCluster) -> *const c_char,
    end_ifwalk: unsafe extern "C" fn(*mut LlCluster) -> c_int,
    if_status: unsafe extern "C" fn(*mut LlCluster, *const c_char, *const c_char) -> *const c_char,
    client_status: unsafe extern "C" fn(*mut LlCluster, *const c_char, *const c_char, c_int) -> *const c_char,
    get_uuid_by_name: unsafe extern "C" fn(*mut LlCluster, *const c_char, *mut Uuid) -> c_int,
    get_name_by_uuid: unsafe extern "C" fn(*mut LlCluster, *mut Uuid, *mut c_char, usize) -> c_int,
    sendclustermsg: unsafe extern "C" fn(*mut LlCluster, *mut HaMsg) -> c_int,
    sendnodemsg: unsafe extern "C" fn(*mut LlCluster, *mut HaMsg, *const c_char) -> c_int,
    sendnodemsg_byuuid: unsafe extern "C" fn(*mut LlCluster, *mut HaMsg, *mut Uuid) -> c_int,
    send_ordered_clustermsg: unsafe extern "C" fn(*mut LlCluster, *mut HaMsg) -> c_int,
    send_ordered_nodemsg: unsafe extern "C" fn(*mut LlCluster, *mut HaMsg, *const c_char) -> c_int,
    inputfd: unsafe extern "C" fn(*mut LlCluster) -> c_int,
    ipcchan: unsafe extern "C" fn(*mut LlCluster) -> *mut c_void,
    msgready: unsafe extern "C" fn(*mut LlCluster) -> c_int,
    setmsgsignal: unsafe extern "C" fn(*mut LlCluster, c_int) -> c_int,
    rcvmsg: unsafe extern "C" fn(*mut LlCluster, c_int) -> c_int,
    readmsg: unsafe extern "C" fn(*mut LlCluster, c_int) -> *mut HaMsg,
    setfmode: unsafe extern "C" fn(*mut LlCluster, c_uint) -> c_int,
    get_parameter: unsafe extern "C" fn(*mut LlCluster, *const c_char) -> *mut c_char,
    get_deadtime: unsafe extern "C" fn(*mut LlCluster) -> c_long,
    get_keepalive: unsafe extern "C" fn(*mut LlCluster) -> c_long,
    get_mynodeid: unsafe extern "C" fn(*mut LlCluster) -> *const c_char,
    get_logfacility: unsafe extern "C" fn(*mut LlCluster) -> c_int,
    get_resources: unsafe extern "C" fn(*mut LlCluster) -> *const c_char,
    chan_is_connected: unsafe extern "C" fn(*mut LlCluster) -> c_int,
    set_sendq_len: unsafe extern "C" fn(*mut LlCluster, c_int) -> c_int,
    set_send_block_mode: unsafe extern "C" fn(*mut LlCluster, c_int) -> c_int,
    errmsg: unsafe extern "C" fn(*mut LlCluster) -> *const c_char,
}

static OPS: LlcOps = LlcOps {
    signon,
    signoff,
    delete,
    set_msg_callback,
    set_nstatus_callback,
    set_ifstatus_callback,
    set_cstatus_callback,
    init_nodewalk,
    nextnode,
    end_nodewalk,
    node_status,
    node_weight,
    node_site,
    node_type,
    num_nodes,
    init_ifwalk,
    nextif,
    end_ifwalk,
    if_status,
    client_status,
    get_uuid_by_name,
    get_name_by_uuid,
    sendclustermsg,
    sendnodemsg,
    sendnodemsg_byuuid,
    send_ordered_clustermsg,
    send_ordered_nodemsg,
    inputfd,
    ipcchan,
    msgready,
    setmsgsignal,
    rcvmsg,
    readmsg,
    setfmode,
    get_parameter,
    get_deadtime,
    get_keepalive,
    get_mynodeid,
    get_logfacility,
    get_resources,
    chan_is_connected,
    set_sendq_len,
    set_send_block_mode,
    errmsg,
};

/// A client that has not signed on; null for any type but `heartbeat`.
///
/// # Safety
/// `kind` is null or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ll_cluster_new(kind: *const c_char) -> *mut LlCluster {
    // SAFETY: passed on.
    match unsafe { text::read(kind) } {
        Some("heartbeat") => LlCluster::create(&OPS),
        _ => ptr::null_mut(),
    }
}
