//! From text to tree, in one pass and without recursion.

use super::{Attribute, Content, Document, NONE, Names, Node, Span, TextKind};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// Elements may be nested this deep, as in libxml2.
pub const MAX_DEPTH: usize = 256;
/// The longest text that is read.
pub const MAX_BYTES: usize = 1 << 30;
/// The most attributes that one element may have.
pub const MAX_ATTRIBUTES: usize = 1024;
/// The most different names of elements and attributes.
pub const MAX_NAMES: usize = 1 << 16;

/// Why a text is not a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line, counted from 1.
    pub line: u32,
    /// Column in bytes, counted from 1.
    pub column: u32,
    /// Name of the innermost element that was open, if any.
    pub element: Option<String>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: error: {}", self.line, self.column, self.what)?;
        match &self.element {
            Some(element) => write!(f, " (in <{element}>)"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for ParseError {}

impl Document {
    /// Reads a document. Blank text between elements is not kept; everything else is.
    ///
    /// # Errors
    /// When the text is not one well-formed element, or goes beyond a bound; document types are refused.
    pub fn parse(text: String) -> Result<Self, ParseError> {
        let mut parser = Parser::new(&text);
        parser.document()?;
        let Parser { mut out, .. } = parser;
        let mut whole = text;
        if !out.text.is_empty() {
            whole.reserve_exact(out.text.len());
            whole.push_str(&out.text);
        }
        out.text = whole;
        out.nodes.shrink_to_fit();
        out.attributes.shrink_to_fit();
        Ok(out)
    }
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    line: u32,
    line_start: usize,
    open: Vec<u32>,
    /// Its `text` holds only the decoded pieces; their offsets count from the end of the source.
    out: Document,
}

type Parsed<T> = Result<T, ParseError>;

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Self {
        let out = Document {
            nodes: Vec::with_capacity(text.len() / 256),
            attributes: Vec::with_capacity(text.len() / 48),
            text: String::new(),
            names: Names::default(),
            root: NONE,
            prologue: Vec::new(),
            epilogue: Vec::new(),
            free: Vec::new(),
            dead_bytes: 0,
            dead_attributes: 0,
        };
        Parser { text, bytes: text.as_bytes(), at: 0, line: 1, line_start: 0, open: Vec::new(), out }
    }

    fn error(&self, what: impl Into<String>) -> ParseError {
        let element = self.open.last().map(|&node| self.open_name(node).to_string());
        let column =
            u32::try_from(self.at.saturating_sub(self.line_start)).unwrap_or(u32::MAX).saturating_add(1);
        ParseError { line: self.line, column, element, what: what.into() }
    }

    fn open_name(&self, node: u32) -> &str {
        match self.out.node(node).map(|node| node.content) {
            Some(Content::Element { name, .. }) => self.out.names.text(name),
            _ => "",
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn looking_at(&self, what: &str) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(what.as_bytes()))
    }

    /// Moves over `count` bytes that hold no line end.
    fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// Moves to `end`, counting lines on the way.
    fn advance_to(&mut self, end: usize) {
        for (offset, byte) in self.bytes.get(self.at..end).unwrap_or_default().iter().enumerate() {
            if *byte == b'\n' {
                self.line = self.line.saturating_add(1);
                self.line_start = self.at + offset + 1;
            }
        }
        self.at = end;
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.line = self.line.saturating_add(1);
                    self.line_start = self.at;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                _ => break,
            }
        }
    }

    fn document(&mut self) -> Parsed<()> {
        if self.bytes.len() > MAX_BYTES {
            return Err(self.error(format!("the document is longer than {MAX_BYTES} bytes")));
        }
        if self.looking_at("\u{feff}") {
            self.skip(3);
            self.line_start = 3;
        }
        if self.looking_at("<?xml") {
            self.until("?>", "the XML declaration has no end")?;
        }
        loop {
            self.content()?;
            if self.at >= self.bytes.len() {
                break;
            }
        }
        if !self.open.is_empty() {
            return Err(self.error("the document ends before this element does"));
        }
        if self.out.root == NONE {
            return Err(self.error("there is no element"));
        }
        Ok(())
    }

    /// One tag, comment, instruction or piece of text.
    fn content(&mut self) -> Parsed<()> {
        if self.peek() != Some(b'<') {
            return self.characters();
        }
        match self.bytes.get(self.at + 1) {
            Some(b'/') => self.end_tag(),
            Some(b'!') if self.looking_at("<!--") => {
                self.delimited("<!--", "-->", TextKind::Comment, "a comment has no end")
            }
            Some(b'!') if self.looking_at("<![CDATA[") => {
                if self.open.is_empty() {
                    return Err(self.error("text outside of the document's element"));
                }
                self.delimited("<![CDATA[", "]]>", TextKind::Text, "a CDATA section has no end")
            }
            Some(b'!') => Err(self.error("document types are not accepted. Remove the declaration")),
            Some(b'?') => {
                self.delimited("<?", "?>", TextKind::Instruction, "a processing instruction has no end")
            }
            _ => self.start_tag(),
        }
    }

    fn until(&mut self, end: &str, complaint: &str) -> Parsed<usize> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.find(end) {
            Some(offset) => {
                let stop = self.at + offset;
                self.advance_to(stop + end.len());
                Ok(stop)
            }
            None => Err(self.error(complaint)),
        }
    }

    fn delimited(&mut self, start: &str, end: &str, kind: TextKind, complaint: &str) -> Parsed<()> {
        let (line, column) = self.here();
        let from = self.at + start.len();
        self.skip(start.len());
        let stop = self.until(end, complaint)?;
        self.check_characters(from, stop)?;
        let text = source_span(from, stop);
        self.add(Node {
            parent: NONE,
            next: NONE,
            previous: NONE,
            line,
            column,
            content: Content::Text { kind, text },
        })?;
        Ok(())
    }

    fn check_characters(&self, from: usize, to: usize) -> Parsed<()> {
        let bytes = self.bytes.get(from..to).unwrap_or_default();
        match bytes.iter().any(|byte| class(*byte) & FORBIDDEN != 0) {
            true => Err(self.error(CONTROL)),
            false => Ok(()),
        }
    }

    fn here(&self) -> (u32, u16) {
        (self.line, u16::try_from(self.at.saturating_sub(self.line_start) + 1).unwrap_or(u16::MAX))
    }

    fn characters(&mut self) -> Parsed<()> {
        let (line, column) = self.here();
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let end = start + rest.iter().position(|byte| *byte == b'<').unwrap_or(rest.len());
        let raw = rest.get(..end - start).unwrap_or_default();
        if raw.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.advance_to(end);
            return Ok(());
        }
        if self.open.is_empty() {
            self.skip_blanks();
            return Err(self.error("text outside of the document's element"));
        }
        self.check_characters(start, end)?;
        let text = self.decoded(start, end, false)?;
        self.advance_to(end);
        let content = Content::Text { kind: TextKind::Text, text };
        self.add(Node { parent: NONE, next: NONE, previous: NONE, line, column, content })?;
        Ok(())
    }

    fn start_tag(&mut self) -> Parsed<()> {
        let (line, column) = self.here();
        if self.open.is_empty() && self.out.root != NONE {
            return Err(self.error("a second element follows the document's element"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(format!("elements are nested more than {MAX_DEPTH} deep")));
        }
        self.skip(1);
        let name = self.name("an element's name")?;
        let name = self.out.names.intern(name);
        if self.out.names.texts.len() > MAX_NAMES {
            return Err(self.error(format!("there are more than {MAX_NAMES} different names")));
        }
        let attributes = u32::try_from(self.out.attributes.len()).unwrap_or(NONE);
        let closed = self.attributes(attributes as usize)?;
        let count = u16::try_from(self.out.attributes.len() - attributes as usize).unwrap_or(u16::MAX);
        let content = Content::Element { name, first: NONE, last: NONE, attributes, count };
        let node = self.add(Node { parent: NONE, next: NONE, previous: NONE, line, column, content })?;
        if !closed {
            self.open.push(node);
        }
        Ok(())
    }

    /// The attributes of a start tag, to its end; says whether the element is closed by it.
    fn attributes(&mut self, first: usize) -> Parsed<bool> {
        loop {
            let before = self.at;
            self.skip_blanks();
            match self.peek() {
                Some(b'>') => {
                    self.skip(1);
                    return Ok(false);
                }
                Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'>') => {
                    self.skip(2);
                    return Ok(true);
                }
                None => return Err(self.error("the document ends inside a tag")),
                Some(_) if before == self.at => {
                    return Err(self.error("a blank, `>` or `/>` is missing in this tag"));
                }
                Some(_) => self.attribute(first)?,
            }
        }
    }

    fn attribute(&mut self, first: usize) -> Parsed<()> {
        let text = self.name("an attribute's name")?;
        let name = self.out.names.intern(text);
        let others = self.out.attributes.get(first..).unwrap_or_default();
        if others.iter().any(|other| other.name == name) {
            return Err(self.error(format!("attribute {text} is given twice")));
        }
        if others.len() >= MAX_ATTRIBUTES {
            return Err(self.error(format!("an element has more than {MAX_ATTRIBUTES} attributes")));
        }
        self.skip_blanks();
        if self.peek() != Some(b'=') {
            return Err(self.error(format!("`=` is missing after attribute {text}")));
        }
        self.skip(1);
        self.skip_blanks();
        let Some(quote @ (b'"' | b'\'')) = self.peek() else {
            return Err(self.error(format!("the value of attribute {text} is not in quotes")));
        };
        self.skip(1);
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let (length, seen) = scan(rest, quote);
        let end = start + length;
        match rest.get(length) {
            Some(byte) if *byte == quote => {}
            Some(b'<') => {
                self.advance_to(end);
                return Err(self.error(format!("`<` in the value of attribute {text}. Write `&lt;`")));
            }
            _ => return Err(self.error(format!("the value of attribute {text} has no end"))),
        }
        if seen & FORBIDDEN != 0 {
            return Err(self.error(CONTROL));
        }
        let plain = seen & (REFERENCE | BLANK) == 0;
        let value = if plain { source_span(start, end) } else { self.decoded(start, end, true)? };
        if seen & BLANK == 0 {
            self.at = end;
        } else {
            self.advance_to(end);
        }
        self.skip(1);
        self.out.attributes.push(Attribute { name, value });
        Ok(())
    }

    /// The text between two offsets with references replaced; in values, white space becomes blanks.
    fn decoded(&mut self, start: usize, end: usize, value: bool) -> Parsed<Span> {
        let raw = self.text.get(start..end).unwrap_or_default();
        let special = |byte: u8| byte == b'&' || byte == b'\r' || (value && matches!(byte, b'\t' | b'\n'));
        if !raw.bytes().any(special) {
            return Ok(source_span(start, end));
        }
        let from = self.out.text.len();
        let mut rest = raw;
        while let Some(offset) = rest.bytes().position(special) {
            self.out.text.push_str(rest.get(..offset).unwrap_or_default());
            let tail = rest.get(offset..).unwrap_or_default();
            let used = match tail.as_bytes().first() {
                Some(b'&') => {
                    let (character, used) = reference(tail).map_err(|what| self.error(what))?;
                    self.out.text.push(character);
                    used
                }
                // Line ends are one character, however the file was written.
                Some(b'\r') if tail.as_bytes().get(1) == Some(&b'\n') => {
                    self.out.text.push(if value { ' ' } else { '\n' });
                    2
                }
                Some(b'\r') if !value => {
                    self.out.text.push('\n');
                    1
                }
                _ => {
                    self.out.text.push(' ');
                    1
                }
            };
            rest = tail.get(used..).unwrap_or_default();
        }
        self.out.text.push_str(rest);
        Ok(source_span(self.bytes.len() + from, self.bytes.len() + self.out.text.len()))
    }

    fn end_tag(&mut self) -> Parsed<()> {
        let Some(&node) = self.open.last() else {
            return Err(self.error("an end tag without a start tag"));
        };
        let expected = self.open_name(node);
        let start = self.at + 2;
        let rest = self.bytes.get(start..).unwrap_or_default();
        if !(rest.starts_with(expected.as_bytes())
            && rest.get(expected.len()).is_some_and(|byte| !is_name_byte(*byte)))
        {
            return Err(self.error(format!("</{expected}> is expected here")));
        }
        self.at = start + expected.len();
        self.skip_blanks();
        if self.peek() != Some(b'>') {
            return Err(self.error("`>` is missing at the end of this tag"));
        }
        self.skip(1);
        self.open.pop();
        Ok(())
    }

    fn name(&mut self, what: &str) -> Parsed<&'t str> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| !is_name_byte(*byte)).unwrap_or(rest.len());
        let first = rest.first().copied().unwrap_or(b'-');
        if length == 0 || first == b'-' || first == b'.' || first.is_ascii_digit() {
            return Err(self.error(format!("{what} is expected here")));
        }
        let name = self.text.get(self.at..self.at + length).unwrap_or_default();
        self.skip(length);
        Ok(name)
    }

    fn add(&mut self, mut node: Node) -> Parsed<u32> {
        let Ok(id) = u32::try_from(self.out.nodes.len()) else {
            return Err(self.error("the document has too many elements"));
        };
        match self.open.last() {
            Some(&parent) => {
                node.parent = parent;
                node.previous = self.out.link_last(parent, id);
                self.out.nodes.push(node);
            }
            None => {
                self.out.nodes.push(node);
                match node.content {
                    Content::Element { .. } => self.out.root = id,
                    _ if self.out.root == NONE => self.out.prologue.push(id),
                    _ => self.out.epilogue.push(id),
                }
            }
        }
        Ok(id)
    }
}

/// A character or one of the five entities: what it stands for, and how long it is.
fn reference(text: &str) -> Result<(char, usize), String> {
    let Some(end) = text.bytes().take(16).position(|byte| byte == b';') else {
        return Err("`&` begins a reference that has no `;`. Write `&amp;`".into());
    };
    let name = text.get(1..end).unwrap_or_default();
    let character = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => name.strip_prefix('#').and_then(number),
    };
    match character {
        Some(character) => Ok((character, end + 1)),
        None => Err(format!("&{name}; stands for nothing")),
    }
}

fn number(text: &str) -> Option<char> {
    let code = match text.strip_prefix('x') {
        Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok()?,
        None if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok()?,
        _ => return None,
    };
    let character = char::from_u32(code)?;
    let allowed = code >= 0x20 || matches!(character, '\t' | '\n' | '\r');
    allowed.then_some(character)
}

fn source_span(start: usize, end: usize) -> Span {
    // Bounded by MAX_BYTES: decoding never makes a text longer.
    Span { start: u32::try_from(start).unwrap_or(0), len: u32::try_from(end - start).unwrap_or(0) }
}

/// What is said of characters that XML does not know.
const CONTROL: &str = "a control character that XML does not allow";

/// Kinds of bytes, as bits.
const NAME: u8 = 1;
const REFERENCE: u8 = 2;
const BLANK: u8 = 4;
const FORBIDDEN: u8 = 8;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let b = byte as u8;
        classes[byte] = match b {
            b'\t' | b'\n' | b'\r' => BLANK,
            0..0x20 => FORBIDDEN,
            b'&' => REFERENCE,
            b'_' | b'-' | b'.' | b':' | 0x80.. => NAME,
            _ if b.is_ascii_alphanumeric() => NAME,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// How far it is to `quote` or `<`, and which kinds of bytes come before.
fn scan(bytes: &[u8], quote: u8) -> (usize, u8) {
    let mut seen = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte == quote || byte == b'<' {
            return (at, seen);
        }
        seen |= class(byte);
    }
    (bytes.len(), seen)
}

fn is_name_byte(byte: u8) -> bool {
    class(byte) & NAME != 0
}
