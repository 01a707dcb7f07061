//! Pictures of a running node: the documents that `status`, `nodes` and `links` print.
//!
//! The master makes the JSON from its machines' views; the commands turn the same JSON into text.

mod json;
mod text;

pub(crate) use json::{Lens, Surroundings, links, nodes, rfc3339, status};
pub(crate) use text::{links_text, nodes_text, status_text};
