//! What a machine tells people: a stable code, a severity, whom it is about, and fields. Not sentences.
//!
//! Core crates keep their codes as constants in a `notices` module; rendering lives in `hb-logd`.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// How much a notice matters. Ordered: later is worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// For developers.
    Debug,
    /// Normal course of events.
    Info,
    /// Worth a look by day.
    Warning,
    /// Something does not work.
    Error,
    /// Data or service is at risk: worth waking somebody.
    Critical,
}

impl Severity {
    /// The original's level word (`info`, `WARN`, `ERROR`, `CRIT`, `debug`).
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Debug => "debug",
            Severity::Info => "info",
            Severity::Warning => "WARN",
            Severity::Error => "ERROR",
            Severity::Critical => "CRIT",
        }
    }
}

/// The value of a notice's field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// Words, a name.
    Text(Cow<'static, str>),
    /// A count or an id.
    Number(u64),
    /// A span of time.
    Span(Duration),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Number(n) => write!(f, "{n}"),
            Value::Span(d) => write!(f, "{}.{:03} ms", d.as_millis(), d.as_micros() % 1_000),
        }
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }
}
impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Value::Number(n)
    }
}
impl From<Duration> for Value {
    fn from(d: Duration) -> Self {
        Value::Span(d)
    }
}

/// A named value in a notice.
pub type Field = (&'static str, Value);

/// One event worth telling.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Stable, `snake_case`, unique in the product: what tests and scripts match on.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The node, link, resource or client it is about: named first when rendered.
    pub subject: String,
    /// Details, the most telling first.
    pub fields: Vec<Field>,
}

impl Notice {
    /// A notice about `subject` without fields.
    pub fn new(severity: Severity, code: &'static str, subject: impl Into<String>) -> Notice {
        Notice { code, severity, subject: subject.into(), fields: Vec::new() }
    }

    /// The same with one more field.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Notice {
        self.fields.push((key, value.into()));
        self
    }

    /// The value of the first field called `key`.
    pub fn field(&self, key: &str) -> Option<&Value> {
        self.fields.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
    }
}
