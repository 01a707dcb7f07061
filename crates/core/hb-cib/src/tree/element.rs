//! Reading: a handle on one element.

use super::{Content, Document, NONE, Node, NodeId, Position, TextKind};
use core::fmt;

/// An element of a [`Document`]: as cheap to copy as a reference.
#[derive(Clone, Copy)]
pub struct Element<'d> {
    pub(super) document: &'d Document,
    pub(super) node: NodeId,
}

impl<'d> Element<'d> {
    /// The document that it belongs to.
    #[must_use]
    pub fn document(self) -> &'d Document {
        self.document
    }

    /// Its name for changes, and for tables.
    #[must_use]
    pub fn node(self) -> NodeId {
        self.node
    }

    /// The element's name, as in `<name …>`.
    #[must_use]
    pub fn name(self) -> &'d str {
        match self.content() {
            Content::Element { name, .. } => self.document.names.text(name),
            _ => "",
        }
    }

    /// Whether its name is `name`.
    #[must_use]
    pub fn is(self, name: &str) -> bool {
        self.name() == name
    }

    /// The value of attribute `name`.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'d str> {
        self.attributes().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The attribute `id`.
    #[must_use]
    pub fn id(self) -> Option<&'d str> {
        self.get("id")
    }

    /// All attributes, in the order of the document: name and value.
    #[must_use]
    pub fn attributes(self) -> Attributes<'d> {
        let slice = match self.content() {
            Content::Element { attributes, count, .. } => self.document.attribute_slice(attributes, count),
            _ => &[],
        };
        Attributes { document: self.document, rest: slice.iter() }
    }

    /// The elements directly in it.
    #[must_use]
    pub fn children(self) -> Children<'d> {
        let next = match self.content() {
            Content::Element { first, .. } => first,
            _ => NONE,
        };
        Children { document: self.document, next }
    }

    /// The elements called `name` directly in it.
    pub fn children_named<'n>(self, name: &'n str) -> impl Iterator<Item = Element<'d>> + use<'d, 'n> {
        self.children().filter(move |child| child.is(name))
    }

    /// The first element called `name` directly in it.
    #[must_use]
    pub fn child(self, name: &str) -> Option<Element<'d>> {
        self.children().find(|child| child.is(name))
    }

    /// The first child called `path[0]`, in it the first called `path[1]`, and so on.
    #[must_use]
    pub fn descend(self, path: &[&str]) -> Option<Element<'d>> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// It and all elements below it, in the order of the document.
    #[must_use]
    pub fn descendants(self) -> Descendants<'d> {
        Descendants { document: self.document, top: self.node.0, next: Some(self.node.0) }
    }

    /// The element that it stands in; `None` for the root.
    #[must_use]
    pub fn parent(self) -> Option<Element<'d>> {
        let parent = self.document.node(self.node.0)?.parent;
        self.document.element(NodeId(parent))
    }

    /// The first piece of text directly in it.
    #[must_use]
    pub fn text(self) -> Option<&'d str> {
        let Content::Element { first, .. } = self.content() else { return None };
        let mut next = first;
        while let Some(node) = self.document.node(next) {
            if let Content::Text { kind: TextKind::Text, text } = node.content {
                return Some(self.document.span(text));
            }
            next = node.next;
        }
        None
    }

    /// Where it stood in the text.
    #[must_use]
    pub fn position(self) -> Position {
        self.document
            .node(self.node.0)
            .map_or(Position::default(), |node| Position { line: node.line, column: node.column })
    }

    fn content(self) -> Content {
        self.document.node(self.node.0).map_or(Content::Free, |node| node.content)
    }
}

impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.document, other.document) && self.node == other.node
    }
}

impl Eq for Element<'_> {}

/// The start tag without attributes other than `id`: `<primitive id="vip">`.
impl fmt::Display for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id() {
            Some(id) => write!(f, "<{} id=\"{id}\">", self.name()),
            None => write!(f, "<{}>", self.name()),
        }
    }
}

impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} at {}", self.position())
    }
}

/// Attributes of an element. See [`Element::attributes`].
#[derive(Clone, Debug)]
pub struct Attributes<'d> {
    document: &'d Document,
    rest: core::slice::Iter<'d, super::Attribute>,
}

impl<'d> Iterator for Attributes<'d> {
    type Item = (&'d str, &'d str);

    fn next(&mut self) -> Option<Self::Item> {
        let attribute = self.rest.next()?;
        Some((self.document.names.text(attribute.name), self.document.span(attribute.value)))
    }
}

/// Elements directly in another. See [`Element::children`].
#[derive(Clone, Debug)]
pub struct Children<'d> {
    document: &'d Document,
    next: u32,
}

impl<'d> Iterator for Children<'d> {
    type Item = Element<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let node = self.next;
            let found = self.document.node(node)?;
            self.next = found.next;
            if matches!(found.content, Content::Element { .. }) {
                return Some(Element { document: self.document, node: NodeId(node) });
            }
        }
    }
}

/// An element and everything below it. See [`Element::descendants`].
#[derive(Clone, Debug)]
pub struct Descendants<'d> {
    document: &'d Document,
    top: u32,
    next: Option<u32>,
}

impl<'d> Iterator for Descendants<'d> {
    type Item = Element<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let node = self.next?;
            self.next = self.document.following(node, self.top);
            if matches!(self.document.node(node)?.content, Content::Element { .. }) {
                return Some(Element { document: self.document, node: NodeId(node) });
            }
        }
    }
}

impl Document {
    /// The node after `node` in the order of the document, within `top`.
    pub(super) fn following(&self, node: u32, top: u32) -> Option<u32> {
        if let Some(Node { content: Content::Element { first, .. }, .. }) = self.node(node)
            && *first != NONE
        {
            return Some(*first);
        }
        let mut at = node;
        while at != top {
            let here = self.node(at)?;
            if here.next != NONE {
                return Some(here.next);
            }
            at = here.parent;
        }
        None
    }
}
