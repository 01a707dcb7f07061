//! ha.cf, authkeys and haresources: text in, typed configuration and diagnostics out.
//!
//! [`check`] takes the three files as bytes and what is known about the host as plain values
//! ([`HostFacts`]), and gives a [`Config`] and every complaint there is: each names its place, what is wrong
//! and what to write instead. [`wanted`] says beforehand what is worth looking up on the host. [`reload`]
//! compares two configurations and says what a running node can take.
//!
//! Every directive is an entry of [`DIRECTIVES`]: syntax, default, whether it may repeat, whether it can
//! change while the node runs, and what this version does with it. **Each has a test**: a
//! `directive_test!(NAME, …)` in `tests/directives/*.rs`, which `tests/directives.rs` counts.
//!
//! # Invariants
//! - The configuration is there exactly when no complaint is an error.
//! - Whatever the bytes are, nothing panics, and every place that is complained about is inside its file.
//! - What Heartbeat 3.0.6 takes without a word is at most a warning here, except where a line says `DEVIATION`.
//! - No complaint and no `Debug` output shows a secret.
//! - [`HaCf::in_force`] written as a file means the same configuration.
//!
//! # Does not know about
//! Files, the network, users: the caller reads and looks up. What a directive makes other crates do.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod authkeys;
mod check;
mod code;
mod diagnostic;
mod facts;
mod ha_cf;
mod haresources;
mod lexer;
mod reload;
mod span;
mod suggest;

pub use authkeys::{AuthKeys, Key, MAX_KEY_NUMBER, Method, Secret};
pub use check::{Config, Files, MAX_FILE_BYTES, check, wanted};
pub use code::Code;
pub use diagnostic::{Diagnostic, MAX_DIAGNOSTICS, Severity};
pub use facts::{FileFact, HostFacts, Interface, InterfaceAddress, Wanted};
pub use ha_cf::finish::DEFAULT_PORT;
pub use ha_cf::media::MAX_MEDIA;
pub use ha_cf::membership::MAX_NODES;
pub use ha_cf::table::{
    DIRECTIVES, DefaultValue, Directive, OnReload, Repeat, Style, Support, find, not_yet,
};
pub use ha_cf::{
    ApiAuth, AutoFailback, Autojoin, Child, ChildKind, Compression, Crm, EnvVariable, GenerationMethod, HaCf,
    Logging, Medium, MediumKind, Membership, MessageFormat, Process, ResourceManagement, StonithDevice,
    StonithParameters, Timing, UuidSource, Wire,
};
pub use haresources::{AddressSpec, Group, Haresources, Resource, ResourceKind};
pub use reload::{LiveChanges, Refusal, reload};
pub use span::{File, Setting, Span};
