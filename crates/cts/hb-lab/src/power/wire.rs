//! The words that agents and the power switch exchange: one line there, one line back.
//!
//! `list`, `status NODE`, `off NODE`, `on NODE`, `reset NODE`; the answer is `OK …` or `ERROR …`.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The longest line that either side accepts.
pub(crate) const LINE_BYTES: u64 = 512;

/// A request to the switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Which outlets are there?
    List,
    /// Is the node on?
    Status(String),
    /// Kill it.
    Off(String),
    /// Boot it.
    On(String),
    /// Kill it, then boot it.
    Reset(String),
}

impl Word {
    /// Reads a line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let verb = words.next()?;
        let node = words.next().map(str::to_lowercase);
        match (verb, node, words.next()) {
            ("list", None, None) => Some(Self::List),
            ("status", Some(node), None) => Some(Self::Status(node)),
            ("off", Some(node), None) => Some(Self::Off(node)),
            ("on", Some(node), None) => Some(Self::On(node)),
            ("reset", Some(node), None) => Some(Self::Reset(node)),
            _ => None,
        }
    }

    /// The node that it is about.
    pub(crate) fn node(&self) -> Option<&str> {
        match self {
            Self::List => None,
            Self::Status(node) | Self::Off(node) | Self::On(node) | Self::Reset(node) => Some(node),
        }
    }

    fn line(&self) -> String {
        match self {
            Self::List => "list\n".into(),
            Self::Status(node) => format!("status {node}\n"),
            Self::Off(node) => format!("off {node}\n"),
            Self::On(node) => format!("on {node}\n"),
            Self::Reset(node) => format!("reset {node}\n"),
        }
    }
}

/// Asks the switch; `limit` counts for connecting and for the answer.
///
/// # Errors
/// No connection, no answer, or an answer that says ERROR.
pub(crate) fn ask(switch: SocketAddr, word: &Word, limit: Duration) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&switch, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.write_all(word.line().as_bytes())?;
    let mut answer = String::new();
    BufReader::new(io::Read::take(stream, LINE_BYTES)).read_line(&mut answer)?;
    match answer.trim_end().split_once(' ') {
        Some(("OK", rest)) => Ok(rest.to_owned()),
        _ if answer.trim_end() == "OK" => Ok(String::new()),
        _ if answer.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Err(io::Error::other(answer.trim_end().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::Word;

    #[test]
    fn every_word_reads_back_what_it_writes() {
        let node = || "n1".to_owned();
        for word in
            [Word::List, Word::Status(node()), Word::Off(node()), Word::On(node()), Word::Reset(node())]
        {
            assert_eq!(Word::parse(&word.line()), Some(word));
        }
    }

    #[test]
    fn nonsense_is_no_word() {
        for line in ["", "off", "off n1 n2", "explode n1", "list n1"] {
            assert_eq!(Word::parse(line), None, "{line:?}");
        }
    }
}
