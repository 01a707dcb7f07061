//! The original's `libhbclient` for programs in C: the table of functions behind `ll_cluster_new`, and the functions on
//! messages that a program needs with it. `include/hb_api.h` is the contract.
//!
//! Messages have libplumb's layout and are made with `malloc`, so that both libraries may be loaded and either may free
//! what the other has made. Fields that are lists can be sent; received ones are left out, because their memory
//! would have to be glib's. `G_main_add_ll_cluster`, which needs glib, is not here.
//!
//! # Invariants
//! - No pointer from outside is followed before it was compared with null; what else it points to is the caller's word.
//! - While a callback of the program runs, nothing of the client is borrowed: it may call any function again.
//!
//! # Does not know about
//! Sockets, requests, order: that is `hb-client`.

mod callbacks;
mod channel;
mod cluster;
mod flow;
mod functions;
mod message;
mod message_functions;
mod queries;
mod text;
mod walk;

pub use cluster::LlCluster;
pub use functions::{LlcOps, ll_cluster_new};
pub use message::{HaMsg, Uuid};
pub use message_functions::{
    cl_get_binary, cl_get_string, cl_get_struct, cl_get_uuid, cl_msg_modstring, cl_msg_remove, ha_msg_add,
    ha_msg_add_int, ha_msg_addbin, ha_msg_addstruct, ha_msg_adduuid, ha_msg_copy, ha_msg_del, ha_msg_new,
    ha_msg_value_int,
};

use std::ffi::c_int;

/// A function did what it should.
pub(crate) const HA_OK: c_int = 1;
/// It did not.
pub(crate) const HA_FAIL: c_int = 0;

pub(crate) fn ok(done: bool) -> c_int {
    if done { HA_OK } else { HA_FAIL }
}
