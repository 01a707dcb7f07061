//! From tree to text.

use super::{Content, Document, Element, NONE, Node, TextKind};
use alloc::string::String;
use alloc::vec::Vec;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// One line an element, two blanks a level.
    Indented,
    /// Nothing between elements.
    Compact,
}

impl Document {
    /// The document as text, with what stood before and after its element.
    #[must_use]
    pub fn to_xml(&self, style: Style) -> String {
        let mut out = String::with_capacity(self.text.len());
        for &node in &self.prologue {
            self.write_text_node(node, style, 0, &mut out);
        }
        self.root().write(style, &mut out);
        for &node in &self.epilogue {
            self.write_text_node(node, style, 0, &mut out);
        }
        out
    }

    fn write_text_node(&self, node: u32, style: Style, depth: usize, out: &mut String) {
        let Some(Node { content: Content::Text { kind, text }, .. }) = self.node(node) else { return };
        let text = self.span(*text);
        indent(style, depth, out);
        match kind {
            TextKind::Text => escape(text, false, out),
            TextKind::Comment => out.extend(["<!--", text, "-->"]),
            TextKind::Instruction => out.extend(["<?", text, "?>"]),
        }
        end_line(style, out);
    }

    /// Whether an element holds text, so that white space in it has a meaning.
    fn is_mixed(&self, first: u32) -> bool {
        let mut next = first;
        while let Some(node) = self.node(next) {
            if matches!(node.content, Content::Text { kind: TextKind::Text, .. }) {
                return true;
            }
            next = node.next;
        }
        false
    }
}

/// An element that has been begun and not yet ended.
struct Open<'d> {
    element: Element<'d>,
    next: u32,
    /// How its contents are written.
    inner: Style,
    /// How its end is.
    outer: Style,
}

impl<'d> Element<'d> {
    /// Writes the element and everything below it.
    pub fn write(self, style: Style, out: &mut String) {
        let mut open: Vec<Open<'d>> = Vec::new();
        open.extend(self.begin(style, 0, out));
        while let Some(top) = open.last_mut() {
            let inner = top.inner;
            let node = top.next;
            let Some(found) = self.document.node(node) else {
                let Some(done) = open.pop() else { break };
                if done.inner == Style::Indented {
                    indent(done.outer, open.len(), out);
                }
                out.extend(["</", done.element.name(), ">"]);
                end_line(done.outer, out);
                continue;
            };
            top.next = found.next;
            let depth = open.len();
            match found.content {
                Content::Element { .. } => {
                    let child = Element { document: self.document, node: super::NodeId(node) };
                    open.extend(child.begin(inner, depth, out));
                }
                _ => self.document.write_text_node(node, inner, depth, out),
            }
        }
    }

    /// Writes the start tag; the element stays open when there is something in it.
    fn begin(self, style: Style, depth: usize, out: &mut String) -> Option<Open<'d>> {
        indent(style, depth, out);
        out.extend(["<", self.name()]);
        for (name, value) in self.attributes() {
            out.extend([" ", name, "=\""]);
            escape(value, true, out);
            out.push('"');
        }
        let first = match self.document.node(self.node.0)?.content {
            Content::Element { first, .. } => first,
            _ => NONE,
        };
        if first == NONE {
            out.push_str("/>");
            end_line(style, out);
            return None;
        }
        out.push('>');
        let inner = if self.document.is_mixed(first) { Style::Compact } else { style };
        end_line(inner, out);
        Some(Open { element: self, next: first, inner, outer: style })
    }
}

fn indent(style: Style, depth: usize, out: &mut String) {
    if style == Style::Indented {
        out.extend(core::iter::repeat_n("  ", depth));
    }
}

fn end_line(style: Style, out: &mut String) {
    if style == Style::Indented {
        out.push('\n');
    }
}

/// Writes the value of an attribute, without the quotes around it.
pub fn escape_value(text: &str, out: &mut String) {
    escape(text, true, out);
}

/// Writes `text` so that a reader gets the same text back; line ends and tabs count in values.
fn escape(text: &str, value: bool, out: &mut String) {
    let mut rest = text;
    let special = |byte: u8| match byte {
        b'&' | b'<' | b'>' | b'\r' => true,
        b'"' | b'\t' | b'\n' => value,
        _ => false,
    };
    while let Some(offset) = rest.bytes().position(special) {
        out.push_str(rest.get(..offset).unwrap_or_default());
        out.push_str(match rest.as_bytes().get(offset) {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'"') => "&quot;",
            Some(b'\t') => "&#9;",
            Some(b'\n') => "&#10;",
            _ => "&#13;",
        });
        rest = rest.get(offset + 1..).unwrap_or_default();
    }
    out.push_str(rest);
}
