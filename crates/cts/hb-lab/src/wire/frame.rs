//! The fields of a heartbeat message. Written from the wire format alone, so that it checks the
//! daemon's own decoder instead of agreeing with it. Signatures are for the receivers to judge.

/// A message as it stands in a datagram: names and values in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    fields: Vec<(String, String)>,
}

const NETSTRINGS: &[u8] = b"###\n";
const NETSTRINGS_END: &[u8] = b"%%%\n";
const TEXT: &[u8] = b">>>\n";
const TEXT_END: &str = "<<<";

impl Frame {
    /// Reads a datagram in either of the two encodings; bytes that are no text come out lossily.
    #[must_use]
    pub fn read(datagram: &[u8]) -> Option<Self> {
        let fields = match datagram.strip_prefix(NETSTRINGS) {
            Some(rest) => netstrings(rest)?,
            None => text(datagram.strip_prefix(TEXT)?)?,
        };
        Some(Self { fields })
    }

    /// The first field of this name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The message type.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("t").unwrap_or_default()
    }

    /// A field that is a hexadecimal number.
    #[must_use]
    pub fn hex(&self, name: &str) -> Option<u64> {
        u64::from_str_radix(self.text(name)?, 16).ok()
    }

    /// The sequence number; messages of the protocol itself have none.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.hex("seq")
    }

    /// Names of the fields, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }
}

/// `N:(T)name=value,` until the end marker.
fn netstrings(mut rest: &[u8]) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    while !rest.starts_with(NETSTRINGS_END) {
        let colon = rest.iter().position(|byte| *byte == b':')?;
        let length: usize = std::str::from_utf8(rest.get(..colon)?).ok()?.parse().ok()?;
        let body = rest.get(colon + 1..)?.get(..length)?;
        rest = rest.get(colon + 1 + length..)?.strip_prefix(b",")?;
        // After the digit of the type in its parentheses.
        let field = body.get(3..)?;
        let equals = field.iter().position(|byte| *byte == b'=')?;
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        fields.push((lossy(field.get(..equals)?), lossy(field.get(equals + 1..)?)));
    }
    Some(fields)
}

/// A field a line until the end marker or a NUL.
fn text(rest: &[u8]) -> Option<Vec<(String, String)>> {
    let text = String::from_utf8_lossy(rest);
    let lines = text.split(['\n', '\0']).take_while(|line| !line.starts_with(TEXT_END));
    let field = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let name = name.split_once(')').map_or(name, |(_, name)| name);
        Some((name.to_owned(), value.to_owned()))
    };
    lines.filter(|line| !line.is_empty()).map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::Frame;

    #[test]
    fn netstrings_with_binary_values_and_a_trailer() {
        let frame = Frame::read(b"###\n11:(0)t=status,12:(1)u=a,b\xff=c\n,9:(0)seq=1f,%%%\n10:1 70e8658d,");
        let frame = frame.expect("a frame");
        assert_eq!((frame.kind(), frame.seq()), ("status", Some(0x1f)));
        assert_eq!(frame.names().collect::<Vec<_>>(), ["t", "u", "seq"]);
    }

    #[test]
    fn text_with_a_nul() {
        let frame = Frame::read(b">>>\nt=status\n(1)srcuuid=AAAA\nhg=a\n<<<\n\0").expect("a frame");
        assert_eq!(
            (frame.kind(), frame.hex("hg"), frame.text("srcuuid")),
            ("status", Some(10), Some("AAAA"))
        );
        assert_eq!(frame.seq(), None);
    }

    #[test]
    fn what_is_cut_short_is_no_frame() {
        let whole = b"###\n11:(0)t=status,9:(0)seq=1f,%%%\n";
        for length in 0..whole.len() {
            assert_eq!(Frame::read(&whole[..length]), None, "{length} bytes");
        }
        assert!(Frame::read(whole).is_some());
    }
}
