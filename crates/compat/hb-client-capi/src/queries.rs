//! Functions of the table that ask the daemon.

use crate::channel::FOREVER;
use crate::cluster::{LlCluster, inner};
use crate::message::Uuid;
use crate::walk::Walk;
use crate::{HA_FAIL, HA_OK, ok, text};
use hb_client::{Client, ClientState};
use std::ffi::{c_char, c_int, c_long};
use std::ptr;
use std::time::Duration;

pub(crate) unsafe extern "C" fn init_nodewalk(cluster: *mut LlCluster) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    let nodes = inner.attempt(Client::nodes);
    inner.nodes = Walk::begin(nodes.iter().flatten().map(|node| node.name.as_str()));
    ok(nodes.is_some())
}

pub(crate) unsafe extern "C" fn nextnode(cluster: *mut LlCluster) -> *const c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null() };
    inner.nodes.next()
}

pub(crate) unsafe extern "C" fn end_nodewalk(cluster: *mut LlCluster) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    inner.nodes = Walk::default();
    HA_OK
}

pub(crate) unsafe extern "C" fn node_status(cluster: *mut LlCluster, node: *const c_char) -> *const c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null() };
    // SAFETY: a string or null by contract.
    let Some(node) = (unsafe { text::read(node) }) else { return ptr::null() };
    let answer = inner.attempt(|client| client.node_status(node));
    inner.keep("node_status", answer)
}

pub(crate) unsafe extern "C" fn node_weight(cluster: *mut LlCluster, node: *const c_char) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return -1 };
    // SAFETY: a string or null by contract.
    let Some(node) = (unsafe { text::read(node) }) else { return -1 };
    inner.attempt(|client| client.node_weight(node)).unwrap_or(-1)
}

pub(crate) unsafe extern "C" fn node_site(cluster: *mut LlCluster, node: *const c_char) -> *const c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null() };
    // SAFETY: a string or null by contract.
    let Some(node) = (unsafe { text::read(node) }) else { return ptr::null() };
    let answer = inner.attempt(|client| client.node_site(node));
    inner.keep("node_site", answer)
}

pub(crate) unsafe extern "C" fn node_type(cluster: *mut LlCluster, node: *const c_char) -> *const c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null() };
    // SAFETY: a string or null by contract.
    let Some(node) = (unsafe { text::read(node) }) else { return ptr::null() };
    let answer = inner.attempt(|client| client.node_type(node));
    inner.keep("node_type", answer)
}

pub(crate) unsafe extern "C" fn num_nodes(cluster: *mut LlCluster) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return -1 };
    inner.attempt(Client::node_count).and_then(|count| c_int::try_from(count).ok()).unwrap_or(-1)
}

pub(crate) unsafe extern "C" fn init_ifwalk(cluster: *mut LlCluster, node: *const c_char) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    // SAFETY: a string or null by contract.
    let Some(node) = (unsafe { text::read(node) }) else { return HA_FAIL };
    let links = inner.attempt(|client| client.links(node));
    inner.links = Walk::begin(links.iter().flatten().map(|link| link.name.as_str()));
    ok(links.is_some())
}

pub(crate) unsafe extern "C" fn nextif(cluster: *mut LlCluster) -> *const c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null() };
    inner.links.next()
}

pub(crate) unsafe extern "C" fn end_ifwalk(cluster: *mut LlCluster) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    inner.links = Walk::default();
    HA_OK
}

pub(crate) unsafe extern "C" fn if_status(
    cluster: *mut LlCluster,
    node: *const c_char,
    link: *const c_char,
) -> *const c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null() };
    // SAFETY: strings or null by contract.
    let (Some(node), Some(link)) = (unsafe { (text::read(node), text::read(link)) }) else {
        return ptr::null();
    };
    let answer = inner.attempt(|client| client.link_status(node, link));
    inner.keep("if_status", answer)
}

pub(crate) unsafe extern "C" fn client_status(
    cluster: *mut LlCluster,
    node: *const c_char,
    name: *const c_char,
    milliseconds: c_int,
) -> *const c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null() };
    // SAFETY: strings or null by contract.
    let (Some(node), Some(name)) = (unsafe { (text::read(node), text::read(name)) }) else {
        return ptr::null();
    };
    let limit = u64::try_from(milliseconds).map_or(FOREVER, Duration::from_millis);
    let state = inner.attempt(|client| client.client_status(node, name, limit));
    let word = state.map(|state| match state {
        ClientState::Online => "online".to_owned(),
        ClientState::Offline => "offline".to_owned(),
    });
    inner.keep("client_status", word)
}

pub(crate) unsafe extern "C" fn get_uuid_by_name(
    cluster: *mut LlCluster,
    node: *const c_char,
    uuid: *mut Uuid,
) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    // SAFETY: a string or null by contract.
    let Some(node) = (unsafe { text::read(node) }).filter(|_| !uuid.is_null()) else { return HA_FAIL };
    match inner.attempt(|client| client.uuid_of(node)).flatten() {
        Some(found) => {
            // SAFETY: not null, and may be written to by contract.
            unsafe { (*uuid).uuid = found };
            HA_OK
        }
        None => HA_FAIL,
    }
}

pub(crate) unsafe extern "C" fn get_name_by_uuid(
    cluster: *mut LlCluster,
    uuid: *mut Uuid,
    name: *mut c_char,
    size: usize,
) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return HA_FAIL };
    if uuid.is_null() || name.is_null() {
        return HA_FAIL;
    }
    // SAFETY: not null, and an id by contract.
    let wanted = unsafe { (*uuid).uuid };
    let found = inner.attempt(|client| client.name_of(wanted)).flatten().map(|found| text::owned(&found));
    match found.filter(|found| found.as_bytes_with_nul().len() <= size) {
        Some(found) => {
            let bytes = found.as_bytes_with_nul();
            // SAFETY: the program's memory has `size` bytes, which is enough.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), name, bytes.len()) };
            HA_OK
        }
        None => HA_FAIL,
    }
}

pub(crate) unsafe extern "C" fn get_parameter(cluster: *mut LlCluster, name: *const c_char) -> *mut c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null_mut() };
    // SAFETY: a string or null by contract.
    let Some(name) = (unsafe { text::read(name) }) else { return ptr::null_mut() };
    let value = inner.attempt(|client| client.parameter(name)).flatten();
    value.map_or(ptr::null_mut(), |value| text::duplicate(&value))
}

pub(crate) unsafe extern "C" fn get_deadtime(cluster: *mut LlCluster) -> c_long {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return -1 };
    let time = inner.client.as_ref().map(Client::deadtime);
    time.and_then(|time| c_long::try_from(time.as_millis()).ok()).unwrap_or(-1)
}

pub(crate) unsafe extern "C" fn get_keepalive(cluster: *mut LlCluster) -> c_long {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return -1 };
    let time = inner.client.as_ref().map(Client::keepalive);
    time.and_then(|time| c_long::try_from(time.as_millis()).ok()).unwrap_or(-1)
}

pub(crate) unsafe extern "C" fn get_mynodeid(cluster: *mut LlCluster) -> *const c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null() };
    let node = inner.client.as_ref().map(|client| client.node().to_owned());
    inner.keep("get_mynodeid", node)
}

pub(crate) unsafe extern "C" fn get_logfacility(cluster: *mut LlCluster) -> c_int {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return -1 };
    inner.client.as_ref().and_then(Client::logfacility).unwrap_or(-1)
}

pub(crate) unsafe extern "C" fn get_resources(cluster: *mut LlCluster) -> *const c_char {
    // SAFETY: a cluster or null by the table's contract.
    let Some(inner) = (unsafe { inner(cluster) }) else { return ptr::null() };
    let held = inner.attempt(Client::resources);
    inner.keep("get_resources", held)
}
