//! Notices on their way from an executor to the master, which has the way to the logs.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use hb_base::{Notice, Severity, Value};
use hb_wire::{EncodeError, Message};

/// Different codes and field names that are kept for good; the product has far fewer. Further ones read `other`.
pub const MAX_WORDS: usize = 512;
/// Longest code or field name in bytes.
const WORD_BYTES: usize = 64;

/// Codes and field names that came in. Notices name them by references that live for ever, so each is stored
/// once and never freed; their number is bounded.
#[derive(Debug, Default)]
pub struct Words {
    known: BTreeSet<&'static str>,
}

impl Words {
    /// No words yet.
    pub const fn new() -> Words {
        Words { known: BTreeSet::new() }
    }

    fn keep(&mut self, word: &str) -> &'static str {
        if let Some(known) = self.known.get(word) {
            return known;
        }
        if self.known.len() >= MAX_WORDS || word.len() > WORD_BYTES {
            return "other";
        }
        let word: &'static str = Box::leak(word.to_string().into_boxed_str());
        self.known.insert(word);
        word
    }
}

const SEVERITIES: [Severity; 5] =
    [Severity::Debug, Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];

/// A notice as a packet. Its fields keep their order.
///
/// # Errors
/// When it is longer than any message may be.
pub fn encode_notice(notice: &Notice) -> Result<Vec<u8>, EncodeError> {
    let mut message = Message::new("notice")
        .with("code", notice.code)
        .with("severity", notice.severity.word())
        .with("subject", notice.subject.as_str());
    for (name, value) in &notice.fields {
        let (kind, value) = match value {
            Value::Text(text) => ("text", text.to_string()),
            Value::Number(number) => ("number", number.to_string()),
            Value::Span(span) => ("span_ns", span.as_nanos().to_string()),
        };
        message.push(kind, hb_wire::Value::Text(format!("{name}={value}").into_bytes()));
    }
    hb_wire::netstring::encode(&message)
}

/// A packet as a notice; `None` when it is something else, such as a [`super::Report`].
pub fn decode_notice(packet: &[u8], words: &mut Words) -> Option<Notice> {
    let message = hb_wire::decode(packet).ok().filter(|message| message.kind() == Some("notice"))?;
    let severity = SEVERITIES.into_iter().find(|s| Some(s.word()) == message.text("severity"))?;
    let code = words.keep(message.text("code")?);
    let mut notice = Notice::new(severity, code, message.text("subject")?);
    for field in message.fields() {
        let hb_wire::Value::Text(bytes) = &field.value else { continue };
        let text = String::from_utf8_lossy(bytes);
        let Some((name, value)) = text.split_once('=') else { continue };
        let value = if field.name == *"text" {
            Value::Text(Cow::Owned(value.to_string()))
        } else if field.name == *"number" {
            Value::Number(value.parse().ok()?)
        } else if field.name == *"span_ns" {
            Value::Span(Duration::from_nanos(value.parse().ok()?))
        } else {
            continue;
        };
        notice.fields.push((words.keep(name), value));
    }
    Some(notice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn notices_survive_the_channel_with_their_fields_in_order() {
        let mut words = Words::new();
        for severity in SEVERITIES {
            let notice = Notice::new(severity, "operation_failed", "10.0.0.5/24=x")
                .with("reason", String::from("line one\nline=two"))
                .with("rc", 7u64)
                .with("ran", Duration::from_nanos(1_500))
                .with("action", "start");
            let packet = encode_notice(&notice).unwrap();
            assert_eq!(decode_notice(&packet, &mut words), Some(notice));
        }
        assert_eq!(words.known.len(), 5, "each word is stored once");
    }

    #[test]
    fn the_store_of_words_is_bounded() {
        let mut words = Words::new();
        for i in 0..2 * MAX_WORDS {
            words.keep(&format!("w{i}"));
        }
        assert_eq!(words.known.len(), MAX_WORDS);
        assert_eq!(words.keep("one more"), "other");
        assert_eq!(words.keep("w0"), "w0");
    }

    #[test]
    fn what_is_no_notice_is_left_to_others() {
        let mut words = Words::new();
        let report = super::super::Report::State(crate::State::default()).encode().unwrap();
        for packet in [report, vec![], b"rubbish".to_vec()] {
            assert_eq!(decode_notice(&packet, &mut words), None);
        }
    }
}
