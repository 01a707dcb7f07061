//! What the fuzzer does with its bytes: a plain function a target.
//!
//! `fuzz/` holds the programs for cargo-fuzz, each of which only calls its function here; `tests/corpus.rs` calls the
//! same functions with the committed seeds on any compiler. A function that finds something wrong panics.
//!
//! To add a target: a function in the module of its crate, a line in [`TARGETS`], a program in `fuzz/targets` with its
//! entry in `fuzz/Cargo.toml`, and some seeds in `fuzz/corpus-seeds/<target>`.
//!
//! # Invariants
//! - A function is a pure function of its bytes: what crashed once crashes again.
//!
//! # Does not know about
//! The fuzzer, threads, files.
#![forbid(unsafe_code)]

pub mod address;
pub mod api;
pub mod apphb;
pub mod cib;
pub mod cluster;
pub mod config;
pub mod local;
pub mod logd;
pub mod lrm;
pub mod node;
pub mod wire;

/// A target: its name, also that of its seed folder and program, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("wire_text", wire::text),
    ("wire_netstring", wire::netstring),
    ("wire_stream", wire::stream),
    ("wire_signed", wire::signed),
    ("wire_compressed", wire::compressed),
    ("wire_bz2", wire::bz2),
    ("config_ha_cf", config::ha_cf),
    ("config_authkeys", config::authkeys),
    ("config_haresources", config::haresources),
    ("api_frames", api::frames),
    ("api_sessions", api::sessions),
    ("address_frame", address::frame),
    ("address_netlink", address::netlink),
    ("apphb_record", apphb::record),
    ("apphb_config", apphb::config),
    ("cib_parse", cib::parse),
    ("logd_record", logd::record),
    ("logd_config", logd::config),
    ("cib_schedule", cib::schedule),
    ("lrm_channel", lrm::channel),
    ("lrm_machine", lrm::machine),
    ("lrm_output", local::output),
    ("cluster_machine", cluster::machine),
    ("cluster_stored", cluster::stored),
    ("node_haresources", node::haresources),
    ("node_reload", node::reload),
    ("local_fifo", local::fifo),
    ("local_control", local::control),
    ("local_request", local::request),
];
