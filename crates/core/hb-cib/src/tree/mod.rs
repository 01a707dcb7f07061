//! The element tree: an arena of nodes, one of attributes and one of text.

mod edit;
mod element;
mod parse;
mod write;

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use element::{Attributes, Children, Descendants, Element};
pub use parse::{MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, MAX_NAMES, ParseError};
pub use write::{Style, escape_value};

/// Stands for "no node" in links.
const NONE: u32 = u32::MAX;

/// Names a node of one [`Document`]. After the node has been removed the id may come to name another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

/// Where an element stood in the text that was parsed. Both count from 1; columns count bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line; 0 when the element was not parsed but made.
    pub line: u32,
    /// Column of the `<`, at most 65535.
    pub column: u16,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A range of the text arena.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
struct Attribute {
    name: u32,
    value: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextKind {
    Text,
    Comment,
    Instruction,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    Element { name: u32, first: u32, last: u32, attributes: u32, count: u16 },
    Text { kind: TextKind, text: Span },
    Free,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    next: u32,
    previous: u32,
    line: u32,
    column: u16,
    content: Content,
}

/// Names of elements and attributes, each kept once.
#[derive(Clone, Debug, Default)]
struct Names {
    texts: Vec<Box<str>>,
    index: BTreeMap<Box<str>, u32>,
    /// Most recent answers, by a hash of the name: a document repeats a few dozen names for ever.
    recent: Vec<u32>,
}

/// Slots of [`Names::recent`]; a power of two.
const RECENT: usize = 256;

impl Names {
    fn text(&self, name: u32) -> &str {
        self.texts.get(name as usize).map_or("", |text| text)
    }

    fn intern(&mut self, text: &str) -> u32 {
        let slot = recent_slot(text);
        if let Some(&name) = self.recent.get(slot)
            && self.texts.get(name as usize).is_some_and(|known| **known == *text)
        {
            return name;
        }
        let name = self.intern_slowly(text);
        self.recent.resize(RECENT, NONE);
        if let Some(place) = self.recent.get_mut(slot) {
            *place = name;
        }
        name
    }

    fn intern_slowly(&mut self, text: &str) -> u32 {
        if let Some(&name) = self.index.get(text) {
            return name;
        }
        let name = u32::try_from(self.texts.len()).unwrap_or(NONE);
        self.texts.push(text.into());
        self.index.insert(text.into(), name);
        name
    }
}

fn recent_slot(text: &str) -> usize {
    let at = |index: usize| text.as_bytes().get(index).copied().map_or(0, usize::from);
    // Names of the same length differ in the middle or at the end.
    let last = text.len().saturating_sub(1);
    let mixed = text.len() * 7 + at(0) + at(last / 2) * 31 + at(last.saturating_sub(1)) * 13 + at(last) * 5;
    mixed % RECENT
}

/// An XML document that can be changed. See the crate's documentation.
#[derive(Clone, Debug)]
pub struct Document {
    nodes: Vec<Node>,
    attributes: Vec<Attribute>,
    /// The source text, followed by what did not stand in it literally.
    text: String,
    names: Names,
    root: u32,
    /// What stood before and after the root element: comments and instructions.
    prologue: Vec<u32>,
    epilogue: Vec<u32>,
    /// Removed nodes, to be used again.
    free: Vec<u32>,
    /// Bytes of `text` and entries of `attributes` that nothing refers to any more.
    dead_bytes: usize,
    dead_attributes: usize,
}

impl Document {
    /// The element that holds all others.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        Element { document: self, node: NodeId(self.root) }
    }

    /// The element that `node` names, or `None` when it was removed.
    #[must_use]
    pub fn element(&self, node: NodeId) -> Option<Element<'_>> {
        match self.nodes.get(node.0 as usize)?.content {
            Content::Element { .. } => Some(Element { document: self, node }),
            _ => None,
        }
    }

    /// One more than the largest [`NodeId::index`] in use: for tables beside the document.
    #[must_use]
    pub fn node_limit(&self) -> usize {
        self.nodes.len()
    }

    fn node(&self, node: u32) -> Option<&Node> {
        self.nodes.get(node as usize)
    }

    fn span(&self, span: Span) -> &str {
        let start = span.start as usize;
        self.text.get(start..start + span.len as usize).unwrap_or_default()
    }

    fn attribute_slice(&self, start: u32, count: u16) -> &[Attribute] {
        let start = start as usize;
        self.attributes.get(start..start + usize::from(count)).unwrap_or_default()
    }
}

impl NodeId {
    /// A small number, for tables beside the document.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
