//! Messages: ordered fields, found by name, first match first.

use crate::Name;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use hb_base::Uuid;

/// Fields of a usual message with its control fields and signature.
const USUAL_FIELDS: usize = 16;

/// What a field holds (wire spec, section 1).
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Type 0: text without NUL; may hold newlines; usually UTF-8.
    Text(Vec<u8>),
    /// Type 1: any bytes.
    Binary(Vec<u8>),
    /// Type 2: a message.
    Struct(Message),
    /// Type 3: non-empty strings.
    List(Vec<Vec<u8>>),
    /// Type 4: a compressed message, as received. [`crate::Codec::child`] unpacks it.
    Compressed(Vec<u8>),
    /// Type 5: a message that is compressed when it is sent.
    Uncompressed(Message),
}

/// A named value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its name, not necessarily unique within a message.
    pub name: Name,
    /// What it holds.
    pub value: Value,
}

/// An ordered list of fields. Two fields may have one name (the membership service sends such messages); looking up a
/// name finds the first.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Message {
    fields: Vec<Field>,
}

impl Message {
    /// A message of this type: its first field is `t`.
    pub fn new(kind: &str) -> Message {
        Message::default().with("t", kind)
    }

    /// An empty message with room for the fields that most messages have.
    pub(crate) fn with_usual_room() -> Message {
        Message { fields: Vec::with_capacity(USUAL_FIELDS) }
    }

    /// The message type, field `t`.
    pub fn kind(&self) -> Option<&str> {
        self.text("t")
    }

    /// The fields, in order.
    pub fn fields(&self) -> core::slice::Iter<'_, Field> {
        self.fields.iter()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The value of the first field of this name.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|f| f.name.as_bytes() == name.as_bytes()).map(|f| &f.value)
    }

    /// The first field of this name, if it is text and valid UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.value(name)? {
            Value::Text(text) => core::str::from_utf8(text).ok(),
            _ => None,
        }
    }

    /// The first field of this name, if it is text or binary.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        match self.value(name)? {
            Value::Text(bytes) | Value::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The first field of this name, if it is a list.
    pub fn list(&self, name: &str) -> Option<&[Vec<u8>]> {
        match self.value(name)? {
            Value::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The first field of this name as a decimal number: digits only.
    pub fn decimal(&self, name: &str) -> Option<u64> {
        let text = self.text(name)?;
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        text.parse().ok()
    }

    /// The first field of this name as a hexadecimal number: digits only, no `0x`.
    pub fn hex(&self, name: &str) -> Option<u64> {
        let text = self.text(name)?;
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u64::from_str_radix(text, 16).ok()
    }

    /// The first field of this name, if it is a binary of 16 bytes.
    pub fn uuid(&self, name: &str) -> Option<Uuid> {
        match self.value(name)? {
            Value::Binary(bytes) => bytes.as_slice().try_into().ok().map(Uuid),
            _ => None,
        }
    }

    /// Appends a field, whether or not there is one of that name.
    pub fn push(&mut self, name: impl Into<Name>, value: Value) {
        self.fields.push(Field { name: name.into(), value });
    }

    /// Sets the first field of this name to `value` where it stands, or appends it.
    pub fn put(&mut self, name: impl Into<Name>, value: Value) {
        let name = name.into();
        match self.fields.iter_mut().find(|f| f.name == name) {
            Some(field) => field.value = value,
            None => self.fields.push(Field { name, value }),
        }
    }

    /// Sets the first field of this name to a text, or appends it.
    pub fn set(&mut self, name: impl Into<Name>, text: impl Into<Vec<u8>>) {
        self.put(name, Value::Text(text.into()));
    }

    /// Sets the first field of this name to a decimal number, or appends it.
    pub fn set_decimal(&mut self, name: impl Into<Name>, number: u64) {
        self.set(name, alloc::format!("{number}"));
    }

    /// Sets the first field of this name to a hexadecimal number, or appends it.
    pub fn set_hex(&mut self, name: impl Into<Name>, number: u64) {
        self.set(name, alloc::format!("{number:x}"));
    }

    /// Sets the first field of this name to the 16 bytes of an id, or appends it.
    pub fn set_uuid(&mut self, name: impl Into<Name>, uuid: Uuid) {
        self.put(name, Value::Binary(uuid.0.to_vec()));
    }

    /// Appends `element` to the first list of this name, or appends a list that holds it.
    pub fn append(&mut self, name: impl Into<Name>, element: impl Into<Vec<u8>>) {
        let name = name.into();
        let list = self.fields.iter_mut().find_map(|f| match &mut f.value {
            Value::List(elements) if f.name == name => Some(elements),
            _ => None,
        });
        match list {
            Some(elements) => elements.push(element.into()),
            None => self.push(name, Value::List(alloc::vec![element.into()])),
        }
    }

    /// Removes every field of this name; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.fields.len();
        self.fields.retain(|f| f.name.as_bytes() != name.as_bytes());
        self.fields.len() != before
    }

    /// The same message with this text, see [`Message::set`].
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, text: impl Into<Vec<u8>>) -> Message {
        self.set(name, text);
        self
    }

    /// The same message with this number, see [`Message::set_decimal`].
    #[must_use]
    pub fn with_decimal(mut self, name: impl Into<Name>, number: u64) -> Message {
        self.set_decimal(name, number);
        self
    }

    /// The same message with this number, see [`Message::set_hex`].
    #[must_use]
    pub fn with_hex(mut self, name: impl Into<Name>, number: u64) -> Message {
        self.set_hex(name, number);
        self
    }

    /// The same message with this id, see [`Message::set_uuid`].
    #[must_use]
    pub fn with_uuid(mut self, name: impl Into<Name>, uuid: Uuid) -> Message {
        self.set_uuid(name, uuid);
        self
    }

    /// The same message with one more field, see [`Message::push`].
    #[must_use]
    pub fn with_value(mut self, name: impl Into<Name>, value: Value) -> Message {
        self.push(name, value);
        self
    }

    /// Whether a field holds a message, compressed or not: such messages go out as netstrings only.
    pub(crate) fn is_structured(&self) -> bool {
        self.fields
            .iter()
            .any(|f| matches!(f.value, Value::Struct(_) | Value::Compressed(_) | Value::Uncompressed(_)))
    }

    /// The fields, to change.
    pub(crate) fn fields_mut(&mut self) -> &mut Vec<Field> {
        &mut self.fields
    }
}

impl FromIterator<Field> for Message {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Message {
        Message { fields: fields.into_iter().collect() }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text.into_bytes())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => write!(f, "\"{}\"", text.escape_ascii()),
            Value::Binary(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
            Value::Struct(message) => fmt::Debug::fmt(message, f),
            Value::List(elements) => f
                .debug_list()
                .entries(elements.iter().map(|e| alloc::format!("{}", e.escape_ascii())))
                .finish(),
            Value::Compressed(bytes) => write!(f, "compressed({} bytes)", bytes.len()),
            Value::Uncompressed(message) => write!(f, "to compress {message:?}"),
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.fields.iter().map(|field| (&field.name, &field.value))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_two_fields_of_one_name_counts_and_set_changes_it_in_place() {
        let mut message = Message::new("ccm");
        message.push("ccmmajor", "3".into());
        message.push("x", "y".into());
        message.push("ccmmajor", "4".into());
        assert_eq!(message.text("ccmmajor"), Some("3"));
        message.set("ccmmajor", "5");
        let values: Vec<_> = message.fields().map(|f| f.value.clone()).collect();
        assert_eq!(values, ["ccm".into(), "5".into(), "y".into(), "4".into()]);
        assert!(message.remove("ccmmajor"));
        assert!(!message.remove("ccmmajor"));
        assert_eq!(message.len(), 2);
    }

    #[test]
    fn numbers_are_plain_digits() {
        let message =
            Message::new("x").with("seq", "1f").with("weight", "100").with("bad", "+1").with("none", "");
        assert_eq!(message.hex("seq"), Some(31));
        assert_eq!(message.decimal("seq"), None);
        assert_eq!(message.decimal("weight"), Some(100));
        assert_eq!((message.decimal("bad"), message.hex("bad")), (None, None));
        assert_eq!((message.decimal("none"), message.hex("none")), (None, None));
    }

    #[test]
    fn types_are_not_mixed_up() {
        let uuid = Uuid([7; 16]);
        let mut message = Message::new("x").with_uuid("srcuuid", uuid);
        assert_eq!(message.uuid("srcuuid"), Some(uuid));
        assert_eq!(message.text("srcuuid"), None);
        assert_eq!(message.uuid("t"), None);
        message.append("list", "a");
        message.append("list", "b");
        assert_eq!(message.list("list").map(<[_]>::len), Some(2));
        assert_eq!(message.text("list"), None);
    }
}
