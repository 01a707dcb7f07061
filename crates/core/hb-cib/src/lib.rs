//! The cluster information base (CIB) as a document.
//!
//! [`Document`] is an arena of elements that keeps what it does not understand, knows where each element stood in
//! its file, and can be changed. [`Element`] is a cheap handle for reading it. [`Values`] collects sets of names and values,
//! [`rule`] judges conditions, [`Moment`] and [`time::interval`] read times, [`Score`] is the arithmetic of scores.
//!
//! ```
//! let mut cib = hb_cib::Document::parse("<cib><configuration><nodes/></configuration></cib>".into())?;
//! let nodes = cib.root().descend(&["configuration", "nodes"]).expect("it is there").node();
//! let node = cib.append(nodes, "node");
//! cib.set(node, "uname", "alice");
//! assert_eq!(cib.root().descend(&["configuration", "nodes", "node"]).and_then(|n| n.get("uname")), Some("alice"));
//! # Ok::<(), hb_cib::ParseError>(())
//! ```
//!
//! # Invariants
//! - Parsing takes time and memory in proportion to the text, whatever the text says; nesting, size and the number of
//!   attributes of one element are bounded ([`MAX_DEPTH`], [`MAX_BYTES`], [`MAX_ATTRIBUTES`], [`MAX_NAMES`]). There are no entities
//!   but XML's own five.
//! - Reading a written document gives the same elements, attributes, texts and comments, in the same order.
//! - No walk over a tree uses the stack.
//!
//! # Does not know about
//! Files, clocks, who may change what, and what a resource is.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod digest;
mod ids;
mod operation;
mod role;
pub mod rule;
mod score;
pub mod status;
pub mod time;
mod tree;
pub mod upgrade;
pub mod value;
mod values;

pub use ids::Ids;
pub use operation::OperationKey;
pub use role::Role;
pub use score::{Health, Score};
pub use time::Moment;
pub use tree::{
    Attributes, Children, Descendants, Document, Element, MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, MAX_NAMES,
    NodeId, ParseError, Position, Style, escape_value,
};
pub use values::{Known, Source, Table, Values};
