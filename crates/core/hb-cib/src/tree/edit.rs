//! Changing: attributes, insertion, removal.

use super::{Attribute, Content, Document, Element, NONE, Names, Node, NodeId, Span, TextKind};
use alloc::string::String;
use alloc::vec::Vec;

/// Unused room that is kept before the arenas are packed.
const SLACK: usize = 1 << 16;

impl Document {
    /// A document of one empty element.
    #[must_use]
    pub fn new(root: &str) -> Self {
        let mut document = Document {
            nodes: Vec::new(),
            attributes: Vec::new(),
            text: String::new(),
            names: Names::default(),
            root: 0,
            prologue: Vec::new(),
            epilogue: Vec::new(),
            free: Vec::new(),
            dead_bytes: 0,
            dead_attributes: 0,
        };
        document.allocate_element(root, NONE);
        document
    }

    /// A document of a copy of one element and everything below it.
    #[must_use]
    pub fn of(element: Element<'_>) -> Self {
        let mut document = Document::new(element.name());
        let root = document.root().node();
        document.copy_contents(root, element);
        document
    }

    /// Sets attribute `name`; a new one comes last. Nothing happens when `node` names no element.
    pub fn set(&mut self, node: NodeId, name: &str, value: &str) {
        let Some(Content::Element { attributes, count, .. }) = self.content(node.0) else { return };
        let name = self.names.intern(name);
        let known = self.attribute_slice(attributes, count).iter().position(|known| known.name == name);
        match known {
            Some(position) => self.replace_value(attributes as usize + position, value),
            None => {
                let value = self.store(value);
                self.push_attribute(node.0, Attribute { name, value });
            }
        }
        self.pack_if_worth_it();
    }

    /// Removes attribute `name`, if there is one.
    pub fn unset(&mut self, node: NodeId, name: &str) {
        let Some(Content::Element { attributes, count, .. }) = self.content(node.0) else { return };
        let names = &self.names;
        let slice = self.attribute_slice(attributes, count);
        let Some(position) = slice.iter().position(|known| names.text(known.name) == name) else { return };
        let start = attributes as usize;
        if let Some(slice) = self.attributes.get_mut(start + position..start + usize::from(count)) {
            slice.rotate_left(1);
        }
        if let Some(Node { content: Content::Element { count, .. }, .. }) =
            self.nodes.get_mut(node.0 as usize)
        {
            *count -= 1;
        }
        self.dead_attributes += 1;
    }

    /// Gives an element another name.
    pub fn rename(&mut self, node: NodeId, to: &str) {
        let to = self.names.intern(to);
        if let Some(Node { content: Content::Element { name, .. }, .. }) = self.nodes.get_mut(node.0 as usize)
        {
            *name = to;
        }
    }

    /// Adds an element as the last one in `parent`. In a parent that does not exist it is never seen.
    pub fn append(&mut self, parent: NodeId, name: &str) -> NodeId {
        let node = self.allocate_element(name, NONE);
        self.attach_last(parent.0, node);
        NodeId(node)
    }

    /// Adds an element directly before `sibling`, which must not be the root.
    pub fn insert_before(&mut self, sibling: NodeId, name: &str) -> NodeId {
        let node = self.allocate_element(name, NONE);
        self.attach_before(sibling.0, node);
        NodeId(node)
    }

    /// Adds a piece of text as the last thing in `parent`.
    pub fn append_text(&mut self, parent: NodeId, text: &str) {
        let text = self.store(text);
        let node = self.allocate(Content::Text { kind: TextKind::Text, text }, NONE);
        self.attach_last(parent.0, node);
    }

    /// Copies an element of another document, with everything below it, as the last one into `parent`.
    pub fn append_copy(&mut self, parent: NodeId, element: Element<'_>) -> NodeId {
        let node = self.append(parent, element.name());
        self.copy_position(node, element);
        self.copy_contents(node, element);
        node
    }

    fn copy_position(&mut self, node: NodeId, from: Element<'_>) {
        let position = from.position();
        if let Some(node) = self.nodes.get_mut(node.0 as usize) {
            (node.line, node.column) = (position.line, position.column);
        }
    }

    /// Moves an element, with everything below it, to the end of `parent`, which must not be below it.
    pub fn move_into(&mut self, parent: NodeId, node: NodeId) {
        if node.0 == self.root || parent == node {
            return;
        }
        self.detach(node.0);
        self.attach_last(parent.0, node.0);
    }

    /// Removes an element and everything below it. The root stays.
    pub fn remove(&mut self, node: NodeId) {
        if node.0 == self.root || !matches!(self.content(node.0), Some(Content::Element { .. })) {
            return;
        }
        self.detach(node.0);
        self.release(node.0);
        self.pack_if_worth_it();
    }

    /// Removes everything in an element.
    pub fn clear(&mut self, node: NodeId) {
        while let Some(Content::Element { first, .. }) = self.content(node.0)
            && first != NONE
        {
            self.detach(first);
            self.release(first);
        }
        self.pack_if_worth_it();
    }

    fn content(&self, node: u32) -> Option<Content> {
        self.node(node).map(|node| node.content)
    }

    fn allocate_element(&mut self, name: &str, parent: u32) -> u32 {
        let name = self.names.intern(name);
        let content = Content::Element { name, first: NONE, last: NONE, attributes: 0, count: 0 };
        self.allocate(content, parent)
    }

    fn allocate(&mut self, content: Content, parent: u32) -> u32 {
        let node = Node { parent, next: NONE, previous: NONE, line: 0, column: 0, content };
        if let Some(id) = self.free.pop()
            && let Some(place) = self.nodes.get_mut(id as usize)
        {
            *place = node;
            return id;
        }
        let id = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        self.nodes.push(node);
        id
    }

    /// Makes `node`, which is about to exist, the last in `parent`; returns the one before it.
    pub(super) fn link_last(&mut self, parent: u32, node: u32) -> u32 {
        let Some(Node { content: Content::Element { first, last, .. }, .. }) =
            self.nodes.get_mut(parent as usize)
        else {
            return NONE;
        };
        let before = *last;
        *last = node;
        if before == NONE {
            *first = node;
        } else if let Some(before) = self.nodes.get_mut(before as usize) {
            before.next = node;
        }
        before
    }

    fn attach_last(&mut self, parent: u32, node: u32) {
        let previous = self.link_last(parent, node);
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.parent = parent;
            node.previous = previous;
            node.next = NONE;
        }
    }

    fn attach_before(&mut self, sibling: u32, node: u32) {
        let Some(&Node { parent, previous, .. }) = self.node(sibling) else { return };
        if let Some(place) = self.nodes.get_mut(node as usize) {
            place.parent = parent;
            place.previous = previous;
            place.next = sibling;
        }
        if let Some(place) = self.nodes.get_mut(sibling as usize) {
            place.previous = node;
        }
        self.set_next(previous, parent, node);
    }

    /// Lets `node` follow `previous`, or be the first in `parent` when there is none.
    fn set_next(&mut self, previous: u32, parent: u32, node: u32) {
        if let Some(previous) = self.nodes.get_mut(previous as usize) {
            previous.next = node;
        } else if let Some(Node { content: Content::Element { first, .. }, .. }) =
            self.nodes.get_mut(parent as usize)
        {
            *first = node;
        }
    }

    fn detach(&mut self, node: u32) {
        let Some(&Node { parent, next, previous, .. }) = self.node(node) else { return };
        self.set_next(previous, parent, next);
        if let Some(next) = self.nodes.get_mut(next as usize) {
            next.previous = previous;
        } else if let Some(Node { content: Content::Element { last, .. }, .. }) =
            self.nodes.get_mut(parent as usize)
        {
            *last = previous;
        }
    }

    /// Gives up a detached node and everything below it.
    fn release(&mut self, top: u32) {
        let mut waiting = alloc::vec![top];
        while let Some(id) = waiting.pop() {
            let content = self.content(id);
            match content {
                Some(Content::Element { first, attributes, count, .. }) => {
                    let mut child = first;
                    while let Some(node) = self.node(child) {
                        waiting.push(child);
                        child = node.next;
                    }
                    let slice = self.attribute_slice(attributes, count);
                    let bytes: usize = slice.iter().map(|a| a.value.len as usize).sum();
                    self.dead_bytes += bytes;
                    self.dead_attributes += usize::from(count);
                }
                Some(Content::Text { text, .. }) => self.dead_bytes += text.len as usize,
                _ => continue,
            }
            if let Some(node) = self.nodes.get_mut(id as usize) {
                node.content = Content::Free;
                self.free.push(id);
            }
        }
    }

    fn copy_contents(&mut self, to: NodeId, element: Element<'_>) {
        let source = element.document();
        // The path from `element` to the node that is being copied, with its copies.
        let mut open = alloc::vec![(element.node().0, to.0)];
        self.copy_attributes(to.0, element);
        let mut at = element.node().0;
        while let Some(next) = source.following(at, element.node().0) {
            at = next;
            let Some(node) = source.node(at) else { break };
            while open.last().is_some_and(|(original, _)| *original != node.parent) {
                open.pop();
            }
            let Some(&(_, parent)) = open.last() else { break };
            match node.content {
                Content::Element { name, .. } => {
                    let copy = self.append(NodeId(parent), source.names.text(name)).0;
                    let original = Element { document: source, node: NodeId(at) };
                    self.copy_position(NodeId(copy), original);
                    self.copy_attributes(copy, original);
                    open.push((at, copy));
                }
                Content::Text { kind, text } => {
                    let text = self.store(source.span(text));
                    let copy = self.allocate(Content::Text { kind, text }, NONE);
                    self.attach_last(parent, copy);
                }
                Content::Free => {}
            }
        }
    }

    fn copy_attributes(&mut self, to: u32, element: Element<'_>) {
        for (name, value) in element.attributes() {
            let name = self.names.intern(name);
            let value = self.store(value);
            self.push_attribute(to, Attribute { name, value });
        }
    }

    fn store(&mut self, text: &str) -> Span {
        let start = u32::try_from(self.text.len()).unwrap_or(NONE);
        self.text.push_str(text);
        Span { start, len: u32::try_from(text.len()).unwrap_or(0) }
    }

    fn replace_value(&mut self, index: usize, value: &str) {
        let Some(attribute) = self.attributes.get_mut(index) else { return };
        let old = attribute.value;
        self.dead_bytes += old.len as usize;
        let value = self.store(value);
        if let Some(attribute) = self.attributes.get_mut(index) {
            attribute.value = value;
        }
    }

    /// Adds an attribute to an element: in place when its attributes are the last in the arena.
    fn push_attribute(&mut self, node: u32, attribute: Attribute) {
        let Some(Content::Element { attributes: start, count, .. }) = self.content(node) else { return };
        if count == u16::MAX {
            return;
        }
        let mut start = start as usize;
        if count == 0 {
            start = self.attributes.len();
        } else if start + usize::from(count) != self.attributes.len() {
            let moved = start..start + usize::from(count);
            start = self.attributes.len();
            self.attributes.extend_from_within(moved);
            self.dead_attributes += usize::from(count);
        }
        self.attributes.push(attribute);
        if let Some(Node { content: Content::Element { attributes, count, .. }, .. }) =
            self.nodes.get_mut(node as usize)
        {
            *attributes = u32::try_from(start).unwrap_or(0);
            *count += 1;
        }
    }

    /// Rebuilds the arenas of text and attributes when more than half of one is unused.
    fn pack_if_worth_it(&mut self) {
        if self.dead_bytes > SLACK + self.text.len() / 2
            || self.dead_attributes > SLACK + self.attributes.len() / 2
        {
            self.pack();
        }
    }

    fn pack(&mut self) {
        let old_text = core::mem::take(&mut self.text);
        let old_attributes = core::mem::take(&mut self.attributes);
        let mut nodes = core::mem::take(&mut self.nodes);
        let text_of = |span: Span| {
            let start = span.start as usize;
            old_text.get(start..start + span.len as usize).unwrap_or_default()
        };
        for node in &mut nodes {
            match &mut node.content {
                Content::Element { attributes, count, .. } => {
                    let start = *attributes as usize;
                    let old = old_attributes.get(start..start + usize::from(*count)).unwrap_or_default();
                    *attributes = u32::try_from(self.attributes.len()).unwrap_or(0);
                    for attribute in old {
                        let value = self.store(text_of(attribute.value));
                        self.attributes.push(Attribute { name: attribute.name, value });
                    }
                }
                Content::Text { text, .. } => *text = self.store(text_of(*text)),
                Content::Free => {}
            }
        }
        self.nodes = nodes;
        self.dead_bytes = 0;
        self.dead_attributes = 0;
    }
}
